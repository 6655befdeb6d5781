#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make check-build: the modules build without a warning at W=1 against the stock kernels of every supported Debian
# release, each with its own compiler; sparse and checkpatch have nothing to say.  Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
# shellcheck source-path=SCRIPTDIR
. selftests/bench/lib.sh

log=$AEROSTAT_CACHE/log/build
mkdir -p "$log"
bench_need_root
bench_need git git make make perl perl
passed=0 failed=0

# verdict NAME FILE: FILE holds the complaints.
verdict() {
	if [[ -s $2 ]]; then
		echo "not ok - $1"
		sed 's/^/#   /' "$2"
		failed=$((failed + 1))
	else
		echo "ok - $1"
		passed=$((passed + 1))
	fi
}

# build RELEASE NAME MAKE-ARGUMENT...: all of it anew, complaints into the log.
build() {
	local release=$1 name=$2 dir
	shift 2
	bench_log "$name"
	dir=$AEROSTAT_CACHE/build/$release
	[[ ! -d $dir ]] || find "$dir" -name '*.o' -not -path '*/.bench/*' -delete
	if ! selftests/bench/build.sh "$release" modules "$@" >"$log/$name.log" 2>&1; then
		echo "make failed: $log/$name.log" >"$log/$name"
		grep -A5 -E 'error:|ERROR:' "$log/$name.log" | head -n 40 >>"$log/$name"
	else
		grep -E 'warning:|WARNING:|error:' "$log/$name.log" >"$log/$name"
	fi
	verdict "$name" "$log/$name"
}

for release in bookworm trixie testing; do
	build "$release" "W=1-$release" W=1
done
build bookworm sparse C=2 CF=-D__CHECK_ENDIAN__

# checkpatch ships with the kernel's source, of which only its scripts are needed.
bench_log checkpatch
selftests/bench/checkpatch.sh >"$log/checkpatch" || echo "checkpatch could not be run" >>"$log/checkpatch"
verdict checkpatch "$log/checkpatch"

# The rules of the project that a machine can check.
git grep -nE 'LINUX_VERSION_CODE|KERNEL_VERSION\(' -- host guest common selftests ':!common/compat' ':!selftests/check-build.sh' >"$log/versions"
verdict "no version test outside of common/compat" "$log/versions"

selftests/matrix.sh --lint >"$log/matrix"
verdict "README.md says what ran on which kernels" "$log/matrix"

echo "$passed passed, $failed failed"
((failed == 0))
