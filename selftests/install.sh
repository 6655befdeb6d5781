#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make check-install: Debian packages are built in one fresh Debian 12 root, installed in another by apt, used there on an
# emulated host that systemd has booted (install/booted.sh), and purged; then nothing of them must be left.  Ends with
# "N passed, N failed".
#
# What apt says that it would install with them in the fresh root is installed before them, so that what is compared in the
# end is theirs alone: packages like sudo and gnupg, which dkms and dpkg-dev recommend, leave files behind.
#
# The roots, kept in AEROSTAT_CACHE/install until the next run, are copies of one that root.sh makes.
# shellcheck disable=SC2317 # check() calls functions by name
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
# shellcheck source-path=SCRIPTDIR source=bench/lib.sh
. selftests/bench/lib.sh

work=$AEROSTAT_CACHE/install
log=$AEROSTAT_CACHE/log/install
bench_need_root
bench_need git git
bench_lock install_lock "$work.lock" exclusive
mkdir -p "$work/archives" "$log"
passed=0 failed=0

# check WHAT COMMAND...: what it prints is shown if it fails.
check() {
	local what=$1 output began=$SECONDS
	shift
	if output=$("$@" 2>&1); then
		echo "ok $((passed + failed + 1)) - $what # $((SECONDS - began)) s"
		((++passed))
		return
	fi
	echo "not ok $((passed + failed + 1)) - $what # $((SECONDS - began)) s"
	tail -n 40 <<<"$output" | sed 's/^/#   /'
	((++failed))
	return 1
}

finish() {
	echo "$passed passed, $failed failed"
	exit $((failed > 0 || passed == 0))
}

# in_root ROOT COMMAND...: what a user of that machine would run, with a network; packages are fetched only once.
in_root() {
	# shellcheck disable=SC2016 # the inner shell's own
	unshare --mount --propagation private -- bash -euc '
		root=$1 archives=$2
		shift 2
		mount -t proc proc "$root/proc"
		mount -t sysfs -o ro sys "$root/sys"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
		mount --bind "$archives" "$root/var/cache/apt/archives"
		for file in resolv.conf hosts; do
			[[ ! -e /etc/$file ]] || mount --bind "/etc/$file" "$root/etc/$file"
		done
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			chroot "$root" "$@"
	' - "$1" "$work/archives" "${@:2}" </dev/null
}

# apt_in ROOT LOG ARGUMENT...
apt_in() {
	in_root "$1" apt-get -y -o Dpkg::Use-Pty=0 -o APT::Keep-Downloaded-Packages=true "${@:3}" >"$log/$2" 2>&1 && return
	tail -n 40 "$log/$2"
	return 1
}

# fresh NAME: a root that nobody has used.
fresh() {
	rm -rf "${work:?}/$1"
	cp -a --reflink=auto "$clean" "$work/$1"
	touch "$work/$1"/etc/{resolv.conf,hosts}
	apt_in "$work/$1" update.log update
}

# Its kernel must be one whose headers the archive still has.
up_to_date() {
	local policy
	policy=$(in_root "$1" apt-cache policy linux-image-amd64) &&
		[[ $(awk '/Installed:/ { print $2 }' <<<"$policy") == "$(awk '/Candidate:/ { print $2 }' <<<"$policy")" ]]
}

# snapshot ROOT FILE: each file with its type, mode, owner and contents, but for logs, caches, the packagers' own records
# and what a running system keeps in memory.
snapshot() {
	local -a files=(find . -xdev '(')
	local path
	for path in run var/log var/cache var/lib/dpkg var/lib/apt tmp debs; do files+=(-path "./$path" -o); done
	files+=(-path ./etc/ld.so.cache ')' -prune -o)
	(cd "$1" && { "${files[@]}" -printf '%p: %y %m %u:%g %l\n'; "${files[@]}" -type f -print0 | xargs -0 sha256sum | sed -E 's/^([^ ]*)  (.*)/\2: \1/'; } |
		LC_ALL=C sort) >"$2"
}

build_packages() {
	mkdir -p "$work/build/src/aerostat"
	git -c safe.directory="$PWD" ls-files -z --cached --others --exclude-standard |
		xargs -0 cp -d --preserve=mode --parents -t "$work/build/src/aerostat" -- || return
	apt_in "$work/build" build-dep.log build-dep /src/aerostat || return
	in_root "$work/build" make -C /src/aerostat deb >"$log/deb.log" 2>&1 && return
	tail -n 40 "$log/deb.log"
	return 1
}

# debhelper's install(1) warns that it does not strip.
warnings() {
	local file
	for file; do [[ -s $file ]] || { echo "$file is not there"; return 1; }; done
	! grep -nE 'warning:|WARNING:|Warning:|dh_[a-z]*: error' "$@" | grep -v 'ignoring --strip-program'
}
contents() { dpkg-deb --fsys-tarfile "$(echo "$work/build/src/$1"_*.deb)" | tar -t; }

# A module's package has no other's files, and nothing that is built.
packages_are_whole() {
	local file tools modules
	tools=$(contents aerostat-tools) modules=$(contents aerostat-host-dkms) || return
	for file in usr/bin/aerostat usr/sbin/aerostatd usr/bin/aerostat-sim etc/aerostat.conf \
		usr/share/man/man{1/aerostat.1,1/aerostat-sim.1,4/aerostat.4,5/aerostat.conf.5,8/aerostatd.8}.gz \
		usr/share/bash-completion/completions/aerostat lib/systemd/system/aerostatd.{socket,service} \
		lib/systemd/system/aerostat-settings.service; do
		grep -qx "./$file" <<<"$tools" || { echo "no $file in $tools"; return 1; }
	done
	for file in usr/lib/udev/rules.d/6{0-aerostat,1-aerostat-memory}.rules usr/lib/modules-load.d/aerostat.conf \
		usr/share/doc/aerostat-host-dkms/examples/modprobe.conf; do
		grep -qx "./$file" <<<"$modules" || { echo "no $file in $modules"; return 1; }
	done
	modules+=$(contents aerostat-guest-dkms)
	! grep -E '\.(ko|o|mod\.c|cmd)$' <<<"$modules"
}

# would_install: what apt would install for them, besides them.
would_install() {
	in_root "$work/host" apt-get -s install "${debs[@]}" | awk '$1 == "Inst" && $2 !~ /^aerostat-/ { print $2 }'
}

# A compiler and headers must be among it, or nobody builds the modules.
find_needed() {
	local -a needed
	mapfile -t needed < <(would_install)
	[[ " ${needed[*]} " == *" dkms "*" linux-headers-amd64 "* || " ${needed[*]} " == *" linux-headers-amd64 "*" dkms "* ]] ||
		{ echo "no dkms, or no headers: ${needed[*]}"; return 1; }
	apt_in "$work/host" apt-needed.log install "${needed[@]}"
}

install_packages() {
	local more
	more=$(would_install)
	[[ ! $more ]] || { echo "not found before: $more"; return 1; }
	apt_in "$work/host" apt-install.log install "${debs[@]}"
}

# Keys outlive what was signed with them, and are dkms'.
nothing_is_left() {
	snapshot "$work/host" "$log/after"
	diff <(grep -v '^\./var/lib/dkms/mok\.' "$log/before") <(grep -v '^\./var/lib/dkms/mok\.' "$log/after")
}

modules_are_built() {
	local name
	for name in host guest; do
		grep -qx "aerostat-$name/$version, $kernel, x86_64: installed" <<<"$(in_root "$work/host" dkms status)" ||
			{ in_root "$work/host" dkms status; return 1; }
		[[ -e $work/host/lib/modules/$kernel/updates/dkms/aerostat_$name.ko ]] || { echo "no aerostat_$name.ko"; return 1; }
		warnings "$work/host/var/lib/dkms/aerostat-$name/$version/$kernel/x86_64/log/make.log" || return
	done
	[[ $(in_root "$work/host" modinfo -k "$kernel" -F depends aerostat_host) == *kvm* ]]
}

modules_are_signed() {
	local name
	for name in host guest; do
		[[ $(in_root "$work/host" modinfo -k "$kernel" -F signer "aerostat_$name") == "DKMS module signing key" ]] || return
	done
}

modalias() { grep -x 'alias pci:v00001AF4d00001110sv\*sd\*bc\*sc\*i\* aerostat_guest' "$work/host/lib/modules/$kernel/modules.alias"; }

# The kernels that check-build builds for are those that DKMS may build for, and a few are not.
range() {
	local name release version
	for name in host guest; do
		BUILD_EXCLUSIVE_KERNEL=''
		# shellcheck source=/dev/null
		. "$work/host/usr/src/aerostat-$name-$1/dkms.conf"
		for version in "${@:2}"; do
			[[ $version =~ $BUILD_EXCLUSIVE_KERNEL ]] ||
				{ echo "$version is not in the range of $name/dkms.conf: test it, and raise that"; return 1; }
		done
		for version in 5.10.0-30-amd64 6.0.0 6.20.1 8.0.0 61.0.0; do
			[[ ! $version =~ $BUILD_EXCLUSIVE_KERNEL ]] || { echo "$version is in the range of $name/dkms.conf"; return 1; }
		done
	done
}

# The packages' own files for another release's kernel, as its DKMS would.
builds_for() {
	local root=$1 version
	version=$(<"$root/etc/aerostat-root")
	# shellcheck disable=SC2016 # the inner shell's own
	selftests/bench/inroot.sh "$root" --bind-ro "$work/host/usr/src" mnt -- bash -euc '
		for source in /mnt/aerostat-*; do
			cp -a "$source" /tmp
			make -j2 -C "/lib/modules/$1/build" "M=/tmp/${source##*/}" "KERNELRELEASE=$1"
			ls "/tmp/${source##*/}"/*/aerostat_*.ko
		done' - "$version" >"$log/dkms-$version.log" 2>&1 || { tail -n 20 "$log/dkms-$version.log"; return 1; }
	warnings "$log/dkms-$version.log"
}

not_built() {
	cat "$log/build.log"
	return 1
}

settings() {
	cat >"$work/host/etc/aerostat.conf" <<-'END'
		[sensor hwmon jc42 temp1]
		low = 70C
		high = 75C
		[host]
		reserve = 512M
		mode = auto
	END
}

clean=$(selftests/bench/root.sh clean) || exit
bench_log "fresh roots"
if ! fresh build || ! up_to_date "$work/build"; then
	bench_log "the archive has another kernel: the clean root is made anew"
	rm -rf "$clean"
	clean=$(selftests/bench/root.sh clean) || exit
	fresh build || exit
fi
bench_lock clean_lock "$AEROSTAT_CACHE/root/clean.lock" shared
kernel=$(<"$clean/etc/aerostat-root")
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
fresh host || exit

bench_log "packages (logs: $log)"
check "what debian/control names is enough to build them" build_packages || finish
check "no warnings" warnings "$log/deb.log"
check "all of it is in them, and nothing else" packages_are_whole

bench_log "installing them"
mkdir "$work/host/debs"
cp "$work"/build/src/aerostat-*.deb "$work/host/debs"
mapfile -t debs < <(cd "$work/host" && printf '/%s\n' debs/*)
check "apt finds all that they need" find_needed || finish
snapshot "$work/host" "$log/before"
check "apt install ./aerostat-*.deb" install_packages || finish
check "DKMS has built both modules, without a warning" modules_are_built
check "DKMS has signed them" modules_are_signed
check "the guest's module has its device's alias" modalias
check "files are as packed" in_root "$work/host" dpkg --verify aerostat-host-dkms aerostat-guest-dkms aerostat-tools
# Of several it says yes if one is.
for unit in aerostatd.socket aerostat-settings.service; do
	check "$unit is enabled" in_root "$work/host" systemctl is-enabled $unit
done
check "systemd finds no fault in them" in_root "$work/host" systemd-analyze verify --man=no aerostatd.socket aerostatd.service aerostat-settings.service
kernels=("$kernel")
for release in trixie testing; do
	root=$(selftests/bench/root.sh "$release") || exit
	kernels+=("$(<"$root/etc/aerostat-root")")
	check "their source builds for ${kernels[-1]}" builds_for "$root"
done
check "the range of kernels is that which is built" range "$version" "${kernels[@]}"

bench_log "booting it"
settings
if selftests/bench/build.sh bookworm all >"$log/build.log" 2>&1; then
	selftests/bench/run.sh --release clean --root "$work/host" --dimm 512M --ivshmem 1M --append softlockup_panic=1 --log "$log/host.log" -- \
		bash /aerostat/selftests/install/booted.sh $((passed + failed)) | tee "$log/booted"
	status=${PIPESTATUS[0]}
	passed=$((passed + $(grep -ac '^ok ' "$log/booted"))) failed=$((failed + $(grep -ac '^not ok ' "$log/booted")))
	check "it has come to its end" test "$status:$(tail -n 1 "$log/booted")" == "0:# all"
else
	check "the bench is built" not_built
fi

bench_log "purging them"
check "apt purge" apt_in "$work/host" apt-purge.log purge aerostat-host-dkms aerostat-guest-dkms aerostat-tools
rm -rf "${work:?}/host/debs"
check "nothing is left, and nothing else has changed" nothing_is_left
((failed)) || rm -rf "$work/host" "$work/build"
finish
