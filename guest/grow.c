// SPDX-License-Identifier: GPL-2.0
/*
 * Growing the balloon: the pages are allocated, and so zeroed, by a thread of its own.
 *
 * What the guest runs comes first: unless the host is in an emergency the thread is of
 * SCHED_IDLE, and gets what others leave of a processor. It may have to wait for long,
 * while the worker, which answers the host and gives memory back, must not. Nothing is
 * held while it waits, so it takes what is free and reclaims nothing: who reclaims holds
 * folios and the locks of filesystems. When there is nothing free the next step is made at
 * the usual priority, and reclaims.
 *
 * The worker hands the thread one step at a time, and is kicked when that is done.
 * Meanwhile a step is withdrawn by lowering its goal.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <uapi/linux/sched/types.h>

#include "guest.h"

/* Is the balloon far enough from its floor to take so much more? */
static bool aero_above_floor(const struct aero_guest *guest, unsigned long nr_pages)
{
	u64 available = (u64)max(si_mem_available(), 0L) << PAGE_SHIFT;
	u64 bytes = (u64)nr_pages << PAGE_SHIFT;

	return available >= bytes && available - bytes >= READ_ONCE(guest->floor_bytes);
}

/* How much is wanted still, pages; the step may have been withdrawn. */
static unsigned long __aero_grow_gap(const struct aero_guest *guest)
{
	unsigned long size = guest->balloon.nr_pages, goal = guest->grower.goal;

	lockdep_assert_held(&guest->lock);

	if (guest->phase != AERO_PHASE_RUNNING || ktime_get_ns() < READ_ONCE(guest->oom_until_ns))
		return 0;
	return size < goal ? goal - size : 0;
}

static unsigned long aero_grow_gap(struct aero_guest *guest)
{
	unsigned long gap;

	spin_lock(&guest->lock);
	gap = __aero_grow_gap(guest);
	spin_unlock(&guest->lock);
	return gap;
}

/* One big page; returns how much that is in small ones, 0 if there is none or it is too much. */
static unsigned long aero_grow_big(struct aero_guest *guest, u32 *limits)
{
	struct page *page = aero_big_alloc();
	bool wanted;

	if (!page) {
		*limits |= AERO_LIMIT_ALLOC;
		return 0;
	}
	spin_lock(&guest->lock);
	wanted = __aero_grow_gap(guest) >= aero_kind_pages(AERO_BIG);
	if (wanted)
		__aero_balloon_add(guest, page, AERO_BIG);
	spin_unlock(&guest->lock);
	if (!wanted)
		aero_page_free(page, AERO_BIG);
	return wanted ? aero_kind_pages(AERO_BIG) : 0;
}

/* Small pages that lie side by side; returns how many the balloon got, 0 if none are wanted. */
static unsigned long aero_grow_add(struct aero_guest *guest, struct aero_pages *run)
{
	unsigned long gap, got = 0;

	spin_lock(&guest->lock);
	for (gap = min(__aero_grow_gap(guest), run->nr); got < gap; got++)
		__aero_balloon_add(guest, aero_pages_pop(run), AERO_SMALL);
	spin_unlock(&guest->lock);
	aero_pages_free(run, AERO_SMALL);
	return got;
}

/*
 * Small pages in runs, or AERO_FLOOR_PAGES single ones at most; returns how many. What is
 * left of a goal comes in runs, for each page that is punched alone can cost the host a huge
 * page; but not at the price of the short ones, which a guest in pieces needs itself.
 */
static unsigned long aero_grow_small(struct aero_guest *guest, unsigned long most, u32 *limits)
{
	struct aero_grower *grower = &guest->grower;
	unsigned long got = 0, some;
	struct aero_pages run;
	unsigned int order;

	aero_pages_init(&run);
	while (got < min(most, AERO_FLOOR_PAGES)) {
		order = grower->runs ? ilog2(most - got) : 0;
		if (aero_small_alloc(&run, order)) {
			some = aero_grow_add(guest, &run);
			got += some;
			if (some < 1UL << order)
				break;
		} else if (order) {
			grower->runs = false;
		} else {
			*limits |= AERO_LIMIT_ALLOC;
			break;
		}
	}
	return got;
}

/* One big page, or up to so many small ones; nothing if that would go below the floor. */
static unsigned long aero_grow_some(struct aero_guest *guest, enum aero_kind kind,
				    unsigned long pages, u32 *limits)
{
	if (kind == AERO_SMALL && !aero_above_floor(guest, pages))
		pages = min(pages, AERO_FLOOR_PAGES);
	if (!aero_above_floor(guest, pages)) {
		*limits |= AERO_LIMIT_FLOOR;
		return 0;
	}
	return kind == AERO_BIG ? aero_grow_big(guest, limits) :
				  aero_grow_small(guest, pages, limits);
}

/* Big pages as long as there are any, then small ones if the granule permits. */
static void aero_grow(struct kthread_work *work)
{
	struct aero_guest *guest = container_of(work, struct aero_guest, grower.work);
	struct aero_grower *grower = &guest->grower;
	const unsigned long big = aero_kind_pages(AERO_BIG);
	unsigned long grown = 0, gap, some, got;
	bool reclaims = READ_ONCE(grower->urgent);
	unsigned int flags = reclaims ? 0 : memalloc_noreclaim_save();
	enum aero_kind kind = AERO_BIG;
	u64 start = ktime_get_ns();
	u32 failed = 0;

	grower->runs = true;
	while (grown < grower->most && ktime_get_ns() - start < AERO_STEP_NS) {
		gap = aero_grow_gap(guest);
		if (gap < big)
			kind = AERO_SMALL;
		if (!gap || (kind == AERO_SMALL && !grower->small))
			break;
		some = kind == AERO_BIG ? big :
		       min3(gap, grower->most - grown, grower->runs ? big / 2 : AERO_FLOOR_PAGES);
		failed = 0;
		got = aero_grow_some(guest, kind, some, &failed);
		grown += got;
		if (failed && (kind == AERO_SMALL || !grower->small))
			break;
		/* Where a big page does not fit, small ones still may, however late it is. */
		if (failed) {
			kind = AERO_SMALL;
			if (failed & AERO_LIMIT_ALLOC)
				grower->runs = false;
			failed = 0;
			start = ktime_get_ns();
			continue;
		}
		/* Who waits shall not wait for a tick. */
		if (reclaims)
			cond_resched();
		else
			schedule();
	}
	if (!reclaims)
		memalloc_noreclaim_restore(flags);
	grower->grown = grown;
	grower->failed = failed;
	grower->reclaimed = reclaims;
	/* Pairs with aero_grow_end(): whoever sees it sees the outcome. */
	smp_store_release(&grower->done, true);
	aero_worker_kick(guest);
}

static void aero_grow_priority(struct aero_grower *grower, bool urgent)
{
	const struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = urgent ? SCHED_NORMAL : SCHED_IDLE,
	};

	/* It cannot fail: neither needs a right or a bandwidth. */
	WARN_ON_ONCE(sched_setattr_nocheck(grower->worker->task, &attr));
	WRITE_ONCE(grower->urgent, urgent);
}

/**
 * aero_grow_create() - make the thread that grows the balloon
 * @guest: the guest
 *
 * Context: process context, may sleep.
 * Return: 0 or an error. Undone by aero_grow_destroy().
 */
int aero_grow_create(struct aero_guest *guest)
{
	struct aero_grower *grower = &guest->grower;

	grower->worker = kthread_run_worker(0, "aerostat_guest");
	if (IS_ERR(grower->worker))
		return PTR_ERR(grower->worker);
	kthread_init_work(&grower->work, aero_grow);
	aero_grow_priority(grower, false);
	return 0;
}

/**
 * aero_grow_destroy() - undo aero_grow_create()
 * @guest: its worker is stopped
 *
 * Context: process context, may sleep.
 */
void aero_grow_destroy(struct aero_guest *guest)
{
	kthread_destroy_worker(guest->grower.worker);
}

/**
 * aero_grow_begin() - hand the thread a step
 * @guest: the guest; no step is under way
 * @goal: size of the balloon that is not to be exceeded, pages of the guest kernel
 * @most: how much to take in this step, pages of the guest kernel
 * @small: whether the balloon may be made of small pages
 *
 * The worker is kicked when it is done, which may be late.
 *
 * Context: worker's context; takes aero_guest.lock.
 */
void aero_grow_begin(struct aero_guest *guest, unsigned long goal, unsigned long most,
		     bool small)
{
	struct aero_grower *grower = &guest->grower;

	aero_grow_limit(guest, goal);
	grower->most = most;
	grower->small = small;
	grower->busy = true;
	kthread_queue_work(grower->worker, &grower->work);
}

/**
 * aero_grow_end() - ask for the outcome of a step
 * @guest: the guest
 * @grown: where to put what was taken, pages of the guest kernel
 * @failed: where to put why it was not more, AERO_LIMIT_*, zero if nothing hindered it
 *
 * Context: worker's context.
 * Return: true once for each step, when it is done; another may then follow.
 */
bool aero_grow_end(struct aero_guest *guest, unsigned long *grown, u32 *failed)
{
	struct aero_grower *grower = &guest->grower;

	/* Pairs with aero_grow(). */
	if (!grower->busy || !smp_load_acquire(&grower->done))
		return false;
	grower->busy = false;
	grower->done = false;
	*grown = grower->grown;
	*failed = grower->failed;
	return true;
}

/**
 * aero_grow_limit() - say how large the balloon may become
 * @guest: the guest
 * @goal: pages of the guest kernel; zero withdraws the step that is under way
 *
 * When it returns the balloon is not made larger than that, until it is said again.
 *
 * Context: any; takes aero_guest.lock.
 */
void aero_grow_limit(struct aero_guest *guest, unsigned long goal)
{
	spin_lock(&guest->lock);
	guest->grower.goal = goal;
	spin_unlock(&guest->lock);
}

/**
 * aero_grow_hurry() - say whether growing is as important as what the guest runs
 * @guest: the guest
 * @urgent: it does not wait for idle processors, and may reclaim, from the next step on
 *
 * Context: worker's context, may sleep.
 */
void aero_grow_hurry(struct aero_guest *guest, bool urgent)
{
	if (urgent != guest->grower.urgent)
		aero_grow_priority(&guest->grower, urgent);
}

/**
 * aero_grow_stop() - withdraw the step that is under way, and wait for its end
 * @guest: the guest
 *
 * Context: worker's context, may sleep; takes aero_guest.lock.
 */
void aero_grow_stop(struct aero_guest *guest)
{
	struct aero_grower *grower = &guest->grower;

	aero_grow_limit(guest, 0);
	/* Nobody should wait for what waits for an idle processor. */
	aero_grow_hurry(guest, true);
	kthread_cancel_work_sync(&grower->work);
	grower->busy = false;
	grower->done = false;
}
