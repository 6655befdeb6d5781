# SPDX-License-Identifier: GPL-2.0
#
# What aerostat-sim --series wrote, as a picture.  gnuplot because it reads the CSV as it is and
# every distribution has it.
#
#   gnuplot -e "series='run.csv'; chart='run.svg'" chart.gnuplot       .svg or .png
#
# policies='aerostat none' shows only these.  Needs awk.

if (!exists('series') || !exists('chart')) {
	print "say what to show and where: gnuplot -e \"series='run.csv'; chart='run.svg'\" chart.gnuplot"
	exit status 2
}
if (!exists('policies')) policies = system("awk -F, 'NR > 1 && !seen[$1]++ { print $1 }' '".series."'")

if (chart[strlen(chart)-3:*] eq '.png') {
	set terminal pngcairo size 1200,1000 font 'sans,11'
} else {
	set terminal svg size 1200,1000 font 'sans,11' background '#ffffff'
}
set output chart
set datafile separator ','
set multiplot layout 3,1 title 'One host under each policy' font ',14'
set lmargin 10
set rmargin 18
set border 3
set tics nomirror
set grid ytics lc rgb '#dddddd'
set xtics 1
set key outside right top vertical
array colours[7] = ['#d06000', '#202020', '#2a7a2a', '#8040a0', '#c030a0', '#0060a0', '#00a0c0']
colour(i) = colours[(i - 1) % 7 + 1]
# Only the lines of one policy.
only(policy) = "< awk -F, '$1 == \"".policy."\"' '".series."'"

set ylabel 'memory, °C'
plot for [i=1:words(policies)] only(word(policies, i)) every 5 using ($2/86400):($4/1000) with lines lw 1.5 lc rgb colour(i) title word(policies, i), \
	only(word(policies, 1)) using ($2/86400):($3/1000) with lines dt 2 lc rgb '#808080' title 'inlet air'

set ylabel 'memory offline, GiB'
set yrange [0:*]
plot for [i=1:words(policies)] only(word(policies, i)) every 5 using ($2/86400):($6/1024) with lines lw 1.5 lc rgb colour(i) title word(policies, i)

set ylabel 'VM minutes violated so far'
set xlabel 'days'
plot for [i=1:words(policies)] only(word(policies, i)) using ($2/86400):7 smooth cumulative with lines lw 1.5 lc rgb colour(i) title word(policies, i)
unset multiplot
