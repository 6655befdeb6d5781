#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# selfcheck.sh [RELEASE]: does the bench itself work?  TAP; status 0 when all of it does.
#
# Run outside it builds the tree for RELEASE (bookworm), checks run.sh, and runs itself on the bench host for the
# rest.  Aerostat's modules are tried only when they are there, and only for being reachable.
# shellcheck disable=SC2317 # check() calls functions by name
set -uo pipefail
# shellcheck source-path=SCRIPTDIR
cd "$(dirname "$0")" || exit

n=0 failed=0
# check WHAT COMMAND...: a TAP line; what COMMAND prints and how long it took follow as comments.
check() {
	local what=$1 begin=${EPOCHREALTIME/[.,]/} output status ms
	shift
	output=$("$@" 2>&1)
	status=$?
	ms=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
	((++n))
	if ((status)); then
		((++failed))
		echo "not ok $n - $what"
	else
		echo "ok $n - $what"
	fi
	echo "# $ms ms${output:+, ${output//$'\n'/$'\n# '}}"
}

# gives STATUS OUTPUT COMMAND...: it ends with that status and prints that.
gives() {
	local status=$1 expected=$2 output got
	shift 2
	output=$("$@" 2>/dev/null)
	got=$?
	[[ $got == "$status" && $output == "$expected" ]] && return
	echo "status $got instead of $status, output: $output"
	return 1
}

finish() {
	echo "1..$n"
	exit $((failed != 0))
}

# --- on the bench host

at_least() { local is; is=$("${@:2}") && echo "$is" && ((is >= $1)); }
at_most() { local is; is=$("${@:2}") && echo "$is" && ((is <= $1)); }

temperature() {
	host_set_temp "$1"
	# The driver may hold a reading for a second.
	sleep 1.1
	gives 0 "$1" host_temp
}

background_job() {
	local pid
	pid=$(vm_spawn one 'echo "begun by $$"; exec sleep 1000') && gives 0 "begun by $pid" vm_run one "sleep 1; cat /tmp/$pid.out" &&
		vm_run one "kill $pid"
}

guest_timeout() {
	VM_TIMEOUT=2 gives 124 before vm_run one 'echo before; sleep 100' && gives 0 '' vm_run one 'ps | grep "[s]leep 100" || true'
}

guest_panic() {
	VM_TIMEOUT=60 gives 125 '' vm_run two 'echo c >/proc/sysrq-trigger; sleep 100'
	vm__until 10 vm__gone two && grep -a 'Kernel panic' "$(vm_log two)"
}

aerostat() {
	insmod host/aerostat_host.ko && vm_start three && vm_wait_up three && vm_insmod three &&
		vm__until 10 vm_sysfs three 2>/dev/null && vm_sysfs three && vm_stop three && rmmod aerostat_host
}

on_host() {
	. ./host.sh
	cd /aerostat || exit
	check "28 movable blocks" at_least 28 host_movable_blocks
	check "the sensor reports 40 degrees" gives 0 40000 host_temp
	check "the sensor follows" temperature 85500
	check "the sensor follows below zero" temperature -12250
	check "results can be written" eval 'echo hello >/out/hello'
	check "the bench holds little shared memory, in KiB" at_most 1024 host_meminfo Shmem
	check "a guest starts" vm_start one aerostat=no size=512
	check "the guest is up" vm_wait_up one
	check "a command's output and status" gives 3 $'one\ntwo' vm_run one 'echo one; echo two >&2; exit 3'
	check "a command's quotes" gives 0 "a 'b' \"c\" \$d" vm_run one "echo \"a 'b' \\\"c\\\" \\\$d\""
	check "a megabyte of output" gives 0 1048576 eval 'vm_run one "head -c 1048576 /dev/zero | tr \\\\0 x" | wc -c'
	check "one that takes too long is killed" guest_timeout
	check "a job in the background" background_job
	check "a hundred commands" eval 'for i in {1..100}; do vm_run one true || break; done'
	check "hog touches memory" vm_run one 'hog touch 64'
	check "hog keeps its numbers" gives 143 ready vm_run one 'timeout 3 hog verify 16 7'
	check "stock modules load" vm_run one 'modprobe virtio_balloon'
	check "a QEMU that does not start is an error" eval '! vm_start wrong aerostat=no -device no-such'
	check "QMP answers" vm_qmp one '{"execute":"query-status"}'
	check "QMP's errors are errors" eval '! vm_qmp one "{\"execute\":\"no-such\"}"'
	check "the guest's kernel is content" vm_dmesg_clean one
	check "a second guest, on anonymous memory" vm_start two aerostat=plain-ivshmem size=256 ram=anon
	check "the second guest is up" vm_wait_up two
	check "a guest's panic ends it" guest_panic
	check "power off" vm_stop one
	check "gone is gone" gives 125 '' vm_run one true
	if [[ -e host/aerostat_host.ko && -e guest/aerostat_guest.ko ]]; then
		check "Aerostat's modules meet" aerostat
	fi
	check "the host's kernel is content" host_dmesg_clean
	finish
}

# --- outside

crash() {
	./run.sh --release "$release" --timeout 120 -- bash -c 'sleep 1; echo c >/proc/sysrq-trigger; sleep 60' 2>&1
	(($? == 125))
}

no_leaks() {
	. ./lib.sh
	! grep -F "$AEROSTAT_CACHE" /proc/self/mounts
}

[[ -z ${BENCH_RELEASE-} ]] || on_host
release=${1:-bookworm}
check "the tree is built" ./build.sh "$release"
# shellcheck disable=SC2016 # $1 is for the inner shell
check "a command's output and status" gives 7 $'one  two\nthree' ./run.sh --release "$release" -- \
	bash -c 'echo "$1"; echo three >&2; exit 7' name 'one  two'
check "a hang has a status" gives 124 '' ./run.sh --release "$release" --timeout 20 -- sleep 1000
check "a crash has a status, and the log" crash
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
check "nothing stays mounted" no_leaks
echo "# on the bench host:"
./run.sh --release "$release" --share "$out" -- selftests/bench/selfcheck.sh | sed -u 's/^/    /'
((PIPESTATUS[0] == 0)) || ((++failed))
check "results come out" gives 0 hello cat "$out/hello"
finish
