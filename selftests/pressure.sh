#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory is short: in a guest whose host is deaf, in one that thrashes for nothing, and on the host itself.
. "$(dirname "$0")/lib.sh"

# pause FUNCTION VALUE: of aerostat_host; it returns VALUE at once.  kick: let the host look at its VM.
pause() {
	insmod "$TREE/selftests/modules/aero_fail.ko" override="aerostat_host:$1" ret="$2" ||
		{ fail "$1 does not pause"; return; }
	kick a
	check "$1 pauses" wait_for 5 paused
}
paused() { (($(cat /sys/module/aero_fail/parameters/failed) > 0)); }
resume() {
	rmmod aero_fail
	kick a
}
kick() { local dir=SYS_$1 shares; shares=$(cat "${!dir}/shares") && echo "$shares" >"${!dir}/shares"; }

guest_balloon() { guest_attr "$1" balloon_bytes; }
guest_balloon_at_most() { (($(guest_balloon "$1") <= $2)); }
both_agree() { local dir=SYS_$1; [[ $(cat "${!dir}/balloon_bytes") == "$(guest_balloon "$1")" ]]; }

# storm NAME N MIB: N processes that use MIB each, all at once; succeeds if all of them got it.
storm() {
	VM_TIMEOUT=150 vm_run "$1" "
		echo 1 >/proc/sys/vm/overcommit_memory
		rm -f /tmp/hog.*
		for i in \$(seq $2); do
			hog hold $3 >/tmp/hog.\$i &
			pids=\"\$pids \$!\"
		done
		until [ \$(cat /tmp/hog.* | wc -l) = $2 ]; do
			sleep 0.3
			for pid in \$pids; do kill -0 \$pid || exit 1; done
		done
		kill \$pids && ! dmesg | grep -i 'out of memory: killed\|oom-kill:'" ||
		fail "$2 processes with $3 MiB each do not all live:
$(vm_run "$1" 'dmesg | grep -A40 "invoked oom-killer" | head -n 60' | sed 's/^/#   /')"
	echo "# $2 processes had $3 MiB each, $(($(guest_balloon "$1") / MiB)) MiB are left in the balloon"
}

# Most of the balloon is still on its way when the host becomes deaf, then all of it is given.
test_oom_storm_while_the_host_is_deaf() {
	local before mib
	start_vm a size=512 ram=huge || return
	inflate a 60
	pause aero_reclaim_section 0
	echo $((300 * MiB)) >$HOST/reclaim_target_bytes
	wait_for 30 guest_balloon_is a $((300 * MiB)) || fail "no inflation: $(guest_balloon a)"
	check "the host has not seen it" is "$SYS_a/balloon_bytes" $((60 * MiB))
	storm a 3 75
	# What was acknowledged goes first, so the rest was taken back from the ring.
	check "the balloon has given more than the host knew of" guest_balloon_at_most a $((200 * MiB))
	# It shall not grow again after its pause.
	before=$(guest_balloon a)
	echo "$before" >$HOST/reclaim_target_bytes
	resume
	check "the host agrees" wait_for 20 is "$SYS_a/balloon_bytes" "$before"
	check "active" is "$SYS_a/state" active
	check "memory is what it was" vm_watch_ok a

	pause aero_vm_work 0
	storm a 3 112
	storm a 4 97
	check "the balloon has given more" guest_balloon_at_most a $((before - 64 * MiB))
	check "the host does not know" is "$SYS_a/balloon_bytes" "$before"
	resume
	check "both agree" wait_for 20 both_agree a
	check "active" is "$SYS_a/state" active
	for mib in 40 0; do
		echo $((mib * MiB)) >$HOST/reclaim_target_bytes
		check "$mib MiB in the balloon" wait_for 20 at_most "$SYS_a/balloon_bytes" $((mib * MiB))
		check "the guest agrees" wait_for 5 both_agree a
	done
	check "nobody was killed" vm_dmesg_clean a
}

# Held are more 4 KiB pages without neighbours than a ring full of others has room to tell of.
test_oom_storm_with_a_full_ring() {
	local first
	start_vm a size=384 ram=huge || return
	vm_run a 'for file in /sys/bus/pci/drivers/aerostat_guest/0*/floor_bytes; do echo $((16 << 20)) >$file; done' ||
		fail "floor"
	# For good: what can be moved the kernel makes whole again, sooner or later.
	vm_run a 'insmod /modules/aero_fragment.ko every=2 most=100' || { fail "memory is not cut up"; return; }
	# Whole ranges go first: of the 100 MiB in pieces the balloon gets 20, then 60 on their way.
	first=$(($(guest_meminfo a MemAvailable) / 1024 - 80))
	inflate a $first
	check_num "descriptors done with" "$(vm_stat a descriptors)" gt 4096
	pause aero_reclaim_section 0
	echo $(((first + 60) * MiB)) >$HOST/reclaim_target_bytes
	wait_for 30 guest_balloon_is a $(((first + 60) * MiB)) || fail "no inflation: $(guest_balloon a)"
	storm a 2 $((first / 2 + 20))
	echo "$(guest_balloon a)" >$HOST/reclaim_target_bytes
	resume
	check "both agree" wait_for 60 both_agree a
	check_num "drivers that said hello, for the ring could not tell it all" "$(vm_stat a epochs)" eq 2
	check "active" wait_for 5 is "$SYS_a/state" active
	echo 0 >$HOST/reclaim_target_bytes
	check "all of it is given back" wait_for 20 is "$SYS_a/balloon_bytes" 0
	check "the guest agrees" wait_for 5 guest_balloon_is a 0
	check "nobody was killed" vm_dmesg_clean a
}

# hog MIB: use so much of the host's memory.
hog() {
	"$BENCH_BIN/hog" hold "$1" >/tmp/hog &
	hogs+=($!)
	wait_for 120 hog_is_ready || fail "the host's memory cannot be used up"
}
hog_is_ready() { grep -q ready /tmp/hog || ! hogs_live; }
hogs_live() { local pid; for pid in "${hogs[@]}"; do kill -0 "$pid" || return; done; }

# The VMs' memory is all that can help the host, and what of that is offline comes back.
test_host_short_of_memory() {
	local available offline pid reserve=128
	local -a hogs=()
	start_vm a size=512 ram=huge && start_vm b size=512 ram=huge || return
	echo $((reserve * MiB)) >$HOST/reserve_bytes || fail "reserve"
	vm_run a 'hog touch 260' & pid=$!
	vm_run b 'hog touch 260' && wait $pid || fail "the guests cannot touch memory"
	hog $(($(meminfo MemAvailable) - 100))
	available=$(meminfo MemAvailable)
	check_num "MiB available" "$available" lt $reserve
	echo manual >$HOST/mode
	echo $((500 * MiB)) >$HOST/reclaim_target_bytes
	check "the VMs give" wait_for 60 at_least $HOST/reclaimed_bytes $((500 * MiB))
	check "what is beyond the reserve goes offline" wait_for 30 at_least $HOST/offline_blocks 2
	sleep 3
	offline=$(cat $HOST/offline_blocks)
	check_num "MiB that the host has won, online and offline" \
		$(($(meminfo MemAvailable) + $(cat $HOST/offline_bytes) / MiB - available)) ge 400
	check_num "MiB available" "$(meminfo MemAvailable)" ge $reserve

	# More than is there, less than there is with what is offline.
	hog $(($(meminfo MemAvailable) + 60))
	echo "# $offline blocks were offline, $(cat $HOST/offline_blocks) are, $(meminfo MemAvailable) MiB available"
	check "blocks return for the host's own sake" wait_for 30 at_most $HOST/offline_blocks $((offline - 1))
	check "until the reserve is free, or none is left" wait_for 30 reserve_or_all_online $reserve
	check "nobody was killed" hogs_live
	check "guest a lives" vm_run a true
	check "guest b lives" vm_run b true
	! dmesg | grep -i 'out of memory\|oom-kill:\|page allocation failure' || fail "the host ran out of memory"
	kill "${hogs[@]}"
	wait "${hogs[@]}" 2>/dev/null
}

reserve_or_all_online() { (($(meminfo MemAvailable) >= $1 || $(cat $HOST/offline_blocks) == 0)); }

# It takes more in a second than is there, and nobody looks at the host in that time: the blocks' thread sees no reserve
# that is touched, for there is none.  What brings blocks back is the kernel, that says it is short.
test_a_hog_that_outruns_the_loop() {
	local offline
	local -a hogs=()
	serve 1152 1024 || return
	echo $((64 * MiB)) >$HOST/reserve_bytes
	check "blocks are off" wait_for 60 at_least $HOST/offline_blocks 7
	echo 0 >$HOST/reserve_bytes
	echo 60000 >$HOST/period_ms
	offline=$(cat $HOST/offline_blocks)
	trace_start
	# More than there is at this moment is not refused.
	echo 1 >/proc/sys/vm/overcommit_memory
	hog $(($(meminfo MemAvailable) + 512))
	echo 0 >/proc/sys/vm/overcommit_memory
	check "nobody was killed" hogs_live
	trace_stop >/tmp/trace
	sed -n 's/.*: \(aerostat_\(recall\|block\): .*\)/# \1/p' /tmp/trace
	check_num "blocks off" "$(cat $HOST/offline_blocks)" le $((offline - 3))
	check_num "times that the kernel asked" "$(grep -c aerostat_recall: /tmp/trace)" ge 1
	! dmesg | grep -i 'out of memory\|oom-kill:' || fail "the host ran out of memory"
	kill "${hogs[@]}"
	wait "${hogs[@]}" 2>/dev/null
	serve_end
}

# Kernel memory is short, while there is plenty for everybody else: what is available says nothing, so nobody asks for
# blocks until the kernel is about to kill. They do not help it either; but it kills nobody as long as one of them is off.
test_no_kill_while_blocks_are_off() {
	local events
	serve 1152 1024 || return
	check "blocks are off" wait_for 60 at_least $HOST/offline_blocks 7
	echo 0 >$HOST/reserve_bytes
	insmod "$TREE/selftests/modules/aero_wired.ko" || { fail "no module"; serve_end; return; }
	trace_start
	echo 1 >$TRACE/events/oom/mark_victim/enable
	# Its killer takes the writer first, and finds nobody that holds more: what it wants is more than there can be.
	(echo 1000 >/proc/self/oom_score_adj; exec bash -c 'echo 100000 >/sys/module/aero_wired/parameters/mib') 2>/dev/null &
	wait $! && fail "100 GB of kernel memory are there"
	echo 0 >$TRACE/events/oom/mark_victim/enable
	trace_stop >/tmp/trace
	# r and R: asked for blocks, before a kill; + a block came; k killed.
	events=$(sed -n 's/.*: aerostat_recall: .*oom=1.*/R/p; s/.*: aerostat_recall: .*/r/p; s/.*: aerostat_block: .*online=1 error=0 .*/+/p
		s/.*: mark_victim: .*/k/p' /tmp/trace | tr -d '\n')
	echo "# events: $events; kernel memory taken: $(($(cat /sys/module/aero_wired/parameters/taken) / 256)) MiB"
	check "it was asked before a kill" test "${events//[^R]/}"
	check_num "blocks off" "$(cat $HOST/offline_blocks)" eq 0
	check "one was killed in the end" test "${events//[^k]/}" = k
	[[ ${events##*k} != *+* ]] || fail "a block was off still"
	rmmod aero_wired
	# That report is what was wanted; nothing else is.
	dmesg -c | sed '/invoked oom-killer/,/Out of memory: Killed process/d' | grep -E "$VM_COMPLAINTS" && fail "the host's kernel complained"
	serve_end
}

# The guest can be left with 384 MiB, and says that all but 300 are free to take: most of that is a disk, read over and
# over.  The sensor stays hot, whatever is taken.  One processor has nothing to do now and then, for what takes pages gives
# way to the rest.  (A third, for the bench's two: such a guest stood still or was reset.)
test_a_guest_that_works_with_its_cache_keeps_it() {
	local most last hog
	start_vm a size=1024 ram=huge smp=2 || return
	echo $((384 * MiB)) >"$SYS_a/min_bytes"
	# A disk's pages are kept for as long as somebody has it open.
	vm_run a 'modprobe zram num_devices=2 &&
		echo 400M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0 &&
		echo 600M >/sys/block/zram1/disksize' || { fail "the guest has no disks"; return; }
	vm_spawn a 'hog busy 100' >/dev/null
	hog=$(vm_spawn a 'hog busy 100')
	vm_spawn a 'exec 3</dev/zram1; while dd if=/dev/zram1 of=/dev/null bs=1M; do sleep 0.3; done' >/dev/null
	wait_for 60 guest_has a Buffers 600 || { fail "the guest does not read"; return; }
	rule_by_sensor
	trace_start
	host_set_temp 62000
	sleep 90
	trace_stop >/tmp/trace
	read -r most last < <(held_by_vms </tmp/trace)
	check_num "MiB held at most, of 640" "$most" le 480
	check_num "MiB held at most: it was tried" "$most" ge 32
	check_num "MiB held in the last half minute" "$last" le $((most * 3 / 4))
	check "the guest is alive" vm_run a 'pidof hog >/dev/null'
	# With the floor, and what the kernel keeps free, it needs more than it can be left with: now less.
	vm_run a "kill $hog"
	host_set_temp 85000
	check "an emergency takes it all" wait_for 240 is "$SYS_a/balloon_bytes" $((640 * MiB))
	host_set_temp 40000
	check "all of it goes back" wait_for 60 is "$SYS_a/balloon_bytes" 0
}

# Of a trace: MiB held at most, and at most in its last thirty decisions, one a second.
held_by_vms() {
	awk '/aerostat_controller: / {
		match($0, / held=[0-9]+/); held[n++] = int(substr($0, RSTART + 6) / 256)
	} END {
		for (i = 0; i < n; i++) {
			if (held[i] > most) most = held[i]
			if (i >= n - 30 && held[i] > last) last = held[i]
		}
		print most + 0, last + 0
	}'
}

# guest_has VM FIELD MIB: of its /proc/meminfo, at least.
guest_has() { (($(guest_meminfo "$1" "$2") >= $3 * 1024)); }

run_cases
