// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory, which nobody can move or reclaim: a write to "mib" takes that much. A
 * writer that is killed for it gives all of it back, or others would be killed next.
 */

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static unsigned long taken;
module_param(taken, ulong, 0444);
MODULE_PARM_DESC(taken, "pages, at most");

/* Protected by the module's lock of parameters. */
static LIST_HEAD(aero_wired_pages);

static void aero_wired_free(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &aero_wired_pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

static int aero_wired_take(const char *val, const struct kernel_param *kp)
{
	unsigned int mib;
	u64 pages;
	int err = kstrtouint(val, 10, &mib);

	if (err)
		return err;
	for (pages = (u64)mib << (20 - PAGE_SHIFT); pages; pages--) {
		struct page *page = fatal_signal_pending(current) ? NULL : alloc_page(GFP_KERNEL);

		if (!page) {
			aero_wired_free();
			return -ENOMEM;
		}
		list_add(&page->lru, &aero_wired_pages);
		taken++;
		cond_resched();
	}
	return 0;
}

static const struct kernel_param_ops aero_wired_ops = {
	.set = aero_wired_take,
};
module_param_cb(mib, &aero_wired_ops, NULL, 0200);
MODULE_PARM_DESC(mib, "take so many more MiB");

static int __init aero_wired_init(void)
{
	return 0;
}
module_init(aero_wired_init);

static void __exit aero_wired_exit(void)
{
	aero_wired_free();
}
module_exit(aero_wired_exit);

MODULE_DESCRIPTION("Aerostat selftest: memory that cannot be moved");
MODULE_LICENSE("GPL");
