// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's end of the ring: descriptors in, answers out.
 *
 * Only indices pass here; which pages they stand for is balloon.c's business,
 * but for the count that a slot remembers. The descriptors are never read back,
 * for the host could have changed them.
 */
#include "guest.h"
#include "trace.h"

/**
 * __aero_host_broken() - the host wrote what no honest host writes
 * @guest: the guest
 * @why: the rest of a sentence that begins with "the host"
 *
 * Nothing is read from it any more. The pages that it has in its hands stay
 * there for good; all others can leave the balloon as before.
 *
 * Context: any, aero_guest.lock held.
 */
void __aero_host_broken(struct aero_guest *guest, const char *why)
{
	lockdep_assert_held(&guest->lock);

	if (guest->phase == AERO_PHASE_BROKEN)
		return;
	WRITE_ONCE(guest->phase, AERO_PHASE_BROKEN);
	dev_err(&guest->pdev->dev, "the host %s: the balloon only shrinks from now on\n", why);
}

/**
 * __aero_ring_usable() - may descriptors be written?
 * @guest: the guest
 *
 * If not, then none is needed for a page that leaves the balloon, either: the
 * host forgets all pages before the ring is used again.
 *
 * Context: any, aero_guest.lock held.
 * Return: true if they may.
 */
bool __aero_ring_usable(const struct aero_guest *guest)
{
	lockdep_assert_held(&guest->lock);

	return guest->phase == AERO_PHASE_RUNNING && !guest->lost;
}

/**
 * __aero_ring_room() - descriptors that may be written before the host takes some
 * @guest: the guest
 *
 * Context: any, aero_guest.lock held.
 * Return: 0 to AERO_RING_ENTRIES.
 */
u32 __aero_ring_room(const struct aero_guest *guest)
{
	lockdep_assert_held(&guest->lock);

	return AERO_RING_ENTRIES - (guest->ch.head - guest->ch.reaped);
}

/**
 * __aero_ring_put() - write one descriptor, to be published later
 * @guest: its ring is usable and has room
 * @op: AERO_OP_INFLATE or AERO_OP_DEFLATE
 * @kind: of the pages
 * @pfn: first page of the range
 * @nr_pages: length, pages of the guest kernel
 * @entries: pages of @kind in it that the caller appends to the inflight list;
 *	zero when deflating
 *
 * Context: any, aero_guest.lock held.
 */
void __aero_ring_put(struct aero_guest *guest, enum aero_op op, enum aero_kind kind,
		     unsigned long pfn, unsigned long nr_pages, u32 entries)
{
	struct aero_channel *ch = &guest->ch;
	u32 slot = aero_ring_slot(ch->head);
	struct aero_desc desc = {
		.gfn = cpu_to_le64((u64)pfn << (PAGE_SHIFT - AERO_PAGE_SHIFT)),
		.nr_pages = cpu_to_le32(nr_pages << (PAGE_SHIFT - AERO_PAGE_SHIFT)),
		.op = cpu_to_le16(op),
	};

	lockdep_assert_held(&guest->lock);

	if (op == AERO_OP_INFLATE)
		trace_aerostat_inflate(le64_to_cpu(desc.gfn), le32_to_cpu(desc.nr_pages),
				       ch->head);
	else
		trace_aerostat_deflate(le64_to_cpu(desc.gfn), le32_to_cpu(desc.nr_pages),
				       ch->head);
	ch->descs[slot] = desc;
	ch->slots[slot].nr = entries;
	ch->slots[slot].kind = kind;
	ch->head++;
}

/**
 * __aero_ring_publish() - let the host see the descriptors written so far
 * @guest: the guest
 *
 * Context: any, aero_guest.lock held.
 */
void __aero_ring_publish(struct aero_guest *guest)
{
	struct aero_channel *ch = &guest->ch;

	lockdep_assert_held(&guest->lock);

	aero_ring_publish(&ch->status->head, ch->head);
	if (ch->registers && aero_ring_wake(&ch->control->wake_head, &ch->told_head, ch->head))
		aero_doorbell_ring(guest);
}

/**
 * __aero_ring_done() - how far is the host?
 * @guest: running
 * @tail: set to the count of descriptors that the host is done with
 *
 * The epoch is looked at after the index: a host that has just forgotten this
 * driver withdraws its answer before it clears the indices.
 *
 * Context: any, aero_guest.lock held.
 * Return: false if the host has forgotten this epoch, or if what it says is
 * impossible; it is broken then.
 */
bool __aero_ring_done(struct aero_guest *guest, u32 *tail)
{
	const struct aero_channel *ch = &guest->ch;
	u32 done;

	lockdep_assert_held(&guest->lock);

	*tail = aero_ring_observe(&ch->control->tail);
	if (!aero_channel_answered(ch))
		return false;
	if (aero_ring_between(ch->reaped, *tail, &done) && done <= ch->head - ch->reaped)
		return true;
	__aero_host_broken(guest, "acknowledged descriptors that were never written");
	return false;
}

/**
 * __aero_ring_ack() - what did the host do with a descriptor?
 * @guest: running
 * @index: below the tail that __aero_ring_done() gave
 * @refused: set to whether it was refused
 *
 * Context: any, aero_guest.lock held.
 * Return: false if there is no sense in the answer; the host is broken then.
 */
bool __aero_ring_ack(struct aero_guest *guest, u32 index, bool *refused)
{
	const struct aero_ack *ack = &guest->ch.acks[aero_ring_slot(index)];
	u32 result = le32_to_cpu(READ_ONCE(ack->result));

	lockdep_assert_held(&guest->lock);

	if (le32_to_cpu(READ_ONCE(ack->index)) != index || result > AERO_RESULT_REFUSED) {
		__aero_host_broken(guest, "answered a descriptor with nonsense");
		return false;
	}
	*refused = result == AERO_RESULT_REFUSED;
	return true;
}

/**
 * __aero_ring_revoke() - take the descriptors back that the host has not claimed
 * @guest: running
 * @claim: set to the first descriptor that is the guest's again
 *
 * INFLATE descriptors from there on do nothing any more; their slots still tell
 * the pages, which the caller takes off the end of the inflight lists. DEFLATE
 * descriptors stay as they are: what they say is true.
 *
 * Context: any, aero_guest.lock held.
 * Return: false if nothing was taken back, because the host has forgotten this
 * epoch or because what it says is impossible; it is broken then.
 */
bool __aero_ring_revoke(struct aero_guest *guest, u32 *claim)
{
	struct aero_channel *ch = &guest->ch;
	u32 claimed, i;

	lockdep_assert_held(&guest->lock);

	*claim = aero_ring_revoke(ch->control, ch->status);
	/* A host that has forgotten this epoch may still be at work for it. */
	if (!aero_channel_answered(ch)) {
		aero_ring_resume(ch->status);
		return false;
	}
	if (!aero_ring_between(ch->reaped, *claim, &claimed) || claimed > ch->head - ch->reaped) {
		__aero_host_broken(guest, "claimed descriptors that were never written");
		aero_ring_resume(ch->status);
		return false;
	}
	for (i = *claim; i != ch->head; i++)
		if (ch->slots[aero_ring_slot(i)].nr)
			WRITE_ONCE(ch->descs[aero_ring_slot(i)].op, cpu_to_le16(AERO_OP_NOP));
	aero_ring_resume(ch->status);
	aero_doorbell_ring(guest);
	return true;
}

/**
 * aero_ring_drained() - has the host seen all there is?
 * @guest: the guest
 *
 * Context: worker's context; takes aero_guest.lock.
 * Return: true if it has, or will never.
 */
bool aero_ring_drained(struct aero_guest *guest)
{
	bool drained = true;
	u32 tail;

	spin_lock(&guest->lock);
	if (__aero_ring_usable(guest) && __aero_ring_done(guest, &tail))
		drained = tail == guest->ch.head;
	spin_unlock(&guest->lock);
	return drained;
}

/**
 * aero_ring_arm() - have the host ring when it is worth to look at the ring again
 * @guest: the guest
 *
 * That is when it is done with all, or with half if more waits for room.
 *
 * Context: worker's context; takes aero_guest.lock.
 * Return: false if it has got that far already, and will not ring for it.
 */
bool aero_ring_arm(struct aero_guest *guest)
{
	struct aero_channel *ch = &guest->ch;
	u32 pending, done;
	bool armed = true;

	spin_lock(&guest->lock);
	pending = ch->head - ch->reaped;
	if (guest->balloon.unreported[AERO_SMALL].nr || guest->balloon.unreported[AERO_BIG].nr)
		pending = DIV_ROUND_UP(pending, 2);
	if (guest->phase == AERO_PHASE_RUNNING && pending) {
		aero_ring_wait(&ch->status->wake_tail, ch->reaped + pending - 1);
		armed = !__aero_ring_done(guest, &done) || done - ch->reaped < pending;
	}
	spin_unlock(&guest->lock);
	return armed;
}
