// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory should be offline, and which block is next.
 *
 * Reclaimed memory is free memory on the host, and whole blocks of it may go
 * offline: no more than was reclaimed, so that the host itself loses nothing, and
 * leaving a reserve free.
 *
 * Both bounds move all the time. Offlining and onlining the same block over and
 * over would burn more than it saves, so each bound has a band in which nothing
 * changes. Free memory: one block; going offline leaves a whole block above the
 * reserve, coming online waits until the reserve itself is touched. Reclaimed
 * memory: a sixteenth of a block; a guest that migrates balloon pages gives them
 * back for a moment, while any real step back is greater than that.
 */
#include <linux/math64.h>
#include <linux/minmax.h>

#include "plan.h"

#define AERO_PLAN_NOISE_DIV	16

/**
 * aero_plan_offline() - next block to take offline
 * @blocks: all blocks, in any order
 * @nr: number of @blocks
 *
 * The cheapest: with the fewest used pages, since each must be moved. Of equals
 * the highest, away from where the kernel allocates at boot.
 *
 * Context: any; pure.
 * Return: index into @blocks, -1 if there is none.
 */
int aero_plan_offline(const struct aero_block_info *blocks, unsigned int nr)
{
	unsigned int i;
	int best = -1;

	for (i = 0; i < nr; i++) {
		const struct aero_block_info *block = &blocks[i];

		if (!block->online || !block->movable || block->held || block->backoff)
			continue;
		if (best >= 0 && block->used_pages > blocks[best].used_pages)
			continue;
		if (best >= 0 && block->used_pages == blocks[best].used_pages &&
		    block->id < blocks[best].id)
			continue;
		best = i;
	}
	return best;
}

/**
 * aero_plan_online() - next block to bring back
 * @blocks: all blocks, in any order
 * @nr: number of @blocks
 *
 * The lowest of those that we took offline: of equal ones it was the last to go.
 *
 * Context: any; pure.
 * Return: index into @blocks, -1 if there is none.
 */
int aero_plan_online(const struct aero_block_info *blocks, unsigned int nr)
{
	unsigned int i;
	int best = -1;

	for (i = 0; i < nr; i++) {
		const struct aero_block_info *block = &blocks[i];

		if (block->online || block->held || block->backoff)
			continue;
		if (best < 0 || block->id < blocks[best].id)
			best = i;
	}
	return best;
}

/**
 * aero_plan_goal() - how much should be offline now
 * @reclaimed_pages: reclaimed from VMs and still to be held: the lesser of what is
 *	held and of its target, so that blocks come back before balloons shrink
 * @free_pages: free on the host now; what is offline is not free
 * @reserve_pages: to stay free on the host
 * @block_pages: pages of one block
 * @offline_pages: what is offline now
 *
 * See the head of this file.
 *
 * Context: any; pure.
 * Return: pages, whole blocks more or less than @offline_pages. More only within
 * @reclaimed_pages and leaving the reserve and a block free.
 */
u64 aero_plan_goal(u64 reclaimed_pages, u64 free_pages, u64 reserve_pages,
		   u64 block_pages, u64 offline_pages)
{
	u64 more, less = 0;

	if (!block_pages)
		return offline_pages;

	if (free_pages < reserve_pages)
		less = div64_u64(reserve_pages - free_pages + block_pages - 1, block_pages);
	if (offline_pages > reclaimed_pages + block_pages / AERO_PLAN_NOISE_DIV)
		less = max(less, div64_u64(offline_pages - reclaimed_pages + block_pages - 1,
					   block_pages));
	if (less)
		return offline_pages - min(offline_pages, less * block_pages);

	if (reclaimed_pages <= offline_pages || free_pages - reserve_pages < block_pages)
		return offline_pages;
	more = min(reclaimed_pages - offline_pages, free_pages - reserve_pages - block_pages);
	return offline_pages + div64_u64(more, block_pages) * block_pages;
}

/**
 * aero_plan_backoff_ms() - how long to leave a block alone after failures
 * @failures: failures in a row
 *
 * Context: any; pure.
 * Return: milliseconds: 0 for none, then 5 s, doubled by each failure, up to 15 min.
 */
u32 aero_plan_backoff_ms(u32 failures)
{
	if (!failures)
		return 0;
	/* Eight doublings are beyond the greatest wait. */
	return min(AERO_PLAN_BACKOFF_MIN_MS << min(failures - 1, 8U), AERO_PLAN_BACKOFF_MAX_MS);
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/plan-kunit.c"
#endif
