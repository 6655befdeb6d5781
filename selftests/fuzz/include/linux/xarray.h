/* SPDX-License-Identifier: GPL-2.0 */
/* As much of an xarray as host/balloon.c uses: few entries, hence a list. */
#ifndef SHIM_LINUX_XARRAY_H
#define SHIM_LINUX_XARRAY_H

#include <linux/gfp.h>
#include <linux/types.h>

#define SHIM_XA_ENTRIES	64

/**
 * struct xarray - entries in the order of their arrival
 * @nr: number of them
 * @index: where the kernel has them
 * @entry: never NULL
 */
struct xarray {
	unsigned int nr;
	unsigned long index[SHIM_XA_ENTRIES];
	void *entry[SHIM_XA_ENTRIES];
};

static inline void xa_init(struct xarray *xa)
{
	xa->nr = 0;
}

static inline void xa_destroy(struct xarray *xa)
{
	xa->nr = 0;
}

static inline void *xa_load(struct xarray *xa, unsigned long index)
{
	unsigned int i;

	for (i = 0; i < xa->nr; i++)
		if (xa->index[i] == index)
			return xa->entry[i];
	return NULL;
}

/* In kernel.c: fails when the input says so. */
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);

static inline int xa_err(void *entry)
{
	return (long)entry < 0 && (long)entry >= -4095 ? (long)entry : 0;
}

/* In the order of their arrival, and from the first one on. */
#define xa_for_each_start(xa, at, value, from)	xa_for_each(xa, at, value) if ((at) >= (from))

#define xa_for_each(xa, at, value)					\
	for (unsigned int __i = 0;					\
	     __i < (xa)->nr && ((at) = (xa)->index[__i], (value) = (xa)->entry[__i], true); \
	     __i++)

#endif
