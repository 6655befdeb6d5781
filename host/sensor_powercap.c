// SPDX-License-Identifier: GPL-2.0
/*
 * Powercap zones as sensors of the kind power, by their energy counters: RAPL's DRAM domains,
 * through their driver and not through their registers.
 *
 * A zone is named by its name ("dram"), or where several have the same, as in sysfs
 * ("intel-rapl:0:2").
 *
 * RAPL's driver takes cpu_hotplug_lock to read a counter, and who removes a processor
 * holds that lock, may remove a zone, and waits here for a reading of it. What reads such
 * a zone must therefore hold nothing that a processor's removal waits for. So zones are read
 * by the control loop's worker only, which holds aero_sensors.lock then; that lock is taken in no
 * callback of CPU or memory hotplug and must never be. The rest of the circle, of reader and
 * remover, is the same for everybody who reads energy_uj in sysfs.
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/powercap.h>

#include "attr.h"
#include "sensor.h"
#include "sensor_class.h"

static struct aero_sensor_class aero_powercap_zones =
	AERO_SENSOR_CLASS_INIT(aero_powercap_zones, "name");

/* Control types are of the same class; they have no counter. */
static int aero_powercap_add(struct device *dev)
{
	return aero_attr_find(dev, "energy_uj") ?
	       aero_sensor_class_add(&aero_powercap_zones, dev) : 0;
}

static void aero_powercap_remove(struct device *dev)
{
	aero_sensor_class_remove(&aero_powercap_zones, dev);
}

static struct class_interface aero_powercap_interface = {
	.add_dev = aero_powercap_add,
	.remove_dev = aero_powercap_remove,
};

static int aero_powercap_parse(const char *rest, struct aero_sensor_source *source)
{
	if (!*rest || strlen(rest) >= AERO_SENSOR_NAME_MAX)
		return -EINVAL;
	source->kind = AERO_SENSOR_POWER;
	source->counts = true;
	return 0;
}

static int aero_powercap_read(const char *rest, s64 *value)
{
	return aero_sensor_class_read(&aero_powercap_zones, rest, "energy_uj", value);
}

static int aero_powercap_range(const char *rest, s64 *range)
{
	return aero_sensor_class_read(&aero_powercap_zones, rest, "max_energy_range_uj", range);
}

const struct aero_sensor_ops aero_sensor_powercap_ops = {
	.prefix = "powercap",
	.parse = aero_powercap_parse,
	.read = aero_powercap_read,
	.range = aero_powercap_range,
};

/* The class has no exported handle, but each control type is a device of it. */
static int aero_powercap_find_class(void)
{
	struct powercap_control_type *type = powercap_register_control_type(NULL, "aerostat", NULL);

	if (IS_ERR(type))
		return PTR_ERR(type);
	aero_powercap_interface.class = type->dev.class;
	return powercap_unregister_control_type(type);
}

/**
 * aero_sensor_powercap_init() - follow the powercap zones of this machine
 *
 * Return: 0, also on a kernel without them, or a negative errno.
 */
int aero_sensor_powercap_init(void)
{
	int err;

	if (!IS_ENABLED(CONFIG_POWERCAP))
		return 0;
	err = aero_powercap_find_class();
	return err ?: class_interface_register(&aero_powercap_interface);
}

/**
 * aero_sensor_powercap_exit() - follow them no more
 */
void aero_sensor_powercap_exit(void)
{
	if (IS_ENABLED(CONFIG_POWERCAP))
		class_interface_unregister(&aero_powercap_interface);
}
