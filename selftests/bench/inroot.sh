#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# inroot.sh ROOT [--bind SOURCE TARGET | --bind-ro SOURCE TARGET]... -- COMMAND...
#
# Run COMMAND with ROOT as its root directory, read-only, plus /proc, /dev, an empty /tmp, the bare ROOT once more
# at /pristine, and what is bound to TARGETs (which exist in ROOT).  All mounts live in a mount namespace of
# its own and go with it.  The process becomes COMMAND, so its pid is the caller's to wait for; it is killed
# when the caller dies.  COMMAND gets a clean environment.
set -euo pipefail

if [[ ${1-} != --inside ]]; then
	exec setpriv --pdeathsig KILL unshare --mount --propagation private -- "$0" --inside "$@"
fi
shift
root=$1
shift

mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$root" "$root/pristine"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
while [[ $1 != -- ]]; do
	mount --bind "$2" "$root/$3"
	[[ $1 != --bind-ro ]] || mount -o remount,bind,ro "$root/$3"
	shift 3
done
shift
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
	chroot "$root" "$@"
