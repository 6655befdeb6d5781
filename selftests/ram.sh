#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# RAM of huge pages: what is taken, and how much of it the host really has afterwards.
. "$(dirname "$0")/lib.sh"

huge_free() { [[ $(huge_pages Free) == "$1" ]]; }
huge_free_at_most() { (($(huge_pages Free) <= $1)); }

# takes TARGET TAKEN: the VM is asked for TAKEN, and gives that.
takes() {
	echo "$1" >$HOST/reclaim_target_bytes
	check "$1: what the VM is asked for" wait_for 5 is "$SYS_a/target_bytes" "$2"
	check "$1: what it gives" wait_for 40 is "$SYS_a/balloon_bytes" "$2"
}

# All of the RAM is in use from the start: each huge page that is free was taken from the guest.
test_hugetlb_pages_go_and_come_whole() {
	reserve_huge_pages 192 || return
	if start_vm a size=384 ram=hugetlb; then
		check "all huge pages are in use" huge_free 0
		echo manual >$HOST/mode
		takes $((2 * MiB - 1)) 0
		check "nothing is free" huge_free 0
		takes $((64 * MiB)) $((64 * MiB))
		check "as many are free" wait_for 5 huge_free 32
		takes $((201 * MiB + 3 * 4096)) $((200 * MiB))
		check "as many are free" wait_for 5 huge_free 100
		takes $((65 * MiB - 4096)) $((64 * MiB))
		takes 0 0
		# Of 283 MiB available: with 281 its kernel kills the program.
		check "the guest uses what it got back" vm_run a 'hog touch 256'
		echo "# $(huge_pages Free) huge pages are free"
		check "and it is in use on the host" huge_free_at_most 40
		check "state" is "$SYS_a/state" active
		vm_stop a
		check "all of it is the host's again" wait_for 5 huge_free 192
	fi
	reserve_huge_pages 0
}

# One page of 4 KiB in each 2 MiB is enough to keep them all.
test_a_fragmented_guest_gives_no_part_of_a_huge_page() {
	local some
	reserve_huge_pages 128 || return
	if start_vm a size=256 ram=hugetlb; then
		vm_run a 'insmod /modules/aero_fragment.ko'
		echo "# $(vm_run a 'cat /sys/module/aero_fragment/parameters/pieces') huge pages taken apart"
		echo manual >$HOST/mode
		echo $((64 * MiB)) >$HOST/reclaim_target_bytes
		check "the guest says why" wait_for 10 guest_limits a alloc
		check "so does the host" grep -qx 'limits 0x2' "/sys/kernel/debug/aerostat/${SYS_a##*/}/guest"
		some=$(<"$SYS_a/balloon_bytes")
		check_num "bytes given that are no whole huge page" $((some % (2 * MiB))) eq 0
		check_num "MiB given" $((some / MiB)) lt 16
		check "as much is free" huge_free $((some / MiB / 2))
		check "state" is "$SYS_a/state" active
		# Pages that are freed singly wait on their processor's list, unmerged, until others follow.
		vm_run a 'rmmod aero_fragment && hog touch 16'
		check "it gives once it can" wait_for 30 is "$SYS_a/balloon_bytes" $((64 * MiB))
		check "and that is free" wait_for 5 huge_free 32
	fi
	vm_kill_all
	reserve_huge_pages 0
}

# What is left of a target when whole huge pages have been given: it lies in one of them, not in as many as it has pages.
test_the_rest_costs_one_huge_page() {
	local huge
	start_vm a size=512 ram=huge || return
	# All of it is the host's in huge pages.
	vm_run a 'hog touch 400'
	vm_spawn a 'hog comb 300 random' >/dev/null
	wait_for 120 vm_run a 'grep -qs ready /tmp/*.out' || { fail "no comb"; return; }
	echo "# free blocks of the guest, by order: $(vm_run a 'grep DMA32 /proc/buddyinfo')"
	huge=$(huge_shmem)
	check_num "MiB of its RAM in huge pages" "$huge" ge 300
	echo manual >$HOST/mode
	takes $((33 * MiB)) $((33 * MiB))
	# 16 are given whole, of which some may not have been the host's as such.
	check_num "huge pages that the host has no more" $(((huge - $(huge_shmem)) / 2)) ge $((16 - (512 - huge) / 2))
	check_num "huge pages that the host has no more" $(((huge - $(huge_shmem)) / 2)) le 20
	takes $((33 * MiB + 5 * 4096)) $((33 * MiB + 5 * 4096))
	check_num "and after five pages more" $(((huge - $(huge_shmem)) / 2)) le 24
	check "the guest lives" vm_run a 'pidof hog >/dev/null'
	check "guest's kernel is content" vm_dmesg_clean a
	takes 0 0
}

# huge_shmem: MiB of huge pages in it.
huge_shmem() { meminfo ShmemHugePages; }

# freed WHAT BEFORE TAKEN LEAST: that many permille of the MiB taken are free.
freed() {
	local now permille
	now=$(meminfo Shmem)
	permille=$((($2 - now) * 1000 / $3))
	echo "# $1: $3 MiB taken, $(($2 - now)) MiB free, $(huge_shmem) MiB in huge pages left"
	check_num "$1: permille of it that is free" $permille ge "$4"
}

test_shmem_of_huge_pages() {
	local dir=/run/huge before
	mkdir -p $dir
	mount -t tmpfs -o huge=always,size=1G huge $dir || { fail "no tmpfs of huge pages"; return; }
	if start_vm a size=448 ram=shm:$dir; then
		before=$(meminfo Shmem)
		check_num "MiB of RAM in huge pages at first" "$(huge_shmem)" ge 380
		echo manual >$HOST/mode
		takes $((128 * MiB)) $((128 * MiB))
		freed "huge pages" "$before" 128 900

		# Single pages, each of which breaks a huge one or a part of it.
		vm_run a 'insmod /modules/aero_fragment.ko every=2'
		before=$(meminfo Shmem)
		takes $((144 * MiB)) $((144 * MiB))
		freed "single pages" "$before" 16 900
		grep -E 'punches|filled' "/sys/kernel/debug/aerostat/${SYS_a##*/}/stats" | sed 's/^/# /'
		check "state" is "$SYS_a/state" active
	fi
	vm_kill_all
	umount $dir
}

run_cases
