#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Channels with doorbells: aerostatd hands them out, each side is rung, and nobody looks for nothing.
. "$(dirname "$0")/lib.sh"

# ringing_vm NAME [start_vm's arguments]: one that has said hello by its doorbell.
ringing_vm() {
	local name=$1
	shift
	start_vm "$name" size=512 aerostat=doorbell "$@" || return
	[[ $* == *driver=no* ]] || vm_run "$name" 'dmesg | grep -q "aerostat.*, which rings"' || fail "$name: no interrupt"
}

# irqs NAME: that the host has raised in it.
irqs() { vm_run "$1" "awk '/aerostat_guest/ { n += \$2 } END { print n + 0 }' /proc/interrupts"; }

test_how_a_channel_gets_a_doorbell() { vmm doorbell-ioctl; }

test_rings_alone_serve_a_vm() { vmm doorbell 120; }

test_who_does_not_answer_is_silent() { vmm doorbell-silent; }

test_nobody_polls_for_an_answer() { vmm doorbell-slots 120; }

test_a_lost_ring_is_made_up_for() { vmm doorbell-unheard; }

test_a_doorbell_cannot_be_pretended() { vmm doorbell-pretended; }

test_the_last_state_is_told() {
	dmesg -c >/dev/null
	vmm doorbell-told 120
	check "the kernel says how it ended" sh -c 'dmesg | grep -q "vm-.*quarantined"'
}

test_a_flood_of_work_costs_the_host_a_twentieth() { vmm doorbell-flood; }

test_a_guest_is_served() {
	local before boot
	aerostatd_start
	ringing_vm a || return
	before=$(guest_meminfo a MemTotal)
	check "who is off still sees how idle it is" wait_for 5 at_least "$SYS_a/idle" 100
	inflate a 256
	check_num "its driver has heard of it all" "$(guest_attr a balloon_bytes)" eq $((256 * MiB))
	echo 0 >$HOST/reclaim_target_bytes
	check "it comes back" wait_for 20 is "$SYS_a/balloon_bytes" 0
	check_num "guest's memory" "$(guest_meminfo a MemTotal)" eq "$before"

	inflate a 256
	boot=$(boot_id a)
	vm_qmp a '{"execute":"system_reset"}' >/dev/null
	wait_for 120 another_boot a "$boot" || { fail "no reset"; return; }
	vm_insmod a
	check "after a reset, too" wait_for 60 is "$SYS_a/balloon_bytes" $((256 * MiB))
	check "the driver unloads" vm_run a 'rmmod aerostat_guest'
	check "and is not waited for" wait_for 5 is "$SYS_a/state" 'waiting*'
	check_num "with nothing left behind" "$(cat "$SYS_a/balloon_bytes")" eq 0
	vm_insmod a
	check "and loads again" wait_for 60 is "$SYS_a/balloon_bytes" $((256 * MiB))
	check "suspends and resumes" vm_run a 'echo devices >/sys/power/pm_test && echo mem >/sys/power/state'
	echo $((300 * MiB)) >$HOST/reclaim_target_bytes
	check "and follows" wait_for 20 is "$SYS_a/balloon_bytes" $((300 * MiB))
	check "guest's kernel is content" vm_dmesg_clean a
}

# Nothing has an interrupt, a ring or a work item to show for half a minute; the holes in its memory are looked at.
test_an_idle_guest_is_left_alone() {
	local raised rings rung
	aerostatd_start
	ringing_vm a || return
	inflate a 128
	sleep 8
	raised=$(irqs a) rings=$(vm_stat a rings) rung=$(vm_stat a rung)
	echo "# $raised interrupts, $rings rings, rung $rung times since it was started"
	check_num "interrupts until then" "$raised" gt 0
	sleep 30
	check_num "interrupts in half a minute" $(($(irqs a) - raised)) eq 0
	check_num "rings" $(($(vm_stat a rings) - rings)) eq 0
	check_num "rung" $(($(vm_stat a rung) - rung)) eq 0
	check "it is no less alive" is "$SYS_a/state" active
}

# The memory goes on one processor. The statistics' timer may lie on the other, which sleeps; reclaim does not wait.
test_a_suffering_guest_is_heard() {
	local before
	aerostatd_start
	ringing_vm a smp=2 ram=huge || return
	inflate a 128
	sleep 8
	before=$(($(guest_meminfo a MemAvailable) / 1024))
	check_num "MiB available, before" $(($(vm_hint a available_bytes) / MiB)) gt $((before / 2))
	vm_spawn a "taskset 2 hog busy $((before - 10))" >/dev/null
	check "it says how little is left" wait_for 30 available_less_than a 60
}

available_less_than() { (($(vm_hint "$1" available_bytes) / MiB < $2)); }

test_the_server_may_die() {
	aerostatd_start
	ringing_vm a || return
	aerostatd_kill
	inflate a 128
	aerostatd_start
	ringing_vm b || return
	check_num "VMs" "$(compgen -G '/sys/class/aerostat/vm-*' | wc -l)" eq 2
	echo $((256 * MiB)) >$HOST/reclaim_target_bytes
	check "both give" wait_for 20 both_give $((256 * MiB))
}

both_give() { (($(cat "$SYS_a/balloon_bytes") > 0 && $(cat "$SYS_b/balloon_bytes") > 0 && $(cat $HOST/reclaimed_bytes) == $1)); }

# A paused VM is silent once it owes an answer, and is back as soon as it runs.
test_a_paused_vm_comes_back() {
	aerostatd_start
	ringing_vm a || return
	vm_qmp a '{"execute":"stop"}' >/dev/null
	sleep 8
	check "nothing was asked of it" is "$SYS_a/state" active
	echo manual >$HOST/mode
	echo $((64 * MiB)) >$HOST/reclaim_target_bytes
	check "it does not answer" wait_for 10 is "$SYS_a/state" 'silent*'
	vm_qmp a '{"execute":"cont"}' >/dev/null
	check "it answers" wait_for 3 is "$SYS_a/state" active
	check "and gives" wait_for 20 is "$SYS_a/balloon_bytes" $((64 * MiB))
}

test_a_flood_of_rings_costs_the_host_a_twentieth() {
	local before began spent rung attack pid
	aerostatd_start
	ringing_vm bad driver=no || return
	ringing_vm b || return
	for attack in bell hello; do
		pid=$(vm_spawn bad "insmod /modules/aero_hostile.ko remap=0 attack=$attack count=1000000000")
		rung=$(vm_stat bad rung)
		wait_for 20 rung_at_least $((rung + 1000)) || fail "$attack: the flood does not begin"
		sleep 4
		before=$(vm_stat bad worked_us) rung=$(vm_stat bad rung) began=${EPOCHREALTIME/[.,]/}
		sleep 10
		spent=$(($(vm_stat bad worked_us) - before))
		check_num "$attack: permille of a CPU spent on it" $((spent * 1000 / (${EPOCHREALTIME/[.,]/} - began))) le 70
		check_num "$attack: rings meanwhile" $(($(vm_stat bad rung) - rung)) gt 1000
		vm_run bad "kill -KILL $pid; sleep 1; rmmod aero_hostile"
	done
	inflate b 128
	unset "watched[bad]"
}

rung_at_least() { (($(vm_stat bad rung) >= $1)); }

run_cases
