/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MM_H
#define SHIM_LINUX_MM_H

#include <linux/minmax.h>
#include <linux/types.h>

#define PAGE_SIZE	4096UL
#define PAGE_SHIFT	12

#endif
