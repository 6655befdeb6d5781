#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cli.sh CHECKED PLAIN: aerostat-sim from outside, as TAP: the same seed is the same run, a trace that was written
# is the trace that is read, what is wrong is told with its line, and one round is fast enough.
#
#   CHECKED   the program with sanitizers
#   PLAIN     the program as it is installed, for what is measured
#
# Ends with "N passed, N failed"; exit status 1 if anything failed.
set -uo pipefail
checked=$(realpath "$1") plain=$(realpath "$2")
cd "$(dirname "$0")" || exit 2
google=../../tools/sim/google.awk
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

verdict() {
	local status=$?
	if ((status == 0)); then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - sim.cli.$1"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - sim.cli.$1"
	fi
}

# Short, and hot from the beginning to the end.
run() { "$checked" --step 5 --vms 6 --scenario flash --hours 24 "$@"; }

same_seed_same_run() {
	run --seed 7 -f csv >"$dir/a" && run --seed 7 -f csv >"$dir/b" && run --seed 8 -f csv >"$dir/c" || return
	cmp "$dir/a" "$dir/b" || return
	# The seed itself is a column.
	! cmp -s <(cut -d, -f1,3- "$dir/a") <(cut -d, -f1,3- "$dir/c")
}

seeds_are_runs_one_after_the_other() {
	run --seed 7 --seeds 2 -f csv >"$dir/both" || return
	cat "$dir/a" <(tail -n +2 "$dir/c") | cmp - "$dir/both"
}

formats_agree() {
	run --seed 7 -f json >"$dir/json" && run --seed 7 >"$dir/text" || return
	# Names and violated minutes, from each of the three.
	tail -n +2 "$dir/a" | cut -d, -f1,3 >"$dir/from.csv"
	sed -n 's/.*"policy": "\([^"]*\)".*"violated_vm_minutes": \([0-9]*\).*/\1,\2/p' "$dir/json" >"$dir/from.json"
	awk 'NR > 2 { print $1 "," $2 }' "$dir/text" >"$dir/from.text"
	[[ $(wc -l <"$dir/from.csv") == 8 ]] && cmp "$dir/from.csv" "$dir/from.json" && cmp "$dir/from.csv" "$dir/from.text"
}

series_adds_up() {
	run --seed 7 -f csv --series "$dir/series" >/dev/null || return
	# While memory moves from VM to VM less is held than is offline; the host's reserve, 4 GiB at most, stands in.
	awk -F, 'NR > 1 { violated[$1] += $7; lines[$1]++; if ($1 == "aerostat" && $6 > $5 + 4096) over++ }
		END { for (p in lines) { print p "," violated[p]; if (lines[p] != 1440) over++ }; exit over > 0 }' \
		"$dir/series" >"$dir/sums" || { echo "# more offline than held, or not a line for each minute"; return 1; }
	cmp <(sort "$dir/sums") <(sort "$dir/from.csv")
}

trace_round_trip() {
	local scenario
	for scenario in heatwave diurnal roles flash; do
		run --scenario "$scenario" --hours 8 --write-trace "$dir/trace" || return
		run --scenario "$scenario" --hours 8 -f csv | cut -d, -f1,3- >"$dir/direct"
		"$checked" --step 5 --trace "$dir/trace" -f csv | cut -d, -f1,3- >"$dir/read"
		cmp "$dir/direct" "$dir/read" || return
		# And once more, from stdin.
		"$checked" --trace - --write-trace "$dir/again" <"$dir/trace" || return
		cmp "$dir/trace" "$dir/again" || return
	done
}

# What is wrong with a trace must be told with its line and with what to do about it.
bad() {
	local want=$1 status
	printf '%b' "$2" >"$dir/bad"
	"$checked" --trace "$dir/bad" >"$dir/out" 2>"$dir/err"
	status=$?
	if ((status != 1)) || [[ -s $dir/out ]] || ! grep -qF "$dir/bad:$want" "$dir/err" || (($(wc -l <"$dir/err") != 1)); then
		echo "# status $status, wanted '$want' of"
		sed 's/^/#   /' "$dir/bad"
		sed 's/^/# /' "$dir/err"
		return 1
	fi
}

bad_traces_are_explained() {
	local head='host,10240,1024\nvm,a,4096,1024,1000\ninlet,0,38000\n' wrong=0
	bad '1: ' 'hosts,1,2\n' || wrong=1
	bad "1: 'hosts' begins no line: use host, vm, inlet, load, end or #" 'hosts,1,2\n' || wrong=1
	bad '2: fewer fields than expected: write vm,name,size_mib,min_mib,shares' 'host,10240,1024\nvm,a,4096\n' || wrong=1
	bad '2: more fields than expected: write end,time_s' 'host,10240,1024\nend,3600,1\n' || wrong=1
	bad '1: more fields than expected: write load,time_s' 'load,0,a,1,2,3,4\n' || wrong=1
	bad "1: memory_mib '10 GiB' is not a whole number" 'host,10 GiB,1024\n' || wrong=1
	bad "1: memory_mib '-5' is not a whole number" 'host,-5,1024\n' || wrong=1
	bad "1: memory_mib '99999999999999999999' is not a whole number" 'host,99999999999999999999,1\n' || wrong=1
	bad '3: a second VM '\''a'\'': give each a name of its own' 'host,10240,1024\nvm,a,4096,0,1\nvm,a,4096,0,1\n' || wrong=1
	bad "2: min_mib '5000' is not a whole number from 0 to 4096" 'host,10240,1024\nvm,a,4096,5000,1\n' || wrong=1
	bad '4: no VM is called '\''b'\'': add a line vm,b' "${head}load,0,b,1,1,1\nend,3600\n" || wrong=1
	bad "4: anon_mib '4000' is not a whole number from 0 to 3968" "${head}load,0,a,1,4000,1\n" || wrong=1
	bad "4: cpu_permille '1001' is not a whole number from 0 to 1000" "${head}load,0,a,1001,1,1\n" || wrong=1
	bad '5: time goes back from 60 to 30: sort the lines by it' "${head}load,60,a,1,1,1\nload,30,a,1,1,1\n" || wrong=1
	bad '5: a line after '\''end'\'' in line 4' "${head}end,3600\nload,0,a,1,1,1\n" || wrong=1
	bad '4: the trace ends after 5 seconds' "${head}end,5\n" || wrong=1
	bad "4: there is no line 'end'" "${head}load,0,a,1,1,1\n" || wrong=1
	bad "2: there is no line 'host'" 'vm,a,4096,1024,1000\nend,3600\n' || wrong=1
	bad "2: there is no line 'vm'" 'host,10240,1024\nend,3600\n' || wrong=1
	bad '4: it has no temperature at first' 'host,10240,1024\nvm,a,4096,1024,1000\ninlet,60,38000\nend,3600\n' || wrong=1
	bad '4: all need 5120 MiB, there are 4608: raise memory_mib' 'host,4608,1024\nvm,a,4096,1024,1000\ninlet,0,38000\nend,3600\n' || wrong=1
	bad '0: ' '' || wrong=1
	bad '1: ' '\0\0\0\n' || wrong=1
	return $wrong
}

bad_options_are_explained() {
	local option wrong=0
	for option in '--vms 0' '--vms 10001' '--vms x' '--seeds 0' '--step 7' '--policy nobody' '--policy none,none' \
		'--scenario nowhere' '--format xml' '--high 60' '--trace /nonexistent' '--series /nonexistent/x' \
		'--seeds 2 --series /dev/null' 'word' '--nonsense' '--hours -1'; do
		# shellcheck disable=SC2086 # an option and its value
		if "$checked" --hours 1 $option >"$dir/out" 2>"$dir/err" || [[ ! -s $dir/err || -s $dir/out ]] ||
			(($(wc -l <"$dir/err") != 1)); then
			echo "# $option:"
			sed 's/^/#   /' "$dir/err"
			wrong=1
		fi
	done
	return $wrong
}

full_disk_is_no_short_run() {
	! "$checked" --hours 1 --vms 1 --series /dev/full >/dev/null 2>&1 && ! "$checked" --hours 1 --vms 1 >/dev/full 2>/dev/null
}

help_names_every_policy() {
	local name
	"$checked" --help >"$dir/help" || return
	while read -r name; do
		grep -qE "^ +$name " "$dir/help" || return
	done < <(cut -d, -f1 "$dir/from.csv")
}

one_vm_and_ten_thousand() {
	"$checked" --vms 1 --hours 2 --step 10 -f csv >"$dir/one" && [[ $(wc -l <"$dir/one") == 9 ]] || return
	"$plain" --vms 10000 --hours 1 --step 60 --period 60 --scenario roles -p aerostat -f csv >"$dir/many" || return
	[[ $(wc -l <"$dir/many") == 2 ]]
}

google_converter() {
	awk -f "$google" -v machine=42 -v unit_mib=65536 google.csv >"$dir/google" || return
	cmp "$dir/google" google.expected || return
	"$checked" --trace "$dir/google" -p none -f csv >/dev/null || return
	! awk -f "$google" google.csv >/dev/null 2>"$dir/err" && grep -q 'say which machine' "$dir/err" || return
	! awk -f "$google" -v machine=1 google.csv >/dev/null 2>"$dir/err" && grep -q 'no line is of machine 1' "$dir/err" || return
	! awk -f "$google" -v machine=1 "$dir/a" >/dev/null 2>"$dir/err" && grep -q "$dir/a:1: .* fields" "$dir/err"
}

# --help and the manual know the same options; what they name is installed where they say.
manual_and_installation() {
	local option
	for option in $("$plain" --help | grep -o -- '--[a-z-]*' | sort -u); do
		grep -q -- "Fl Fl ${option#--}\b" ../../tools/sim/aerostat-sim.1 || { echo "# no $option in the manual"; return 1; }
	done
	make -s -C ../../tools/sim OUTPUT="$dir/build" DESTDIR="$dir/dest" PREFIX=/opt/x install || return
	"$dir/dest/opt/x/bin/aerostat-sim" --help >"$dir/help" || return
	for option in chart.gnuplot google.awk; do
		grep -q "/opt/x/share/aerostat-sim/$option" "$dir/help" || return
		grep -q "/opt/x/share/aerostat-sim/$option" "$dir/dest/opt/x/share/man/man1/aerostat-sim.1" || return
		cmp "../../tools/sim/$option" "$dir/dest/opt/x/share/aerostat-sim/$option" || return
	done
	! grep '/usr/share' "$dir/dest/opt/x/share/man/man1/aerostat-sim.1"
}

# The least of three: a round is not slower because others use this machine. 5 ms is what was asked for.
round_of_10000_vms() {
	local ms best=''
	for _ in 1 2 3; do
		ms=$("$plain" --bench --vms 10000 | sed -n 's/.*median \([0-9.]*\) ms.*/\1/p')
		[[ $ms ]] || return
		[[ $best ]] && awk "BEGIN { exit !($best <= $ms) }" || best=$ms
	done
	echo "# median of a round over 10000 VMs: $best ms"
	awk "BEGIN { exit !($best < 5) }"
}

cases=(same_seed_same_run seeds_are_runs_one_after_the_other formats_agree series_adds_up trace_round_trip
	bad_traces_are_explained bad_options_are_explained full_disk_is_no_short_run help_names_every_policy
	one_vm_and_ten_thousand google_converter manual_and_installation round_of_10000_vms)
echo "TAP version 13"
echo "1..${#cases[@]}"
for case in "${cases[@]}"; do
	"$case"
	verdict "$case"
done
echo "# $passed passed, $failed failed"
((failed == 0))
