// SPDX-License-Identifier: GPL-2.0
/*
 * A machine with power meters, since an emulated one has none: its memory draws so much for each
 * GiB that the kernel has online, the rest of it draws what the user says, and the meters
 * follow with a lag, with noise, and in steps. They are a hwmon chip "aero_meter" (power1;
 * power2, which has an average only; energy1) and a powercap zone "aero_meter" whose counter
 * wraps soon, with a zone "aero_part" in it, as RAPL's zones have: it draws half of the power.
 */

#include <linux/err.h>
#include <linux/hwmon.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/powercap.h>
#include <linux/random.h>

static unsigned int base_mw = 100000;
module_param(base_mw, uint, 0644);
MODULE_PARM_DESC(base_mw, "milliwatt that do not depend on memory");

static unsigned int mw_per_gib;
module_param(mw_per_gib, uint, 0644);
MODULE_PARM_DESC(mw_per_gib, "milliwatt for each GiB that is online");

static unsigned int lag_ms;
module_param(lag_ms, uint, 0644);
MODULE_PARM_DESC(lag_ms, "time constant with which the power follows");

static unsigned int noise_mw;
module_param(noise_mw, uint, 0644);
MODULE_PARM_DESC(noise_mw, "a reading of power1 is off by up to so much");

static unsigned int step_mw = 1;
module_param(step_mw, uint, 0644);
MODULE_PARM_DESC(step_mw, "resolution of power1");

static unsigned int range_mj = 1000000;
module_param(range_mj, uint, 0444);
MODULE_PARM_DESC(range_mj, "where the zone's counter wraps, millijoule");

/**
 * struct aero_meter - the plant's state
 * @lock: protects what follows
 * @at: when it was computed, nanoseconds
 * @uw: power, microwatt
 * @pj: energy up to then, picojoule
 */
struct aero_meter {
	struct mutex lock;
	u64 at;
	u64 uw;
	u64 pj;
};

static struct aero_meter aero_meter = { .lock = __MUTEX_INITIALIZER(aero_meter.lock) };

static struct platform_device *aero_meter_device;
static struct device *aero_meter_chip;
static struct powercap_control_type *aero_meter_type;
static struct powercap_zone aero_meter_zone;
static struct powercap_zone aero_meter_part;

static u64 aero_meter_goal_uw(void)
{
	u64 mib = (u64)totalram_pages() >> (20 - PAGE_SHIFT);

	return 1000ULL * READ_ONCE(base_mw) + div_u64(1000 * mib * READ_ONCE(mw_per_gib), 1024);
}

/* Let the time since the last look pass: of the distance to the goal, 1 - 1 / (1 + t / lag). */
static void aero_meter_look(u64 *uw, u64 *uj)
{
	u64 now = ktime_get_ns(), goal = aero_meter_goal_uw(), us;
	u64 lag = 1000ULL * READ_ONCE(lag_ms);

	mutex_lock(&aero_meter.lock);
	us = min(div_u64(now - aero_meter.at, 1000), 10000000ULL);
	if (!aero_meter.at)
		aero_meter.uw = goal;
	aero_meter.pj += us * aero_meter.uw;
	if (lag + us)
		aero_meter.uw = div64_u64(aero_meter.uw * lag + goal * us, lag + us);
	aero_meter.at = now;
	*uw = aero_meter.uw;
	*uj = div_u64(aero_meter.pj, 1000000);
	mutex_unlock(&aero_meter.lock);
}

static umode_t aero_meter_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				  int channel)
{
	return 0444;
}

static int aero_meter_read(struct device *dev, enum hwmon_sensor_types type, u32 attr,
			   int channel, long *value)
{
	u32 noise = 1000 * READ_ONCE(noise_mw), step = 1000 * max(READ_ONCE(step_mw), 1U);
	u64 uw, uj;

	aero_meter_look(&uw, &uj);
	if (type == hwmon_energy) {
		*value = uj;
		return 0;
	}
	if (noise)
		uw += (s64)(get_random_u32() % (2 * noise)) - noise;
	*value = div_u64(uw + step / 2, step) * step;
	return 0;
}

static const struct hwmon_ops aero_meter_ops = {
	.is_visible = aero_meter_visible,
	.read = aero_meter_read,
};

/* Not const: the array's type has become so in 6.5, and both kernels take this one. */
static const struct hwmon_channel_info *aero_meter_info[] = {
	HWMON_CHANNEL_INFO(power, HWMON_P_INPUT, HWMON_P_AVERAGE),
	HWMON_CHANNEL_INFO(energy, HWMON_E_INPUT),
	NULL
};

static const struct hwmon_chip_info aero_meter_chip_info = {
	.ops = &aero_meter_ops,
	.info = aero_meter_info,
};

static int aero_meter_range(struct powercap_zone *zone, u64 *uj)
{
	*uj = 1000ULL * range_mj;
	return 0;
}

/* As RAPL's counters: it never reads its range, for the next count is zero. */
static int aero_meter_energy(struct powercap_zone *zone, u64 *uj)
{
	u64 uw, all;

	aero_meter_look(&uw, &all);
	if (zone == &aero_meter_part)
		all = div_u64(all, 2);
	div64_u64_rem(all, 1000ULL * range_mj, uj);
	return 0;
}

static int aero_meter_release(struct powercap_zone *zone)
{
	return 0;
}

static const struct powercap_zone_ops aero_meter_zone_ops = {
	.get_max_energy_range_uj = aero_meter_range,
	.get_energy_uj = aero_meter_energy,
	.release = aero_meter_release,
};

static int aero_meter_no_limit(struct powercap_zone *zone, int constraint, u64 *value)
{
	return -ENODATA;
}

static int aero_meter_keep_limit(struct powercap_zone *zone, int constraint, u64 value)
{
	return -ENODATA;
}

/* A zone without constraints needs operations for them nevertheless. */
static const struct powercap_zone_constraint_ops aero_meter_constraint_ops = {
	.set_power_limit_uw = aero_meter_keep_limit,
	.get_power_limit_uw = aero_meter_no_limit,
	.set_time_window_us = aero_meter_keep_limit,
	.get_time_window_us = aero_meter_no_limit,
};

static int __init aero_meter_init(void)
{
	struct powercap_zone *zone;
	int err;

	if (!range_mj)
		return -EINVAL;
	aero_meter_device = platform_device_register_simple("aero_meter", PLATFORM_DEVID_NONE,
							    NULL, 0);
	if (IS_ERR(aero_meter_device))
		return PTR_ERR(aero_meter_device);
	aero_meter_chip = hwmon_device_register_with_info(&aero_meter_device->dev, "aero_meter",
							  NULL, &aero_meter_chip_info, NULL);
	if (IS_ERR(aero_meter_chip)) {
		err = PTR_ERR(aero_meter_chip);
		goto unregister_device;
	}
	aero_meter_type = powercap_register_control_type(NULL, "aero_meter", NULL);
	if (IS_ERR(aero_meter_type)) {
		err = PTR_ERR(aero_meter_type);
		goto unregister_chip;
	}
	zone = powercap_register_zone(&aero_meter_zone, aero_meter_type, "aero_meter", NULL,
				      &aero_meter_zone_ops, 0, &aero_meter_constraint_ops);
	if (IS_ERR(zone)) {
		err = PTR_ERR(zone);
		goto unregister_type;
	}
	zone = powercap_register_zone(&aero_meter_part, aero_meter_type, "aero_part",
				      &aero_meter_zone, &aero_meter_zone_ops, 0,
				      &aero_meter_constraint_ops);
	if (IS_ERR(zone)) {
		err = PTR_ERR(zone);
		goto unregister_zone;
	}
	return 0;

unregister_zone:
	powercap_unregister_zone(aero_meter_type, &aero_meter_zone);
unregister_type:
	powercap_unregister_control_type(aero_meter_type);
unregister_chip:
	hwmon_device_unregister(aero_meter_chip);
unregister_device:
	platform_device_unregister(aero_meter_device);
	return err;
}
module_init(aero_meter_init);

static void __exit aero_meter_exit(void)
{
	powercap_unregister_zone(aero_meter_type, &aero_meter_part);
	powercap_unregister_zone(aero_meter_type, &aero_meter_zone);
	powercap_unregister_control_type(aero_meter_type);
	hwmon_device_unregister(aero_meter_chip);
	platform_device_unregister(aero_meter_device);
}
module_exit(aero_meter_exit);

MODULE_DESCRIPTION("Aerostat selftest: a machine with power meters");
MODULE_LICENSE("GPL");
