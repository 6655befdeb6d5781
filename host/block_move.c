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
 * A block with a broken page stays online. The kernel keeps that page from its
 * users as long as the block is; going offline and online made 6.1 forget it, and
 * since 6.2 such a block does not come back at all.
 *
 * Memory that is needed back must not wait for memory: a plan is made in room that is
 * there, and the kernel's own allocations while a block comes online may use what is
 * set aside for such.
 */

#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "block_priv.h"
#include "host.h"
#include "loop.h"
#include "trace.h"

/* Offlining goes on for as long as pages resist; this is when to give up. */
#define AERO_BLOCK_TIMEOUT	(20 * HZ)
/* Tries for device_hotplug_lock, 20 ms apart; and for blocks that must come back, 100 ms. */
#define AERO_BLOCK_TRIES	200
/* How long a scan of all may hold up a decision; then it is made by what is known. */
#define AERO_BLOCK_SWEEP_MAX	HZ
/* Choices that one decision may discard because the count was too old. */
#define AERO_BLOCK_CHOICES	8
/* Blocks that were recalled stay for so long. */
#define AERO_BLOCK_CALM		(10 * HZ)

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
	/* Each try has slept, so who is told to try again does so at no pace of its own. */
	return -ERESTARTNOINTR;
}

/**
 * aero_blocks_cancel() - stop an offlining that is under way
 * @blocks: blocks, whose thread lives
 *
 * Context: any in which signals can be sent; takes no lock of ours. Who calls without
 * aero_blocks.lock may meet the next move instead, which then fails and is made again.
 */
void aero_blocks_cancel(struct aero_blocks *blocks)
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

/* Move a block, and remember how it went. Its remover waits until it is not busy. */
static void aero_blocks_move(struct aero_blocks *blocks, struct aero_block *block, bool online,
			     u64 used)
{
	unsigned long start = jiffies;
	unsigned int noreclaim;
	u32 id = block->id;
	bool stuck, gone;
	int err;

	if (online) {
		noreclaim = memalloc_noreclaim_save();
		err = aero_block_store(blocks, block, "online_movable");
		memalloc_noreclaim_restore(noreclaim);
	} else {
		schedule_delayed_work(&blocks->timeout, AERO_BLOCK_TIMEOUT);
		err = aero_block_store(blocks, block, "offline");
		cancel_delayed_work_sync(&blocks->timeout);
	}
	mutex_lock(&blocks->lock);
	/* Whether it went or came, aero_blocks_moved() has seen. */
	stuck = online && block->taken;
	if (online)
		blocks->stuck = stuck;
	/* -EINTR before its time: it is not wanted any more. */
	/* -ERESTARTNOINTR: others had device_hotplug_lock, which says nothing of the block. */
	if (err && err != -ERESTARTNOINTR &&
	    (err != -EINTR || time_after_eq(jiffies, start + AERO_BLOCK_TIMEOUT)))
		__aero_block_failed(block);
	else if (!err && online)
		block->failures = 0;
	if (!err && online)
		blocks->recalled -= min(blocks->recalled, blocks->block_pages);
	/* Its remover waits for us, unless he told of it before it was listed, and only once. */
	gone = !device_is_registered(block->dev);
	if (gone)
		__aero_blocks_unlist(blocks, block);
	/* Pairs with aero_blocks_del(), which frees the block then. */
	smp_store_release(&blocks->busy, NULL);
	WRITE_ONCE(blocks->busy_offlining, false);
	__aero_blocks_recount(blocks);
	trace_aerostat_block(id, online, err, jiffies_to_msecs(jiffies - start), used,
			     blocks->taken);
	mutex_unlock(&blocks->lock);
	if (gone)
		aero_block_free(block);
	wake_up_all(&blocks->wait);
	flush_signals(current);
	if (stuck)
		dev_warn_ratelimited(blocks->host->dev, "memory%u does not come online: %d\n",
				     id, err);
	aero_loop_kick(blocks->host->loop);
}

/* Where the user has named no domain, see __aero_blocks_by_node(). */
static unsigned int __aero_blocks_default_domain(const struct aero_block *block, unsigned int i,
						 bool by_node)
{
	int nid = aero_block_nid(block);

	return by_node ? (unsigned int)max(nid, 0) : i;
}

/* Fill the room with what the plan must know. Return: how many domains that takes. */
static unsigned int __aero_blocks_describe(struct aero_blocks *blocks, bool online)
{
	struct aero_block_room *room = &blocks->room;
	bool by_node = __aero_blocks_by_node(blocks), last = kthread_should_stop();
	unsigned int i = 0, nr_named = 0, nr;
	struct aero_domain *domain;
	struct aero_block *block;

	lockdep_assert_held(&blocks->lock);
	list_for_each_entry(domain, &blocks->domains, node) {
		domain->index = nr_named;
		room->domains[nr_named++].saved_mw_per_gib = __aero_domain_saves(domain);
	}
	nr = nr_named + (by_node ? MAX_NUMNODES : blocks->nr);
	for (i = nr_named; i < nr; i++)
		room->domains[i].saved_mw_per_gib = blocks->power.active_mw_per_gib -
						    blocks->power.off_mw_per_gib;
	i = 0;
	list_for_each_entry(block, &blocks->list, node) {
		bool is_online = aero_block_online(block);

		room->map[i] = block;
		room->infos[i] = (struct aero_block_info){
			.id = block->id,
			.domain = block->domain ? block->domain->index :
				  nr_named + __aero_blocks_default_domain(block, i, by_node),
			.pages = blocks->block_pages,
			.used_pages = block->used,
			.online = is_online,
			.movable = is_online && aero_block_movable(block),
			.held = is_online ? block->broken || block->reserved : !block->taken,
			.backoff = (__aero_block_backs_off(block) && !last) ||
				   (!online && !block->scanned),
		};
		i++;
	}
	return nr;
}

/*
 * Choose a block to go. What was counted may be old by the time that a block is
 * chosen by it: it is counted again, and if it has become dearer by an eighth of itself, the
 * choice is made again.
 */
static struct aero_block *__aero_blocks_choose_offline(struct aero_blocks *blocks, u64 budget)
{
	struct aero_block_room *room = &blocks->room;
	unsigned int tries, nr_domains;
	struct aero_block *block;
	u64 used;
	int next;

	for (tries = 0; tries < AERO_BLOCK_CHOICES; tries++) {
		nr_domains = __aero_blocks_describe(blocks, false);
		if (READ_ONCE(blocks->lowest_first))
			next = aero_plan_lowest(room->infos, blocks->nr);
		else
			next = aero_plan_offline(room->infos, blocks->nr, room->domains,
						 nr_domains, budget);
		if (next < 0)
			return NULL;
		block = room->map[next];
		used = block->used;
		__aero_block_scan(blocks, block);
		if (!block->broken && !block->reserved &&
		    (READ_ONCE(blocks->lowest_first) ||
		     block->used <= used + blocks->block_pages / 8))
			return block;
	}
	return NULL;
}

static struct aero_block *__aero_blocks_choose_online(struct aero_blocks *blocks)
{
	unsigned int nr_domains = __aero_blocks_describe(blocks, true);
	int next = aero_plan_online(blocks->room.infos, blocks->nr, blocks->room.domains,
				    nr_domains);

	return next < 0 ? NULL : blocks->room.map[next];
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
	if (goal > blocks->taken && time_before64(get_jiffies_64(), blocks->calm_until))
		goal = blocks->taken;
	if (blocks->recalled)
		goal = min(goal, blocks->taken - min(blocks->taken, blocks->recalled));
	return goal;
}

/* What is recalled comes back at once, and stays for a while. */
static void __aero_blocks_take_recall(struct aero_blocks *blocks)
{
	u64 pages = atomic_long_xchg(&blocks->recall, 0);

	lockdep_assert_held(&blocks->lock);
	if (!pages)
		return;
	blocks->recalled = min(max(blocks->recalled, pages), blocks->taken);
	blocks->calm_until = get_jiffies_64() + AERO_BLOCK_CALM;
}

/* One move towards the goal, or a part of what must be known for it. Return: go on. */
static bool aero_blocks_step(struct aero_blocks *blocks)
{
	struct aero_block *block;
	bool online;
	u64 goal, used;

	mutex_lock(&blocks->lock);
	blocks->kicked = false;
	__aero_blocks_take_recall(blocks);
	goal = kthread_should_stop() ? 0 : __aero_blocks_goal(blocks);
	if (goal == blocks->taken) {
		blocks->sweep = false;
		mutex_unlock(&blocks->lock);
		return false;
	}
	online = goal < blocks->taken;
	if (!online && !__aero_blocks_scan(blocks, false) &&
	    time_before(jiffies, blocks->sweep_began + AERO_BLOCK_SWEEP_MAX)) {
		mutex_unlock(&blocks->lock);
		cond_resched();
		return true;
	}
	if (online)
		block = __aero_blocks_choose_online(blocks);
	else
		block = __aero_blocks_choose_offline(blocks, max(goal, blocks->demand) -
						     blocks->taken);
	/* Nothing more can come back for now; what failed is tried when its time has come. */
	if (online && !block)
		blocks->recalled = 0;
	used = block && !online ? block->used : 0;
	/* The remover of a block waits for @busy, so it is set before the lock is dropped. */
	/* What was to stop an earlier move must not stop this one. */
	flush_signals(current);
	WRITE_ONCE(blocks->cancelled, false);
	WRITE_ONCE(blocks->busy, block);
	WRITE_ONCE(blocks->busy_offlining, block && !online);
	/* Pairs with aero_blocks_recall(): one of both sees the other. */
	smp_mb();
	if (block && !online && atomic_long_read(&blocks->recall))
		aero_blocks_cancel(blocks);
	__aero_blocks_recount(blocks);
	mutex_unlock(&blocks->lock);

	if (!block)
		return false;
	aero_blocks_move(blocks, block, online, used);
	return true;
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
					     kthread_should_stop() || READ_ONCE(blocks->kicked) ||
					     atomic_long_read(&blocks->recall),
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

/**
 * aero_blocks_start() - start the thread
 * @blocks: blocks, with all their notifiers
 *
 * Return: 0 or a negative errno.
 */
int aero_blocks_start(struct aero_blocks *blocks)
{
	struct task_struct *thread;

	INIT_DELAYED_WORK(&blocks->timeout, aero_block_timeout);
	thread = kthread_create(aero_blocks_thread, blocks, "aerostat-block");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	blocks->thread = thread;
	wake_up_process(thread);
	return 0;
}

/**
 * aero_blocks_stop() - bring everything back and end the thread
 * @blocks: blocks, with all their notifiers
 *
 * Context: Sleeps until all blocks are online again, or cannot come.
 */
void aero_blocks_stop(struct aero_blocks *blocks)
{
	aero_blocks_set_reclaimed(blocks, 0, 0);
	kthread_stop(blocks->thread);
}

/**
 * aero_blocks_recall() - memory is short: blocks are to come back at once
 * @blocks: blocks
 * @pages: how many are needed
 *
 * Also stops an offlining under way. Whole blocks come, and nothing goes for ten seconds.
 *
 * Context: any in which a task can be woken; takes no lock, allocates nothing, does not
 * wait.
 */
void aero_blocks_recall(struct aero_blocks *blocks, u64 pages)
{
	/* Of two at once one may be lost; who is still short asks again. */
	if ((u64)atomic_long_read(&blocks->recall) < pages)
		atomic_long_set(&blocks->recall, pages);
	/* Pairs with aero_blocks_step(). */
	smp_mb();
	if (READ_ONCE(blocks->busy_offlining))
		aero_blocks_cancel(blocks);
	wake_up_all(&blocks->wait);
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
	/* The busy one is among those that are taken; by the plan's own band. */
	if (blocks->busy && blocks->busy_offlining &&
	    aero_plan_goal(pages, U64_MAX, 0, blocks->block_pages, blocks->taken) < blocks->taken)
		aero_blocks_cancel(blocks);
	/* Memory comes in by and by; the plan is made for all that will have come. */
	blocks->demand = max(demand, held);
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
 * Return: pages that this module took offline, or is about to.
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
