// SPDX-License-Identifier: GPL-2.0
/*
 * What a balloon page is: how it is got, marked, counted and given back, and
 * lists of such pages. Nothing here knows of the host.
 *
 * A page in the balloon is marked offline, each 4 KiB of a big one, too, so that
 * a crash dump does not read memory that the host has freed; and it is taken out
 * of its zone's managed pages, so that MemTotal tells the truth.
 */
#include <linux/list_sort.h>

#include "guest.h"

/*
 * Big pages only from memory that is free and whole: no reclaim, no compaction.
 * Small ones can do with less, so the price is not worth paying. Not compound,
 * for the sake of aero_page_split().
 */
#define AERO_BIG_GFP	((GFP_HIGHUSER & ~__GFP_RECLAIM) | __GFP_NOMEMALLOC | \
			 __GFP_NORETRY | __GFP_NOWARN)

/* Several small ones, if they are free; of the movable, as balloon_page_alloc()'s single ones. */
#define AERO_SMALL_GFP	((aero_balloon_gfp() & ~__GFP_RECLAIM) | __GFP_NOMEMALLOC | \
			 __GFP_NORETRY | __GFP_NOWARN)

/**
 * aero_pages_init() - make an empty list
 * @pages: the list
 *
 * Context: any.
 */
void aero_pages_init(struct aero_pages *pages)
{
	INIT_LIST_HEAD(&pages->list);
	pages->nr = 0;
}

/**
 * aero_pages_add() - append a page
 * @pages: the list
 * @page: on no list
 *
 * Context: any; the caller protects @pages.
 */
void aero_pages_add(struct aero_pages *pages, struct page *page)
{
	list_add_tail(&page->lru, &pages->list);
	pages->nr++;
}

/**
 * aero_pages_add_first() - put a page back from where aero_pages_pop() took it
 * @pages: the list
 * @page: on no list
 *
 * Context: any; the caller protects @pages.
 */
void aero_pages_add_first(struct aero_pages *pages, struct page *page)
{
	list_add(&page->lru, &pages->list);
	pages->nr++;
}

static struct page *aero_pages_take(struct aero_pages *pages, struct list_head *entry)
{
	if (!pages->nr)
		return NULL;
	list_del_init(entry);
	pages->nr--;
	return list_entry(entry, struct page, lru);
}

/**
 * aero_pages_pop() - take the first page
 * @pages: the list
 *
 * Context: any; the caller protects @pages.
 * Return: the page, or NULL if there is none.
 */
struct page *aero_pages_pop(struct aero_pages *pages)
{
	return aero_pages_take(pages, pages->list.next);
}

/**
 * aero_pages_pop_last() - take the last page
 * @pages: the list
 *
 * Context: any; the caller protects @pages.
 * Return: the page, or NULL if there is none.
 */
struct page *aero_pages_pop_last(struct aero_pages *pages)
{
	return aero_pages_take(pages, pages->list.prev);
}

/**
 * aero_pages_splice() - move all pages of a list to the end of another
 * @from: left empty
 * @to: same kind
 *
 * Context: any; the caller protects both.
 */
void aero_pages_splice(struct aero_pages *from, struct aero_pages *to)
{
	list_splice_tail_init(&from->list, &to->list);
	to->nr += from->nr;
	from->nr = 0;
}

static int aero_page_compare(void *unused, const struct list_head *a, const struct list_head *b)
{
	unsigned long first = page_to_pfn(list_entry(a, struct page, lru));
	unsigned long second = page_to_pfn(list_entry(b, struct page, lru));

	return first < second ? -1 : first > second;
}

/**
 * aero_pages_sort() - bring a list into the order of page numbers
 * @pages: the list, a batch at most when it is done under a lock
 *
 * Context: any; the caller protects @pages.
 */
void aero_pages_sort(struct aero_pages *pages)
{
	list_sort(NULL, &pages->list, aero_page_compare);
}

/**
 * aero_pages_size() - memory in a list
 * @pages: the list
 * @kind: of its entries
 *
 * Context: any; the caller protects @pages.
 * Return: pages of the guest kernel.
 */
unsigned long aero_pages_size(const struct aero_pages *pages, enum aero_kind kind)
{
	return pages->nr * aero_kind_pages(kind);
}

/* Small pages side by side, or those of a big one, are the guest's no more. */
static void aero_page_leave(struct page *page, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		__SetPageOffline(page + i);
	adjust_managed_page_count(page, -(long)nr);
}

/**
 * aero_big_alloc() - take a big page from the guest
 *
 * Never makes the OOM killer run and never touches the atomic reserves.
 *
 * Context: process context, may sleep.
 * Return: the page, marked and counted out of the guest's memory, or NULL.
 */
struct page *aero_big_alloc(void)
{
	struct page *page = alloc_pages(AERO_BIG_GFP, AERO_BIG_ORDER);

	if (!page)
		return NULL;
	aero_balloon_count(page, aero_kind_pages(AERO_BIG));
	aero_page_leave(page, aero_kind_pages(AERO_BIG));
	return page;
}

/**
 * aero_small_alloc() - take small pages from the guest that lie side by side
 * @pages: where they are appended, marked and counted out of the guest's memory
 * @order: log2 of how many, less than AERO_BIG_ORDER
 *
 * Never makes the OOM killer run and never touches the atomic reserves. For a
 * single one the kernel may write out and drop page cache.
 *
 * Context: process context, may sleep; the caller protects @pages.
 * Return: false if there are none.
 */
bool aero_small_alloc(struct aero_pages *pages, unsigned int order)
{
	struct page *page = order ? alloc_pages(AERO_SMALL_GFP, order) : balloon_page_alloc();
	unsigned long i;

	if (!page)
		return false;
	if (order)
		split_page(page, order);
	aero_page_leave(page, 1UL << order);
	for (i = 0; i < 1UL << order; i++)
		aero_pages_add(pages, page + i);
	return true;
}

/**
 * aero_page_free() - give a page back to the guest
 * @page: from aero_big_alloc(), aero_small_alloc(), aero_page_split(), a migration or the held list
 * @kind: how large
 *
 * Context: any.
 */
void aero_page_free(struct page *page, enum aero_kind kind)
{
	unsigned long i;

	adjust_managed_page_count(page, aero_kind_pages(kind));
	if (kind == AERO_SMALL) {
		aero_balloon_free(page);
		return;
	}

	aero_balloon_count(page, -(long)aero_kind_pages(kind));
	/* The allocator looks after the mark of the first page only, if at all. */
	for (i = 0; i < aero_kind_pages(kind); i++)
		__ClearPageOffline(page + i);
	__free_pages(page, AERO_BIG_ORDER);
}

/**
 * aero_pages_free() - give all pages of a list back to the guest
 * @pages: the caller's own; left empty
 * @kind: of its entries
 *
 * Context: process context, may sleep if the list is long.
 */
void aero_pages_free(struct aero_pages *pages, enum aero_kind kind)
{
	struct page *page;

	while ((page = aero_pages_pop(pages)))
		aero_page_free(page, kind);
}

/**
 * aero_page_split() - make small pages of a big one
 * @page: big, on no list
 * @to: where they go, in the order of page numbers
 *
 * They stay marked and counted out of the guest's memory.
 *
 * Context: any; the caller protects @to.
 */
void aero_page_split(struct page *page, struct aero_pages *to)
{
	unsigned long i;

	aero_balloon_count(page, -(long)aero_kind_pages(AERO_BIG));
	split_page(page, AERO_BIG_ORDER);
	for (i = 0; i < aero_kind_pages(AERO_BIG); i++)
		aero_pages_add(to, page + i);
}
