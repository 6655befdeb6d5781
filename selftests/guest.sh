#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the guest driver owes its guest.
. "$(dirname "$0")/lib.sh"

test_oom_gets_the_balloon() {
	start_vm a size=1024 ram=huge || return
	inflate a 600
	# Much more than is left, less than there is with the balloon. The kernel's guess at overcommit goes by MemTotal
	# and would refuse one mapping of that size at once.
	vm_run a 'echo 1 >/proc/sys/vm/overcommit_memory'
	check "a program that needs 700 MiB runs" vm_run a 'hog touch 700'
	check "nobody was killed" vm_run a '! dmesg | grep -i "out of memory: killed\|oom-kill:"'
	check "the host heard of it" wait_for 5 at_most "$SYS_a/balloon_bytes" $((400 * MiB))
	check "it is counted" guest_gave_for_oom
}

guest_gave_for_oom() { (($(vm_hint a oom_bytes) > 0)); }

# A block that goes offline is emptied first, also of single pages of the balloon: most of them lie in the movable zone's
# first one.
test_balloon_pages_migrate() {
	local bytes=$((300 * 4096))
	start_vm a size=512 ram=huge append=movablecore=256M || return
	echo manual >$HOST/mode
	echo $bytes >$HOST/reclaim_target_bytes
	wait_for 30 is "$SYS_a/balloon_bytes" $bytes || fail "no inflation"
	# What is on its way to the host can neither be freed nor moved for a moment; the last block keeps a page of the firmware's.
	check "the guest takes a movable block offline" vm_run a '
		cd /sys/devices/system/memory && for try in 1 2 3 4 5; do
			for block in $(grep -lx Movable memory*/valid_zones); do
				echo offline 2>/dev/null >${block%/*}/state && exit
			done
			sleep 1
		done; false'
	check "the balloon's pages are elsewhere" wait_for 5 guest_migrated a 100
	echo "# pages migrated: $(vm_hint a migrated_pages)"
	check "balloon is at its target" wait_for 5 is "$SYS_a/balloon_bytes" $bytes
	check "the guest agrees" wait_for 5 guest_balloon_is a $bytes
	check "VM is not in quarantine" is "$SYS_a/state" active
	check "guest's kernel is content" vm_dmesg_clean a
	echo 0 >$HOST/reclaim_target_bytes
	check "they come back" wait_for 30 is "$SYS_a/balloon_bytes" 0
}

guest_migrated() { (($(vm_hint "$1" migrated_pages) >= $2)); }

test_another_ivshmem_device_is_left_alone() {
	vm_start a size=512 aerostat=plain-ivshmem && vm_wait_up a 120 || { fail "the guest does not boot"; return; }
	vm_insmod a
	check "the device is there" vm_run a 'grep -q 0x1af4 /sys/bus/pci/devices/*/vendor && grep -lq 0x1110 /sys/bus/pci/devices/*/device'
	check "no driver is bound to it" vm_run a '! ls -d /sys/bus/pci/drivers/aerostat_guest/0*'
	check "no word about it" vm_run a '! dmesg | grep -v "module verification" | grep -i "aerostat.*\(error\|fail\)"'
	check "driver unloads" vm_run a 'rmmod aerostat_guest'
}

run_cases
