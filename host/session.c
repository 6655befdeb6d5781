// SPDX-License-Identifier: GPL-2.0
/*
 * A VM's session: is there a driver, and is it the one that the ring belongs to?
 *
 * Nothing is read from a ring before its driver has proved to be alive: on
 * every change of the VM's memslots (a reset among them) the host issues a new
 * challenge, and only a driver that echoes it is listened to. A driver that
 * keeps silent for AERO_SESSION_FORGET is forgotten with all that it gave; it
 * finds out from aero_control.epoch and reports anew.
 *
 * Where both sides have a doorbell nobody looks without being rung, but for what
 * rings nothing: time that runs out, and memslots that change.
 */

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "channel.h"
#include "doorbell.h"
#include "host.h"
#include "reclaim.h"
#include "ring.h"
#include "session.h"
#include "trace.h"
#include "vm.h"

/* A challenge that is not answered for this long: the driver is forgotten. */
#define AERO_SESSION_FORGET	(10 * HZ)
/* No heartbeat for this long: silent. */
#define AERO_SESSION_SILENCE	(5 * HZ)
/* A refusal lasts this long; then it is tried again. */
#define AERO_SESSION_REFUSAL	(60 * HZ)
/*
 * With doorbells, how often a VM is looked at for what rings nothing. Memslots, where it has
 * given something or cannot, and a hello that was lost, where there is no driver; otherwise
 * whether its VMM has closed the KVM VM.
 */
#define AERO_SESSION_WATCH	(10 * HZ)
#define AERO_SESSION_REST	(60 * HZ)
/* When to look again for what could not be done: a KVM VM, memory for an answer. */
#define AERO_SESSION_NO_KVM	HZ
#define AERO_SESSION_RETRY	(HZ / 8)
/* Sections in a row before other VMs' work may run. */
#define AERO_SESSION_SECTIONS	16

/* Do both sides ring? Before a driver is known, its hello does. */
static bool aero_session_rings(const struct aero_vm *vm)
{
	return vm->channel->bell && (!vm->epoch || vm->rings);
}

/* What the guest shall know of; written only if it is news. */
static void aero_session_put64(struct aero_vm *vm, __le64 *field, u64 value)
{
	if (READ_ONCE(*field) == cpu_to_le64(value))
		return;
	WRITE_ONCE(*field, cpu_to_le64(value));
	vm->news = true;
}

static void aero_session_put32(struct aero_vm *vm, __le32 *field, u32 value)
{
	if (READ_ONCE(*field) == cpu_to_le32(value))
		return;
	WRITE_ONCE(*field, cpu_to_le32(value));
	vm->news = true;
}

/* Publish what the host wants. Only the VM's work writes these fields. */
static void aero_session_write_control(struct aero_vm *vm)
{
	struct aero_control *control = vm->channel->control;
	u32 flags = 0;
	u64 target;

	mutex_lock(&vm->lock);
	target = vm->target;
	if (vm->state == AERO_VM_REFUSED || vm->state == AERO_VM_QUARANTINED) {
		/* No more; and back as the loop brings memory online for it. */
		target = min(target, vm->balloon.pages);
		flags |= AERO_CTL_HOLD;
	}
	if (vm->urgent)
		flags |= AERO_CTL_URGENT;
	/* Who is asked has news even if he was asked before; the silent say when they are back. */
	if (xchg(&vm->asked, false)) {
		vm->call = true;
		vm->news = true;
	}
	if (vm->rings && (vm->call || vm->state == AERO_VM_SILENT))
		flags |= AERO_CTL_CALL;
	aero_session_put64(vm, &control->target_bytes, aero_pages_to_bytes(target));
	aero_session_put64(vm, &control->rate_min_bytes, vm->config.rate_min);
	aero_session_put64(vm, &control->rate_max_bytes, vm->config.rate_max);
	aero_session_put64(vm, &control->granule_bytes, aero_pages_to_bytes(vm->granule));
	/* That nobody waits for its answer any more is no news. */
	if (le32_to_cpu(READ_ONCE(control->flags)) == (flags | AERO_CTL_CALL))
		WRITE_ONCE(control->flags, cpu_to_le32(flags));
	else
		aero_session_put32(vm, &control->flags, flags);
	mutex_unlock(&vm->lock);
	/* Again, lest a VMM that restored the channel's contents has undone it. */
	aero_session_put64(vm, &control->challenge, vm->challenge);
	if (vm->state != AERO_VM_QUARANTINED)
		aero_session_put64(vm, &control->epoch, vm->epoch);
}

static void aero_session_forget(struct aero_vm *vm)
{
	aero_balloon_clear(&vm->balloon);
	vm->epoch = 0;
	WRITE_ONCE(vm->rings, false);
	vm->news = true;
	WRITE_ONCE(vm->channel->control->epoch, 0);
}

/* The memslots are new: look at the RAM again, and ask who is there. */
static void aero_session_challenge(struct aero_vm *vm, struct aero_gpa *gpa)
{
	aero_gpa_survey(gpa, vm->hva, &vm->survey);
	mutex_lock(&vm->lock);
	WRITE_ONCE(vm->size, vm->survey.size);
	vm->granule = vm->survey.granule;
	mutex_unlock(&vm->lock);

	vm->generation = gpa->generation;
	vm->paroled = true;
	vm->challenged_at = jiffies;
	aero_holes_alert(&vm->holes);
	vm->counts.challenges++;
	do {
		vm->challenge = get_random_u64();
	} while (!vm->challenge);
	aero_session_put64(vm, &vm->channel->control->challenge, vm->challenge);
	trace_aerostat_challenge(vm->id, gpa->generation, vm->size);
}

/* Is a driver there that speaks another ABI? In what all versions share. */
static bool aero_session_foreign(const struct aero_vm *vm)
{
	const struct aero_status *status = vm->channel->status;
	/* Acquire: the version that it says is seen, too. */
	u32 state = le32_to_cpu(virt_load_acquire(&status->state));

	return (state == AERO_GUEST_RUNNING || state == AERO_GUEST_FOREIGN) &&
	       le16_to_cpu(READ_ONCE(status->abi_major)) != AERO_ABI_MAJOR;
}

/* No driver that could be served. */
static void aero_session_without(struct aero_vm *vm)
{
	if (aero_session_foreign(vm))
		aero_vm_set_state(vm, AERO_VM_REFUSED, AERO_REASON_VERSION);
	else
		aero_vm_set_state(vm, AERO_VM_WAITING, AERO_REASON_NO_DRIVER);
}

static enum aero_vm_reason aero_session_why_refused(const struct aero_vm *vm)
{
	if (vm->survey.backing == AERO_BACKING_SHARED && vm->survey.logged)
		return AERO_REASON_MIGRATING;
	return aero_vm_backing_reason(vm->survey.backing);
}

/* What has pinned its memory, or sealed it, may be gone. */
static bool aero_session_try_again(const struct aero_vm *vm)
{
	return vm->state == AERO_VM_REFUSED &&
	       time_after(jiffies, vm->refused_at + AERO_SESSION_REFUSAL);
}

/* A driver said hello and answered: serve it from an empty ring and no balloon. */
static void aero_session_adopt(struct aero_vm *vm, u64 epoch)
{
	struct aero_control *control = vm->channel->control;
	u64 features = le64_to_cpu(READ_ONCE(vm->channel->status->features));
	u16 minor = le16_to_cpu(READ_ONCE(vm->channel->status->abi_minor));

	vm->abi_minor = min_t(u16, minor, AERO_ABI_MINOR);
	/* Not by the header: the guest can write to that page, too. */
	features &= vm->channel->bell ? AERO_F_DOORBELL : 0;
	aero_balloon_clear(&vm->balloon);
	aero_batch_reset(vm->batch);
	aero_pace_hello(&vm->pace);
	vm->epoch = epoch;
	vm->served = epoch;
	WRITE_ONCE(vm->rings, features & AERO_F_DOORBELL);
	vm->rung = false;
	vm->call = false;
	vm->news = true;
	vm->heartbeat_at = jiffies;
	vm->tail = 0;
	vm->told_tail = 0;
	vm->counts.epochs++;
	aero_ring_publish(&control->claim, 0);
	aero_ring_publish(&control->tail, 0);
	WRITE_ONCE(control->features, cpu_to_le64(features));
	/* The ring is empty before the guest may use it. */
	virt_store_release(&control->epoch, cpu_to_le64(epoch));
	trace_aerostat_hello(vm->id, epoch);
}

/*
 * Is this the ring of a live driver that this host serves? Inside a section.
 */
static bool aero_session_listen(struct aero_vm *vm, struct aero_gpa *gpa)
{
	const struct aero_status *status = vm->channel->status;
	enum aero_vm_reason reason;
	bool maps = aero_gpa_maps(gpa, vm->hva, AERO_CHANNEL_SIZE);
	u64 epoch, echo;
	bool answered;
	u32 state;

	if (!maps && !vm->unmapped)
		vm->unmapped_at = jiffies;
	vm->unmapped = !maps;
	if (!vm->challenge || gpa->generation != vm->generation)
		aero_session_challenge(vm, gpa);
	/* Acquire: what the guest wrote before its echo is seen after it. */
	echo = le64_to_cpu(virt_load_acquire(&status->echo));
	answered = echo == vm->challenge && maps;
	/* Acquire: the epoch that it vouches for is seen, too. */
	state = le32_to_cpu(virt_load_acquire(&status->state));
	epoch = le64_to_cpu(READ_ONCE(status->epoch));
	if (vm->state == AERO_VM_QUARANTINED &&
	    !(answered && vm->paroled && epoch != vm->epoch))
		return false;
	if (!answered) {
		if (vm->epoch && time_after(jiffies, vm->challenged_at + AERO_SESSION_FORGET))
			aero_session_forget(vm);
		if (vm->epoch)
			aero_vm_set_state(vm, AERO_VM_CHALLENGED, AERO_REASON_MEMSLOTS);
		else
			aero_session_without(vm);
		return false;
	}
	if (state != AERO_GUEST_RUNNING || !epoch ||
	    (epoch != vm->epoch && aero_session_foreign(vm))) {
		if (vm->epoch)
			aero_session_forget(vm);
		aero_session_without(vm);
		return false;
	}
	if (epoch != vm->epoch) {
		/*
		 * A hello comes with an empty ring. Anything else is a driver that does
		 * not know yet that it was forgotten: what is in its ring has been acted
		 * upon.
		 */
		if (epoch == vm->served || aero_ring_observe(&status->head))
			return false;
		aero_session_adopt(vm, epoch);
		reason = aero_session_why_refused(vm);
		aero_vm_set_state(vm, reason ? AERO_VM_REFUSED : AERO_VM_ACTIVE, reason);
	} else if (vm->state == AERO_VM_CHALLENGED || aero_session_try_again(vm)) {
		reason = aero_session_why_refused(vm);
		aero_vm_set_state(vm, reason ? AERO_VM_REFUSED : AERO_VM_ACTIVE, reason);
	}
	return true;
}

/* Where both sides ring, a driver owes a beat of its heart only after a ring. */
static bool aero_session_overdue(const struct aero_vm *vm)
{
	if (vm->rings)
		return vm->rung && time_after(jiffies, vm->rung_at + AERO_SESSION_SILENCE);
	return time_after(jiffies, vm->heartbeat_at + AERO_SESSION_SILENCE);
}

static void aero_session_check_heartbeat(struct aero_vm *vm)
{
	u64 heartbeat = le64_to_cpu(READ_ONCE(vm->channel->status->heartbeat));

	if (heartbeat != vm->heartbeat) {
		vm->heartbeat = heartbeat;
		vm->heartbeat_at = jiffies;
		vm->rung = false;
		vm->call = false;
		if (vm->state == AERO_VM_SILENT)
			aero_vm_set_state(vm, AERO_VM_ACTIVE, AERO_REASON_NONE);
	} else if (vm->state == AERO_VM_ACTIVE && aero_session_overdue(vm)) {
		aero_vm_set_state(vm, AERO_VM_SILENT, AERO_REASON_HEARTBEAT);
	}
}

/* The section's work. Return: true if there is more of it. */
static bool aero_session_section(struct aero_vm *vm)
{
	struct aero_gpa gpa;
	bool more = false;

	aero_gpa_enter(&gpa, vm->kvm, vm->mm);
	if (aero_session_listen(vm, &gpa) && vm->state != AERO_VM_QUARANTINED) {
		more = aero_reclaim_section(vm, &gpa);
		if (vm->state == AERO_VM_QUARANTINED) {
			/* What a liar has given is worth nothing. */
			aero_balloon_clear(&vm->balloon);
			vm->paroled = false;
		}
		/*
		 * Who is refused has everything back. Not only when the ring is empty, for a guest
		 * could see to it that it never is.
		 */
		if (vm->state == AERO_VM_ACTIVE || vm->state == AERO_VM_SILENT) {
			more |= aero_holes_section(vm, &gpa);
			more |= aero_working_set_section(vm, &gpa);
		}
		aero_session_check_heartbeat(vm);
	}
	aero_reclaim_account(vm);
	aero_gpa_leave(&gpa);
	return more;
}

/*
 * The VMM has closed its KVM VM, or does not show the channel to its guest any
 * more. A reference that is kept keeps all of the VM alive, and the VMM may make
 * another one for the same channel.
 */
static void aero_session_part(struct aero_vm *vm)
{
	aero_session_forget(vm);
	aero_reclaim_account(vm);
	aero_gpa_put_kvm(vm->kvm);
	vm->kvm = NULL;
	if (vm->state != AERO_VM_QUARANTINED)
		aero_vm_set_state(vm, AERO_VM_WAITING, AERO_REASON_NO_DRIVER);
}

/* A guest's first hello to this host, or to another KVM VM of its VMM: find it. */
static void aero_session_meet(struct aero_vm *vm)
{
	const struct aero_status *status = vm->channel->status;
	bool foreign = aero_session_foreign(vm);

	if (vm->state != AERO_VM_QUARANTINED && (foreign || vm->reason == AERO_REASON_VERSION))
		aero_session_without(vm);
	if (foreign ||
	    le32_to_cpu(READ_ONCE(status->state)) != AERO_GUEST_RUNNING ||
	    le64_to_cpu(READ_ONCE(status->epoch)) == vm->served)
		return;
	vm->kvm = aero_gpa_find_kvm(vm->pid, vm->mm, vm->hva);
	if (!vm->kvm) {
		aero_vm_set_state(vm, AERO_VM_REFUSED, AERO_REASON_NO_KVM);
		return;
	}
	/* Two VMs' memslot generations cannot be compared. */
	vm->challenge = 0;
	vm->unmapped = false;
}

/* Ring the guest, if there is anything that it waits for. */
static void aero_session_ring(struct aero_vm *vm)
{
	const struct aero_status *status = vm->channel->status;

	if (vm->epoch && aero_ring_wake(&status->wake_tail, &vm->told_tail, vm->tail))
		vm->news = true;
	if (!vm->news)
		return;
	vm->news = false;
	if (!vm->rung) {
		vm->rung = true;
		vm->rung_at = jiffies;
	}
	vm->counts.rings++;
	aero_doorbell_ring(vm->channel->bell);
}

/**
 * aero_session_look() - all that a VM's work has to do for its guest
 * @vm: VM
 *
 * Context: The VM's work, with a reference to the users of its mm.
 * Return: true if there is more to do at once.
 */
bool aero_session_look(struct aero_vm *vm)
{
	const struct aero_status *status = vm->channel->status;
	u32 head = aero_ring_observe(&status->head);
	unsigned int sections = 0;
	bool more = false;

	if (vm->kvm && aero_gpa_abandoned(vm->kvm))
		aero_session_part(vm);
	if (!vm->kvm)
		aero_session_meet(vm);
	if (vm->kvm) {
		do {
			more = aero_session_section(vm);
			cond_resched();
		} while (more && ++sections < AERO_SESSION_SECTIONS && !READ_ONCE(vm->gone));
		if (vm->unmapped && time_after(jiffies, vm->unmapped_at + AERO_SESSION_FORGET))
			aero_session_part(vm);
	}
	aero_session_write_control(vm);
	if (!vm->channel->bell)
		return more;

	aero_session_ring(vm);
	aero_ring_wait(&vm->channel->control->wake_head, vm->tail);
	return more || aero_ring_observe(&status->head) != head;
}

static unsigned long aero_session_until(unsigned long at)
{
	return time_before(jiffies, at) ? at - jiffies : 1;
}

/**
 * aero_session_wait() - when must a VM be looked at, although nobody rings?
 * @vm: VM that was just looked at
 *
 * Context: The VM's work.
 * Return: jiffies from now; 0 if it must be polled, since not both sides have a
 * doorbell.
 */
unsigned long aero_session_wait(const struct aero_vm *vm)
{
	const struct aero_status *status = vm->channel->status;
	unsigned long wait = AERO_SESSION_REST;

	if (!aero_session_rings(vm))
		return 0;
	if (!vm->kvm && vm->reason == AERO_REASON_NO_KVM)
		return AERO_SESSION_NO_KVM;
	if (!vm->epoch || vm->balloon.pages || vm->state == AERO_VM_REFUSED)
		wait = AERO_SESSION_WATCH;
	if (vm->unmapped)
		wait = min(wait, aero_session_until(vm->unmapped_at + AERO_SESSION_FORGET + 1));
	if (!vm->epoch)
		return wait;
	if (vm->state == AERO_VM_CHALLENGED)
		wait = min(wait, aero_session_until(vm->challenged_at + AERO_SESSION_FORGET + 1));
	if (vm->state == AERO_VM_ACTIVE && vm->rung)
		wait = min(wait, aero_session_until(vm->rung_at + AERO_SESSION_SILENCE + 1));
	if (vm->state == AERO_VM_REFUSED)
		wait = min(wait, aero_session_until(vm->refused_at + AERO_SESSION_REFUSAL + 1));
	if (vm->state != AERO_VM_QUARANTINED && aero_ring_observe(&status->head) != vm->tail)
		wait = min_t(unsigned long, wait, AERO_SESSION_RETRY);
	/* Nobody looks at the holes of others, see aero_session_section(). */
	if (vm->balloon.pages &&
	    (vm->state == AERO_VM_ACTIVE || vm->state == AERO_VM_SILENT))
		wait = min(wait, aero_session_until(vm->holes.round_at));
	if (vm->state == AERO_VM_ACTIVE || vm->state == AERO_VM_SILENT)
		wait = min(wait, aero_working_set_wait(vm));
	return wait;
}
