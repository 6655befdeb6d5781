#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# VMs that libvirt starts: the snippets of Documentation/libvirt, as they are, in Debian's libvirt, as it is: QEMU is a
# user of its own, confined by AppArmor, by its cgroup's list of devices and by a /dev of its own.
. "$(dirname "$0")/lib.sh"

SNIPPETS=$TREE/Documentation/libvirt
AEROSTAT=$TREE/tools/aerostat/aerostat
IMAGES=/var/lib/libvirt/images
LOCAL=/etc/apparmor.d/local/abstractions/libvirt-qemu
CONF=/etc/libvirt/qemu.conf
NAME=web.1
SIZE=384

have_libvirt() { [[ -x /usr/sbin/libvirtd ]]; }
here() { have_libvirt || { skip "no libvirt on this host; bookworm's has it"; return 1; }; }

# What systemd and udev do where they run.
set_up() {
	local group mode
	have_libvirt || return 0
	trap libvirt_end EXIT
	mount -t cgroup2 cgroup /sys/fs/cgroup
	mount -t securityfs securityfs /sys/kernel/security
	apparmor_parser --replace /etc/apparmor.d/usr.sbin.libvirtd /etc/apparmor.d/usr.lib.libvirt.virt-aa-helper || return 1
	read -r group mode < <(sed -n 's/.*GROUP="\(.*\)", MODE="\(.*\)",.*/\1 \2/p' "$TREE/tools/system/60-aerostat.rules")
	chgrp "$group" /dev/aerostat && chmod "$mode" /dev/aerostat || return 1
	chgrp kvm /dev/kvm && chmod 660 /dev/kvm || return 1
	# The bench's own files are root's.
	mount -t tmpfs -o size=128M,mode=711 tmpfs $IMAGES
	cp /bench/guest.kernel /bench/guest.initrd $IMAGES || return 1
	# libvirt asks each emulator for all that it can do, for half a minute.
	rm -f /usr/bin/qemu-system-i386
	virtlogd >>/tmp/virtlogd.log 2>&1 &
	daemons=($!)
	libvirt_start
}

libvirt_start() {
	libvirtd >>/tmp/libvirtd.log 2>&1 &
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

# domain VM CHANNEL: a VM with the channel of that snippet.
domain() {
	cat <<-EOF
	<domain type='kvm'>
	  <name>$NAME</name>
	  <memory unit='MiB'>$SIZE</memory>
	$(<"$SNIPPETS/memory.xml")
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

# define VM CHANNEL: anew, whatever it was.
define() {
	mkdir -p "$VM_DIR/$1"
	domain "$1" "$2" >/tmp/domain.xml
	virsh -q undefine "$NAME" >/dev/null 2>&1
	virsh -q define /tmp/domain.xml || fail "virsh define"
}

# start VM: until the host knows its driver; its sysfs directory in SYS_VM.
start() {
	local said
	said=$(virsh -q start "$NAME" 2>&1) || { fail "virsh start: $said"; return 1; }
	echo "$(<"/run/libvirt/qemu/$NAME.pid")" >"$VM_DIR/$1/pid"
	watched[$1]=1
	{ vm_wait_up "$1" && vm_insmod "$1"; } || { fail "guest $1 does not come up"; return 1; }
	wait_for 20 vm_known "$1" || { fail "the host does not see guest $1"; return 1; }
	declare -g "SYS_$1=$(vm_sysfs "$1")"
}

# refused REASON: the domain does not start, and virsh tells what QEMU said.
refused() {
	local said
	said=$(virsh -q start "$NAME" 2>&1) && { fail "it starts"; virsh -q destroy "$NAME"; return; }
	[[ $said == *"can't open backing store /dev/aerostat for guest RAM: $1"* ]] || fail "virsh says: $said"
}

# memstat NAME: KiB.
memstat() { virsh -q dommemstat "$NAME" | awk -v name="$1" '$1 == name { print $2 }'; }
has_memstat() { [[ $(memstat "$1") ]]; }
memstat_is() { [[ $(memstat "$1") == "$2" ]]; }
domain_is() { [[ $(virsh -q domstate "$NAME") == "$1" ]]; }

# ram VM: KiB of its RAM that are in use.
ram() { echo $(($(stat -L -c %b "$(find "/proc/$(vm_pid "$1")/fd" -lname '/memfd:*' | head -n 1)") / 2)); }

# confined VM: by all that libvirt confines a QEMU with.
confined() {
	local pid
	pid=$(vm_pid "$1")
	check "its user" test "$(stat -c %U "/proc/$pid")" == libvirt-qemu
	check "its AppArmor profile" is "/proc/$pid/attr/current" 'libvirt-* (enforce)'
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

test_a_doorbell_needs_nothing_of_libvirt() {
	here || return
	useradd --system --no-create-home --groups kvm aerostat
	"$AEROSTATD" --user aerostat --group kvm 2>>/tmp/aerostatd.log &
	aerostatd=$!
	wait_for 10 test -S /run/aerostat/aerostatd.sock || fail "aerostatd does not start"
	define web doorbell
	if start web; then
		check "it is rung" vm_run web 'dmesg | grep -q "aerostat.* rings"'
		confined web
		gives web
		check "no byte is lost" vm_watch_ok web
	fi
	virsh -q destroy "$NAME"
	check "destroyed, it is gone" wait_for 5 no_vms
	check "and so is its channel" wait_for 5 is $REFCNT 0
}

denials() { dmesg | grep -c 'apparmor="DENIED".*name="/dev/aerostat"'; }

# Each of the three, while all others are given.
test_what_dev_aerostat_needs_of_libvirt() {
	local denied
	here || return
	define web polled
	cat "$SNIPPETS/apparmor" >>$LOCAL
	refused 'Permission denied'
	echo 'namespaces = [ ]' >>$CONF
	libvirt_restart
	refused 'Operation not permitted'
	sed -i '$d' $CONF
	cat "$SNIPPETS/qemu.conf" >>$CONF
	libvirt_restart
	chgrp root /dev/aerostat
	refused 'Permission denied'
	chgrp kvm /dev/aerostat
	echo >$LOCAL
	denied=$(denials)
	refused 'Permission denied'
	check_num "times that the kernel says who denied it" $(($(denials) - denied)) ge 1
	cat "$SNIPPETS/apparmor" >>$LOCAL
}

test_dev_aerostat_with_what_it_needs() {
	here || return
	define web polled
	if start web; then
		confined web
		gives web
		check "no byte is lost" vm_watch_ok web
		# Who hears the power button in a guest is its own affair.
		vm_run web 'modprobe -a button evdev' || fail "no power button"
		# shellcheck disable=SC2016 # the guest's shell expands it
		vm_spawn web 'for i in /dev/input/event*; do (head -c 1 $i >/dev/null; poweroff -f) & done; wait' >/dev/null
		sleep 1
		unset "watched[web]"
		virsh -q shutdown "$NAME" --mode acpi
		check "it shuts down" wait_for 60 domain_is 'shut off'
	fi
	virsh -q destroy "$NAME" >/dev/null 2>&1
	check "it is gone" wait_for 5 no_vms
	virsh -q undefine "$NAME"
}

run_cases
