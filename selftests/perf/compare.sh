#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Part of bench.sh, runs in the bench host: one VM that has all devices, resized by each in turn; afterwards one whose
# virtio-balloon reports free pages.
#
#	compare.sh RAM INIT_ON_ALLOC ROUNDS MIB
#
# RAM as in vm.sh. Writes /out/run.csv, a line for each resize: ram, init_on_alloc, round, device, case, MiB, and what
# resize.c prints. Round 0 is there to warm up; its lines also count system calls, and /out/exits.csv says why the guest
# was left (ram, init_on_alloc, device, case, MiB, SVM's or VMX's number, count), which slows it down.
cd "$(dirname "$0")/.." || exit 1
. ./lib.sh

ram=$1 init=$2 rounds=$3 mib=$4
out=/out/run.csv
VM_MIB=640
SYSCALLS='sys_enter_fallocate sys_enter_madvise'

bail() { echo "compare: $*" >&2; exit 1; }

# A gauge of its own, so that what is plugged and what is not both come and go in one VM.
boot() {
	local -a memory
	case $ram in
	hugetlb)
		reserve_huge_pages $(((VM_MIB + mib) / 2 + 8))
		memory=(-object "memory-backend-memfd,id=vmem,size=${mib}M,share=on,hugetlb=on,hugetlbsize=2M")
		;;
	huge) memory=(-object "memory-backend-file,id=vmem,size=${mib}M,share=on,mem-path=$VM_HUGE/vmem,align=2M") ;;
	*) memory=(-object "memory-backend-memfd,id=vmem,size=${mib}M,share=on") ;;
	esac
	host_load || bail "aerostat_host does not load"
	aerostatd_start || bail "no aerostatd"
	start_vm a aerostat=doorbell watch=8 stock=yes size=$VM_MIB ram="$ram" append="init_on_alloc=$init memhp_default_state=online_movable" \
		-m "$VM_MIB,maxmem=8G" "${memory[@]}" \
		-device "virtio-mem-pci,id=vmem0,memdev=vmem,requested-size=${mib}M" \
		-device virtio-balloon-pci,id=balloon0 || bail "no guest"
	rm -f $VM_HUGE/vmem
	know
	vm_run a 'modprobe -a virtio_balloon virtio_mem' || bail "no peers"
	wait_for 60 plugged || bail "virtio-mem plugs $(qmp_number '{"execute":"qom-get","arguments":{"path":"vmem0","property":"size"}}')"
	echo 4096 >"$SYS_a/min_bytes"
	echo $((1 << 40)) >"$SYS_a/rate_max_bytes"
	echo $((1 << 40)) >"$SYS_a/rate_min_bytes"
	echo manual >$HOST/mode
	reserve_all
	size=$((VM_MIB * MiB))
}

# The VM's pid, monitor and vCPU's thread.
know() {
	pid=$(vm_pid a) qmp=$VM_DIR/a/qmp vcpu=$(vm_vcpu a)
}

qmp_number() { vm_qmp a "$1" | tr -dc 0-9; }
plugged() { [[ $(qmp_number '{"execute":"qom-get","arguments":{"path":"vmem0","property":"size"}}') == $((mib * MiB)) ]]; }

# touch_all: all that the guest can use is in the host's memory; $touched_us is how long that took.
touch_all() {
	local began=${EPOCHREALTIME/[.,]/}
	# shellcheck disable=SC2016 # the guest's shell expands it
	VM_TIMEOUT=600 vm_run a 'read -r _ kib _ <<-END
		$(grep MemAvailable /proc/meminfo)
	END
	hog touch $((kib / 1024 - 24))' || bail "the guest does not touch its memory"
	touched_us=$((${EPOCHREALTIME/[.,]/} - began))
}

EXITS=$TRACE/events/kvm/kvm_exit
count_begin() {
	local name
	echo >$TRACE/trace
	for name in $SYSCALLS; do echo 1 >"$TRACE/events/syscalls/$name/enable"; done
	echo 'hist:keys=exit_reason' >$EXITS/trigger
}
# count_end DEVICE CASE: prints the system calls.
count_end() {
	local name
	for name in $SYSCALLS; do echo 0 >"$TRACE/events/syscalls/$name/enable"; done
	sed -n 's/^{ exit_reason: *\([0-9]*\) } hitcount: *\([0-9]*\).*/\1,\2/p' $EXITS/hist |
		sed "s|^|$ram,$init,$1,$2,$amount,|" >>/out/exits.csv
	echo '!hist:keys=exit_reason' >$EXITS/trigger
	cat $TRACE/per_cpu/cpu*/stats | awk '/^(entries|overrun):/ { n += $2 } END { print n + 0 }'
}

# line DEVICE CASE FREED WHERE VALUE
line() {
	local figures calls=''
	((round)) || count_begin
	figures=$("$BENCH_BIN/resize" -t 300 "$pid" "$vcpu" "$3" "${1/reporting/none}" "$4" "$5") || bail "$1 $2 failed"
	((round)) || calls=$(count_end "$1" "$2")
	echo "$ram,$init,$round,$1,$2,$amount,${figures// /,},$calls" >>$out
}

# shrink DEVICE CASE FREED; grow DEVICE CASE
shrink() {
	case $1 in
	aerostat) line "$1" "$2" "$3" "$SYS_a" $((amount * MiB)) ;;
	balloon) line "$1" "$2" "$3" "$qmp" $((size - amount * MiB)) ;;
	virtio-mem) line "$1" "$2" "$3" "$qmp" $(((mib - amount) * MiB)) ;;
	esac
}
grow() {
	case $1 in
	aerostat) line "$1" "$2" 0 "$SYS_a" 0 ;;
	balloon) line "$1" "$2" 0 "$qmp" $size ;;
	virtio-mem) line "$1" "$2" 0 "$qmp" $((mib * MiB)) ;;
	esac
}

# each DEVICE: half of what is taken must have been there; the rest may not have been touched after all. The balloon's
# pages make whole huge ones only by chance. What the last device gave back is touched here.
each() {
	local freed=$((amount / 2))
	[[ $ram != hugetlb || $1 != balloon ]] || freed=0
	touch_all
	[[ ! ${last-} ]] || echo "$ram,$init,$round,$last,touch-again,$amount,$((touched_us * 1000)),,,,,,," >>$out
	last=$1
	shrink "$1" inflate-touched $freed
	grow "$1" deflate
	shrink "$1" inflate-untouched 0
	grow "$1" deflate
}

fragmented() {
	touch_all
	vm_run a 'insmod /modules/aero_fragment.ko every=2' || bail "not fragmented"
	shrink "$1" fragmented $((amount / 2))
	grow "$1" fragmented-deflate
	vm_run a 'rmmod aero_fragment'
}

# What was freed in the guest is reported two seconds later, and nothing else can be asked for: that time is part of it.
reporting() {
	vm_dmesg_clean a || exit 1
	vm_kill a
	unset "watched[a]"
	start_vm a aerostat=doorbell driver=no watch=8 stock=yes size=$((VM_MIB + mib)) ram="$ram" append="init_on_alloc=$init" \
		-device virtio-balloon-pci,id=balloon0,free-page-reporting=on || bail "no guest"
	know
	vm_run a 'modprobe virtio_balloon' || bail "no virtio-balloon"
	amount=$mib last=
	for ((round = 0; round <= rounds; round++)); do
		touch_all
		line reporting inflate-touched "$mib" - 0
	done
}

boot
echo "# $ram, init_on_alloc=$init: $(guest_meminfo a MemAvailable) KiB available"
for ((round = 0; round <= rounds; round++)); do
	amount=$mib last=
	line none idle 0 - 1000
	for device in aerostat balloon virtio-mem; do
		each $device
	done
	# Only whole huge pages can be had where RAM has a granule.
	if [[ $ram != hugetlb ]]; then
		amount=32 last=
		for device in aerostat balloon; do
			fragmented $device
		done
	fi
	echo "# round $round of $rounds"
done
reporting
vm_dmesg_clean a || exit 1
clean_up
faults=$(dmesg_faults)
[[ ! $faults ]] || bail "the kernel reported: $faults"
