// SPDX-License-Identifier: GPL-2.0
/*
 * Memory blocks that the host itself needs back, at once.
 *
 * The thread that moves blocks looks at the host's available memory once a second, and
 * that is late for a process that takes a GiB in that time. So the kernel is asked to
 * tell: a shrinker is called when it reclaims memory, an OOM notifier before it kills.
 *
 * Reclaim is nothing special: the page cache grows until there is some. The shrinker
 * therefore has nothing to give as long as what is available, page cache included, is as
 * much as the reserve, or a block where that is less.
 *
 * Both are called in whatever locks the allocating task holds, and those may be the very
 * ones that bringing a block online needs. The shrinker only asks, and says that it freed
 * nothing. The OOM notifier, behind which nobody but a killer stands, waits for a
 * block, but not for long, for it holds oom_lock; where the waiting is in vain, because the
 * task itself is in the way, the kill comes a second later. Each round asks for a quarter of
 * what is off at least: an allocation that movable memory does not help finds all blocks
 * online after some rounds, and then is served as without us.
 */

#include <linux/oom.h>
#include <linux/shrinker.h>

#include "block_priv.h"
#include "trace.h"

#define AERO_RECALL_WAIT	HZ

/* How much is missing, in whole blocks, for as long as something is off. */
static u64 aero_recall_wanted(struct aero_blocks *blocks)
{
	u64 wanted = max(READ_ONCE(blocks->reserve), blocks->block_pages);
	long available = si_mem_available();
	u64 free = max(available, 0L);

	return READ_ONCE(blocks->taken) && free < wanted ? roundup(wanted - free,
								   blocks->block_pages) : 0;
}

static void aero_recall(struct aero_blocks *blocks, u64 pages, bool oom)
{
	trace_aerostat_recall(pages, oom, READ_ONCE(blocks->taken));
	aero_blocks_recall(blocks, pages);
}

static unsigned long aero_recall_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct aero_blocks *blocks = *aero_shrinker_private(shrinker);

	return aero_recall_wanted(blocks) ? READ_ONCE(blocks->taken) : SHRINK_EMPTY;
}

static unsigned long aero_recall_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct aero_blocks *blocks = *aero_shrinker_private(shrinker);
	u64 pages = aero_recall_wanted(blocks);

	/* Who is not the first need not say it again. */
	if (pages > (u64)atomic_long_read(&blocks->recall) && current != blocks->thread)
		aero_recall(blocks, pages, false);
	return SHRINK_STOP;
}

static int aero_recall_oom(struct notifier_block *nb, unsigned long unused, void *parm)
{
	struct aero_blocks *blocks = container_of(nb, struct aero_blocks, oom);
	u64 taken = READ_ONCE(blocks->taken);
	unsigned long *freed = parm;
	u64 left;

	if (!taken || current == blocks->thread)
		return NOTIFY_OK;
	aero_recall(blocks, max3(aero_recall_wanted(blocks), blocks->block_pages, taken / 4), true);
	wait_event_timeout(blocks->wait, READ_ONCE(blocks->taken) < taken, AERO_RECALL_WAIT);
	left = READ_ONCE(blocks->taken);
	if (left < taken)
		*freed += taken - left;
	return NOTIFY_OK;
}

/**
 * aero_recall_register() - listen for memory that gets short
 * @blocks: blocks, whose thread runs
 *
 * Return: 0 or a negative errno.
 */
int aero_recall_register(struct aero_blocks *blocks)
{
	int err;

	blocks->shrinker = shrinker_alloc(0, "aerostat_host");
	if (!blocks->shrinker)
		return -ENOMEM;
	blocks->shrinker->count_objects = aero_recall_count;
	blocks->shrinker->scan_objects = aero_recall_scan;
	/* At once, not after some thousand pages of page cache have gone. */
	blocks->shrinker->seeks = 0;
	*aero_shrinker_private(blocks->shrinker) = blocks;
	err = aero_shrinker_register(blocks->shrinker);
	if (err) {
		aero_shrinker_abandon(blocks->shrinker);
		return err;
	}
	blocks->oom.notifier_call = aero_recall_oom;
	err = register_oom_notifier(&blocks->oom);
	if (err)
		shrinker_free(blocks->shrinker);
	return err;
}

/**
 * aero_recall_unregister() - listen no more
 * @blocks: blocks, whose thread still runs
 *
 * Context: Sleeps until no caller is left.
 */
void aero_recall_unregister(struct aero_blocks *blocks)
{
	unregister_oom_notifier(&blocks->oom);
	shrinker_free(blocks->shrinker);
}
