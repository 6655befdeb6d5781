#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [short | DESCS]: fuzz the host's border of trust, ring, descriptors and account, in userspace.
#
#   DESCS    until so many descriptors have been judged (default 100000000), on all processors; what was learnt
#            is kept in AEROSTAT_CACHE/fuzz/corpus and is where the next run begins
#   short    2000000 of them, in one process from a fixed seed and nothing else: about twenty seconds
#
# Inputs that break something are kept in AEROSTAT_CACHE/fuzz; selftests/fuzz/build/fuzz FILE runs one again.
# Ends with "N passed, N failed"; exit status 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 2
# shellcheck source-path=SCRIPTDIR
. ../bench/lib.sh

dir=$AEROSTAT_CACHE/fuzz
seed=() jobs=$(nproc) descs=${1:-100000000} corpus=("$dir/corpus")
case $descs in
short) descs=2000000 jobs=1 seed=(-seed=1) corpus=() ;;
'' | *[!0-9]* | 0*) bench_usage "${0##*/}" >&2; exit 2 ;;
esac

# libFuzzer's runtime is not where clang's command is.
links() { echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
	clang -fsanitize=fuzzer,address,undefined -x c -o "$dir/links" - 2>/dev/null; }

mkdir -p "$dir" "${corpus[@]}"
bench_lock lock "$dir/lock" exclusive
bench_need make make
links || bench_install clang libclang-rt-dev
links || bench_die "clang does not link libFuzzer"
make -s || bench_die "the harness does not build"

export FUZZ_COUNTS=$dir/counts FUZZ_DESCS=$descs
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16
rm -f "$FUZZ_COUNTS" "$dir"/*.log
# A fixed seed is a fixed run only where addresses are the same as well.
fixed=()
((${#seed[@]})) && setarch -R true 2>/dev/null && fixed=(setarch -R)

pids=()
trap 'kill "${pids[@]}" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
began=$SECONDS
for ((i = 0; i < jobs; i++)); do
	"${fixed[@]}" build/fuzz "${seed[@]}" -len_control=0 -max_len=1024 -timeout=60 -detect_leaks=0 \
		-artifact_prefix="$dir/" "${corpus[@]}" >"$dir/$i.log" 2>&1 &
	pids+=($!)
done

judged() { build/fuzz counts | sed -n 's/ descriptors$//p'; }
# Wait for all; as soon as one has failed the other ones need not go on.
broken=0 next=$((SECONDS + 10))
while ((${#pids[@]})); do
	sleep 0.2
	for i in "${!pids[@]}"; do
		kill -0 "${pids[i]}" 2>/dev/null && continue
		wait "${pids[i]}" || broken=$((broken + 1))
		unset 'pids[i]'
		if ((broken == 1)); then
			kill "${pids[@]}" 2>/dev/null
			wait "${pids[@]}" 2>/dev/null
			pids=()
			grep -hE 'broken:|ERROR:|runtime error:|SUMMARY:|^ +#[0-9]+ .*(host|fuzz)/|Test unit written' "$dir/$i.log" |
				sed 's/^/# /'
			break
		fi
	done
	if ((SECONDS >= next)); then
		next=$((SECONDS + 10))
		echo "# $(judged) of $descs descriptors, $((SECONDS - began)) s"
	fi
done

passed=0 failed=0
verdict() {
	local ok=ok
	if (($1)); then passed=$((passed + 1)); else ok='not ok' failed=$((failed + 1)); fi
	echo "$ok $((passed + failed)) - fuzz.$2"
}
counts=$(build/fuzz counts)
printf '#   %s\n' "${counts//$'\n'/$'\n#   '}"
echo "# $((SECONDS - began)) s, $jobs processes"
verdict $((broken == 0)) nothing_is_broken
verdict $(($(judged) >= descs)) all_descriptors_judged
# What never happened was not tested.
verdict $(($(grep -c '^0 ' <<<"$counts") == 0)) each_outcome_was_seen
echo "$passed passed, $failed failed"
((failed == 0))
