/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory blocks: what block.c (which there are), block_move.c (who moves them),
 * block_recall.c (who wants them back) and domain.c (what they belong to) share.
 *
 * Locks, outermost first:
 *
 *	device_hotplug_lock	the kernel's; held around both notifiers, and taken by
 *				a block's state attribute
 *	cpu_hotplug_lock, mem_hotplug_lock	the kernel's; may be held around both, too, so
 *				nothing under the following may wait for them
 *	aero_blocks.domains_lock	which domains there are; held over device_add()
 *	aero_blocks.lock	everything else; nothing is allocated under it, for
 *				who brings memory back needs it
 *
 * The thread calls the state attribute without any of them. Recalls come from where
 * memory is short, in whatever locks their callers hold, and take none at all.
 *
 * A block lives from BUS_NOTIFY_ADD_DEVICE to BUS_NOTIFY_DEL_DEVICE, and as long as it
 * is aero_blocks.busy: its remover waits for that. A domain lives from a write to
 * domain_add to one to domain_remove; its files are drained before it is freed.
 */
#ifndef AEROSTAT_BLOCK_PRIV_H
#define AEROSTAT_BLOCK_PRIV_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "block.h"
#include "domain.h"
#include "plan.h"
#include "power_model.h"

struct aero_host;
struct shrinker;

/**
 * struct aero_block - one memory block
 * @node: in aero_blocks.list
 * @dev: the block's device, referenced
 * @attr: its state attribute
 * @id: its number
 * @domain: what it belongs to by the user's word, or NULL
 * @taken: this module took it offline, and it still is
 * @opposed: another agent brought it back; ends with @retry_at
 * @failures: since it last came back as it should
 * @retry_at: when to try again, jiffies; valid with @failures
 * @scanned: what follows was counted since it last came online
 * @scanned_at: when, jiffies
 * @used: pages in use
 * @lru: of these, on the lists that the kernel moves pages from as a matter of course
 * @reserved: of these, allocated at boot: with any of them a block can never go
 * @broken: has a page that memory failure has marked
 *
 * All protected by aero_blocks.lock; @dev, @attr and @id are constant.
 */
struct aero_block {
	struct list_head node;
	struct device *dev;
	struct device_attribute *attr;
	u32 id;
	struct aero_domain *domain;
	bool taken;
	bool opposed;
	u32 failures;
	unsigned long retry_at;
	bool scanned;
	unsigned long scanned_at;
	u64 used;
	u64 lru;
	u64 reserved;
	bool broken;
};

/**
 * struct aero_block_room - what a plan is made in
 * @nr: blocks that there is room for
 * @infos: for each of them
 * @map: which block that is
 * @domains: for as many domains as blocks can be in: the user's, and one each or a node's
 *
 * Made when a block is added, so that giving memory back needs none.
 */
struct aero_block_room {
	unsigned int nr;
	struct aero_block_info *infos;
	struct aero_block **map;
	struct aero_domain_info *domains;
};

/**
 * struct aero_blocks - all blocks and who moves them
 * @host: the module
 * @bus: of the memory blocks
 * @notifier: on @bus
 * @moves: the kernel's notifier of what goes offline and online
 * @block_pages: size of a block
 * @debugfs: directory
 * @thread: moves them
 * @wait: the thread sleeps here, who waits for @busy, and who waits for memory
 * @timeout: ends an operation that lasts too long
 * @shrinker: tells that memory is short
 * @oom: the same, before somebody is killed
 * @recall: pages that are to come back at once; no lock
 * @lowest_first: do without the plan; set in debugfs, single word
 * @domains_lock: protects changes of @domains
 * @lock: protects what follows
 * @list: of struct aero_block
 * @nr: length of @list
 * @room: for plans
 * @domains: of struct aero_domain; changes need @domains_lock, too
 * @power: of memory that is in none of them
 * @cursor: where the next scan goes on, or NULL
 * @sweep: a scan of all is under way
 * @sweep_began: when it began, jiffies
 * @fresh_for: how long a count is believed, jiffies
 * @busy: the block that the thread works on; also read without the lock
 * @busy_offlining: it is to go offline, which a signal can stop; also read without the lock
 * @cancelled: it is not wanted any more; also read and set without the lock
 * @reclaimed: pages that VMs gave and shall not have back yet
 * @demand: pages that VMs shall give in all, or have given if that is more
 * @reserve: pages that stay free on the host
 * @taken: pages offline by this module, or about to be; also read without the lock
 * @recalled: pages that were asked for by @recall and are not back yet
 * @calm_until: nothing goes offline before, jiffies in 64 bits
 * @kicked: something changed
 * @stuck: the last attempt to bring a block online failed
 */
struct aero_blocks {
	struct aero_host *host;
	const struct bus_type *bus;
	struct notifier_block notifier;
	struct notifier_block moves;
	u64 block_pages;
	struct dentry *debugfs;
	struct task_struct *thread;
	struct wait_queue_head wait;
	struct delayed_work timeout;
	struct shrinker *shrinker;
	struct notifier_block oom;
	atomic_long_t recall;
	bool lowest_first;

	struct mutex domains_lock;
	struct mutex lock;
	struct list_head list;
	unsigned int nr;
	struct aero_block_room room;
	struct list_head domains;
	struct aero_power_params power;
	struct aero_block *cursor;
	bool sweep;
	unsigned long sweep_began;
	unsigned long fresh_for;
	struct aero_block *busy;
	bool busy_offlining;
	bool cancelled;
	u64 reclaimed;
	u64 demand;
	u64 reserve;
	u64 taken;
	u64 recalled;
	u64 calm_until;
	bool kicked;
	bool stuck;
};

static inline struct memory_block *aero_block_memory(const struct aero_block *block)
{
	return container_of(block->dev, struct memory_block, dev);
}

static inline bool aero_block_online(const struct aero_block *block)
{
	return READ_ONCE(aero_block_memory(block)->state) == MEM_ONLINE;
}

static inline bool aero_block_offline(const struct aero_block *block)
{
	return READ_ONCE(aero_block_memory(block)->state) == MEM_OFFLINE;
}

static inline unsigned long aero_block_pfn(const struct aero_block *block)
{
	return section_nr_to_pfn(aero_block_memory(block)->start_section_nr);
}

static inline struct zone *aero_block_zone(const struct aero_block *block)
{
	return READ_ONCE(aero_block_memory(block)->zone);
}

static inline int aero_block_nid(const struct aero_block *block)
{
	return READ_ONCE(aero_block_memory(block)->nid);
}

/* Only ZONE_MOVABLE promises that nothing in a block is there to stay. */
static inline bool aero_block_movable(const struct aero_block *block)
{
	struct zone *zone = aero_block_zone(block);

	return zone && zone_idx(zone) == ZONE_MOVABLE;
}

/* block.c */
void __aero_block_scan(const struct aero_blocks *blocks, struct aero_block *block);
bool __aero_blocks_scan(struct aero_blocks *blocks, bool all);
void __aero_blocks_recount(struct aero_blocks *blocks);
void __aero_blocks_unlist(struct aero_blocks *blocks, struct aero_block *block);
void aero_block_free(struct aero_block *block);
bool __aero_block_backs_off(const struct aero_block *block);
void __aero_block_failed(struct aero_block *block);
bool __aero_blocks_by_node(struct aero_blocks *blocks);

/* block_move.c */
int aero_blocks_start(struct aero_blocks *blocks);
void aero_blocks_stop(struct aero_blocks *blocks);
void aero_blocks_cancel(struct aero_blocks *blocks);

/* block_recall.c */
int aero_recall_register(struct aero_blocks *blocks);
void aero_recall_unregister(struct aero_blocks *blocks);

/* block_debugfs.c */
void aero_blocks_debugfs_add(struct aero_blocks *blocks);

/* domain.c */
struct aero_domain *__aero_domain_of(struct aero_blocks *blocks, const struct aero_block *block);
void aero_domains_clear(struct aero_blocks *blocks);

#endif /* AEROSTAT_BLOCK_PRIV_H */
