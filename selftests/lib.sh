# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What every test needs: a fresh aerostat_host on this machine, real guests (bench/vm.sh), values out of
# sysfs, waiting with a bound, and checks that name what they expected.  A test is a bash file with functions
# called test_*, each one case; `run_cases` at its end runs them and prints TAP.

set -uo pipefail
SELFTESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TREE=${SELFTESTS%/selftests}
# shellcheck source-path=SCRIPTDIR source=bench/host.sh
. "$SELFTESTS/bench/host.sh"

HOST=/sys/class/aerostat/host
VMM=$SELFTESTS/vmm/vmm
AEROSTATD=$TREE/tools/aerostatd/aerostatd
MiB=$((1 << 20))
TRACE=/sys/kernel/tracing

# fail TEXT: the case has failed; it goes on, so that one run shows all that is wrong.
fail() {
	echo "# FAIL line ${BASH_LINENO[*]:0:3}: $*"
	case_failed=1
}

# skip TEXT: the case cannot be run here, and why; return after it.
skip() { case_skipped=$*; }

# check TEXT COMMAND...: the case fails unless COMMAND succeeds.
check() {
	local text=$1 arg found=""
	shift
	"$@" && return
	for arg; do [[ $arg != /sys/* || ! -f $arg ]] || found+=" $arg: $(head -n 1 "$arg" 2>&1)"; done
	fail "$text ($*)$found"
}

# check_num TEXT A OP B: compare integers with OP as in test(1).
check_num() {
	if test "$2" "-$3" "$4"; then
		echo "# $1: $2 $3 $4"
	else
		fail "$1: $2 is not $3 $4"
	fi
}

# A debug kernel takes its time.
PATIENCE=1
[[ ${BENCH_RELEASE-} != debug && ${BENCH_GUEST_RELEASE-} != debug ]] || PATIENCE=5

# wait_for SECONDS COMMAND...: until it succeeds; fails after that time.
wait_for() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * PATIENCE * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} < end)) || return 1
		sleep 0.2
	done
}

is() { [[ $(cat "$1" 2>/dev/null) == $2 ]]; }	# shellcheck disable=SC2053 # a pattern
at_least() { (($(cat "$1") >= $2)); }
at_most() { (($(cat "$1") <= $2)); }

# times N MANY: N, or MANY in a long run (make soak).
times() { echo "$((${SOAK:-0} ? $2 : $1))"; }

# meminfo FIELD: MiB, of this host.
meminfo() { echo $(($(host_meminfo "$1") / 1024)); }
shmem_at_most() { (($(meminfo Shmem) <= $1)); }

kvm_users() { cat /sys/module/kvm_amd/refcnt 2>/dev/null || cat /sys/module/kvm_intel/refcnt; }

# huge_pages FIELD: Total, Free or Rsvd, of the 2 MiB pages that this host has set aside.
huge_pages() { host_meminfo "HugePages_$1"; }

# reserve_huge_pages N: set so many aside.
reserve_huge_pages() {
	echo "$1" >/proc/sys/vm/nr_hugepages
	[[ $(huge_pages Total) == "$1" ]] || fail "$(huge_pages Total) of $1 huge pages"
}

# Memory blocks that are offline, as the kernel says: their files, and how many.
offline_files() { grep -lx offline /sys/devices/system/memory/memory*/state; }
offline_now() { offline_files | wc -l; }

# guest_meminfo VM FIELD: KiB, of a guest.
guest_meminfo() { vm_run "$1" "sed -n 's/^$2: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo"; }

# KiB available, with what waits on the processors' lists, where MemAvailable does not look: up to the low watermark, 55
# MiB in a guest of 1 GiB whose pages are huge. guest_available VM: of a guest; host_available: MiB, of this host.
AVAILABLE='$1 == "MemAvailable:" { kib += $2 } $1 == "count:" { kib += $2 * 4 } END { print kib }'
guest_available() { vm_run "$1" 'cat /proc/meminfo /proc/zoneinfo' | awk "$AVAILABLE"; }
host_available() { echo $(($(cat /proc/meminfo /proc/zoneinfo | awk "$AVAILABLE") / 1024)); }

# vm_stat VM NAME: a number of the host's debugfs statistics of it; vm_hint VM NAME: of the guest's own.
vm_stat() { sed -n "s/^$2 //p" "/sys/kernel/debug/aerostat/$(basename "$(vm_sysfs "$1")")/stats"; }
vm_hint() { sed -n "s/^$2 //p" "/sys/kernel/debug/aerostat/$(basename "$(vm_sysfs "$1")")/guest"; }

# spawn_verifier VM MIB: memory with known contents that is compared for ever, there once this returns.
spawn_verifier() {
	vm_spawn "$1" "hog verify $2 4711 >/tmp/verify; echo ended: \$? >>/tmp/verify" >/dev/null
	wait_for 60 vm_run "$1" 'grep -qs ready /tmp/verify' || fail "the verifier does not start"
}
verifier_ok() { vm_run "$1" '! grep -v ready /tmp/verify && pidof hog >/dev/null'; }

# guest_attr VM FILE: of the guest driver's device.
guest_attr() { vm_run "$1" "cat /sys/bus/pci/drivers/aerostat_guest/0*/$2"; }

guest_balloon_is() { [[ $(guest_attr "$1" balloon_bytes) == "$2" ]]; }

# guest_limits VM WORD: its driver names this as what it is limited by.
guest_limits() { [[ $(guest_attr "$1" limits) == *"$2"* ]]; }

host_load() {
	modprobe -a hwmon kvm
	insmod "$TREE/host/aerostat_host.ko"
	[[ -e /dev/aerostat && -d $HOST ]]
}

host_unload() { ! [[ -d /sys/module/aerostat_host ]] || rmmod aerostat_host; }

# start_vm NAME [driver=no] [watch=MIB] [vm_start's arguments]: a guest that is known to the host, with its driver loaded;
# its sysfs directory in SYS_NAME.
# Memory with known contents (16 MiB) is watched in it from the start of each boot, and looked at when the case ends.
# Its kernel does not zero what it allocates (init_on_alloc=0): under emulation the host would spend half a
# millisecond on each page that a guest touches for the first time.  Cases about Debian's default use stock=yes, those
# whose guests touch much use ram=huge, as all do where a debug kernel makes each page dearer still.
start_vm() {
	local name=$1 append=init_on_alloc=0 watch=16 load=vm_insmod known=vm_known
	local -a args=()
	((PATIENCE == 1)) || args+=(ram=huge)
	shift
	for word; do
		case $word in
		driver=no) load=: known=vm_seen ;;
		watch=*) watch=${word#*=} ;;
		stock=yes) append=${append/init_on_alloc=0/} ;;
		append=*) append+=" ${word#*=}" ;;
		*) args+=("$word") ;;
		esac
	done
	watched[$name]=1
	{ vm_start "$name" "append=aero.watch=$watch $append" "${args[@]}" && vm_wait_up "$name" $((120 * PATIENCE)) && $load "$name"; } ||
		{ fail "guest $name does not come up"; return 1; }
	wait_for 20 $known "$name" || { fail "the host does not see guest $name"; return 1; }
	declare -g "SYS_$name=$(vm_sysfs "$name")"
}

vm_seen() { vm_sysfs "$1" >/dev/null 2>&1; }
vm_known() { local dir; dir=$(vm_sysfs "$1") && [[ $dir && $(cat "$dir/state") != waiting* ]]; }

# The clock is the one that timeouts go by: the default one, the TSC, is badly calibrated in an emulated host.
trace_start() {
	echo 0 >$TRACE/tracing_on
	echo mono >$TRACE/trace_clock
	echo >$TRACE/trace
	echo 1 >$TRACE/events/aerostat/enable
	echo 1 >$TRACE/tracing_on
}

trace_stop() {
	echo 0 >$TRACE/tracing_on
	echo 0 >$TRACE/events/aerostat/enable
	cat $TRACE/trace
}

# Anything that the kernel reported since the last call.
dmesg_faults() {
	dmesg -c | grep -E "$VM_COMPLAINTS" || :
}

# Not one byte is lost, in whatever way a case treats its guests.  A case that leaves a guest unable to answer says
# so by `unset "watched[NAME]"`.
declare -A watched=()

# vmm CASE [SECONDS]: of vmm/; nothing of it stays.
REFCNT=/sys/module/aerostat_host/refcnt
vmm() {
	check "$1" timeout $((${2:-60} * PATIENCE)) "$VMM" "$1"
	check "$1: no VM stays" wait_for 5 no_vms
	check "$1: no channel stays open" wait_for 5 is $REFCNT 0
	check "$1: nothing is reclaimed" wait_for 5 is $HOST/reclaimed_bytes 0
}

# serve MIB TARGET: a VM without processors, touched, of which TARGET MiB shall be taken.
serve() {
	"$VMM" follow "$1" &
	served=$!
	# It touches its RAM first: under emulation about 15 s for a GiB, and twice that on a bad day.
	wait_for 120 is '/sys/class/aerostat/vm-0/state' active || { fail "no VM is served"; serve_end; return 1; }
	echo 4096 >/sys/class/aerostat/vm-0/min_bytes
	echo manual >$HOST/mode
	echo $(($2 * MiB)) >$HOST/reclaim_target_bytes
	wait_for 60 is $HOST/reclaimed_bytes $(($2 * MiB)) || fail "taken: $(cat $HOST/reclaimed_bytes)"
}

serve_end() {
	kill -TERM $served
	check "the VM was never refused" wait $served
}

# aerostatd_start: for VMs with aerostat=doorbell. aerostatd_kill; clean_up does that, too.
aerostatd_start() {
	"$AEROSTATD" --socket $VM_DOORBELL 2>>/tmp/aerostatd.log &
	aerostatd=$!
	wait_for 10 test -S $VM_DOORBELL || { fail "aerostatd does not start: $(tail -n 1 /tmp/aerostatd.log)"; return 1; }
}
aerostatd_kill() {
	kill -KILL "$aerostatd"
	wait "$aerostatd" 2>/dev/null
	unset aerostatd
}

# rule_by_sensor: from now on a cool sensor decides what is taken.  Above 50 degrees all is kept, from 60 taken, from 80
# at any cost; host_set_temp heats it.
rule_by_sensor() {
	host_set_temp 40000
	echo "hwmon jc42 temp1" >$HOST/sensor_add
	SENSOR=$(echo /sys/class/aerostat/sensor-*)
	echo 50000 >"$SENSOR/low"
	echo 60000 >"$SENSOR/high"
	echo 80000 >"$SENSOR/emergency"
	echo auto >$HOST/mode
}

# Nothing goes offline, what is offline returns.
reserve_all() { echo $(($(meminfo MemTotal) * MiB + $(cat $HOST/offline_bytes))) >$HOST/reserve_bytes; }

# inflate NAME MIB: in manual mode, and wait until the VM has given that.
inflate() {
	local dir=SYS_$1
	echo manual >$HOST/mode
	echo $(($2 * MiB)) >$HOST/reclaim_target_bytes
	wait_for 60 is "${!dir}/balloon_bytes" $(($2 * MiB)) || fail "no inflation: $(cat "${!dir}/balloon_bytes")"
}

# boot_id NAME; another_boot NAME ID: is a kernel up that is not the one of ID?
boot_id() { vm_run "$1" 'cat /proc/sys/kernel/random/boot_id'; }
another_boot() {
	local id
	id=$(VM_TIMEOUT=10 boot_id "$1" 2>/dev/null) && [[ $id && $id != "$2" ]]
}

check_watched() {
	local name
	for name in "${!watched[@]}"; do
		! vm_alive "$name" || vm_watch_ok "$name" || fail "guest $name has lost memory, or does not answer"
	done
	watched=()
}

clean_up() {
	[[ ${BENCH_GUEST_RELEASE-} != debug ]] || check_guests_for_leaks
	check_watched
	vm_kill_all
	[[ ! ${aerostatd-} ]] || aerostatd_kill
	if [[ -d $HOST ]]; then
		wait_for 10 no_vms || fail "VMs stay in sysfs"
	fi
	host_unload || fail "aerostat_host does not unload"
}

# What a kernel that looks for leaks has lost, of this host and of each guest: what is young may lie in a register only,
# and in its first scan all that is not zero has changed since the one before.
KMEMLEAK=/sys/kernel/debug/kmemleak
LEAKS="sleep 6; echo scan >$KMEMLEAK; echo scan >$KMEMLEAK; cat $KMEMLEAK"

# has_lost WHO LEAKS
has_lost() { [[ ! $2 ]] || { fail "$1 has leaks:"; head -n 60 <<<"$2" | sed 's/^/#   /'; }; }

check_guests_for_leaks() {
	local name leaks
	for name in "${!watched[@]}"; do
		vm_alive "$name" || continue
		leaks=$(VM_TIMEOUT=600 vm_run "$name" "rmmod aerostat_guest 2>/dev/null; $LEAKS") || fail "guest $name cannot look for leaks"
		has_lost "guest $name" "$leaks"
	done
}

# A case more in each file.
nothing_has_leaked() { has_lost "the host" "$(sh -c "$LEAKS")"; }

no_vms() { ! compgen -G '/sys/class/aerostat/vm-*' >/dev/null; }
one_vm() { [[ $(compgen -G '/sys/class/aerostat/vm-*' | wc -l) == 1 ]]; }
only_vm_is() { is /sys/class/aerostat/vm-*/state "$1"; }

# What a case leaves in the kernel's log fails it.
case_ends() {
	local faults
	faults=$(dmesg_faults)
	[[ -z $faults ]] || { fail "the kernel reported:"; sed 's/^/#   /' <<<"$faults"; }
	if ((case_failed)); then
		echo "not ok $1 - ${2#test_} # $((SECONDS - began)) s"
		cases_failed=1
	elif [[ $case_skipped ]]; then
		echo "ok $1 - ${2#test_} # SKIP $case_skipped"
	else
		echo "ok $1 - ${2#test_} # $((SECONDS - began)) s"
	fi
	case_failed=0 case_skipped=''
}

# run_cases: run the file's test_* functions in their order, as TAP; CASES, a regular expression, picks some.
# Each gets a fresh module and cleans up after itself; but where the file has a function called set_up, that runs
# once and all cases go on from there.
run_cases() {
	local -a cases
	local name n=0 began
	cases_failed=0
	mapfile -t cases < <(grep -oE '^test_[a-z0-9_]+' "$0" | grep -E "${CASES:-}")
	echo "TAP version 13"
	if [[ -e $KMEMLEAK ]]; then
		echo "1..$((${#cases[@]} + 1))"
		echo clear >$KMEMLEAK
	else
		echo "1..${#cases[@]}"
	fi
	dmesg_faults >/dev/null
	case_failed=0 case_skipped='' began=$SECONDS
	if declare -F set_up >/dev/null; then
		{ host_load && set_up; } || fail "set-up"
		((!case_failed)) || cases_failed=1
		for name in "${cases[@]}"; do
			began=$SECONDS
			"$name"
			((++n < ${#cases[@]})) || clean_up
			case_ends $n "$name"
		done
	else
		for name in "${cases[@]}"; do
			began=$SECONDS
			if host_load; then "$name"; else fail "aerostat_host does not load"; fi
			clean_up
			case_ends $((++n)) "$name"
		done
	fi
	if [[ -e $KMEMLEAK ]]; then
		began=$SECONDS
		nothing_has_leaked
		case_ends $((++n)) nothing_has_leaked
	fi
	return $cases_failed
}
