/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Zones without trips have a registration of their own since 6.8; before, it is
 * the general one with no trip.
 *
 * A zone's device and its driver's data have accessors since 6.4 ("thermal/core: Add
 * a thermal zone 'devdata' accessor" and its siblings); before, they are fields.
 * Kernels without thermal zones declare no accessors.
 *
 * A zone says since 6.12 which cooling devices it wants (should_bind); before, it had to
 * bind each to its trips, by index, and up to 6.1 it is asked for the trips as well.
 * Registration took a mask of writable trips up to 6.8.
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

/*
 * AERO_COMPAT_ZONE_OPS() - operations of a zone with one trip that wants some cooling devices
 * @_name: name of the struct thermal_zone_device_ops
 * @_get_temp: its op get_temp
 * @_wants: bool (*)(struct thermal_cooling_device *): does it want that one?
 *
 * Not const: older kernels take them so, and newer ones do not mind.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define AERO_COMPAT_ZONE_OPS(_name, _get_temp, _wants)					\
static bool _name##_should_bind(struct thermal_zone_device *zone,			\
				const struct thermal_trip *trip,			\
				struct thermal_cooling_device *device,			\
				struct cooling_spec *spec)				\
{											\
	return _wants(device);								\
}											\
static struct thermal_zone_device_ops _name = {						\
	.get_temp = _get_temp,								\
	.should_bind = _name##_should_bind,						\
}
#else
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static inline int aero_compat_trip_type(struct thermal_zone_device *zone, int trip,
					enum thermal_trip_type *type)
{
	*type = zone->trips[trip].type;
	return 0;
}

static inline int aero_compat_trip_temp(struct thermal_zone_device *zone, int trip, int *temp)
{
	*temp = zone->trips[trip].temperature;
	return 0;
}
#define AERO_COMPAT_TRIP_OPS .get_trip_type = aero_compat_trip_type,			\
	.get_trip_temp = aero_compat_trip_temp,
#else
#define AERO_COMPAT_TRIP_OPS
#endif
#define AERO_COMPAT_ZONE_OPS(_name, _get_temp, _wants)					\
static int _name##_bind(struct thermal_zone_device *zone,				\
			struct thermal_cooling_device *device)				\
{											\
	if (!_wants(device))								\
		return 0;								\
	return thermal_zone_bind_cooling_device(zone, 0, device, THERMAL_NO_LIMIT,	\
						THERMAL_NO_LIMIT, THERMAL_WEIGHT_DEFAULT);	\
}											\
static int _name##_unbind(struct thermal_zone_device *zone,				\
			  struct thermal_cooling_device *device)			\
{											\
	return _wants(device) ? thermal_zone_unbind_cooling_device(zone, 0, device) : 0;	\
}											\
static struct thermal_zone_device_ops _name = {						\
	.get_temp = _get_temp,								\
	.bind = _name##_bind,								\
	.unbind = _name##_unbind,							\
	AERO_COMPAT_TRIP_OPS								\
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0) && IS_ENABLED(CONFIG_THERMAL)
static inline struct thermal_zone_device *
aero_compat_zone_register(const char *type, struct thermal_trip *trips, int nr, void *data,
			  struct thermal_zone_device_ops *ops, struct thermal_zone_params *params,
			  unsigned int passive_ms, unsigned int polling_ms)
{
	return thermal_zone_device_register_with_trips(type, trips, nr, 0, data, ops, params,
						       passive_ms, polling_ms);
}
#define thermal_zone_device_register_with_trips aero_compat_zone_register
#endif

#endif
