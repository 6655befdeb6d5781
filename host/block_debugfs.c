// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/aerostat/blocks: what is known of the memory blocks.
 */

#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "block_priv.h"
#include "host.h"

static void __aero_block_show_counts(struct seq_file *seq, const struct aero_block *block)
{
	bool can_go = aero_block_movable(block) && !block->reserved && !block->broken;

	if (!aero_block_online(block) || !block->scanned) {
		seq_puts(seq, " used=- movable=- reserved=- cost=-");
		return;
	}
	seq_printf(seq, " used=%llu movable=%llu reserved=%llu", block->used, block->lru,
		   block->reserved);
	if (can_go)
		seq_printf(seq, " cost=%llu", block->used);
	else
		seq_puts(seq, " cost=never");
}

static const char *aero_block_state(const struct aero_block *block)
{
	if (aero_block_online(block))
		return block->broken ? "broken" : block->opposed ? "opposed" : "online";
	return block->taken ? "taken" : "offline";
}

/* One line for each block; counts are in pages. What is not counted lately is, for 20 ms. */
static int inventory_show(struct seq_file *seq, void *data)
{
	struct aero_blocks *blocks = seq->private;
	struct aero_block *block;
	bool by_node;

	mutex_lock(&blocks->lock);
	__aero_blocks_scan(blocks, true);
	by_node = __aero_blocks_by_node(blocks);
	list_for_each_entry(block, &blocks->list, node) {
		struct zone *zone = aero_block_online(block) ? aero_block_zone(block) : NULL;
		long wait = __aero_block_backs_off(block) ? block->retry_at - jiffies : 0;

		/* A block without a zone of its own spans several. */
		seq_printf(seq, "memory%u zone=%s node=%d", block->id, zone ? zone->name : "-",
			   aero_block_nid(block));
		__aero_block_show_counts(seq, block);
		seq_printf(seq, " failures=%u next_try_ms=%u domain=", block->failures,
			   jiffies_to_msecs(max(wait, 0L)));
		if (block->domain)
			seq_puts(seq, block->domain->name);
		else if (by_node)
			seq_printf(seq, "node%d", aero_block_nid(block));
		else
			seq_printf(seq, "memory%u", block->id);
		seq_printf(seq, " state=%s\n", aero_block_state(block));
	}
	mutex_unlock(&blocks->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(inventory);

/**
 * aero_blocks_debugfs_add() - show what is known
 * @blocks: blocks, alive until their directory is removed
 *
 * Errors need no check.
 */
void aero_blocks_debugfs_add(struct aero_blocks *blocks)
{
	blocks->debugfs = debugfs_create_dir("blocks", blocks->host->debugfs);
	debugfs_create_file("inventory", 0400, blocks->debugfs, blocks, &inventory_fops);
	debugfs_create_bool("lowest_first", 0600, blocks->debugfs, &blocks->lowest_first);
}
