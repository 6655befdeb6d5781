/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring's index arithmetic and its barriers, shared by both sides.
 *
 * aero_status.head, aero_control.claim and aero_control.tail are free-running
 * counts with tail <= claim <= head <= tail + AERO_RING_ENTRIES; slot i of the
 * ring is count modulo AERO_RING_ENTRIES. A publisher stores with release what
 * an observer loads with acquire, hence what was written before a publication
 * is seen after its observation. virt_*() rather than smp_*(): a guest kernel
 * built for one CPU still shares memory with a host that has many.
 */
#ifndef AEROSTAT_RING_H
#define AEROSTAT_RING_H

#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/byteorder.h>

#include "abi.h"

/**
 * aero_ring_slot() - ring slot of a free-running index
 * @index: descriptor count
 *
 * Return: 0 to AERO_RING_ENTRIES - 1.
 */
static inline u32 aero_ring_slot(u32 index)
{
	return index & (AERO_RING_ENTRIES - 1);
}

/**
 * aero_ring_between() - distance between two indices, checked
 * @first: the lesser index
 * @last: the greater index
 * @count: where to put the distance, descriptors
 *
 * The one check that a foreign index needs: unsigned arithmetic takes care of
 * wrapping, and no honest peer is more than a ring ahead.
 *
 * Return: true if @last is at most AERO_RING_ENTRIES after @first.
 */
static inline bool aero_ring_between(u32 first, u32 last, u32 *count)
{
	*count = last - first;
	return *count <= AERO_RING_ENTRIES;
}

/**
 * aero_ring_publish() - make an index visible, and all that was written before
 * @field: index in shared memory, written by this side only
 * @index: new value
 *
 * Pairs with aero_ring_observe().
 */
static inline void aero_ring_publish(__le32 *field, u32 index)
{
	/* Pairs with the acquire in aero_ring_observe(). */
	virt_store_release(field, cpu_to_le32(index));
}

/**
 * aero_ring_observe() - read an index that the other side publishes
 * @field: index in shared memory
 *
 * Pairs with aero_ring_publish(). The result is foreign: check it with
 * aero_ring_between() before use.
 *
 * Return: the index.
 */
static inline u32 aero_ring_observe(const __le32 *field)
{
	/* Pairs with the release in aero_ring_publish(). */
	return le32_to_cpu(virt_load_acquire(field));
}

/**
 * aero_ring_claim() - host: announce that it will act on descriptors
 * @control: host's block
 * @status: guest's block
 * @tail: first descriptor to act on
 * @claim: first descriptor to leave alone
 *
 * Descriptors may be read only after this returned true. On false the claim is
 * withdrawn already. Pairs with aero_ring_revoke().
 *
 * Return: true if the descriptors in [@tail, @claim) are the host's.
 */
static inline bool aero_ring_claim(struct aero_control *control,
				   const struct aero_status *status,
				   u32 tail, u32 claim)
{
	WRITE_ONCE(control->claim, cpu_to_le32(claim));
	virt_mb();	/* claim is visible before revoke is read */
	if (!virt_load_acquire(&status->revoke))
		return true;
	aero_ring_publish(&control->claim, tail);
	return false;
}

/**
 * aero_ring_revoke() - guest: ask the host to keep off unclaimed descriptors
 * @control: host's block
 * @status: guest's block
 *
 * Descriptors at or above the result stay the guest's until it calls
 * aero_ring_resume(), before which it overwrites them with AERO_OP_NOP. Those
 * below it may be in the host's hands until tail has passed them or a later
 * call returns less. Pairs with aero_ring_claim().
 *
 * Return: aero_control.claim, a foreign value.
 */
static inline u32 aero_ring_revoke(const struct aero_control *control,
				   struct aero_status *status)
{
	WRITE_ONCE(status->revoke, cpu_to_le32(1));
	virt_mb();	/* revoke is visible before claim is read */
	return aero_ring_observe(&control->claim);
}

/**
 * aero_ring_resume() - guest: let the host read descriptors again
 * @status: guest's block
 *
 * Whatever the guest wrote into the ring before this is seen by the host's next
 * successful aero_ring_claim().
 */
static inline void aero_ring_resume(struct aero_status *status)
{
	aero_ring_publish(&status->revoke, 0);
}

/**
 * aero_ring_passed() - is a published index worth a ring?
 * @wake: index that the other side waits for to be passed, foreign
 * @from: index when this was last asked
 * @to: index now
 *
 * The source is virtio's event index, with 32 bits.
 *
 * Return: true if @wake is in [@from, @to).
 */
static inline bool aero_ring_passed(u32 wake, u32 from, u32 to)
{
	return wake - from < to - from;
}

/**
 * aero_ring_wait() - about to wait until an index has passed another
 * @wake: aero_control.wake_head or aero_status.wake_tail, whichever is this side's
 * @index: the other side's index that is to be passed
 *
 * Look at the awaited index once more after this; if it has passed @index
 * already, there may be no ring.
 */
static inline void aero_ring_wait(__le32 *wake, u32 index)
{
	WRITE_ONCE(*wake, cpu_to_le32(index));
	virt_mb();	/* the wish is visible before the index is read */
}

/**
 * aero_ring_wake() - does the other side wait for what was just published?
 * @wake: aero_control.wake_head or aero_status.wake_tail, the other side's
 * @told: index when this was last asked; moved to @index
 * @index: the index that was published
 *
 * Return: true if it is to be rung.
 */
static inline bool aero_ring_wake(const __le32 *wake, u32 *told, u32 index)
{
	u32 from = *told;

	*told = index;
	virt_mb();	/* the index is visible before the wish is read */
	return aero_ring_passed(le32_to_cpu(READ_ONCE(*wake)), from, index);
}

#endif /* AEROSTAT_RING_H */
