#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Of the bytes taken from two VMs, how many end in blocks that are off, and what that costs: with the plan, and without.
#
# The guests' memory is scattered by design: their kernels shuffle what is free (page_alloc.shuffle), both touch theirs at
# the same time and in random order, so each of the host's blocks holds pieces of both.
. "$(dirname "$0")/lib.sh"

SIZE=1536 TOUCH=1200
LOWEST=/sys/kernel/debug/aerostat/blocks/lowest_first
INVENTORY=/sys/kernel/debug/aerostat/blocks/inventory

now_ms() { local now=${EPOCHREALTIME/[.,]/}; echo $((now / 1000)); }
migrated() { sed -n 's/^pgmigrate_success //p' /proc/vmstat; }
# permille of what was reclaimed that is off.
permille() { local got; got=$(cat $HOST/reclaimed_bytes); echo $((got ? $(cat $HOST/offline_bytes) * 1000 / got : 0)); }
permille_at_least() { (($(permille) >= $1)); }

two_guests() {
	local name
	for name in a b; do
		start_vm $name size=$SIZE ram=huge append=page_alloc.shuffle=1 || return
		[[ $(vm_run $name 'cat /sys/module/page_alloc/parameters/shuffle') == Y ]] || fail "guest $name does not shuffle"
		echo $((256 * MiB)) >"$(vm_sysfs $name)/min_bytes"
	done
	echo manual >$HOST/mode
}

scatter() {
	local pid
	VM_TIMEOUT=300 vm_run a "hog touch $TOUCH random" & pid=$!
	VM_TIMEOUT=300 vm_run b "hog touch $TOUCH random" && wait $pid || fail "the guests cannot touch their memory"
}

# reclaim PERCENT: of both; waits until as much of it is off as can be.  Sets ratio (permille), took (ms), moved (pages).
reclaim() {
	local want=$((2 * SIZE * $1 / 100 * MiB)) began before
	began=$(now_ms) before=$(migrated)
	echo $want >$HOST/reclaim_target_bytes
	wait_for 120 at_least $HOST/reclaimed_bytes $((want / 100 * 99)) || fail "$1 %: taken: $(cat $HOST/reclaimed_bytes) of $want"
	wait_for 90 permille_at_least 950 || :
	took=$(($(now_ms) - began)) moved=$(($(migrated) - before)) ratio=$(permille)
	echo "# $1 %: $ratio permille off after $took ms, $moved pages moved"
}

give_back() {
	local began
	began=$(now_ms)
	echo 0 >$HOST/reclaim_target_bytes
	wait_for 60 is $HOST/reclaimed_bytes 0 || fail "still reclaimed: $(cat $HOST/reclaimed_bytes)"
	check_num "blocks offline" "$(offline_now)" eq "$before"
	took=$(($(now_ms) - began))
}

# in_steps: 25, 50, 75 %.  Sets all_took, all_moved.
in_steps() {
	local percent
	all_took=0 all_moved=0
	for percent in 25 50 75; do
		reclaim $percent
		all_took=$((all_took + took)) all_moved=$((all_moved + moved))
		[[ $1 != plan ]] || check_num "permille of $percent % that is off" $ratio ge 850
	done
	give_back
}

test_what_was_scattered_is_off() {
	local before ratio took moved all_took all_moved plan_took plan_moved
	before=$(offline_now)
	two_guests || return
	scatter
	echo "# with the plan"
	in_steps plan
	plan_took=$all_took plan_moved=$all_moved
	scatter
	echo "# lowest address first"
	echo Y >$LOWEST
	in_steps lowest
	echo N >$LOWEST
	echo "# with the plan $plan_moved pages in $plan_took ms, without it $all_moved in $all_took ms"
	# Or else this says nothing.
	check_num "pages moved without the plan" $all_moved ge 10000
	((plan_moved * 2 <= all_moved || plan_took * 2 <= all_took)) || fail "the plan is not worth it"
}

test_cycles_do_not_drift() {
	local before ratio took moved n=0 lost up down
	local -a ups=() downs=()
	before=$(offline_now)
	two_guests || return
	scatter
	while ((n++ < 20)); do
		reclaim 50
		check_num "$n: permille off" $ratio ge 850
		ups+=("$took")
		give_back
		echo "# $n: back after $took ms"
		downs+=("$took")
	done
	# The first one may have had more to do.
	up=$(((ups[0] > 1500 ? ups[0] : 1500) * 2 * PATIENCE)) down=$(((downs[0] > 1500 ? downs[0] : 1500) * 2 * PATIENCE))
	check_num "milliseconds up, in the last cycle" "${ups[-1]}" le $up
	check_num "milliseconds down, in the last cycle" "${downs[-1]}" le $down
	lost=$(grep -c 'state=\(taken\|offline\)' $INVENTORY)
	check_num "blocks off, as the inventory says" "$lost" eq "$before"
}

run_cases
