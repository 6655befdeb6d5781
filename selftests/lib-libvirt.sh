# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# VMs that libvirt starts, for libvirt.sh and selinux.sh, which differ in what confines a QEMU: the snippets of
# Documentation/libvirt, as they are, in Debian's libvirt, as it is.  Source it after lib.sh; who does names in QEMU_LABEL
# (a pattern) what the kernel's security module then calls each QEMU.
# shellcheck disable=SC2034,SC2086,SC2153,SC2154 # names that are lib.sh's, or theirs

SNIPPETS=$TREE/Documentation/libvirt
AEROSTAT=$TREE/tools/aerostat/aerostat
IMAGES=/var/lib/libvirt/images
CONF=/etc/libvirt/qemu.conf
SOCKET=/run/aerostat/aerostatd.sock
NAME=web.1
SIZE=384

have_libvirt() { [[ -x /usr/sbin/libvirtd ]]; }
here() { have_libvirt || { skip "no libvirt on this host; bookworm's has it"; return 1; }; }

# as COMMAND...: become it, as systemd starts it.
as() { exec "$@"; }

# What systemd and udev do where they run.
libvirt_set_up() {
	local group mode
	trap libvirt_end EXIT
	mount -t cgroup2 cgroup /sys/fs/cgroup
	read -r group mode < <(sed -n 's/.*GROUP="\(.*\)", MODE="\(.*\)",.*/\1 \2/p' "$TREE/tools/system/60-aerostat.rules")
	chgrp "$group" /dev/aerostat && chmod "$mode" /dev/aerostat || return 1
	chgrp kvm /dev/kvm && chmod 660 /dev/kvm || return 1
	useradd --system --no-create-home --groups kvm aerostat || return 1
	# The bench's own files are root's.
	mount -t tmpfs -o size=128M,mode=711 tmpfs $IMAGES
	cp /bench/guest.kernel /bench/guest.initrd $IMAGES || return 1
	# libvirt asks each emulator for all that it can do, for half a minute.
	rm -f /usr/bin/qemu-system-i386
	as virtlogd >>/tmp/virtlogd.log 2>&1 &
	daemons=($!)
	libvirt_start
}

libvirt_start() {
	as libvirtd >>/tmp/libvirtd.log 2>&1 &
	daemons[1]=$!
	wait_for 120 virsh -q uri >/dev/null 2>&1 || { fail "libvirtd does not start: $(tail -n 3 /tmp/libvirtd.log)"; return 1; }
}

libvirt_restart() {
	kill "${daemons[1]}"
	wait "${daemons[1]}"
	libvirt_start
}

libvirt_end() {
	kill "${daemons[@]}" 2>/dev/null
	wait
}

# libvirt_aerostatd: where the snippet looks for it; clean_up ends it.
libvirt_aerostatd() {
	as "$AEROSTATD" --user aerostat --group kvm 2>>/tmp/aerostatd.log &
	aerostatd=$!
	wait_for 10 test -S $SOCKET || fail "aerostatd does not start: $(tail -n 1 /tmp/aerostatd.log)"
}

# domain VM CHANNEL [RAM]: a VM with the channel and RAM of these snippets; neither where there is none of that name.
domain() {
	cat <<-EOF
	<domain type='kvm'>
	  <name>$NAME</name>
	  <memory unit='MiB'>$SIZE</memory>
	$(cat "$SNIPPETS/${3-memory}.xml" 2>/dev/null)
	  <os>
	    <type arch='x86_64' machine='q35'>hvm</type>
	    <kernel>$IMAGES/guest.kernel</kernel>
	    <initrd>$IMAGES/guest.initrd</initrd>
	    <cmdline>$VM_APPEND init_on_alloc=0 aero.watch=16</cmdline>
	  </os>
	  <features><acpi/></features>
	  <cpu mode='host-passthrough'/>
	  <devices>
	    <controller type='usb' model='none'/>
	    <serial type='file'><source path='$(vm_log "$1")'/></serial>
	    <channel type='unix'>
	      <source mode='bind' path='$VM_DIR/$1/agent'/>
	      <target type='virtio' name='aerostat.agent'/>
	    </channel>
	$([[ $2 != doorbell ]] || cat "$SNIPPETS/doorbell.xml")
	  </devices>
	$([[ $2 != polled ]] || cat "$SNIPPETS/polled.xml")
	</domain>
	EOF
}

# define VM CHANNEL [RAM]: anew, whatever it was.
define() {
	mkdir -p "$VM_DIR/$1"
	domain "$@" >/tmp/domain.xml
	virsh -q undefine "$NAME" >/dev/null 2>&1
	virsh -q define /tmp/domain.xml || fail "virsh define"
}

# boot VM: until its agent answers.
boot() {
	local said
	said=$(virsh -q start "$NAME" 2>&1) || { fail "virsh start: $said"; return 1; }
	echo "$(<"/run/libvirt/qemu/$NAME.pid")" >"$VM_DIR/$1/pid"
	vm_wait_up "$1" || { fail "guest $1 does not come up"; return 1; }
}

# start VM: until the host knows its driver; its sysfs directory in SYS_VM.
start() {
	boot "$1" || return
	watched[$1]=1
	vm_insmod "$1" || { fail "guest $1 has no driver"; return 1; }
	wait_for 20 vm_known "$1" || { fail "the host does not see guest $1"; return 1; }
	declare -g "SYS_$1=$(vm_sysfs "$1")"
}

# refused REASON: the domain does not start, and virsh tells what QEMU said.
refused() {
	local said
	said=$(virsh -q start "$NAME" 2>&1) && { fail "it starts"; virsh -q destroy "$NAME"; return; }
	[[ $said == *"$1"* ]] || fail "virsh says: $said"
}

# refused_device REASON: because QEMU could not open /dev/aerostat.
refused_device() { refused "can't open backing store /dev/aerostat for guest RAM: $1"; }

# memstat NAME: KiB.
memstat() { virsh -q dommemstat "$NAME" | awk -v name="$1" '$1 == name { print $2 }'; }
has_memstat() { [[ $(memstat "$1") ]]; }
memstat_is() { [[ $(memstat "$1") == "$2" ]]; }
domain_is() { [[ $(virsh -q domstate "$NAME") == "$1" ]]; }

# ram VM: KiB of its RAM that are in use.
ram() { echo $(($(stat -L -c %b "$(find "/proc/$(vm_pid "$1")/fd" -lname '/memfd:*' | head -n 1)") / 2)); }

# label PID: the kernel ends SELinux's with a NUL.
label() { tr -d '\0' <"/proc/$1/attr/current"; }

# confined VM: by all that libvirt confines a QEMU with.
confined() {
	local pid label
	pid=$(vm_pid "$1") label=$(label "$pid")
	check "its user" test "$(stat -c %U "/proc/$pid")" == libvirt-qemu
	# shellcheck disable=SC2053 # a pattern
	[[ $label == $QEMU_LABEL ]] || fail "it is $label, not $QEMU_LABEL"
	check "its cgroup" grep -q '^0::/machine/qemu-' "/proc/$pid/cgroup"
	check "its own /dev" test "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink /proc/self/ns/mnt)"
}

# gives VM: 128 MiB and takes them back; what libvirt shows beside it.
gives() {
	local dir=SYS_$1 before available actual went fell
	check "its name" test "$("$AEROSTAT" vms --json | jq -r '.[0].name')" == "$NAME"
	check "its UUID" test "$("$AEROSTAT" vms --json | jq -r '.[0].uuid')" == "$(virsh -q domuuid "$NAME")"
	check_num "MiB that can be had, but for what firmware has" $(($(cat "${!dir}/size_bytes") / MiB)) ge $((SIZE - 2))
	# libvirt asks the guest's virtio-balloon driver, which does nothing else.
	vm_run "$1" 'modprobe virtio_balloon' || fail "no virtio_balloon"
	virsh -q dommemstat "$NAME" --period 1 --live
	wait_for 20 has_memstat available || fail "no statistics of the guest: $(virsh -q dommemstat "$NAME")"
	vm_run "$1" 'hog touch 224'
	sleep 2
	fell=$(ram "$1") before=$(memstat rss) available=$(memstat available) actual=$(memstat actual)
	inflate "$1" 128
	went=$((before - $(memstat rss))) fell=$((fell - $(ram "$1")))
	check "what the guest has is less by that" wait_for 10 memstat_is available $((available - 128 * 1024))
	check "what libvirt thinks it gave is not" memstat_is actual "$actual"
	# Of what was taken, only what the guest had touched was there to go.
	check_num "MiB of its RAM that went" $((fell / 1024)) ge 64
	check_num "MiB of its RAM that went" $((fell / 1024)) le 128
	# The guest, and QEMU itself, go on using memory meanwhile.
	check_num "KiB of its RSS that went beyond that" $((went - fell)) ge -16384
	check_num "KiB of its RSS that went beyond that" $((went - fell)) le 16384
	echo 0 >$HOST/reclaim_target_bytes
	check "it comes back" wait_for 20 is "${!dir}/balloon_bytes" 0
	check "the guest has it" wait_for 10 memstat_is available "$available"
}

# rung VM: a domain with a doorbell, from its start to its end.
rung() {
	if start "$1"; then
		check "it is rung" vm_run "$1" 'dmesg | grep -q "aerostat.* rings"'
		confined "$1"
		gives "$1"
		check "no byte is lost" vm_watch_ok "$1"
	fi
	virsh -q destroy "$NAME"
	check "destroyed, it is gone" wait_for 5 no_vms
	check "and so is its channel" wait_for 5 is $REFCNT 0
}
