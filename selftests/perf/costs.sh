#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Part of bench.sh, runs in the bench host: what Aerostat costs when nothing happens, and how soon it acts.
#
#	costs.sh ROUNDS [WHAT...]
#
# WHAT: exits, idle, sensor, work, sampling, or a number of VMs; all without any. Writes lines to /out/costs.txt: NAME VALUE...,
# one for each measurement.
cd "$(dirname "$0")/.." || exit 1
. ./lib.sh

rounds=$1
shift
(($#)) || set -- exits idle sensor work sampling 10 100 1000
out=/out/costs.txt

bail() { echo "costs: $*" >&2; exit 1; }
say() { echo "$*" | tee -a $out; }

begin() {
	host_load || bail "aerostat_host does not load"
	aerostatd_start || bail "no aerostatd"
}

# A count of KVM's own for a VM.
kvm_count() { cat /sys/kernel/debug/kvm/"$(vm_pid "$1")"-*/"$2"; }

# Work items of ours: how often they ran, and microseconds in them, since works_begin.
works_begin() {
	echo 0 >$TRACE/tracing_on
	echo mono >$TRACE/trace_clock
	echo 20000 >$TRACE/buffer_size_kb
	echo >$TRACE/trace
	echo 1 >$TRACE/events/workqueue/workqueue_execute_start/enable
	echo 1 >$TRACE/events/workqueue/workqueue_execute_end/enable
	echo 1 >$TRACE/tracing_on
}
works_end() {
	echo 0 >$TRACE/tracing_on
	echo 0 >$TRACE/events/workqueue/enable
	# TASK-PID [CPU] FLAGS TIME: EVENT: work struct ADDRESS: function NAME
	awk '/function aero_/ {
			time = $4 + 0
			if ($5 ~ /_start/) { began[$1] = time; n++ }
			else if ($1 in began) { us += (time - began[$1]) * 1e6; delete began[$1] }
		}
		END { printf "%d %d\n", n, us }' $TRACE/trace
}

# A GiB that was touched, taken with the rate's bounds as they are and without any: how often the guest was left for it,
# how long its vCPU ran, punches, and how often each side rang. And how often it is left in a second in which it works and
# nothing is resized: for its timer's ticks.
exits_per_gib() {
	local round bound vcpu figures rings rung exits began
	local -a bounds
	begin
	start_vm a size=1536 watch=1 aerostat=doorbell ram=huge || bail "no guest"
	vm_run a 'kill $(pidof memwatch)'
	unset "watched[a]"
	echo manual >$HOST/mode
	vcpu=$(vm_vcpu a)
	mapfile -t bounds < <(cat "$SYS_a"/rate_{min,max}_bytes)
	for ((round = 1; round <= rounds; round++)); do
		vm_run a 'hog pace 4' >/dev/null &
		sleep 1
		exits=$(kvm_count a exits) began=${EPOCHREALTIME/[.,]/}
		sleep 2
		say exits-busy $(($(kvm_count a exits) - exits)) $((${EPOCHREALTIME/[.,]/} - began))
		wait $!
		for bound in default none; do
			vm_run a 'hog touch 1300'
			if [[ $bound == none ]]; then
				echo $((1 << 40)) >"$SYS_a/rate_max_bytes"
				echo $((1 << 40)) >"$SYS_a/rate_min_bytes"
			else
				echo "${bounds[0]}" >"$SYS_a/rate_min_bytes"
				echo "${bounds[1]}" >"$SYS_a/rate_max_bytes"
			fi
			sleep 5
			rings=$(vm_stat a rings) rung=$(vm_stat a rung)
			# nanoseconds, MiB, exits, nanoseconds of the vCPU and of QEMU's other threads, microseconds of work, punches
			figures=$("$BENCH_BIN/resize" -t 300 "$(vm_pid a)" "$vcpu" 700 aerostat "$SYS_a" $((1 << 30))) ||
				bail "nothing is taken"
			say exits-per-gib $bound "$figures $(($(vm_stat a rings) - rings)) $(($(vm_stat a rung) - rung))"
			echo 0 >$HOST/reclaim_target_bytes
			wait_for 60 is "$SYS_a/balloon_bytes" 0 || bail "nothing comes back"
		done
	done
	clean_up
}

# What wakes an idle guest: with the driver, with a balloon, and without it, in turn. Its kernel wakes up of itself, too.
idle_guest() {
	local round seconds=20 halts rings without with
	begin
	start_vm a size=512 aerostat=doorbell watch=1 || bail "no guest"
	vm_run a 'kill $(pidof memwatch)'
	unset "watched[a]"
	inflate a 128
	for ((round = 1; round <= rounds; round++)); do
		sleep 8
		halts=$(kvm_count a halt_exits) rings=$(vm_stat a rings)
		sleep $seconds
		with=$(($(kvm_count a halt_exits) - halts))
		say idle-rings $(($(vm_stat a rings) - rings)) $seconds
		vm_run a 'rmmod aerostat_guest'
		sleep 8
		halts=$(kvm_count a halt_exits)
		sleep $seconds
		without=$(($(kvm_count a halt_exits) - halts))
		say idle-wakeups $with $without $seconds
		vm_insmod a
		wait_for 20 is "$SYS_a/balloon_bytes" $((128 * MiB)) || bail "the balloon does not come back"
	done
	clean_up
}

# From the sample that is above high to the first page freed, milliseconds: doorbell | yes (plain).
sensor_to_page() {
	local round times
	begin
	start_vm a size=512 aerostat="$1" || bail "no guest"
	rule_by_sensor
	for ((round = 1; round <= rounds; round++)); do
		# Both sides sleep as deep as they ever do.
		host_set_temp 40000
		wait_for 60 is $HOST/reclaimed_bytes 0 || bail "nothing comes back"
		sleep 12
		trace_start
		host_set_temp 75000
		wait_for 20 at_least $HOST/reclaimed_bytes 1 || bail "nothing is taken"
		times=$(trace_stop | awk '
			function field(name, i) { for (i = 1; i <= NF; i++) if (index($i, name "=") == 1) return substr($i, length(name) + 2) }
			/aerostat_sensor:/ && !seen && field("level") >= 3 { seen = $4 + 0 }
			/aerostat_reclaim:/ && seen && field("inflated") > 0 { printf "%.2f\n", ($4 - seen) * 1000; exit }')
		say sensor-to-page "$1" "$times"
	done
	clean_up
}

# A fixed piece of work in a guest, undisturbed and while its balloon comes and goes at the default rates.
fixed_work() {
	local round steps quiet busy again seconds=20
	begin
	start_vm a size=512 watch=1 aerostat=doorbell ram=huge || bail "no guest"
	vm_run a 'kill $(pidof memwatch); hog touch 400'
	unset "watched[a]"
	echo manual >$HOST/mode
	read -r steps _ < <(vm_run a "hog pace 1")
	# The emulator's speed drifts, so before and after.
	for ((round = 1; round <= rounds; round++)); do
		quiet=$(vm_run a "hog pace $((seconds / 2)) $steps")
		back_and_forth &
		busy=$(vm_run a "hog pace $seconds $steps")
		kill $!
		wait $! 2>/dev/null
		echo 0 >$HOST/reclaim_target_bytes
		wait_for 20 is "$SYS_a/balloon_bytes" 0
		sleep 2
		again=$(vm_run a "hog pace $((seconds / 2)) $steps")
		say fixed-work "${quiet#* } ${busy#* } ${again#* }"
	done
	clean_up
}

back_and_forth() {
	while :; do
		echo $((256 * MiB)) >$HOST/reclaim_target_bytes
		wait_for 20 is "$SYS_a/balloon_bytes" $((256 * MiB))
		echo 0 >$HOST/reclaim_target_bytes
		wait_for 20 is "$SYS_a/balloon_bytes" 0
	done
}

# What a guest loses while its working set is measured, at ten times the default rate and in turns with none at all, so that
# the emulator's drift is in both.
sampling() {
	local hog round quiet sampled
	begin
	start_vm a size=1024 ram=huge || bail "no guest"
	echo 3000 >$HOST/working_set_period_ms
	hog=$(vm_spawn a "hog busy 700 random")
	wait_for 180 vm_run a "grep -q ready /tmp/$hog.out" || bail "no hog"
	for ((round = 1; round <= rounds; round++)); do
		# Two periods after the last question nothing is unmapped any more.
		sleep 10
		quiet=$(hog_rate)
		cat "$SYS_a/working_set_bytes" >/dev/null 2>&1
		sleep 4
		while :; do cat "$SYS_a/working_set_bytes"; sleep 2; done >/dev/null 2>&1 &
		sampled=$(hog_rate)
		kill $!
		wait $! 2>/dev/null
		say sampling "$quiet $sampled"
	done
	clean_up
}
# Pages that it writes in a second, on average of the next eighteen.
hog_rate() {
	vm_run a "n=\$(wc -l </tmp/$hog.out); sleep 20; sed -n \"\$((n + 2)),\$((n + 19))p\" /tmp/$hog.out" |
		awk '{ sum += $1 } END { if (NR) printf "%d", sum / NR }'
}

# many_begin N [bare]: so many VMs, without channels if they are bare; sets $many.
many_begin() {
	"$VMM" many "$1" 16 ${2:+0} >/tmp/many &
	many=$!
	wait_for 900 test -s /tmp/many
	[[ $(</tmp/many) == ready ]] || bail "$1 VMs do not come up: $(</tmp/many)"
	sleep 15
}
many_end() {
	kill "$many"
	wait "$many" 2>/dev/null
	: >/tmp/many
	wait_for 60 no_vms || bail "VMs stay"
}

# The host's work for N VMs: when nothing happens, and when ten of them get another rate each second; and memory for each,
# beyond what it takes without a channel.
many_vms() {
	local n=$1 seconds=20 idle busy many vm i before bare
	host_load || bail "aerostat_host does not load"
	rule_by_sensor
	sleep 5
	before=$(host_available)
	many_begin "$n" bare
	bare=$((before - $(host_available)))
	many_end
	sleep 5
	before=$(host_available)
	many_begin "$n"
	before=$((before - $(host_available)))
	works_begin
	sleep $seconds
	idle=$(works_end)
	works_begin
	for ((i = 0; i < seconds; i++)); do
		for vm in $(shuf -n 10 -i 0-$((n - 1))); do
			echo $(((i % 2 + 1) * 64 * MiB)) >"/sys/class/aerostat/vm-$vm/rate_min_bytes"
		done
		sleep 1
	done
	busy=$(works_end)
	say many "$n $idle $busy $seconds $(((before - bare) * 1024 / n))"
	many_end
	clean_up
}

for what; do
	case $what in
	exits) exits_per_gib ;;
	idle) idle_guest ;;
	sensor)
		sensor_to_page doorbell
		sensor_to_page yes
		;;
	work) fixed_work ;;
	sampling) sampling ;;
	*) many_vms "$what" ;;
	esac
done
faults=$(dmesg_faults)
[[ ! $faults ]] || bail "the kernel reported: $faults"
