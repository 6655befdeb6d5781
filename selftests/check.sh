#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make check: unit tests of the pure code and a moment of fuzzing here, then the selftests in an emulated bench host with
# real KVM guests.
#
#   check.sh [--release R | --pairs "HOST/GUEST..."] [TEST[:CASES]...]
#
# With tests: only these files of selftests/ (lifecycle.sh, ...), of these only the cases that the regular expression
# CASES picks, and nothing else.  --release names the kernel of host and guests (bookworm).  With debug each file runs on
# a debug host that has stock guests, and then, if it has guests, on a stock host that has debug guests: nested, a debug
# kernel takes seven minutes to boot.  --pairs names releases of hosts and of their guests: each file runs on all of them.
#
# Ends with "N passed, N failed"; exit status 1 if anything failed.  The host's kernel log and the guests' consoles
# are kept in AEROSTAT_LOG (AEROSTAT_CACHE/log).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
# shellcheck source-path=SCRIPTDIR
. selftests/bench/lib.sh

release=bookworm pairs=()
case ${1-} in
--release)
	release=${2-}
	shift 2
	;;
--pairs)
	read -ra pairs <<<"${2-}"
	shift 2
	;;
esac
log=${AEROSTAT_LOG:-$AEROSTAT_CACHE/log}
rm -rf "$log"
mkdir -p "$log"
bench_need_root
bench_need git git make make gcc gcc awk mawk

passed=0 failed=0
# count LABEL FILE: add what the suites in it say at their ends; without any such line, one failure, and one if the command
# before this failed although they did not (a sanitizer reports at the very end).
count() {
	local status=$? before=$failed p f any=''
	while read -r p _ f _; do
		any=1 passed=$((passed + p)) failed=$((failed + f))
	done < <(grep -aoE '^(# )?[0-9]+ passed, [0-9]+ failed$' "$2" | sed 's/^# //')
	if [[ ! $any ]]; then
		bench_log "$1 ended without a result"
		failed=$((failed + 1))
	fi
	if ((status && failed == before)); then
		bench_log "$1 ended with status $status"
		failed=$((failed + 1))
	fi
}

# run_file FILE CASES HOST GUEST; a file that needs another host than the usual one says so: "# bench: " and options of
# run.sh.
run_file() {
	local timeout=600 append='softlockup_panic=1' descs=${AEROSTAT_DESCS-} to=$log/$1
	local -a options
	read -ra options < <(sed -n 's/^# bench: //p' "selftests/$1")
	[[ $release != debug ]] || timeout=7200
	((${#passes[@]} == 1)) || to+=.$3-host-$4-guests
	if [[ $3 == debug ]]; then
		append='watchdog_thresh=60' descs=${descs:-10000000}
		# The suites run with each load of a module, and need to do so only once.
		[[ $1 == kunit.sh ]] || append+=' kunit.enable=0'
	fi
	selftests/bench/run.sh --release "$3" --guest-release "$4" --timeout $((${SOAK:-0} ? 10800 : timeout)) \
		--append "$append" "${options[@]}" --share "$log" --log "$to.host.log" -- \
		env SOAK="${SOAK:-0}" AEROSTAT_SEED="${AEROSTAT_SEED-}" AEROSTAT_DESCS="$descs" CASES="$2" \
		selftests/run_tests "$1" 2>&1 | tee "$to.tap"
	count "$1" "$to.tap"
}

# build RELEASE: all, and what else files of this run ask for: "# build: " and goals of make.
build() {
	local -a goals
	read -ra goals < <(cd selftests && sed -n 's/^# build: //p' "${tests[@]%%:*}" | tr '\n' ' ')
	selftests/bench/build.sh "$1" all "${goals[@]}" >"$log/build.log" 2>&1 && return
	tail -n 40 "$log/build.log"
	bench_log "the modules do not build: $log/build.log"
	failed=$((failed + 1))
	return 1
}

tests=("$@")
if ((!$#)); then
	mapfile -t tests < <(make -s -C selftests list)
	bench_log "unit tests (kernel log and consoles: $log)"
	make -s -C selftests/kunit run 2>&1 | tee "$log/kunit.tap"
	count "unit tests" "$log/kunit.tap"

	bench_log "the simulator"
	make -s -C selftests/sim run 2>&1 | tee "$log/sim.tap"
	count "the simulator" "$log/sim.tap"

	bench_log "aerostatd, without a module"
	root=$(selftests/bench/root.sh bookworm)
	selftests/bench/inroot.sh "$root" --bind-ro "$PWD" aerostat -- \
		make -s -C /aerostat/selftests/aerostatd OUTPUT=/tmp/build run 2>&1 | tee "$log/aerostatd.tap"
	count aerostatd "$log/aerostatd.tap"

	bench_log "aerostat, on trees that look like sysfs"
	selftests/bench/inroot.sh "$root" --bind-ro "$PWD" aerostat -- \
		make -s -C /aerostat/selftests/aerostat OUTPUT=/tmp/build run 2>&1 | tee "$log/aerostat.tap"
	count aerostat "$log/aerostat.tap"

	bench_log "fuzzing, for a moment (make fuzz goes on for longer)"
	selftests/fuzz/run.sh short 2>&1 | tee "$log/fuzz.tap"
	count "fuzzing" "$log/fuzz.tap"
fi

# Kernels of host and guests, one pair for each pass over a file.
case $release in
debug) passes=('debug bookworm' 'bookworm debug') ;;
*) passes=("$release $release") ;;
esac
((!${#pairs[@]})) || passes=("${pairs[@]/\// }")

bench_log "modules for the bench"
built=yes
for kernel in $(tr ' ' '\n' <<<"${passes[*]}" | sort -u); do
	build "$kernel" || built=''
done
if [[ $built ]]; then
	bench_log "selftests, each file in a bench host of its own"
	for test in "${tests[@]}"; do
		cases=''
		[[ $test != *:* ]] || cases=${test#*:} test=${test%%:*}
		for pass in "${passes[@]}"; do
			read -r host guest <<<"$pass"
			# For its guests' sake only, and it has none.
			[[ $release != debug || $pass == "${passes[0]}" ]] || grep -qw start_vm "selftests/$test" || continue
			((${#passes[@]} == 1)) || bench_log "$test: $host host, $guest guests"
			run_file "$test" "$cases" "$host" "$guest"
		done
	done
fi

bench_log "done"
echo "$passed passed, $failed failed"
((failed == 0))
