#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo's part on the bench host: two VMs, one hot spell, one line a second.  Leaves /out/run.csv.
#
# Exits with 1 if the run did not show what it should: heat, reclaim with the idle VM giving clearly more, blocks
# offline, cooling, blocks online before balloons shrink.
set -uo pipefail
cd "$(dirname "$0")" || exit 2
# shellcheck source=../bench/host.sh
. ../bench/host.sh
# shellcheck source=plant.sh
. ./plant.sh

HOST=/sys/class/aerostat/host
MiB=$((1 << 20))
csv=/out/run.csv

say() { printf '\n%s\n' "$*"; }
die() { echo "demo: $*"; dmesg | tail -n 20; exit 1; }

value() { cat "$1" 2>/dev/null || echo 0; }

header() {
	printf '%5s %8s  %-10s %10s %10s %9s %8s\n' 's' '°C' 'state' 'idle MiB' 'busy MiB' 'blocks' 'watts'
	echo 'seconds,millidegrees,state,idle_balloon_bytes,busy_balloon_bytes,blocks_offline,milliwatts,target_bytes' >$csv
}

# One second of the run: the plant moves, a line is printed.
tick() {
	local state idle busy blocks mw
	plant_step
	state=$(value $HOST/state) idle=$(value "$IDLE/balloon_bytes") busy=$(value "$BUSY/balloon_bytes")
	blocks=$(value $HOST/offline_blocks) mw=$(value $HOST/power_mw)
	seconds=$((SECONDS - began))
	printf '%5d %8s  %-10s %10d %10d %9d %8s\n' $seconds \
		"$((plant_temp / 1000)).$((plant_temp / 100 % 10))" "$state" $((idle / MiB)) $((busy / MiB)) "$blocks" \
		"$((mw / 1000)).$(printf %03d $((mw % 1000)))"
	echo "$seconds,$plant_temp,$state,$idle,$busy,$blocks,$mw,$(value $HOST/reclaim_target_bytes)" >>$csv
	((blocks <= most_blocks)) || most_blocks=$blocks
	((idle <= most_idle)) || most_idle=$idle
	((busy <= most_busy)) || most_busy=$busy
	sleep 0.$((10 - ${EPOCHREALTIME:11:1}))
}

# ticks SECONDS CONDITION...: go on until it holds.
ticks() {
	local end=$((SECONDS + $1))
	shift
	while ((SECONDS < end)); do
		tick
		! "$@" || return 0
	done
	return 1
}

never() { false; }
cool_enough() { ((plant_temp < 60000 && most_blocks >= 4)) && [[ $(value $HOST/state) == holding ]]; }
all_back() { (($(value $HOST/reclaimed_bytes) == 0 && $(value $HOST/offline_blocks) == 0)); }

insmod ../../host/aerostat_host.ko || die "aerostat_host does not load"
say "Starting two VMs of 1 GiB with their drivers ..."
# The guests do not zero what they allocate: under emulation each page that is touched first costs half a millisecond.
# One after the other: the emulated SVM has crashed with two guests that boot at once.
for vm in idle busy; do
	vm_start $vm size=1024 append=init_on_alloc=0 || die "VM $vm does not start"
	{ vm_wait_up $vm 120 && vm_insmod $vm; } || die "VM $vm does not boot"
done
echo "The busy one keeps touching 600 MiB; the idle one has used as much and is done with it."
vm_spawn busy 'hog busy 600' >/dev/null
vm_run idle 'hog touch 400' >/dev/null || die "the idle VM cannot touch memory"
for ((i = 0; i < 60; i++)); do
	(($(vm_run busy "sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo") > 420000)) || break
	sleep 1
done
IDLE=$(vm_sysfs idle) BUSY=$(vm_sysfs busy)
[[ $IDLE && $BUSY ]] || die "the host does not know its VMs"

plant_step
echo 'hwmon jc42 temp1' >$HOST/sensor_add
sensor=$(echo /sys/class/aerostat/sensor-*)
echo 50000 >"$sensor/low"
echo 60000 >"$sensor/high"
echo 80000 >"$sensor/emergency"
echo 1 >/sys/kernel/tracing/events/aerostat/enable
echo auto >$HOST/mode

began=$SECONDS seconds=0 most_blocks=0 most_idle=0 most_busy=0
say "Thresholds: low 50 °C, high 60 °C, emergency 80 °C.  It is cool."
header
ticks 6 never
say "The machine gets hot."
plant_load=0
ticks 60 cool_enough || die "it did not cool down"
hot_ended=$seconds
ticks 4 never
say "The heat is over."
plant_load=-25000
ticks 60 all_back || die "memory did not come back"
ticks 3 never
cat /sys/kernel/tracing/trace >/out/trace

say "What the run came to"
ratio=$((most_busy ? most_idle * 10 / most_busy : 0))
printf '  %-44s %s\n' \
	'most given by the idle VM' "$((most_idle / MiB)) MiB" \
	'most given by the busy VM' "$((most_busy / MiB)) MiB" \
	'idle against busy' "$( ((most_busy)) && echo "$((ratio / 10)).$((ratio % 10)) times" || echo 'all of it')" \
	'memory blocks switched off' "$most_blocks of $(host_movable_blocks) ($((most_blocks * 128)) MiB)" \
	'cooled below the high threshold after' "$hot_ended s" \
	'everything back after' "$seconds s"

# Blocks first: no VM was told to take memory back while more was offline than the VMs would then hold.
read -r blocks _ order _ < <(awk -v vms=2 -f ../order.awk /out/trace)
printf '  %-44s %s\n' 'blocks online before balloons shrank' "$([[ $order == 0 ]] && echo yes || echo "NO, $order times not")"

fail=0
[[ $order == 0 && $blocks -ge 8 ]] || fail=1
((most_idle >= 2 * most_busy)) || fail=1
((most_blocks >= 4)) || fail=1
vm_kill_all
exit $fail
