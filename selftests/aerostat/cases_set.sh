# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Settings.

setting() { cat "$tree/sys/class/aerostat/$1"; }

test_set() {
	tree_vms "$tree" 2
	ends 0 set vm-1 shares=4000 min=1.5GiB
	has "vm-1 shares=4000"
	has "vm-1 min_bytes=1610612736"
	same shares "$(setting vm-1/shares)" 4000
	ends 0 set vm-1 limit=1792M managed=0
	same limit "$(setting vm-1/limit_bytes)" $((7 * GiB / 4))
	same managed "$(setting vm-1/managed)" 0
	same min "$(setting vm-1/min_bytes)" 1610612736
	# By its name.
	ends 0 set guest-0 rate_max=512M
	same rate "$(setting vm-0/rate_max_bytes)" 536870912
	ends 0 set host mode=manual reclaim_target=3G period=250
	same mode "$(setting host/mode)" manual
	same target "$(setting host/reclaim_target_bytes)" $((3 * GiB))
	same period "$(setting host/period_ms)" 250
	ends 0 set host sensor_add="hwmon coretemp temp1"
	same sensor_add "$(setting host/sensor_add)" "hwmon coretemp temp1"
	ends 0 set sensor-0 low=60C high=64500 emergency=unset -j
	json '[.low,.high,.emergency]' '[60000,64500,null]'
	tree_sensor "$tree" 1 'hwmon power_meter power1' low 12500000
	echo power >"$tree/sys/class/aerostat/sensor-1/kind"
	ends 0 set sensor-1 high=20.5W
	same high "$(setting sensor-1/high)" 20500000
}

test_set_nonsense() {
	local what
	tree_vms "$tree" 2
	tree_qemu "$tree" 1001 -name guest-0
	for what in "vm-0 nonsense=1" "vm-0 min=much" "vm-0 min=1X" "vm-0 min=-1" "vm-0 min=1e30G" "vm-0 uevent=add" \
		"vm-0 ../vm-1/shares=1" "sensor-0 low=5W" "sensor-0 low=C" "sensor-0 low=" "nobody shares=1" "guest-0 shares=1" \
		"guest floor=1"; do
		# shellcheck disable=SC2086 # words
		ends 2 set $what
		one_sentence ""
	done
	# Also what makes no words here: blanks behind a number, and nothing at all.
	for what in "vm-0 min=8 " "vm-0 min=8 B" "vm-0 min=8@" "vm-0 min=9e18K" "vm-0 min=nanK" "sensor-0 low=1e300C" "sensor-0 low=nanC" \
		"host mode=" "vm-0 shares=" "host sensor_add="; do
		ends 2 set "${what%% *}" "${what#* }"
		one_sentence ""
	done
	one_sentence "empty"
	same mode "$(setting host/mode)" auto
	same low "$(setting sensor-0/low)" 65000
	same shares "$(setting vm-0/shares)" 1000
	same shares "$(setting vm-1/shares)" 1001
	same min "$(setting vm-0/min_bytes)" $((GiB / 4))
}

test_set_what_the_kernel_refuses() {
	tree_vms "$tree" 1
	# Nothing may be written: EFBIG stands for what a kernel says.
	out=$(
		trap '' XFSZ
		ulimit -f 0
		"$AEROSTAT" -r "$tree" set vm-0 shares=0 2>&1 | cat
		exit "${PIPESTATUS[0]}"
	)
	same status $? 6
	has "the kernel refuses 0 for shares of vm-0: File too large"
}

_completes() {
	local line=$1 expected=$2
	shift 2
	read -ra COMP_WORDS <<<"aerostat $line"
	[[ $line != *" " && $line ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_aerostat
	same "after \"$line\"" "${COMPREPLY[*]}" "$expected"
}

test_completion() {
	tree_vms "$tree" 3
	export AEROSTAT_ROOT=$tree
	# shellcheck source=/dev/null
	. "$TOOL/aerostat.bash"
	_completes "" "status top vms sensors blocks set watch record plot metrics doctor"
	_completes "s" "status sensors set"
	_completes "--json v" "vms"
	_completes "vms -k s" "state size shares"
	_completes "set vm-" "vm-0 vm-1 vm-2"
	_completes "set sen" "sensor-0"
	_completes "set vm-0 sh" "shares="
	_completes "set host sensor" "sensor_add= sensor_remove="
	_completes "metrics --s" "--socket"
	_completes "set -" "-r --root -h --help -V --version -j --json -f --file"
	_completes "-r $tree set vm-1 min" "min_bytes="
	tree_guest "$work/guest"
	AEROSTAT_ROOT=$work/guest _completes "set g" guest
	# Root's rights are not what counts: floor_bytes is the only one that the driver lets be written.
	chmod 0444 "$work"/guest/sys/bus/pci/drivers/aerostat_guest/0*/{balloon,target,rate}_bytes
	chmod 0444 "$work"/guest/sys/bus/pci/drivers/aerostat_guest/0*/{state,limits}
	AEROSTAT_ROOT=$work/guest _completes "set guest " floor_bytes=
	# Each command that there is, and no other.
	same commands "$("$AEROSTAT" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort | xargs)" \
		"$(sed -n "s/.*local commands='\(.*\)'/\1/p" "$TOOL/aerostat.bash" | tr ' ' '\n' | sort | xargs)"
}

test_manual() {
	local command option manual
	# That other manuals are not installed here is no fault of this one.
	for manual in "$TOOL"/../*/*.[1-8]; do
		out=$(mandoc -Tlint "$manual" 2>/dev/null | grep -v "referenced manual not found")
		same lint "$out" ""
	done
	out=$(mandoc -Tascii "$TOOL/aerostat.1" | sed 's/.\x08//g')
	for command in $("$AEROSTAT" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
		grep -qE "^ +$command( |\$)" <<<"$out" || fail "no $command in the manual"
	done
	for option in $("$AEROSTAT" --help | grep -o -- '--[a-z]*'); do
		has "$option"
	done
}

# What a packager asks of the compiler is what the program gets.
test_packagers_flags() {
	local commands
	_commands() { commands=$(make -n -B -C "$TOOL" OUTPUT="$work/packaged" "$@" 2>&1); }
	_commands CPPFLAGS="-DPACKAGED=1 -D_FORTIFY_SOURCE=3"
	grep -q -- '-DPACKAGED=1.* -c ' <<<"$commands" || fail "CPPFLAGS are ignored"
	grep -q -- '-D_FORTIFY_SOURCE=2' <<<"$commands" && fail "CPPFLAGS' level is lowered"
	_commands CFLAGS="-O2 -Wp,-D_FORTIFY_SOURCE=3"
	grep -q -- '[ ,]-[UD]_FORTIFY_SOURCE\(=2\)\?\( \|$\)' <<<"$commands" && fail "CFLAGS' level is lowered"
	_commands CFLAGS="-O2 -U_FORTIFY_SOURCE"
	grep -q -- '-D_FORTIFY_SOURCE=2.* -c ' <<<"$commands" || fail "not hardened"
	commands=$(make -n -B -C "$TOOL/../sim" OUTPUT="$work/packaged" CPPFLAGS=-DPACKAGED=1 2>&1)
	grep -q -- '-DPACKAGED=1.* -c .*/main.o' <<<"$commands" || fail "the simulator's CPPFLAGS are ignored"
	grep -q -- '-DPACKAGED=1.* -c .*/module_plan.o' <<<"$commands" || fail "the simulator's CPPFLAGS are ignored"
	commands=$(make -n -B -C "$TOOL/../aerostatd" OUTPUT="$work/packaged" CPPFLAGS="-DPACKAGED=1 -D_FORTIFY_SOURCE=3" 2>&1)
	grep -q -- '-DPACKAGED=1.* -c ' <<<"$commands" || fail "aerostatd's CPPFLAGS are ignored"
	grep -q -- '-D_FORTIFY_SOURCE=2' <<<"$commands" && fail "aerostatd's CPPFLAGS' level is lowered"
}

test_missing_libraries() {
	out=$(make -s -C "$TOOL" OUTPUT="$work/nothing" PKG_CONFIG=false 2>&1) && fail "no failure"
	has "libncurses-dev libjson-c-dev libudev-dev"
	same lines "$(wc -l <<<"$out")" 1
}
