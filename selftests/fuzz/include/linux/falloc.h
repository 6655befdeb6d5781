/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_FALLOC_H
#define SHIM_LINUX_FALLOC_H

#include_next <linux/falloc.h>

#endif
