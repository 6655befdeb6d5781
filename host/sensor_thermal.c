// SPDX-License-Identifier: GPL-2.0
/*
 * Thermal zones as sensors.
 *
 * A zone is named by its type ("acpitz"), or where several are of one type, by its
 * name in sysfs ("thermal_zone3"). It is read through its temp attribute, for
 * thermal_zone_get_zone_by_name() gives a pointer without a reference, and the
 * zone may be gone before thermal_zone_get_temp() looks at it. A zone that is
 * disabled, or whose reading fails, is merely faulty.
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/thermal.h>

#include "attr.h"
#include "sensor.h"
#include "sensor_class.h"

static struct aero_sensor_class aero_thermal_zones =
	AERO_SENSOR_CLASS_INIT(aero_thermal_zones, "type");

/* Cooling devices are of the same class; they have no temperature. */
static int aero_thermal_add(struct device *dev)
{
	return aero_attr_find(dev, "temp") ? aero_sensor_class_add(&aero_thermal_zones, dev) : 0;
}

static void aero_thermal_remove(struct device *dev)
{
	aero_sensor_class_remove(&aero_thermal_zones, dev);
}

static struct class_interface aero_thermal_interface = {
	.add_dev = aero_thermal_add,
	.remove_dev = aero_thermal_remove,
};

static int aero_thermal_parse(const char *rest, struct aero_sensor_source *source)
{
	static_assert(THERMAL_NAME_LENGTH <= AERO_SENSOR_NAME_MAX);
	if (!*rest || strlen(rest) >= THERMAL_NAME_LENGTH)
		return -EINVAL;
	source->kind = AERO_SENSOR_TEMPERATURE;
	return 0;
}

static int aero_thermal_read(const char *rest, s64 *value)
{
	return aero_sensor_class_read(&aero_thermal_zones, rest, "temp", value);
}

const struct aero_sensor_ops aero_sensor_thermal_ops = {
	.prefix = "thermal",
	.parse = aero_thermal_parse,
	.read = aero_thermal_read,
};

/* The core asks only zones that are enabled, and that one never is. */
static int aero_thermal_no_temp(struct thermal_zone_device *zone, int *temp)
{
	return -EAGAIN;
}

/*
 * The class has no exported handle, but each zone is a device of it. One is
 * registered for as long as it takes to look: without trips, so that no cooling
 * device is bound to it, without a hwmon chip, and disabled.
 */
static int aero_thermal_find_class(void)
{
	/* Not const: older kernels take them so, and newer ones do not mind. */
	static struct thermal_zone_device_ops ops = { .get_temp = aero_thermal_no_temp };
	static struct thermal_zone_params params = { .no_hwmon = true };
	struct thermal_zone_device *zone;

	zone = thermal_tripless_zone_device_register("aerostat", NULL, &ops, &params);
	if (IS_ERR(zone))
		return PTR_ERR(zone);
	aero_thermal_interface.class = thermal_zone_device(zone)->class;
	thermal_zone_device_unregister(zone);
	return 0;
}

/**
 * aero_sensor_thermal_init() - follow the thermal zones of this machine
 *
 * Return: 0, also on a kernel without zones, or a negative errno.
 */
int aero_sensor_thermal_init(void)
{
	int err;

	err = aero_thermal_find_class();
	if (err)
		return err == -ENODEV ? 0 : err;
	return class_interface_register(&aero_thermal_interface);
}

/**
 * aero_sensor_thermal_exit() - follow them no more
 */
void aero_sensor_thermal_exit(void)
{
	if (aero_thermal_interface.class)
		class_interface_unregister(&aero_thermal_interface);
}
