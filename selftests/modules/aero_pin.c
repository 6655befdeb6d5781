// SPDX-License-Identifier: GPL-2.0
/*
 * Pins one page in each memory block that can be reached, but for the last few:
 * blocks of ZONE_MOVABLE that refuse to go offline (-EBUSY), as the pages of
 * another balloon driver or of a device would make them.
 */

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>

#define AERO_PIN_ORDER	9

static unsigned int spare = 2;
module_param(spare, uint, 0444);
MODULE_PARM_DESC(spare, "blocks to leave alone");

static unsigned int pinned;
module_param(pinned, uint, 0444);
MODULE_PARM_DESC(pinned, "blocks that were pinned");

static LIST_HEAD(aero_pin_pages);

static void aero_pin_release(unsigned int keep)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &aero_pin_pages, lru) {
		if (keep && keep--)
			continue;
		list_del(&page->lru);
		__ClearPageOffline(page);
		__free_page(page);
		pinned--;
	}
}

static unsigned long aero_pin_block(const struct page *page)
{
	return page_to_pfn(page) / (memory_block_size_bytes() >> PAGE_SHIFT);
}

static bool aero_pin_has(unsigned long block)
{
	struct page *page;

	list_for_each_entry(page, &aero_pin_pages, lru)
		if (aero_pin_block(page) == block)
			return true;
	return false;
}

/* Keep the first page of a chunk, the rest stays usable: the block looks as good as empty. */
static void aero_pin_keep(struct page *chunk)
{
	unsigned int i;

	split_page(chunk, AERO_PIN_ORDER);
	for (i = 1; i < 1U << AERO_PIN_ORDER; i++)
		__free_page(chunk + i);
	__SetPageOffline(chunk);
	list_add_tail(&chunk->lru, &aero_pin_pages);
	pinned++;
}

static int __init aero_pin_init(void)
{
	struct page *chunk, *next;
	LIST_HEAD(rest);

	/* All that the zone has is taken for a moment: nothing else reaches every block. */
	while ((chunk = alloc_pages(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN,
				    AERO_PIN_ORDER))) {
		if (page_zonenum(chunk) == ZONE_MOVABLE && !aero_pin_has(aero_pin_block(chunk))) {
			aero_pin_keep(chunk);
			continue;
		}
		list_add(&chunk->lru, &rest);
		if (page_zonenum(chunk) != ZONE_MOVABLE)
			break;
		cond_resched();
	}
	list_for_each_entry_safe(chunk, next, &rest, lru) {
		list_del(&chunk->lru);
		__free_pages(chunk, AERO_PIN_ORDER);
	}
	if (pinned <= spare) {
		aero_pin_release(0);
		return -ENOMEM;
	}
	aero_pin_release(pinned - spare);
	return 0;
}
module_init(aero_pin_init);

static void __exit aero_pin_exit(void)
{
	aero_pin_release(0);
}
module_exit(aero_pin_exit);

MODULE_DESCRIPTION("Aerostat selftest: memory blocks that refuse to go offline");
MODULE_LICENSE("GPL");
