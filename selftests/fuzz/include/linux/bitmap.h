/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_BITMAP_H
#define SHIM_LINUX_BITMAP_H

#include <linux/minmax.h>
#include <linux/types.h>

#define BITS_PER_BYTE	8
#define BITS_PER_LONG	64

/* The bits of the word of @bit that lie in [@bit, @end). */
static inline unsigned long shim_mask(unsigned long bit, unsigned long end)
{
	unsigned long last = min(end, (bit | (BITS_PER_LONG - 1)) + 1) - 1;

	return (~0UL << bit % BITS_PER_LONG) &
	       (~0UL >> (BITS_PER_LONG - 1 - last % BITS_PER_LONG));
}

static inline unsigned long shim_find(const unsigned long *map, unsigned long end,
				      unsigned long bit, unsigned long invert)
{
	for (; bit < end; bit = (bit | (BITS_PER_LONG - 1)) + 1) {
		unsigned long word = (map[bit / BITS_PER_LONG] ^ invert) & shim_mask(bit, end);

		if (word)
			return bit / BITS_PER_LONG * BITS_PER_LONG + __builtin_ctzl(word);
	}
	return end;
}

static inline unsigned long find_next_bit(const unsigned long *map, unsigned long end,
					  unsigned long bit)
{
	return shim_find(map, end, bit, 0);
}

static inline unsigned long find_next_zero_bit(const unsigned long *map, unsigned long end,
					       unsigned long bit)
{
	return shim_find(map, end, bit, ~0UL);
}

static inline void bitmap_set(unsigned long *map, unsigned long bit, unsigned long nr)
{
	unsigned long end = bit + nr;

	for (; bit < end; bit = (bit | (BITS_PER_LONG - 1)) + 1)
		map[bit / BITS_PER_LONG] |= shim_mask(bit, end);
}

static inline void bitmap_clear(unsigned long *map, unsigned long bit, unsigned long nr)
{
	unsigned long end = bit + nr;

	for (; bit < end; bit = (bit | (BITS_PER_LONG - 1)) + 1)
		map[bit / BITS_PER_LONG] &= ~shim_mask(bit, end);
}

#endif
