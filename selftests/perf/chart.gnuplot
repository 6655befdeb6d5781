# SPDX-License-Identifier: GPL-2.0
#
# The benchmark as a picture: /out/run.csv to /out/chart.png.

set terminal pngcairo size 1200,1000 font "sans,11"
set output '/out/chart.png'
set datafile separator ','
set multiplot layout 2,2 title "Aerostat beside its peers: every run, same VM, same host" font ",14"
set logscale y
set grid ytics lc rgb '#dddddd'
set border 3
set tics nomirror
set ylabel 'GiB/s'
set key outside right top
set xrange [-0.5:5.5]
set xtics rotate by -30 ('4K' 0, '4K, zeroed' 1, 'huge' 2, 'huge, zeroed' 3, 'hugetlb' 4, 'hugetlb, zeroed' 5)

kind(ram, init) = (ram eq 'memfd' ? 0 : ram eq 'huge' ? 2 : 4) + init
at(device, what, shift) = \
	(strcol(4) eq device && strcol(5) eq what && column(3) > 0 ? kind(strcol(1), column(2)) + shift + (rand(0) - 0.5) * 0.1 : NaN)

do for [what in 'inflate-touched inflate-untouched deflate fragmented'] {
	set title what
	plot '/out/run.csv' using (at('aerostat', what, -0.2)):($6/1024/($7/1e9)) with points pt 7 ps 0.7 lc rgb '#d06000' title 'Aerostat', \
	     '' using (at('balloon', what, 0)):($6/1024/($7/1e9)) with points pt 5 ps 0.7 lc rgb '#3060c0' title 'virtio-balloon', \
	     '' using (at('virtio-mem', what, 0.2)):($6/1024/($7/1e9)) with points pt 9 ps 0.7 lc rgb '#2a7a2a' title 'virtio-mem'
}
