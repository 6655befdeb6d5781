// SPDX-License-Identifier: GPL-2.0
/*
 * Which guest pages are in a VM's balloon, by the host's own account.
 *
 * One bit per 4 KiB page, in page-sized bitmaps that are allocated as the
 * balloon grows: 32 KiB for a guest of 1 GiB. The record makes the balloon's
 * size exact whatever the guest claims, and shows a guest that gives a page
 * twice or takes one back that it never gave.
 */

#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "balloon.h"

/* A chunk's bitmap fills one page: 128 MiB of guest memory where pages have 4 KiB. */
#define AERO_BALLOON_CHUNK	(PAGE_SIZE * BITS_PER_BYTE)

/**
 * aero_balloon_init() - start an empty record
 * @balloon: what to initialise
 */
void aero_balloon_init(struct aero_balloon *balloon)
{
	xa_init(&balloon->chunks);
	balloon->pages = 0;
}

/**
 * aero_balloon_clear() - forget all pages
 * @balloon: record to empty; may be used again
 *
 * Context: Process context; may sleep.
 */
void aero_balloon_clear(struct aero_balloon *balloon)
{
	unsigned long index;
	void *bitmap;

	xa_for_each(&balloon->chunks, index, bitmap) {
		free_page((unsigned long)bitmap);
		cond_resched();
	}
	xa_destroy(&balloon->chunks);
	WRITE_ONCE(balloon->pages, 0);
}

static unsigned long *aero_balloon_chunk(struct aero_balloon *balloon, u64 gfn, bool create)
{
	unsigned long index = gfn / AERO_BALLOON_CHUNK;
	unsigned long *bitmap = xa_load(&balloon->chunks, index);
	int err;

	if (bitmap || !create)
		return bitmap;
	bitmap = (unsigned long *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!bitmap)
		return NULL;
	err = xa_err(xa_store(&balloon->chunks, index, bitmap, GFP_KERNEL_ACCOUNT));
	if (err) {
		free_page((unsigned long)bitmap);
		return NULL;
	}
	return bitmap;
}

/*
 * Check the whole range before any bit is changed, so that a refused range
 * leaves no trace. @present is what each bit must be now.
 */
static int aero_balloon_check(struct aero_balloon *balloon, u64 gfn, u64 nr, bool present)
{
	while (nr) {
		unsigned long first = gfn % AERO_BALLOON_CHUNK;
		unsigned long len = min_t(u64, nr, AERO_BALLOON_CHUNK - first);
		unsigned long *bitmap = aero_balloon_chunk(balloon, gfn, !present);
		unsigned long found;

		if (!bitmap)
			return present ? -ENOENT : -ENOMEM;
		if (present)
			found = find_next_zero_bit(bitmap, first + len, first);
		else
			found = find_next_bit(bitmap, first + len, first);
		if (found < first + len)
			return present ? -ENOENT : -EEXIST;
		gfn += len;
		nr -= len;
	}
	return 0;
}

static void aero_balloon_change(struct aero_balloon *balloon, u64 gfn, u64 nr, bool present)
{
	WRITE_ONCE(balloon->pages, present ? balloon->pages + nr : balloon->pages - nr);
	while (nr) {
		unsigned long first = gfn % AERO_BALLOON_CHUNK;
		unsigned long len = min_t(u64, nr, AERO_BALLOON_CHUNK - first);
		unsigned long *bitmap = aero_balloon_chunk(balloon, gfn, false);

		if (present)
			bitmap_set(bitmap, first, len);
		else
			bitmap_clear(bitmap, first, len);
		gfn += len;
		nr -= len;
	}
}

/**
 * aero_balloon_add() - record that a guest gave a range
 * @balloon: the VM's record
 * @gfn: first guest frame
 * @nr: pages, checked to lie in the VM's memory
 *
 * All or nothing.
 *
 * Context: Process context; may sleep.
 * Return: 0, -EEXIST if any page was in the balloon already, or -ENOMEM.
 */
int aero_balloon_add(struct aero_balloon *balloon, u64 gfn, u64 nr)
{
	int err = aero_balloon_check(balloon, gfn, nr, false);

	if (!err)
		aero_balloon_change(balloon, gfn, nr, true);
	return err;
}

/**
 * aero_balloon_remove() - record that a guest took a range back
 * @balloon: the VM's record
 * @gfn: first guest frame
 * @nr: pages
 *
 * All or nothing.
 *
 * Return: 0, or -ENOENT if any page was not in the balloon.
 */
int aero_balloon_remove(struct aero_balloon *balloon, u64 gfn, u64 nr)
{
	int err = aero_balloon_check(balloon, gfn, nr, true);

	if (!err)
		aero_balloon_change(balloon, gfn, nr, false);
	return err;
}

/**
 * aero_balloon_next() - find pages that are in the balloon
 * @balloon: the VM's record
 * @gfn: where to begin to look, and the first guest frame found
 * @nr: result, pages from there on that are in the balloon; more may follow
 *
 * Return: false if there are none.
 */
bool aero_balloon_next(struct aero_balloon *balloon, u64 *gfn, u64 *nr)
{
	unsigned long from = *gfn % AERO_BALLOON_CHUNK;
	unsigned long start = *gfn / AERO_BALLOON_CHUNK;
	unsigned long index, first;
	void *bitmap;

	xa_for_each_start(&balloon->chunks, index, bitmap, start) {
		first = find_next_bit(bitmap, AERO_BALLOON_CHUNK, index == start ? from : 0);
		if (first == AERO_BALLOON_CHUNK)
			continue;
		*gfn = (u64)index * AERO_BALLOON_CHUNK + first;
		*nr = find_next_zero_bit(bitmap, AERO_BALLOON_CHUNK, first) - first;
		return true;
	}
	return false;
}
