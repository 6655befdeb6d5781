#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each allocation of both modules fails once, one after the other, from load to unload; and a guest is made to
# believe that it is confidential.  See modules/aero_fail.c.
. "$(dirname "$0")/lib.sh"

FAIL=/sys/module/aero_fail/parameters
HOST_KO=$TREE/host/aerostat_host.ko

# fail_allocations_of MODULE: which is not loaded.
fail_allocations_of() {
	fail_nothing
	insmod "$TREE/selftests/modules/aero_fail.ko" target="$1" || fail "allocations of $1 cannot be made to fail"
}

fail_nothing() { ! [[ -d /sys/module/aero_fail ]] || rmmod aero_fail; }

# From here on the nth one fails; and no more: succeeds if it did.
fail_nth() { echo "$1" >$FAIL/nth; }
fail_end() {
	echo -1 >$FAIL/nth
	(($(<$FAIL/failed))) || return
	where=$(<$FAIL/where)
	places[${where%%[+ ]*}]=1
	failed=$((failed + 1))
}

# walk OPERATION STEP: begin to let each STEPth allocation of it fail; walked LEAST: say how many of them did.  If there
# were fewer than LEAST, something was not seen.
declare -A places=()
walk() {
	operation=$1 step=$2 first=$((RANDOM % $2 + 1)) failed=0 where='' places=()
}

walked() {
	echo "# $operation: $failed allocations failed one by one, each ${step}th from the ${first}th on, in ${!places[*]}"
	check_num "allocations of $operation" "$(<$FAIL/seen)" ge "$1"
}

# What insmod leaves when it fails.
nothing_is_left() {
	! [[ -e /sys/class/aerostat || -e /dev/aerostat || -e /sys/kernel/debug/aerostat || -d /sys/module/aerostat_host ]] &&
		[[ $(ls /sys/class/hwmon) == "$1" ]]
}

test_host_load() {
	local n hwmon loaded=0
	host_unload
	fail_allocations_of aerostat_host
	hwmon=$(ls /sys/class/hwmon)
	walk load "$(times 8 1)"
	for ((n = first; n < 1000; n += step)); do
		fail_nth $n
		if insmod "$HOST_KO" 2>/tmp/insmod; then
			fail_end || break
			loaded=$((loaded + 1))
			check "$n, $where: it is whole" test -e /dev/aerostat -a -d $HOST
			rmmod aerostat_host || fail "$n, $where: does not unload"
		else
			fail_end || fail "$n: does not load although nothing failed: $(cat /tmp/insmod)"
			# Neither hwmon's core, where power supplies have a chip, too, nor powercap's looks whether its
			# device got a name; it is an invalid one then.
			grep -q 'Cannot allocate memory' /tmp/insmod ||
				[[ $where =~ ^aero_(power_create|sensor_powercap_init|sensor_supply_init)\+ &&
				   $(</tmp/insmod) == *'Invalid parameters'* ]] ||
				fail "$n, $where: $(cat /tmp/insmod)"
		fi
		check "$n, $where: nothing is left" nothing_is_left "$hwmon"
	done
	echo "# it did not load without $((failed - loaded)) of them, and did without $loaded"
	walked 100
	check "and it works" "$VMM" serve
}

test_host_unload() {
	local n
	fail_allocations_of_the_host
	walk unload 1
	for ((n = 1; n < 100; n++)); do
		fail_nth $n
		rmmod aerostat_host || fail "$n: does not unload"
		fail_end || break
		insmod "$HOST_KO" || fail "$n: does not load again"
	done
	walked 1
}

fail_allocations_of_the_host() {
	host_unload
	fail_allocations_of aerostat_host
	host_load || fail "aerostat_host does not load"
	# What is given without having been asked for is not slowed down.
	echo 100 >$HOST/waste_percent
}

test_host_with_a_vm() {
	local name
	fail_allocations_of_the_host
	for name in open appear hello inflate deflate close; do
		vmm fault-$name 300
	done
}

# The driver is on its device, or stays off it; and goes.
guest_load_walk() {
	local out
	out=$(vm_run a '
		cd /sys/module/aero_fail/parameters
		n=1
		while [ $n -lt 100 ]; do
			echo $n >nth
			insmod /modules/aerostat_guest.ko 2>/tmp/error || grep -q "Cannot allocate" /tmp/error ||
				echo "bad: $n, $(cat where): $(cat /tmp/error)"
			echo -1 >nth
			! [ -d /sys/module/aerostat_guest ] || rmmod aerostat_guest || echo "bad: $n, $(cat where): rmmod"
			[ $(cat failed) = 0 ] && break
			sed "s/[+ ].*//" where >>/tmp/places
			n=$((n + 1))
		done
		echo load in a guest: $((n - 1)) allocations failed one by one, in $(sort -u /tmp/places)
		echo $((n - 1))') || fail "the guest does not answer"
	sed '$d; s/^/# /' <<<"$out"
	! grep -q '^bad' <<<"$out" || fail "load in a guest"
	check_num "allocations of load in a guest" "$(tail -n 1 <<<"$out")" ge 10
}

# guest_fails_nth N [COUNT]; guest_fails_none: and what it has seen.
guest_fails_nth() { vm_run a "cd /sys/module/aero_fail/parameters; echo ${2:-1} >count; echo $1 >nth"; }
guest_fails_none() { vm_run a 'cd /sys/module/aero_fail/parameters; echo -1 >nth; echo 1 >count; cat seen failed' | xargs; }

test_guest() {
	local n seen failed size=$((2 * 2 * MiB + 3 * 4096))
	fail_nothing
	start_vm a driver=no size=512 || return
	vm_run a 'insmod /modules/aero_fail.ko target=aerostat_guest' || { fail "allocations cannot be made to fail"; return; }
	guest_load_walk
	vm_insmod a || fail "the driver does not load"

	echo manual >$HOST/mode
	for ((n = 1; n < 20; n++)); do
		guest_fails_nth $n
		echo $size >$HOST/reclaim_target_bytes
		check "$n: the target is met" wait_for 20 is "$SYS_a/balloon_bytes" $size
		read -r seen failed < <(guest_fails_none)
		# It can do without new memory.
		guest_fails_nth 1 1000000
		echo 0 >$HOST/reclaim_target_bytes
		check "$n: given back" wait_for 20 is "$SYS_a/balloon_bytes" 0
		check "$n: nothing is allocated to give back" test "$(guest_fails_none)" = '0 0'
		((failed)) || break
	done
	echo "# inflate in a guest: $((n - 1)) allocations failed one by one"
	check_num "allocations of it, for two large pages, two small ones side by side, and one" "$seen" eq 4

	guest_fails_nth 1 1000000
	echo $size >$HOST/reclaim_target_bytes
	check "it says that there is no memory" wait_for 10 guest_limits a alloc
	check "the balloon is empty" is "$SYS_a/balloon_bytes" 0
	read -r seen failed < <(guest_fails_none)
	check_num "allocations in vain" "$failed" le 500
	check "met when there is some" wait_for 20 is "$SYS_a/balloon_bytes" $size

	guest_fails_nth 1 1000000
	vm_run a 'rmmod aerostat_guest' || fail "the driver does not unload"
	check "nothing is allocated to go" test "$(guest_fails_none)" = '0 0'
	check "nothing is left" wait_for 10 is "$SYS_a/balloon_bytes" 0
	vm_insmod a || fail "the driver does not load again"
	check "served again" wait_for 20 is "$SYS_a/balloon_bytes" $size
	check "active" is "$SYS_a/state" active
	check "guest's kernel is content" vm_dmesg_clean a
}

# A guest whose memory is encrypted, if its driver believes what it is told. Newer kernels have cc_platform_has() where
# nothing may be probed.
test_confidential_guest() {
	local parameters='target=aerostat_guest override=cc_platform_has ret=1'
	fail_nothing
	start_vm a driver=no size=512 || return
	vm_run a 'grep -q " cc_platform_has$" /proc/kallsyms' ||
		{ skip "the guest's kernel is built without support for confidential guests"; return; }
	! vm_run a 'grep -q "cc_platform_has$" /sys/kernel/debug/kprobes/blacklist' ||
		{ skip "the guest's kernel lets nobody probe cc_platform_has()"; return; }
	vm_run a "insmod /modules/aero_fail.ko $parameters" || { fail "the guest does not become confidential"; return; }
	vm_insmod a
	check "the driver has asked" vm_run a '[ $(cat /sys/module/aero_fail/parameters/failed) -gt 0 ]'
	check "it says why" vm_run a 'dmesg | grep -q "aerostat_guest 0.*: not in a confidential guest: "'
	check "it is off the device" vm_run a '! ls -d /sys/bus/pci/drivers/aerostat_guest/0*'
	sleep 2
	check "the host sees no driver" is "$SYS_a/state" 'waiting*'
	echo manual >$HOST/mode
	echo $((64 * MiB)) >$HOST/reclaim_target_bytes
	sleep 2
	check "and takes nothing" is "$SYS_a/balloon_bytes" 0
	vm_run a 'rmmod aerostat_guest && rmmod aero_fail' || fail "the driver does not unload"
	vm_insmod a
	check "the same guest is served when it is not" wait_for 20 is "$SYS_a/balloon_bytes" $((64 * MiB))
}

run_cases
