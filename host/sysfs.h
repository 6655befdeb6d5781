/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/class/aerostat; see Documentation/ABI/testing/sysfs-class-aerostat.
 */
#ifndef AEROSTAT_SYSFS_H
#define AEROSTAT_SYSFS_H

#include <linux/device.h>

struct aero_host;

extern struct class aero_class;
extern const struct attribute_group *aero_host_groups[];
extern const struct attribute_group *aero_vm_groups[];
extern const struct attribute_group *aero_sensor_groups[];
extern const struct attribute_group *aero_domain_groups[];

void aero_sysfs_uevent(struct device *dev, const char *state);

/**
 * AERO_SETTING_ATTR() - a file for one number of a set of settings
 * @_name: name of the file
 * @_field: name of the number in its struct
 * @_type: u8, u32 or u64
 * @_settings: the struct
 * @_of: gives the object that has the settings, from its struct device
 * @_get: fills the struct from the object
 * @_set: checks and takes the struct; returns 0 or a negative errno
 * @_lock: a mutex, for a setting is read, changed and written back
 */
#define AERO_SETTING_ATTR(_name, _field, _type, _settings, _of, _get, _set, _lock)		\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{												\
	struct _settings settings;								\
												\
	_get(_of(dev), &settings);								\
	return sysfs_emit(buf, "%llu\n", (u64)settings._field);					\
}												\
static ssize_t _name##_store(struct device *dev, struct device_attribute *attr,			\
			     const char *buf, size_t count)					\
{												\
	struct _settings settings;								\
	_type value;										\
	int err;										\
												\
	err = kstrto##_type(buf, 10, &value);							\
	if (err)										\
		return err;									\
	mutex_lock(_lock);									\
	_get(_of(dev), &settings);								\
	settings._field = value;								\
	err = _set(_of(dev), &settings);							\
	mutex_unlock(_lock);									\
	return err ?: count;									\
}												\
static DEVICE_ATTR_RW(_name)

#endif /* AEROSTAT_SYSFS_H */
