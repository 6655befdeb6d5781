// SPDX-License-Identifier: GPL-2.0
/*
 * Other drivers' device attributes, found by name.
 */

#include <linux/string.h>
#include <linux/sysfs.h>

#include "attr.h"

/* What the driver has hidden is not there. */
static bool aero_attr_visible(struct device *dev, const struct attribute_group *group, int index)
{
	return !group->is_visible ||
	       group->is_visible(&dev->kobj, group->attrs[index], index);
}

static struct attribute *aero_attr_in(struct device *dev,
				      const struct attribute_group * const *groups,
				      const char *name)
{
	int i;

	for (; groups && *groups; groups++)
		for (i = 0; (*groups)->attrs && (*groups)->attrs[i]; i++)
			if (!strcmp((*groups)->attrs[i]->name, name) &&
			    aero_attr_visible(dev, *groups, i))
				return (*groups)->attrs[i];
	return NULL;
}

/**
 * aero_attr_find() - an attribute of a device, of its type or of its class
 * @dev: device; the caller makes sure that it stays bound while the result is used
 * @name: file name
 *
 * Return: the attribute, or NULL.
 */
struct device_attribute *aero_attr_find(struct device *dev, const char *name)
{
	struct attribute *attr = aero_attr_in(dev, dev->groups, name);

	if (!attr && dev->type)
		attr = aero_attr_in(dev, dev->type->groups, name);
	if (!attr && dev->class)
		attr = aero_attr_in(dev, dev->class->dev_groups, name);
	return attr ? container_of(attr, struct device_attribute, attr) : NULL;
}
