// SPDX-License-Identifier: GPL-2.0
/*
 * When the kernel's compaction wants the place of a balloon page.
 *
 * The kernel offers a page of its own instead. That one cannot take the old
 * one's place on the list of held pages at once: it must be reported first, and
 * until the host has acknowledged it, it may not be freed or migrated in turn.
 * So it goes to the inflight list like any new page, and the old one leaves like
 * any page that is deflated.
 */
#include "guest.h"
#include "trace.h"

/**
 * aero_balloon_migrate() - replace a held page by another
 * @info: the balloon's list of small pages
 * @newpage: given by the kernel, locked
 * @page: to be released, locked and isolated
 * @mode: not used: the page's contents are worthless, nothing is copied
 *
 * Context: process context, in the middle of an allocation perhaps; takes
 * aero_guest.lock.
 * Return: what struct balloon_dev_info.migratepage must return after success, or
 * -EAGAIN when the host cannot be told now.
 */
int aero_balloon_migrate(struct balloon_dev_info *info, struct page *newpage,
			 struct page *page, enum migrate_mode mode)
{
	struct aero_guest *guest = container_of(info, struct aero_guest, balloon.small);
	struct aero_balloon *balloon = &guest->balloon;

	spin_lock(&guest->lock);
	if (guest->closing || !__aero_ring_usable(guest) ||
	    __aero_ring_room(guest) < AERO_RING_RESERVE) {
		spin_unlock(&guest->lock);
		return -EAGAIN;
	}

	get_page(newpage);
	__SetPageOffline(newpage);
	adjust_managed_page_count(newpage, -1);
	aero_pages_add(&balloon->inflight[AERO_SMALL], newpage);
	__aero_ring_put(guest, AERO_OP_INFLATE, AERO_SMALL, page_to_pfn(newpage), 1, 1);

	__aero_ring_put(guest, AERO_OP_DEFLATE, AERO_SMALL, page_to_pfn(page), 1, 0);
	adjust_managed_page_count(page, 1);
	balloon->nr_small--;
	balloon->migrated++;
	__aero_ring_publish(guest);
	trace_aerostat_migrate(page_to_pfn(page), page_to_pfn(newpage));
	spin_unlock(&guest->lock);

	/* The answers to many of them are looked at together. */
	queue_delayed_work(guest->wq, &guest->work, msecs_to_jiffies(AERO_BUSY_MS));
	return aero_balloon_migrated(info, page);
}
