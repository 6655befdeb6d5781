// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of one class as sources of sensors.
 *
 * Neither hwmon nor thermal has an interface for consumers in the kernel that
 * would hold on to a device, but each device is one of a class, with known
 * attributes. A class interface follows the devices as they come and go; each
 * reading finds its device by name and calls the attribute as sysfs would.
 *
 * A driver must not lose its data while it is asked. So a device that goes waits,
 * in aero_sensor_class_remove(), for readings of this very device. That cannot
 * deadlock: the wait is part of device_del(), and a little later device_del() waits
 * in the same way for those who read the attribute in sysfs. What a remover holds
 * no show() may take, therefore, or the driver would deadlock with every reader of
 * its files. (Kernels from 6.2 on, before 6.8, did that with a thermal zone's
 * lock.) Held here in addition is only the class's own mutex, which nobody needs
 * to read a device, and aero_sensor_class.lock is never held over a reading.
 */

#include <linux/completion.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attr.h"
#include "sensor_class.h"

/**
 * struct aero_sensor_device - a device that is there
 * @node: in aero_sensor_class.devices; protected by its lock
 * @dev: the device; constant
 * @users: one while it is on the list, and one for each reading under way
 * @unused: the last user has gone
 * @name: its name attribute, may be empty; constant
 */
struct aero_sensor_device {
	struct list_head node;
	struct device *dev;
	refcount_t users;
	struct completion unused;
	char name[AERO_SENSOR_NAME_MAX];
};

/* What an attribute shows, in a buffer that is big enough for any. */
static int aero_sensor_device_show(struct device *dev, const char *name, char *result, size_t size)
{
	struct device_attribute *attr = aero_attr_find(dev, name);
	char *page;
	ssize_t len;

	if (!attr || !attr->show)
		return -ENXIO;
	page = (char *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	len = attr->show(dev, attr, page);
	if (len > 0)
		strscpy(result, strim(page), size);
	free_page((unsigned long)page);
	if (len < 0)
		return len;
	return len ? 0 : -ENODATA;
}

/**
 * aero_sensor_class_add() - a device has come
 * @class: its class
 * @dev: the device, with its files
 *
 * Context: class_interface.add_dev, or what calls it. Takes aero_sensor_class.lock.
 * Return: 0 or -ENOMEM.
 */
int aero_sensor_class_add(struct aero_sensor_class *class, struct device *dev)
{
	struct aero_sensor_device *device = kzalloc(sizeof(*device), GFP_KERNEL);

	if (!device)
		return -ENOMEM;
	device->dev = dev;
	refcount_set(&device->users, 1);
	init_completion(&device->unused);
	/* Without a name it can still be addressed. */
	aero_sensor_device_show(dev, class->name_attr, device->name, sizeof(device->name));
	mutex_lock(&class->lock);
	list_add_tail(&device->node, &class->devices);
	mutex_unlock(&class->lock);
	return 0;
}

static void aero_sensor_device_put(struct aero_sensor_device *device)
{
	if (refcount_dec_and_test(&device->users))
		complete(&device->unused);
}

static struct aero_sensor_device *__aero_sensor_device_of(struct aero_sensor_class *class,
							  const struct device *dev)
{
	struct aero_sensor_device *device;

	lockdep_assert_held(&class->lock);
	list_for_each_entry(device, &class->devices, node)
		if (device->dev == dev)
			return device;
	return NULL;
}

/**
 * aero_sensor_class_remove() - a device goes
 * @class: its class
 * @dev: the device; never added is fine
 *
 * Context: class_interface.remove_dev, or what calls it. Takes
 * aero_sensor_class.lock; waits for a reading of @dev that is under way.
 */
void aero_sensor_class_remove(struct aero_sensor_class *class, struct device *dev)
{
	struct aero_sensor_device *device;

	mutex_lock(&class->lock);
	device = __aero_sensor_device_of(class, dev);
	if (device)
		list_del(&device->node);
	mutex_unlock(&class->lock);
	if (!device)
		return;
	aero_sensor_device_put(device);
	wait_for_completion(&device->unused);
	kfree(device);
}

/*
 * How well does a name fit: 2, it is the device's own; 1, its parent's; 0, not at all? Of a
 * hwmon chip the parent is what users know ("0-0018"); of a powercap zone's part it is the zone.
 */
static unsigned int aero_sensor_device_matches(const struct aero_sensor_device *device,
					       const char *name)
{
	const struct device *dev = device->dev;

	if (!strcmp(device->name, name) || !strcmp(dev_name(dev), name))
		return 2;
	return dev->parent && !strcmp(dev_name(dev->parent), name);
}

/**
 * aero_sensor_class_is() - may a name mean this device?
 * @class: its class
 * @name: what the device's name attribute says, its name in sysfs, or its parent's
 * @dev: the device
 *
 * Context: Takes aero_sensor_class.lock.
 * Return: true if @dev is there and has that name, whether or not others have it.
 */
bool aero_sensor_class_is(struct aero_sensor_class *class, const char *name,
			  const struct device *dev)
{
	struct aero_sensor_device *device;
	bool is;

	mutex_lock(&class->lock);
	device = __aero_sensor_device_of(class, dev);
	is = device && aero_sensor_device_matches(device, name);
	mutex_unlock(&class->lock);
	return is;
}

/* The one that the name fits best. Pairs with aero_sensor_device_put(). */
static struct aero_sensor_device *aero_sensor_device_get(struct aero_sensor_class *class,
							 const char *name)
{
	struct aero_sensor_device *device, *found = ERR_PTR(-ENODEV);
	unsigned int best = 0;

	mutex_lock(&class->lock);
	list_for_each_entry(device, &class->devices, node) {
		unsigned int fit = aero_sensor_device_matches(device, name);

		if (!fit || fit < best)
			continue;
		found = fit > best ? device : ERR_PTR(-ENOTUNIQ);
		best = fit;
	}
	if (!IS_ERR(found))
		refcount_inc(&found->users);
	mutex_unlock(&class->lock);
	return found;
}

/**
 * aero_sensor_class_read() - read a number from a device
 * @class: its class
 * @name: what the device's name attribute says, its name in sysfs, or its parent's
 * @attr: attribute to read
 * @value: result, in the attribute's unit
 *
 * A parent's name counts only where it is no device's own.
 *
 * Context: Takes aero_sensor_class.lock; sleeps as the device's driver does.
 * Return: 0, -ENODEV if there is no such device, -ENOTUNIQ if there are several,
 * -ENXIO if it has no such attribute, or what reading it came to.
 */
int aero_sensor_class_read(struct aero_sensor_class *class, const char *name, const char *attr,
			   s64 *value)
{
	struct aero_sensor_device *device = aero_sensor_device_get(class, name);
	char text[24];
	int err;

	if (IS_ERR(device))
		return PTR_ERR(device);
	err = aero_sensor_device_show(device->dev, attr, text, sizeof(text));
	aero_sensor_device_put(device);
	return err ?: kstrtos64(text, 10, value);
}
