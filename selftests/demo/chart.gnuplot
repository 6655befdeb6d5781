# SPDX-License-Identifier: GPL-2.0
#
# The demo's run as a picture: /out/run.csv to /out/chart.png.

set terminal pngcairo size 1100,900 font "sans,11"
set output '/out/chart.png'
set datafile separator ','
set multiplot layout 3,1 title "One hot spell: heat, reclaim, blocks off, cooling, and back" font ",14"
set lmargin 10
set rmargin 10
set grid ytics lc rgb '#dddddd'
set key outside right top vertical
set key autotitle columnhead
set border 3
set tics nomirror

set ylabel '°C'
set yrange [30:85]
set arrow 1 from graph 0, first 60 to graph 1, first 60 nohead dt 2 lc rgb '#c03030'
set arrow 2 from graph 0, first 50 to graph 1, first 50 nohead dt 2 lc rgb '#3060c0'
set arrow 3 from graph 0, first 80 to graph 1, first 80 nohead dt 2 lc rgb '#700000'
set label 1 'emergency' at graph 0.01, first 82
set label 2 'high' at graph 0.01, first 62
set label 3 'low' at graph 0.01, first 52
set key inside right top
plot '/out/run.csv' using 1:($2/1000) with lines lw 2 lc rgb '#d06000' title 'memory temperature'

unset arrow
unset label
set yrange [0:*]
set ylabel 'MiB'
set key inside left top
plot '/out/run.csv' using 1:($4/1048576) with lines lw 2 lc rgb '#2a7a2a' title "idle VM's balloon", \
     '' using 1:($5/1048576) with lines lw 2 lc rgb '#8040a0' title "busy VM's balloon", \
     '' using 1:($6*128) with steps lw 2 lc rgb '#404040' title 'memory offline'

set ylabel 'modelled W'
set xlabel 'seconds'
set yrange [0:*]
plot '/out/run.csv' using 1:($7/1000) with steps lw 2 lc rgb '#0060a0' title 'memory power (model)'
