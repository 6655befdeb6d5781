#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh DIRECTORY: the cases of aerostat, as TAP. DIRECTORY has what the Makefile built. CASES, a regular expression,
# picks some.
set -uo pipefail
cd "$(dirname "$0")" || exit 2
BUILD=$1
AEROSTAT=$BUILD/aerostat/aerostat
TOOL=$(cd ../../tools/aerostat && pwd)
export LC_ALL=C.UTF-8
unset NO_COLOR AEROSTAT_ROOT
# shellcheck source-path=SCRIPTDIR source=tree.sh
. ./tree.sh

# fail TEXT: the case has failed; it goes on, so that one run shows all that is wrong.
fail() {
	echo "# FAIL line ${BASH_LINENO[*]:0:3}: $*"
	case_failed=1
}

# aero ARGUMENT...: run it on the case's tree; what it said is in $out and $err, how it ended in $status.
aero() {
	out=$("$AEROSTAT" -r "$tree" "$@" 2>"$work/err")
	status=$?
	err=$(<"$work/err")
}

# ends STATUS ARGUMENT...: it ends so.
ends() {
	local expected=$1
	shift
	aero "$@"
	((status == expected)) || fail "aerostat $*: status $status, not $expected: $err"
}

# one_sentence TEXT: all that it said on stderr is one line that holds TEXT.
one_sentence() {
	[[ $err == "aerostat: "*"$1"* && $(wc -l <"$work/err") == 1 ]] || fail "not one sentence with \"$1\": $err"
}

has() { [[ $out == *"$1"* ]] || fail "no \"$1\" in: $out"; }
has_not() { [[ $out != *"$1"* ]] || fail "\"$1\" in: $out"; }

# json FILTER EXPECTED: what jq makes of $out.
json() {
	local is
	is=$(jq -c "$1" <<<"$out" 2>&1)
	[[ $is == "$2" ]] || fail "$1 is $is, not $2"
}

same() { [[ $2 == "$3" ]] || fail "$1: \"$2\" is not \"$3\""; }

# wait_for COMMAND...: until it succeeds, for ten seconds.
wait_for() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# as_nobody COMMAND...
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

for file in cases_*.sh; do
	# shellcheck source=/dev/null
	. "./$file"
done

work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
mapfile -t cases < <(compgen -A function test_ | grep -E "${CASES:-.}")
echo "TAP version 13"
echo "1..${#cases[@]}"
passed=0 failed=0
for name in "${cases[@]}"; do
	# In a subshell: what a case sets or leaves running does not reach the next.
	began=$SECONDS
	if (
		case_failed='' tree=$work/tree
		rm -rf "${work:?}"/*
		mkdir "$tree"
		"$name"
		[[ ! $case_failed ]]
	); then
		echo "ok $((passed + failed + 1)) - aerostat.${name#test_} # $((SECONDS - began)) s"
		((++passed))
	else
		echo "not ok $((passed + failed + 1)) - aerostat.${name#test_} # $((SECONDS - began)) s"
		((++failed))
	fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
