#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make demo: the whole cycle on this machine, without any of the hardware.
#
# Boots an emulated host with a stock Debian kernel and two real KVM guests, lets it get hot, and shows what
# Aerostat does about it, one line a second, with a table and a chart at the end.  Needs Debian and root.
# Results: demo-out/ (run.csv, chart.png, the kernel's log).
set -euo pipefail
cd "$(dirname "$0")/../.."
[[ $EUID -eq 0 ]] || exec sudo --preserve-env=AEROSTAT_CACHE "$0" "$@"
# shellcheck source=../bench/lib.sh
. selftests/bench/lib.sh

out=$TREE_DIR/demo-out
echo "Aerostat demo: an emulated host gets hot, shrinks its VMs and turns memory off."
echo "First run: packages for a small Debian system in $AEROSTAT_CACHE (about 1 GB, a minute or two)."
bench_need git git
root=$(selftests/bench/root.sh bookworm)
bench_log "building the modules"
mkdir -p "$out"
selftests/bench/build.sh bookworm all >"$out/build.log" 2>&1 ||
	{ tail -n 30 "$out/build.log"; bench_die "the modules do not build, see $out/build.log"; }
bench_log "booting the host"
status=0
selftests/bench/run.sh --timeout 420 --share "$out" --log "$out/host.log" -- selftests/demo/host.sh || status=$?
[[ -s $out/run.csv ]] || bench_die "the run left no data; the host's log: $out/host.log"

selftests/bench/inroot.sh "$root" --bind "$out" out --bind-ro "$TREE_DIR/selftests/demo" mnt -- \
	gnuplot /mnt/chart.gnuplot
echo
echo "Chart: $out/chart.png    Data: $out/run.csv"
exit "$status"
