#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# pack.sh: part of build.sh, runs inside the root with the build at /aerostat.
#
# Compiles the bench's programs (static: the guest has no libc) to /aerostat/.bench/bin, and packs them with all
# built modules into /aerostat/.bench/guest.cpio: /bin/* and /modules/*.ko, flat.  boot.sh makes the
# other half of a guest's initramfs.
set -euo pipefail
cd "$(dirname "$0")/tools"
out=/aerostat/.bench
stage=/tmp/guest
mkdir -p "$out/bin" "$stage/bin" "$stage/modules"

# program NAME SOURCE...: compile it when it is older than any file here.
program() {
	local name=$1
	shift
	[[ -e $out/bin/$name && -z $(find . -name '*.[ch]' -newer "$out/bin/$name" -print -quit) ]] ||
		gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -s -o "$out/bin/$name" "$@"
}

program guest-init guest-init.c agent.c
program vmsh vmsh.c client.c
program qmp qmp.c client.c
program resize resize.c client.c
program hog hog.c
program kvmhold kvmhold.c
program kexec kexec.c

cp "$out"/bin/{hog,kexec} "$stage/bin/"
ln "$stage/bin/hog" "$stage/bin/memwatch"
cp "$out/bin/guest-init" "$stage/init"
find /aerostat/guest /aerostat/selftests -name build -prune -o -name '*.ko' -exec cp -t "$stage/modules" {} +
if compgen -G "$stage/modules/*.ko" >/dev/null; then
	strip --strip-debug "$stage"/modules/*.ko
fi
(cd "$stage" && find . | cpio --quiet -o -H newc -R 0:0) >"$out/guest.cpio.new"
mv "$out/guest.cpio.new" "$out/guest.cpio"
