// SPDX-License-Identifier: GPL-2.0
/*
 * A thermal zone of a driver that wants to be cooled by Aerostat: one passive trip, to which
 * it binds the cooling device by its type, and the governor step_wise. Its temperature is a
 * module parameter.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/thermal.h>

static int temperature = 40000;
module_param(temperature, int, 0644);
MODULE_PARM_DESC(temperature, "millidegree Celsius");

static int trip = 60000;
module_param(trip, int, 0444);
MODULE_PARM_DESC(trip, "where it is to be cooled, millidegree Celsius");

static unsigned int poll_ms = 300;
module_param(poll_ms, uint, 0444);
MODULE_PARM_DESC(poll_ms, "milliseconds between two looks of the governor");

static int aero_trip_get_temp(struct thermal_zone_device *zone, int *temp)
{
	*temp = READ_ONCE(temperature);
	return 0;
}

static bool aero_trip_wants(struct thermal_cooling_device *device)
{
	return !strcmp(device->type, "aerostat");
}

AERO_COMPAT_ZONE_OPS(aero_trip_ops, aero_trip_get_temp, aero_trip_wants);

static struct thermal_trip aero_trips[] = {
	{ .type = THERMAL_TRIP_PASSIVE, .hysteresis = 2000 },
};

static struct thermal_zone_device *aero_trip_zone;

static int __init aero_trip_init(void)
{
	static struct thermal_zone_params params = {
		.governor_name = "step_wise",
		.no_hwmon = true,
	};
	int err;

	aero_trips[0].temperature = trip;
	aero_trip_zone = thermal_zone_device_register_with_trips("aero_trip", aero_trips,
								 ARRAY_SIZE(aero_trips), NULL,
								 &aero_trip_ops, &params,
								 poll_ms, poll_ms);
	if (IS_ERR(aero_trip_zone))
		return PTR_ERR(aero_trip_zone);
	err = thermal_zone_device_enable(aero_trip_zone);
	if (err)
		thermal_zone_device_unregister(aero_trip_zone);
	return err;
}
module_init(aero_trip_init);

static void __exit aero_trip_exit(void)
{
	thermal_zone_device_unregister(aero_trip_zone);
}
module_exit(aero_trip_exit);

MODULE_DESCRIPTION("Aerostat selftest: a zone that Aerostat cools");
MODULE_LICENSE("GPL");
