#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# boot.sh RELEASE: print the directory with what the release's root boots from, made at first use.
#
#   vmlinux      its kernel, unpacked (booting it spares an emulated CPU the decompression); with KASAN, as shipped
#   vmlinuz      the same as Debian ships it
#   host.cpio    initramfs of the bench host: mounts the root over 9p and switches to it
#   guest.cpio   first half of a guest's initramfs: busybox and stock modules; pack.sh makes the other half
#
# Keyed by the root and by the scripts that make it.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

[[ $# -eq 1 ]] || { bench_usage "$0" >&2; exit 2; }
release=$1
bench_need_root
root=$("$BENCH_DIR/root.sh" "$release")
key=$(cat <(echo "$root") "$BENCH_DIR/boot.sh" "$BENCH_DIR/boot-pack.sh" "$BENCH_DIR/host-initramfs.sh" | sha256sum)
boot=$AEROSTAT_CACHE/boot/$release-${key:0:12}
bench_lock root_lock "$AEROSTAT_CACHE/root/$release.lock" shared
bench_lock boot_lock "$AEROSTAT_CACHE/boot/$release.lock" exclusive
if [[ ! -d $boot ]]; then
	new=$(mktemp -d "$AEROSTAT_CACHE/boot/.new-$release.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	trap 'exit 130' INT TERM
	chmod 755 "$new"
	cp "$BENCH_DIR/boot-pack.sh" "$BENCH_DIR/host-initramfs.sh" "$new"
	# A clean root lacks what packing needs, and lends its kernel to one that does not.
	packer=$root from=()
	if [[ $release == clean ]]; then
		packer=$("$BENCH_DIR/root.sh" bookworm)
		for dir in boot usr/lib/modules etc/aerostat-root; do from+=(--bind-ro "$root/$dir" "$dir"); done
	fi
	"$BENCH_DIR/inroot.sh" "$packer" --bind "$new" out "${from[@]}" -- /out/boot-pack.sh >&2
	rm -rf "$AEROSTAT_CACHE/boot/$release"-*
	mv "$new" "$boot"
	bench_log "$release: kernel and initramfs ready"
fi
echo "$boot"
