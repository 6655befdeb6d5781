/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_PAGEMAP_H
#define SHIM_LINUX_PAGEMAP_H

#include <linux/folio_batch.h>
#include <linux/sched.h>

#endif
