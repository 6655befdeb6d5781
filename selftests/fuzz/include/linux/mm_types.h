/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MM_TYPES_H
#define SHIM_LINUX_MM_TYPES_H

#include <linux/mm.h>

struct page;

#endif
