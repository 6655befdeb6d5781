#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make bench: Aerostat beside its peers, virtio-balloon and virtio-mem, in one VM that has them all.
#
#	bench.sh [--rounds N] [RAM/INIT_ON_ALLOC | costs[/WHAT]]...
#
# Each of RAM (memfd, huge, hugetlb; see vm.sh) with init_on_alloc 0 and 1 gets a host of its own, and so does costs
# (costs.sh); without arguments all seven, 10 rounds each. Results: bench-out/ (run.csv, costs.txt, table.txt,
# chart.png). Fails only when something is less than half of what Documentation/performance.rst calls the least.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=../bench/lib.sh
. selftests/bench/lib.sh
bench_need_root
bench_need git git

rounds=10
if [[ ${1-} == --rounds ]]; then
	rounds=$2
	shift 2
fi
(($#)) || set -- memfd/0 memfd/1 huge/0 huge/1 hugetlb/0 hugetlb/1 costs

out=$TREE_DIR/bench-out
mkdir -p "$out"
rm -f "$out"/*.csv "$out/costs.txt"
: >"$out/all.csv"
root=$(selftests/bench/root.sh bookworm)
bench_log "building the modules"
selftests/bench/build.sh bookworm all >"$out/build.log" 2>&1 ||
	{ tail -n 30 "$out/build.log"; bench_die "the modules do not build, see $out/build.log"; }
for kind; do
	if [[ $kind == costs* ]]; then
		bench_log "$kind: $rounds rounds"
		what=${kind#costs}
		# shellcheck disable=SC2086 # nothing, or one word
		selftests/bench/run.sh --timeout 5400 --share "$out" --log "$out/costs.log" -- \
			selftests/perf/costs.sh "$rounds" ${what#/} || bench_die "$kind failed"
		continue
	fi
	# A page of 4 KiB that is touched for the first time takes the emulated host half a millisecond.
	mib=256
	[[ $kind != memfd/* ]] || mib=128
	bench_log "$kind: $rounds rounds of $mib MiB"
	selftests/bench/run.sh --timeout 3600 --share "$out" --log "$out/${kind/\//-}.log" -- \
		selftests/perf/compare.sh "${kind%/*}" "${kind#*/}" "$rounds" "$mib" || bench_die "$kind failed"
	cat "$out/run.csv" >>"$out/all.csv"
	rm "$out/run.csv"
done
mv "$out/all.csv" "$out/run.csv"
stat() { awk -f selftests/perf/stat.awk -f "selftests/perf/$1.awk" "$out/$2"; }
: >"$out/table.txt"
if [[ -s $out/run.csv ]]; then
	stat table run.csv >>"$out/table.txt"
	selftests/bench/inroot.sh "$root" --bind "$out" out --bind-ro "$TREE_DIR/selftests/perf" mnt -- gnuplot /mnt/chart.gnuplot
fi
[[ ! -e $out/costs.txt ]] || stat costs costs.txt >>"$out/table.txt"
cat "$out/table.txt"
echo
echo "Table: $out/table.txt    Chart: $out/chart.png    Data: $out/run.csv, $out/costs.txt"
! grep -q '^BELOW HALF' "$out/table.txt"
