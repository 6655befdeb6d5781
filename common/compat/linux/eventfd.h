/* SPDX-License-Identifier: GPL-2.0 */
/* Before 6.8 the number of signals was an argument, and nobody ever passed anything but one. */
#ifndef AEROSTAT_COMPAT_LINUX_EVENTFD_H
#define AEROSTAT_COMPAT_LINUX_EVENTFD_H

#include_next <linux/eventfd.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define eventfd_signal(ctx)	((void)eventfd_signal(ctx, 1))
#endif

#endif /* AEROSTAT_COMPAT_LINUX_EVENTFD_H */
