/* SPDX-License-Identifier: GPL-2.0 */
/*
 * class_interface callbacks lost their second argument in 6.4
 * ("driver core: class: remove struct class_interface * from callbacks").
 * Before, the interface is wrapped and the argument dropped.
 */
#ifndef AEROSTAT_COMPAT_LINUX_DEVICE_CLASS_H
#define AEROSTAT_COMPAT_LINUX_DEVICE_CLASS_H

#include_next <linux/device/class.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)

#include <linux/container_of.h>

struct aero_compat_class_interface {
	struct class_interface native;
	struct class *class;
	int (*add_dev)(struct device *dev);
	void (*remove_dev)(struct device *dev);
};

static inline int aero_compat_class_add(struct device *dev, struct class_interface *native)
{
	return container_of(native, struct aero_compat_class_interface, native)->add_dev(dev);
}

static inline void aero_compat_class_remove(struct device *dev, struct class_interface *native)
{
	container_of(native, struct aero_compat_class_interface, native)->remove_dev(dev);
}

static inline int aero_compat_class_register(struct aero_compat_class_interface *interface)
{
	interface->native.class = interface->class;
	interface->native.add_dev = aero_compat_class_add;
	interface->native.remove_dev = aero_compat_class_remove;
	return class_interface_register(&interface->native);
}

static inline void aero_compat_class_unregister(struct aero_compat_class_interface *interface)
{
	class_interface_unregister(&interface->native);
}

#define class_interface aero_compat_class_interface
#define class_interface_register aero_compat_class_register
#define class_interface_unregister aero_compat_class_unregister

#endif

#endif
