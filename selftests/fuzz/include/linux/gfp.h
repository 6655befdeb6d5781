/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_GFP_H
#define SHIM_LINUX_GFP_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/types.h>

#define GFP_KERNEL_ACCOUNT	0U

/* In kernel.c: they count, and fail when the input says so. */
unsigned long get_zeroed_page(gfp_t gfp);
void free_page(unsigned long page);

#endif
