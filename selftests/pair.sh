#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What any host's kernel and any guest's must do together (make check-matrix): one guest, from its hello to the end of both
# modules, each case going on from the one before.
. "$(dirname "$0")/lib.sh"

TAKEN=$((512 * MiB))

set_up() {
	before=$(meminfo Shmem)
	start_vm a size=1024 ram=huge || return
	# Not all of what the guest is given is its page allocator's.
	total=$(guest_meminfo a MemTotal)
	echo "# kernels: host $(uname -r), guest $(vm_run a 'cat /proc/sys/kernel/osrelease')"
}

guest_is_content() { check "guest's kernel is content" vm_dmesg_clean a; }

test_handshake() {
	check "served" wait_for 10 is "$SYS_a/state" active
	check_num "drivers that said hello" "$(vm_stat a epochs)" eq 1
	check_num "bytes of RAM" "$(cat "$SYS_a/size_bytes")" eq $((1024 * MiB))
	check "the guest's driver says so" vm_run a 'dmesg | grep -q "aerostat_guest.*balloon ready"'
	guest_is_content
}

test_inflate() {
	local shmem
	vm_run a 'hog touch 700' || fail "the guest cannot touch 700 MiB"
	shmem=$(meminfo Shmem)
	inflate a $((TAKEN / MiB))
	check "the guest agrees" wait_for 5 guest_balloon_is a $TAKEN
	check "and so does the host's sum" wait_for 5 is $HOST/reclaimed_bytes $TAKEN
	check_num "MiB that the host has free again" $((shmem - $(meminfo Shmem))) ge 500
	check "blocks go offline" wait_for 60 at_least $HOST/offline_blocks 1
	check "the guest works in what is left" vm_run a 'hog touch 200'
	guest_is_content
}

test_deflate() {
	echo $((TAKEN / 2 + 4096)) >$HOST/reclaim_target_bytes
	check "half of it and a page" wait_for 60 is "$SYS_a/balloon_bytes" $((TAKEN / 2 + 4096))
	echo 0 >$HOST/reclaim_target_bytes
	check "all of it" wait_for 60 is "$SYS_a/balloon_bytes" 0
	check "the guest agrees" wait_for 5 guest_balloon_is a 0
	check "no block stays offline" is $HOST/offline_blocks 0
	check "the guest has its memory" vm_run a 'hog touch 700'
	guest_is_content
}

test_guest_reset() {
	local boot
	inflate a $((TAKEN / MiB))
	boot=$(boot_id a)
	vm_qmp a '{"execute":"system_reset"}' >/dev/null
	wait_for 120 another_boot a "$boot" || { fail "the guest does not boot again"; return; }
	check "the old balloon is forgotten" wait_for 15 is "$SYS_a/balloon_bytes" 0
	check "the whole of the guest's memory can be used" vm_run a 'hog touch 700'
	vm_insmod a
	check "a new driver inflates" wait_for 60 is "$SYS_a/balloon_bytes" $TAKEN
	check_num "drivers that said hello" "$(vm_stat a epochs)" eq 2
	check "no byte is lost" vm_watch_ok a
}

test_unload() {
	check "rmmod in the guest" vm_run a 'rmmod aerostat_guest'
	check "the host's account" wait_for 10 is "$SYS_a/balloon_bytes" 0
	check "its sum" wait_for 5 is $HOST/reclaimed_bytes 0
	check "its words" is "$SYS_a/state" 'waiting: load aerostat_guest*'
	check_num "guest MemTotal, KiB" "$(guest_meminfo a MemTotal)" eq "$total"
	check "no byte is lost" vm_watch_ok a
	guest_is_content
	vm_stop a || fail "the guest does not power off"
	check "the VM is gone" wait_for 10 no_vms
	check "nobody uses the module" wait_for 5 is $REFCNT 0
	check "every page is back" wait_for 20 shmem_at_most $((before + 1))
	check "rmmod on the host" host_unload
	check_num "blocks that are offline" "$(offline_now)" eq 0
}

run_cases
