// SPDX-License-Identifier: GPL-2.0
/*
 * Memory blocks: whole ones are vacated and taken offline as far as VMs gave
 * memory, and brought back before they get any of it again.
 *
 * One thread moves one block at a time towards the goal of plan.c, through the
 * block device's own state attribute: that path takes the kernel's locks and
 * keeps other agents' view true. (offline_and_remove_memory() on memory of boot
 * time would tear holes into a direct map of 1 GiB pages.)
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
 * A block with a broken page stays online. The kernel keeps that page from its
 * users as long as the block is; going offline and online made 6.1 forget it, and
 * since 6.2 such a block does not come back at all.
 */

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/page-flags.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "attr.h"
#include "block.h"
#include "host.h"
#include "loop.h"
#include "plan.h"
#include "trace.h"

/* Offlining goes on for as long as pages resist; this is when to give up. */
#define AERO_BLOCK_TIMEOUT	(20 * HZ)
/* Tries for device_hotplug_lock, 20 ms apart; and for blocks that must come back, 100 ms. */
#define AERO_BLOCK_TRIES	200
/* Free memory that the host itself keeps online: a 16th, within these bounds. */
#define AERO_BLOCK_RESERVE_MIN	(256ULL << (20 - PAGE_SHIFT))
#define AERO_BLOCK_RESERVE_MAX	(4096ULL << (20 - PAGE_SHIFT))

/**
 * struct aero_block - one memory block
 * @node: in aero_blocks.list
 * @dev: the block's device, referenced
 * @attr: its state attribute
 * @id: its number
 * @taken: this module took it offline, and it still is
 * @opposed: another agent brought it back; ends with @retry_at
 * @failures: since it last came back as it should
 * @retry_at: when to try again, jiffies; valid with @failures
 *
 * All protected by aero_blocks.lock; @dev and @attr are constant.
 */
struct aero_block {
	struct list_head node;
	struct device *dev;
	struct device_attribute *attr;
	u32 id;
	bool taken;
	bool opposed;
	u32 failures;
	unsigned long retry_at;
};

/**
 * struct aero_blocks - all blocks and who moves them
 * @host: the module
 * @bus: of the memory blocks
 * @notifier: on @bus
 * @moves: the kernel's notifier of what goes offline and online
 * @block_pages: size of a block
 * @thread: moves them
 * @wait: the thread sleeps here, and who waits for @busy
 * @timeout: ends an operation that lasts too long
 * @lock: protects what follows
 * @list: of struct aero_block
 * @busy: the block that the thread works on
 * @busy_offlining: it is to go offline, which a signal can stop
 * @cancelled: it is not wanted any more; also read without the lock
 * @reclaimed: pages that VMs gave and shall not have back yet
 * @reserve: pages that stay free on the host
 * @taken: pages offline by this module, or about to be; also read without the lock
 * @kicked: something changed
 * @stuck: the last attempt to bring a block online failed
 */
struct aero_blocks {
	struct aero_host *host;
	const struct bus_type *bus;
	struct notifier_block notifier;
	struct notifier_block moves;
	u64 block_pages;
	struct task_struct *thread;
	struct wait_queue_head wait;
	struct delayed_work timeout;

	struct mutex lock;
	struct list_head list;
	struct aero_block *busy;
	bool busy_offlining;
	bool cancelled;
	u64 reclaimed;
	u64 reserve;
	u64 taken;
	bool kicked;
	bool stuck;
};

static struct memory_block *aero_block_memory(const struct aero_block *block)
{
	return container_of(block->dev, struct memory_block, dev);
}

static bool aero_block_online(const struct aero_block *block)
{
	return READ_ONCE(aero_block_memory(block)->state) == MEM_ONLINE;
}

static bool aero_block_offline(const struct aero_block *block)
{
	return READ_ONCE(aero_block_memory(block)->state) == MEM_OFFLINE;
}

static unsigned long aero_block_pfn(const struct aero_block *block)
{
	return section_nr_to_pfn(aero_block_memory(block)->start_section_nr);
}

/* Only ZONE_MOVABLE promises that nothing in a block is there to stay. */
static bool aero_block_movable(const struct aero_block *block)
{
	struct zone *zone = READ_ONCE(aero_block_memory(block)->zone);

	return zone && zone_idx(zone) == ZONE_MOVABLE;
}

/*
 * Count the pages that are in use, and look for broken ones. Read without zone->lock:
 * a page that is freed or allocated meanwhile only makes the estimate a little worse.
 */
static void aero_block_scan(const struct aero_blocks *blocks, const struct aero_block *block,
			    struct aero_block_info *info)
{
	unsigned long pfn = aero_block_pfn(block);
	unsigned long end = pfn + blocks->block_pages;

	while (pfn < end) {
		struct page *page = pfn_to_online_page(pfn);
		unsigned long order;

		if (!page)
			break;
		if (!PageBuddy(page)) {
			if (PageHWPoison(page))
				info->held = true;
			info->used_pages++;
			pfn++;
			continue;
		}
		order = READ_ONCE(page->private);
		pfn += 1UL << min_t(unsigned long, order, PFN_SECTION_SHIFT);
	}
}

/* Ask for a new state, as a write to the block's file would. */
static int aero_block_store(struct aero_blocks *blocks, struct aero_block *block,
			    const char *state)
{
	unsigned int tries;

	for (tries = 0; tries < AERO_BLOCK_TRIES; tries++) {
		ssize_t ret;

		if (!device_is_registered(block->dev))
			return -ENODEV;
		ret = block->attr->store(block->dev, block->attr, state, strlen(state));
		if (ret != -ERESTARTNOINTR)
			return ret < 0 ? ret : 0;
		/* device_hotplug_lock was taken; the attribute asks to be called again. */
		flush_signals(current);
		if (READ_ONCE(blocks->cancelled))
			return -EINTR;
		msleep(20);
	}
	return -EAGAIN;
}

/* Stop the move under way, if that can be. */
static void aero_blocks_cancel(struct aero_blocks *blocks)
{
	WRITE_ONCE(blocks->cancelled, true);
	send_sig(SIGINT, blocks->thread, 1);
}

static void aero_block_timeout(struct work_struct *work)
{
	struct aero_blocks *blocks = container_of(to_delayed_work(work), struct aero_blocks,
						  timeout);

	aero_blocks_cancel(blocks);
}

/* Leave a block alone for a while. A tick has begun already, so one more. */
static void __aero_block_failed(struct aero_block *block)
{
	block->failures++;
	block->retry_at = jiffies + msecs_to_jiffies(aero_plan_backoff_ms(block->failures)) + 1;
}

static bool __aero_block_backs_off(const struct aero_block *block)
{
	return block->failures && time_before(jiffies, block->retry_at);
}

/* What is offline by this module; one that goes is counted when it begins to go. */
static void __aero_blocks_recount(struct aero_blocks *blocks)
{
	struct aero_block *block;
	u64 taken = 0;

	lockdep_assert_held(&blocks->lock);
	list_for_each_entry(block, &blocks->list, node)
		if (block->taken || (block == blocks->busy && blocks->busy_offlining))
			taken += blocks->block_pages;
	WRITE_ONCE(blocks->taken, taken);
}

/* Move a block, and remember how it went. Its remover waits until it is not busy. */
static void aero_blocks_move(struct aero_blocks *blocks, struct aero_block *block, bool online,
			     u64 used)
{
	unsigned long start = jiffies;
	u32 id = block->id;
	bool stuck;
	int err;

	if (!online)
		schedule_delayed_work(&blocks->timeout, AERO_BLOCK_TIMEOUT);

	err = aero_block_store(blocks, block, online ? "online_movable" : "offline");

	cancel_delayed_work_sync(&blocks->timeout);
	mutex_lock(&blocks->lock);
	/* Whether it went or came, aero_blocks_moved() has seen. */
	stuck = online && block->taken;
	if (online)
		blocks->stuck = stuck;
	/* -EINTR before its time: it is not wanted any more. */
	if (err && (err != -EINTR || time_after_eq(jiffies, start + AERO_BLOCK_TIMEOUT)))
		__aero_block_failed(block);
	else if (!err && online)
		block->failures = 0;
	blocks->busy = NULL;
	__aero_blocks_recount(blocks);
	trace_aerostat_block(id, online, err, jiffies_to_msecs(jiffies - start), used,
			     blocks->taken);
	mutex_unlock(&blocks->lock);
	wake_up_all(&blocks->wait);
	flush_signals(current);
	if (stuck)
		dev_warn_ratelimited(blocks->host->dev, "memory%u does not come online: %d\n",
				     id, err);
	aero_loop_kick(blocks->host->loop);
}

/* Fill @infos with what the plan must know. Return: how many. */
static unsigned int __aero_blocks_describe(struct aero_blocks *blocks,
					   struct aero_block_info *infos,
					   struct aero_block **map, unsigned int nr, bool want_used)
{
	struct aero_block *block;
	unsigned int i = 0;

	lockdep_assert_held(&blocks->lock);
	list_for_each_entry(block, &blocks->list, node) {
		bool online = aero_block_online(block);

		if (i == nr)
			break;
		map[i] = block;
		infos[i] = (struct aero_block_info){
			.id = block->id,
			.pages = blocks->block_pages,
			.online = online,
			.movable = online && aero_block_movable(block),
			.held = !online && !block->taken,
			.backoff = __aero_block_backs_off(block) && !kthread_should_stop(),
		};
		if (want_used && infos[i].movable && !infos[i].backoff)
			aero_block_scan(blocks, block, &infos[i]);
		i++;
		cond_resched();
	}
	return i;
}

static unsigned int __aero_blocks_nr(struct aero_blocks *blocks)
{
	struct list_head *node;
	unsigned int nr = 0;

	lockdep_assert_held(&blocks->lock);
	list_for_each(node, &blocks->list)
		nr++;
	return nr;
}

static u64 __aero_blocks_goal(struct aero_blocks *blocks)
{
	struct aero_block *block;
	u64 opposed = 0, goal;

	lockdep_assert_held(&blocks->lock);
	goal = aero_plan_goal(blocks->reclaimed, si_mem_available(), blocks->reserve,
			      blocks->block_pages, blocks->taken);
	/* Whoever brought a block back wants memory: no other one goes in its place. */
	list_for_each_entry(block, &blocks->list, node) {
		block->opposed = block->opposed && __aero_block_backs_off(block);
		if (block->opposed)
			opposed += blocks->block_pages;
	}
	if (goal > blocks->taken)
		goal = max(goal - min(goal, opposed), blocks->taken);
	return goal;
}

/* One move towards the goal. Return: true if there was one to make. */
static bool aero_blocks_step(struct aero_blocks *blocks)
{
	struct aero_block_info *infos;
	struct aero_block **map;
	unsigned int nr;
	u64 goal, used;
	int next = -1;
	bool online;

	mutex_lock(&blocks->lock);
	blocks->kicked = false;
	goal = kthread_should_stop() ? 0 : __aero_blocks_goal(blocks);
	if (goal == blocks->taken) {
		mutex_unlock(&blocks->lock);
		return false;
	}
	online = goal < blocks->taken;
	nr = __aero_blocks_nr(blocks);
	infos = kvcalloc(nr, sizeof(*infos), GFP_KERNEL);
	map = kvcalloc(nr, sizeof(*map), GFP_KERNEL);
	if (infos && map) {
		nr = __aero_blocks_describe(blocks, infos, map, nr, !online);
		next = online ? aero_plan_online(infos, nr) : aero_plan_offline(infos, nr);
	}
	used = next >= 0 ? infos[next].used_pages : 0;
	/* The remover of a block waits for @busy, so it is set before the lock is dropped. */
	blocks->busy = next >= 0 ? map[next] : NULL;
	blocks->busy_offlining = !online;
	/* What was to stop an earlier move must not stop this one. */
	flush_signals(current);
	blocks->cancelled = false;
	__aero_blocks_recount(blocks);
	mutex_unlock(&blocks->lock);

	if (next >= 0)
		aero_blocks_move(blocks, map[next], online, used);
	kvfree(map);
	kvfree(infos);
	return next >= 0;
}

static int aero_blocks_thread(void *data)
{
	struct aero_blocks *blocks = data;
	unsigned int tries;

	set_freezable();
	allow_kernel_signal(SIGINT);
	while (!kthread_should_stop()) {
		if (aero_blocks_step(blocks))
			continue;
		flush_signals(current);
		wait_event_freezable_timeout(blocks->wait,
					     kthread_should_stop() || READ_ONCE(blocks->kicked),
					     HZ);
	}
	/* All that was taken comes back; what fails is reported where it fails. */
	for (tries = 0; tries < AERO_BLOCK_TRIES && READ_ONCE(blocks->taken); tries++) {
		u64 taken = blocks->taken;

		aero_blocks_step(blocks);
		if (blocks->taken == taken)
			msleep(100);
	}
	if (blocks->taken)
		dev_err(blocks->host->dev,
			"%llu blocks stay offline; write online_movable to their state files\n",
			div64_u64(blocks->taken, blocks->block_pages));
	return 0;
}

static void aero_block_free(struct aero_block *block)
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
	/* One that appears while the list is made is met twice. */
	known = __aero_block_of(blocks, dev);
	if (!known)
		list_add_tail(&block->node, &blocks->list);
	mutex_unlock(&blocks->lock);
	if (known)
		aero_block_free(block);
	return 0;
}

static void aero_blocks_del(struct aero_blocks *blocks, struct device *dev)
{
	struct aero_block *block;

	mutex_lock(&blocks->lock);
	block = __aero_block_of(blocks, dev);
	if (block) {
		list_del(&block->node);
		block->taken = false;
		if (blocks->busy == block)
			aero_blocks_cancel(blocks);
		__aero_blocks_recount(blocks);
	}
	mutex_unlock(&blocks->lock);
	if (!block)
		return;
	wait_event(blocks->wait, READ_ONCE(blocks->busy) != block);
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
	mutex_destroy(&blocks->lock);
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
	mutex_init(&blocks->lock);
	INIT_LIST_HEAD(&blocks->list);
	init_waitqueue_head(&blocks->wait);
	INIT_DELAYED_WORK(&blocks->timeout, aero_block_timeout);
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
	blocks->thread = kthread_run(aero_blocks_thread, blocks, "aerostat-block");
	if (IS_ERR(blocks->thread)) {
		err = PTR_ERR(blocks->thread);
		goto unregister_moves;
	}
	return blocks;
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
	aero_blocks_set_reclaimed(blocks, 0, 0);
	kthread_stop(blocks->thread);
	unregister_memory_notifier(&blocks->moves);
	bus_unregister_notifier(blocks->bus, &blocks->notifier);
	aero_blocks_free(blocks);
}

/**
 * aero_blocks_set_reclaimed() - say how much may go offline
 * @blocks: blocks
 * @demand: pages that VMs shall give in all
 * @held: pages that they have given
 *
 * Where memory goes back, no block stays for which the demand does not suffice: the
 * plan's tolerance is for what is held, which fluctuates by itself.
 *
 * Context: May sleep; does not wait for blocks. Stops an offlining that is not
 * wanted any more.
 */
void aero_blocks_set_reclaimed(struct aero_blocks *blocks, u64 demand, u64 held)
{
	u64 pages = demand < held ? rounddown(demand, blocks->block_pages) : held;

	mutex_lock(&blocks->lock);
	if (pages < blocks->reclaimed && pages < blocks->taken + blocks->block_pages &&
	    blocks->busy && blocks->busy_offlining)
		aero_blocks_cancel(blocks);
	if (pages != blocks->reclaimed) {
		blocks->reclaimed = pages;
		blocks->kicked = true;
	}
	mutex_unlock(&blocks->lock);
	wake_up_all(&blocks->wait);
}

/**
 * aero_blocks_taken_pages() - memory that is not there at present
 * @blocks: blocks
 *
 * Return: pages that this module took offline.
 */
u64 aero_blocks_taken_pages(struct aero_blocks *blocks)
{
	return READ_ONCE(blocks->taken);
}

/**
 * aero_blocks_returning() - are blocks on their way back?
 * @blocks: blocks
 *
 * Context: Takes aero_blocks.lock.
 * Return: true if fewer should be offline than are, and the last attempt to bring
 * one back did not fail.
 */
bool aero_blocks_returning(struct aero_blocks *blocks)
{
	bool returning;

	mutex_lock(&blocks->lock);
	returning = !blocks->stuck && __aero_blocks_goal(blocks) < blocks->taken;
	mutex_unlock(&blocks->lock);
	return returning;
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

/**
 * aero_blocks_reserve() - memory that stays free on the host
 * @blocks: blocks
 *
 * Return: pages.
 */
u64 aero_blocks_reserve(struct aero_blocks *blocks)
{
	return READ_ONCE(blocks->reserve);
}

/**
 * aero_blocks_set_reserve() - change it
 * @blocks: blocks
 * @pages: to stay free
 *
 * Return: 0, or -ERANGE if the host has not as much memory.
 */
int aero_blocks_set_reserve(struct aero_blocks *blocks, u64 pages)
{
	/* What is offline is not part of the total, and will be back. */
	if (pages > totalram_pages() + READ_ONCE(blocks->taken))
		return -ERANGE;
	mutex_lock(&blocks->lock);
	WRITE_ONCE(blocks->reserve, pages);
	blocks->kicked = true;
	mutex_unlock(&blocks->lock);
	wake_up_all(&blocks->wait);
	return 0;
}
