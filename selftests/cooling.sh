#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The cooling device: a governor drives VMs up and down, a user does, and the thresholds hold beside them.
. "$(dirname "$0")/lib.sh"

ZONE=/sys/module/aero_trip/parameters
REACH=$((600 * MiB))

cooling_device() { dirname "$(grep -lx aerostat /sys/class/thermal/cooling_device*/type)"; }
zone_dir() { dirname "$(grep -lx aero_trip /sys/class/thermal/thermal_zone*/type)"; }

# One VM of 1 GiB that can spare REACH.  The cases are one day.
set_up() {
	start_vm vm size=1024 || return 1
	CDEV=$(cooling_device)
	echo $(($(cat "$SYS_vm/size_bytes") - REACH)) >"$SYS_vm/min_bytes"
	insmod "$TREE/selftests/modules/aero_trip.ko" || return 1
	echo auto >$HOST/mode
}

# drift MILLIDEGREES OP STATE: the zone gets warmer or colder with each look until the state that the governor has set compares so.
drift() {
	local i temp
	temp=$(cat $ZONE/temperature)
	for ((i = 0; i < 200; i++)); do
		((temp += $1))
		echo $temp >$ZONE/temperature
		! test "$(cat "$CDEV/cur_state")" "$2" "$3" || return 0
		sleep 0.3
	done
	return 1
}

tenths() { echo $((REACH / 10 * $1)); }

# held_is TENTHS: what VMs have given is that share, give or take a page.
held_is() { local held; held=$(cat $HOST/reclaimed_bytes); ((held >= $(tenths "$1") - 8192 && held <= $(tenths "$1"))); }

test_it_is_there() {
	check "states" is "$CDEV/max_state" 10
	check "state" is "$CDEV/cur_state" 0
	check "it is bound to the zone" test -e "$(zone_dir)/cdev0"
	check "by step_wise" is "$(zone_dir)/policy" step_wise
	check "nothing is taken" is $HOST/reclaimed_bytes 0
	check "beyond the last state" eval '! echo 11 >"$CDEV/cur_state" 2>/dev/null'
}

test_a_governor_to_the_top_and_back() {
	local state
	check "to the top" drift 3000 -ge 10
	wait_for 60 held_is 10 || fail "at the top: $(cat $HOST/reclaimed_bytes) of $REACH"
	check "it holds" wait_for 5 is $HOST/state holding
	# Half-way: cooler, but the trip is not passed yet.
	echo 58500 >$ZONE/temperature
	check "half-way" drift -10 -le 6
	echo "# at state $(cat "$CDEV/cur_state") $(cat $HOST/reclaimed_bytes)"
	check "and back" drift -500 -le 0
	wait_for 60 is $HOST/reclaimed_bytes 0 || fail "still taken: $(cat $HOST/reclaimed_bytes)"
	check "all blocks are online" wait_for 5 is $HOST/offline_blocks 0
}

test_a_user_sets_states() {
	local state
	echo user_space >"$(zone_dir)/policy" || { skip "this kernel has no user_space governor"; return; }
	for state in 7 3 10 5; do
		echo $state >"$CDEV/cur_state"
		wait_for 60 held_is $state || fail "state $state: $(cat $HOST/reclaimed_bytes), not $(tenths $state)"
	done
	# Nobody but mode auto acts upon it.
	echo off >$HOST/mode
	check "mode off" wait_for 60 is $HOST/reclaimed_bytes 0
	check "keeps the state" is "$CDEV/cur_state" 5
	echo auto >$HOST/mode
	check "mode auto" wait_for 60 held_is 5
	echo 0 >"$CDEV/cur_state"
	check "given back" wait_for 60 is $HOST/reclaimed_bytes 0
}

test_thresholds_hold_beside_it() {
	local most
	rule_by_sensor
	echo 3 >"$CDEV/cur_state"
	check "cool, and the device alone asks" wait_for 60 held_is 3
	check "the sensors do not" is $HOST/level low
	host_set_temp 62000
	check "hot: more than its share" wait_for 60 at_least $HOST/reclaimed_bytes "$(tenths 5)"
	host_set_temp 55000
	check "hold" wait_for 10 is $HOST/level hold
	sleep 3
	most=$(cat $HOST/reclaimed_bytes)
	echo 0 >"$CDEV/cur_state"
	sleep 4
	check_num "in the band the sensors keep what they took, without the device" "$(cat $HOST/reclaimed_bytes)" ge $((most - 8192))
	host_set_temp 40000
	check "cool: all goes back" wait_for 60 is $HOST/reclaimed_bytes 0
	echo 4 >"$CDEV/cur_state"
	check "the share again" wait_for 60 held_is 4
	host_set_temp 85000
	check "an emergency is stronger" wait_for 20 is $HOST/state emergency
	check "all of it" wait_for 60 at_least $HOST/reclaimed_bytes $((REACH - 4096))
	host_set_temp 40000
	check "back to the share, not below" wait_for 60 held_is 4
	sleep 3
	check "and it stays" held_is 4
	echo 10 >"$CDEV/cur_state"
	echo "${SENSOR##*/}" >$HOST/sensor_remove
	check "without any sensor" wait_for 60 held_is 10
}

# The zone is bound and the governor busy when the device goes.
test_unloading_while_a_governor_drives() {
	local i
	echo step_wise >"$(zone_dir)/policy"
	vm_stop vm || fail "the VM does not stop"
	unset "watched[vm]"
	wait_for 10 no_vms || fail "the VM stays"
	for ((i = 0; i < 10; i++)); do
		echo $((61000 + i * 100)) >$ZONE/temperature
		sleep 0.$((RANDOM % 7))
		host_unload || fail "it does not unload"
		check "unbound" eval '! compgen -G "$(zone_dir)/cdev0" >/dev/null'
		host_load || fail "it does not load"
	done
	CDEV=$(cooling_device)
	check "bound again" test -e "$(zone_dir)/cdev0"
	check "driven again" drift 300 -ge 10
	rmmod aero_trip
	# The zone's last state may be left behind.
	echo 0 >"$CDEV/cur_state" || fail "a cooling device without a zone takes no state"
	check "the state" is "$CDEV/cur_state" 0
}

run_cases
