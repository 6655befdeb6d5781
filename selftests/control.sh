#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# From a sensor to the VMs and back: who gives, how much, and in which order it returns.
. "$(dirname "$0")/lib.sh"

# Two VMs of 1 GiB: "idle" has nothing to do, "busy" keeps touching 600 MiB. The cases are one hot day.
set_up() {
	start_vm idle size=1024 ram=huge && start_vm busy size=1024 ram=huge || return 1
	vm_spawn busy 'hog busy 600' >/dev/null
	wait_for 150 busy_has_touched || { fail "the busy guest does not touch its memory"; return 1; }
	# Together they can give six blocks, and not a page more: the first step back has to wait for a block.
	echo $((352 * MiB)) >"$SYS_idle/min_bytes"
	echo $((928 * MiB)) >"$SYS_busy/min_bytes"
	rule_by_sensor
}

busy_has_touched() { (($(guest_meminfo busy MemAvailable) < 400 * 1024)); }
in_bounds() { (($(cat "$SYS_idle/balloon_bytes") <= 672 * MiB && $(cat "$SYS_busy/balloon_bytes") <= 96 * MiB)); }

test_nothing_is_taken_while_it_is_cool() {
	sleep 4
	check "reclaimed" is $HOST/reclaimed_bytes 0
	check "state" is $HOST/state idle
	check "level" is $HOST/level low
}

test_idle_vm_gives_three_times_as_much() {
	local idle busy
	host_set_temp 62000
	wait_for 60 at_least $HOST/reclaimed_bytes $((480 * MiB)) || fail "only $(cat $HOST/reclaimed_bytes) taken"
	host_set_temp 55000
	check "holding between the thresholds" wait_for 10 is $HOST/state holding
	check "level" is $HOST/level hold
	sleep 4
	idle=$(cat "$SYS_idle/balloon_bytes")
	busy=$(cat "$SYS_busy/balloon_bytes")
	check_num "idle VM's balloon against three times the busy one's" "$idle" ge $((3 * busy))
	check "both above their minimum" in_bounds
	check "busy guest goes on" vm_run busy 'pidof hog >/dev/null'
}

test_emergency_takes_all_down_to_the_minimum() {
	local from=$SECONDS
	trace_start
	host_set_temp 75000
	sleep 2
	host_set_temp 85000
	check "state" wait_for 10 is $HOST/state emergency
	wait_for 60 is "$SYS_idle/balloon_bytes" $((672 * MiB)) || fail "idle: $(cat "$SYS_idle/balloon_bytes")"
	wait_for 60 is "$SYS_busy/balloon_bytes" $((96 * MiB)) || fail "busy: $(cat "$SYS_busy/balloon_bytes")"
	echo "# both at their minimum after $((SECONDS - from)) s"
	check "level" is $HOST/level emergency
	trace_stop >/tmp/trace
	check_num "VMs that were asked at full rate" "$(grep 'aerostat_vm_target.*urgent=1' /tmp/trace | grep -o ' vm=[0-9]*' | sort -u | wc -l)" eq 2
	check "busy guest is alive" vm_run busy 'pidof hog >/dev/null'
	check "blocks follow" wait_for 60 at_least $HOST/offline_blocks 6
}

test_blocks_return_before_balloons_shrink() {
	local blocks targets wrong blocks_first
	host_set_temp 62000
	sleep 4
	trace_start
	host_set_temp 40000
	wait_for 90 is $HOST/reclaimed_bytes 0 || fail "still reclaimed: $(cat $HOST/reclaimed_bytes)"
	check "all blocks are online" is $HOST/offline_blocks 0
	trace_stop >/tmp/trace
	read -r blocks targets wrong blocks_first < <(awk -v vms=2 -f "$SELFTESTS/order.awk" /tmp/trace)
	check_num "block moves in the trace" "$blocks" ge 4
	check_num "targets in the trace" "$targets" ge 2
	check_num "a block moved first" "$blocks_first" eq 1
	check_num "times that a balloon was let shrink under what was offline" "$wrong" eq 0
	check "idle" wait_for 5 is $HOST/state idle
	check "busy guest is alive" vm_run busy 'pidof hog >/dev/null'
}

test_more_shares_give_less() {
	local a b
	vm_run busy 'killall hog'
	for vm in "$SYS_idle" "$SYS_busy"; do echo $((256 * MiB)) >"$vm/min_bytes"; done
	echo 3000 >"$SYS_idle/shares"
	echo 1000 >"$SYS_busy/shares"
	sleep 3
	echo manual >$HOST/mode
	# What is reclaimed is counted when somebody asks, not with the next round.
	echo 60000 >$HOST/period_ms
	echo $((400 * MiB)) >$HOST/reclaim_target_bytes
	wait_for 30 is $HOST/reclaimed_bytes $((400 * MiB)) || fail "taken: $(cat $HOST/reclaimed_bytes)"
	echo 1000 >$HOST/period_ms
	a=$(cat "$SYS_idle/balloon_bytes")
	b=$(cat "$SYS_busy/balloon_bytes")
	check_num "the VM with a third of the shares gives more" "$b" gt $((2 * a))
	echo $((924 * MiB)) >"$SYS_busy/min_bytes"
	check "a raised minimum is restored" wait_for 30 at_most "$SYS_busy/balloon_bytes" $((100 * MiB))
	check "and the other gives instead" wait_for 30 at_least "$SYS_idle/balloon_bytes" $((300 * MiB))
	check "as much as before" wait_for 30 is $HOST/reclaimed_bytes $((400 * MiB))
}

# What is above a limit is held whatever is asked for; who is not managed is left as he is.
test_limit_and_unmanaged() {
	local kept
	for vm in "$SYS_idle" "$SYS_busy"; do echo $((256 * MiB)) >"$vm/min_bytes"; done
	echo 1000 >"$SYS_idle/shares"
	echo 0 >$HOST/reclaim_target_bytes
	wait_for 30 is $HOST/reclaimed_bytes 0 || fail "still held: $(cat $HOST/reclaimed_bytes)"
	echo $((900 * MiB)) >"$SYS_idle/limit_bytes"
	kept=$(($(cat "$SYS_idle/size_bytes") - 900 * MiB))
	check "what is above the limit is held" wait_for 30 is "$SYS_idle/balloon_bytes" $kept
	check "and no more" wait_for 5 is $HOST/reclaimed_bytes $kept
	check "state" wait_for 5 is $HOST/state holding
	check "none of it goes offline" is $HOST/offline_blocks 0
	echo off >$HOST/mode
	check "not in mode off" wait_for 30 is "$SYS_idle/balloon_bytes" 0
	echo manual >$HOST/mode
	check "but again in the next one" wait_for 30 is "$SYS_idle/balloon_bytes" $kept

	echo 0 >"$SYS_idle/managed"
	echo $((300 * MiB)) >$HOST/reclaim_target_bytes
	check "the other VM gives what is left of the demand" wait_for 30 is "$SYS_busy/balloon_bytes" $((300 * MiB - kept))
	check "who is not managed gives nothing" is "$SYS_idle/balloon_bytes" $kept
	echo off >$HOST/mode
	check "the other VM has all" wait_for 30 is "$SYS_busy/balloon_bytes" 0
	sleep 3
	check "who is not managed gets nothing" is "$SYS_idle/balloon_bytes" $kept
	check "state" is $HOST/state holding
	echo auto >$HOST/mode
	host_set_temp 85000
	check "an emergency takes from the managed one" wait_for 60 at_least "$SYS_busy/balloon_bytes" $((400 * MiB))
	check "and not from the other" is "$SYS_idle/balloon_bytes" $kept
	# The host's sum is that of its last round.
	check "in the host's sum, too" wait_for 5 at_least $HOST/reclaimed_bytes $((400 * MiB + kept))
	host_set_temp 40000
	check "what was taken goes back" wait_for 60 is $HOST/reclaimed_bytes $kept
	check "no more can go back" wait_for 15 is $HOST/state holding
	cat "$SYS_idle/size_bytes" >"$SYS_idle/limit_bytes"
	echo 1 >"$SYS_idle/managed"
	check "all of it goes back" wait_for 60 is $HOST/reclaimed_bytes 0
}

run_cases
