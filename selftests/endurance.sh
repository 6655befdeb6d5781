#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What goes well once must go well always: a sample here, as often as it takes in `make soak`.
. "$(dirname "$0")/lib.sh"

# Random moments are replayed by AEROSTAT_SEED.
seed() {
	RANDOM=${AEROSTAT_SEED:=$RANDOM}
	echo "# seed $AEROSTAT_SEED"
}

# nap MOST: sleep for a random time of up to MOST milliseconds.
nap() {
	local ms=$((RANDOM * ($1 + 1) / 32768))
	sleep $((ms / 1000)).$(printf %03d $((ms % 1000)))
}

# From before its first instruction to a full balloon: whenever QEMU dies, all of it goes.
test_qemu_killed_at_random_moments() {
	local i n shmem users
	n=$(times 4 300)
	seed
	shmem=$(meminfo Shmem)
	users=$(kvm_users)
	echo manual >$HOST/mode
	echo $((300 * MiB)) >$HOST/reclaim_target_bytes
	for ((i = 1; i <= n; i++)); do
		vm_start a size=512 append=init_on_alloc=0 || { fail "kill $i: QEMU does not start"; return; }
		# Its driver is loaded as soon as that is possible, and dies with it at the latest.
		(vm_wait_up a 60 && vm_insmod a) >/dev/null 2>&1 &
		nap 14000
		vm_kill a
		wait $!
		wait_for 10 no_vms || fail "kill $i: it stays in sysfs"
		wait_for 10 is $REFCNT 0 || fail "kill $i: the module is still in use"
		wait_for 20 shmem_at_most $((shmem + 1)) || fail "kill $i: $(($(meminfo Shmem) - shmem)) MiB stay"
		[[ $(kvm_users) == "$users" ]] || fail "kill $i: KVM is still in use"
		((!case_failed)) || return
	done
	echo "# killed $n times"
	check "nothing is reclaimed" wait_for 5 is $HOST/reclaimed_bytes 0
	check "blocks are online" wait_for 30 is $HOST/offline_blocks 0
}

# The guest's driver, while memory is used, taken and given back.
test_guest_driver_comes_and_goes() {
	local i n total
	n=$(times 8 200)
	seed
	start_vm a size=512 || return
	total=$(guest_meminfo a MemTotal)
	vm_spawn a 'hog busy 100' >/dev/null
	echo manual >$HOST/mode
	for ((i = 1; i <= n; i++)); do
		echo $(((RANDOM % 250 + 1) * MiB)) >$HOST/reclaim_target_bytes
		nap 1500
		vm_run a 'rmmod aerostat_guest' || fail "round $i: rmmod"
		[[ $(guest_meminfo a MemTotal) == "$total" ]] || fail "round $i: the guest has not all of its memory"
		vm_insmod a || fail "round $i: insmod"
		((!case_failed)) || return
	done
	echo "# came and went $n times"
	echo $((200 * MiB)) >$HOST/reclaim_target_bytes
	check "it follows its target" wait_for 60 is "$SYS_a/balloon_bytes" $((200 * MiB))
	check_num "drivers that were served" "$(vm_stat a epochs)" ge $((n / 2))
	check "memory that is in use goes on being used" vm_run a 'pidof hog >/dev/null'
	check "guest's kernel is content" vm_dmesg_clean a
}

# The host's module, with VMs that come, give, take and are killed at any moment (vmm/).
test_host_module_comes_and_goes() {
	local i j n slab available
	local -a pids
	n=$(times 8 200)
	seed
	for ((i = 1; i <= n; i++)); do
		pids=()
		for ((j = 0; j < 4; j++)); do
			"$VMM" follow &
			pids+=($!)
		done
		echo manual >$HOST/mode
		echo $(((RANDOM % 200 + 1) * MiB)) >$HOST/reclaim_target_bytes
		nap 1500
		kill -KILL "${pids[@]}"
		wait "${pids[@]}" 2>/dev/null
		wait_for 10 host_unload 2>/dev/null || fail "round $i: rmmod"
		host_load || fail "round $i: insmod"
		((!case_failed)) || return
		# The first rounds fill caches.
		((i == n / 4)) && slab=$(host_meminfo SUnreclaim) available=$(host_available)
	done
	echo "# came and went $n times"
	check_num "slab that is lost, KiB" $(($(host_meminfo SUnreclaim) - slab)) le $((2048 + n * 8))
	check_num "memory that is lost, MiB" $((available - $(host_available))) le 16
}

# The target turns round before the balloon is there, at the highest rate: pages are taken back while the host is about
# to punch them.
test_deflate_races_punches() {
	local end
	seed
	start_vm a size=1024 ram=huge || return
	spawn_verifier a 300
	echo $((1024 * MiB)) >"$SYS_a/rate_max_bytes"
	echo $((1024 * MiB)) >"$SYS_a/rate_min_bytes"
	echo 100 >$HOST/waste_percent
	echo manual >$HOST/mode
	end=$((SECONDS + $(times 20 300)))
	while ((SECONDS < end)); do
		echo $(((RANDOM % 450) * MiB)) >$HOST/reclaim_target_bytes
		nap 400
	done
	check "no byte is lost" verifier_ok a
	echo $((64 * MiB)) >$HOST/reclaim_target_bytes
	check "it follows its target" wait_for 60 is "$SYS_a/balloon_bytes" $((64 * MiB))
	check "active" is "$SYS_a/state" active
	echo "# given $(($(vm_stat a inflated_pages) / 256)) MiB, taken back $(($(vm_stat a deflated_pages) / 256)) MiB"
	check_num "MiB given" $(($(vm_stat a inflated_pages) / 256)) ge 500
	check "guest's kernel is content" vm_dmesg_clean a
}

run_cases
