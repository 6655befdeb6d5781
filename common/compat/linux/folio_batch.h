/* SPDX-License-Identifier: GPL-2.0 */
/* struct folio_batch has a header of its own since 7.1; before, it is in pagevec.h. */
#ifndef AEROSTAT_COMPAT_LINUX_FOLIO_BATCH_H
#define AEROSTAT_COMPAT_LINUX_FOLIO_BATCH_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
#include_next <linux/folio_batch.h>
#else
#include <linux/pagevec.h>
#endif

#endif
