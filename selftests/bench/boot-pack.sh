#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# boot-pack.sh: part of boot.sh, runs inside the root; writes boot.sh's files to /out.
set -euo pipefail
version=$(</etc/aerostat-root)

# What the host loads, what a guest loads, and what a guest finds besides in /lib/modules.
host_modules=(virtio_pci virtio_console 9pnet_virtio 9p overlay kvm_amd kvm_intel i2c-stub i2c-dev jc42)
guest_early=(virtio_pci virtio_console pvpanic-pci)
guest_modules=(virtio_balloon virtio_mem virtio_blk zram button evdev)

# unpack_kernel VMLINUZ: the ELF inside, found by the boot protocol's fields payload_offset and payload_length.
unpack_kernel() {
	local image=$1 sectors offset length skip magic
	field() { od -An -v -j "$1" -N "$2" -t "u$2" "$image" | tr -d ' '; }
	sectors=$(field $((0x1f1)) 1)
	offset=$(field $((0x248)) 4)
	length=$(field $((0x24c)) 4)
	skip=$(((sectors + 1) * 512 + offset))
	magic=$(od -An -v -j "$skip" -N 4 -t x1 "$image" | tr -d ' ')
	# The last four bytes are not compressed data but its length; gzip has that of itself.
	case $magic in
	fd377a58) set -- xz 4 ;;
	28b52ffd) set -- zstd 4 ;;
	1f8b08*) set -- gzip 0 ;;
	*) echo "unknown kernel compression: $magic" >&2 && return 1 ;;
	esac
	head -c $((skip + length - $2)) "$image" | tail -c "+$((skip + 1))" | "$1" -dc
}

# copy_modules STAGE ORDER_FILE NAME...: them and what they need, plain; the order to load them in goes to ORDER_FILE.
copy_modules() {
	local stage=$1 order=$2 name verb path to
	shift 2
	for name; do
		# A name may be built in, or missing in some release.
		modprobe --show-depends --set-version "$version" "$name" 2>/dev/null || echo "no module $name" >&2
	done | while read -r verb path options; do
		[[ $verb == insmod ]] || continue
		to=${path%.xz}
		to=${to%.zst}
		if [[ ! -e $stage$to ]]; then
			mkdir -p "$stage${to%/*}"
			case $path in
			*.xz) xz -dc "$path" >"$stage$to" ;;
			*.zst) zstd -qdc "$path" >"$stage$to" ;;
			*) cp "$path" "$stage$to" ;;
			esac
			echo "$to $options" >>"$order"
		fi
	done
}

pack() { (cd "$1" && find . | cpio --quiet -o -H newc -R 0:0); }

cp "/boot/vmlinuz-$version" /out/vmlinuz
# With KASAN the kernel cannot be entered as the ELF file that it is: what runs first there has no shadow yet.
if grep -qsx CONFIG_KASAN=y "/lib/modules/$version/build/.config"; then
	cp /out/vmlinuz /out/vmlinux
else
	unpack_kernel /out/vmlinuz >/out/vmlinux
fi

# No /sbin: the kernel asks /sbin/modprobe for crypto algorithms while it boots, which costs a second.
for who in host guest; do
	stage=/tmp/$who
	mkdir -p "$stage"/{bin,dev,proc,sys,tmp,root,run,etc,mnt}
	cp "$(command -v busybox)" "$stage/bin/busybox"
	for applet in $(busybox --list); do
		[[ $applet == busybox ]] || ln -s busybox "$stage/bin/$applet"
	done
	mknod "$stage/dev/console" c 5 1
	mknod "$stage/dev/null" c 1 3
done
copy_modules /tmp/host /tmp/host/order "${host_modules[@]}"
sed -i '/\/i2c-stub\./s/$/chip_addr=0x18/' /tmp/host/order
install -m 755 /out/host-initramfs.sh /tmp/host/init
copy_modules /tmp/guest /tmp/guest/order "${guest_early[@]}"
copy_modules /tmp/guest /dev/null "${guest_modules[@]}"
cp "/lib/modules/$version/modules."{order,builtin,builtin.modinfo} "/tmp/guest/lib/modules/$version/"
depmod -b /tmp/guest "$version"
pack /tmp/host >/out/host.cpio
pack /tmp/guest >/out/guest.cpio
rm /out/host-initramfs.sh /out/boot-pack.sh
