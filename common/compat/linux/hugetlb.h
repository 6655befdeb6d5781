/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page cache of hugetlb files counts in base pages since 6.7; in huge pages
 * before.
 */
#ifndef AEROSTAT_COMPAT_LINUX_HUGETLB_H
#define AEROSTAT_COMPAT_LINUX_HUGETLB_H

#include_next <linux/hugetlb.h>
#include <linux/version.h>

/**
 * hugetlb_index_shift() - unit of a hugetlb file's page cache index
 * @h: size of its pages
 *
 * Return: bytes, as a power of two.
 */
static inline unsigned int hugetlb_index_shift(struct hstate *h)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return PAGE_SHIFT;
#else
	return huge_page_shift(h);
#endif
}

#endif
