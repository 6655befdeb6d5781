/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices of one class as sources of sensors: followed as they come and go,
 * found by name, read as sysfs would.
 */
#ifndef AEROSTAT_SENSOR_CLASS_H
#define AEROSTAT_SENSOR_CLASS_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

/* Room for a device's name and for a channel's. */
#define AERO_SENSOR_NAME_MAX	48

/**
 * struct aero_sensor_class - the devices of a class that are there
 * @name_attr: the attribute that names a device; constant
 * @lock: protects @devices; innermost, not held over a reading
 * @devices: of struct aero_sensor_device, by its node
 */
struct aero_sensor_class {
	const char *name_attr;
	struct mutex lock;
	struct list_head devices;
};

#define AERO_SENSOR_CLASS_INIT(_class, _name_attr) {		\
	.name_attr = _name_attr,				\
	.lock = __MUTEX_INITIALIZER((_class).lock),		\
	.devices = LIST_HEAD_INIT((_class).devices),		\
}

int aero_sensor_class_add(struct aero_sensor_class *class, struct device *dev);
void aero_sensor_class_remove(struct aero_sensor_class *class, struct device *dev);
bool aero_sensor_class_is(struct aero_sensor_class *class, const char *name,
			  const struct device *dev);
int aero_sensor_class_read(struct aero_sensor_class *class, const char *name, const char *attr,
			   s64 *value);

#endif /* AEROSTAT_SENSOR_CLASS_H */
