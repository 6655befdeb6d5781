/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions on a bus take it as const since 6.4 ("driver core: bus: mark the
 * struct bus_type as const" and its siblings); before, the const is cast away.
 */
#ifndef AEROSTAT_COMPAT_LINUX_DEVICE_BUS_H
#define AEROSTAT_COMPAT_LINUX_DEVICE_BUS_H

#include_next <linux/device/bus.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)

static inline int aero_compat_bus_for_each_dev(const struct bus_type *bus,
					       struct device *start, void *data,
					       int (*fn)(struct device *dev, void *data))
{
	return bus_for_each_dev((struct bus_type *)bus, start, data, fn);
}

static inline int aero_compat_bus_register_notifier(const struct bus_type *bus,
						    struct notifier_block *nb)
{
	return bus_register_notifier((struct bus_type *)bus, nb);
}

static inline int aero_compat_bus_unregister_notifier(const struct bus_type *bus,
						      struct notifier_block *nb)
{
	return bus_unregister_notifier((struct bus_type *)bus, nb);
}

#define bus_for_each_dev aero_compat_bus_for_each_dev
#define bus_register_notifier aero_compat_bus_register_notifier
#define bus_unregister_notifier aero_compat_bus_unregister_notifier

#endif

#endif
