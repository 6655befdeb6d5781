// SPDX-License-Identifier: GPL-2.0
/*
 * Leaves no 2 MiB in one piece: takes all of them that are free, keeps every n-th
 * page of each and gives the others back. What it keeps cannot be moved, so nobody
 * makes them whole again.
 */

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

#define AERO_FRAGMENT_ORDER	9
#define AERO_FRAGMENT_PAGES	BIT(AERO_FRAGMENT_ORDER)

static unsigned int every = AERO_FRAGMENT_PAGES;
module_param(every, uint, 0444);
MODULE_PARM_DESC(every, "keep one page of so many");

static unsigned int most = UINT_MAX;
module_param(most, uint, 0444);
MODULE_PARM_DESC(most, "2 MiB that are taken apart at most");

static unsigned int pieces;
module_param(pieces, uint, 0444);
MODULE_PARM_DESC(pieces, "2 MiB that were taken apart");

static LIST_HEAD(aero_fragment_pages);

static int __init aero_fragment_init(void)
{
	/* As the balloon asks for them, so that what it would find is what this finds. */
	const gfp_t gfp = (GFP_HIGHUSER & ~__GFP_RECLAIM) | __GFP_NOMEMALLOC | __GFP_NOWARN;
	struct page *page;
	unsigned int i;

	if (!every)
		return -EINVAL;
	while (pieces < most && (page = alloc_pages(gfp, AERO_FRAGMENT_ORDER))) {
		split_page(page, AERO_FRAGMENT_ORDER);
		for (i = 0; i < AERO_FRAGMENT_PAGES; i++) {
			if (i % every)
				__free_page(page + i);
			else
				list_add_tail(&page[i].lru, &aero_fragment_pages);
		}
		pieces++;
		cond_resched();
	}
	return 0;
}
module_init(aero_fragment_init);

static void __exit aero_fragment_exit(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &aero_fragment_pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}
module_exit(aero_fragment_exit);

MODULE_DESCRIPTION("Aerostat selftest: memory without large pieces");
MODULE_LICENSE("GPL");
