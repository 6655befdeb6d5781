#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A guest's kernel ends or sleeps, and another one, or the same, goes on in its memory: kexec, crash, suspend,
# hibernation, migration.  The memory of who goes on is watched from its first second (lib.sh).
. "$(dirname "$0")/lib.sh"

# The guest's kernel and initramfs, in its /tmp. kexec_file_load() wants regular files.
KERNEL=(-drive "file=/bench/guest.vmlinuz,format=raw,if=virtio,readonly=on"
	-drive "file=/bench/guest.initrd,format=raw,if=virtio,readonly=on")
fetch_kernel() { vm_run a 'modprobe virtio_blk && cat /dev/vda >/tmp/kernel && cat /dev/vdb >/tmp/initrd'; }

# The old driver lets go of all it has, and the new kernel uses all of it.
test_kexec() {
	local before boot
	start_vm a size=1024 ram=huge "${KERNEL[@]}" || return
	fetch_kernel || { fail "no kernel in the guest"; return; }
	inflate a 512
	boot=$(boot_id a)
	vm_run a 'kexec -l /tmp/kernel /tmp/initrd "$(cat /proc/cmdline)" || exit; (sleep 0.2; kexec -e) >/dev/null 2>&1 &' ||
		{ fail "no kernel loaded"; return; }
	wait_for 120 another_boot a "$boot" || { fail "the new kernel does not come up"; return; }
	check "what the old one gave is forgotten" wait_for 15 is "$SYS_a/balloon_bytes" 0
	before=$(vm_stat a punched_bytes)
	check "the new one can use all of its memory" vm_run a 'hog touch 700'
	check "and has all of it" vm_watch_ok a
	check_num "bytes punched meanwhile" $(($(vm_stat a punched_bytes) - before)) eq 0
	vm_insmod a
	check "served again" wait_for 60 is "$SYS_a/balloon_bytes" $((512 * MiB))
	check "guest's kernel is content" vm_dmesg_clean a
}

# The crash kernel lives in memory of its own, and the dead driver's ring is not read any more.
test_crash_into_kdump() {
	local before
	start_vm a size=1024 ram=huge append=crashkernel=160M "${KERNEL[@]}" || return
	fetch_kernel || { fail "no kernel in the guest"; return; }
	inflate a 400
	vm_run a 'kexec -p /tmp/kernel /tmp/initrd "$(sed "s/crashkernel=[^ ]*//" /proc/cmdline) nr_cpus=1 reset_devices"' ||
		{ fail "no crash kernel"; return; }
	VM_TIMEOUT=5 vm_run a 'echo c >/proc/sysrq-trigger' >/dev/null 2>&1
	sleep 2
	before=$(vm_stat a punched_bytes)
	# Its devices were never shut down, and the agent's does not answer any more; the console does.
	unset "watched[a]"
	check "the crash kernel watches its memory" wait_for 120 crash_kernel_says 'hog: 8 passes'
	crash_kernel_says 'BUG: hog' && fail "its memory is not what it was"
	check "nobody is waited for" wait_for 20 is "$SYS_a/state" 'waiting*'
	check_num "bytes punched since the crash" $(($(vm_stat a punched_bytes) - before)) eq 0
	check "the balloon is forgotten" is "$SYS_a/balloon_bytes" 0
}

crash_kernel_says() { sed '1,/Kernel panic\|sysrq: Trigger a crash/d' "$(vm_log a)" | grep -q "$1"; }

# As far as devices go; the firmware's part is not ours.
test_suspend() {
	start_vm a size=512 || return
	inflate a 200
	check "suspends and resumes" vm_run a 'echo devices >/sys/power/pm_test && echo mem >/sys/power/state'
	check "the balloon is as it was" wait_for 5 is "$SYS_a/balloon_bytes" $((200 * MiB))
	echo $((300 * MiB)) >$HOST/reclaim_target_bytes
	check "it follows its target" wait_for 30 is "$SYS_a/balloon_bytes" $((300 * MiB))
	check "active" wait_for 10 is "$SYS_a/state" active
	check "guest's kernel is content" vm_dmesg_clean a
}

# The image holds no balloon, and is restored under another QEMU, where the balloon comes back: only the driver in the
# image can say hello there. The agent does not outlive it, so the console tells of the watched memory.
test_hibernate() {
	local disk=(-drive file=/dev/shm/swap,format=raw,if=virtio)
	truncate -s 700M /dev/shm/swap
	start_vm a size=512 "${disk[@]}" || return
	vm_run a 'modprobe virtio_blk && mkswap /dev/vda >/dev/null && swapon /dev/vda' ||
		fail "no swap in the guest"
	inflate a 200
	vm_run a 'echo shutdown >/sys/power/disk; (sleep 0.2; echo disk >/sys/power/state) >/dev/null 2>&1 &'
	wait_for 60 gone a || { fail "does not hibernate"; return; }
	vm_start a size=512 append=init_on_alloc=0 "${disk[@]}" && vm_wait_up a 120 || { fail "does not boot"; return; }
	vm_run a 'modprobe virtio_blk; cat /sys/block/vda/dev >/tmp/dev; (sleep 0.2; cat /tmp/dev >/sys/power/resume) >/dev/null 2>&1 &'
	unset "watched[a]"
	wait_for 60 vm_known a || fail "the driver in the image does not say hello"
	SYS_a=$(vm_sysfs a)
	check "the balloon is back" wait_for 60 is "$SYS_a/balloon_bytes" $((200 * MiB))
	check "active" wait_for 10 is "$SYS_a/state" active
	check "the memory in the image is watched" wait_for 60 grep -q 'hog: .* passes' "$(vm_log a)"
	grep -q 'BUG: hog' "$(vm_log a)" && fail "memory is not what it was"
	vm_kill a
	rm -f /dev/shm/swap
}

gone() { ! vm_alive "$1"; }
migrated() { vm_qmp a '{"execute":"query-migrate"}' | grep -q '"completed"'; }

# Nothing is taken while KVM logs writes, and the balloon goes on where the guest goes on.
test_migration() {
	start_vm a size=512 aerostat=master || return
	inflate a 200
	vm_start b size=512 aerostat=master -incoming unix:/run/migration || { fail "no destination"; return; }
	vm_qmp a '{"execute":"migrate","arguments":{"uri":"unix:/run/migration"}}' >/dev/null || fail "migrate"
	wait_for 120 migrated || fail "does not end: $(vm_qmp a '{"execute":"query-migrate"}')"
	unset "watched[a]"
	watched[b]=1
	vm_kill a
	check "the guest goes on" vm_run b true
	wait_for 20 vm_known b || fail "the host does not see the guest where it is now"
	SYS_b=$(vm_sysfs b)
	check "its balloon is known there" wait_for 60 is "$SYS_b/balloon_bytes" $((200 * MiB))
	echo $((100 * MiB)) >$HOST/reclaim_target_bytes
	check "and follows its target" wait_for 30 is "$SYS_b/balloon_bytes" $((100 * MiB))
	check "active" is "$SYS_b/state" active
	check "guest's kernel is content" vm_dmesg_clean b
}

run_cases
