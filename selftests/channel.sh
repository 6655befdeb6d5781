#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# /dev/aerostat and the search for its KVM VM, by VMs without processors (vmm/): whoever may open the device may do
# with it what he likes, and none of it hurts anybody else.
. "$(dirname "$0")/lib.sh"

NOBODY=65534

test_a_vm_is_served_to_the_page() { vmm serve; }

test_a_balloon_follows_its_target() {
	local before shmem pid dir mib
	before=$(meminfo Shmem)
	"$VMM" follow &
	pid=$!
	if wait_for 10 only_vm_is active; then
		dir=$(echo /sys/class/aerostat/vm-*)
		wait_for 10 shmem_at_least $((before + 63)) || fail "the RAM is not touched"
		shmem=$(meminfo Shmem)
		echo manual >$HOST/mode
		for mib in 40 12 0 33; do
			echo $((mib * MiB)) >$HOST/reclaim_target_bytes
			check "$mib MiB in the balloon" wait_for 10 is "$dir/balloon_bytes" $((mib * MiB))
			((mib != 40)) || check "as many are free" wait_for 5 shmem_at_most $((shmem - 39))
		done
	else
		fail "not served"
	fi
	kill -TERM $pid
	check "it was never refused" wait $pid
	check "all of it is back" wait_for 10 shmem_at_most $((before + 1))
}

shmem_at_least() { (($(meminfo Shmem) >= $1)); }

test_who_may_open_it() {
	local name mode
	mode=$(stat -c %a /dev/kvm)
	check "only root" [ "$(stat -c '%a %u %g' /dev/aerostat)" = "660 0 0" ]
	chmod 666 /dev/kvm
	vmm handed
	chgrp $NOBODY /dev/aerostat
	for name in serve sizes protections pieces opens; do
		check "$name by nobody" timeout 60 setpriv --reuid $NOBODY --regid $NOBODY --clear-groups -- "$VMM" $name
		check "$name by nobody: no VM stays" wait_for 5 no_vms
		check "$name by nobody: no channel stays open" wait_for 5 is $REFCNT 0
	done
	chmod "$mode" /dev/kvm
}

test_how_it_may_be_mapped() {
	vmm sizes
	vmm protections
	vmm pieces
}

test_who_has_it() {
	vmm busy
	vmm passed-on
	vmm forked
	vmm exec
}

test_killed_at_work() {
	local before
	before=$(meminfo Shmem)
	vmm killed
	check "every page is back" wait_for 10 shmem_at_most $((before + 1))
}

test_ten_thousand_opens_leave_nothing() {
	local available slab
	# The first time fills caches.
	vmm opens
	available=$(host_available)
	slab=$(host_meminfo SUnreclaim)
	vmm opens
	check "memory is back" wait_for 10 available_at_least $((available - 4))
	check "slab is back" wait_for 10 slab_at_most $((slab + 1024))
}

available_at_least() { (($(host_available) >= $1)); }
slab_at_most() { (($(host_meminfo SUnreclaim) <= $1)); }

# hold_in CGROUP: open channels in it; sets count and why no more, and holds them until hold_end.
hold_in() {
	rm -f /run/hold.*
	mkfifo /run/hold.in
	(echo $BASHPID >"$1/cgroup.procs" && exec "$VMM" hold) </run/hold.in >/run/hold.out &
	holder=$!
	exec {hold}>/run/hold.in
	wait_for 60 has_told
	read -r count why </run/hold.out || why=killed
}

has_told() { [[ -s /run/hold.out ]] || ! kill -0 "$holder" 2>/dev/null; }

hold_end() {
	exec {hold}>&-
	wait "$holder" 2>/dev/null
}

# What the kernel reported, but for the one who was killed in want of his cgroup's memory.
other_faults() { dmesg -c | sed '/invoked oom-killer/,/oom-kill:constraint=CONSTRAINT_MEMCG.*oom_memcg=\/poor/d' | grep -E "$VM_COMPLAINTS"; }

test_the_opener_pays() {
	local group=/run/cgroup count why holder hold available faults
	mkdir -p $group
	mount -t cgroup2 cgroup2 $group && echo +memory >$group/cgroup.subtree_control &&
		mkdir $group/rich $group/poor || { fail "no memory cgroups"; return; }

	hold_in $group/rich
	check "as many as there are descriptors" [ "$why" = EMFILE ]
	check_num "KiB of $count channels on the opener's account" \
		"$(($(sed -n 's/^kernel //p' $group/rich/memory.stat) / 1024))" ge $((count * 10))
	hold_end

	echo $((8 * MiB)) >$group/poor/memory.max
	available=$(host_available)
	hold_in $group/poor
	echo "# $count channels in 8 MiB, then $why"
	# Ours fail with ENOMEM. Once in a while it is the VFS's own struct file that finds the cgroup full, and for
	# that the kernel kills, in the cgroup alone.
	if [[ $why == killed ]]; then
		check "for want of its own memory, and it alone" grep -qx 'oom_kill 1' $group/poor/memory.events
		! faults=$(other_faults) || fail "the kernel reported: $faults"
	else
		check "who cannot pay hears it" [ "$why" = ENOMEM ]
		check_num "channels that fit" "$count" gt 100
		check "nobody was killed" grep -qx 'oom_kill 0' $group/poor/memory.events
	fi
	check "the others do not feel it" available_at_least $((available - 16))
	hold_end
	check "no channel stays open" wait_for 5 is $REFCNT 0
	rmdir $group/rich $group/poor
	umount $group
}

test_no_kvm_vm() {
	vmm no-kvm
	vmm not-plugged
}

test_the_right_kvm_vm_is_found() {
	modprobe fuse
	vmm second-vm
	vmm foreign-vm
	vmm fakes
	vmm leader-exits
}

test_a_kvm_vm_is_remade() {
	vmm closed
	vmm closed-in-quarantine
	vmm unplugged
}

test_ram_that_cannot_be_taken() {
	vmm private
	vmm read-only
	vmm logged
}

# The closest to a passed-through device that a host without IOMMU has, see vmm/pin.c.
test_pinned_ram_stays() {
	vmm pinned
	vmm pinned-later
	vmm pinned-elsewhere
}

test_part_of_a_huge_page_is_refused() {
	reserve_huge_pages 8 || return
	vmm huge-part
	check "all huge pages are free again" test "$(huge_pages Free)" = 8
	reserve_huge_pages 0
}

run_cases
