// SPDX-License-Identifier: GPL-2.0
/*
 * What a VM is to the host, in words: its states, the reasons for them, and who is
 * told when they change.
 */

#include <linux/jiffies.h>
#include <linux/ratelimit.h>
#include <linux/stringify.h>

#include "sysfs.h"
#include "trace.h"
#include "vm.h"

static const char * const aero_vm_states[] = {
	[AERO_VM_WAITING] = "waiting",
	[AERO_VM_ACTIVE] = "active",
	[AERO_VM_CHALLENGED] = "challenged",
	[AERO_VM_SILENT] = "silent",
	[AERO_VM_REFUSED] = "refused",
	[AERO_VM_QUARANTINED] = "quarantined",
};

static_assert(ARRAY_SIZE(aero_vm_states) == AERO_NR_VM_STATES);

static const char * const aero_vm_reasons[] = {
	[AERO_REASON_NONE] = "",
	[AERO_REASON_NO_DRIVER] = "load aerostat_guest in the guest",
	[AERO_REASON_NO_KVM] =
		"no KVM VM of this process maps the channel; start QEMU with -accel kvm",
	[AERO_REASON_PRIVATE] =
		"RAM is private memory, which no module can free; start QEMU with -object memory-backend-memfd,id=ram,size=...,share=on -machine memory-backend=ram",
	[AERO_REASON_NO_RAM] =
		"the VM has no RAM that it can write; its memslots are read-only or show unmapped memory",
	[AERO_REASON_FOREIGN] =
		"RAM is a file on a disk, where a hole would destroy data; use memory-backend-memfd,share=on",
	[AERO_REASON_UFFD] =
		"RAM is registered with userfaultfd (postcopy migration); wait until it has ended",
	[AERO_REASON_MIGRATING] = "KVM logs writes to RAM (migration); wait until it has ended",
	[AERO_REASON_PINNED] =
		"a device has pinned RAM (VFIO, vDPA, RDMA); unplug it, or leave this VM alone",
	[AERO_REASON_PUNCH] =
		"the RAM file does not give pages up; do not seal the memfd (seal=off)",
	[AERO_REASON_GRANULE] =
		"part of a huge page was given, but only whole ones can be freed; load the guest driver that came with this module",
	[AERO_REASON_VERSION] =
		"the guest driver speaks another Aerostat ABI than this module's "
		__stringify(AERO_ABI_MAJOR) "; load the one that came with this module",
	[AERO_REASON_MEMSLOTS] = "memory layout changed (reset?); waiting for the guest driver",
	[AERO_REASON_HEARTBEAT] = "no sign of life from the guest driver; is the VM paused?",
	[AERO_REASON_INDEX] = "ring index out of bounds; reset the VM once its driver is mended",
	[AERO_REASON_DESC] = "malformed descriptor; reset the VM once its driver is mended",
	[AERO_REASON_RANGE] =
		"descriptor outside of the VM's RAM; reset the VM once its driver is mended",
	[AERO_REASON_DUPLICATE] =
		"page given twice, or taken but never given; reset the VM once its driver is mended",
};

static_assert(ARRAY_SIZE(aero_vm_reasons) == AERO_NR_REASONS);

/**
 * aero_vm_state_name() - the word that a VM's state file begins with
 * @state: state
 *
 * Return: static string.
 */
const char *aero_vm_state_name(enum aero_vm_state state)
{
	return aero_vm_states[state];
}

/**
 * aero_vm_reason_text() - why, and what to do about it
 * @reason: reason
 *
 * Return: static string, empty where there is nothing to say.
 */
const char *aero_vm_reason_text(enum aero_vm_reason reason)
{
	return aero_vm_reasons[reason];
}

/**
 * aero_vm_set_state() - change what a VM is to the host
 * @vm: VM
 * @state: new state
 * @reason: new reason
 *
 * Context: The VM's work, which tells userspace at its end. Takes aero_vm.lock.
 */
void aero_vm_set_state(struct aero_vm *vm, enum aero_vm_state state,
		       enum aero_vm_reason reason)
{
	bool same;

	mutex_lock(&vm->lock);
	same = vm->state == state && vm->reason == reason;
	vm->state = state;
	vm->reason = reason;
	if (state == AERO_VM_REFUSED)
		vm->refused_at = jiffies;
	mutex_unlock(&vm->lock);
	if (!same)
		trace_aerostat_vm_state(vm->id, state, reason);
}

/**
 * aero_vm_tell() - tell userspace of a new state
 * @vm: VM
 *
 * By a uevent; quarantine and refusal are logged, too. A guest can change its state as
 * fast as it likes, so what it passed through too quickly is left out, but never where
 * it is now.
 *
 * Context: The VM's work.
 */
void aero_vm_tell(struct aero_vm *vm)
{
	if ((vm->told == vm->state && vm->told_reason == vm->reason) || !__ratelimit(&vm->telling))
		return;
	vm->told = vm->state;
	vm->told_reason = vm->reason;
	if (vm->state == AERO_VM_REFUSED || vm->state == AERO_VM_QUARANTINED)
		dev_warn(&vm->dev, "%s: %s\n", aero_vm_states[vm->state],
			 aero_vm_reasons[vm->reason]);
	aero_sysfs_uevent(&vm->dev, aero_vm_states[vm->state]);
}

/**
 * aero_vm_backing_reason() - why memory of some kind cannot be freed
 * @backing: kind
 *
 * Return: the reason, AERO_REASON_NONE where it can.
 */
enum aero_vm_reason aero_vm_backing_reason(enum aero_backing backing)
{
	switch (backing) {
	case AERO_BACKING_SHARED:
		return AERO_REASON_NONE;
	case AERO_BACKING_FOREIGN:
		return AERO_REASON_FOREIGN;
	case AERO_BACKING_UFFD:
		return AERO_REASON_UFFD;
	case AERO_BACKING_NONE:
		return AERO_REASON_NO_RAM;
	default:
		return AERO_REASON_PRIVATE;
	}
}
