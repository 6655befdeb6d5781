// SPDX-License-Identifier: GPL-2.0
/*
 * The places that a balloon page can be in, and the only ways between them:
 *
 *	page allocator --add--> unreported --report--> inflight --reap--> held
 *	                            |  ^                |  ^  |            |
 *	                          drop |              refused |         deflate
 *	                            v  +-----revoke-----|-----+            v
 *	                          free |                v               DEFLATE,
 *	                               +--gather--limbo<-disown         then free
 *
 * guest.h says what each place means. All lists are changed under
 * aero_guest.lock, and pages are freed outside it.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "guest.h"

/* One batch of the largest pages, all adjacent, still fits one descriptor. */
static_assert((u64)AERO_BATCH * AERO_BIG_SIZE <= (u64)AERO_DESC_MAX_PAGES * AERO_PAGE_SIZE);

/**
 * aero_balloon_init() - an empty balloon
 * @balloon: the balloon
 *
 * Context: before anyone else knows of it.
 */
void aero_balloon_init(struct aero_balloon *balloon)
{
	enum aero_kind kind;

	for (kind = 0; kind < AERO_KINDS; kind++) {
		aero_pages_init(&balloon->unreported[kind]);
		aero_pages_init(&balloon->inflight[kind]);
		aero_pages_init(&balloon->limbo[kind]);
	}
	aero_pages_init(&balloon->big);
	balloon_devinfo_init(&balloon->small);
	if (IS_ENABLED(CONFIG_MIGRATION))
		balloon->small.migratepage = aero_balloon_migrate;
}

static void __aero_balloon_resize(struct aero_guest *guest, long nr_pages)
{
	lockdep_assert_held(&guest->lock);

	WRITE_ONCE(guest->balloon.nr_pages, guest->balloon.nr_pages + nr_pages);
}

/**
 * __aero_balloon_add() - a new page for the balloon
 * @guest: the guest
 * @page: from aero_big_alloc() or aero_small_alloc()
 * @kind: how large
 *
 * Context: aero_guest.lock held.
 */
void __aero_balloon_add(struct aero_guest *guest, struct page *page, enum aero_kind kind)
{
	lockdep_assert_held(&guest->lock);

	aero_pages_add(&guest->balloon.unreported[kind], page);
	__aero_balloon_resize(guest, aero_kind_pages(kind));
}

/*
 * Write descriptors for the pages of a sorted list, one for each run of
 * neighbours, and move the pages that are described to another list. What does
 * not fit in the room stays behind.
 */
static void __aero_balloon_describe(struct aero_guest *guest, enum aero_op op,
				    enum aero_kind kind, struct aero_pages *from,
				    struct aero_pages *to, u32 room)
{
	unsigned long size = aero_kind_pages(kind);
	unsigned long first, entries;
	struct page *page;

	lockdep_assert_held(&guest->lock);

	while (room-- && (page = aero_pages_pop(from))) {
		first = page_to_pfn(page);
		entries = 0;
		do {
			aero_pages_add(to, page);
			entries++;
			page = list_first_entry_or_null(&from->list, struct page, lru);
			if (!page || page_to_pfn(page) != first + entries * size)
				break;
		} while ((page = aero_pages_pop(from)));

		__aero_ring_put(guest, op, kind, first, entries * size,
				op == AERO_OP_INFLATE ? entries : 0);
	}
	__aero_ring_publish(guest);
}

/**
 * aero_balloon_report() - tell the host of one batch of unreported pages
 * @guest: the guest
 * @kind: which
 *
 * Context: worker's context; takes aero_guest.lock.
 * Return: true if there is more that could be reported now.
 */
bool aero_balloon_report(struct aero_guest *guest, enum aero_kind kind)
{
	struct aero_pages *unreported = &guest->balloon.unreported[kind];
	struct aero_pages batch;
	bool more = false;
	u32 room;

	aero_pages_init(&batch);
	spin_lock(&guest->lock);
	room = __aero_ring_room(guest);
	if (__aero_ring_usable(guest) && room > AERO_RING_RESERVE) {
		while (batch.nr < AERO_BATCH && unreported->nr)
			aero_pages_add(&batch, aero_pages_pop(unreported));
		aero_pages_sort(&batch);
		__aero_balloon_describe(guest, AERO_OP_INFLATE, kind, &batch,
					&guest->balloon.inflight[kind], room - AERO_RING_RESERVE);
		more = !batch.nr && unreported->nr;
		aero_pages_splice(&batch, unreported);
	}
	spin_unlock(&guest->lock);
	return more;
}

/*
 * The target of a migration is still locked and referenced by the kernel until
 * some time after aero_balloon_migrate() returned. A page leaves the inflight
 * list only when nobody else knows it.
 */
static bool aero_page_settled(struct page *page)
{
	return page_count(page) == 1 && !PageLocked(page);
}

static bool __aero_balloon_hold(struct aero_guest *guest, enum aero_kind kind)
{
	struct aero_balloon *balloon = &guest->balloon;
	struct page *page = aero_pages_pop(&balloon->inflight[kind]);

	lockdep_assert_held(&guest->lock);

	if (kind == AERO_BIG) {
		aero_pages_add(&balloon->big, page);
		return true;
	}
	if (!aero_page_settled(page) || !aero_balloon_enqueue(&balloon->small, page)) {
		aero_pages_add_first(&balloon->inflight[kind], page);
		return false;
	}
	balloon->nr_small++;
	return true;
}

/* One batch; true if the host has acknowledged more. */
static bool __aero_balloon_reap(struct aero_guest *guest, struct aero_pages *refused)
{
	struct aero_balloon *balloon = &guest->balloon;
	struct aero_channel *ch = &guest->ch;
	unsigned int left = AERO_BATCH;
	bool is_refused = false;
	struct aero_slot *slot;
	u32 tail;

	lockdep_assert_held(&guest->lock);

	if (guest->phase != AERO_PHASE_RUNNING || !__aero_ring_done(guest, &tail))
		return false;

	for (; ch->reaped != tail; ch->reaped++) {
		slot = &ch->slots[aero_ring_slot(ch->reaped)];
		if (slot->nr && !__aero_ring_ack(guest, ch->reaped, &is_refused))
			return false;
		for (; slot->nr; slot->nr--) {
			if (!left--)
				return true;
			if (!is_refused) {
				if (!__aero_balloon_hold(guest, slot->kind))
					return false;
				continue;
			}
			aero_pages_add(&refused[slot->kind],
				       aero_pages_pop(&balloon->inflight[slot->kind]));
			__aero_balloon_resize(guest, -(long)aero_kind_pages(slot->kind));
			balloon->refused += aero_kind_pages(slot->kind);
		}
	}
	return false;
}

/**
 * aero_balloon_reap() - settle the pages that the host has acknowledged
 * @guest: the guest
 *
 * Those that it refused are the guest's again at once.
 *
 * Context: process context; takes aero_guest.lock.
 */
void aero_balloon_reap(struct aero_guest *guest)
{
	struct aero_pages refused[AERO_KINDS];
	enum aero_kind kind;
	bool more;

	for (kind = 0; kind < AERO_KINDS; kind++)
		aero_pages_init(&refused[kind]);
	do {
		spin_lock(&guest->lock);
		more = __aero_balloon_reap(guest, refused);
		spin_unlock(&guest->lock);
		for (kind = 0; kind < AERO_KINDS; kind++)
			aero_pages_free(&refused[kind], kind);
		cond_resched();
	} while (more);
}

static unsigned long __aero_balloon_drop(struct aero_guest *guest, enum aero_kind kind,
					 unsigned long max, bool closing)
{
	struct aero_pages *unreported = &guest->balloon.unreported[kind];
	struct aero_pages batch;
	unsigned long nr_pages;
	struct page *page;

	aero_pages_init(&batch);
	max = min_t(unsigned long, max, AERO_BATCH);
	spin_lock(&guest->lock);
	while (batch.nr < max && unreported->nr)
		aero_pages_add(&batch, aero_pages_pop(unreported));
	nr_pages = aero_pages_size(&batch, kind);
	__aero_balloon_resize(guest, -(long)nr_pages);
	spin_unlock(&guest->lock);

	/*
	 * A page that was taken back from the ring may be the target of a
	 * migration that is still on its way out of this module. It holds the
	 * page's lock until it is out; do not let the module go before.
	 */
	if (closing && kind == AERO_SMALL) {
		list_for_each_entry(page, &batch.list, lru) {
			lock_page(page);
			unlock_page(page);
		}
	}
	aero_pages_free(&batch, kind);
	return nr_pages;
}

/**
 * aero_balloon_drop() - free pages that the host does not know
 * @guest: the guest
 * @kind: which
 * @max: entries at most; at most a batch is freed in one call
 *
 * Context: process context; takes aero_guest.lock.
 * Return: pages of the guest kernel that were freed.
 */
unsigned long aero_balloon_drop(struct aero_guest *guest, enum aero_kind kind,
				unsigned long max)
{
	return __aero_balloon_drop(guest, kind, max, false);
}

static void __aero_balloon_take(struct aero_guest *guest, enum aero_kind kind,
				unsigned long max, struct aero_pages *to)
{
	struct aero_balloon *balloon = &guest->balloon;
	LIST_HEAD(list);
	size_t nr;

	lockdep_assert_held(&guest->lock);

	if (kind == AERO_BIG) {
		while (to->nr < max && balloon->big.nr)
			aero_pages_add(to, aero_pages_pop(&balloon->big));
		return;
	}
	nr = balloon_page_list_dequeue(&balloon->small, &list, max);
	balloon->nr_small -= nr;
	list_splice_tail(&list, &to->list);
	to->nr += nr;
}

/**
 * aero_balloon_deflate() - free pages that are held
 * @guest: the guest
 * @kind: which
 * @max: entries at most; at most a batch is freed in one call
 * @force: even if the host cannot be told, for lack of room in the ring
 *
 * The host is told first: were the page freed before, another inflation could
 * put it into the ring ahead of its own DEFLATE.
 *
 * Context: process context; takes aero_guest.lock.
 * Return: pages of the guest kernel that were freed.
 */
unsigned long aero_balloon_deflate(struct aero_guest *guest, enum aero_kind kind,
				   unsigned long max, bool force)
{
	struct aero_pages batch, gone;
	unsigned long nr_pages;
	u32 room;

	aero_pages_init(&batch);
	aero_pages_init(&gone);
	max = min_t(unsigned long, max, AERO_BATCH);

	spin_lock(&guest->lock);
	room = __aero_ring_room(guest);
	if (!room && force)
		guest->lost = true;
	if (__aero_ring_usable(guest)) {
		/* In the worst case no two pages are neighbours. */
		__aero_balloon_take(guest, kind, min_t(unsigned long, max, room), &batch);
		aero_pages_sort(&batch);
		__aero_balloon_describe(guest, AERO_OP_DEFLATE, kind, &batch, &gone, room);
	} else {
		__aero_balloon_take(guest, kind, max, &gone);
	}
	nr_pages = aero_pages_size(&gone, kind);
	__aero_balloon_resize(guest, -(long)nr_pages);
	spin_unlock(&guest->lock);

	aero_pages_free(&gone, kind);
	return nr_pages;
}

/**
 * aero_balloon_trim() - free a part of a big page that is held
 * @guest: the guest
 * @nr_pages: how much, pages of the guest kernel, less than a big page has
 *
 * The rest of it stays in the balloon as small pages. The host is none the
 * wiser: it counts ranges, not pages.
 *
 * Context: worker's context; takes aero_guest.lock.
 * Return: pages of the guest kernel that were freed; zero if there is no big page
 * or no room in the ring.
 */
unsigned long aero_balloon_trim(struct aero_guest *guest, unsigned long nr_pages)
{
	struct aero_balloon *balloon = &guest->balloon;
	struct aero_pages parts, leaving, gone;
	struct page *page = NULL;
	u32 room;

	aero_pages_init(&parts);
	aero_pages_init(&leaving);
	aero_pages_init(&gone);

	spin_lock(&guest->lock);
	room = __aero_ring_room(guest);
	/* In the worst case each part has to leave, in ranges of its own. */
	if (!__aero_ring_usable(guest) || room >= aero_kind_pages(AERO_BIG))
		page = aero_pages_pop(&balloon->big);
	if (page)
		aero_page_split(page, &parts);
	while ((page = aero_pages_pop(&parts))) {
		if (leaving.nr < nr_pages || !aero_balloon_enqueue(&balloon->small, page))
			aero_pages_add(&leaving, page);
		else
			balloon->nr_small++;
	}
	if (__aero_ring_usable(guest))
		__aero_balloon_describe(guest, AERO_OP_DEFLATE, AERO_SMALL, &leaving, &gone, room);
	aero_pages_splice(&leaving, &gone);
	nr_pages = gone.nr;
	__aero_balloon_resize(guest, -(long)nr_pages);
	spin_unlock(&guest->lock);

	aero_pages_free(&gone, AERO_SMALL);
	return nr_pages;
}

/**
 * __aero_balloon_revoke() - take back the inflight pages that the host has not claimed
 * @guest: the guest
 *
 * They are unreported again.
 *
 * Context: any, aero_guest.lock held.
 */
void __aero_balloon_revoke(struct aero_guest *guest)
{
	struct aero_balloon *balloon = &guest->balloon;
	struct aero_slot *slot;
	u32 claim, i;

	lockdep_assert_held(&guest->lock);

	if (guest->phase != AERO_PHASE_RUNNING || !__aero_ring_revoke(guest, &claim))
		return;

	for (i = guest->ch.head; i != claim; i--) {
		slot = &guest->ch.slots[aero_ring_slot(i - 1)];
		for (; slot->nr; slot->nr--)
			aero_pages_add(&balloon->unreported[slot->kind],
				       aero_pages_pop_last(&balloon->inflight[slot->kind]));
	}
}

/**
 * __aero_balloon_disown() - prepare for a new epoch: nothing may be inflight
 * @guest: the guest
 * @revoke: take back what can be; not if the shared memory is from another time
 *
 * Context: worker's context, aero_guest.lock held.
 */
void __aero_balloon_disown(struct aero_guest *guest, bool revoke)
{
	struct aero_balloon *balloon = &guest->balloon;
	enum aero_kind kind;

	lockdep_assert_held(&guest->lock);

	if (revoke)
		__aero_balloon_revoke(guest);
	for (kind = 0; kind < AERO_KINDS; kind++)
		aero_pages_splice(&balloon->inflight[kind], &balloon->limbo[kind]);
}

static void __aero_balloon_recover(struct aero_guest *guest)
{
	struct aero_balloon *balloon = &guest->balloon;
	enum aero_kind kind;

	lockdep_assert_held(&guest->lock);

	for (kind = 0; kind < AERO_KINDS; kind++)
		aero_pages_splice(&balloon->limbo[kind], &balloon->unreported[kind]);
}

/**
 * aero_balloon_gather() - the host answered a new epoch: everything is unreported
 * @guest: in AERO_PHASE_GATHERING
 *
 * Context: worker's context; takes aero_guest.lock.
 * Return: false if the kernel is just migrating some of the pages; try again.
 */
bool aero_balloon_gather(struct aero_guest *guest)
{
	struct aero_balloon *balloon = &guest->balloon;
	struct aero_pages *unreported = &balloon->unreported[AERO_SMALL];
	struct aero_pages batch;
	struct page *page;
	unsigned long nr;
	bool complete;

	do {
		aero_pages_init(&batch);
		spin_lock(&guest->lock);
		__aero_balloon_take(guest, AERO_SMALL, AERO_BATCH, &batch);
		nr = batch.nr;
		/* Before 6.17 taking a page off the kernel's list clears the mark. */
		list_for_each_entry(page, &batch.list, lru)
			__SetPageOffline(page);
		aero_pages_splice(&batch, unreported);
		spin_unlock(&guest->lock);
		cond_resched();
	} while (nr);

	spin_lock(&guest->lock);
	aero_pages_splice(&balloon->big, &balloon->unreported[AERO_BIG]);
	__aero_balloon_recover(guest);
	complete = !balloon->nr_small;
	spin_unlock(&guest->lock);
	return complete;
}

static bool aero_balloon_entangled(struct aero_guest *guest)
{
	struct aero_balloon *balloon = &guest->balloon;
	bool entangled;

	spin_lock(&guest->lock);
	/* The old epoch is over, too, when the host has answered the new one. */
	if (guest->phase == AERO_PHASE_WAITING && aero_channel_answered(&guest->ch))
		__aero_balloon_recover(guest);
	entangled = balloon->inflight[AERO_SMALL].nr || balloon->inflight[AERO_BIG].nr ||
		    balloon->limbo[AERO_SMALL].nr || balloon->limbo[AERO_BIG].nr;
	spin_unlock(&guest->lock);
	return entangled;
}

static bool aero_balloon_holds(struct aero_guest *guest)
{
	struct aero_balloon *balloon = &guest->balloon;
	bool holds;

	spin_lock(&guest->lock);
	/* Until the kernel has put the last isolated page back, it comes back to us. */
	holds = balloon->big.nr || balloon->nr_small || READ_ONCE(balloon->small.isolated_pages);
	spin_unlock(&guest->lock);
	return holds;
}

/*
 * A host that asks who is there reads nothing until it is told. But a ring of another
 * time is not vouched for: without it pages leave at once.
 */
static void aero_balloon_beat(struct aero_guest *guest)
{
	if (aero_channel_intact(guest)) {
		aero_channel_beat(guest);
		return;
	}
	spin_lock(&guest->lock);
	guest->lost = true;
	spin_unlock(&guest->lock);
}

/**
 * aero_balloon_close() - end the epoch
 * @guest: the guest; the worker is stopped
 * @empty: free all pages; otherwise they are only disowned, for a kernel that is
 *	about to end
 *
 * Pages that the host has claimed are waited for, and so is the ring, but not for
 * ever: the host may be dead. Pages that are in its hands even then stay where they
 * are. Where the next kernel would get them (a kexec, which modules see as a restart)
 * the wait is longer than any host needs that is alive.
 *
 * Context: worker's context, may sleep; takes aero_guest.lock.
 */
void aero_balloon_close(struct aero_guest *guest, bool empty)
{
	bool restart = !empty && system_state == SYSTEM_RESTART;
	unsigned long deadline = jiffies + msecs_to_jiffies(restart ? AERO_RESTART_MS :
								      AERO_CLOSE_MS);
	enum aero_kind kind;
	unsigned long freed;
	bool late = false;

	spin_lock(&guest->lock);
	guest->closing = true;
	__aero_balloon_revoke(guest);
	spin_unlock(&guest->lock);

	while (aero_balloon_entangled(guest) && !time_after(jiffies, deadline)) {
		usleep_range(1000, 2000);
		aero_balloon_beat(guest);
		aero_balloon_reap(guest);
	}

	if (empty) {
		while (__aero_balloon_drop(guest, AERO_SMALL, AERO_BATCH, true) +
		       __aero_balloon_drop(guest, AERO_BIG, AERO_BATCH, true))
			cond_resched();
		while (aero_balloon_holds(guest)) {
			freed = 0;
			for (kind = 0; kind < AERO_KINDS; kind++)
				freed += aero_balloon_deflate(guest, kind, AERO_BATCH, late);
			aero_balloon_beat(guest);
			aero_balloon_reap(guest);
			if (!freed) {
				usleep_range(1000, 2000);
				late = time_after(jiffies, deadline);
			}
		}
	}

	while (!aero_ring_drained(guest) && !time_after(jiffies, deadline)) {
		aero_balloon_beat(guest);
		usleep_range(1000, 2000);
	}
}

/**
 * aero_balloon_leak() - let go of the pages that the host never gave back
 * @guest: closed, and about to be freed
 *
 * The host may still free their memory, at any time, so nobody may ever use
 * them again in the life of this kernel.
 *
 * Context: worker's context.
 */
void aero_balloon_leak(struct aero_guest *guest)
{
	struct aero_balloon *balloon = &guest->balloon;
	unsigned long nr_pages = 0;
	enum aero_kind kind;

	for (kind = 0; kind < AERO_KINDS; kind++) {
		nr_pages += aero_pages_size(&balloon->inflight[kind], kind) +
			    aero_pages_size(&balloon->limbo[kind], kind);
		while (aero_pages_pop(&balloon->inflight[kind]) ||
		       aero_pages_pop(&balloon->limbo[kind]))
			;
	}
	if (nr_pages)
		dev_warn(&guest->pdev->dev, "%lu KiB are lost until the next boot: the host took them and did not answer, so it could still free them while they are in use\n",
			 nr_pages << (PAGE_SHIFT - 10));
}
