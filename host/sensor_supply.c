// SPDX-License-Identifier: GPL-2.0
/*
 * Power supplies as sensors of the kind charge: a battery's by its capacity, that of mains
 * by whether they are there, as full or empty.
 *
 * A supply is named as in sysfs ("BAT0") or, where it is the only one of its type, by that
 * ("Mains"). It is read by its attributes and not by power_supply_get_by_name(): who holds
 * a supply while its driver unregisters it gets a warning from the kernel, and the driver's
 * data may be gone; the class follows its devices (sensor_class.c).
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/power_supply.h>
#include <linux/workqueue.h>

#include "host.h"
#include "loop.h"
#include "sensor.h"
#include "sensor_class.h"

/* Supplies that change all the time are looked at so often. */
#define AERO_SUPPLY_DELAY_MS	200

static struct aero_sensor_class aero_supplies = AERO_SENSOR_CLASS_INIT(aero_supplies, "type");
static struct aero_host *aero_supply_host;

static int aero_supply_add(struct device *dev)
{
	return aero_sensor_class_add(&aero_supplies, dev);
}

static void aero_supply_remove(struct device *dev)
{
	aero_sensor_class_remove(&aero_supplies, dev);
}

static struct class_interface aero_supply_interface = {
	.add_dev = aero_supply_add,
	.remove_dev = aero_supply_remove,
};

static int aero_supply_parse(const char *rest, struct aero_sensor_source *source)
{
	if (!*rest || strlen(rest) >= AERO_SENSOR_NAME_MAX)
		return -EINVAL;
	source->kind = AERO_SENSOR_CHARGE;
	return 0;
}

static int aero_supply_read(const char *rest, s64 *value)
{
	s64 number;
	int err;

	err = aero_sensor_class_read(&aero_supplies, rest, "capacity", &number);
	if (!err) {
		*value = number * 10;
		return 0;
	}
	if (err != -ENXIO)
		return err;
	err = aero_sensor_class_read(&aero_supplies, rest, "online", &number);
	if (!err)
		*value = number ? 1000 : 0;
	return err;
}

const struct aero_sensor_ops aero_sensor_supply_ops = {
	.prefix = "power_supply",
	.parse = aero_supply_parse,
	.read = aero_supply_read,
	.told = true,
};

static void aero_supply_look(struct work_struct *work)
{
	aero_loop_look(aero_supply_host->loop);
}

static DECLARE_DELAYED_WORK(aero_supply_work, aero_supply_look);

/* Mains do not wait for the period. In atomic context on older kernels. */
static int aero_supply_notify(struct notifier_block *block, unsigned long event, void *data)
{
	/* Every supply of the machine tells, whether or not anybody watches one. */
	if (!aero_sensors_any_told(aero_supply_host->sensors))
		return NOTIFY_DONE;
	queue_delayed_work(aero_supply_host->wq, &aero_supply_work,
			   msecs_to_jiffies(AERO_SUPPLY_DELAY_MS));
	return NOTIFY_DONE;
}

static struct notifier_block aero_supply_notifier = { .notifier_call = aero_supply_notify };

static int aero_supply_no_property(struct power_supply *supply, enum power_supply_property property,
				   union power_supply_propval *value)
{
	return -ENODATA;
}

/*
 * The class has had no exported handle since 6.10, but each supply is a device of it. One is
 * registered for as long as it takes to look: none that a desktop would show.
 */
static int aero_supply_find_class(struct device *parent)
{
	static const enum power_supply_property properties[] = { POWER_SUPPLY_PROP_SCOPE };
	static const struct power_supply_desc desc = {
		.name = "aerostat",
		.type = POWER_SUPPLY_TYPE_UNKNOWN,
		.properties = properties,
		.num_properties = ARRAY_SIZE(properties),
		.get_property = aero_supply_no_property,
		.no_thermal = true,
	};
	struct power_supply_config config = { };
	struct power_supply *supply = power_supply_register(parent, &desc, &config);

	if (IS_ERR(supply))
		return PTR_ERR(supply);
	aero_supply_interface.class = supply->dev.class;
	power_supply_unregister(supply);
	return 0;
}

/**
 * aero_sensor_supply_init() - follow the power supplies of this machine
 * @host: the module, with its device and its loop
 *
 * Return: 0, also on a kernel without power supplies, or a negative errno.
 */
int aero_sensor_supply_init(struct aero_host *host)
{
	int err;

	if (!IS_REACHABLE(CONFIG_POWER_SUPPLY))
		return 0;
	aero_supply_host = host;
	err = aero_supply_find_class(host->dev);
	if (err)
		return err;
	err = class_interface_register(&aero_supply_interface);
	if (err)
		return err;
	err = power_supply_reg_notifier(&aero_supply_notifier);
	if (err)
		class_interface_unregister(&aero_supply_interface);
	return err;
}

/**
 * aero_sensor_supply_exit() - follow them no more
 *
 * Context: The loop may have been stopped; it is still there.
 */
void aero_sensor_supply_exit(void)
{
	if (!IS_REACHABLE(CONFIG_POWER_SUPPLY))
		return;
	power_supply_unreg_notifier(&aero_supply_notifier);
	cancel_delayed_work_sync(&aero_supply_work);
	class_interface_unregister(&aero_supply_interface);
}
