#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory is taken to the page and given back whole.
. "$(dirname "$0")/lib.sh"

test_manual_reclaim_frees_host_memory() {
	local before after target
	start_vm a size=1024 stock=yes || return
	vm_run a 'hog touch 700' || fail "the guest cannot touch 700 MiB"
	before=$(meminfo Shmem)
	target=$((512 * MiB))
	echo manual >$HOST/mode
	echo $target >$HOST/reclaim_target_bytes
	wait_for 60 is "$SYS_a/balloon_bytes" $target || fail "the balloon is not at its target: $(cat "$SYS_a/balloon_bytes")"
	after=$(meminfo Shmem)
	check_num "host memory freed, MiB" $((before - after)) ge 500
	check "guest is alive" vm_run a true
	check "target in sysfs" is "$SYS_a/target_bytes" $target
	check "sum in sysfs" wait_for 3 is $HOST/reclaimed_bytes $target
	check "guest's own account" wait_for 3 test "$(guest_attr a balloon_bytes)" = $target
	check "state" is "$SYS_a/state" active
}

# MiB that are in use on the host beside VMs' RAM.
host_uses() { echo $(($(meminfo MemTotal) - $(host_available) - $(meminfo Shmem))); }

test_give_back_restores_the_guest() {
	local total available i first=0 now worst=0 mem
	start_vm a size=1024 ram=huge || return
	vm_run a 'hog touch 700' || fail "the guest cannot touch 700 MiB"
	total=$(guest_meminfo a MemTotal)
	available=$(guest_available a)
	echo manual >$HOST/mode
	for ((i = 1; i <= 20; i++)); do
		# Memory that nobody has touched since is not there to be freed.
		vm_run a 'hog touch 16' || fail "cycle $i: the guest cannot touch memory"
		echo $((512 * MiB)) >$HOST/reclaim_target_bytes
		wait_for 60 is "$SYS_a/balloon_bytes" $((512 * MiB)) || fail "cycle $i: no inflation"
		echo 0 >$HOST/reclaim_target_bytes
		wait_for 60 is "$SYS_a/balloon_bytes" 0 || fail "cycle $i: no deflation"
		wait_for 20 is $HOST/offline_blocks 0 || fail "cycle $i: blocks stay offline"
		now=$(host_uses)
		((i > 1)) || first=$now
		((now - first <= worst)) || worst=$((now - first))
	done
	check_num "host memory grown over 20 cycles, MiB" $worst le 8
	wait_for 5 guest_balloon_is a 0 || fail "the guest's balloon is not empty"
	check_num "guest MemTotal, KiB" "$(guest_meminfo a MemTotal)" eq "$total"
	check "a program that writes 700 MiB runs" vm_run a 'hog touch 700'
	mem=$(guest_available a)
	check_num "guest's available memory lost, KiB" $((available - mem)) le 8192
}

run_cases
