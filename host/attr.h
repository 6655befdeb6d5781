/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Other drivers' device attributes, found by name.
 *
 * hwmon sensors and memory blocks have no consumer interface in the kernel;
 * their attributes are the interface that they have.
 */
#ifndef AEROSTAT_ATTR_H
#define AEROSTAT_ATTR_H

#include <linux/device.h>

struct device_attribute *aero_attr_find(struct device *dev, const char *name);

#endif /* AEROSTAT_ATTR_H */
