// SPDX-License-Identifier: GPL-2.0
/*
 * Thermal zones whose temperatures are module parameters, since an emulated machine
 * has none of its own; with the faults of broken hardware, and with a driver that
 * notices when it is asked after it has gone.
 */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/thermal.h>
#include <linux/workqueue.h>

#define AERO_ZONES_MAX	200

static int temperature = 40000;
module_param(temperature, int, 0644);
MODULE_PARM_DESC(temperature, "millidegree Celsius; the n-th zone has n more, from 0");

static unsigned int zones = 1;
module_param(zones, uint, 0444);
MODULE_PARM_DESC(zones, "number of zones; one alone is of type aero_zone, several aero_zone0 and so on");

static bool alike;
module_param(alike, bool, 0444);
MODULE_PARM_DESC(alike, "all are of type aero_zone");

static unsigned int broken;
module_param(broken, uint, 0644);
MODULE_PARM_DESC(broken, "so many of the zones are broken, the first ones");

static unsigned int every = 1;
module_param(every, uint, 0644);
MODULE_PARM_DESC(every, "those fail at each so many-th reading, 1: at all");

static unsigned int error = EIO;
module_param(error, uint, 0644);
MODULE_PARM_DESC(error, "errno with which they fail; 0: they jump up and down by 40 to 60 degrees");

static unsigned int slow_ms;
module_param(slow_ms, uint, 0644);
MODULE_PARM_DESC(slow_ms, "milliseconds that a reading takes");

static bool churn;
module_param(churn, bool, 0444);
MODULE_PARM_DESC(churn, "unregister the zones and register them again, all the time");

static unsigned int rounds;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often they were registered");

static atomic_t aero_zone_late = ATOMIC_INIT(0);

static int aero_zone_late_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&aero_zone_late));
}

static const struct kernel_param_ops aero_zone_late_ops = { .get = aero_zone_late_get };
module_param_cb(late, &aero_zone_late_ops, NULL, 0444);
MODULE_PARM_DESC(late, "readings that were under way when their zone had been unregistered");

/**
 * struct aero_zone - a zone
 * @device: while it is registered, else NULL
 * @index: from 0
 * @readings: so far
 * @there: it is registered, or will be in a moment
 */
struct aero_zone {
	struct thermal_zone_device *device;
	unsigned int index;
	unsigned int readings;
	bool there;
};

static struct aero_zone *aero_zones;

static int aero_zone_fault(const struct aero_zone *zone, int *temp)
{
	int jump = 20000 + get_random_u32() % 10000;

	if (error)
		return -(int)error;
	*temp += zone->readings & 1 ? jump : -jump;
	return 0;
}

static int aero_zone_get_temp(struct thermal_zone_device *device, int *temp)
{
	struct aero_zone *zone = thermal_zone_device_priv(device);
	int err = 0;

	zone->readings++;
	*temp = READ_ONCE(temperature) + (int)zone->index;
	if (zone->index < broken && every && zone->readings % every == 0)
		err = aero_zone_fault(zone, temp);
	if (slow_ms)
		msleep(slow_ms);
	if (!READ_ONCE(zone->there))
		atomic_inc(&aero_zone_late);
	return err;
}

/* Not const: older kernels take it so, and newer ones do not mind. */
static struct thermal_zone_device_ops aero_zone_ops = {
	.get_temp = aero_zone_get_temp,
};

static int aero_zone_register(struct aero_zone *zone)
{
	struct thermal_zone_device *device;
	char type[THERMAL_NAME_LENGTH] = "aero_zone";
	int err;

	if (zones > 1 && !alike)
		snprintf(type, sizeof(type), "aero_zone%u", zone->index);
	WRITE_ONCE(zone->there, true);
	device = thermal_tripless_zone_device_register(type, zone, &aero_zone_ops, NULL);
	if (IS_ERR(device))
		return PTR_ERR(device);
	err = thermal_zone_device_enable(device);
	if (err) {
		thermal_zone_device_unregister(device);
		return err;
	}
	zone->device = device;
	return 0;
}

static void aero_zone_unregister(struct aero_zone *zone)
{
	if (zone->device)
		thermal_zone_device_unregister(zone->device);
	zone->device = NULL;
	/* A real driver has freed what its readings need by now. */
	WRITE_ONCE(zone->there, false);
}

static void aero_zones_unregister(void)
{
	unsigned int i;

	for (i = 0; i < zones; i++)
		aero_zone_unregister(&aero_zones[i]);
}

static int aero_zones_register(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < zones; i++) {
		aero_zones[i].index = i;
		err = aero_zone_register(&aero_zones[i]);
		if (err) {
			aero_zones_unregister();
			return err;
		}
	}
	rounds++;
	return 0;
}

static void aero_zone_churn(struct work_struct *work);
static DECLARE_DELAYED_WORK(aero_zone_work, aero_zone_churn);

static void aero_zone_churn(struct work_struct *work)
{
	aero_zones_unregister();
	/* Long enough for a reading that goes on to be noticed. */
	msleep(slow_ms + 5);
	if (aero_zones_register())
		pr_err("aero_zone: cannot register again\n");
	queue_delayed_work(system_long_wq, &aero_zone_work, msecs_to_jiffies(slow_ms + 5));
}

static int __init aero_zone_init(void)
{
	int err;

	if (!zones || zones > AERO_ZONES_MAX)
		return -EINVAL;
	aero_zones = kcalloc(zones, sizeof(*aero_zones), GFP_KERNEL);
	if (!aero_zones)
		return -ENOMEM;
	err = aero_zones_register();
	if (err)
		kfree(aero_zones);
	else if (churn)
		queue_delayed_work(system_long_wq, &aero_zone_work, 0);
	return err;
}
module_init(aero_zone_init);

static void __exit aero_zone_exit(void)
{
	cancel_delayed_work_sync(&aero_zone_work);
	aero_zones_unregister();
	kfree(aero_zones);
}
module_exit(aero_zone_exit);

MODULE_DESCRIPTION("Aerostat selftest: thermal zones");
MODULE_LICENSE("GPL");
