#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Vacated memory blocks go offline, and come back.
. "$(dirname "$0")/lib.sh"

test_a_reclaimed_gib_is_six_blocks_off() {
	local before mw
	before=$(offline_now)
	mw=$(cat $HOST/power_mw)
	start_vm a size=1024 && start_vm b size=1024 || return
	echo manual >$HOST/mode
	echo $((1024 * MiB)) >$HOST/reclaim_target_bytes
	wait_for 60 at_least $HOST/reclaimed_bytes $((1024 * MiB)) || fail "taken: $(cat $HOST/reclaimed_bytes)"
	wait_for 60 at_least $HOST/offline_blocks 6 || fail "offline: $(cat $HOST/offline_blocks)"
	sleep 5
	check_num "blocks more offline, as the kernel says" $(($(offline_now) - before)) ge 6
	# A guest that migrates balloon pages gives them back for a moment; plan.c looks over a sixteenth of a block.
	check_num "never more than was reclaimed" "$(cat $HOST/offline_bytes)" le $(($(cat $HOST/reclaimed_bytes) + 8 * MiB))
	check_num "modelled milliwatts have fallen" "$(cat $HOST/power_mw)" lt "$mw"
	check_num "hwmon chip says the same, microwatts" "$(cat $HOST/hwmon*/power1_input)" eq $(($(cat $HOST/power_mw) * 1000))
	check "guest a is alive" vm_run a true
	check "guest b is alive" vm_run b true
	echo off >$HOST/mode
	wait_for 60 is $HOST/reclaimed_bytes 0 || fail "still reclaimed: $(cat $HOST/reclaimed_bytes)"
	check_num "blocks offline afterwards" "$(offline_now)" eq "$before"
}

# All movable blocks but a few hold a page that nobody can move, and eight are to go: what can go goes, the others are tried
# once, fail with -EBUSY, and wait.
test_a_block_that_cannot_go_is_left_alone() {
	reserve_all
	serve 1280 1024 || return
	# Up to two blocks are full of the VM's memory: the module does not reach those, and they can go.
	insmod "$TREE/selftests/modules/aero_pin.ko" spare=3 || { fail "no block was pinned"; return; }
	echo "# blocks pinned: $(cat /sys/module/aero_pin/parameters/pinned)"
	trace_start
	echo $((256 * MiB)) >$HOST/reserve_bytes
	check "what can go goes" wait_for 60 at_least $HOST/offline_blocks 3
	check "one that did not go is tried again" wait_for 60 tried_again
	trace_stop >/tmp/trace
	check_num "blocks that went, of 8 that were to go" "$(cat $HOST/offline_blocks)" lt 8
	check_num "attempts refused with -EBUSY" "$(grep -c 'aerostat_block: .*online=0 error=-16' /tmp/trace)" ge 5
	# The time is taken a moment after the wait has begun.
	check_num "milliseconds before a block was tried again, at least" "$(soonest_retry </tmp/trace)" ge 4900
	rmmod aero_pin
	check "they go when they can" wait_for 90 at_least $HOST/offline_blocks 6
	serve_end
}

# The shortest time between two attempts at one block in a trace, in milliseconds; 999999 if none was tried twice.
soonest_retry() {
	awk '/aerostat_block: .*online=0 error=-/ {
		match($0, /[0-9]+\.[0-9]+: aerostat_block/); now = substr($0, RSTART) + 0
		match($0, /block=[0-9]+/); block = substr($0, RSTART, RLENGTH)
		if (block in last && (!n++ || now - last[block] < least)) least = now - last[block]
		last[block] = now
	} END { print n ? int(least * 1000) : 999999 }'
}

tried_again() { (($(soonest_retry <$TRACE/trace) < 999999)); }

test_the_reserve_stays_online() {
	reserve_all
	serve 576 512 || return
	sleep 4
	check "no block goes while the reserve needs it" is $HOST/offline_blocks 0
	echo $((256 * MiB)) >$HOST/reserve_bytes
	check "blocks go when it does not" wait_for 30 at_least $HOST/offline_blocks 3
	reserve_all
	check "blocks return when the reserve is touched" wait_for 30 is $HOST/offline_blocks 0
	serve_end
}

test_unloading_brings_blocks_back() {
	local before
	before=$(offline_now)
	serve 576 512 || return
	wait_for 60 at_least $HOST/offline_blocks 3 || fail "offline: $(cat $HOST/offline_blocks)"
	kill -KILL $served
	check "rmmod" wait_for 10 host_unload
	check_num "blocks offline" "$(offline_now)" eq "$before"
}

run_cases
