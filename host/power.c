// SPDX-License-Identifier: GPL-2.0
/*
 * The power of the host's memory, published as the hwmon chip "aerostat".
 *
 * power1_input is the model of power_model.c over the blocks that are online and
 * offline now. It is no measurement, and its label says so.
 */

#include <linux/err.h>
#include <linux/hwmon.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "block.h"
#include "domain.h"
#include "host.h"
#include "power.h"
#include "trace.h"

/**
 * struct aero_power - model and chip
 * @host: the module
 * @chip: the hwmon device
 * @lock: protects @params
 * @params: of the model
 */
struct aero_power {
	struct aero_host *host;
	struct device *chip;
	struct mutex lock;
	struct aero_power_params params;
};

static umode_t aero_power_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				  int channel)
{
	return 0444;
}

static int aero_power_read(struct device *dev, enum hwmon_sensor_types type, u32 attr,
			   int channel, long *value)
{
	struct aero_power *power = dev_get_drvdata(dev);

	*value = aero_power_modelled_mw(power) * 1000;
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
	NULL
};

static const struct hwmon_chip_info aero_power_chip_info = {
	.ops = &aero_power_ops,
	.info = aero_power_info,
};

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
	mutex_init(&power->lock);
	power->chip = hwmon_device_register_with_info(host->dev, "aerostat", power,
						      &aero_power_chip_info, NULL);
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
