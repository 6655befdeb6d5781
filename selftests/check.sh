#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make check: unit tests of the pure code and a moment of fuzzing here, then the selftests in an emulated bench host with
# real KVM guests.
#
#   check.sh [TEST...]    only these files of selftests/ (lifecycle.sh, ...), and nothing else
#
# Ends with "N passed, N failed"; exit status 1 if anything failed.  The host's kernel log and the guests' consoles
# are kept in AEROSTAT_CACHE/log.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
# shellcheck source-path=SCRIPTDIR
. selftests/bench/lib.sh

log=$AEROSTAT_CACHE/log
rm -rf "$log"
mkdir -p "$log"
bench_need_root
bench_need git git make make gcc gcc

passed=0 failed=0
# count LABEL FILE: add what the suites in it say at their ends; without any such line, one failure.
count() {
	local p f any=''
	while read -r p _ f _; do
		any=1 passed=$((passed + p)) failed=$((failed + f))
	done < <(grep -aoE '^(# )?[0-9]+ passed, [0-9]+ failed$' "$2" | sed 's/^# //')
	if [[ ! $any ]]; then
		bench_log "$1 ended without a result"
		failed=$((failed + 1))
	fi
}

run_file() {
	selftests/bench/run.sh --timeout $((${SOAK:-0} ? 7200 : 600)) --append softlockup_panic=1 \
		--share "$log" --log "$log/$1.host.log" -- \
		env SOAK="${SOAK:-0}" selftests/run_tests "$1" 2>&1 | tee "$log/$1.tap"
	return "${PIPESTATUS[0]}"
}

# emulator_stalled STATUS FILE: QEMU 7.2's emulation of SVM can lose a processor, see Documentation/testing.rst.
# The host's watchdog sees that, and no function of ours is on any stack.
emulator_stalled() {
	[[ $1 == 125 ]] && grep -q 'soft lockup - CPU' "$log/$2.host.log" &&
		! sed -n '/soft lockup - CPU/,$p' "$log/$2.host.log" | grep -qE '\baero_[a-z_]+\+0x'
}

tests=("$@")
if ((!$#)); then
	mapfile -t tests < <(make -s -C selftests list)
	bench_log "unit tests (kernel log and consoles: $log)"
	make -s -C selftests/kunit run 2>&1 | tee "$log/kunit.tap"
	count "unit tests" "$log/kunit.tap"

	bench_log "fuzzing, for a moment (make fuzz goes on for longer)"
	selftests/fuzz/run.sh short 2>&1 | tee "$log/fuzz.tap"
	count "fuzzing" "$log/fuzz.tap"
fi

bench_log "modules for the bench"
if selftests/bench/build.sh bookworm all >"$log/build.log" 2>&1; then
	bench_log "selftests, each file in a bench host of its own"
	for test in "${tests[@]}"; do
		run_file "$test"
		if emulator_stalled $? "$test"; then
			bench_log "$test: the emulator stalled (see Documentation/testing.rst); once more"
			mv "$log/$test.host.log" "$log/$test.stalled.log"
			run_file "$test"
		fi
		count "$test" "$log/$test.tap"
	done
else
	tail -n 40 "$log/build.log"
	bench_log "the modules do not build: $log/build.log"
	failed=$((failed + 1))
fi

bench_log "done"
echo "$passed passed, $failed failed"
((failed == 0))
