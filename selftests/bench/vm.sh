# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Guests, for tests on the bench host.  Source it; VM names are words, any process of the test may use them.
#
#   vm_start NAME [size=1024] [ram=memfd] [aerostat=yes] [smp=1] [append=...] [QEMU ARGUMENT...]
#       size       MiB
#       ram        memfd | anon | private-memfd | huge (tmpfs with huge=always: what is touched first costs little) |
#                  hugetlb (2 MiB pages, reserve them first) | shm[:DIR] (a file in /dev/shm or DIR, which stays);
#                  the last two are in use as a whole at once
#       aerostat   yes: a channel from /dev/aerostat | master: the same, and it can be migrated | no |
#                  doorbell: one from aerostatd, which listens at VM_DOORBELL |
#                  plain-ivshmem: the same device over foreign memory
#       returns once QEMU answers, long before the guest is up
#   vm_wait_up NAME [SECONDS=180]     until its agent answers
#   vm_insmod NAME [PARAMETER...]     load aerostat_guest.ko
#   vm_run NAME COMMAND               run it in the guest's shell, print what it prints, return its status;
#                                     124 after VM_TIMEOUT (120) seconds, 125 when the guest is gone
#   vm_spawn NAME COMMAND             the same in the background; prints its pid, output goes to /tmp/PID.out
#   vm_stop NAME [SECONDS=60]         clean power-off, then waits; fails when it must kill
#   vm_kill NAME                      kill -9
#   vm_alive NAME                     its QEMU runs
#   vm_qmp NAME JSON                  send a QMP command, print the reply, fail on an error
#   vm_pid NAME, vm_log NAME          its QEMU's pid, its console's file (kept in /out)
#   vm_vcpu NAME                      the thread id of its first vCPU
#   vm_sysfs NAME                     its directory in /sys/class/aerostat
#   vm_watch_ok NAME                  the memory that append=aero.watch=MIB watches is as it was; fails if it is not
#   vm_dmesg_clean NAME               fails, and prints them, when its kernel has complained
#   vm_kill_all                       for traps
#
# A guest is busybox, the stock kernel and the modules; /modules holds aerostat_guest.ko and the tests' modules,
# modprobe knows virtio_balloon, virtio_blk, zram, button and evdev, /bin/hog uses memory.

VM_DIR=/run/vm
VM_HUGE=/run/vm-huge
VM_DOORBELL=/run/aerostatd.sock
BENCH_BIN=/aerostat/.bench/bin

# What a kernel log must not contain.
VM_COMPLAINTS='WARNING:|BUG:|Oops|Call Trace|general protection|unable to handle|lockdep is turned off|KASAN|UBSAN'
VM_COMPLAINTS+='|rcu:.*stall|hung_task|blocked for more than|soft lockup|page allocation failure|Out of memory'
VM_COMPLAINTS+='|refcount_t|list_(add|del) corruption|Bad page'

# lastbus=0: there is one PCI bus; looking for 255 more takes 8000 exits.  noreplace-smp: patching code is slow in emulation.
VM_APPEND='console=ttyS0 quiet panic=0 oops=panic mitigations=off tsc=reliable no_timer_check cryptomgr.notests'
VM_APPEND+=' pci=lastbus=0 noreplace-smp rdinit=/init'

vm__fail() {
	echo "vm.sh: $*" >&2
	return 1
}

# The first thread-id is the host's; later ones are of the guest's topology.
vm_vcpu() { vm_qmp "$1" '{"execute":"query-cpus-fast"}' | grep -o '"thread-id": [0-9]*' | head -n 1 | tr -dc 0-9; }
vm_pid() { cat "$VM_DIR/$1/pid"; }
vm_log() { echo "/out/$1.console.log"; }

# Builtins only: programs start slowly in an emulated machine.  A first thread that has ended is not the end: the others
# have the VM's memory still.
vm_alive() {
	local pid stat tasks
	{ read -r pid <"$VM_DIR/$1/pid" && IFS= read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return
	tasks=("/proc/$pid/task/"*)
	[[ $stat != *') Z '* ]] || ((${#tasks[@]} > 1))
}

# Never readable: to sleep on.
exec {vm__never}<> <(:)

# vm__until SECONDS COMMAND...: try it every 50 ms.
vm__until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS <= end)) || return 1
		read -rt 0.05 -u "$vm__never" || :
	done
}

vm_start() {
	local name=$1 size=1024 ram=memfd aerostat=yes smp=1 append='' word
	local -a extra=() args=()
	local master=''
	shift
	for word; do
		case $word in
		size=*) size=${word#*=} ;;
		ram=*) ram=${word#*=} ;;
		aerostat=*) aerostat=${word#*=} ;;
		smp=*) smp=${word#*=} ;;
		append=*) append=${word#*=} ;;
		*) extra+=("$word") ;;
		esac
	done
	[[ ${extra[0]--} == -* ]] || vm__fail "unknown option ${extra[0]}" || return
	! vm_alive "$name" || vm__fail "$name runs already" || return
	case $ram in
	memfd) args+=(-object "memory-backend-memfd,id=ram,size=${size}M,share=on") ;;
	private-memfd) args+=(-object "memory-backend-memfd,id=ram,size=${size}M,share=off") ;;
	anon) args+=(-object "memory-backend-ram,id=ram,size=${size}M") ;;
	huge)
		mkdir -p $VM_HUGE
		mountpoint -q $VM_HUGE || mount -t tmpfs -o huge=always,size=100% tmpfs $VM_HUGE || return
		# Aligned in memory as it is in the file, or else nothing is mapped huge.
		args+=(-object "memory-backend-file,id=ram,size=${size}M,share=on,mem-path=$VM_HUGE/$name,align=2M")
		;;
	hugetlb) args+=(-object "memory-backend-memfd,id=ram,size=${size}M,share=on,hugetlb=on,hugetlbsize=2M,prealloc=on") ;;
	shm | shm:*)
		ram=${ram#shm} ram=${ram#:}
		args+=(-object "memory-backend-file,id=ram,size=${size}M,share=on,prealloc=on,align=2M,mem-path=${ram:-/dev/shm}/vm-$name")
		;;
	*) vm__fail "unknown ram=$ram" || return ;;
	esac
	case $aerostat in
	yes | master)
		args+=(-object 'memory-backend-file,id=aero,mem-path=/dev/aerostat,size=1M,share=on')
		[[ $aerostat == yes ]] || master=,master=on
		;;
	doorbell) args+=(-chardev "socket,id=aero,path=$VM_DOORBELL" -device 'ivshmem-doorbell,chardev=aero,vectors=1') ;;
	plain-ivshmem) args+=(-object 'memory-backend-memfd,id=aero,size=1M,share=on') ;;
	no) ;;
	*) vm__fail "unknown aerostat=$aerostat" || return ;;
	esac
	[[ $aerostat == no || $aerostat == doorbell ]] || args+=(-device "ivshmem-plain,memdev=aero$master")

	rm -rf "${VM_DIR:?}/$name"
	mkdir -p "$VM_DIR/$name"
	setsid qemu-system-x86_64 -nodefaults -no-user-config -display none -name "$name" \
		-machine q35,memory-backend=ram,usb=off,vmport=off,sata=off,smbus=off,i8042=off,hpet=off \
		-enable-kvm -cpu host -smp "$smp" -m "$size" \
		-bios qboot.rom -kernel /bench/guest.kernel -initrd /bench/guest.initrd \
		-append "$VM_APPEND $append" \
		-serial "file:$(vm_log "$name")" -device pvpanic-pci \
		-qmp "unix:$VM_DIR/$name/qmp,server=on,wait=off" \
		-device virtio-serial-pci -chardev "socket,id=agent,path=$VM_DIR/$name/agent,server=on,wait=off" \
		-device virtserialport,chardev=agent,name=aerostat.agent \
		"${args[@]}" "${extra[@]}" </dev/null >"/out/$name.qemu.log" 2>&1 &
	echo $! >"$VM_DIR/$name/pid"
	if ! vm__until 60 vm__listens_or_dead "$name" || ! vm_qmp "$name" '{"execute":"query-status"}' >/dev/null 2>&1; then
		cat "/out/$name.qemu.log" >&2
		vm__fail "$name: QEMU did not start" || return
	fi
	rm -f "$VM_HUGE/$name"
}

vm__listens_or_dead() { [[ -S $VM_DIR/$1/agent && -S $VM_DIR/$1/qmp ]] || ! vm_alive "$1"; }

vm_run() { "$BENCH_BIN/vmsh" -t "${VM_TIMEOUT:-120}" "$VM_DIR/$1/agent" "$2"; }
vm_wait_up() { "$BENCH_BIN/vmsh" -t "${2:-180}" "$VM_DIR/$1/agent" true || { vm__where "$1" >&2; return 1; }; }

# vm__where NAME: what a guest does that does not answer: its console's end, and three times where it runs and how
# often it has left the guest.
vm__where() {
	local _ exits
	tail -n 20 "$(vm_log "$1")"
	for _ in 1 2 3; do
		exits=$(cat /sys/kernel/debug/kvm/"$(vm_pid "$1")"-*/exits)
		vm_qmp "$1" '{"execute":"human-monitor-command","arguments":{"command-line":"info registers"}}' |
			grep -oE '(RIP|RFL|CR[034]|HLT|CS *)=[0-9a-f ]*' | tr '\n' ' '
		echo "exits=$exits"
		sleep 1
	done
}

vm_insmod() {
	local name=$1
	shift
	vm_run "$name" "insmod /modules/aerostat_guest.ko $*"
}

# The shell that writes /tmp/PID.out becomes the command, so PID is the command's.
vm_spawn() {
	local command
	printf -v command '%q' "exec >/tmp/\$\$.out 2>&1 </dev/null; exec sh -c $(printf %q "$2")"
	vm_run "$1" "setsid sh -c $command & echo \$!"
}

vm__gone() { ! vm_alive "$1"; }

vm_kill() {
	local pid
	pid=$(vm_pid "$1") || return
	kill -KILL "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
	vm__until 10 vm__gone "$1" || vm__fail "$1 (pid $pid) does not die"
}

vm_kill_all() {
	local dir
	for dir in "$VM_DIR"/*/; do
		[[ ! -e $dir/pid ]] || vm_kill "$(basename "$dir")"
	done
}

# The agent dies with the guest, so only the process tells whether it went.
vm_stop() {
	VM_TIMEOUT=${2:-60} vm_run "$1" 'poweroff -f' >/dev/null 2>&1 || :
	if ! vm__until "${2:-60}" vm__gone "$1"; then
		vm_kill "$1"
		vm__fail "$1 did not power off"
		return
	fi
	wait "$(vm_pid "$1")" 2>/dev/null || :
}

vm_qmp() { "$BENCH_BIN/qmp" -t "${VM_TIMEOUT:-120}" "$VM_DIR/$1/qmp" "$2"; }

vm_sysfs() {
	local file pid
	pid=$(vm_pid "$1") || return
	for file in /sys/class/aerostat/vm-*/pid; do
		[[ -e $file && $(<"$file") == "$pid" ]] || continue
		echo "${file%/pid}"
		return
	done
	vm__fail "$1 (pid $pid) is not in /sys/class/aerostat"
}

# A pass that began after this was called has to end well.
vm_watch_ok() {
	# shellcheck disable=SC2016 # the guest's shell expands it
	VM_TIMEOUT=30 vm_run "$1" '
		until [ -s /tmp/watch ]; do sleep 0.2; done
		read pid passes </tmp/watch
		until [ "$now" ] && [ $now -ge $((passes + 2)) ]; do
			kill -USR1 $pid || exit 1
			sleep 0.1
			read pid now </tmp/watch
		done' && return
	vm_run "$1" 'cat /tmp/watch; dmesg | grep -m1 "BUG: hog"' >&2
	vm__fail "$1: its memory is not what it was"
}

vm_dmesg_clean() {
	local lines
	lines=$(vm_run "$1" dmesg) || return
	! grep -E "$VM_COMPLAINTS" <<<"$lines" || vm__fail "$1: its kernel complained"
}
