// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: descriptors in, holes out.
 *
 * The guest is an enemy with a ring; desc.c copies and checks each descriptor.
 * What the protocol forbids puts the VM into quarantine; what merely cannot be
 * freed (pinned pages, memory that is no shared file) is refused in the
 * acknowledgment and the guest keeps it.
 *
 * All of it happens inside the caller's kvm->srcu read section, which also
 * vouches that the ring is the one of a live driver. A section does a bounded
 * amount, since a thread of the VMM may be waiting for its end; a range that is
 * longer than that goes on in the next one, from its copy, while its descriptor
 * stays claimed.
 */

#include <linux/fs.h>
#include <linux/falloc.h>	/* after fs.h, whose types it needs */
#include <linux/folio_batch.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "channel.h"
#include "desc.h"
#include "gpa.h"
#include "host.h"
#include "reclaim.h"
#include "ring.h"
#include "trace.h"
#include "vm.h"

/* Most descriptors, and most pages, of one section: about a millisecond's work. */
#define AERO_RECLAIM_DESCS	128U
#define AERO_RECLAIM_PAGES	(64ULL << (20 - AERO_PAGE_SHIFT))

/**
 * struct aero_hole - file range that is to be punched, grown from neighbours
 * @file: borrowed from the window; NULL: nothing to punch
 * @offset: bytes
 * @len: bytes
 * @index_shift: as in the window
 * @first: first of the batch's ranges that has memory in it
 * @last: last of them
 */
struct aero_hole {
	struct file *file;
	loff_t offset;
	loff_t len;
	unsigned int index_shift;
	u32 first;
	u32 last;
};

/**
 * struct aero_batch - the work of one section
 * @window: the run of guest pages that was looked up last
 * @hole: not punched yet
 * @resumed: the first of @ranges was begun in an earlier section
 * @ranges: copies of the descriptors
 */
struct aero_batch {
	struct aero_gpa_window window;
	struct aero_hole hole;
	bool resumed;
	struct aero_range ranges[AERO_RECLAIM_DESCS];
};

/**
 * aero_batch_alloc() - room for a VM's sections
 *
 * Return: the batch, for kfree(), or NULL.
 */
struct aero_batch *aero_batch_alloc(void)
{
	return kzalloc(sizeof(struct aero_batch), GFP_KERNEL_ACCOUNT);
}

/**
 * aero_batch_reset() - forget what was begun
 * @batch: of a VM whose ring starts anew
 */
void aero_batch_reset(struct aero_batch *batch)
{
	batch->resumed = false;
}

/**
 * aero_batch_resumed() - is a range begun and not done?
 * @batch: of a VM
 *
 * Context: The VM's work.
 * Return: true if so.
 */
bool aero_batch_resumed(const struct aero_batch *batch)
{
	return batch->resumed;
}

/**
 * aero_reclaim_account() - let others see what has been freed, not what merely was promised
 * @vm: whose balloon may have changed
 *
 * A range is recorded as a whole when its first section has checked it.
 *
 * Context: The VM's work.
 */
void aero_reclaim_account(struct aero_vm *vm)
{
	const struct aero_range *begun = vm->batch->ranges;
	u64 pages = vm->batch->resumed ? begun->nr - begun->done : 0;

	WRITE_ONCE(vm->freed, vm->balloon.pages - min(vm->balloon.pages, pages));
}

/**
 * aero_reclaim_pinned() - is anything pinned in a range of a file?
 * @file: shmem or hugetlb
 * @offset: of the range, bytes
 * @len: of the range, bytes
 * @index_shift: bytes of one index of the file's page cache, as a power of two
 * @present: increased by the pages that are in memory, up to the first that is
 *	pinned; pages beside the range count, too, if they are of one folio with it
 *
 * Pages that a device may write to stay where they are: the guest would go on
 * with other ones. Swapped-out pages are no folios and need no look.
 *
 * Context: Process context; may sleep.
 * Return: true if so.
 */
bool aero_reclaim_pinned(struct file *file, loff_t offset, loff_t len, unsigned int index_shift,
			 u64 *present)
{
	struct folio_batch folios;
	pgoff_t next = offset >> index_shift;
	pgoff_t last = (offset + len - 1) >> index_shift;
	bool pinned = false;
	unsigned int i;

	folio_batch_init(&folios);
	while (!pinned && filemap_get_folios(file->f_mapping, &next, last, &folios)) {
		for (i = 0; i < folio_batch_count(&folios); i++) {
			pinned |= folio_maybe_dma_pinned(folios.folios[i]);
			*present += folio_nr_pages(folios.folios[i]);
		}
		folio_batch_release(&folios);
		cond_resched();
	}
	return pinned;
}

static void aero_reclaim_refuse(struct aero_vm *vm, struct aero_range *range,
				enum aero_vm_reason reason)
{
	range->result = AERO_RESULT_REFUSED;
	vm->counts.refused += range->nr;
	if (vm->state != AERO_VM_QUARANTINED)
		aero_vm_set_state(vm, AERO_VM_REFUSED, reason);
}

/*
 * Free the memory of the hole that has grown so far. A file that does not give
 * its pages up is no fault of the guest: all that lies in the hole is refused.
 */
static void aero_reclaim_punch(struct aero_vm *vm)
{
	struct aero_batch *batch = vm->batch;
	struct aero_hole *hole = &batch->hole;
	enum aero_vm_reason reason = AERO_REASON_PUNCH;
	u64 present = 0;
	int err = 0;
	u32 i;

	if (!hole->file)
		return;
	/* As late as can be: nothing keeps a page from being pinned after the look. */
	if (aero_reclaim_pinned(hole->file, hole->offset, hole->len, hole->index_shift, &present))
		reason = AERO_REASON_PINNED;
	if (reason == AERO_REASON_PUNCH)
		err = vfs_fallocate(hole->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    hole->offset, hole->len);
	hole->file = NULL;
	if (!err && reason == AERO_REASON_PUNCH) {
		vm->counts.punches++;
		vm->counts.punched += hole->len;
		return;
	}
	for (i = hole->first; i <= hole->last; i++) {
		struct aero_range *range = &batch->ranges[i];

		if (range->op != AERO_OP_INFLATE || range->result != AERO_RESULT_DONE)
			continue;
		aero_balloon_remove(&vm->balloon, range->gfn, range->nr);
		vm->counts.inflated -= range->nr;
		aero_reclaim_refuse(vm, range, reason);
	}
}

/* Add a piece of range @index to the hole, or begin a new one. */
static void aero_reclaim_extend(struct aero_vm *vm, u32 index, loff_t offset, loff_t len)
{
	struct aero_batch *batch = vm->batch;
	struct aero_hole *hole = &batch->hole;

	if (hole->file == batch->window.file && hole->offset + hole->len == offset) {
		hole->len += len;
		hole->last = index;
		return;
	}
	aero_reclaim_punch(vm);
	*hole = (struct aero_hole){
		.file = batch->window.file,
		.offset = offset,
		.len = len,
		.index_shift = batch->window.index_shift,
		.first = index,
		.last = index,
	};
}

/* Make the window cover @gfn; the hole borrows its file, so it goes first. */
static int aero_reclaim_look_up(struct aero_vm *vm, struct aero_gpa *gpa, u64 gfn)
{
	struct aero_gpa_window *window = &vm->batch->window;

	if (gfn - window->gfn < window->nr)
		return 0;
	aero_reclaim_punch(vm);
	aero_gpa_window_put(window);
	return aero_gpa_window(gpa, gfn, window);
}

/*
 * Can @left pages of the range, from @gfn on, be freed? Walks them piece by piece,
 * once to check and, with @punch, once more to free them: a range is taken whole
 * or not at all.
 */
static int aero_reclaim_walk(struct aero_vm *vm, struct aero_gpa *gpa, u32 index, u64 gfn,
			     u64 left, bool punch)
{
	struct aero_gpa_window *window = &vm->batch->window;

	while (left) {
		loff_t offset, len;
		u64 nr;
		int err;

		err = aero_reclaim_look_up(vm, gpa, gfn);
		if (err)
			return err;
		nr = min(left, window->gfn + window->nr - gfn);
		offset = window->offset + (loff_t)aero_pages_to_bytes(gfn - window->gfn);
		len = aero_pages_to_bytes(nr);
		if ((offset | len) & (aero_pages_to_bytes(window->granule) - 1))
			return -EINVAL;
		if (punch)
			aero_reclaim_extend(vm, index, offset, len);
		gfn += nr;
		left -= nr;
	}
	return 0;
}

/*
 * Check a range that is new, and record it.
 *
 * Return: 0, -ENOMEM to come back later, or -EPROTO with the VM in quarantine.
 */
static int aero_reclaim_admit(struct aero_vm *vm, struct aero_gpa *gpa, u32 index)
{
	struct aero_range *range = &vm->batch->ranges[index];
	int err = aero_reclaim_walk(vm, gpa, index, range->gfn, range->nr, false);

	switch (err) {
	case 0:
		break;
	case -EBUSY:
		aero_reclaim_refuse(vm, range, AERO_REASON_MIGRATING);
		return 0;
	case -EOPNOTSUPP:
		aero_reclaim_refuse(vm, range, aero_vm_backing_reason(vm->batch->window.backing));
		return 0;
	case -EINVAL:
		/* It may not know yet that this RAM, plugged a moment ago, has huge pages. */
		aero_reclaim_refuse(vm, range, AERO_REASON_GRANULE);
		return 0;
	default:
		aero_vm_set_state(vm, AERO_VM_QUARANTINED, AERO_REASON_RANGE);
		return -EPROTO;
	}

	err = aero_balloon_add(&vm->balloon, range->gfn, range->nr);
	if (err == -EEXIST) {
		aero_vm_set_state(vm, AERO_VM_QUARANTINED, AERO_REASON_DUPLICATE);
		return -EPROTO;
	}
	if (!err)
		vm->counts.inflated += range->nr;
	return err;
}

/*
 * Free up to @most pages of a range.
 *
 * Return: pages, or as aero_reclaim_admit().
 */
static int aero_reclaim_inflate(struct aero_vm *vm, struct aero_gpa *gpa, u32 index, u32 most)
{
	struct aero_range *range = &vm->batch->ranges[index];
	int err = range->done ? 0 : aero_reclaim_admit(vm, gpa, index);
	u32 nr;

	if (err)
		return err;
	if (range->result != AERO_RESULT_DONE) {
		range->done = range->nr;
		return 0;
	}
	/* A huge page goes at once, however large it is. */
	nr = min(range->nr - range->done, max(rounddown(most, (u32)vm->granule),
					      (u32)vm->granule));
	err = aero_reclaim_walk(vm, gpa, index, range->gfn + range->done, nr, true);
	/* A hole that was punched on the way may have failed, and undone this range, too. */
	if (err && range->result == AERO_RESULT_DONE) {
		/* Another thread of the VMM changed its mappings meanwhile. */
		aero_balloon_remove(&vm->balloon, range->gfn, range->nr);
		vm->counts.inflated -= range->nr;
		aero_reclaim_refuse(vm, range, AERO_REASON_PUNCH);
		nr = range->nr - range->done;
	}
	range->done += nr;
	return nr;
}

static int aero_reclaim_deflate(struct aero_vm *vm, u32 index)
{
	struct aero_range *range = &vm->batch->ranges[index];

	/* What is still to be punched must not hit a page that was taken back. */
	aero_reclaim_punch(vm);
	if (aero_balloon_remove(&vm->balloon, range->gfn, range->nr)) {
		aero_vm_set_state(vm, AERO_VM_QUARANTINED, AERO_REASON_DUPLICATE);
		return -EPROTO;
	}
	vm->counts.deflated += range->nr;
	return 0;
}

/* A page of the ring that the guest has never written holds no-ops. */
static int aero_reclaim_copy(struct aero_vm *vm, u32 index, struct aero_range *range)
{
	const struct aero_desc *desc = aero_channel_desc(vm->channel, index);
	int err;

	*range = (struct aero_range){ .op = AERO_OP_NOP };
	if (!desc)
		return 0;
	err = aero_desc_copy(desc, range);
	if (err)
		aero_vm_set_state(vm, AERO_VM_QUARANTINED, AERO_REASON_DESC);
	return err;
}

/*
 * Act on up to @nr claimed descriptors. Return: how many were done with, or -EPROTO.
 * The one after them may have been begun.
 */
static int aero_reclaim_run(struct aero_vm *vm, struct aero_gpa *gpa, u32 nr)
{
	struct aero_batch *batch = vm->batch;
	u32 left = AERO_RECLAIM_PAGES;
	bool begun = false;
	int ret = 0;
	u32 i;

	for (i = 0; i < nr && left; i++) {
		struct aero_range *range = &batch->ranges[i];

		ret = 0;
		if (i || !batch->resumed)
			ret = aero_reclaim_copy(vm, vm->tail + i, range);
		if (!ret && range->op == AERO_OP_INFLATE)
			ret = aero_reclaim_inflate(vm, gpa, i, left);
		else if (!ret && range->op == AERO_OP_DEFLATE)
			ret = aero_reclaim_deflate(vm, i);
		if (ret < 0)
			break;
		left -= min_t(u32, left, ret);
		begun = range->op == AERO_OP_INFLATE && range->done < range->nr;
		if (begun)
			break;
	}
	aero_reclaim_punch(vm);
	aero_gpa_window_put(&batch->window);
	batch->resumed = false;
	if (ret == -EPROTO)
		return ret;
	if (!begun)
		return i;
	/* The last hole may have been refused, and with it the whole range. */
	if (batch->ranges[i].result != AERO_RESULT_DONE)
		return i + 1;
	batch->resumed = true;
	return i;
}

/**
 * aero_reclaim_section() - act on what a VM's ring holds, up to a bound
 * @vm: an answered VM
 * @gpa: section in which the ring's memslot was seen to be present
 *
 * Context: The VM's work, inside @gpa's section.
 * Return: true if there may be more to do at once.
 */
bool aero_reclaim_section(struct aero_vm *vm, struct aero_gpa *gpa)
{
	struct aero_control *control = vm->channel->control;
	const struct aero_status *status = vm->channel->status;
	struct aero_vm_counts before = vm->counts;
	struct aero_range *ranges = vm->batch->ranges;
	u32 pending, nr, kept, i;
	int done;

	if (!aero_ring_between(vm->tail, aero_ring_observe(&status->head), &pending)) {
		/* A driver that says hello again clears its head before the host has heard. */
		if (le64_to_cpu(READ_ONCE(status->epoch)) != vm->epoch ||
		    le32_to_cpu(READ_ONCE(status->state)) != AERO_GUEST_RUNNING)
			return false;
		aero_vm_set_state(vm, AERO_VM_QUARANTINED, AERO_REASON_INDEX);
		return false;
	}
	if (!pending)
		return false;
	nr = min(pending, AERO_RECLAIM_DESCS);
	/* The answers' pages come first, so that no answer can fail. */
	if (!aero_channel_ack(vm->channel, vm->tail) ||
	    !aero_channel_ack(vm->channel, vm->tail + nr - 1))
		return false;
	/* What was begun stays claimed, also if the guest wants the rest back. */
	kept = vm->batch->resumed;
	if (!aero_ring_claim(control, status, vm->tail + kept, vm->tail + nr)) {
		if (!kept)
			return false;
		nr = kept;
	}

	done = aero_reclaim_run(vm, gpa, nr);
	for (i = 0; done > 0 && i < (u32)done; i++) {
		struct aero_ack *ack = aero_channel_ack(vm->channel, vm->tail + i);

		WRITE_ONCE(ack->index, cpu_to_le32(vm->tail + i));
		WRITE_ONCE(ack->result, cpu_to_le32(ranges[i].result));
	}
	if (vm->batch->resumed)
		ranges[0] = ranges[done];
	/* Before the answers: who has one finds the account true. */
	aero_reclaim_account(vm);
	if (done > 0) {
		vm->tail += done;
		vm->counts.descs += done;
		aero_ring_publish(&control->tail, vm->tail);
	}
	aero_ring_publish(&control->claim, vm->tail + vm->batch->resumed);
	trace_aerostat_reclaim(vm->id, done, vm->counts.inflated - before.inflated,
			       vm->counts.deflated - before.deflated,
			       vm->counts.refused - before.refused,
			       vm->counts.punches - before.punches, vm->balloon.pages);
	return vm->batch->resumed || (done > 0 && pending > (u32)done);
}
