# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Trees that look like sysfs, proc and dev of a host, for aerostat --root.

GiB=$((1 << 30))

# attrs DIR NAME=VALUE...: files of a directory; as the kernel has it, with a newline and mode 0644.
attrs() {
	local dir=$1 attr
	mkdir -p "$dir"
	shift
	for attr; do printf '%s\n' "${attr#*=}" >"$dir/${attr%%=*}"; done
}

# tree_machine ROOT: a host of 16 GiB in 128 blocks of 128 MiB without the module: 32 are not movable, 10 are offline.
tree_machine() {
	local root=$1 i zone state
	mkdir -p "$root"/{dev,proc/sys/kernel} "$root/sys/class/hwmon" "$root/sys/module" "$root/sys/devices/system/memory"
	: >"$root/dev/kvm"
	echo 'BOOT_IMAGE=/vmlinuz root=/dev/sda1 kernelcore=4G' >"$root/proc/cmdline"
	echo 6.1.0 >"$root/proc/sys/kernel/osrelease"
	{
		printf 'Node 0, zone   Normal\n  pages free 200000\n        managed  1048576\n'
		printf 'Node 0, zone  Movable\n  pages free 900000\n        managed  3145728\n'
	} >"$root/proc/zoneinfo"
	echo 8000000 >"$root/sys/devices/system/memory/block_size_bytes"
	for ((i = 0; i < 128; i++)); do
		zone=Normal state=online
		((i < 32)) || zone=Movable
		((i < 118)) || state=offline
		attrs "$root/sys/devices/system/memory/memory$i" state=$state valid_zones=$zone
		mkdir "$root/sys/devices/system/memory/memory$i/node$((i / 64))"
	done
	mkdir -p "$root/sys/devices/platform/coretemp.0/hwmon/hwmon1"
	attrs "$root/sys/devices/pci0000:00/0000:00:1f.3/i2c-0/0-0018/hwmon/hwmon2" name=jc42 temp1_input=71500
	ln -s ../../../0-0018 "$root/sys/devices/pci0000:00/0000:00:1f.3/i2c-0/0-0018/hwmon/hwmon2/device"
	ln -s ../../devices/pci0000:00/0000:00:1f.3/i2c-0/0-0018/hwmon/hwmon2 "$root/sys/class/hwmon/hwmon2"
	attrs "$root/sys/class/thermal/thermal_zone3" type=acpitz temp=41000
	# The firmware says that nothing is interleaved.
	mkdir -p "$root/sys/firmware/dmi/entries/20-0"
	printf '\x14\x13\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0' >"$root/sys/firmware/dmi/entries/20-0/raw"
}

# tree_host ROOT: with the module, in mode auto and hot.
tree_host() {
	local root=$1
	tree_machine "$root"
	mkdir -p "$root/sys/module/aerostat_host"
	attrs "$root/sys/class/aerostat/host" mode=auto state=taking level=high \
		reclaim_target_bytes=$((4 * GiB)) reclaimed_bytes=$((5 * GiB / 2)) offline_bytes=$((5 * GiB / 4)) \
		offline_blocks=10 reserve_bytes=$GiB period_ms=1000 idle_tax=75 pressure_limit=400 waste_percent=5 \
		active_mw_per_gib=103 off_mw_per_gib=54 power_mw=1587 sensor_add= sensor_remove=
	chmod 0200 "$root"/sys/class/aerostat/host/sensor_{add,remove}
	: >"$root/dev/aerostat"
	chmod 0660 "$root/dev/aerostat"
	chgrp 104 "$root/dev/aerostat"
	tree_sensor "$root" 0 'hwmon jc42 temp1' high 71500
}

# tree_sensor ROOT N SOURCE STATE VALUE: one with thresholds.
tree_sensor() {
	attrs "$1/sys/class/aerostat/sensor-$2" "name=$3" kind=temperature "value=$5" low=65000 high=70000 \
		emergency=85000 "state=$4"
}

# tree_vm ROOT N [NAME=VALUE...]: a VM of N mod 8 + 1 GiB whose QEMU is process 1000 + N and called guest-N.
tree_vm() {
	local root=$1 n=$2 size=$((($2 % 8 + 1) * GiB))
	shift 2
	attrs "$root/sys/class/aerostat/vm-$n" pid=$((1000 + n)) state=active size_bytes=$size \
		min_bytes=$((size / 4)) limit_bytes=$size managed=1 shares=$((1000 + n)) target_bytes=$((size / 2)) \
		balloon_bytes=$((size / 2 - n * 1048576)) rate_min_bytes=67108864 rate_max_bytes=1073741824 \
		pressure=$((n * 7 % 400)) idle=$((n * 13 % 900)) "$@"
	tree_qemu "$root" $((1000 + n)) -name "guest=guest-$n,debug-threads=on" \
		-uuid "$(printf '00000000-0000-4000-8000-%012d' "$n")" \
		-object memory-backend-memfd,id=ram,size=1G,share=on -machine q35,memory-backend=ram \
		-object memory-backend-file,id=aero,mem-path=/dev/aerostat,size=1M,share=on \
		-device ivshmem-plain,memdev=aero
}

# tree_qemu ROOT PID ARGUMENT...: a process.
tree_qemu() {
	local dir=$1/proc/$2
	shift 2
	mkdir -p "$dir/fd"
	printf '%s\0' /usr/bin/qemu-system-x86_64 "$@" >"$dir/cmdline"
	printf 'Name:\tqemu-system-x86\nVmLck:\t       0 kB\nVmPin:\t       0 kB\n' >"$dir/status"
}

# tree_vms ROOT N: a whole host with so many VMs.
tree_vms() {
	local i
	tree_host "$1"
	for ((i = 0; i < $2; i++)); do tree_vm "$1" "$i"; done
}

# tree_guest ROOT: a guest, whose PCI device has files of the PCI core, too.
tree_guest() {
	local device=$1/sys/bus/pci/drivers/aerostat_guest/0000:00:04.0
	tree_machine "$1"
	attrs "$device" balloon_bytes=$GiB target_bytes=$((2 * GiB)) \
		rate_bytes=67108864 floor_bytes=134217728 state=running 'limits=floor ' \
		enable=1 irq=11 vendor=0x1af4 driver_override='(null)' remove= uevent=DRIVER=aerostat_guest
	printf '\xf4\x1a\x10\x11\xff\0\x9b' >"$device/config"
	chmod 0200 "$device/remove"
}
