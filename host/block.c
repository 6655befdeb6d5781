// SPDX-License-Identifier: GPL-2.0
/*
 * Memory blocks: which there are, and what is in them.
 *
 * Blocks come and go with the hardware; a notifier on their bus keeps the list.
 * The remover of a block that the thread asks for at that moment waits, but not
 * for long: the attribute only tries device_hotplug_lock, which the remover holds,
 * and the thread is told to give up.
 *
 * Others may move blocks, too. A notifier of the kernel's sees every block that
 * goes and comes, and by whom: what another agent took offline is never brought
 * online here, and what he brought online is neither taken again nor replaced by
 * another block for a while, twice as long each time.
 *
 * What is in a block is counted when something is to go, in steps of 20 ms at most,
 * and believed for ten times as long as a sweep of all lasted, half a second to a minute.
 */

#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#include "attr.h"
#include "block_priv.h"
#include "host.h"

/* Free memory that the host itself keeps online: a 16th, within these bounds. */
#define AERO_BLOCK_RESERVE_MIN	(256ULL << (20 - PAGE_SHIFT))
#define AERO_BLOCK_RESERVE_MAX	(4096ULL << (20 - PAGE_SHIFT))
/* A scan's longest step under the lock, and how much dearer than itself waiting for news is. */
#define AERO_BLOCK_SCAN_MS	20
#define AERO_BLOCK_FRESH_FACTOR	10
#define AERO_BLOCK_FRESH_MIN	(HZ / 2)
#define AERO_BLOCK_FRESH_MAX	(60 * HZ)

/**
 * __aero_block_scan() - count what is in a block
 * @blocks: blocks
 * @block: one of them
 *
 * Read without zone->lock: a page that is freed or allocated meanwhile only makes the
 * estimate a little worse. The memory map that a hot-plugged block holds for itself goes
 * and comes with it, and is no page that was reserved.
 *
 * Context: aero_blocks.lock is held, so the block's memory map stays.
 */
void __aero_block_scan(const struct aero_blocks *blocks, struct aero_block *block)
{
	unsigned long pfn = aero_block_pfn(block);
	unsigned long end = pfn + blocks->block_pages;

	lockdep_assert_held(&blocks->lock);
	block->used = 0;
	block->lru = 0;
	block->reserved = 0;
	block->broken = false;
	while (pfn < end) {
		struct page *page = pfn_to_online_page(pfn);
		unsigned long order;

		if (!page)
			break;
		if (!PageBuddy(page)) {
			block->broken |= PageHWPoison(page);
			block->reserved += PageReserved(page) && !PageVmemmapSelfHosted(page);
			block->lru += PageLRU(page);
			block->used++;
			pfn++;
			continue;
		}
		order = READ_ONCE(page->private);
		/* Anything, if the page was allocated in between. */
		pfn += order <= ilog2(MAX_ORDER_NR_PAGES) ? 1UL << order : 1;
	}
	block->scanned = true;
	block->scanned_at = jiffies;
}

static struct aero_block *__aero_block_after(struct aero_blocks *blocks, struct aero_block *block)
{
	if (list_is_last(&block->node, &blocks->list))
		return list_first_entry(&blocks->list, struct aero_block, node);
	return list_next_entry(block, node);
}

static bool __aero_block_wants_scan(const struct aero_blocks *blocks,
				    const struct aero_block *block, bool all)
{
	if (!aero_block_online(block) || (!all && !aero_block_movable(block)))
		return false;
	return !block->scanned || time_after(jiffies, block->scanned_at + blocks->fresh_for);
}

/**
 * __aero_blocks_scan() - count what is in all blocks, as far as a moment suffices
 * @blocks: blocks
 * @all: also in those that cannot go, for who only looks
 *
 * Goes on where the last call ended, and counts one block at the least.
 *
 * Context: aero_blocks.lock is held; takes 20 ms and a block.
 * Return: true if no block is left whose count is too old.
 */
bool __aero_blocks_scan(struct aero_blocks *blocks, bool all)
{
	struct aero_block *block = blocks->cursor;
	ktime_t end = ktime_add_ms(ktime_get(), AERO_BLOCK_SCAN_MS);
	unsigned int i, done = 0;

	lockdep_assert_held(&blocks->lock);
	if (!blocks->nr)
		return true;
	if (!block)
		block = list_first_entry(&blocks->list, struct aero_block, node);
	for (i = 0; i < blocks->nr; i++, block = __aero_block_after(blocks, block)) {
		if (!__aero_block_wants_scan(blocks, block, all))
			continue;
		if (!all && !blocks->sweep) {
			blocks->sweep = true;
			blocks->sweep_began = jiffies;
		}
		if (done++ && ktime_after(ktime_get(), end)) {
			blocks->cursor = block;
			return false;
		}
		__aero_block_scan(blocks, block);
		cond_resched();
	}
	blocks->cursor = block;
	if (!all && blocks->sweep) {
		blocks->sweep = false;
		blocks->fresh_for = clamp((jiffies - blocks->sweep_began) *
					  AERO_BLOCK_FRESH_FACTOR,
					  (unsigned long)AERO_BLOCK_FRESH_MIN,
					  (unsigned long)AERO_BLOCK_FRESH_MAX);
	}
	return true;
}

/**
 * __aero_block_failed() - leave a block alone for a while
 * @block: a move of it failed, or somebody else undid it
 *
 * Context: aero_blocks.lock is held.
 */
void __aero_block_failed(struct aero_block *block)
{
	block->failures++;
	/* A tick has begun already, so one more. */
	block->retry_at = jiffies + msecs_to_jiffies(aero_plan_backoff_ms(block->failures)) + 1;
}

/**
 * __aero_block_backs_off() - is a block to be left alone?
 * @block: a block
 *
 * Context: aero_blocks.lock is held.
 * Return: true if its time has not come.
 */
bool __aero_block_backs_off(const struct aero_block *block)
{
	return block->failures && time_before(jiffies, block->retry_at);
}

/**
 * __aero_blocks_recount() - count what is offline by this module
 * @blocks: blocks
 *
 * One that goes is counted when it begins to go.
 *
 * Context: aero_blocks.lock is held.
 */
void __aero_blocks_recount(struct aero_blocks *blocks)
{
	struct aero_block *block;
	u64 taken = 0;

	lockdep_assert_held(&blocks->lock);
	list_for_each_entry(block, &blocks->list, node)
		if (block->taken || (block == blocks->busy && blocks->busy_offlining))
			taken += blocks->block_pages;
	WRITE_ONCE(blocks->taken, taken);
}

/**
 * __aero_blocks_by_node() - is a domain a NUMA node?
 * @blocks: blocks
 *
 * Where there are several nodes, memory that no user's domain holds is grouped by them:
 * firmware tells by its tables (SRAT; CEDT for windows of CXL memory) which memory hangs
 * together, and the kernel makes nodes of that. It exports no finer view to modules.
 *
 * Context: aero_blocks.lock is held.
 * Return: true if there are several nodes; else each block is a domain.
 */
bool __aero_blocks_by_node(struct aero_blocks *blocks)
{
	struct aero_block *block;
	int nid = NUMA_NO_NODE;

	lockdep_assert_held(&blocks->lock);
	list_for_each_entry(block, &blocks->list, node) {
		if (nid == NUMA_NO_NODE)
			nid = aero_block_nid(block);
		else if (aero_block_nid(block) != NUMA_NO_NODE && aero_block_nid(block) != nid)
			return true;
	}
	return false;
}

static void aero_block_room_free(struct aero_block_room *room)
{
	kvfree(room->infos);
	kvfree(room->map);
	kvfree(room->domains);
}

/* Make room for more blocks. Called without the lock: it allocates. */
static int aero_blocks_grow(struct aero_blocks *blocks)
{
	unsigned int nr = READ_ONCE(blocks->room.nr) * 2 + 64;
	struct aero_block_room room = {
		.nr = nr,
		.infos = kvcalloc(nr, sizeof(*room.infos), GFP_KERNEL),
		.map = kvcalloc(nr, sizeof(*room.map), GFP_KERNEL),
		.domains = kvcalloc(AERO_DOMAINS_MAX + max_t(unsigned int, nr, MAX_NUMNODES),
				    sizeof(*room.domains), GFP_KERNEL),
	};
	int err = room.infos && room.map && room.domains ? 0 : -ENOMEM;

	mutex_lock(&blocks->lock);
	if (!err && room.nr > blocks->room.nr)
		swap(room, blocks->room);
	mutex_unlock(&blocks->lock);
	aero_block_room_free(&room);
	return err;
}

/**
 * aero_block_free() - free a block that is in no list
 * @block: a block
 *
 * Context: may sleep.
 */
void aero_block_free(struct aero_block *block)
{
	put_device(block->dev);
	kfree(block);
}

static struct aero_block *__aero_block_of(struct aero_blocks *blocks, const struct device *dev)
{
	struct aero_block *block;

	lockdep_assert_held(&blocks->lock);
	list_for_each_entry(block, &blocks->list, node)
		if (block->dev == dev)
			return block;
	return NULL;
}

static int aero_blocks_add(struct aero_blocks *blocks, struct device *dev)
{
	struct device_attribute *attr = aero_attr_find(dev, "state");
	struct aero_block *block;
	bool known;

	if (!attr || !attr->store)
		return -ENXIO;
	block = kzalloc(sizeof(*block), GFP_KERNEL);
	if (!block)
		return -ENOMEM;
	block->dev = get_device(dev);
	block->attr = attr;
	block->id = dev->id;
	mutex_lock(&blocks->lock);
	while (blocks->nr == blocks->room.nr) {
		int err;

		mutex_unlock(&blocks->lock);
		err = aero_blocks_grow(blocks);
		if (err) {
			aero_block_free(block);
			return err;
		}
		mutex_lock(&blocks->lock);
	}
	/* One that appears while the list is made is met twice. */
	known = __aero_block_of(blocks, dev);
	if (!known) {
		block->domain = __aero_domain_of(blocks, block);
		list_add_tail(&block->node, &blocks->list);
		blocks->nr++;
	}
	mutex_unlock(&blocks->lock);
	if (known)
		aero_block_free(block);
	return 0;
}

/**
 * __aero_blocks_unlist() - forget a block
 * @blocks: blocks
 * @block: one of them; the caller frees it, when nobody moves it any more
 *
 * Context: aero_blocks.lock is held; __aero_blocks_recount() is to follow.
 */
void __aero_blocks_unlist(struct aero_blocks *blocks, struct aero_block *block)
{
	lockdep_assert_held(&blocks->lock);
	list_del(&block->node);
	blocks->nr--;
	if (blocks->cursor == block)
		blocks->cursor = NULL;
	block->taken = false;
}

static void aero_blocks_del(struct aero_blocks *blocks, struct device *dev)
{
	struct aero_block *block;

	mutex_lock(&blocks->lock);
	block = __aero_block_of(blocks, dev);
	if (block) {
		__aero_blocks_unlist(blocks, block);
		if (blocks->busy == block)
			aero_blocks_cancel(blocks);
		__aero_blocks_recount(blocks);
	}
	mutex_unlock(&blocks->lock);
	if (!block)
		return;
	/* Pairs with aero_blocks_move(), which is done with it then. */
	wait_event(blocks->wait, smp_load_acquire(&blocks->busy) != block);
	aero_block_free(block);
}

/* Called with device_hotplug_lock held. */
static int aero_blocks_notify(struct notifier_block *notifier, unsigned long event, void *data)
{
	struct aero_blocks *blocks = container_of(notifier, struct aero_blocks, notifier);

	/* A block that cannot be added is one that stays online. */
	if (event == BUS_NOTIFY_ADD_DEVICE)
		aero_blocks_add(blocks, data);
	else if (event == BUS_NOTIFY_DEL_DEVICE)
		aero_blocks_del(blocks, data);
	return NOTIFY_OK;
}

/*
 * A block went offline or came online, whoever moved it. Called with
 * device_hotplug_lock held, by who moves it: all moves of a block are seen in their
 * order.
 */
static int aero_blocks_moved(struct notifier_block *notifier, unsigned long event, void *data)
{
	struct aero_blocks *blocks = container_of(notifier, struct aero_blocks, moves);
	const struct memory_notify *memory = data;
	bool own = current == blocks->thread;
	struct aero_block *block;

	if (event != MEM_ONLINE && event != MEM_OFFLINE)
		return NOTIFY_OK;
	mutex_lock(&blocks->lock);
	list_for_each_entry(block, &blocks->list, node) {
		unsigned long pfn = aero_block_pfn(block);

		/* Not always the first page: a block may hold its own memory map. */
		if (memory->start_pfn < pfn || memory->start_pfn >= pfn + blocks->block_pages)
			continue;
		if (event == MEM_ONLINE && block->taken && !own) {
			block->opposed = true;
			__aero_block_failed(block);
		}
		block->taken = event == MEM_OFFLINE && own;
		block->scanned = false;
	}
	__aero_blocks_recount(blocks);
	mutex_unlock(&blocks->lock);
	return NOTIFY_OK;
}

static int aero_blocks_add_one(struct device *dev, void *data)
{
	return aero_blocks_add(data, dev);
}

/*
 * The memory bus has no exported handle. All system devices are in one kset, which
 * the boot CPU shows, and block numbers begin with that of the first memory.
 */
static const struct bus_type *aero_blocks_find_bus(void)
{
	struct kset *kset = get_cpu_device(0)->kobj.kset;
	const struct bus_type *bus = NULL;
	char name[24];
	unsigned int id;

	for (id = 0; id < 4096 && !bus; id++) {
		struct kobject *kobj;
		struct device *dev;

		snprintf(name, sizeof(name), "memory%u", id);
		kobj = kset_find_obj(kset, name);
		if (!kobj)
			continue;
		dev = kobj_to_dev(kobj);
		if (dev->bus && !strcmp(dev->bus->name, "memory"))
			bus = dev->bus;
		kobject_put(kobj);
	}
	return bus;
}

static void aero_blocks_free(struct aero_blocks *blocks)
{
	struct aero_block *block, *next;

	list_for_each_entry_safe(block, next, &blocks->list, node)
		aero_block_free(block);
	aero_block_room_free(&blocks->room);
	mutex_destroy(&blocks->lock);
	mutex_destroy(&blocks->domains_lock);
	kfree(blocks);
}

/**
 * aero_blocks_create() - list the host's blocks and start their thread
 * @host: the module, with its control loop
 *
 * Return: the blocks, or an ERR_PTR(): -ENODEV if the kernel has no memory blocks.
 */
struct aero_blocks *aero_blocks_create(struct aero_host *host)
{
	struct aero_blocks *blocks = kzalloc(sizeof(*blocks), GFP_KERNEL);
	int err;

	if (!blocks)
		return ERR_PTR(-ENOMEM);
	blocks->host = host;
	blocks->block_pages = aero_bytes_to_pages(memory_block_size_bytes());
	blocks->reserve = clamp_t(u64, totalram_pages() / 16, AERO_BLOCK_RESERVE_MIN,
				  AERO_BLOCK_RESERVE_MAX);
	blocks->power = (struct aero_power_params)AERO_POWER_PARAMS_DEFAULT;
	blocks->fresh_for = AERO_BLOCK_FRESH_MIN;
	mutex_init(&blocks->domains_lock);
	mutex_init(&blocks->lock);
	INIT_LIST_HEAD(&blocks->list);
	INIT_LIST_HEAD(&blocks->domains);
	init_waitqueue_head(&blocks->wait);
	blocks->bus = aero_blocks_find_bus();
	if (!blocks->bus) {
		err = -ENODEV;
		goto free;
	}
	blocks->notifier.notifier_call = aero_blocks_notify;
	err = bus_register_notifier(blocks->bus, &blocks->notifier);
	if (err)
		goto free;
	err = bus_for_each_dev(blocks->bus, NULL, blocks, aero_blocks_add_one);
	if (err)
		goto unregister;
	blocks->moves.notifier_call = aero_blocks_moved;
	err = register_memory_notifier(&blocks->moves);
	if (err)
		goto unregister;
	err = aero_blocks_start(blocks);
	if (err)
		goto unregister_moves;
	err = aero_recall_register(blocks);
	if (err)
		goto stop;
	aero_blocks_debugfs_add(blocks);
	return blocks;
stop:
	aero_blocks_stop(blocks);
unregister_moves:
	unregister_memory_notifier(&blocks->moves);
unregister:
	bus_unregister_notifier(blocks->bus, &blocks->notifier);
free:
	aero_blocks_free(blocks);
	return ERR_PTR(err);
}

/**
 * aero_blocks_destroy() - bring everything back and stop
 * @blocks: what aero_blocks_create() returned
 *
 * Context: Sleeps until all blocks are online again.
 */
void aero_blocks_destroy(struct aero_blocks *blocks)
{
	debugfs_remove(blocks->debugfs);
	/* From here on nobody recalls, so the thread may go. */
	aero_recall_unregister(blocks);
	aero_blocks_stop(blocks);
	aero_domains_clear(blocks);
	unregister_memory_notifier(&blocks->moves);
	bus_unregister_notifier(blocks->bus, &blocks->notifier);
	aero_blocks_free(blocks);
}

/**
 * aero_blocks_block_pages() - size of a memory block
 * @blocks: blocks
 *
 * Context: any.
 * Return: pages.
 */
u64 aero_blocks_block_pages(const struct aero_blocks *blocks)
{
	return blocks->block_pages;
}

/**
 * aero_blocks_movable_pages() - memory that is online and can go offline
 * @blocks: blocks
 *
 * Not what was found to hold a page that is there to stay. A block that only failed to go
 * does count: it is tried again.
 *
 * Context: Takes aero_blocks.lock.
 * Return: pages.
 */
u64 aero_blocks_movable_pages(struct aero_blocks *blocks)
{
	struct aero_block *block;
	u64 pages = 0;

	mutex_lock(&blocks->lock);
	list_for_each_entry(block, &blocks->list, node)
		if (aero_block_online(block) && aero_block_movable(block) &&
		    !(block->scanned && (block->reserved || block->broken)))
			pages += blocks->block_pages;
	mutex_unlock(&blocks->lock);
	return pages;
}

/**
 * aero_blocks_totals() - count the host's blocks
 * @blocks: blocks
 * @totals: result
 *
 * Context: Takes aero_blocks.lock.
 */
void aero_blocks_totals(struct aero_blocks *blocks, struct aero_block_totals *totals)
{
	struct aero_block *block;

	*totals = (struct aero_block_totals){ .block_pages = blocks->block_pages };
	mutex_lock(&blocks->lock);
	list_for_each_entry(block, &blocks->list, node) {
		totals->nr++;
		totals->nr_offline += aero_block_offline(block);
		totals->nr_taken += block->taken && aero_block_offline(block);
	}
	mutex_unlock(&blocks->lock);
}
