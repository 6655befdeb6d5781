/* SPDX-License-Identifier: GPL-2.0 */
/*
 * <linux/balloon.h>, the page side of a memory balloon, as kernel 7.0 has it.
 *
 * Before 7.0 ("mm: rename balloon_compaction.(c|h) to balloon.(c|h)") the header
 * had another name, and each driver did by itself, with the list's lock and the
 * page flags in its own hands, what the core does now. The helpers below give
 * all kernels the newest contract.
 */
#ifndef AEROSTAT_COMPAT_LINUX_BALLOON_H
#define AEROSTAT_COMPAT_LINUX_BALLOON_H

#include <linux/mm.h>
#include <linux/version.h>
#include <linux/vmstat.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#include_next <linux/balloon.h>
#else
#include <linux/balloon_compaction.h>
#endif

/**
 * aero_balloon_count() - account pages as ballooned in /proc/meminfo
 * @page: one of the pages, for its node
 * @nr: pages that joined, negative for pages that left
 *
 * balloon_page_enqueue() and its kin do this for the pages on their list; it is
 * for pages that are held in another way. Counted since 6.16
 * ("meminfo: add a per node counter for balloon drivers").
 *
 * Context: any.
 */
static inline void aero_balloon_count(struct page *page, long nr)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
	mod_node_page_state(page_pgdat(page), NR_BALLOON_PAGES, nr);
#endif
}

/**
 * aero_balloon_gfp() - where balloon_page_alloc() looks for a page
 *
 * Among movable pages if the kernel can migrate those of a balloon, which was
 * CONFIG_BALLOON_COMPACTION before 7.0.
 *
 * Context: any.
 * Return: flags for the page allocator.
 */
static inline gfp_t aero_balloon_gfp(void)
{
	return IS_ENABLED(CONFIG_BALLOON_MIGRATION) || IS_ENABLED(CONFIG_BALLOON_COMPACTION) ?
	       GFP_HIGHUSER_MOVABLE : GFP_HIGHUSER;
}

/**
 * aero_balloon_free() - free a page from balloon_page_alloc() or a migration
 * @page: not on a balloon's list; marked offline or not
 *
 * Since 6.17 ("mm/balloon_compaction: make PageOffline sticky until the page is
 * freed") the allocator takes the mark away, and must, because a page scanner
 * that raced with balloon_page_dequeue() still looks at it. Before, a marked
 * page would be reported as a bad page.
 *
 * Context: any.
 */
static inline void aero_balloon_free(struct page *page)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	if (PageOffline(page))
		__ClearPageOffline(page);
#endif
	__free_page(page);
}

/**
 * aero_balloon_enqueue() - put a page on a balloon's list, from where the kernel
 * may migrate it
 * @info: the balloon
 * @page: order 0, not on any list; marked offline or not
 *
 * Before 7.0 ("mm/balloon_compaction: remove dependency on page lock") the core's
 * balloon_page_enqueue() has BUG_ON(!trylock_page()). A page that was on the list
 * before can be locked at any moment by a compaction that still takes it for
 * movable, so it is tried here, and not insisted upon.
 *
 * Context: any; takes the list's own lock.
 * Return: false if the page is locked; try again later.
 */
static inline bool aero_balloon_enqueue(struct balloon_dev_info *info, struct page *page)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	balloon_page_enqueue(info, page);
#else
	unsigned long flags;

	if (!trylock_page(page))
		return false;

	spin_lock_irqsave(&info->pages_lock, flags);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	/* balloon_page_insert() sets the mark, and twice is a bug. */
	if (PageOffline(page))
		__ClearPageOffline(page);
#endif
	balloon_page_insert(info, page);
	count_vm_event(BALLOON_INFLATE);
	spin_unlock_irqrestore(&info->pages_lock, flags);
	unlock_page(page);
	aero_balloon_count(page, 1);
#endif
	return true;
}

/**
 * aero_balloon_migrated() - finish struct balloon_dev_info.migratepage for a
 * driver that released the old page and holds the new one off the list
 * @info: the balloon
 * @page: the old page, isolated and locked
 *
 * Since 7.0 ("mm/balloon_compaction: centralize basic page migration handling")
 * -ENOENT says so, and the core takes the old page apart; it forgets only to
 * count it out of the balloon. Before, the driver does all of it.
 * balloon_page_finalize() came late and was back-ported unevenly, hence its
 * steps are taken one by one.
 *
 * Context: in migratepage; takes the list's own lock.
 * Return: what migratepage must return.
 */
static inline int aero_balloon_migrated(struct balloon_dev_info *info, struct page *page)
{
	aero_balloon_count(page, -1);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	return -ENOENT;
#else
	unsigned long flags;

	spin_lock_irqsave(&info->pages_lock, flags);
	info->isolated_pages--;
	count_vm_event(BALLOON_DEFLATE);
#ifdef CONFIG_BALLOON_COMPACTION
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	/* Since 6.17 a page stays movable and offline until it is freed. */
	__ClearPageMovable(page);
	__ClearPageOffline(page);
#endif
	set_page_private(page, 0);
#endif
	spin_unlock_irqrestore(&info->pages_lock, flags);

	put_page(page);
	return 0;
#endif
}

#endif /* AEROSTAT_COMPAT_LINUX_BALLOON_H */
