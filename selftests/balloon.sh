#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What else a balloon does and goes through, beside guest.sh, reclaim.sh and lifetime.sh.
. "$(dirname "$0")/lib.sh"

test_the_floor_protects_the_guest() {
	start_vm a size=512 || return
	echo 0 >"$SYS_a/min_bytes"
	echo manual >$HOST/mode
	echo $((512 * MiB)) >$HOST/reclaim_target_bytes
	sleep 12
	check_num "guest memory left, KiB" "$(guest_meminfo a MemAvailable)" ge $((48 * 1024))
	check "guest works" vm_run a 'hog touch 8'
	check "nobody was killed" vm_run a '! dmesg | grep -i "out of memory\|oom-kill:"'
	check "it says what limits it" test "$(guest_attr a limits)" != none
}

# Its free memory is in pieces, and its processor is never idle: what can be had without reclaim is had when nothing else runs.
test_a_busy_guest_in_pieces_is_not_hurried() {
	local hurried
	start_vm a size=384 ram=huge || return
	vm_run a 'insmod /modules/aero_fragment.ko every=2' || { fail "memory is not cut up"; return; }
	vm_spawn a 'hog pace 60' >/dev/null
	echo manual >$HOST/mode
	echo $((96 * MiB)) >$HOST/reclaim_target_bytes
	# Of the threads of this name one is the workqueue's.
	hurried=$(vm_run a 'for i in $(seq 200); do
		for pid in $(pidof aerostat_guest); do cut -d" " -f41 /proc/$pid/stat; done | grep -x 5 >/dev/null || echo hurried
		usleep 30000
	done | wc -l')
	check_num "looks, of 200, at which it was not of SCHED_IDLE" "$hurried" eq 0
	check_num "KiB taken: it was tried" $(($(guest_attr a balloon_bytes) / 1024)) ge 64
}

test_contents_survive_cycles() {
	local i
	start_vm a size=1024 ram=huge || return
	spawn_verifier a 300
	echo manual >$HOST/mode
	for ((i = 0; i < 6; i++)); do
		echo $((450 * MiB)) >$HOST/reclaim_target_bytes
		sleep 2
		echo $((10 * MiB)) >$HOST/reclaim_target_bytes
		sleep 1
	done
	check "no byte is lost" verifier_ok a
}

test_odd_targets_are_met_to_the_page() {
	local target
	start_vm a size=512 || return
	echo manual >$HOST/mode
	for target in $((33 * MiB + 4096 * 3)) $((101 * MiB + 4096)) $((64 * MiB - 4096)) 4096; do
		echo $target >$HOST/reclaim_target_bytes
		check "balloon of $target" wait_for 30 is "$SYS_a/balloon_bytes" $target
		check "guest agrees" wait_for 3 guest_balloon_is a $target
	done
}

test_reset_with_a_balloon() {
	local boot
	start_vm a size=1024 ram=huge || return
	inflate a 512
	boot=$(boot_id a)
	vm_qmp a '{"execute":"system_reset"}' >/dev/null
	wait_for 120 another_boot a "$boot" || fail "the guest does not boot again"
	check "the whole of the guest's memory can be used" vm_run a 'hog touch 800'
	check "the old balloon is forgotten" wait_for 15 is "$SYS_a/balloon_bytes" 0
	vm_insmod a
	check "a new driver inflates" wait_for 60 is "$SYS_a/balloon_bytes" $((512 * MiB))
	check_num "drivers that said hello" "$(vm_stat a epochs)" eq 2
}

test_guest_powers_off_with_a_full_balloon() {
	start_vm a size=512 || return
	inflate a 256
	vm_stop a || fail "the guest does not power off"
	check "VM gone from sysfs" wait_for 10 no_vms
}

run_cases
