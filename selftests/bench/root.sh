#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# root.sh RELEASE: print the path of a Debian root of that release, built at first use and then reused.
#
# RELEASE is bookworm (kernel 6.1), trixie (6.12) or testing (the newest), or debug: bookworm with a kernel of our own
# making, see debug.config (some ten minutes), or clean: bookworm with a kernel and systemd, as one installs it, and
# nothing of what follows.  The root holds a kernel with its headers, the compiler they need, a
# QEMU that runs them and what the tests call, so the machine itself needs hardly anything.  The packages come from where the machine's own apt gets them; AEROSTAT_MIRROR and
# AEROSTAT_SECURITY_MIRROR (URIs) say otherwise.  The root is keyed by what goes into it; a change
# of that builds a new one and removes the old.  To get newer packages, delete it.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# Raise it when what this script makes of the same packages changes.
ROOT_VERSION=1

[[ $# -eq 1 ]] || { bench_usage "$0" >&2; exit 2; }
release=$1
bench_known_release "$release"

kernel=(linux-image-amd64 linux-headers-amd64)
suite=$release
inputs=()
# Never read, and programs that nobody recommended are not missed.
options=(
	--aptopt='Apt::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/man/*'
	--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*'
)
if [[ $release == debug ]]; then
	kernel=(linux-source bc bison flex libelf-dev libssl-dev)
	suite=bookworm
	inputs=("$(<"$BENCH_DIR/debug.config")" "$(<"$BENCH_DIR/debug-kernel.sh")")
fi
packages=(
	"${kernel[@]}" gcc libc6-dev make pkgconf libsystemd-dev libncurses-dev libjson-c-dev libudev-dev
	qemu-system-x86 seabios ipxe-qemu
	busybox-static kmod cpio gzip xz-utils zstd
	bash procps util-linux mount socat jq i2c-tools
)
# One release is enough for static analysis, for what the tests of the tools call and for libvirt (50 MB).
# SELinux's policy is compiled here, once: selinux.sh adds to it.
[[ $release != bookworm ]] || packages+=(sparse gnuplot-nox valgrind mandoc tmux prometheus
	libvirt-daemon-system libvirt-clients apparmor selinux-policy-default policycoreutils selinux-utils)
# What tools.sh calls, which make check-matrix runs on each.
[[ $release != trixie && $release != testing ]] || packages+=(gnuplot-nox prometheus)
# Settings of apt and dpkg stay in the root: this one has a user's.
[[ $release != clean ]] || packages=(linux-image-amd64 systemd-sysv udev) options=() suite=bookworm

key=$(printf '%s\n' "$ROOT_VERSION" "$release" "${packages[@]}" "${inputs[@]}" | sha256sum)
root=$AEROSTAT_CACHE/root/$release-${key:0:12}

if [[ -e $root/etc/aerostat-root ]]; then
	echo "$root"
	exit
fi

# The configured URI of the suites that match, whether or not their lists have been fetched yet.
apt_uri() {
	apt-get indextargets --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' |
		awk -v suite="$1" '$2 ~ suite && $3 == "main" && !found { print $1; found = 1 }'
}

sources() {
	local mirror=${AEROSTAT_MIRROR:-} security=${AEROSTAT_SECURITY_MIRROR:-} own
	own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	: "${mirror:=$(apt_uri "^(${own:-stable}|oldstable|stable|testing|sid|unstable)\$")}"
	: "${security:=$(apt_uri '-security$')}"
	[[ $mirror ]] || bench_die "no Debian archive in apt's configuration: set AEROSTAT_MIRROR"
	echo "deb $mirror $suite main"
	[[ $suite == testing || ! $security ]] || echo "deb $security $suite-security main"
}

# How the machine's apt reaches the archive (proxies, checks switched off): the root's apt must do the same.
apt_options() {
	apt-config dump | grep -E '^Acquire::(http|https|ftp|Check|Retries|ForceIPv|Max-|AllowInsecure)[^ ]* ".+";$' || true
}

bench_need_root
bench_need mmdebstrap mmdebstrap
[[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || bench_need no-such-command debian-archive-keyring
bench_lock lock "$AEROSTAT_CACHE/root/$release.lock" exclusive
# Whoever held the lock may have built it.
if [[ -e $root/etc/aerostat-root ]]; then
	echo "$root"
	exit
fi

bench_log "building the $release root (once; a minute or two, about 1 GB)"
log=$AEROSTAT_CACHE/root/$release.log
# Under the lock no other build is alive: these are what killed ones left.
rm -rf "$AEROSTAT_CACHE/root/.new-$release".*
new=$(mktemp -d "$AEROSTAT_CACHE/root/.new-$release.XXXXXX")
trap 'rm -rf "$new" "$new.list" "$new.conf"' EXIT
trap 'exit 130' INT TERM
sources >"$new.list"
apt_options >"$new.conf"

# shellcheck disable=SC2016 # $1 is the hook's own
# mmdebstrap, not debootstrap: it takes any suite by name, resolves main and security in one go and installs
# everything in one dpkg run.  The kernel's own initramfs is never booted: no time is spent on making one.
if ! INITRD=No unshare --mount --propagation private \
	mmdebstrap --mode=root --variant=apt --format=directory \
	--aptopt="$new.conf" --dpkgopt=force-unsafe-io "${options[@]}" \
	--include="$(IFS=, && echo "${packages[*]}")" \
	--customize-hook='mkdir -p "$1/aerostat" "$1/out" "$1/bench" "$1/pristine"' \
	"$suite" "$new" "$new.list" 2>&1 </dev/null |
	tee "$log" | while IFS= read -r line; do
		[[ $line != I:* ]] || bench_log "${line#I: }"
	done; then
	tail -n 30 "$log" >&2
	bench_die "the root could not be built; all of it: $log"
fi
rm -f "$new.list" "$new.conf"

if [[ $release == debug ]]; then
	bench_log "building the debug kernel"
	cp "$BENCH_DIR/debug.config" "$BENCH_DIR/debug-kernel.sh" "$new/out"
	# shellcheck disable=SC2016 # $1 is the inner shell's own
	if ! unshare --mount --propagation private sh -c 'mount -t proc proc "$1/proc" &&
		exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 /out/debug-kernel.sh' - "$new" \
		>>"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		bench_die "the debug kernel could not be built; all of it: $log"
	fi
	rm -f "$new/out"/*
fi

# The modules must fit the kernel: one version of each, and the same.
kernels=("$new"/boot/vmlinuz-*)
version=${kernels[0]##*/vmlinuz-}
[[ $release == clean && ${#kernels[@]} -eq 1 ]] || [[ ${#kernels[@]} -eq 1 && -L $new/lib/modules/$version/build && -d $new/usr/src/linux-headers-$version ]] ||
	bench_die "the root's kernel and headers differ: ${kernels[*]##*/}"

chmod 755 "$new"
echo "$version" >"$new/etc/aerostat-root"
sync -f "$new"
rm -rf "$AEROSTAT_CACHE/root/$release"-*
mv "$new" "$root"
bench_log "built: kernel $version, $(du -sm "$root" | cut -f1) MB"
echo "$root"
