// SPDX-License-Identifier: GPL-2.0
/*
 * Mains "aero_ac" and a battery "aero_bat", since stock kernels lack test_power: what they
 * say are module parameters, and a write to one of these is told as their drivers tell.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/power_supply.h>

static struct power_supply *aero_supplies[2];

static int aero_supply_set(const char *text, const struct kernel_param *param)
{
	int err = param_set_int(text, param);
	unsigned int i;

	for (i = 0; !err && i < ARRAY_SIZE(aero_supplies); i++)
		if (aero_supplies[i])
			power_supply_changed(aero_supplies[i]);
	return err;
}

static const struct kernel_param_ops aero_supply_param_ops = {
	.set = aero_supply_set,
	.get = param_get_int,
};

static int online = 1;
module_param_cb(online, &aero_supply_param_ops, &online, 0644);
MODULE_PARM_DESC(online, "the mains are there");

static int capacity = 100;
module_param_cb(capacity, &aero_supply_param_ops, &capacity, 0644);
MODULE_PARM_DESC(capacity, "of the battery, percent");

static int aero_ac_get(struct power_supply *supply, enum power_supply_property property,
		       union power_supply_propval *value)
{
	value->intval = READ_ONCE(online);
	return 0;
}

static int aero_bat_get(struct power_supply *supply, enum power_supply_property property,
			union power_supply_propval *value)
{
	value->intval = READ_ONCE(capacity);
	return 0;
}

static const enum power_supply_property aero_ac_properties[] = { POWER_SUPPLY_PROP_ONLINE };
static const enum power_supply_property aero_bat_properties[] = { POWER_SUPPLY_PROP_CAPACITY };

static const struct power_supply_desc aero_supply_descs[] = {
	{
		.name = "aero_ac",
		.type = POWER_SUPPLY_TYPE_MAINS,
		.properties = aero_ac_properties,
		.num_properties = ARRAY_SIZE(aero_ac_properties),
		.get_property = aero_ac_get,
	}, {
		.name = "aero_bat",
		.type = POWER_SUPPLY_TYPE_BATTERY,
		.properties = aero_bat_properties,
		.num_properties = ARRAY_SIZE(aero_bat_properties),
		.get_property = aero_bat_get,
		.no_thermal = true,
	},
};

static struct platform_device *aero_supply_device;

static void aero_supply_unregister(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aero_supplies); i++)
		if (aero_supplies[i])
			power_supply_unregister(aero_supplies[i]);
	platform_device_unregister(aero_supply_device);
}

static int __init aero_supply_init(void)
{
	struct power_supply_config config = { };
	unsigned int i;

	aero_supply_device = platform_device_register_simple("aero_supply", PLATFORM_DEVID_NONE,
							     NULL, 0);
	if (IS_ERR(aero_supply_device))
		return PTR_ERR(aero_supply_device);
	for (i = 0; i < ARRAY_SIZE(aero_supplies); i++) {
		struct power_supply *supply;

		supply = power_supply_register(&aero_supply_device->dev, &aero_supply_descs[i],
					       &config);
		if (IS_ERR(supply)) {
			aero_supply_unregister();
			return PTR_ERR(supply);
		}
		aero_supplies[i] = supply;
	}
	return 0;
}
module_init(aero_supply_init);

static void __exit aero_supply_exit(void)
{
	aero_supply_unregister();
}
module_exit(aero_supply_exit);

MODULE_DESCRIPTION("Aerostat selftest: power supplies");
MODULE_LICENSE("GPL");
