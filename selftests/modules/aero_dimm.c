// SPDX-License-Identifier: GPL-2.0
/*
 * Pulls memory out of the host and plugs it again, as a driver of hot-pluggable
 * memory does, any number of times. Can make going offline and online take its
 * time, whoever asks for it: what happens meanwhile is what the tests are after.
 */

#include <linux/delay.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static unsigned long long start;
module_param(start, ullong, 0444);
MODULE_PARM_DESC(start, "physical address of the memory, which is hot-pluggable");

static unsigned long long size;
module_param(size, ullong, 0444);
MODULE_PARM_DESC(size, "bytes of it, whole memory blocks");

static unsigned int slow_ms;
module_param(slow_ms, uint, 0644);
MODULE_PARM_DESC(slow_ms, "milliseconds that each of its blocks takes to go offline");

static bool plugged = true;

/* Under the module's parameter lock. Pulling fails while a block does not go offline. */
static int aero_dimm_set_plugged(const char *value, const struct kernel_param *param)
{
	bool plug;
	int err;

	err = kstrtobool(value, &plug);
	if (err || plug == plugged)
		return err;
	err = plug ? add_memory(0, start, size, MHP_NONE) : offline_and_remove_memory(start, size);
	if (!err)
		plugged = plug;
	return err;
}

static const struct kernel_param_ops aero_dimm_plugged_ops = {
	.set = aero_dimm_set_plugged,
	.get = param_get_bool,
};
module_param_cb(plugged, &aero_dimm_plugged_ops, &plugged, 0644);
MODULE_PARM_DESC(plugged, "it is there; blocks are offline when it is plugged again");

static int aero_dimm_notify(struct notifier_block *notifier, unsigned long event, void *data)
{
	const struct memory_notify *memory = data;
	phys_addr_t address = PFN_PHYS(memory->start_pfn);

	if (event == MEM_GOING_OFFLINE && address >= start && address < start + size)
		msleep(READ_ONCE(slow_ms));
	return NOTIFY_OK;
}

static struct notifier_block aero_dimm_notifier = { .notifier_call = aero_dimm_notify };

static int __init aero_dimm_init(void)
{
	return size ? register_memory_notifier(&aero_dimm_notifier) : -EINVAL;
}
module_init(aero_dimm_init);

static void __exit aero_dimm_exit(void)
{
	unregister_memory_notifier(&aero_dimm_notifier);
}
module_exit(aero_dimm_exit);

MODULE_DESCRIPTION("Aerostat selftest: memory that is pulled out and plugged again");
MODULE_LICENSE("GPL");
