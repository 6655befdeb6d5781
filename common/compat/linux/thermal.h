/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Zones without trips have a registration of their own since 6.8; before, it is
 * the general one with no trip.
 *
 * A zone's device and its driver's data have accessors since 6.4 ("thermal/core: Add
 * a thermal zone 'devdata' accessor" and its siblings); before, they are fields.
 * Kernels without thermal zones declare no accessors.
 */
#ifndef AEROSTAT_COMPAT_LINUX_THERMAL_H
#define AEROSTAT_COMPAT_LINUX_THERMAL_H

#include_next <linux/thermal.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline struct thermal_zone_device *
aero_compat_thermal_zone_register(const char *type, void *data,
				  struct thermal_zone_device_ops *ops,
				  struct thermal_zone_params *params)
{
	return thermal_zone_device_register(type, 0, 0, data, ops, params, 0, 0);
}
#define thermal_tripless_zone_device_register aero_compat_thermal_zone_register
#endif

#if !IS_ENABLED(CONFIG_THERMAL)
static inline struct device *aero_compat_thermal_zone_device(struct thermal_zone_device *zone)
{
	return NULL;
}
#define thermal_zone_device(zone) aero_compat_thermal_zone_device(zone)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline struct device *aero_compat_thermal_zone_device(struct thermal_zone_device *zone)
{
	return &zone->device;
}

static inline void *aero_compat_thermal_zone_priv(struct thermal_zone_device *zone)
{
	return zone->devdata;
}
#define thermal_zone_device(zone) aero_compat_thermal_zone_device(zone)
#define thermal_zone_device_priv aero_compat_thermal_zone_priv
#endif

#endif
