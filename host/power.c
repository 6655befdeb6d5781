// SPDX-License-Identifier: GPL-2.0
/*
 * The power of the host's memory, published as the hwmon chip "aerostat".
 *
 * power1_input is the model of power_model.c over the blocks that are online and
 * offline now. It is no measurement, and its label says so. power2_input is one: what
 * those sensors read that the user says measure memory. It is there as long as they are.
 * energy1_input and energy2_input are their sums over time, since the module was loaded.
 */

#include <linux/err.h>
#include <linux/hwmon.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>

#include "block.h"
#include "domain.h"
#include "host.h"
#include "power.h"
#include "trace.h"

/**
 * struct aero_power - model and chip
 * @host: the module
 * @chip: the hwmon device
 * @shown: power2 and energy2 are in sysfs; owned by the control loop
 * @lock: protects what follows
 * @params: of the model
 * @at_ns: when energies were last added to
 * @energy_uj: what memory has drawn by the model, microjoule
 * @measured: some sensor measures memory
 * @measured_err: 0, or why it cannot be told what that is
 * @measured_uw: its power
 * @measured_uj: its energy
 */
struct aero_power {
	struct aero_host *host;
	struct device *chip;
	bool shown;
	struct mutex lock;
	struct aero_power_params params;
	u64 at_ns;
	u64 energy_uj;
	bool measured;
	int measured_err;
	s64 measured_uw;
	u64 measured_uj;
};

/* Let the time since the last call pass. */
static void aero_power_pass(struct aero_power *power)
{
	u64 mw = aero_power_modelled_mw(power), us;

	mutex_lock(&power->lock);
	us = div_u64(ktime_get_ns() - power->at_ns, NSEC_PER_USEC);
	power->at_ns += us * NSEC_PER_USEC;
	/* Milliwatt by microseconds: nanojoule. */
	power->energy_uj += div_u64(mw * us, 1000);
	if (power->measured && !power->measured_err)
		power->measured_uj += div_u64(div_u64(power->measured_uw, 1000) * us, 1000);
	mutex_unlock(&power->lock);
}

static umode_t aero_power_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				  int channel)
{
	return 0444;
}

static int aero_power_read(struct device *dev, enum hwmon_sensor_types type, u32 attr,
			   int channel, long *value)
{
	struct aero_power *power = dev_get_drvdata(dev);

	if (type == hwmon_energy) {
		aero_power_pass(power);
		mutex_lock(&power->lock);
		*value = power->energy_uj;
		mutex_unlock(&power->lock);
	} else {
		*value = aero_power_modelled_mw(power) * 1000;
	}
	return 0;
}

static int aero_power_read_string(struct device *dev, enum hwmon_sensor_types type, u32 attr,
				  int channel, const char **string)
{
	*string = "memory (model)";
	return 0;
}

static const struct hwmon_ops aero_power_ops = {
	.is_visible = aero_power_visible,
	.read = aero_power_read,
	.read_string = aero_power_read_string,
};

/* Not const: the array's type has become so in 6.5, and both kernels take this one. */
static const struct hwmon_channel_info *aero_power_info[] = {
	HWMON_CHANNEL_INFO(power, HWMON_P_INPUT | HWMON_P_LABEL),
	HWMON_CHANNEL_INFO(energy, HWMON_E_INPUT | HWMON_E_LABEL),
	NULL
};

static const struct hwmon_chip_info aero_power_chip_info = {
	.ops = &aero_power_ops,
	.info = aero_power_info,
};

static ssize_t power2_input_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_power *power = dev_get_drvdata(dev);
	s64 uw;
	int err;

	mutex_lock(&power->lock);
	err = power->measured ? power->measured_err : -ENODATA;
	uw = power->measured_uw;
	mutex_unlock(&power->lock);
	return err ?: sysfs_emit(buf, "%lld\n", uw);
}
static DEVICE_ATTR_RO(power2_input);

static ssize_t energy2_input_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_power *power = dev_get_drvdata(dev);
	u64 uj;

	aero_power_pass(power);
	mutex_lock(&power->lock);
	uj = power->measured_uj;
	mutex_unlock(&power->lock);
	return sysfs_emit(buf, "%llu\n", uj);
}
static DEVICE_ATTR_RO(energy2_input);

static ssize_t power2_label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "memory (measured)\n");
}
static DEVICE_ATTR_RO(power2_label);

static struct device_attribute dev_attr_energy2_label =
	__ATTR(energy2_label, 0444, power2_label_show, NULL);

static struct attribute *aero_power_measured_attrs[] = {
	&dev_attr_power2_input.attr,
	&dev_attr_power2_label.attr,
	&dev_attr_energy2_input.attr,
	&dev_attr_energy2_label.attr,
	NULL
};

static umode_t aero_power_measured_visible(struct kobject *kobj, struct attribute *attr, int index)
{
	struct aero_power *power = dev_get_drvdata(kobj_to_dev(kobj));

	return READ_ONCE(power->shown) ? attr->mode : 0;
}

static const struct attribute_group aero_power_measured_group = {
	.attrs = aero_power_measured_attrs,
	.is_visible = aero_power_measured_visible,
};

static const struct attribute_group *aero_power_groups[] = {
	&aero_power_measured_group,
	NULL
};

/**
 * aero_power_account() - take note of what memory draws
 * @power: the model
 * @err: 0, -ENOENT if nothing measures it, or why it cannot be told now
 * @uw: measured power, microwatt; ignored if @err
 *
 * Context: The control loop, once in each period, without any lock: files come and go.
 */
void aero_power_account(struct aero_power *power, int err, s64 uw)
{
	bool measured = err != -ENOENT;

	aero_power_pass(power);
	mutex_lock(&power->lock);
	power->measured = measured;
	power->measured_err = err;
	if (!err)
		power->measured_uw = max(uw, 0LL);
	mutex_unlock(&power->lock);
	if (measured == power->shown)
		return;
	WRITE_ONCE(power->shown, measured);
	if (sysfs_update_group(&power->chip->kobj, &aero_power_measured_group))
		WRITE_ONCE(power->shown, !measured);
}

/**
 * aero_power_create() - publish the model
 * @host: the module, with its device and its blocks
 *
 * Return: the model, or an ERR_PTR().
 */
struct aero_power *aero_power_create(struct aero_host *host)
{
	struct aero_power *power = kzalloc(sizeof(*power), GFP_KERNEL);

	if (!power)
		return ERR_PTR(-ENOMEM);
	power->host = host;
	power->params = (struct aero_power_params)AERO_POWER_PARAMS_DEFAULT;
	power->at_ns = ktime_get_ns();
	mutex_init(&power->lock);
	power->chip = hwmon_device_register_with_info(host->dev, "aerostat", power,
						      &aero_power_chip_info, aero_power_groups);
	if (IS_ERR(power->chip)) {
		int err = PTR_ERR(power->chip);

		kfree(power);
		return ERR_PTR(err);
	}
	return power;
}

/**
 * aero_power_destroy() - publish it no more
 * @power: what aero_power_create() returned
 */
void aero_power_destroy(struct aero_power *power)
{
	hwmon_device_unregister(power->chip);
	mutex_destroy(&power->lock);
	kfree(power);
}

/**
 * aero_power_chip() - the model's hwmon device
 * @power: the model
 *
 * Return: the device, for as long as @power lives.
 */
struct device *aero_power_chip(struct aero_power *power)
{
	return power->chip;
}

/**
 * aero_power_modelled_mw() - what the host's memory draws now, by the model
 * @power: the model
 *
 * Return: milliwatts.
 */
u64 aero_power_modelled_mw(struct aero_power *power)
{
	struct aero_block_totals totals;
	struct aero_power_params params;
	u64 online, offline, mw;

	aero_power_params(power, &params);
	aero_blocks_totals(power->host->blocks, &totals);
	offline = aero_pages_to_bytes(totals.nr_offline * totals.block_pages);
	online = aero_pages_to_bytes(totals.nr * totals.block_pages) - offline;
	mw = aero_domains_mw(power->host->blocks, &params);
	trace_aerostat_power(mw, online, offline);
	return mw;
}

/**
 * aero_power_params() - read the model's parameters
 * @power: the model
 * @params: result
 */
void aero_power_params(struct aero_power *power, struct aero_power_params *params)
{
	mutex_lock(&power->lock);
	*params = power->params;
	mutex_unlock(&power->lock);
}

/**
 * aero_power_set_params() - change the model's parameters, all or none
 * @power: the model
 * @params: what they shall be
 *
 * Return: 0, -EINVAL if memory that is off would draw more than memory that is on,
 * or -ERANGE if no memory draws that much.
 */
int aero_power_set_params(struct aero_power *power, const struct aero_power_params *params)
{
	int err = aero_power_check(params);

	if (err)
		return err;
	mutex_lock(&power->lock);
	power->params = *params;
	mutex_unlock(&power->lock);
	aero_domains_set_default(power->host->blocks, params);
	return 0;
}
