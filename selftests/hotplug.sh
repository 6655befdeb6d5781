#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory blocks that Aerostat does not have to itself: another agent moves them, the hardware takes them away, pages of
# theirs break.  Two DIMMs are the highest blocks; they are offline at first, and nobody but the tests brings them online.
# bench: --dimm 256M --dimm 256M
. "$(dirname "$0")/lib.sh"

BLOCKS=/sys/devices/system/memory
BLOCK_BYTES=$((0x$(<$BLOCKS/block_size_bytes)))
BLOCK_PAGES=$((BLOCK_BYTES / 4096))
trap 'kill $(jobs -p) 2>/dev/null' EXIT

# state BLOCK [NEW]
state() { if (($# > 1)); then echo "$2" >$BLOCKS/memory"$1"/state; else cat $BLOCKS/memory"$1"/state; fi; }

# blocks STATE: numbers of the movable ones in it, highest first; one that is offline may become what it likes.
blocks() {
	local dir
	for dir in $BLOCKS/memory[0-9]*; do
		[[ $(<"$dir/state") != "$1" || $(<"$dir/valid_zones") != *Movable* ]] || echo "${dir##*memory}"
	done | sort -rn
}

# ours N FOREIGN: N blocks are offline because of Aerostat, FOREIGN others are, and all accounts agree.
ours() {
	(($(cat $HOST/offline_blocks) == $1 && $(cat $HOST/offline_bytes) == $1 * BLOCK_BYTES && $(offline_now) == $1 + $2))
}

accounts() { echo "offline_blocks $(cat $HOST/offline_blocks), the kernel has $(offline_now)"; }

# attempts [BLOCK]: how often one was tried, in the trace.
attempts() { grep -c "aerostat_block: block=${1:-[0-9]*} online=0" /tmp/trace; }

# trace_mark; tried: milliseconds from there to each time that one was tried, in the trace.
trace_mark() { echo mark >$TRACE/trace_marker; }
tried() {
	awk 'match($0, /[0-9]+\.[0-9]+: /) { now = substr($0, RSTART) * 1000 }
	/tracing_mark_write: mark/ { mark = now }
	/aerostat_block: .*online=0/ && mark { match($0, / ms=[0-9]+/); print int(now - substr($0, RSTART + 4) - mark) }' \
		/tmp/trace
}

# most_offline: the most that was ever offline, or about to be, in the trace; pages.
most_offline() { sed -n 's/.*aerostat_block: .* offline=//p' /tmp/trace | sort -n | tail -n 1; }

test_what_another_agent_does_is_his() {
	local before theirs mine block
	before=$(offline_now)
	mapfile -t theirs < <(blocks offline)
	serve 576 512 || return
	wait_for 20 ours 4 "$before" || fail "$(accounts)"
	mapfile -t mine < <(blocks offline | grep -vxFf <(printf '%s\n' "${theirs[@]}"))
	((${#mine[@]} == 4)) || { fail "${#mine[@]} blocks went"; serve_end; return; }

	# One that Aerostat never touched goes offline, one of its own comes online, another comes and goes.
	theirs=()
	trace_start
	for block in $(blocks online); do
		# The highest of all holds memory that was allocated at boot.
		! state "$block" offline 2>/dev/null || { theirs=("$block"); break; }
	done
	check "his own is not ours" ours 4 $((before + 1))
	trace_mark
	state "${mine[0]}" online_movable
	check "what he brought online is not ours" ours 3 $((before + 1))
	state "${mine[1]}" online_movable
	state "${mine[1]}" offline
	check "what he took offline since is not ours" ours 2 $((before + 2))
	theirs+=("${mine[1]}")
	check "they go later on" wait_for 15 ours 4 $((before + 2))
	trace_stop >/tmp/trace
	check_num "milliseconds until a block was tried" "$(tried | head -n 1)" ge 4900

	echo off >$HOST/mode
	check "ours return" wait_for 20 ours 0 $((before + 2))
	serve_end
	check "rmmod" wait_for 10 host_unload
	for block in "${theirs[@]}"; do
		check "his stays offline" is $BLOCKS/memory"$block"/state offline
		state "$block" online_movable
	done
	check_num "blocks offline" "$(offline_now)" eq "$before"
}

test_an_agent_that_insists_is_not_fought() {
	local before foreign block end attempts onlined=0
	before=$(offline_now)
	foreign=$(offline_files)
	serve 576 512 || return
	wait_for 20 ours 4 "$before" || fail "$(accounts)"
	trace_start
	trace_mark
	end=$((SECONDS + 12))
	while ((SECONDS < end)); do
		for block in $(offline_files | grep -vxF "$foreign"); do
			echo online_movable 2>/dev/null >"$block" && ((++onlined))
		done
	done
	trace_stop >/tmp/trace
	attempts=$(tried | awk '$1 < 12000' | wc -l)
	echo "# he brought $onlined blocks online"
	check_num "blocks tried in 12 s" "$attempts" ge 4
	check_num "blocks tried in 12 s" "$attempts" le 12
	check "they go when he has gone" wait_for 30 ours 4 "$before"
	echo off >$HOST/mode
	check "and come back" wait_for 20 ours 0 "$before"
	serve_end
}

# flags PFN [N]: of so many pages, one a line; see the kernel's pagemap documentation.
flags() { dd if=/proc/kpageflags bs=8 skip="$1" count="${2:-1}" status=none | od -An -v -t x8 -w8; }
broken() { ((0x$(flags "$1" | tr -d ' ') >> 19 & 1)); }

# ram_pfn PID MIB: the page that backs this part of its VM's RAM.
ram_pfn() {
	local range entry
	range=$(sed -n 's/^\([0-9a-f]*\)-.*memfd:ram.*/\1/p' /proc/"$1"/maps)
	entry=$(dd if=/proc/"$1"/pagemap bs=8 skip=$(((0x$range + $2 * MiB) / 4096)) count=1 status=none | od -An -t u8)
	echo $((entry & ((1 << 55) - 1)))
}

# A page that is free and one that is in use break, in blocks that would be first to go.  To take a block offline and
# online again makes the kernel forget what is broken in it (6.1), or cannot be undone (6.2).
test_a_broken_page_keeps_its_block() {
	local before movable keep free used block pfn foreign
	modprobe hwpoison-inject || { fail "no hwpoison-inject"; return; }
	before=$(offline_now)
	mapfile -t movable < <(blocks online)
	# Another agent leaves just five; the highest of all holds memory that was allocated at boot.
	keep=("${movable[@]:1:5}")
	for block in "${movable[@]:6}"; do
		state "$block" offline || fail "memory$block does not go offline"
	done
	state "${movable[0]}" offline 2>/dev/null
	foreign=$(offline_now)
	free=$((keep[4] * BLOCK_PAGES + $(flags $((keep[4] * BLOCK_PAGES)) 512 | grep -nm1 0000000000000400 | cut -d: -f1) - 1))
	echo $free >/sys/kernel/debug/hwpoison/corrupt-pfn
	check "a free page is broken" broken $free

	serve 640 0 || return
	for ((used = 600; used < 640; used++)); do
		pfn=$(ram_pfn $served $used)
		block=$((pfn / BLOCK_PAGES))
		[[ $block == "${keep[4]}" || " ${keep[*]} " != *" $block "* ]] || break
	done
	used=$pfn
	printf '0x%x\n' $((used * 4096)) >$BLOCKS/soft_offline_page
	check "a used page is broken" broken "$used"
	echo "# broken: page $free of memory${keep[4]} and page $used of memory$block, of ${keep[*]}"

	trace_start
	echo $((512 * MiB)) >$HOST/reclaim_target_bytes
	wait_for 30 is $HOST/reclaimed_bytes $((512 * MiB)) || fail "taken: $(cat $HOST/reclaimed_bytes)"
	check "three of five go" wait_for 30 ours 3 "$foreign"
	sleep 2
	check "no more" ours 3 "$foreign"
	check "the one with the free page stays" is $BLOCKS/memory"${keep[4]}"/state online
	check "the one with the used page stays" is $BLOCKS/memory"$block"/state online
	echo off >$HOST/mode
	check "they return" wait_for 20 ours 0 "$foreign"
	trace_stop >/tmp/trace
	check_num "attempts at either" $(($(attempts "${keep[4]}") + $(attempts "$block"))) eq 0
	check "the free page is still known to be broken" broken $free
	check "the used page is still known to be broken" broken "$used"

	# Mended, they are blocks as any other.
	for pfn in $free "$used"; do echo "$pfn" >/sys/kernel/debug/hwpoison/unpoison-pfn; done
	echo manual >$HOST/mode
	check "a fourth goes" wait_for 30 ours 4 "$foreign"
	serve_end
	check "all return" wait_for 20 ours 0 "$foreign"
	for block in "${movable[@]:6}"; do state "$block" online_movable; done
	check_num "blocks offline" "$(offline_now)" eq "$before"
	rmmod hwpoison_inject
}

# dimm N: the blocks of the host's N-th DIMM, highest first, in dimm; its directory in acpi.
dimm() {
	local link
	acpi=$(printf '/sys/bus/acpi/devices/PNP0C80:%02d' "$1")
	mapfile -t dimm < <(for link in "$acpi"/physical_node*; do readlink "$link" | sed 's/.*memory//'; done | sort -rn)
	((${#dimm[@]} == 2)) || { fail "no DIMM $1 of two blocks: start the bench host with --dimm 256M --dimm 256M"; return 1; }
	for link in "${dimm[@]}"; do state "$link" online_movable || return; done
}

test_a_dimm_is_ejected_while_its_blocks_are_off() {
	local acpi dimm before
	dimm 1 || return
	before=$(offline_now)
	trace_start
	serve 576 512 || return
	check "four blocks go" wait_for 20 ours 4 "$before"
	check "the DIMM's among them" is $BLOCKS/memory"${dimm[0]}"/state offline
	check "both" is $BLOCKS/memory"${dimm[1]}"/state offline
	echo 1 >"$acpi/eject"
	wait_for 20 test ! -e $BLOCKS/memory"${dimm[0]}" || fail "it is not ejected"
	check "others take their place" wait_for 20 ours 4 "$before"
	echo off >$HOST/mode
	check "all that is left returns" wait_for 20 ours 0 "$before"
	trace_stop >/tmp/trace
	serve_end
	check "rmmod" wait_for 10 host_unload
	check_num "blocks offline" "$(offline_now)" eq "$before"
	check_num "never more in the account than was taken, pages" "$(most_offline)" le $((4 * BLOCK_PAGES))
}

now_ms() { local now=${EPOCHREALTIME/[.,]/}; echo $((now / 1000)); }

# Who pulls memory out and who takes its blocks offline compete for them, in either order.
test_memory_is_pulled_while_its_blocks_move() {
	local acpi dimm before i reserve began worst=0 puller param=/sys/module/aero_dimm/parameters/
	dimm 0 || return
	before=$(offline_now)
	insmod "$TREE/selftests/modules/aero_dimm.ko" start=$((dimm[1] * BLOCK_BYTES)) size=$((2 * BLOCK_BYTES)) slow_ms=300 ||
		{ fail "aero_dimm does not load"; return; }
	reserve=$((256 * MiB))
	reserve_all
	serve 320 256 || return
	trace_start
	for ((i = 0; i < $(times 5 100); i++)); do
		if ((i & 1)); then
			# The first one is going offline: who pulls has to wait.
			echo $reserve >$HOST/reserve_bytes
			sleep 0.1
			began=$(now_ms)
			echo 0 >$param/plugged || fail "$i: it cannot be pulled"
		else
			# It is being pulled, lowest block first, when the highest is to go.
			began=$(now_ms)
			echo 0 >$param/plugged &
			puller=$!
			sleep 0.1
			echo $reserve >$HOST/reserve_bytes
			wait $puller || fail "$i: it cannot be pulled"
		fi
		((worst >= $(now_ms) - began)) || worst=$(($(now_ms) - began))
		check "$i: others go" wait_for 20 ours 2 "$before"
		reserve_all
		check "$i: they return" wait_for 20 ours 0 "$before"
		echo 1 >$param/plugged || { fail "$i: it cannot be plugged"; break; }
		check "$i: its blocks are not ours" ours 0 $((before + 2))
		state "${dimm[0]}" online_movable
		state "${dimm[1]}" online_movable
	done
	trace_stop >/tmp/trace
	check_num "blocks of it tried" $(($(attempts "${dimm[0]}") + $(attempts "${dimm[1]}"))) ge 4
	check_num "never more in the account than was taken, pages" "$(most_offline)" le $((2 * BLOCK_PAGES))
	check_num "milliseconds to pull it, at most" $worst le 3000
	serve_end
	rmmod aero_dimm
}

run_cases
