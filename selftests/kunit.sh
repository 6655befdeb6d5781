#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The KUnit suites in a kernel that has KUnit (the bench's debug release): they run as the modules are loaded. And
# whether it finds leaks.
#
# Without guests; the less memory, the sooner all of it has been looked at for leaks.
# bench: --mem 1G
. "$(dirname "$0")/lib.sh"

# suites_pass FILE...: each file's suite has run since the log was last cleared, and passed.
suites_pass() {
	local name
	[[ -d /sys/module/kunit ]] || fail "no KUnit in this kernel: use the debug release"
	for name in $(sed -n 's/^\t\.name = "\(aerostat_[a-z_]*\)",$/\1/p' "$@"); do
		dmesg | grep -qE "\] ok [0-9]+ $name\$" || fail "$name has not passed"
		dmesg | sed -n "s/^.*\] \(# $name: pass:.*\)/\1/p"
	done
	dmesg | grep -E '\] +not ok' && fail "these failed"
}

test_host_suites() { suites_pass "$TREE"/host/tests/*-kunit.c; }

test_guest_suites() {
	insmod "$TREE/guest/tests/rate-kunit.ko" || fail "it does not load"
	suites_pass "$TREE"/guest/tests/*-kunit.c
	rmmod rate-kunit
}

# Who finds no leak may not have looked. The module is gone, so its contents tell which one it was.
test_a_leak_is_found() {
	local leaks
	insmod "$TREE/selftests/modules/aero_leak.ko" && rmmod aero_leak || fail "aero_leak"
	leaks=$(sh -c "$LEAKS")
	echo clear >$KMEMLEAK
	check "it is found" grep -q '5a 5a 5a 5a 5a 5a 5a 5a' <<<"$leaks"
}

run_cases
