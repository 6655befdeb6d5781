#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# booted.sh N: what install.sh looks at on the emulated host that runs the installed root, with systemd and udevd, a jc42
# sensor, a DIMM that is offline and an ivshmem device that is not Aerostat's.  N cases were before these.
# shellcheck disable=SC2317 # check() calls functions by name
set -uo pipefail
n=$1
CLASS=/sys/class/aerostat

check() {
	local what=$1 output
	shift
	((++n))
	if output=$("$@" 2>&1); then
		echo "ok $n - $what"
		return
	fi
	echo "not ok $n - $what"
	tail -n 40 <<<"$output" | sed 's/^/#   /'
}

# wait_for COMMAND...: until it succeeds, for a minute.
wait_for() {
	local end=$((SECONDS + 60))
	until "$@"; do
		((SECONDS < end)) || { echo "after a minute, not yet: $*"; return 1; }
		sleep 0.5
	done
}

is() { [[ $(cat "$1") == "$2" ]] || { echo "$1 is $(cat "$1"), not $2"; return 1; }; }
journal_has() { [[ $(journalctl -u "$1") == *"$2"* ]]; }
gone() { [[ ! -e $1 ]]; }

rights() {
	[[ $(stat -c '%F %U:%G %a' /dev/aerostat) == "character special file root:kvm 660" ]] || { ls -l /dev/aerostat; return 1; }
}

# The command knows its way, and finds nothing to say of rights.
findings() {
	local out
	aerostat status || return
	out=$(aerostat doctor)
	! grep -i -A3 permission <<<"$out"
}

settings_are_made() {
	wait_for systemctl -q is-active aerostat-settings && is $CLASS/sensor-0/name 'hwmon jc42 temp1' && is $CLASS/sensor-0/low 70000 &&
		is $CLASS/sensor-0/high 75000 && is $CLASS/host/reserve_bytes $((512 << 20)) && is $CLASS/host/mode auto
}

# Nothing is changed by a file with a mistake at its end, and the journal says where that is.
wrong_settings() {
	sed -i -e 's/^mode = auto/mode = off/' -e '$a colour = red' /etc/aerostat.conf
	! systemctl reload aerostat-settings || { echo "reloaded"; return 1; }
	is $CLASS/host/mode auto || return
	wait_for journal_has aerostat-settings '/etc/aerostat.conf:7: the host has no setting "colour"' || return
	sed -i '/colour/d' /etc/aerostat.conf
	systemctl reload aerostat-settings && is $CLASS/host/mode off && sed -i 's/^mode = off/mode = auto/' /etc/aerostat.conf
}

# doorbell GROUP: what aerostatd says first to one of this group, in hexadecimal.
doorbell() {
	# shellcheck disable=SC2016 # perl's own
	setpriv --reuid 65534 --regid "$1" --clear-groups perl -MSocket -e '
		alarm 60;
		socket(S, PF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un("/run/aerostat/aerostatd.sock")) or die "connect: $!\n";
		sysread(S, $version, 8); print unpack("H*", $version)'
}

# Version 0 is that of QEMU's protocol; anything else would be an error.
doorbells() {
	wait_for systemctl -q is-active aerostatd.socket || return
	! doorbell nogroup || { echo "anybody may connect"; return 1; }
	[[ $(doorbell kvm) == 0000000000000000 ]] || { journalctl -u aerostatd; return 1; }
	uid=$(stat -c %u "/proc/$(systemctl show -P MainPID aerostatd)")
	((uid >= 61184 && uid <= 65519)) || { echo "it runs as user $uid"; return 1; }
}

foreign_device() {
	local device=/sys/bus/pci/devices/$1
	wait_for test -d /sys/module/aerostat_guest || return
	udevadm settle
	[[ ! -e $device/driver ]] || { readlink "$device/driver"; return 1; }
	modprobe pci_stub 2>/dev/null
	echo pci-stub >"$device/driver_override" && echo "$1" >/sys/bus/pci/drivers_probe
	[[ $(readlink "$device/driver") == */pci-stub ]]
}

# Events that udevadm makes bring nothing back; the one of a DIMM that is plugged, which udevadm test forges, does.
plugged_memory() {
	local block=$1
	is "$block/state" offline || return
	udevadm trigger --settle --action=add "$block"
	is "$block/state" offline || return
	udevadm test --action=add "$block"
	is "$block/state" online && is "$block/valid_zones" Movable
}

# Who unloads the module and loads it again has it as it was.
again() {
	rmmod aerostat_host && wait_for gone /run/aerostat/aerostatd.sock && modprobe aerostat_host && wait_for rights && settings_are_made && doorbells
}

none_failed() {
	local failed
	failed=$(systemctl list-units --failed --plain --no-legend 'aerostat*') || return
	[[ ! $failed ]] || { echo "$failed"; return 1; }
}

kernel_is_content() { ! dmesg | grep -E 'WARNING:|BUG:|Oops|Call Trace|general protection|unable to handle|blocked for more than|soft lockup'; }

for device in /sys/bus/pci/devices/*; do
	[[ $(<"$device/vendor"):$(<"$device/device") == 0x1af4:0x1110 ]] && ivshmem=${device##*/}
done
for block in /sys/devices/system/memory/memory*; do
	[[ $(<"$block/state") == offline ]] && dimm=$block
done

check "aerostat_host is loaded at boot" wait_for test -d $CLASS/host
check "/dev/aerostat is root:kvm 0660" wait_for rights
check "aerostat and its doctor are content" findings
check "settings of /etc/aerostat.conf are made" settings_are_made
check "a wrong file changes nothing, and the journal names the line" wrong_settings
check "aerostatd serves the group kvm as a user of its own" doorbells
check "udev has loaded aerostat_guest, which leaves another's ivshmem device alone" foreign_device "$ivshmem"
check "memory that is plugged is onlined as movable, what was taken offline stays so" plugged_memory "$dimm"
check "the module unloaded and loaded again" again
check "none of our units has failed" none_failed
check "the kernel is content" kernel_is_content
echo "# all"
