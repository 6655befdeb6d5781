#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The bench host's first program: readies all that host-init.sh and the command it runs find, then becomes it; or, if the
# kernel's command line has bench.systemd, systemd with host-init.sh as a service.
#
# It works from memory with busybox because programs read over 9p start slowly in an emulated machine.  Shares:
# pristine (the release's root, here below a tmpfs), aerostat (the build), bench (this run's files), out (results,
# the only one that can be written).
set -e
share() { mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2"; }

mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t sysfs sys /sys
wrong_vendor=kvm-intel
grep -q '^flags.* svm' /proc/cpuinfo || wrong_vendor=kvm-amd
while read -r module options; do
	# shellcheck disable=SC2086 # several options
	[ "${module##*/}" = "$wrong_vendor.ko" ] || insmod "$module" $options
done </order

mkdir -p /lower /upper
share pristine /lower ro,cache=loose
mount -t tmpfs -o size=64M,mode=755 tmpfs /upper
mkdir /upper/up /upper/work
# With SELinux (security=selinux) and a policy in the root: what comes over 9p has no labels of its own, so each share gets
# one for all that is in it, of a type that any domain may read and execute.  Nothing is enforced yet.
context=''
if [ -d /sys/fs/selinux ] && [ -d /lower/etc/selinux/default/policy ]; then
	mount -t selinuxfs selinuxfs /sys/fs/selinux
	# Whole, in one write.
	dd if="$(echo /lower/etc/selinux/default/policy/policy.*)" of=/sys/fs/selinux/load bs=64M
	context=,context=system_u:object_r:lib_t:s0
	umount /lower
	share pristine /lower "ro,cache=loose$context"
fi
mount -t overlay -o "lowerdir=/lower,upperdir=/upper/up,workdir=/upper/work$context" overlay /root
share aerostat /root/aerostat "ro,cache=loose$context"
share bench /root/bench "ro,cache=loose$context"
share out /root/out "rw$context"

mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=1777,size=64M tmpfs /root/tmp
mount -t tmpfs -o mode=755,size=64M tmpfs /root/run
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
hostname bench

# The sensor: a real driver on an emulated bus.  40 degrees before the driver's first look, see host.sh for the coding.
for adapter in /sys/bus/i2c/devices/i2c-*; do
	[ "$(cat "$adapter/name")" = 'SMBus stub driver' ] || continue
	i2cset -f -y "${adapter##*/i2c-}" 0x18 0x05 0x8002 w
	echo jc42 0x18 >"$adapter/new_device"
done

systemd=''
! grep -qw bench.systemd /proc/cmdline || systemd=yes
for dir in proc sys dev; do mount --move /$dir /root/$dir; done
if [ "$systemd" ]; then
	# As installed, but for its first boot's questions.
	[ -s /root/etc/machine-id ] || echo 0123456789abcdef0123456789abcdef >/root/etc/machine-id
	mkdir -p /root/run/systemd/system
	printf '[Service]\nExecStart=/aerostat/selftests/bench/host-init.sh\n' >/root/run/systemd/system/bench.service
	exec switch_root /root /lib/systemd/systemd
fi
exec switch_root /root /aerostat/selftests/bench/host-init.sh
