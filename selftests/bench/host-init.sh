#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Process 1 of the bench host once host-initramfs.sh has readied it, or a service of systemd's: runs /bench/command,
# reports, powers off.
#
# The command's output goes to the virtio port aerostat.out, its exit status to aerostat.status; the console
# stays the kernel's.  The command finds: /aerostat (the build, its working directory), /bench (kernel and
# initramfs for guests), /out (for results), KVM loaded, debugfs and tracefs mounted, and a real jc42 sensor on an
# emulated bus, in BENCH_I2C_BUS and BENCH_JC42 (its hwmon directory).  host.sh has functions for it.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb

say() { echo "bench: $*" >/dev/kmsg; }

for name in /sys/class/virtio-ports/*/name; do
	port=${name%/name}
	case $(<"$name") in
	aerostat.out) out=/dev/${port##*/} ;;
	aerostat.status) report=/dev/${port##*/} ;;
	esac
done

finish() {
	say "command ended with status $1"
	echo "$1" >"$report"
	# systemd's, where process 1 is.
	[[ $$ == 1 ]] || exec systemctl poweroff --force --force
	busybox poweroff -f
}

[[ -e /dev/kvm ]] || { say "no KVM here"; finish 125; }
for hwmon in /sys/bus/i2c/devices/*-0018/hwmon/hwmon*; do
	export BENCH_JC42=$hwmon BENCH_I2C_BUS=${hwmon#/sys/bus/i2c/devices/}
	BENCH_I2C_BUS=${BENCH_I2C_BUS%%-*}
done
/aerostat/.bench/bin/kvmhold &
hold=$!
read -r uptime _ </proc/uptime
say "up after $uptime s"

# A pipe in between: a port can be opened only once, and the command may want to open /dev/stderr.
mkfifo /run/output
cat </run/output >"$out" &
cat=$!
cd /aerostat || finish 125
bash /bench/command </dev/null >/run/output 2>&1
status=$?

# Whatever the command left behind ends here (kernel threads have no exe).
for process in /proc/[0-9]*; do
	[[ $$ == 1 ]] || break
	pid=${process#/proc/}
	[[ $pid == 1 || $pid == "$cat" || $pid == "$hold" || ! -e $process/exe ]] || kill -KILL "$pid" 2>/dev/null
done
wait "$cat"
finish "$status"
