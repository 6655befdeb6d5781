#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The working set that the host measures, against ones that are known.
. "$(dirname "$0")/lib.sh"

PERIOD=4	# seconds; 30 by default
LAST_LOOK=4	# of a period

# A guest without the memory that is watched in others, whose size is all that the test makes of it.
start_bare() {
	start_vm a watch=1 "$@" || return
	vm_run a 'kill $(pidof memwatch)'
	unset "watched[a]"
	echo $((PERIOD * 1000)) >$HOST/working_set_period_ms
	echo 300 >$HOST/working_set_samples
	echo >$TRACE/trace
	echo 1 >$TRACE/events/aerostat/aerostat_working_set/enable
}

# use MIB: one process more in guest a, which uses so much over and over. Page by page, for in random order a slow machine
# leaves some out in a period, and they are not used then.
use() {
	local pid
	pid=$(vm_spawn a "hog busy $1")
	wait_for 180 is_busy "$pid" || fail "no hog of $1 MiB"
	wait_for 60 known || fail "no estimate"
}
# Where nobody asks for long, it begins anew, and the slow average is that of a few periods.
is_busy() { ask >/dev/null; vm_run a "grep -q ready /tmp/$1.out"; }

ask() { cat "$SYS_a"/working_set_bytes 2>/dev/null; }
known() { [[ $(ask) ]]; }

# measured: MiB; on a busy machine a period can last for longer than two should.
measured() {
	local bytes
	wait_for 30 known
	bytes=$(ask)
	echo $((${bytes:-0} / MiB))
}

# periods N: let so many end, while somebody asks; on a busy machine each takes longer than it should.
periods() {
	local most=$(($(ended) + $1))
	wait_for $((5 * $1 * PERIOD)) have_ended $most || fail "$1 periods do not end"
}
ended() { grep -c "aerostat_working_set: .* look=$LAST_LOOK " $TRACE/trace; }
have_ended() { ask >/dev/null; (($(ended) >= $1)); }

# check_estimate USED SIZE [MORE]: in MiB, within ten points of the VM, or MORE above.
check_estimate() {
	local permille=$(($(measured) * 1000 / $2)) truth=$(($1 * 1000 / $2))
	check_num "permille of the VM at least, with $truth used" "$permille" ge $((truth - 100))
	check_num "permille of the VM at most, with $truth used" "$permille" le $((truth + ${3:-100}))
}

test_five_working_sets() {
	local used=0 size=384 left
	start_bare size=$size || return
	check "nobody has asked" is "$(dirname "$(vm_stat_file a)")/stats" '*working_set_unmaps 0*'
	ask
	periods 3
	check_estimate 0 $size
	for _ in 1 2 3; do
		use $((size / 4))
		used=$((used + size / 4))
		periods 3
		check_estimate $used $size
	done
	# All that a process can have.
	left=$(($(guest_meminfo a MemAvailable) / 1024 - 16))
	use $left
	used=$((used + left))
	periods 3
	check_estimate $used $size
	check_num "bytes that it may be off" "$(cat "$SYS_a"/working_set_error_bytes)" le $((size * MiB * 6 / 100))
	check_num "bytes that it may be off" "$(cat "$SYS_a"/working_set_error_bytes)" ge $((size * MiB / 200))

	# What is not used any more is missed slowly, but is.
	vm_run a 'kill $(pidof hog)'
	periods 3
	check_num "permille after three periods of rest" $(($(measured) * 1000 / size)) ge 400
	periods 12
	check_num "permille after fifteen" $(($(measured) * 1000 / size)) le 250
}

# lie NAME=VALUE...: what guest a says of itself is this, for three periods; sets $told, what was measured then.
lie() {
	vm_run a "insmod /modules/aero_lie.ko $*" || fail "the guest does not lie"
	periods 3
	told=$(measured)
	pressure=$(cat "$SYS_a/pressure")
	available=$(($(vm_hint a available_bytes) / MiB))
	vm_run a 'rmmod aero_lie'
	echo "# with $*: $told MiB are used, pressure $pressure"
}

# check_told: within the noise of two measurements of what was measured of the honest guest.
check_told() {
	check_num "permille of the VM that the lie makes" $(((told > honest ? told - honest : honest - told) * 1000 / size)) le 90
	check_num "permille of the VM at least, with $((used * 1000 / size)) used" $((told * 1000 / size)) ge $((used * 1000 / size - 100))
	check_num "permille of the VM at most, with $((used * 1000 / size)) used" $((told * 1000 / size)) le $((used * 1000 / size + 100))
}

# It uses half of what it has, and says that it suffers for lack of memory, or that all of it is free.
test_a_lie_changes_nothing() {
	local used=192 size=384 honest told pressure available
	start_bare size=$size || return
	use $used
	ask
	periods 3
	honest=$(measured)
	echo "# honest: $honest MiB are used, pressure $(cat "$SYS_a/pressure")"
	check_estimate $used $size
	lie available=0 misery=100000
	# Enough to count as pressed; the driver tells the truth in between.
	check_num "pressure by the guest's word" "$pressure" ge 400
	check_told
	lie available=$((size * MiB)) misery=0
	check_num "MiB available by the guest's word" "$available" eq $size
	check_told
}

vm_stat_file() { echo "/sys/kernel/debug/aerostat/$(basename "$(vm_sysfs "$1")")/stats"; }

# Whole ones are looked at, and stay whole.  One page of 512 that the kernel uses makes all of them used.
test_huge_pages_stay_whole() {
	local size=512 huge
	start_bare size=$size ram=huge || return
	use 256
	huge=$(host_meminfo ShmemHugePages)
	check_num "KiB of huge pages before" "$huge" ge $((256 * 1024))
	ask
	periods 3
	check_estimate 256 $size 200
	check_num "samples were unmapped" "$(vm_stat a working_set_unmaps)" ge 100
	check_num "KiB of huge pages" "$(host_meminfo ShmemHugePages)" ge "$huge"
}

# What it costs a VM of a GiB with the settings as they come; nothing, when nobody asks.
test_what_it_costs() {
	local before began unmaps us
	start_vm a size=1024 ram=huge || return
	check "nothing yet" test "$(vm_stat a working_set_unmaps)" = 0
	check "a first answer takes a period" test ! "$(ask)"
	before=$(vm_stat a working_set_us) began=${EPOCHREALTIME/[.,]/}
	wait_for 45 known || fail "no estimate"
	sleep 28
	ask >/dev/null
	us=$(($(vm_stat a working_set_us) - before)) unmaps=$(vm_stat a working_set_unmaps)
	echo "# $us us of a processor in $(((${EPOCHREALTIME/[.,]/} - began) / 1000)) ms, $unmaps folios unmapped"
	check_num "millionths of a processor" $((us * 1000000 / (${EPOCHREALTIME/[.,]/} - began))) le 500
	# Two periods, and what is under way ends.
	sleep 95
	unmaps=$(vm_stat a working_set_unmaps)
	sleep 35
	check_num "folios unmapped although nobody asks" $(($(vm_stat a working_set_unmaps) - unmaps)) eq 0
}

test_what_cannot_be_measured_says_so() {
	local value
	for value in 0 1001 x -1; do
		! { echo $value >$HOST/working_set_samples; } 2>/dev/null || fail "$value samples"
	done
	for value in 0 999 3600001 x; do
		! { echo $value >$HOST/working_set_period_ms; } 2>/dev/null || fail "a period of $value ms"
	done
	reserve_huge_pages 192
	start_vm a size=384 ram=hugetlb watch=1 || return
	echo 1000 >$HOST/working_set_period_ms
	check "none of huge pages that were set aside" wait_for 10 says "Operation not supported"
	vm_kill_all
	reserve_huge_pages 0
	wait_for 10 no_vms
	start_vm a size=256 watch=1 -overcommit mem-lock=on || return
	echo 1000 >$HOST/working_set_period_ms
	check "none of locked memory" wait_for 10 says "Operation not supported"
	check "for root alone" test "$(stat -c %a "$SYS_a/working_set_bytes")" = 400
}
says() { [[ $(cat "$SYS_a/working_set_bytes" 2>&1) == *"$1"* ]]; }

run_cases
