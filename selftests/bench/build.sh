#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh RELEASE [MAKE ARGUMENT...]: build the tree for that release's kernel, print where.
#
# Copies the tree (all that git tracks or would track) into the cache, runs make there inside the release's root,
# then builds the bench's own programs and packs what guests need.  Later calls copy only what has changed,
# remove what has gone, and so build only what must be built.  RELEASE: see root.sh.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

[[ $# -ge 1 ]] || { bench_usage "$0" >&2; exit 2; }
release=$1
shift
bench_known_release "$release"
bench_need_root
bench_need git git
root=$("$BENCH_DIR/root.sh" "$release")
bench_lock root_lock "$AEROSTAT_CACHE/root/$release.lock" shared
bench_lock build_lock "$AEROSTAT_CACHE/build/$release.lock" exclusive
build=$AEROSTAT_CACHE/build/$release
mkdir -p "$build/.bench"

# One line a file: name, then what tells whether it has changed since the last copy.  Files that are deleted but
# still tracked make stat fail, and are left out.
list_tree() {
	cd "$TREE_DIR"
	git -c safe.directory="$TREE_DIR" ls-files -z --cached --others --exclude-standard |
		{ xargs -0 stat --printf '%n\t%y %s %a\0' 2>/dev/null || :; } | LC_ALL=C sort -zu
}

old=$build/.bench/tree
new=$build/.bench/tree.new
[[ -e $old ]] || : >"$old"
(list_tree) >"$new"
LC_ALL=C comm -z -13 <(cut -z -f1 "$new" | LC_ALL=C sort -z) <(cut -z -f1 "$old" | LC_ALL=C sort -z) |
	(cd "$build" && xargs -0r rm -f --)
# What has changed gets the copy's own time, never an older one that make would take for up to date.
changed=$(LC_ALL=C comm -z -23 "$new" "$old" | tr -dc '\0' | wc -c)
LC_ALL=C comm -z -23 "$new" "$old" | cut -z -f1 |
	(cd "$TREE_DIR" && xargs -0r cp -d --preserve=mode --parents --remove-destination -t "$build" --)
mv "$new" "$old"
bench_log "$release: $changed files copied"

if [[ -e $build/Makefile ]]; then
	version=$(<"$root/etc/aerostat-root")
	# The debug kernel runs the unit tests, too.
	[[ $release != debug ]] || set -- KUNIT=1 "$@"
	"$BENCH_DIR/inroot.sh" "$root" --bind "$build" aerostat -- \
		make -C /aerostat "-j$(nproc)" "$@" "KDIR=/lib/modules/$version/build" >&2
	bench_log "$release: make $* done"
else
	bench_log "$release: no Makefile yet, nothing made"
fi
"$BENCH_DIR/inroot.sh" "$root" --bind "$build" aerostat -- /aerostat/selftests/bench/pack.sh
bench_log "$release: tools built and packed"
echo "$build"
