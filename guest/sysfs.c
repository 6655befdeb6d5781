// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes of the PCI device, as long as the driver is bound to it. See
 * Documentation/ABI/testing/sysfs-bus-pci-aerostat.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "guest.h"

static struct aero_guest *aero_guest_of(struct device *dev)
{
	return dev_get_drvdata(dev);
}

static ssize_t balloon_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u64 nr_pages = READ_ONCE(aero_guest_of(dev)->balloon.nr_pages);

	return sysfs_emit(buf, "%llu\n", nr_pages << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(balloon_bytes);

static ssize_t target_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(aero_guest_of(dev)->target));
}
static DEVICE_ATTR_RO(target_bytes);

static ssize_t rate_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(aero_guest_of(dev)->rate_bytes));
}
static DEVICE_ATTR_RO(rate_bytes);

static ssize_t floor_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(aero_guest_of(dev)->floor_bytes));
}

static ssize_t floor_bytes_store(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t count)
{
	struct aero_guest *guest = aero_guest_of(dev);
	u64 floor, most;
	int err;

	err = kstrtou64(buf, 0, &floor);
	if (err)
		return err;
	/* The machine as it was before the balloon took its part. */
	most = (u64)(totalram_pages() + READ_ONCE(guest->balloon.nr_pages)) << PAGE_SHIFT;
	if (floor < AERO_FLOOR_MIN || floor > most)
		return -ERANGE;
	WRITE_ONCE(guest->floor_bytes, floor);
	return count;
}
static DEVICE_ATTR_RW(floor_bytes);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const words[] = {
		[AERO_PHASE_CLOSED] = "closed",
		[AERO_PHASE_WAITING] = "waiting",
		[AERO_PHASE_GATHERING] = "gathering",
		[AERO_PHASE_RUNNING] = "running",
		[AERO_PHASE_BROKEN] = "host-broken",
	};

	return sysfs_emit(buf, "%s\n", words[READ_ONCE(aero_guest_of(dev)->phase)]);
}
static DEVICE_ATTR_RO(state);

static ssize_t limits_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 limits = READ_ONCE(aero_guest_of(dev)->limits);

	if (!limits)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%s%s%s\n",
			  limits & AERO_LIMIT_FLOOR ? "floor " : "",
			  limits & AERO_LIMIT_ALLOC ? "alloc " : "",
			  limits & AERO_LIMIT_OOM ? "oom " : "");
}
static DEVICE_ATTR_RO(limits);

static struct attribute *aero_guest_attrs[] = {
	&dev_attr_balloon_bytes.attr,
	&dev_attr_target_bytes.attr,
	&dev_attr_rate_bytes.attr,
	&dev_attr_floor_bytes.attr,
	&dev_attr_state.attr,
	&dev_attr_limits.attr,
	NULL
};

static const struct attribute_group aero_guest_group = {
	.attrs = aero_guest_attrs,
};

const struct attribute_group *aero_guest_groups[] = {
	&aero_guest_group,
	NULL
};
