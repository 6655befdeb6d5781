#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build: abi-versions
#
# Host and guest of different versions of the ABI: an older minor number is met half-way, another major number is refused,
# and both sides say so.  The other versions are these modules' own sources with another number (abi/Makefile).
. "$(dirname "$0")/lib.sh"

REFUSED="refused: the guest driver speaks another Aerostat ABI than this module's"

# load_host VERSION: instead of today's.
load_host() {
	host_unload
	insmod "$TREE/selftests/abi/build/$1/host/aerostat_host.ko" || fail "no host of ABI $1"
}

# guest_says VM TEXT: its driver, in the kernel's log.
guest_says() { vm_run "$1" "dmesg | grep -q 'aerostat_guest.*: $2'"; }
host_says() { dmesg | grep "aerostat vm-.*: $1" >/dev/null; }
guest_is_bound() { vm_run "$1" 'ls -d /sys/bus/pci/drivers/aerostat_guest/0*' >/dev/null; }

# meets VM: its balloon comes and goes, in a session of ABI 1.0.
meets() {
	local dir=SYS_$1
	check "the guest says what is spoken" guest_says "$1" 'balloon ready, Aerostat ABI 1\.0 with the host'
	check_num "minor number of the session" "$(vm_stat "$1" abi_minor)" eq 0
	inflate "$1" 128
	check "the guest agrees" wait_for 5 guest_balloon_is "$1" $((128 * MiB))
	echo 0 >$HOST/reclaim_target_bytes
	check "all of it comes back" wait_for 60 is "${!dir}/balloon_bytes" 0
	check "active" is "${!dir}/state" active
	check "guest's kernel is content" vm_dmesg_clean "$1"
}

test_a_newer_guest_with_an_older_host() {
	start_vm a size=512 driver=no || return
	vm_run a 'insmod /modules/guest-1.1.ko' || fail "it does not load"
	wait_for 20 vm_known a || fail "it is not served"
	check_num "minor number of the guest" "$(vm_hint a abi_minor)" eq 1
	meets a
}

test_an_older_guest_with_a_newer_host() {
	load_host 1.1
	start_vm a size=512 || return
	check_num "minor number of the guest" "$(vm_hint a abi_minor)" eq 0
	meets a
}

# Features and fields that no version knows yet, put into the header before the driver looks at it.
test_a_host_that_offers_what_nobody_knows() {
	local bar
	start_vm a size=512 driver=no || return
	bar=$(vm_run a 'for d in /sys/bus/pci/devices/*; do
		[ $(cat $d/vendor)-$(cat $d/device) != 0x1af4-0x1110 ] || { sed -n "3s/ .*//p" $d/resource; echo 1 >$d/enable; }
	done')
	vm_run a "devmem $((bar + 10)) 16 9 && devmem $((bar + 16)) 64 0xfffffffffffffffe && devmem $((bar + 48)) 64 0xffffffffffffffff &&
		devmem $((bar + 56)) 64 0xffffffffffffffff" || fail "the header cannot be written"
	check "it is what the host shows" vm_run a "[ \$(devmem $bar 64) = 0x544154534F524541 ] && [ \$(devmem $((bar + 10)) 16) = 0x0009 ]"
	vm_insmod a
	wait_for 20 vm_known a || fail "it is not served"
	meets a
}

test_a_guest_of_another_major_version() {
	start_vm a size=512 driver=no || return
	vm_run a 'insmod /modules/guest-2.0.ko'
	check "the guest says why" guest_says a 'the host speaks Aerostat ABI 1\.0, this driver 2\.0: update the older one'
	if guest_is_bound a; then fail "its driver is bound"; fi
	check "the host says why" wait_for 20 is "$SYS_a/state" "$REFUSED 1; load the one that came with this module"
	check_num "major number of the guest" "$(vm_hint a abi_major)" eq 2
	check "in its log, too" host_says "$REFUSED"
	check "guest's kernel is content" vm_dmesg_clean a

	vm_run a 'rmmod aerostat_guest' || fail "it does not unload"
	vm_insmod a
	check "the right one is served" wait_for 20 is "$SYS_a/state" active
	meets a
	# And again, after a driver that was served.
	vm_run a 'rmmod aerostat_guest; insmod /modules/guest-2.0.ko'
	check "the host says why again" wait_for 20 is "$SYS_a/state" "$REFUSED 1*"
}

test_a_host_of_another_major_version() {
	load_host 2.0
	start_vm a size=512 driver=no || return
	vm_insmod a
	check "the guest says why" guest_says a 'the host speaks Aerostat ABI 2\.0, this driver 1\.0: update the older one'
	if guest_is_bound a; then fail "its driver is bound"; fi
	check "the host says why" wait_for 20 is "$SYS_a/state" "$REFUSED 2; load the one that came with this module"
	check "in its log, too" host_says "$REFUSED"
	check "guest's kernel is content" vm_dmesg_clean a
}

# Who cannot ring is found all the same.
test_a_guest_of_another_major_version_with_a_doorbell() {
	aerostatd_start || return
	start_vm a size=512 driver=no aerostat=doorbell || return
	vm_run a 'insmod /modules/guest-2.0.ko'
	check "the host says why" wait_for 20 is "$SYS_a/state" "$REFUSED 1*"
	vm_run a 'rmmod aerostat_guest' || fail "it does not unload"
	vm_insmod a
	check "the right one is served" wait_for 20 is "$SYS_a/state" active
}

test_what_another_version_writes() {
	vmm abi-minor
	vmm abi-major
}

run_cases
