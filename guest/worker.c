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

/* Is the balloon far enough from its floor to take so much more? */
static bool aero_above_floor(const struct aero_guest *guest, unsigned long nr_pages)
{
	u64 available = (u64)max(si_mem_available(), 0L) << PAGE_SHIFT;
	u64 bytes = (u64)nr_pages << PAGE_SHIFT;

	return available >= bytes && available - bytes >= READ_ONCE(guest->floor_bytes);
}

/* Allocate up to so many pages, none if that would go below the floor; returns how many. */
static unsigned long aero_grow_some(struct aero_guest *guest, enum aero_kind kind,
				    unsigned long entries, u32 *limits)
{
	struct page *page;
	unsigned long i;

	if (!aero_above_floor(guest, entries * aero_kind_pages(kind))) {
		*limits |= AERO_LIMIT_FLOOR;
		return 0;
	}
	for (i = 0; i < entries; i++) {
		page = aero_page_alloc(kind);
		if (!page) {
			*limits |= AERO_LIMIT_ALLOC;
			break;
		}
		spin_lock(&guest->lock);
		__aero_balloon_add(guest, page, kind);
		spin_unlock(&guest->lock);
	}
	return i * aero_kind_pages(kind);
}

/*
 * One step of growing by at most gap pages; true if the next can follow at once.
 * Big pages as long as there are any, then small ones if the granule permits.
 */
static bool aero_grow(struct aero_guest *guest, const struct aero_orders *orders,
		      unsigned long gap, bool small, u32 *limits)
{
	const unsigned long big = aero_kind_pages(AERO_BIG);
	enum aero_kind kind = AERO_BIG;
	u64 now = ktime_get_ns();
	unsigned long grown = 0, most, entries;
	u32 failed = 0;
	u64 budget;

	if (orders->flags & AERO_CTL_URGENT)
		aero_rate_set_bounds(&guest->rate, orders->rate_max, orders->rate_max);
	else
		aero_rate_set_bounds(&guest->rate, orders->rate_min, orders->rate_max);
	budget = aero_rate_budget(&guest->rate, now - guest->rate_ns);
	guest->rate_ns = now;
	if (!budget) {
		/* Nothing is tried, so nothing new is known. */
		*limits |= guest->limits & (AERO_LIMIT_FLOOR | AERO_LIMIT_ALLOC);
		return false;
	}
	most = max_t(unsigned long, min_t(u64, budget, AERO_STEP_BYTES) >> PAGE_SHIFT, 1);

	while (grown < gap && grown < most && ktime_get_ns() - now < AERO_STEP_NS) {
		if (gap - grown < big)
			kind = AERO_SMALL;
		if (kind == AERO_SMALL && !small)
			break;
		entries = kind == AERO_BIG ? 1 : min3(gap - grown, most - grown, AERO_FLOOR_PAGES);
		failed = 0;
		grown += aero_grow_some(guest, kind, entries, &failed);
		cond_resched();
		if (failed && (kind == AERO_SMALL || !small))
			break;
		/* Where a big page does not fit, small ones still may. */
		if (failed)
			kind = AERO_SMALL;
	}

	aero_rate_spend(&guest->rate, (u64)grown << PAGE_SHIFT);
	if (failed)
		aero_rate_failure(&guest->rate);
	else if (grown)
		aero_rate_success(&guest->rate);
	*limits |= failed;
	trace_aerostat_rate(guest->rate.rate, (u64)grown << PAGE_SHIFT, failed);
	return grown && !failed && grown < gap && guest->rate.credit > 0;
}

/* One step of shrinking by excess pages; true if the next can follow at once. */
static bool aero_shrink(struct aero_guest *guest, unsigned long excess)
{
	const unsigned long big = aero_kind_pages(AERO_BIG);
	unsigned long most = min_t(unsigned long, excess, AERO_STEP_BYTES >> PAGE_SHIFT);
	u64 start = ktime_get_ns();
	unsigned long gone = 0, want, got;
	bool revoked = false;

	while (gone < most && ktime_get_ns() - start < AERO_STEP_NS) {
		want = excess - gone;
		got = aero_balloon_drop(guest, AERO_SMALL, want);
		if (!got)
			got = aero_balloon_deflate(guest, AERO_SMALL, want, false);
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
	return gone < excess;
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
 * told of: the first step soon, then ever more in one go.
 */
static void aero_report(struct aero_guest *guest, bool more)
{
	unsigned long small, pages = aero_unreported(guest, &small);

	if (more && small < AERO_BATCH &&
	    pages < min(guest->told, AERO_REPORT_BYTES >> PAGE_SHIFT))
		return;
	guest->told = more ? guest->told + pages : 0;
	while (aero_balloon_report(guest, AERO_BIG) || aero_balloon_report(guest, AERO_SMALL))
		cond_resched();
}

/* Bring the balloon a step closer to its target; true if the next can follow at once. */
static bool aero_follow(struct aero_guest *guest, const struct aero_orders *orders)
{
	bool small = aero_granule_small(orders);
	unsigned long goal = aero_goal(orders);
	unsigned long size;
	bool more = false;
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
	if (size > goal) {
		more = aero_shrink(guest, size - goal);
	} else if (size < goal && READ_ONCE(guest->phase) == AERO_PHASE_RUNNING) {
		if (!aero_granule_valid(orders))
			limits |= AERO_LIMIT_ALLOC;
		else if (!limits && !guest->refused && !(orders->flags & AERO_CTL_HOLD))
			more = aero_grow(guest, orders, goal - size, small, &limits);
	}
	WRITE_ONCE(guest->limits, limits);
	WRITE_ONCE(guest->rate_bytes, guest->rate.rate);

	aero_report(guest, more);
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
	bool grows = READ_ONCE(guest->phase) == AERO_PHASE_RUNNING && size + least <= goal &&
		     !guest->refused && !(orders->flags & AERO_CTL_HOLD);

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
		queue_delayed_work(guest->wq, &guest->work, 0);
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
 * Return: 0 or -ENOMEM. Undone by aero_worker_destroy().
 */
int aero_worker_create(struct aero_guest *guest)
{
	guest->wq = alloc_workqueue("aerostat_guest",
				    WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	if (!guest->wq)
		return -ENOMEM;
	INIT_DELAYED_WORK(&guest->work, aero_worker);
	INIT_DEFERRABLE_WORK(&guest->rest, aero_worker_rest);
	guest->stopped = true;
	return 0;
}

/**
 * aero_worker_destroy() - undo aero_worker_create()
 * @guest: its worker is stopped
 *
 * Context: process context, may sleep.
 */
void aero_worker_destroy(struct aero_guest *guest)
{
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
