// SPDX-License-Identifier: GPL-2.0
/*
 * hwmon chips as sensors.
 *
 * A chip is named by its name attribute ("jc42"), or where several have the same
 * one, by its bus address ("0-0018") or its hwmon name ("hwmon3").
 */

#include <linux/device.h>
#include <linux/string.h>

#include "sensor.h"
#include "sensor_class.h"

static struct aero_sensor_class aero_hwmon_chips = AERO_SENSOR_CLASS_INIT(aero_hwmon_chips, "name");

/* Aerostat's own chip, which shows what comes of the sensors: not to be fed back to them. */
static struct device *aero_hwmon_own;

static int aero_hwmon_add(struct device *dev)
{
	return aero_sensor_class_add(&aero_hwmon_chips, dev);
}

static void aero_hwmon_remove(struct device *dev)
{
	aero_sensor_class_remove(&aero_hwmon_chips, dev);
}

static struct class_interface aero_hwmon_interface = {
	.add_dev = aero_hwmon_add,
	.remove_dev = aero_hwmon_remove,
};

/* Split "CHIP CHANNEL". */
static int aero_hwmon_split(const char *rest, char chip[AERO_SENSOR_NAME_MAX],
			    char channel[AERO_SENSOR_NAME_MAX])
{
	char extra;

	static_assert(AERO_SENSOR_NAME_MAX == 48);
	if (sscanf(rest, "%47s %47s %c", chip, channel, &extra) != 2)
		return -EINVAL;
	return 0;
}

static int aero_hwmon_parse(const char *rest, struct aero_sensor_source *source)
{
	char chip[AERO_SENSOR_NAME_MAX], channel[AERO_SENSOR_NAME_MAX];
	unsigned int number;
	char extra;

	if (aero_hwmon_split(rest, chip, channel) ||
	    aero_sensor_class_is(&aero_hwmon_chips, chip, aero_hwmon_own))
		return -EINVAL;
	if (sscanf(channel, "temp%u%c", &number, &extra) == 1)
		source->kind = AERO_SENSOR_TEMPERATURE;
	else if (sscanf(channel, "power%u%c", &number, &extra) == 1)
		source->kind = AERO_SENSOR_POWER;
	else if (sscanf(channel, "energy%u%c", &number, &extra) == 1)
		*source = (struct aero_sensor_source){ AERO_SENSOR_POWER, .counts = true };
	else
		return -EINVAL;
	return 0;
}

static int aero_hwmon_read(const char *rest, s64 *value)
{
	char chip[AERO_SENSOR_NAME_MAX], channel[AERO_SENSOR_NAME_MAX];
	char attr[AERO_SENSOR_NAME_MAX + sizeof("_average")];
	int err;

	err = aero_hwmon_split(rest, chip, channel);
	if (err)
		return err;
	snprintf(attr, sizeof(attr), "%s_input", channel);
	err = aero_sensor_class_read(&aero_hwmon_chips, chip, attr, value);
	/* A meter that averages by itself, as ACPI's does, has nothing else to say. */
	if (err != -ENXIO || !str_has_prefix(channel, "power"))
		return err;
	snprintf(attr, sizeof(attr), "%s_average", channel);
	return aero_sensor_class_read(&aero_hwmon_chips, chip, attr, value);
}

const struct aero_sensor_ops aero_sensor_hwmon_ops = {
	.prefix = "hwmon",
	.parse = aero_hwmon_parse,
	.read = aero_hwmon_read,
};

/**
 * aero_sensor_hwmon_init() - follow the chips of this machine
 * @own: Aerostat's own chip: no sensor, and the only exported way to the class
 *
 * Return: 0 or a negative errno.
 */
int aero_sensor_hwmon_init(struct device *own)
{
	aero_hwmon_own = own;
	aero_hwmon_interface.class = own->class;
	return class_interface_register(&aero_hwmon_interface);
}

/**
 * aero_sensor_hwmon_exit() - follow them no more
 */
void aero_sensor_hwmon_exit(void)
{
	class_interface_unregister(&aero_hwmon_interface);
}
