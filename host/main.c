// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat_host: shrinks VMs when their host runs hot, and turns the memory that
 * they gave off.
 *
 * This file only builds the parts up and takes them down; see host.h for how
 * they hang together.
 */

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "block.h"
#include "channel.h"
#include "cooling.h"
#include "host.h"
#include "loop.h"
#include "pace.h"
#include "power.h"
#include "sensor.h"
#include "sysfs.h"
#include "working_set.h"

static struct aero_host *aero_host;

static int aero_host_build(struct aero_host *host)
{
	int err;

	host->debugfs = debugfs_create_dir("aerostat", NULL);
	host->wq = alloc_workqueue("aerostat", WQ_UNBOUND | WQ_FREEZABLE | WQ_MEM_RECLAIM, 0);
	if (!host->wq) {
		err = -ENOMEM;
		goto remove_debugfs;
	}
	host->dev = device_create(&aero_class, NULL, MKDEV(0, 0), host, "host");
	if (IS_ERR(host->dev)) {
		err = PTR_ERR(host->dev);
		goto destroy_wq;
	}
	host->loop = aero_loop_create(host);
	if (IS_ERR(host->loop)) {
		err = PTR_ERR(host->loop);
		goto unregister_dev;
	}
	host->sensors = aero_sensors_create(host);
	if (IS_ERR(host->sensors)) {
		err = PTR_ERR(host->sensors);
		goto destroy_loop;
	}
	host->blocks = aero_blocks_create(host);
	if (IS_ERR(host->blocks)) {
		err = PTR_ERR(host->blocks);
		goto destroy_sensors;
	}
	host->power = aero_power_create(host);
	if (IS_ERR(host->power)) {
		err = PTR_ERR(host->power);
		goto destroy_blocks;
	}
	err = aero_sensor_hwmon_init(aero_power_chip(host->power));
	if (err)
		goto destroy_power;
	err = aero_sensor_thermal_init();
	if (err)
		goto exit_hwmon;
	err = aero_sensor_powercap_init();
	if (err)
		goto exit_thermal;
	err = aero_sensor_supply_init(host);
	if (err)
		goto exit_powercap;
	host->cooling = aero_cooling_create();
	if (IS_ERR(host->cooling)) {
		err = PTR_ERR(host->cooling);
		goto exit_supply;
	}
	aero_loop_start(host->loop);
	err = sysfs_create_groups(&host->dev->kobj, aero_host_groups);
	if (err)
		goto stop_loop;
	err = aero_channel_register(host);
	if (err)
		goto remove_groups;
	/* udev saw the device without its files. */
	kobject_uevent(&host->dev->kobj, KOBJ_CHANGE);
	return 0;

remove_groups:
	sysfs_remove_groups(&host->dev->kobj, aero_host_groups);
stop_loop:
	aero_loop_stop(host->loop);
	aero_cooling_destroy(host->cooling);
exit_supply:
	aero_sensor_supply_exit();
exit_powercap:
	aero_sensor_powercap_exit();
exit_thermal:
	aero_sensor_thermal_exit();
exit_hwmon:
	aero_sensor_hwmon_exit();
destroy_power:
	aero_power_destroy(host->power);
destroy_blocks:
	aero_blocks_destroy(host->blocks);
destroy_sensors:
	aero_sensors_destroy(host->sensors);
destroy_loop:
	aero_loop_destroy(host->loop);
unregister_dev:
	device_unregister(host->dev);
destroy_wq:
	destroy_workqueue(host->wq);
remove_debugfs:
	debugfs_remove(host->debugfs);
	return err;
}

static void aero_host_dismantle(struct aero_host *host)
{
	aero_channel_unregister();
	sysfs_remove_groups(&host->dev->kobj, aero_host_groups);
	aero_loop_stop(host->loop);
	aero_cooling_destroy(host->cooling);
	aero_sensor_supply_exit();
	aero_sensor_powercap_exit();
	aero_sensor_thermal_exit();
	aero_sensor_hwmon_exit();
	aero_power_destroy(host->power);
	aero_blocks_destroy(host->blocks);
	aero_sensors_destroy(host->sensors);
	aero_loop_destroy(host->loop);
	device_unregister(host->dev);
	destroy_workqueue(host->wq);
	debugfs_remove(host->debugfs);
}

static int __init aero_init(void)
{
	int err;

	aero_host = kzalloc(sizeof(*aero_host), GFP_KERNEL);
	if (!aero_host)
		return -ENOMEM;
	mutex_init(&aero_host->vms_lock);
	INIT_LIST_HEAD(&aero_host->vms);
	aero_host->ws_samples = AERO_WS_SAMPLES;
	aero_host->ws_period_ms = AERO_WS_PERIOD_MS;
	aero_host->waste_percent = AERO_PACE_PERCENT;
	err = class_register(&aero_class);
	if (err)
		goto free;
	err = aero_host_build(aero_host);
	if (err)
		goto unregister_class;
	return 0;

unregister_class:
	class_unregister(&aero_class);
free:
	kfree(aero_host);
	return err;
}

/* No channel is open any more: each holds a reference to the module. */
static void __exit aero_exit(void)
{
	aero_host_dismantle(aero_host);
	class_unregister(&aero_class);
	kfree(aero_host);
}

module_init(aero_init);
module_exit(aero_exit);

MODULE_DESCRIPTION("Memory power management for virtual machines, host side");
MODULE_LICENSE("GPL");
