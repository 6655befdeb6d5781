#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build: selinux-policy
# bench: --append security=selinux
#
# VMs that libvirt starts, confined by SELinux: Debian's kernel and Debian's policy, enforced, with and without the module
# of Documentation/libvirt.  QEMU's program, /dev, /run and libvirt's files have the labels that restorecon gives them; the
# rest of the root has one (host-initramfs.sh).  What else the bench needs: selinux/bench.cil.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib-libvirt.sh
. "$SELFTESTS/lib-libvirt.sh"

SELINUX=/sys/fs/selinux
POLICIES=$SELFTESTS/selinux/build
CONTEXTS=/etc/selinux/default/contexts
QEMU=/usr/bin/qemu-system-x86_64
QEMU_LABEL='system_u:system_r:svirt_t:s0:c*,c*'

have_policy() { have_libvirt && [[ -e $SELINUX/enforce && -d $POLICIES/aerostat ]]; }
here() { have_policy || { skip "no libvirt or no SELinux policy on this host; bookworm's has both"; return 1; }; }

# policy NAME: the one that semodule has made for it, see selinux/Makefile.
policy() { cp -r "$POLICIES/$1/." /etc/selinux/default && load_policy; }

# as COMMAND...: become it, in the domain that systemd would start it in.
as() {
	local domain=initrc_t
	case $1 in
	libvirtd) domain=virtd_t ;;
	virtlogd) domain=virtlogd_t ;;
	esac
	exec runcon "system_u:system_r:$domain:s0" "$@"
}

set_up() {
	have_policy || return 0
	policy bench || return 1
	powers >/tmp/powers.before
	# A message that is left out would be a denial that nobody sees.
	echo 0 >/proc/sys/kernel/printk_ratelimit
	mkdir /run/labels
	cp -a $QEMU /var/lib/libvirt /run/labels || return 1
	mount --bind /run/labels/libvirt /var/lib/libvirt
	mount --bind "/run/labels/${QEMU##*/}" $QEMU
	mkdir /run/aerostat "$VM_DIR"
	restorecon -R /dev /run /var/lib/libvirt $QEMU
	cat "$SNIPPETS/qemu.conf" >>$CONF
	setenforce 1 || return 1
	libvirt_set_up || return 1
	restorecon -R /var/lib/libvirt
}

# denials: all that concern a QEMU or what is its own, but for those of libvirt's daemons, which are let pass: each once,
# as DOMAIN: PERMISSIONS CLASS TYPE.
denials() {
	dmesg | sed -nE '/:svirt_/s/.*avc:  denied  \{ (.*) \} .* scontext=[^:]*:[^:]*:([^:]*):.* tcontext=[^:]*:[^:]*:([^:]*):.* tclass=([^ ]*).*/\2: \1 \4 \3/p' |
		grep -vE '^virt(log)?d_t: ' | sort -u
}

# denied WHAT TO: the kernel says so of a QEMU, patterns; the log is read from here on.
denied() {
	dmesg | grep -E "avc:  denied  .*$1.* scontext=[^ ]*:svirt_t:.* $2 permissive=0" >/dev/null || fail "not denied: $*; but: $(denials)"
	dmesg -c >/dev/null
}

# nothing_denied: that is not denied to a VM without a channel, too.
nothing_denied() {
	local more
	more=$(comm -13 /tmp/denials.before <(denials))
	[[ ! $more ]] || fail "denied: $more"
}

test_libvirt_confines_vms_by_svirt() {
	here || return
	check "it is enforced" is $SELINUX/enforce 1
	check "libvirt's driver" grep -q '<model>selinux</model>' <(virsh capabilities)
	check "libvirtd is in its domain" test "$(label "${daemons[1]}")" == system_u:system_r:virtd_t:s0
	define web none private
	dmesg -c >/dev/null
	! boot web || confined web
	virsh -q destroy "$NAME"
	# Sooner or later the C library of any asks if memory is overcommitted.
	{ denials; echo 'svirt_t: search dir sysctl_vm_t'; } | sort -u >/tmp/denials.before
	sed 's/^/# denied to any VM: /' /tmp/denials.before
}

# Each of the three, while the VM asks for nothing else of that.
test_what_is_refused_without_our_module() {
	here || return
	dmesg -c >/dev/null
	define web none memory
	refused 'unable to map backing store for guest RAM: Permission denied'
	denied '\{ map \}' 'tcontext=[^ ]*:svirt_tmpfs_t:[^ ]* tclass=file'
	define web polled private
	refused_device 'Permission denied'
	denied 'name="aerostat"' 'tclass=chr_file'
	libvirt_aerostatd
	define web doorbell private
	refused "Failed to connect to '$SOCKET': Permission denied"
	denied 'name="aerostatd.sock"' 'tclass=sock_file'
	aerostatd_kill
	rm $SOCKET
}

test_dev_aerostat_with_our_module() {
	here || return
	policy aerostat || fail "the policy cannot be loaded"
	restorecon -R /dev/aerostat /run/aerostat
	dmesg -c >/dev/null
	define web polled
	if start web; then
		confined web
		gives web
		check "no byte is lost" vm_watch_ok web
	fi
	virsh -q destroy "$NAME"
	check "destroyed, it is gone" wait_for 5 no_vms
	nothing_denied
}

test_a_doorbell_with_our_module() {
	here || return
	dmesg -c >/dev/null
	check "systemd would start it there" test "$(compute_create system_u:system_r:init_t:s0 system_u:object_r:bin_t:s0 process)" == \
		system_u:system_r:initrc_t:s0
	libvirt_aerostatd
	define web doorbell
	rung web
	nothing_denied
	virsh -q undefine "$NAME"
}

# allowed DOMAIN TARGET CLASS: what the policy that is loaded lets it do with that, as bits; none if there is no such type.
allowed() {
	local fd answer=0 class
	class=$(<"$SELINUX/class/$3/index")
	exec {fd}<>$SELINUX/access
	printf 'system_u:system_r:%s:s0 %s:s0 %u' "$1" "$2" "$class" >&"$fd" && read -r answer _ <&"$fd"
	exec {fd}>&-
	bits=$((16#$answer))
} 2>/dev/null

# powers: of each domain that the policy has a program for, and of QEMU's, with what our module has rules for. What has
# a type of its own there had another one before: more than with that, or than with /dev/kvm.
powers() {
	local domain bits other
	while read -r domain; do
		allowed "$domain" system_u:object_r:kvm_device_t chr_file
		other=$bits
		allowed "$domain" system_u:object_r:aerostat_device_t chr_file
		echo "$domain device $((bits & ~other))"
		allowed "$domain" system_u:object_r:var_run_t sock_file
		other=$bits
		allowed "$domain" system_u:object_r:aerostatd_runtime_t sock_file
		echo "$domain socket $((bits & ~other))"
		allowed "$domain" system_u:system_r:initrc_t fd
		echo "$domain fd $bits"
		allowed "$domain" system_u:system_r:initrc_t unix_stream_socket
		echo "$domain connection $bits"
		allowed "$domain" system_u:object_r:svirt_tmpfs_t file
		echo "$domain ram $bits"
	done < <(sed -n 's/.*:object_r:\([a-z0-9_]*\)_exec_t:.*/\1_t/p' $CONTEXTS/files/file_contexts | sort -u; echo svirt_t)
}

test_nobody_else_gains_anything() {
	local gain
	here || return
	policy aerostat || fail "the policy cannot be loaded"
	powers >/tmp/powers.after
	check_num "domains" "$(grep -c device /tmp/powers.after)" ge 300
	gain=$(diff /tmp/powers.before /tmp/powers.after | sed -n 's/^> //p')
	check "each of them is QEMU's" test "$(cut -d ' ' -f 1 <<<"$gain" | sort -u | xargs)" == 'qemu_t svirt_t'
	check "each kind is seen" test "$(grep -c '^svirt_t ' <<<"$gain")" == 5
	printf '# gained: %s\n' "${gain//$'\n'/, }"
}

run_cases
