#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# VMs that libvirt starts: the snippets of Documentation/libvirt, as they are, in Debian's libvirt, as it is: QEMU is a
# user of its own, confined by AppArmor, by its cgroup's list of devices and by a /dev of its own.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib-libvirt.sh
. "$SELFTESTS/lib-libvirt.sh"

LOCAL=/etc/apparmor.d/local/abstractions/libvirt-qemu
QEMU_LABEL='libvirt-* (enforce)'

set_up() {
	have_libvirt || return 0
	mount -t securityfs securityfs /sys/kernel/security
	apparmor_parser --replace /etc/apparmor.d/usr.sbin.libvirtd /etc/apparmor.d/usr.lib.libvirt.virt-aa-helper || return 1
	libvirt_set_up
}

test_a_doorbell_needs_nothing_of_libvirt() {
	here || return
	libvirt_aerostatd
	define web doorbell
	rung web
}

denials() { dmesg | grep -c 'apparmor="DENIED".*name="/dev/aerostat"'; }

# Each of the three, while all others are given.
test_what_dev_aerostat_needs_of_libvirt() {
	local denied
	here || return
	define web polled
	cat "$SNIPPETS/apparmor" >>$LOCAL
	refused_device 'Permission denied'
	echo 'namespaces = [ ]' >>$CONF
	libvirt_restart
	refused_device 'Operation not permitted'
	sed -i '$d' $CONF
	cat "$SNIPPETS/qemu.conf" >>$CONF
	libvirt_restart
	chgrp root /dev/aerostat
	refused_device 'Permission denied'
	chgrp kvm /dev/aerostat
	echo >$LOCAL
	denied=$(denials)
	refused_device 'Permission denied'
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
