#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guest as an enemy with a ring.
. "$(dirname "$0")/lib.sh"

# strike VM NAME [PARAMETER...]: one attack, see modules/hostile_main.c.
strike() { vm_run "$1" "insmod /modules/aero_hostile.ko attack=$2 ${*:3} && rmmod aero_hostile" 2>&1; }

hostile_vm() { vm_start bad size=512 append='init_on_alloc=0 panic=-1' && vm_wait_up bad 120; }

# A guest that breaks a rule is put into quarantine; its neighbour is not concerned; a reset gives it another chance.
test_nonsense_in_the_ring() {
	local attack given out n=0
	start_vm good size=512 || return
	echo $((128 * MiB)) >"$SYS_good/min_bytes"
	hostile_vm || { fail "the bad guest does not boot"; return; }
	echo manual >$HOST/mode
	for attack in zero huge overflow wrap mmio rom opcode reserved twice never-given index index-back; do
		out=$(strike bad $attack) || fail "$attack: the hostile driver was not served: $out"
		check "$attack: quarantine" wait_for 5 is "$(vm_sysfs bad)/state" 'quarantined*'
		check "$attack: nothing counts as given" is "$(vm_sysfs bad)/balloon_bytes" 0
		echo "# $attack: $(cat "$(vm_sysfs bad)/state")"
		((n++ % 3 == 0)) || continue
		given=$(((RANDOM % 200 + 20) * MiB))
		echo $given >$HOST/reclaim_target_bytes
		check "$attack: the neighbour follows its target" wait_for 20 is "$SYS_good/balloon_bytes" $given
	done
	out=$(strike bad zero remap=0) && fail "a second hello without a reset was listened to: $out"
	check "still in quarantine" is "$(vm_sysfs bad)/state" 'quarantined*'
	vm_qmp bad '{"execute":"system_reset"}' >/dev/null
	sleep 1
	vm_wait_up bad 120 || { fail "the bad guest does not boot again"; return; }
	vm_insmod bad
	check "after a reset an honest driver is served" wait_for 15 is "$(vm_sysfs bad)/state" active
}

# A great many descriptors, good, bad and changed in flight. What the neighbour has is watched (see lib.sh).
test_fuzz() {
	local before seed=${AEROSTAT_SEED:-$RANDOM} count=$((1000 * $(times 100 10000)))
	start_vm good size=512 || return
	hostile_vm || { fail "the bad guest does not boot"; return; }
	echo 100 >$HOST/waste_percent
	echo manual >$HOST/mode
	echo $((64 * MiB)) >$HOST/reclaim_target_bytes
	before=$(host_available)
	VM_TIMEOUT=1500 vm_run bad "insmod /modules/aero_hostile.ko attack=fuzz seed=$seed count=$count" ||
		fail "seed $seed: the hostile driver was not served to its end"
	vm_run bad 'cd /sys/module/aero_hostile/parameters; grep . descs epochs quarantines' | sed "s/^/# seed $seed, /"
	check_num "descriptors that the host has read" "$(vm_stat bad descriptors)" ge $((count / 2))
	check "the neighbour follows its target" wait_for 20 is "$SYS_good/balloon_bytes" $((64 * MiB))
	vm_kill bad
	check "the fuzzer's VM has gone" wait_for 10 one_vm
	check_num "MiB that the host has lost" $((before - $(host_available))) le 64
}

# The same without a guest in between, and with what only a VMM can do.
# A neighbour, a process like it, watches each byte that it has.
test_a_hostile_vmm() {
	local seed=${AEROSTAT_SEED:-$RANDOM} good bad dir mib out=/tmp/hostile
	local count=${AEROSTAT_DESCS:-$((1000 * $(times 300 10000)))}
	echo 100 >$HOST/waste_percent
	echo manual >$HOST/mode
	"$VMM" follow &
	good=$!
	wait_for 10 only_vm_is active || { fail "the neighbour is not served"; kill $good; return; }
	dir=$(echo /sys/class/aerostat/vm-*)
	echo "# seed $seed, $count descriptors"
	timeout 3600 "$VMM" hostile "$seed" "$count" >$out &
	bad=$!
	while [[ -d /proc/$bad ]]; do
		for mib in 40 8; do
			echo $((mib * MiB)) >$HOST/reclaim_target_bytes
			sleep 0.5
			check "the neighbour follows its target" wait_for 10 same "$dir/balloon_bytes" "$dir/target_bytes"
		done
	done
	check "seed $seed: nothing is lost, and the host serves to the end" wait $bad
	sed 's/^/# /' $out
	check_num "descriptors that the host has read" "$(said read)" ge $((count / 3))
	check_num "of which ended an epoch" "$(said quarantines)" gt 0
	check_num "changes of memslots meanwhile" "$(said replugs)" gt 0
	check_num "channels mapped anew" "$(said remaps)" gt 0
	check "its VM has gone" wait_for 10 one_vm
	echo $((24 * MiB)) >$HOST/reclaim_target_bytes
	check "the neighbour is served as before" wait_for 20 is "$dir/balloon_bytes" $((24 * MiB))
	kill -TERM $good
	check "the neighbour has lost nothing" wait $good
}

same() { [[ $(<"$1") == "$(<"$2")" ]]; }
said() { sed -n "s/^$1 //p" $out; }

test_a_flood_costs_the_host_a_twentieth() {
	local before began spent
	hostile_vm || { fail "the bad guest does not boot"; return; }
	vm_spawn bad 'insmod /modules/aero_hostile.ko attack=fuzz seed=1 count=100000000' >/dev/null
	wait_for 20 flood_runs || fail "the flood does not begin"
	sleep 4
	before=$(vm_stat bad worked_us) began=${EPOCHREALTIME/[.,]/}
	sleep 10
	spent=$(($(vm_stat bad worked_us) - before))
	# The burst that is free, and what one piece of work takes beyond its bound, are within a tenth.
	check_num "permille of a CPU spent on it" $((spent * 1000 / (${EPOCHREALTIME/[.,]/} - began))) le 100
	check_num "descriptors read" "$(vm_stat bad descriptors)" gt 20000
}

flood_runs() { (($(vm_stat bad descriptors) > 10000)); }

# The ring names all of memory as given in the moment of a reset. The next kernel's memory is watched from its first
# second; nothing of it may be punched.
test_reset_with_a_full_ring() {
	local i n boot epochs punched
	n=$(times 1 50)
	start_vm a driver=no watch=64 size=1024 append=panic=-1 || return
	echo manual >$HOST/mode
	echo $((512 * MiB)) >$HOST/reclaim_target_bytes
	for ((i = 1; i <= n; i++)); do
		boot=$(boot_id a)
		vm_run a '(sleep 0.2; insmod /modules/aero_hostile.ko attack=stale remap=0) >/dev/null 2>&1 &'
		wait_for 120 another_boot a "$boot" || { fail "reset $i: the guest does not boot again"; return; }
		punched=$(vm_stat a punched_bytes)
		check "reset $i: memory is what it was" vm_watch_ok a
		sleep 2
		[[ $(vm_stat a punched_bytes) == "$punched" ]] || fail "reset $i: something was punched while no driver was there"
		vm_insmod a || fail "reset $i: the driver does not load"
		check "reset $i: served again" wait_for 15 is "$SYS_a/state" active
		check "reset $i: memory can be taken" wait_for 60 is "$SYS_a/balloon_bytes" $((512 * MiB))
		check "reset $i: and what is left is what it was" vm_watch_ok a
		vm_run a 'rmmod aerostat_guest' || fail "reset $i: the driver does not unload"
	done
	epochs=$(vm_stat a epochs)
	check_num "drivers that were served" "$epochs" eq $((2 * n))
	check_num "descriptors of dead rings" "$(dmesg | grep -c 'aerostat.*quarantined')" eq 0
	echo "# $n resets"
}

run_cases
