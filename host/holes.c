// SPDX-License-Identifier: GPL-2.0
/*
 * Holes that do not stay holes.
 *
 * What a guest has given can come back without a word: a device that is passed
 * through later pins all of the VM's RAM, and thereby fills the holes. The
 * balloon is then no memory that the host has, and the VM is refused.
 *
 * Nothing tells a module of it, so it looks: at the page cache of the RAM's file,
 * in rounds over all of the balloon. A hole costs the look-up of a few nodes
 * however long it is, and a section does a bounded part of a round. A round is due
 *
 *	once a minute, for pins of other processes that share the RAM;
 *	when memslots have changed: a device has been plugged;
 *	when the VMM's account of pinned memory grows: pinned_vm or, for VFIO,
 *	locked_vm.
 *
 * Some account for their pins before they make them and some afterwards. Rounds
 * follow each other for a while after such a sign, therefore.
 *
 * Pages that are there and not pinned are only counted: they are the guest's, who
 * uses what it gave, or that of a process which shares its RAM.
 */

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm_types.h>

#include "channel.h"
#include "gpa.h"
#include "holes.h"
#include "host.h"
#include "reclaim.h"
#include "ring.h"
#include "vm.h"

/* Between rounds, jiffies: without a sign, and for so long after a sign. */
#define AERO_HOLES_PERIOD	(60 * HZ)
#define AERO_HOLES_SOON		HZ
#define AERO_HOLES_ALERT	(10 * HZ)
/* Most pieces of holes in one section, and most pages of a piece. */
#define AERO_HOLES_PIECES	64U
#define AERO_HOLES_PAGES	(16ULL << (20 - AERO_PAGE_SHIFT))

/**
 * aero_holes_init() - no round yet
 * @holes: what to initialise
 */
void aero_holes_init(struct aero_holes *holes)
{
	*holes = (struct aero_holes){
		.round_at = jiffies + AERO_HOLES_PERIOD,
		.alert_until = jiffies,
	};
}

/**
 * aero_holes_alert() - somebody may be filling holes right now
 * @holes: of the VM
 *
 * Context: The VM's work.
 */
void aero_holes_alert(struct aero_holes *holes)
{
	holes->going = false;
	holes->round_at = jiffies;
	holes->alert_until = jiffies + AERO_HOLES_ALERT;
}

static bool aero_holes_due(struct aero_vm *vm)
{
	u64 account = atomic64_read(&vm->mm->pinned_vm) + READ_ONCE(vm->mm->locked_vm);
	struct aero_holes *holes = &vm->holes;

	if (account > holes->account)
		aero_holes_alert(holes);
	holes->account = account;
	if (holes->going)
		return true;
	if (time_before(jiffies, holes->round_at))
		return false;
	holes->round_at = jiffies + (time_before(jiffies, holes->alert_until) ?
				     AERO_HOLES_SOON : AERO_HOLES_PERIOD);
	holes->going = true;
	holes->next = 0;
	holes->filled = 0;
	return true;
}

/*
 * Look at up to @nr pages of the balloon.
 *
 * Return: how many were looked at; 0 if something has been pinned there.
 */
static u64 aero_holes_look(struct aero_vm *vm, struct aero_gpa *gpa,
			   struct aero_gpa_window *window, u64 gfn, u64 nr)
{
	loff_t offset;
	u64 filled = 0;

	if (gfn - window->gfn >= window->nr) {
		aero_gpa_window_put(window);
		/* It was RAM when it was given, and will be again, or be forgotten. */
		if (aero_gpa_window(gpa, gfn, window))
			return nr;
	}
	nr = min3(nr, window->gfn + window->nr - gfn, AERO_HOLES_PAGES);
	offset = window->offset + (loff_t)aero_pages_to_bytes(gfn - window->gfn);
	if (aero_reclaim_pinned(window->file, offset, aero_pages_to_bytes(nr),
				window->index_shift, &filled))
		return 0;
	vm->holes.filled += filled;
	return nr;
}

/**
 * aero_holes_section() - look whether a VM's holes are still holes, if that is due
 * @vm: an answered VM
 * @gpa: section
 *
 * Refuses the VM if they have been pinned.
 *
 * Context: The VM's work, inside @gpa's section.
 * Return: true if there may be more to look at, at once.
 */
bool aero_holes_section(struct aero_vm *vm, struct aero_gpa *gpa)
{
	const struct aero_status *status = vm->channel->status;
	struct aero_holes *holes = &vm->holes;
	struct aero_gpa_window window = { };
	unsigned int i;

	/* A range that is begun is in the balloon as a whole, and not all of it punched. */
	if (aero_batch_resumed(vm->batch) || !aero_holes_due(vm))
		return false;
	for (i = 0; holes->going && i < AERO_HOLES_PIECES; i++) {
		u64 nr, seen;

		holes->going = aero_balloon_next(&vm->balloon, &holes->next, &nr);
		if (!holes->going) {
			vm->counts.filled = holes->filled;
			break;
		}
		seen = aero_holes_look(vm, gpa, &window, holes->next, nr);
		if (!seen) {
			/*
			 * A guest may use a page that it has taken back, its disk's driver
			 * pin it for a moment, and its word of that still lie in the ring.
			 */
			if (aero_ring_observe(&status->head) == vm->tail) {
				aero_vm_set_state(vm, AERO_VM_REFUSED, AERO_REASON_PINNED);
				holes->going = false;
			}
			break;
		}
		holes->next += seen;
	}
	aero_gpa_window_put(&window);
	return holes->going && i == AERO_HOLES_PIECES;
}
