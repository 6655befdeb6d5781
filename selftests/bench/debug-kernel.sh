#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# debug-kernel.sh: part of root.sh, runs inside the root: builds Debian's kernel source with debug.config and
# installs it as the root's kernel, with what building modules for it needs.
set -euo pipefail
archives=(/usr/src/linux-source-*.tar.*)
[[ ${#archives[@]} -eq 1 ]] || { echo "kernel sources: ${archives[*]}" >&2; exit 1; }
tree=/usr/src/linux-build
mkdir "$tree"
tar -xf "${archives[0]}" -C "$tree" --strip-components=1
cd "$tree"

make -s x86_64_defconfig kvm_guest.config
scripts/kconfig/merge_config.sh -m .config /out/debug.config
make -s olddefconfig
# An option that is not there any more, or lacks what it depends on, finds no bugs.
while read -r line; do
	case $line in
	CONFIG_*=n) ! grep -q "^${line%=n}=" .config ;;
	CONFIG_*) grep -qx "$line" .config ;;
	'# CONFIG_'*' is not set') ! grep -q "^${line:2:-11}=" .config ;;
	esac || { echo "not in the configuration: $line" >&2; missing=1; }
done </out/debug.config
[[ ! ${missing-} ]] || exit 1

make -s "-j$(nproc)" LOCALVERSION=-aerostat-debug bzImage modules
version=$(make -s LOCALVERSION=-aerostat-debug kernelrelease)
make -s LOCALVERSION=-aerostat-debug modules_install
cp arch/x86/boot/bzImage "/boot/vmlinuz-$version"

# Modules are built with the headers, the scripts, objtool and the list of symbols; the rest is 3 GB.
headers=/usr/src/linux-headers-$version
mkdir "$headers"
{
	find . -name 'Makefile*' -o -name 'Kconfig*' -o -name 'Kbuild*' -o -name '*.lds'
	find include scripts arch/x86/include arch/x86/entry/syscalls tools/objtool/objtool -type f
	printf '%s\n' .config Module.symvers
} | sort -u | tar -c -f - -T - | tar -x -f - -C "$headers"
rm -f "/lib/modules/$version/source"
ln -sfn "$headers" "/lib/modules/$version/build"
cd /
rm -rf "$tree" "${archives[0]}"
