#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mode balance: VMs give for each other and for the host, without any heat.
# bench: --timeout 1800
#
# ROLE is how long a VM is busy before it is the other one's turn, in seconds; not less than 60, for who was given to
# rests, longer if he has to give soon after, and because the time that memory takes counts.  It has to follow within 20.
. "$(dirname "$0")/lib.sh"

ROLE=${ROLE:-120}
FOLLOW=20
SIZE=1024	# MiB, of each VM
BUSY=600	# that a busy one uses, beyond its kernel's
HELD=500	# that both together have given

# Each has a little swap, so that a lack is slow and no disaster.
set_up() {
	local vm
	for vm in a b; do
		start_vm $vm size=$SIZE ram=huge || return
		vm_run $vm "modprobe zram && echo 400M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0" ||
			{ fail "$vm has no swap"; return 1; }
	done
	# What was never touched would be the host's as long as it is not.
	vm_run a "hog touch $((SIZE - 200))" && vm_run b "hog touch $((SIZE - 200))"
	a_uses=$((SIZE - $(guest_meminfo a MemAvailable) / 1024))
	b_uses=$((SIZE - $(guest_meminfo b MemAvailable) / 1024))
	echo "# an idle guest uses $a_uses and $b_uses MiB, a busy one $BUSY more, of $SIZE"
}

# The host has as much available as it shall have: in the middle of the band, nothing is to be done.
reserve_what_is_available() { echo $(($(meminfo MemAvailable) * MiB / 9 * 8)) >$HOST/reserve_bytes; }

# The host has measured both.
ask() { cat "$SYS_a/working_set_bytes" "$SYS_b/working_set_bytes" >/dev/null 2>&1; }

# begin_balance MIB: both VMs together hold so much, have been measured, and the host needs no more and no less.
begin_balance() {
	# In mode manual blocks would go offline, and come back in this one: the host would have more than it had.
	reserve_all
	echo $(($1 * MiB)) >$HOST/reclaim_target_bytes
	echo manual >$HOST/mode
	wait_for 60 is $HOST/reclaimed_bytes $(($1 * MiB)) || fail "taken: $(cat $HOST/reclaimed_bytes)"
	sleep 2
	reserve_what_is_available
	echo balance >$HOST/mode
	wait_for 80 ask || fail "no estimate"
}

end_balance() {
	echo off >$HOST/mode
	wait_for 60 is $HOST/reclaimed_bytes 0 || fail "still held: $(cat $HOST/reclaimed_bytes)"
}

other() { [[ $1 == a ]] && echo b || echo a; }

# has_room VM: what it has suffices for what it uses when it is busy.
has_room() {
	local dir=SYS_$1 uses=${1}_uses
	(($(cat "${!dir}/balloon_bytes") <= (SIZE - ${!uses} - BUSY) * MiB))
}

moves() { grep -c aerostat_vm_target: $TRACE/trace; }

# turn VM [balanced]: it is busy for ROLE seconds; sets $done, the millionths of them that its computing would have taken
# alone.  Balanced: memory has to follow; sets $settled, how often a target changed in the turn's second half.
turn() {
	local vm=$1 from=$SECONDS before
	VM_TIMEOUT=$((ROLE * 2)) vm_run "$vm" "hog turn $BUSY $ROLE" >"/tmp/turn.$vm" &
	turning=$!
	if [[ ${2-} ]]; then
		wait_for $FOLLOW has_room "$vm" || fail "$vm has not enough after $FOLLOW s: $(cat "/sys/class/aerostat/vm-"*/balloon_bytes | tr '\n' ' ')"
		echo "# $vm has what it needs after $((SECONDS - from)) s"
		while ((SECONDS < from + ROLE / 2)); do sleep 0.5; done
		before=$(moves)
		while ((SECONDS < from + ROLE - 2)); do sleep 0.5; done
		settled=$(($(moves) - before))
	fi
	wait $turning || fail "$vm is not busy"
	read -r did done <"/tmp/turn.$vm"
	echo "# $vm did $did pieces of work in $ROLE s; their computing alone takes $((done / 1000)) permille of that"
}

# With all memory free before and after, for the emulator's speed drifts.
test_memory_follows_roles() {
	((${SOAK:-0})) || { skip "it takes 25 minutes, see testing.rst: SOAK=1 runs it"; return; }
	local vm round
	local -A free=([a]=0 [b]=0) balanced=([a]=0 [b]=0)
	for vm in a b; do turn $vm; free[$vm]=$done; done
	begin_balance $HELD
	trace_start
	for round in 1 2; do
		for vm in a b; do
			turn $vm balanced
			balanced[$vm]=$((balanced[$vm] + done))
			check_num "times that a target changed when roles stayed" "$settled" eq 0
			# The budget follows what the host has available, within its band.
			check_num "MiB that they hold together" $(($(cat $HOST/reclaimed_bytes) / MiB)) ge $((HELD * 9 / 10))
		done
	done
	trace_stop >/tmp/trace
	end_balance
	for vm in a b; do turn $vm; free[$vm]=$((free[$vm] + done)); done
	for vm in a b; do
		check_num "permille of the work of $vm that it does with all memory free" \
			$((balanced[$vm] * 1000 / free[$vm])) ge 950
	done
	check "nobody was killed in a" vm_dmesg_clean a
	check "nobody was killed in b" vm_dmesg_clean b
}

# Nobody is short, nothing moves: not in the minutes that noise, caches and estimates need to waver.
test_nothing_moves_without_a_reason() {
	begin_balance $HELD
	sleep 5
	trace_start
	sleep 120
	check_num "times that a target changed" "$(moves)" eq 0
	trace_stop >/tmp/trace
	sed -n 's/.*: \(aerostat_vm_target: .*\)/# \1/p' /tmp/trace
	grep -o 'aerostat_budget: .*' /tmp/trace | sed -n 's/^/# /; 1p; $p'
	check "state" is $HOST/state holding
	check "no block is offline" is $HOST/offline_blocks 0
	end_balance
}

# One at its minimum, the other busy with about all that it has: the first one gets its part back.
test_a_vm_at_its_minimum_has_a_way_back() {
	local hog from
	echo $((SIZE * MiB)) >"$SYS_b/min_bytes"
	begin_balance 500
	check "a has given all of it" is "$SYS_a/balloon_bytes" $((500 * MiB))
	echo $((256 * MiB)) >"$SYS_b/min_bytes"
	echo $((524 * MiB)) >"$SYS_a/min_bytes"
	hog=$(vm_spawn b "hog busy 650 random")
	wait_for 60 vm_run b "grep -q ready /tmp/$hog.out" || fail "b is not busy"
	# Its use has been measured.
	sleep 40
	check "a is at its minimum still" is "$SYS_a/balloon_bytes" $((500 * MiB))
	vm_spawn a "hog busy 500 random" >/dev/null
	from=$SECONDS
	# b has some 130 MiB that its hog and its kernel do not hold, and inflates slowly, with no processor to spare.
	check "a has more" wait_for 180 at_most "$SYS_a/balloon_bytes" $((400 * MiB))
	echo "# after $((SECONDS - from)) s a holds $(($(cat "$SYS_a/balloon_bytes") / MiB)) MiB and b $(($(cat "$SYS_b/balloon_bytes") / MiB))"
	check "b gives" at_least "$SYS_b/balloon_bytes" $((100 * MiB))
	vm_run a 'killall hog'
	vm_run b 'killall hog'
	echo $((256 * MiB)) >"$SYS_a/min_bytes"
	end_balance
}

# The host needs memory: idle VMs give.  It has memory: they get it back.
test_the_host_is_one_of_them() {
	local reserve
	reserve_what_is_available
	echo balance >$HOST/mode
	wait_for 80 ask || fail "no estimate"
	check "nothing is held" is $HOST/reclaimed_bytes 0
	reserve=$(cat $HOST/reserve_bytes)
	# 300 MiB less than there is, and an eighth more to be in the middle.
	echo $((($(meminfo MemAvailable) + 300) * MiB / 9 * 8)) >$HOST/reserve_bytes
	sleep 1
	check "nothing is done for a reserve that is there" is $HOST/reclaimed_bytes 0
	echo $((($(meminfo MemAvailable) + 100) * MiB)) >$HOST/reserve_bytes
	check "what the host lacks is given" wait_for 60 at_least $HOST/reclaimed_bytes $((100 * MiB))
	check "the reserve is there" wait_for 30 reserve_is_there
	check "no block goes offline" is $HOST/offline_blocks 0
	echo "$((reserve / 2))" >$HOST/reserve_bytes
	check "all of it goes back" wait_for 150 is $HOST/reclaimed_bytes 0
	end_balance
}

reserve_is_there() { (($(meminfo MemAvailable) * MiB >= $(cat $HOST/reserve_bytes))); }

# It becomes hot: all as in mode auto, and cool again: the budget is what it was.
test_heat_comes_first() {
	for vm in "$SYS_a" "$SYS_b"; do echo $((512 * MiB)) >"$vm/min_bytes"; done
	rule_by_sensor
	begin_balance 300
	echo $((64 * MiB)) >$HOST/reserve_bytes
	host_set_temp 85000
	check "state" wait_for 10 is $HOST/state emergency
	check "all is taken" wait_for 60 is $HOST/reclaimed_bytes $((SIZE * MiB))
	check "blocks go offline" wait_for 60 at_least $HOST/offline_blocks 4
	check "but not those for what was held before" at_most $HOST/offline_blocks 5
	host_set_temp 40000
	check "what was taken for heat goes back" wait_for 60 at_most $HOST/reclaimed_bytes $((300 * MiB))
	check "all blocks are online" wait_for 30 is $HOST/offline_blocks 0
	end_balance
}

run_cases
