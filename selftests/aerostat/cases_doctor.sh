# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Broken setups: each finding, with its remedy, and nothing else.

# finds SEVERITY TOPIC TEXT REMEDY: the only finding is this one.
finds() {
	ends 1 doctor
	has "-> "
	ends 1 doctor -j
	json 'map(select(.severity != "note"))|length' 1
	json "map(select(.severity == \"$1\" and .topic == \"$2\" and (.text|contains(\"$3\")) and (.remedy|contains(\"$4\"))))|length" 1
}

test_doctor_nothing() {
	tree_vms "$tree" 3
	ends 0 doctor
	same out "$out" "0 that stop it, 0 that weaken it, 0 notes"
	ends 0 doctor -j
	json . '[]'
}

test_doctor_boot_options() {
	tree_vms "$tree" 1
	echo 'root=/dev/sda1 xkernelcore=4G' >"$tree/proc/cmdline"
	sed -i 's/managed  3145728/managed  0/' "$tree/proc/zoneinfo"
	finds stops zones "ZONE_MOVABLE is empty, so" kernelcore=4G
	echo 'root=/dev/sda1 kernelcore=64G' >"$tree/proc/cmdline"
	finds stops zones "although the kernel was asked" kernelcore=4G
	sed -i 's/managed  0/managed  131072/' "$tree/proc/zoneinfo"
	finds weakens zones "only 11%" kernelcore=
}

test_doctor_private_ram() {
	tree_vms "$tree" 1
	echo 'refused: RAM is private memory, which no module can free; start QEMU with ...' >"$tree/sys/class/aerostat/vm-0/state"
	finds weakens VMs "vm-0 (guest-0) is refused: RAM is private" memory-backend-memfd
	echo active >"$tree/sys/class/aerostat/vm-0/state"
	# One that Aerostat does not know, with a channel; as libvirt writes it.
	tree_qemu "$tree" 2000 -name guest=other -object '{"qom-type":"memory-backend-ram","id":"pc.ram","size":1}' -device ivshmem-plain,memdev=a
	finds weakens "RAM backends" "QEMU 2000 (other) has private RAM" memory-backend-memfd
	tree_qemu "$tree" 2000 -name guest=other -object memory-backend-memfd,id=ram,size=1G,share=off -device ivshmem-plain,memdev=a
	finds weakens "RAM backends" "QEMU 2000 (other) has private RAM" share=on
	tree_qemu "$tree" 2000 -name guest=other -object '{"qom-type":"memory-backend-memfd","id":"pc.ram","share":true}' \
		-device '{"driver":"ivshmem-doorbell"}'
	ends 0 doctor
	tree_qemu "$tree" 2000 -object memory-backend-memfd,id=ram,size=1G
	finds weakens VMs "QEMU 2000 (without a name) has no channel" ivshmem-plain
}

test_doctor_pinned() {
	tree_vms "$tree" 1
	ln -s /dev/vfio/vfio "$tree/proc/1000/fd/31"
	finds weakens "pinned VMs" "QEMU 1000 (guest-0) is pinned" "VFIO"
	rm "$tree/proc/1000/fd/31"
	sed -i 's/^VmPin:.*/VmPin:\t 1048576 kB/' "$tree/proc/1000/status"
	finds weakens "pinned VMs" "QEMU 1000 (guest-0) is pinned" "VFIO"
	tree_vm "$tree" 0
	printf '%s\0' -overcommit mem-lock=on >>"$tree/proc/1000/cmdline"
	finds weakens "pinned VMs" "locks its RAM" "mem-lock=on"
}

test_doctor_sensors() {
	tree_vms "$tree" 1
	echo 'faulty: no such chip or zone; is its driver loaded?' >"$tree/sys/class/aerostat/sensor-0/state"
	finds weakens sensors "sensor-0 (hwmon jc42 temp1) is left out: no such chip" "driver"
	echo 'unset: write low and high to use it' >"$tree/sys/class/aerostat/sensor-0/state"
	finds weakens sensors "has no thresholds" "low="
	rm -r "$tree/sys/class/aerostat/sensor-0"
	finds weakens sensors "chips with a temperature here: jc42" sensor_add
	echo blind >"$tree/sys/class/aerostat/host/state"
	tree_sensor "$tree" 0 'hwmon jc42 temp1' 'faulty: stuck' 1
	ends 1 doctor -j
	json 'map(.severity)' '["stops","weakens"]'
}

test_doctor_interleaving() {
	tree_vms "$tree" 1
	printf '\x14\x13\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\4' >"$tree/sys/firmware/dmi/entries/20-0/raw"
	finds weakens interleaving "interleaves 1 memory devices" "power meter"
	# The firmware does not say, and there are two DIMMs.
	printf '\x14\x13\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\xff\xff' >"$tree/sys/firmware/dmi/entries/20-0/raw"
	mkdir "$tree"/sys/firmware/dmi/entries/17-{0,1,2}
	printf '\x11\x28\0\0\0\0\0\0\0\0\0\0\0\x40' | tee "$tree"/sys/firmware/dmi/entries/17-{0,1}/raw >/dev/null
	printf '\x11\x28\0\0\0\0\0\0\0\0\0\0\0\0' >"$tree/sys/firmware/dmi/entries/17-2/raw"
	ends 0 doctor -j
	json 'map([.severity,.topic])' '[["note","interleaving"]]'
	has "its 2 memory devices"
}

test_doctor_permissions() {
	tree_vms "$tree" 1
	chmod 0600 "$tree/dev/aerostat"
	finds weakens permissions "only root can open /dev/aerostat (mode 0600" 60-aerostat.rules
	chmod 0660 "$tree/dev/aerostat"
	chgrp 0 "$tree/dev/aerostat"
	finds weakens permissions "group root" 60-aerostat.rules
	chmod 0666 "$tree/dev/aerostat"
	finds weakens permissions "anybody may" 0660
	rm "$tree/dev/aerostat"
	finds stops device "there is no /dev/aerostat" "load aerostat_host again"
}

test_doctor_host() {
	tree_vms "$tree" 1
	rm "$tree/dev/kvm"
	finds stops kvm "no /dev/kvm" "firmware"
	: >"$tree/dev/kvm"
	rm -r "$tree/sys/devices/system/memory"
	finds stops "memory blocks" "cannot take memory blocks offline" CONFIG_MEMORY_HOTREMOVE
	rm -r "$tree"
	tree_machine "$tree"
	finds stops module "not loaded" "modprobe aerostat_host"
	mkdir -p "$tree/sys/class/aerostat/host"
	finds stops module "another version" "one release"
}

test_doctor_guest() {
	tree_guest "$tree"
	echo 'quiet init_on_alloc=1' >"$tree/proc/cmdline"
	finds weakens "boot options" "init_on_alloc=1" init_on_alloc=0
	echo quiet >"$tree/proc/cmdline"
	mkdir "$tree/boot"
	printf '\nCONFIG_INIT_ON_ALLOC_DEFAULT_ON=y\n' >"$tree/boot/config-6.1.0"
	finds weakens "boot options" "init_on_alloc=1" init_on_alloc=0
	echo 'quiet init_on_alloc=0' >"$tree/proc/cmdline"
	ends 0 doctor
	echo host-broken >"$tree/sys/bus/pci/drivers/aerostat_guest/0000:00:04.0/state"
	finds stops "guest driver" "makes no sense" "kernel log"
}
