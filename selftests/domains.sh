#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Power domains that a user names: vacated as a whole, finished before another one is begun, and broken up last.
. "$(dirname "$0")/lib.sh"

BLOCKS=/sys/devices/system/memory
BLOCK_BYTES=$((0x$(<$BLOCKS/block_size_bytes)))
INVENTORY=/sys/kernel/debug/aerostat/blocks/inventory
trap 'kill $(jobs -p) 2>/dev/null' EXIT

# movable: numbers of the blocks that can go, lowest first, as the inventory says.
movable() { sed -n 's/^memory\([0-9]*\) zone=Movable .* cost=[0-9].*/\1/p' $INVENTORY; }

# line BLOCK; field BLOCK NAME: of the inventory.
line() { grep "^memory$1 " $INVENTORY; }
field() { line "$1" | sed -n "s/.* $2=\([^ ]*\).*/\1/p"; }

# range FIRST LAST: of blocks, as domain_add takes it.
range() { printf '%x-%x' $(($1 * BLOCK_BYTES)) $((($2 + 1) * BLOCK_BYTES - 1)); }

# refused ERRNO_TEXT SPEC: domain_add says so, and nothing appears.
refused() {
	local text
	text=$(LC_ALL=C bash -c "echo '$2' >$HOST/domain_add" 2>&1) && { fail "'$2' is taken"; return; }
	[[ $text == *"$1" ]] || fail "'$2': $text, not $1"
}

# named NAME: the directory of the domain that has this name.
named() {
	local file
	for file in /sys/class/aerostat/domain-*/name; do
		[[ $(<"$file") != "$1" ]] || { echo "${file%/name}"; return; }
	done
	return 1
}

# Twenty milliseconds for each look are not enough for all blocks under emulation.
all_counted() { wait_for 20 none_uncounted || fail "not all are counted"; }
none_uncounted() { ! grep -q 'used=- .*state=online' $INVENTORY; }

# runs SIZE MANY: FIRST LAST of so many runs of blocks that follow each other and can go.
runs() {
	all_counted
	movable | awk -v size="$1" -v want="$2" '
		$1 != last + 1 { n = 0 }
		{ last = $1; if (++n == size) { print $1 - size + 1, $1; n = 0; if (++found == want) exit } }'
}

test_what_makes_no_sense_is_refused() {
	local -a first
	local all dir
	mapfile -t first < <(runs 2 2)
	((${#first[@]} == 2)) || { fail "no two runs of two blocks: $(movable | tr '\n' ' ')"; return; }
	# shellcheck disable=SC2086
	all=$(range ${first[0]})
	for dir in '' nonsense "${all%-*}" "-${all#*-}" "$all two words" "$all a/b" "$all domain-1" "$all $(printf 'n%.0s' {1..32})" \
		"${all#*-}-${all%-*}" "${all/-/ - }" "0x-0x" "0-ffffffffffffffff"; do
		refused 'Invalid argument' "$dir"
	done
	refused 'Invalid argument' "$(printf '%x-%x' $((${first[0]% *} * BLOCK_BYTES + 4096)) $((0x${all#*-})))"
	refused 'Invalid argument' "$(printf '%x-%x' $((${first[0]% *} * BLOCK_BYTES)) $((0x${all#*-} - 1)))"
	refused 'No such device or address' "$(range $((1 << 20)) $(((1 << 20) + 1)))"
	refused 'No such device or address' "$(range "${first[0]% *}" $((1 << 20)))"
	check "nothing has appeared" no_domains

	echo "$all left" >$HOST/domain_add || fail "$all is refused"
	refused 'File exists' "$all other"
	refused 'File exists' "$(range "${first[0]#* }" "${first[0]#* }")"
	# shellcheck disable=SC2086
	refused 'File exists' "$(range ${first[1]}) left"
	dir=$(named left) || { fail "it has not appeared"; return; }
	check "start" is "$dir/start" "0x${all%-*}"
	check "size" is "$dir/size" $((2 * BLOCK_BYTES))
	check "bytes" is "$dir/bytes" $((2 * BLOCK_BYTES))
	check "nothing is off" is "$dir/offline_bytes" 0
	check "state" is "$dir/state" online
	check "its figures are the host's" is "$dir/active_mw_per_gib" "$(cat $HOST/active_mw_per_gib)"
	! echo 1000000 >"$dir/active_mw_per_gib" 2>/dev/null || fail "1000 W are believed"
	! echo 1000 >"$dir/off_mw_per_gib" 2>/dev/null || fail "off draws more than on"
	local before
	before=$(cat $HOST/power_mw)
	echo $(($(cat $HOST/active_mw_per_gib) + 4000)) >"$dir/active_mw_per_gib" || fail "figures of its own"
	check_num "milliwatts more for 4 W more for each GiB" $(($(cat $HOST/power_mw) - before)) eq \
		$((4000 * 2 * BLOCK_BYTES / (1 << 30)))
	check "the inventory knows it" test "$(field "${first[0]% *}" domain)" = left
	# shellcheck disable=SC2086
	range ${first[1]} >$HOST/domain_add || fail "a name is not needed"
	! echo domain-4711 >$HOST/domain_remove 2>/dev/null || fail "what is not there was removed"
	for dir in /sys/class/aerostat/domain-*; do basename "$dir" >$HOST/domain_remove || fail "$dir stays"; done
	check "all have gone" no_domains
	check "the inventory has forgotten it" test "$(field "${first[0]% *}" domain)" = "memory${first[0]% *}"
}

no_domains() { ! compgen -G '/sys/class/aerostat/domain-*' >/dev/null; }

# states: of the three domains.
states() { paste -d" " "$near/offline_bytes" "$far/offline_bytes" "$mid/offline_bytes" | awk -v b=$BLOCK_BYTES '{ print $1 / b, $2 / b, $3 / b }'; }
states_are() { [[ $(states) == "$1" ]]; }

target() { echo $(($1 * BLOCK_BYTES)) >$HOST/reclaim_target_bytes; }

# Three domains of three blocks.  Without them the highest free blocks would go, one here and one there.
test_whole_domains_go_and_return() {
	local near far mid
	local -a run
	serve 1300 0 || return
	mapfile -t run < <(runs 3 64)
	((${#run[@]} >= 3)) || { fail "no three runs of three blocks: $(movable | tr '\n' ' ')"; serve_end; return; }
	# shellcheck disable=SC2086
	{
		echo "$(range ${run[0]}) near" >$HOST/domain_add
		echo "$(range ${run[1]}) mid" >$HOST/domain_add
		echo "$(range ${run[-1]}) far" >$HOST/domain_add
	}
	near=$(named near) mid=$(named mid) far=$(named far) || { fail "domains"; serve_end; return; }
	# Pages to move per milliwatt: the far one is empty, the others are full.  All the rest saves nothing; if it did, its
	# single blocks would fit where a domain of three does not.
	echo 50000 >"$far/active_mw_per_gib"
	echo 100000 >"$near/active_mw_per_gib"
	echo 25000 >"$mid/active_mw_per_gib"
	cat $HOST/off_mw_per_gib >$HOST/active_mw_per_gib
	sed 's/^/# /' $INVENTORY
	trace_start

	target 3
	check "a whole domain goes" wait_for 60 states_are '0 3 0'
	check "it is off" is "$far/state" offline
	target 4
	check "the next is begun" wait_for 60 states_are '1 3 0'
	check "it is off in part" is "$near/state" partial
	# Now the third would be cheaper; what is begun is finished all the same.
	echo 30000 >"$near/active_mw_per_gib"
	echo 100000 >"$mid/active_mw_per_gib"
	target 6
	check "it is finished before another" wait_for 60 states_are '3 3 0'
	target 7
	check "the third is begun" wait_for 60 states_are '3 3 1'
	trace_stop >/tmp/trace
	sed -n 's/.*\(aerostat_block: .*\)/# \1/p' /tmp/trace
	check_num "moves that failed" "$(grep -c 'aerostat_block: .*error=-' /tmp/trace)" eq 0

	# Back: the one that is off in part, then the one that saves the least.
	target 6
	check "what is begun returns first" wait_for 30 states_are '3 3 0'
	target 5
	check "then the one that saves the least" wait_for 30 states_are '2 3 0'
	target 3
	check "it returns whole before the other is broken up" wait_for 30 states_are '0 3 0'
	target 2
	check "the last" wait_for 30 states_are '0 2 0'
	echo off >$HOST/mode
	check "all are on" wait_for 30 states_are '0 0 0'
	basename "$near" >$HOST/domain_remove || fail "it cannot be removed"
	serve_end
}

# By hand, in the middle of it: the inventory follows, nobody is fought.
test_a_block_moved_by_hand_is_followed() {
	local dir block
	local -a run
	mapfile -t run < <(runs 3 64)
	# shellcheck disable=SC2086
	echo "$(range ${run[0]}) one" >$HOST/domain_add
	dir=$(named one) || { fail "domain"; return; }
	echo 100000 >"$dir/active_mw_per_gib"
	serve 640 384 || return
	wait_for 30 is "$dir/state" offline || fail "state: $(cat "$dir/state")"
	block=${run[0]% *}
	check "taken" test "$(field "$block" state)" = taken
	echo online_movable >$BLOCKS/memory"$block"/state || fail "by hand, online"
	check "opposed" test "$(field "$block" state)" = opposed
	check_num "milliseconds until it is tried again" "$(field "$block" next_try_ms)" gt 3000
	check "the domain is on in part" is "$dir/state" partial
	check "counted again" test "$(field "$block" used)" != -
	echo offline >$BLOCKS/memory"$block"/state || fail "by hand, offline"
	check "his" test "$(field "$block" state)" = offline
	check "the domain is off" is "$dir/state" offline
	echo off >$HOST/mode
	wait_for 30 is $HOST/offline_blocks 0 || fail "ours stay off"
	sleep 2
	check "his stays off" test "$(field "$block" state)" = offline
	check "two of three are on" is "$dir/offline_bytes" $BLOCK_BYTES
	echo online_movable >$BLOCKS/memory"$block"/state
	serve_end
}

# What the inventory says is what the kernel says.
test_the_inventory_is_true() {
	local name zone bad=0 used permille
	all_counted
	# Not read line by line: a file that is made anew for each look has no stable offsets.
	cat $INVENTORY >/tmp/inventory
	check_num "blocks" "$(wc -l </tmp/inventory)" eq "$(compgen -G "$BLOCKS/memory[0-9]*" | wc -l)"
	while read -r name zone _; do
		[[ $zone == zone=- || ${zone#zone=} == "$(awk '{ print $1 }' $BLOCKS/"$name"/valid_zones)" ]] || ((++bad))
	done </tmp/inventory
	check_num "zones that are wrong" $bad eq 0
	check_num "blocks outside ZONE_MOVABLE that could go" "$(grep -v zone=Movable /tmp/inventory | grep -vc cost=never)" eq 0
	# Those of boot time are not in MemTotal.  What waits on the processors' lists is free, and counts as used here.
	used=$(sed 's/.* used=\([0-9]*\) .* reserved=\([0-9]*\) .*/\1 \2/' /tmp/inventory | awk '{ used += $1 - $2 } END { print used * 4 }')
	permille=$((used * 1000 / ($(host_meminfo MemTotal) - $(host_meminfo MemFree))))
	check_num "used, permille of what meminfo says" $permille ge 900
	check_num "used, permille of what meminfo says" $permille le 1300
	# With a page of boot time in it a block never goes.
	check_num "blocks that such a page holds" "$(grep -c 'reserved=[1-9][0-9]* cost=never' /tmp/inventory)" ge 1
	check_num "such ones that could go" "$(grep -c 'reserved=[1-9][0-9]* cost=[0-9]' /tmp/inventory)" eq 0
}

run_cases
