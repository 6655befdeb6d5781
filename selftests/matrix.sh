#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make check-matrix: the stock kernel of every supported Debian release as a host, with guests of each.
#
#   matrix.sh [TEST[:CASES]...]    all nine pairs run pair.sh, and those of one release TEST... as well (what make check
#                                  runs); then README.md's table is written
#   matrix.sh --pairs "HOST/GUEST..." [TEST[:CASES]...]    only these pairs run TEST... (pair.sh); no table
#   matrix.sh --lint               complains if README.md's table is not what a whole run without a failure writes
#
# Ends with "N passed, N failed"; exit status 1 if anything failed.  Logs: AEROSTAT_CACHE/log/matrix.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
# shellcheck source-path=SCRIPTDIR
. selftests/bench/lib.sh

releases=(bookworm trixie testing)
begin='<!-- matrix: make check-matrix writes what follows -->'
end='<!-- end of the matrix -->'

# The table as it stands in README.md, with its markers; fails if they are not there once each.
table_now() {
	[[ $(grep -cxF "$begin" README.md) == 1 && $(grep -cxF "$end" README.md) == 1 ]] &&
		sed -n "/^$begin\$/,/^$end\$/p" README.md | grep -qxF "$end" && sed -n "/^$begin\$/,/^$end\$/p" README.md
}

lint() {
	local table rows cells bad
	table=$(table_now) || { echo "README.md: markers of the matrix are missing: $begin ... $end"; return 1; }
	rows=$(grep -cE '^\| (bookworm|trixie|testing), [0-9]' <<<"$table")
	cells=$(grep -oE '\| [0-9]+ of [0-9]+' <<<"$table" | wc -l)
	bad=$(grep -oE '[0-9]+ of [0-9]+' <<<"$table" | awk '!$1 || $1 != $3' | wc -l)
	((rows == 3 && cells == 9 && !bad)) && return
	echo "README.md: the matrix has $rows of 3 hosts and $cells of 9 pairs, $bad failures: run make check-matrix"
	return 1
}

pairs=() same=()
case ${1-} in
--lint)
	lint
	exit
	;;
--pairs)
	read -ra pairs <<<"${2-}"
	shift 2
	tests=("${@:-pair.sh}")
	whole=''
	;;
*)
	for host in "${releases[@]}"; do
		same+=("$host/$host")
		for guest in "${releases[@]}"; do
			pairs+=("$host/$guest")
		done
	done
	tests=("$@")
	(($#)) || mapfile -t tests < <(make -s -C selftests list)
	whole=yes
	;;
esac

log=$AEROSTAT_CACHE/log/matrix
mkdir -p "$log"
passed=0 failed=0

# last FILE: "passed failed", as its last line says; a failure if it does not.
last() {
	local p=0 f=1
	read -r p _ f _ < <(grep -axE '[0-9]+ passed, [0-9]+ failed' "$1" 2>/dev/null | tail -n 1 | grep . || echo '0 passed, 1 failed')
	echo "$p $f"
}

# run NAME PAIRS TEST...: logs under that name.
run() {
	local p f name=$1 status
	AEROSTAT_LOG=$log/$name selftests/check.sh --pairs "${@:2}" 2>&1 | tee "$log/$name.out"
	status=$?
	read -r p f < <(last "$log/$name.out")
	# Who died before its own last line has only those of its parts.
	((status == 0 || f)) || f=1
	passed=$((passed + p)) failed=$((failed + f))
}

# of FILE...: "6 of 6 cases", of all of them.
of() {
	local file p f ok=0 all=0
	for file; do
		read -r p f < <(last "$file")
		ok=$((ok + p)) all=$((all + p + f))
	done
	echo "$ok of $all"
}

# kernel RELEASE: of its guests in this run, as it calls itself.
kernel() { sed -n 's/^ *# kernels: host \([^,]*\), guest .*/\1/p' "$log/pair/pair.sh.$1-host-$1-guests.tap"; }

write_table() {
	local host guest cell name
	local -a files
	echo "$begin"
	echo
	printf '| host \\ guest |'
	printf ' %s |' "${releases[@]}"
	printf '\n|---|'
	printf -- '---|%.0s' "${releases[@]}"
	echo
	for host in "${releases[@]}"; do
		printf '| %s, %s |' "$host" "$(kernel "$host")"
		for guest in "${releases[@]}"; do
			cell=$(of "$log/pair/pair.sh.$host-host-$guest-guests.tap")
			if [[ $host == "$guest" && ${#tests[@]} -gt 0 ]]; then
				files=()
				for name in "${tests[@]%%:*}"; do
					files+=("$log/suite/$name.$host-host-$guest-guests.tap")
				done
				cell+="; $(of "${files[@]}")"
			fi
			printf ' %s |' "$cell"
		done
		echo
	done
	echo
	printf 'Cases that passed, of [pair.sh](selftests/pair.sh): '
	printf 'hello, inflation, deflation,\na reset of the guest, the end of both modules'
	((!${#tests[@]})) || printf '; after the semicolon, of %s' "${tests[*]%%:*}"
	printf '.\n\n'
	echo "$end"
}

if [[ ! $whole ]]; then
	run some "${pairs[*]}" "${tests[@]}"
else
	run pair "${pairs[*]}" pair.sh
	((!${#tests[@]})) || run suite "${same[*]}" "${tests[@]}"
	if table_now >/dev/null; then
		write_table >"$log/table"
		sed -i -e "/^$begin\$/r $log/table" -e "/^$begin\$/,/^$end\$/d" README.md
		lint || failed=$((failed + 1))
	else
		lint
		failed=$((failed + 1))
	fi
fi
echo "$passed passed, $failed failed"
((failed == 0))
