// SPDX-License-Identifier: GPL-2.0
/*
 * The worker: looks at the channel, and brings the balloon to its target.
 *
 * It looks once a second when nothing happens, and every 20 ms while the balloon
 * is not at its target or the host has descriptors to acknowledge. If that is so
 * but nothing changes any more (the host is dead or holds, the floor is reached),
 * it falls back to once a second.
 *
 * Where the host rings it does not look without being rung, but for what time
 * alone brings: credit for the rate, another try at what did not succeed. What the
 * host is told without being asked (statistics) waits until the guest has something
 * else to do: an idle guest sleeps on.
 *
 * Small pages leave first when the balloon shrinks. They are what memory
 * fragments into on both sides: with them back, the guest can form large pages
 * again, and the host is left with whole ranges.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/sched.h>

#include "guest.h"
#include "trace.h"

static void aero_worker_phase(struct aero_guest *guest, enum aero_phase phase)
{
	spin_lock(&guest->lock);
	WRITE_ONCE(guest->phase, phase);
	spin_unlock(&guest->lock);
}

static void aero_worker_hello(struct aero_guest *guest, bool revoke)
{
	spin_lock(&guest->lock);
	__aero_balloon_disown(guest, revoke);
	__aero_channel_hello(guest);
	spin_unlock(&guest->lock);

	aero_doorbell_ring(guest);

	guest->stats_ns = 0;
	guest->change_ns = ktime_get_ns();
	guest->told = 0;
}

/* Has the guest enough of what it is left with that it can wait for what it is given back? */
static bool aero_has_enough(void)
{
	return si_mem_available() > (long)(totalram_pages() / 8);
}

/* One step of shrinking by excess pages; true if the next can follow. */
static bool aero_shrink(struct aero_guest *guest, unsigned long excess)
{
	const unsigned long big = aero_kind_pages(AERO_BIG);
	const bool gentle = aero_has_enough();
	unsigned long most = (gentle ? AERO_GENTLE_BYTES : AERO_STEP_BYTES) >> PAGE_SHIFT;
	unsigned long gone = 0, want, small, got;
	u64 start = ktime_get_ns();
	bool revoked = false;

	most = min(excess, most);
	while (gone < most && ktime_get_ns() - start < (gentle ? AERO_GENTLE_NS : AERO_STEP_NS)) {
		want = min(excess - gone, max(most - gone, big));
		small = gentle ? min(want, AERO_GENTLE_PAGES) : want;
		got = aero_balloon_drop(guest, AERO_SMALL, small);
		if (!got)
			got = aero_balloon_deflate(guest, AERO_SMALL, small, false);
		if (!got && want >= big)
			got = aero_balloon_drop(guest, AERO_BIG, want / big);
		if (!got && want >= big)
			got = aero_balloon_deflate(guest, AERO_BIG, want / big, false);
		if (!got && want < big)
			got = aero_balloon_trim(guest, want);
		/* Too much, but the rest comes back as small pages. */
		if (!got && want < big)
			got = aero_balloon_drop(guest, AERO_BIG, 1);
		if (!got && revoked)
			return false;
		if (!got) {
			spin_lock(&guest->lock);
			__aero_balloon_revoke(guest);
			spin_unlock(&guest->lock);
			revoked = true;
		}
		gone += got;
		cond_resched();
	}
	return gone && gone < excess;
}

/* May the balloon be made of small pages? */
static bool aero_granule_small(const struct aero_orders *orders)
{
	return orders->granule <= PAGE_SIZE;
}

static bool aero_granule_valid(const struct aero_orders *orders)
{
	return is_power_of_2(orders->granule) && orders->granule >= AERO_PAGE_SIZE &&
	       orders->granule <= AERO_BIG_SIZE;
}

/* Credit for what the rate permits: how much to take in the next step, pages. */
static unsigned long aero_grow_budget(struct aero_guest *guest, const struct aero_orders *orders)
{
	bool urgent = orders->flags & AERO_CTL_URGENT;
	u64 now = ktime_get_ns(), budget;

	aero_rate_set_bounds(&guest->rate, urgent ? orders->rate_max : orders->rate_min,
			     orders->rate_max);
	budget = aero_rate_budget(&guest->rate, now - guest->rate_ns);
	guest->rate_ns = now;
	return budget ? max(min_t(u64, budget, AERO_STEP_BYTES) >> PAGE_SHIFT, 1ULL) : 0;
}

/* What has come of the last step of growing; false if the next must wait for another look. */
static bool aero_grown(struct aero_guest *guest)
{
	unsigned long grown;
	u32 failed;

	if (!aero_grow_end(guest, &grown, &failed))
		return true;
	aero_rate_spend(&guest->rate, (u64)grown << PAGE_SHIFT);
	/* Nothing small is free, but may be had: no failure yet. Big ones nobody reclaims. */
	guest->reclaims = failed & AERO_LIMIT_ALLOC && !guest->grower.reclaimed &&
			  guest->grower.small;
	if (guest->reclaims)
		return true;
	if (failed)
		aero_rate_failure(&guest->rate);
	else if (grown)
		aero_rate_success(&guest->rate);
	guest->grower.limits = failed;
	trace_aerostat_rate(guest->rate.rate, (u64)grown << PAGE_SHIFT, failed);
	return !failed;
}

/* Grow towards the goal; true while a step is under way. */
static bool aero_grow_to(struct aero_guest *guest, const struct aero_orders *orders,
			 unsigned long goal, bool ready)
{
	bool small = aero_granule_small(orders);
	unsigned long most;

	aero_grow_hurry(guest, orders->flags & AERO_CTL_URGENT || (guest->reclaims && small));
	if (guest->grower.busy) {
		aero_grow_limit(guest, guest->grower.small && !small ? 0 : goal);
		return true;
	}
	most = ready ? aero_grow_budget(guest, orders) : 0;
	if (most)
		aero_grow_begin(guest, goal, most, small);
	return most;
}

/* The size that the balloon is to have, in pages. */
static unsigned long aero_goal(const struct aero_orders *orders)
{
	unsigned long goal = min_t(u64, orders->target >> PAGE_SHIFT, ULONG_MAX);

	return aero_granule_small(orders) ? goal : round_down(goal, aero_kind_pages(AERO_BIG));
}

/* Pages that the host has not been told of, and how many of them are small. */
static unsigned long aero_unreported(struct aero_guest *guest, unsigned long *small)
{
	const struct aero_pages *unreported = guest->balloon.unreported;
	unsigned long pages;

	spin_lock(&guest->lock);
	pages = unreported[AERO_SMALL].nr + aero_pages_size(&unreported[AERO_BIG], AERO_BIG);
	if (small)
		*small = unreported[AERO_SMALL].nr;
	spin_unlock(&guest->lock);
	return pages;
}

/*
 * Tell the host, while more follows at once only of as much again as it has been
 * told of: the first step soon, then ever more in one go. What follows may be slow
 * to come, where the guest leaves little of its processors.
 */
static void aero_report(struct aero_guest *guest, bool more, bool small)
{
	unsigned long nr_small, pages = aero_unreported(guest, &nr_small);
	u64 now = ktime_get_ns();

	if (more && nr_small < AERO_BATCH && now - guest->told_ns < AERO_REPORT_NS &&
	    pages < min(guest->told, AERO_REPORT_BYTES >> PAGE_SHIFT))
		return;
	guest->told_ns = now;
	guest->told = more ? guest->told + pages : 0;
	/* A step that began under a smaller granule may still have added some. */
	while (aero_balloon_report(guest, AERO_BIG) ||
	       (small && aero_balloon_report(guest, AERO_SMALL)))
		cond_resched();
}

/* May the balloon grow, but for what the last step has met? */
static bool aero_may_grow(const struct aero_guest *guest, const struct aero_orders *orders)
{
	return READ_ONCE(guest->phase) == AERO_PHASE_RUNNING && !guest->refused &&
	       !(orders->flags & AERO_CTL_HOLD);
}

/* Bring the balloon a step closer to its target; true if the next can follow at once. */
static bool aero_follow(struct aero_guest *guest, const struct aero_orders *orders)
{
	bool small = aero_granule_small(orders), ready = aero_grown(guest);
	unsigned long goal = aero_goal(orders), allowed = 0;
	bool more = false, growing = false;
	unsigned long size;
	u32 limits = 0;

	aero_balloon_reap(guest);

	/* Those that were reported under another granule cannot be reported under this one. */
	if (!small)
		while (aero_balloon_drop(guest, AERO_SMALL, AERO_BATCH))
			cond_resched();

	if (READ_ONCE(guest->balloon.refused) != guest->seen_refused) {
		guest->seen_refused = READ_ONCE(guest->balloon.refused);
		guest->refused = true;
	}
	if (ktime_get_ns() < READ_ONCE(guest->oom_until_ns))
		limits |= AERO_LIMIT_OOM;

	size = READ_ONCE(guest->balloon.nr_pages);
	if (size < goal && READ_ONCE(guest->phase) == AERO_PHASE_RUNNING &&
	    !aero_granule_valid(orders))
		limits |= AERO_LIMIT_ALLOC;
	else if (size < goal && !limits && aero_may_grow(guest, orders))
		allowed = goal;

	if (allowed) {
		growing = aero_grow_to(guest, orders, allowed, ready);
		limits |= guest->grower.limits;
	} else {
		aero_grow_limit(guest, 0);
	}
	if (size > goal)
		more = aero_shrink(guest, size - goal);
	WRITE_ONCE(guest->limits, limits);
	WRITE_ONCE(guest->rate_bytes, guest->rate.rate);

	aero_report(guest, more || growing, small);
	return more;
}

/* Is there anything to wait for, and has anything come of the waiting lately? */
static bool aero_busy(struct aero_guest *guest, const struct aero_orders *orders)
{
	u64 now = ktime_get_ns();
	unsigned long size;
	u32 reaped;
	bool settled;

	spin_lock(&guest->lock);
	size = guest->balloon.nr_pages;
	reaped = guest->ch.reaped;
	settled = guest->phase >= AERO_PHASE_RUNNING && reaped == guest->ch.head &&
		  !guest->balloon.unreported[AERO_SMALL].nr &&
		  !guest->balloon.unreported[AERO_BIG].nr;
	spin_unlock(&guest->lock);

	if (orders->target != guest->target) {
		trace_aerostat_target(orders->target, (u64)size << PAGE_SHIFT, orders->flags);
		WRITE_ONCE(guest->target, orders->target);
		guest->change_ns = now;
		guest->refused = false;
	}
	if (size != guest->seen_pages || reaped != guest->seen_reaped) {
		guest->seen_pages = size;
		guest->seen_reaped = reaped;
		guest->change_ns = now;
	}
	if (settled && size == orders->target >> PAGE_SHIFT)
		return false;
	return now - guest->change_ns < AERO_BUSY_NS;
}

/* One look at the channel: settle the epoch; true if the orders are to be followed. */
static bool aero_worker_meet(struct aero_guest *guest, struct aero_orders *orders)
{
	struct aero_channel *ch = &guest->ch;

	if (!aero_channel_intact(guest))
		aero_worker_hello(guest, false);
	else if (READ_ONCE(guest->lost) ||
		 (READ_ONCE(guest->phase) != AERO_PHASE_WAITING && !aero_channel_answered(ch)))
		aero_worker_hello(guest, true);
	aero_channel_beat(guest);
	aero_channel_read(ch, orders);

	if (READ_ONCE(guest->phase) == AERO_PHASE_WAITING && aero_channel_answered(ch)) {
		aero_rate_init(&guest->rate, orders->rate_min, orders->rate_max);
		guest->rate_ns = ktime_get_ns();
		guest->refused = false;
		aero_worker_phase(guest, AERO_PHASE_GATHERING);
	}
	if (READ_ONCE(guest->phase) == AERO_PHASE_GATHERING && aero_balloon_gather(guest))
		aero_worker_phase(guest, AERO_PHASE_RUNNING);
	/* A broken host's, too: it may still ask for less. */
	return READ_ONCE(guest->phase) >= AERO_PHASE_RUNNING;
}

/* Where the host rings: is there anything that time alone brings, and when? */
static unsigned int aero_worker_wait(struct aero_guest *guest, const struct aero_orders *orders,
				     bool busy)
{
	unsigned long size = READ_ONCE(guest->balloon.nr_pages);
	unsigned long goal = aero_goal(orders);
	unsigned long least = aero_granule_small(orders) ? 1 : aero_kind_pages(AERO_BIG);
	/* A step that is under way kicks when it is done. */
	bool grows = !guest->grower.busy && size + least <= goal && aero_may_grow(guest, orders);

	/* With the next credit it looks at what the host has done until then. */
	if (grows && !guest->limits && !aero_unreported(guest, NULL))
		return clamp_t(u64, aero_rate_wait_ms(&guest->rate, AERO_STEP_BYTES),
			       AERO_BUSY_MS, AERO_CREDIT_MS);
	/* It is far enough already, or a page that it is done with is still locked. */
	if (!aero_ring_arm(guest))
		return AERO_BUSY_MS;
	if (READ_ONCE(guest->phase) < AERO_PHASE_GATHERING)
		return AERO_NEVER_MS;
	/* What the kernel is moving elsewhere can be had in a moment. */
	if (READ_ONCE(guest->phase) == AERO_PHASE_GATHERING || size > goal)
		return busy ? AERO_BUSY_MS : AERO_IDLE_MS;
	if (!grows)
		return AERO_NEVER_MS;
	return guest->limits ? AERO_IDLE_MS : AERO_BUSY_MS;
}

static void aero_worker_sleep(struct aero_guest *guest, const struct aero_orders *orders)
{
	unsigned int wait = AERO_IDLE_MS;
	bool busy = aero_busy(guest, orders);	/* also notes a new target */

	if (guest->ch.rings)
		wait = aero_worker_wait(guest, orders, busy);
	else if (busy)
		wait = AERO_BUSY_MS;
	if (wait != AERO_NEVER_MS)
		queue_delayed_work(guest->wq, &guest->work, msecs_to_jiffies(wait));
	else
		mod_delayed_work(guest->wq, &guest->rest, msecs_to_jiffies(AERO_IDLE_MS));
}

static void aero_worker(struct work_struct *work)
{
	struct aero_guest *guest = container_of(to_delayed_work(work), struct aero_guest, work);
	struct aero_orders orders;
	bool more = false;
	u64 now;

	if (READ_ONCE(guest->stopped) || READ_ONCE(guest->phase) == AERO_PHASE_CLOSED)
		return;

	if (aero_worker_meet(guest, &orders))
		more = aero_follow(guest, &orders);

	now = ktime_get_ns();
	if (!guest->stats_ns || now - guest->stats_ns >= NSEC_PER_SEC ||
	    orders.flags & AERO_CTL_CALL) {
		guest->stats_ns = now;
		aero_stats_publish(guest);
	}
	aero_channel_publish(guest);
	if (orders.flags & AERO_CTL_CALL)
		aero_doorbell_ring(guest);

	if (more)
		queue_delayed_work(guest->wq, &guest->work, aero_has_enough() ? 1 : 0);
	else
		aero_worker_sleep(guest, &orders);
}

static void aero_worker_rest(struct work_struct *work)
{
	aero_worker_kick(container_of(to_delayed_work(work), struct aero_guest, rest));
}

/**
 * aero_worker_create() - make the worker, not yet running
 * @guest: the guest
 *
 * It has a thread of its own to fall back on when memory is short, for it is the
 * one that gives memory back.
 *
 * Context: process context, may sleep.
 * Return: 0 or an error. Undone by aero_worker_destroy().
 */
int aero_worker_create(struct aero_guest *guest)
{
	int err;

	guest->wq = alloc_workqueue("aerostat_guest",
				    WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	if (!guest->wq)
		return -ENOMEM;
	INIT_DELAYED_WORK(&guest->work, aero_worker);
	INIT_DEFERRABLE_WORK(&guest->rest, aero_worker_rest);
	guest->stopped = true;
	err = aero_grow_create(guest);
	if (err)
		destroy_workqueue(guest->wq);
	return err;
}

/**
 * aero_worker_destroy() - undo aero_worker_create()
 * @guest: its worker is stopped
 *
 * Context: process context, may sleep.
 */
void aero_worker_destroy(struct aero_guest *guest)
{
	aero_grow_destroy(guest);
	/* The last migration has queued it with a delay, perhaps after it was stopped. */
	cancel_delayed_work_sync(&guest->work);
	destroy_workqueue(guest->wq);
}

/**
 * aero_worker_start() - say hello, and go to work
 * @guest: its worker is stopped
 *
 * Context: process context, may sleep. Undone by aero_worker_stop().
 */
void aero_worker_start(struct aero_guest *guest)
{
	aero_worker_hello(guest, true);
	WRITE_ONCE(guest->stopped, false);
	aero_worker_kick(guest);
}

/**
 * aero_worker_stop() - undo aero_worker_start()
 * @guest: the guest
 *
 * Afterwards the caller is in the worker's context.
 *
 * Context: process context, may sleep.
 */
void aero_worker_stop(struct aero_guest *guest)
{
	WRITE_ONCE(guest->stopped, true);
	cancel_delayed_work_sync(&guest->work);
	cancel_delayed_work_sync(&guest->rest);
	aero_grow_stop(guest);
	/* It may have been kicked meanwhile, and then returned at once. */
	cancel_delayed_work_sync(&guest->work);
}

/**
 * aero_worker_kick() - let the worker look now
 * @guest: the guest
 *
 * Context: any.
 */
void aero_worker_kick(struct aero_guest *guest)
{
	mod_delayed_work(guest->wq, &guest->work, 0);
}
