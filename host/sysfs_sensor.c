// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/aerostat/sensor-<n>
 */

#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "sensor.h"
#include "sysfs.h"

/* A setting is read, changed and written back: one write at a time. */
static DEFINE_MUTEX(aero_sensor_settings_lock);

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_aero_sensor(dev)->spec);
}
static DEVICE_ATTR_RO(name);

static ssize_t kind_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", aero_sensor_kind_name(to_aero_sensor(dev)->kind));
}
static DEVICE_ATTR_RO(kind);

static ssize_t value_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_sensor *sensor = to_aero_sensor(dev);
	s64 value;
	int err;

	mutex_lock(&sensor->lock);
	value = sensor->value;
	err = sensor->error;
	mutex_unlock(&sensor->lock);
	return err ?: sysfs_emit(buf, "%lld\n", value);
}
static DEVICE_ATTR_RO(value);

/* Why a sensor cannot be read, where the errno of its driver has a meaning here. */
static const char *aero_sensor_why(int err)
{
	switch (err) {
	case -ENODEV:
		return ": no such chip, zone or supply; is its driver loaded?";
	case -ENXIO:
		return ": no such channel, or its driver adds it by hand: use its thermal zone";
	case -ENOTUNIQ:
		return ": several have this name; use its bus address or its name in sysfs";
	case -ENODATA:
		return ": no value yet";
	default:
		return ": reading it fails";
	}
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_sensor *sensor = to_aero_sensor(dev);
	enum aero_sensor_verdict verdict;
	enum aero_level level;
	bool takes_part, ineffective;
	u32 retry_ms;
	int err;

	mutex_lock(&sensor->lock);
	ineffective = sensor->ineffective;
	retry_ms = sensor->retry_ms;
	verdict = sensor->verdict;
	level = sensor->level;
	err = sensor->error;
	takes_part = sensor->thresholds.has_low && sensor->thresholds.has_high;
	mutex_unlock(&sensor->lock);
	if (verdict == AERO_SENSOR_ERROR)
		return sysfs_emit(buf, "faulty%s\n", aero_sensor_why(err));
	if (verdict != AERO_SENSOR_OK)
		return sysfs_emit(buf, "faulty: %s\n", aero_sensor_verdict_name(verdict));
	if (!takes_part)
		return sysfs_emit(buf, "unset: write low and high to use it\n");
	if (retry_ms)
		return sysfs_emit(buf, "%s: ineffective, saves nothing; tried again in %u s\n",
				  aero_level_name(level), DIV_ROUND_UP(retry_ms, 1000));
	if (ineffective)
		return sysfs_emit(buf, "%s: ineffective, saves nothing by the power model\n",
				  aero_level_name(level));
	return sysfs_emit(buf, "%s\n", aero_level_name(level));
}
static DEVICE_ATTR_RO(state);

static ssize_t effect_mw_per_gib_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_sensor *sensor = to_aero_sensor(dev);
	u64 uw;

	mutex_lock(&sensor->lock);
	uw = sensor->uw_per_gib;
	mutex_unlock(&sensor->lock);
	return sysfs_emit(buf, "%llu\n", div_u64(uw + 500, 1000));
}
static DEVICE_ATTR_RO(effect_mw_per_gib);

static const char * const aero_measures_names[] = { "machine", "memory" };

static ssize_t measures_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_sensor *sensor = to_aero_sensor(dev);
	bool memory;

	mutex_lock(&sensor->lock);
	memory = sensor->measures_memory;
	mutex_unlock(&sensor->lock);
	return sysfs_emit(buf, "%s\n", aero_measures_names[memory]);
}

static ssize_t measures_store(struct device *dev, struct device_attribute *attr, const char *buf,
			      size_t count)
{
	struct aero_sensor *sensor = to_aero_sensor(dev);
	int memory = sysfs_match_string(aero_measures_names, buf);

	if (memory < 0)
		return memory;
	mutex_lock(&sensor->lock);
	sensor->measures_memory = memory;
	mutex_unlock(&sensor->lock);
	return count;
}
static DEVICE_ATTR_RW(measures);

static ssize_t stuck_ms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_sensor *sensor = to_aero_sensor(dev);
	u32 ms;

	mutex_lock(&sensor->lock);
	ms = sensor->stuck_ms;
	mutex_unlock(&sensor->lock);
	return sysfs_emit(buf, "%u\n", ms);
}

static ssize_t stuck_ms_store(struct device *dev, struct device_attribute *attr, const char *buf,
			      size_t count)
{
	struct aero_sensor *sensor = to_aero_sensor(dev);
	u32 ms;
	int err = kstrtou32(buf, 10, &ms);

	if (err)
		return err;
	mutex_lock(&sensor->lock);
	sensor->stuck_ms = ms;
	mutex_unlock(&sensor->lock);
	return count;
}
static DEVICE_ATTR_RW(stuck_ms);

static int aero_threshold_parse(const char *buf, s64 *value, bool *set)
{
	int err;

	if (sysfs_streq(buf, "unset")) {
		*set = false;
		*value = 0;
		return 0;
	}
	err = kstrtos64(buf, 10, value);
	if (!err)
		*set = true;
	return err;
}

#define AERO_THRESHOLD_ATTR(_name)							\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{											\
	struct aero_sensor *sensor = to_aero_sensor(dev);				\
	s64 value;									\
	bool set;									\
											\
	mutex_lock(&sensor->lock);							\
	value = sensor->thresholds._name;						\
	set = sensor->thresholds.has_##_name;						\
	mutex_unlock(&sensor->lock);							\
	return set ? sysfs_emit(buf, "%lld\n", value) : sysfs_emit(buf, "unset\n");	\
}											\
static ssize_t _name##_store(struct device *dev, struct device_attribute *attr,		\
			     const char *buf, size_t count)				\
{											\
	struct aero_sensor *sensor = to_aero_sensor(dev);				\
	struct aero_thresholds thresholds;						\
	int err;									\
											\
	mutex_lock(&aero_sensor_settings_lock);						\
	mutex_lock(&sensor->lock);							\
	thresholds = sensor->thresholds;						\
	mutex_unlock(&sensor->lock);							\
	err = aero_threshold_parse(buf, &thresholds._name, &thresholds.has_##_name);	\
	if (!err)									\
		err = aero_sensor_set_thresholds(sensor, &thresholds);			\
	mutex_unlock(&aero_sensor_settings_lock);					\
	return err ?: count;								\
}											\
static DEVICE_ATTR_RW(_name)

AERO_THRESHOLD_ATTR(low);
AERO_THRESHOLD_ATTR(high);
AERO_THRESHOLD_ATTR(emergency);

static struct attribute *aero_sensor_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_kind.attr,
	&dev_attr_value.attr,
	&dev_attr_low.attr,
	&dev_attr_high.attr,
	&dev_attr_emergency.attr,
	&dev_attr_state.attr,
	&dev_attr_effect_mw_per_gib.attr,
	&dev_attr_measures.attr,
	&dev_attr_stuck_ms.attr,
	NULL
};

/* Only powers: what memory does to temperatures takes too long to be told. */
static umode_t aero_sensor_visible(struct kobject *kobj, struct attribute *attr, int index)
{
	struct aero_sensor *sensor = to_aero_sensor(kobj_to_dev(kobj));

	if (sensor->kind != AERO_SENSOR_POWER &&
	    (attr == &dev_attr_effect_mw_per_gib.attr || attr == &dev_attr_measures.attr))
		return 0;
	return attr->mode;
}

static const struct attribute_group aero_sensor_group = {
	.is_visible = aero_sensor_visible,
	.attrs = aero_sensor_attrs,
};

const struct attribute_group *aero_sensor_groups[] = {
	&aero_sensor_group,
	NULL
};
