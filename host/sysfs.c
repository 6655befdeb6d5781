// SPDX-License-Identifier: GPL-2.0
/*
 * The class "aerostat" and its device "host".
 *
 * One value per file. A write is checked whole before anything changes: -EINVAL
 * for what is no value or contradicts another one, -ERANGE for what no machine
 * can do; the old value stays and nothing is logged.
 */

#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "block.h"
#include "domain.h"
#include "host.h"
#include "loop.h"
#include "power.h"
#include "sensor.h"
#include "sysfs.h"
#include "working_set.h"

struct class aero_class = {
	.name = "aerostat",
};

/**
 * aero_sysfs_uevent() - tell userspace that a device changed its state
 * @dev: a device of the class
 * @state: first word of its state file, as AEROSTAT_STATE
 *
 * Context: May sleep.
 */
void aero_sysfs_uevent(struct device *dev, const char *state)
{
	char *text = kasprintf(GFP_KERNEL, "AEROSTAT_STATE=%s", state);
	char *env[2];

	env[0] = text;
	env[1] = NULL;
	/* Nobody can be told before the device is there, nor without memory. */
	if (text && device_is_registered(dev))
		kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, env);
	kfree(text);
}

/* A setting is read, changed and written back: one write at a time. */
static DEFINE_MUTEX(aero_settings_lock);

static struct aero_host *to_aero_host(struct device *dev)
{
	return dev_get_drvdata(dev);
}

static ssize_t mode_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_loop_config config;

	aero_loop_config(to_aero_host(dev)->loop, &config);
	return sysfs_emit(buf, "%s\n", aero_mode_names[config.mode]);
}

static ssize_t mode_store(struct device *dev, struct device_attribute *attr, const char *buf,
			  size_t count)
{
	struct aero_loop *loop = to_aero_host(dev)->loop;
	int mode = sysfs_match_string(aero_mode_names, buf);
	struct aero_loop_config config;
	int err;

	if (mode < 0)
		return mode;
	mutex_lock(&aero_settings_lock);
	aero_loop_config(loop, &config);
	config.mode = mode;
	err = aero_loop_set_config(loop, &config);
	mutex_unlock(&aero_settings_lock);
	return err ?: count;
}
static DEVICE_ATTR_RW(mode);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_loop_status status;

	aero_loop_status(to_aero_host(dev)->loop, &status);
	return sysfs_emit(buf, "%s\n", aero_verdict_name(status.verdict));
}
static DEVICE_ATTR_RO(state);

static ssize_t level_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_loop_status status;

	aero_loop_status(to_aero_host(dev)->loop, &status);
	return sysfs_emit(buf, "%s\n", aero_level_name(status.level));
}
static DEVICE_ATTR_RO(level);

static ssize_t reclaim_target_bytes_show(struct device *dev, struct device_attribute *attr,
					 char *buf)
{
	struct aero_loop *loop = to_aero_host(dev)->loop;
	struct aero_loop_config config;
	struct aero_loop_status status;

	aero_loop_config(loop, &config);
	aero_loop_status(loop, &status);
	return sysfs_emit(buf, "%llu\n",
			  aero_pages_to_bytes(config.mode == AERO_MODE_MANUAL ? config.manual :
								     status.target));
}

static ssize_t reclaim_target_bytes_store(struct device *dev, struct device_attribute *attr,
					  const char *buf, size_t count)
{
	struct aero_loop *loop = to_aero_host(dev)->loop;
	struct aero_loop_config config;
	u64 bytes;
	int err;

	err = kstrtou64(buf, 10, &bytes);
	if (err)
		return err;
	mutex_lock(&aero_settings_lock);
	aero_loop_config(loop, &config);
	config.manual = aero_bytes_to_pages(bytes);
	err = aero_loop_set_config(loop, &config);
	mutex_unlock(&aero_settings_lock);
	return err ?: count;
}
static DEVICE_ATTR_RW(reclaim_target_bytes);

static ssize_t reclaimed_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u64 held = aero_loop_held(to_aero_host(dev)->loop);

	return sysfs_emit(buf, "%llu\n", aero_pages_to_bytes(held));
}
static DEVICE_ATTR_RO(reclaimed_bytes);

static ssize_t offline_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_block_totals totals;

	aero_blocks_totals(to_aero_host(dev)->blocks, &totals);
	return sysfs_emit(buf, "%llu\n", aero_pages_to_bytes(totals.nr_taken * totals.block_pages));
}
static DEVICE_ATTR_RO(offline_bytes);

static ssize_t offline_blocks_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_block_totals totals;

	aero_blocks_totals(to_aero_host(dev)->blocks, &totals);
	return sysfs_emit(buf, "%u\n", totals.nr_taken);
}
static DEVICE_ATTR_RO(offline_blocks);

static ssize_t reserve_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  aero_pages_to_bytes(aero_blocks_reserve(to_aero_host(dev)->blocks)));
}

static ssize_t reserve_bytes_store(struct device *dev, struct device_attribute *attr,
				   const char *buf, size_t count)
{
	u64 bytes;
	int err;

	err = kstrtou64(buf, 10, &bytes);
	if (!err)
		err = aero_blocks_set_reserve(to_aero_host(dev)->blocks,
					      aero_bytes_to_pages(bytes));
	return err ?: count;
}
static DEVICE_ATTR_RW(reserve_bytes);

static struct aero_loop *aero_sysfs_loop(struct device *dev)
{
	return to_aero_host(dev)->loop;
}

#define AERO_LOOP_ATTR(_name)								\
	AERO_SETTING_ATTR(_name, _name, u32, aero_loop_config, aero_sysfs_loop,		\
			  aero_loop_config, aero_loop_set_config, &aero_settings_lock)

AERO_LOOP_ATTR(period_ms);
AERO_LOOP_ATTR(idle_tax);
AERO_LOOP_ATTR(pressure_limit);

static struct aero_power *aero_sysfs_power(struct device *dev)
{
	return to_aero_host(dev)->power;
}

#define AERO_POWER_ATTR(_name)								\
	AERO_SETTING_ATTR(_name, _name, u32, aero_power_params, aero_sysfs_power,	\
			  aero_power_params, aero_power_set_params, &aero_settings_lock)

AERO_POWER_ATTR(active_mw_per_gib);
AERO_POWER_ATTR(off_mw_per_gib);

/* A number of the host's, one word, within bounds. */
#define AERO_WORD_ATTR(_name, _field, _min, _max)						\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{												\
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_aero_host(dev)->_field));			\
}												\
static ssize_t _name##_store(struct device *dev, struct device_attribute *attr,		\
			     const char *buf, size_t count)					\
{												\
	u32 value;										\
	int err;										\
												\
	err = kstrtou32(buf, 10, &value);							\
	if (err)										\
		return err;									\
	if (value < (_min) || value > (_max))							\
		return -ERANGE;									\
	WRITE_ONCE(to_aero_host(dev)->_field, value);						\
	return count;										\
}												\
static DEVICE_ATTR_RW(_name)

AERO_WORD_ATTR(waste_percent, waste_percent, 1, 100);
AERO_WORD_ATTR(working_set_samples, ws_samples, 1, AERO_WS_SAMPLES_MAX);
AERO_WORD_ATTR(working_set_period_ms, ws_period_ms, AERO_WS_PERIOD_MIN_MS, AERO_WS_PERIOD_MAX_MS);

static ssize_t power_mw_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", aero_power_modelled_mw(to_aero_host(dev)->power));
}
static DEVICE_ATTR_RO(power_mw);

static ssize_t sensor_add_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	int err = aero_sensors_add(to_aero_host(dev)->sensors, buf);

	return err ?: count;
}
static DEVICE_ATTR_WO(sensor_add);

static ssize_t sensor_remove_store(struct device *dev, struct device_attribute *attr,
				   const char *buf, size_t count)
{
	int err = aero_sensors_remove(to_aero_host(dev)->sensors, buf);

	return err ?: count;
}
static DEVICE_ATTR_WO(sensor_remove);

static ssize_t domain_add_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	int err = aero_domains_add(to_aero_host(dev)->blocks, buf);

	return err ?: count;
}
static DEVICE_ATTR_WO(domain_add);

static ssize_t domain_remove_store(struct device *dev, struct device_attribute *attr,
				   const char *buf, size_t count)
{
	int err = aero_domains_remove(to_aero_host(dev)->blocks, buf);

	return err ?: count;
}
static DEVICE_ATTR_WO(domain_remove);

static struct attribute *aero_host_attrs[] = {
	&dev_attr_mode.attr,
	&dev_attr_state.attr,
	&dev_attr_level.attr,
	&dev_attr_reclaim_target_bytes.attr,
	&dev_attr_reclaimed_bytes.attr,
	&dev_attr_offline_bytes.attr,
	&dev_attr_offline_blocks.attr,
	&dev_attr_reserve_bytes.attr,
	&dev_attr_period_ms.attr,
	&dev_attr_idle_tax.attr,
	&dev_attr_pressure_limit.attr,
	&dev_attr_waste_percent.attr,
	&dev_attr_working_set_samples.attr,
	&dev_attr_working_set_period_ms.attr,
	&dev_attr_active_mw_per_gib.attr,
	&dev_attr_off_mw_per_gib.attr,
	&dev_attr_power_mw.attr,
	&dev_attr_sensor_add.attr,
	&dev_attr_sensor_remove.attr,
	&dev_attr_domain_add.attr,
	&dev_attr_domain_remove.attr,
	NULL
};

static const struct attribute_group aero_host_group = {
	.attrs = aero_host_attrs,
};

const struct attribute_group *aero_host_groups[] = {
	&aero_host_group,
	NULL
};
