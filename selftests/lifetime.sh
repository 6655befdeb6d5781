#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whatever ends, and in whatever order: everything comes back.
. "$(dirname "$0")/lib.sh"

test_qemu_killed_while_inflating() {
	local before users sys
	before=$(meminfo Shmem)
	users=$(kvm_users)
	start_vm a size=1024 ram=huge || return
	vm_run a 'hog touch 700' || fail "the guest cannot touch 700 MiB"
	sys=$SYS_a
	echo manual >$HOST/mode
	echo $((700 * MiB)) >$HOST/reclaim_target_bytes
	wait_for 30 at_least "$sys/balloon_bytes" $((20 * MiB)) || fail "no inflation"
	vm_kill a
	check "VM gone from sysfs" wait_for 10 test ! -e "$sys"
	check "nothing is reclaimed" wait_for 5 is $HOST/reclaimed_bytes 0
	check "every page is back" wait_for 20 shmem_at_most $((before + 1))
	check "blocks are online" wait_for 20 is $HOST/offline_blocks 0
	check_num "users of the module" "$(cat $REFCNT)" eq 0
	check "rmmod" host_unload
	check_num "users of kvm" "$(kvm_users)" eq "$users"
}

test_guest_driver_unloaded_with_a_full_balloon() {
	local total
	start_vm a size=1024 ram=huge || return
	total=$(guest_meminfo a MemTotal)
	inflate a 512
	check "rmmod in the guest" vm_run a 'rmmod aerostat_guest'
	check_num "guest MemTotal, KiB" "$(guest_meminfo a MemTotal)" eq "$total"
	check "the guest has its memory" vm_run a 'hog touch 700'
	check "host's account" wait_for 10 is "$SYS_a/balloon_bytes" 0
	check "state" wait_for 5 is "$SYS_a/state" 'waiting*'
	check "guest driver loads again" vm_insmod a
	check "and inflates again" wait_for 60 is "$SYS_a/balloon_bytes" $((512 * MiB))
	check "guest's kernel is content" vm_dmesg_clean a
}

test_host_module_stays_while_a_channel_is_mapped() {
	local out
	start_vm a size=512 || return
	if out=$(rmmod aerostat_host 2>&1); then fail "rmmod succeeded"; fi
	check "it says so" grep -q 'in use' <<<"$out"
	check "still works" is "$SYS_a/state" active
	vm_kill a
	check "rmmod afterwards" wait_for 10 host_unload
}

run_cases
