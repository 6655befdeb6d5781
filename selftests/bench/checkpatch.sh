#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# checkpatch.sh: run the kernel's checkpatch.pl --strict over the C sources, print what it finds.
#
# The script comes from Debian's linux-source package, which is downloaded once (140 MB) and of which only
# scripts/ is kept.  Types that are switched off, each with its reason:
#
#   CAMELCASE               the kernel's own names of page flag helpers
#   UNCOMMENTED_DEFINITION  a lock's kernel-doc says what it protects, checkpatch looks only beside it
#   MACRO_ARG_REUSE, MACRO_ARG_PRECEDENCE  macros that generate sysfs attributes and lines from a field's name
#
# Left out: trace.h, for TRACE_EVENT() is laid out as in the kernel's own trace headers, which checkpatch refuses; and
# common/compat, which tests versions and redefines names for a living.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

dir=$AEROSTAT_CACHE/checkpatch
bench_need_root
if [[ ! -x $dir/scripts/checkpatch.pl ]]; then
	bench_lock lock "$AEROSTAT_CACHE/checkpatch.lock" exclusive
	bench_log "fetching checkpatch.pl"
	rm -rf "$dir"
	mkdir -p "$dir/deb"
	# The machine's own apt, whatever release it runs: the script hardly changes.
	newest() { apt-cache search --names-only '^linux-source-[0-9.]+$' | awk '{ print $1 }' | sort -V | tail -n 1; }
	package=$(newest)
	[[ $package ]] || { apt-get -qq update >&2 && package=$(newest); }
	[[ $package ]] || bench_die "no linux-source package: run apt-get update"
	(cd "$dir/deb" && apt-get -qq download "$package" >&2 && dpkg-deb --fsys-tarfile "$package"_*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ -C "$dir" --strip-components=1 --wildcards '*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch')
	rm -rf "$dir/deb"
fi
cd "$TREE_DIR"
# shellcheck disable=SC2046 # names without blanks
perl "$dir/scripts/checkpatch.pl" --no-tree --strict --terse --no-summary --show-types --max-line-length=100 \
	--ignore CAMELCASE,UNCOMMENTED_DEFINITION,MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE --file \
	$(git ls-files -co --exclude-standard 'common/*.h' 'host/*.[ch]' 'guest/*.[ch]' 'selftests/modules/*.c' 'selftests/vmm/*.[ch]' 'selftests/kunit/apportion_prop.c' 'selftests/sim/*.c' 'tools/sim/*.[ch]' ':!*/trace.h' ':!common/compat') || :
