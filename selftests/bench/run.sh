#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [OPTION]... -- COMMAND [ARGUMENT]...
#
# Boots the bench host, an emulated machine with a stock Debian kernel in which KVM works, runs COMMAND on it in
# the built tree, prints its output as it comes and exits with its status.  Run build.sh first.
#
#   --release R         bookworm (default), trixie or testing: kernel, QEMU and tools of the host
#   --guest-release R   the same for the guests' kernel; must be built as well
#   --mem SIZE          memory (5G)               --smp N        processors (2)
#   --dimm SIZE         more of it, in a DIMM that can be ejected and that is offline at first; one for each option
#   --append ARGS       for the kernel command line, each of them --timeout S    seconds, all in all (600)
#   --root DIR          boot this tree and the systemd in it, with COMMAND as a service; --release clean made it
#   --ivshmem SIZE      an ivshmem device over memory that nobody knows
#   --log FILE          the host's kernel log                    --share DIR    what COMMAND sees as /out
#
# Where the processor offers virtualization and /dev/kvm can be opened the host runs in KVM and nests its guests;
# elsewhere QEMU emulates an AMD processor with SVM.  Own statuses: 124 timeout, 125 the host crashed (the end of
# its log follows), 2 wrong usage.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

release=bookworm guest_release='' mem=5G smp=2 append='' timeout=600 log='' share='' dimms=() tree='' ivshmem=()
while [[ ${1-} == --?* ]]; do
	[[ $# -ge 2 ]] || { bench_usage "$0" >&2; exit 2; }
	case $1 in
	--release) release=$2 ;;
	--guest-release) guest_release=$2 ;;
	--mem) mem=$2 ;;
	--dimm) dimms+=("$2") ;;
	--smp) smp=$2 ;;
	--append) append+=" $2" ;;
	--timeout) timeout=$2 ;;
	--root) tree=$2 ;;
	--ivshmem) ivshmem=(-object "memory-backend-memfd,id=foreign,size=$2,share=on" -device ivshmem-plain,memdev=foreign) ;;
	--log) log=$2 ;;
	--share) share=$2 ;;
	*) bench_die "unknown option $1" ;;
	esac
	shift 2
done
[[ ${1-} == -- && $# -ge 2 ]] || { bench_usage "$0" >&2; exit 2; }
shift
# What is built for bookworm has the tools for a clean root, too.
built=$release
[[ $release != clean ]] || built=bookworm
guest_release=${guest_release:-$built}
bench_known_release "$release"
bench_known_release "$guest_release"
bench_need_root

root=$("$BENCH_DIR/root.sh" "$release")
# The emulator need not be the host's own. QEMU can go on with the old translation of kernel text that another processor
# patches, and then one stands still for ever: 7.2 in minutes, 10.0 in hours; and 10.0 has crashed hosts whose VMs were
# interrupted much, see Documentation/testing.rst.
# Under 10.0 a debug guest does not come up within ten minutes, for a reason not found yet.
emulator_release=$release
if [[ $guest_release != debug ]]; then
	[[ $release != debug ]] || emulator_release=trixie
	[[ $built != bookworm ]] || emulator_release=testing
fi
emulator=$("$BENCH_DIR/root.sh" "$emulator_release")
boot=$("$BENCH_DIR/boot.sh" "$release")
guest_boot=$("$BENCH_DIR/boot.sh" "$guest_release")
build=$AEROSTAT_CACHE/build/$built
guest_build=$AEROSTAT_CACHE/build/$guest_release
for dir in "$build" "$guest_build"; do
	[[ -e $dir/.bench/guest.cpio ]] || bench_die "nothing built: run $BENCH_DIR/build.sh ${dir##*/} first"
done
bench_lock root_lock "$AEROSTAT_CACHE/root/$release.lock" shared
bench_lock emulator_lock "$AEROSTAT_CACHE/root/$emulator_release.lock" shared
# Emulated, two hosts on two cores would only measure each other.
bench_lock host_lock "$AEROSTAT_CACHE/root/bench.lock" exclusive

# This run's directory is locked while it is in use; what killed runs left is not.
mkdir -p "$AEROSTAT_CACHE/run"
for dir in "$AEROSTAT_CACHE/run/"*/; do
	[[ ! -d $dir ]] || flock --nonblock "$dir" rm -rf "$dir" || true
done
run=$(mktemp -d "$AEROSTAT_CACHE/run/$release.XXXXXX")
exec {run_lock}<"$run"
flock "$run_lock"
qemu='' reader='' keeper=''
# shellcheck disable=SC2317 # the trap calls it
cleanup() {
	local pid
	[[ ! $qemu ]] || kill -KILL "$qemu" 2>/dev/null || :
	for pid in $keeper $reader; do
		kill "$pid" 2>/dev/null || :
	done
	{ wait || :; } 2>/dev/null
	rm -rf "$run"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

mkdir -p "$run/bench" "$run/out"
cp --reflink=auto "$guest_boot/vmlinux" "$run/bench/guest.kernel"
cp --reflink=auto "$guest_boot/vmlinuz" "$run/bench/guest.vmlinuz"
cat "$guest_boot/guest.cpio" "$guest_build/.bench/guest.cpio" >"$run/bench/guest.initrd"
printf 'export BENCH_RELEASE=%q BENCH_GUEST_RELEASE=%q\n' "$release" "$guest_release" >"$run/bench/command"
printf '%q ' "$@" >>"$run/bench/command"
mkfifo "$run/output"
: >"$run/status"
if [[ $share ]]; then
	mkdir -p "$share"
	share=$(realpath "$share")
else
	share=$run/out
fi
if [[ $log ]]; then
	: >"$log"
	log=$(realpath "$log")
else
	log=$run/log
fi
: >"$run/log"

if grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo && (: <>/dev/kvm) 2>/dev/null; then
	cpu=(-accel kvm -cpu host)
else
	# Four levels of page tables are quicker to walk than five.  A family after 15 has no GART, whose search costs each
	# guest four seconds.  The emulated SVM does not intercept XSETBV, so a guest's XSAVE would be wrong, and
	# kernel 7.2 goes for AVX without a look at XSAVE.
	# 512 MiB of translations were full after five minutes.  Who has all of them flushed stops the other processors, and
	# if one has just injected an interrupt into its guest it then injects that again, whatever the guest is about.
	cpu=(-accel 'tcg,thread=multi,tb-size=2000')
	cpu+=(-cpu 'max,la57=off,family=23,model=49,xsave=off,avx=off,avx2=off,f16c=off,fma=off,vaes=off')
fi

# export_dir NAME PATH OPTION: a 9p share.
shares=()
export_dir() { shares+=(-virtfs "local,mount_tag=$1,path=$2,security_model=passthrough,multidevs=remap$3"); }
export_dir pristine /pristine ,readonly=on
export_dir aerostat /aerostat ,readonly=on
export_dir bench /bench/bench ,readonly=on
export_dir out /out ''

if [[ $tree ]]; then
	root=$(realpath "$tree")
	append+=' bench.systemd systemd.unit=multi-user.target systemd.wants=bench.service systemd.firstboot=off'
fi

memory=(-m "$mem")
((${#dimms[@]} == 0)) || memory=(-m "$mem,slots=${#dimms[@]},maxmem=64G")
for i in "${!dimms[@]}"; do
	memory+=(-object "memory-backend-ram,id=dimm$i,size=${dimms[i]}" -device "pc-dimm,memdev=dimm$i")
done

# Little memory below 4 GiB, for all of that can never be movable; the kernel keeps 1200M for what does not move.
# A panic or an oops reboots, a reboot ends QEMU.
cat "$run/output" &
reader=$!
"$BENCH_DIR/inroot.sh" "$emulator" --bind-ro "$root" pristine --bind "$run" bench --bind "$share" out --bind-ro "$build" aerostat \
	--bind-ro "$boot" mnt --bind "$log" bench/log -- \
	qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
	-machine q35,max-ram-below-4g=1G,usb=off,vmport=off "${cpu[@]}" -smp "$smp" "${memory[@]}" \
	-bios qboot.rom -kernel /mnt/vmlinux -initrd /mnt/host.cpio \
	-append "console=ttyS0 tsc=reliable cryptomgr.notests panic=-1 oops=panic kernelcore=1200M mitigations=off $append" \
	-serial file:/bench/log "${shares[@]}" "${ivshmem[@]}" \
	-device virtio-serial-pci \
	-chardev file,id=output,path=/bench/output -device virtserialport,chardev=output,name=aerostat.out \
	-chardev file,id=status,path=/bench/status -device virtserialport,chardev=status,name=aerostat.status \
	</dev/null 1>&2 &
qemu=$!
# Keeps the reader alive until QEMU has opened its end, also if it never does.
sleep infinity >"$run/output" &
keeper=$!

# A host that stands still while it boots is not waited for as long as COMMAND may take.
boot_timeout=180
[[ $release != debug ]] || boot_timeout=600
is_up() { grep -aq 'bench: up after' "$log"; }
# Once COMMAND has ended, powering off takes a moment.  What may outlive this script holds none of its locks.
{
	for ((second = 0; second < timeout; second++)); do
		[[ ! -s $run/status ]] || break
		((second != boot_timeout)) || is_up || exit 0
		sleep 1
	done
	[[ ! -s $run/status ]] || sleep 20
} {root_lock}>&- {host_lock}>&- {run_lock}>&- &
clock=$!
keeper+=" $clock"
ended=''
wait -n -p ended "$qemu" "$clock" || :
if [[ $ended == "$clock" ]]; then
	kill -KILL "$qemu"
	{ wait "$qemu" || :; } 2>/dev/null
fi
qemu=''
# No writer is left: the reader prints what is in the pipe and ends.
kill "${keeper%% *}"
wait "$reader" || :
reader=''

status=$(<"$run/status")
[[ ! $status =~ ^[0-9]+$ ]] || exit "$status"
echo "---- end of the host's kernel log" >&2
tail -n 40 "$log" >&2
if [[ $ended == "$clock" ]] && is_up; then
	bench_log "no end after $timeout s"
	exit 124
fi
bench_log "the host crashed, or never came up"
exit 125
