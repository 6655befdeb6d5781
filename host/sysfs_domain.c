// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/aerostat/domain-<n>
 */

#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "domain.h"
#include "host.h"
#include "sysfs.h"

/* A setting is read, changed and written back: one write at a time. */
static DEFINE_MUTEX(aero_domain_settings_lock);

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_aero_domain(dev)->name);
}
static DEVICE_ATTR_RO(name);

static ssize_t start_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%#llx\n", to_aero_domain(dev)->start);
}
static DEVICE_ATTR_RO(start);

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_aero_domain(dev)->size);
}
static DEVICE_ATTR_RO(size);

static ssize_t bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_domain_totals totals;

	aero_domain_totals(to_aero_domain(dev), &totals);
	return sysfs_emit(buf, "%llu\n", aero_pages_to_bytes(totals.pages));
}
static DEVICE_ATTR_RO(bytes);

static ssize_t offline_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_domain_totals totals;

	aero_domain_totals(to_aero_domain(dev), &totals);
	return sysfs_emit(buf, "%llu\n", aero_pages_to_bytes(totals.offline_pages));
}
static DEVICE_ATTR_RO(offline_bytes);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_domain_totals totals;
	const char *state;

	aero_domain_totals(to_aero_domain(dev), &totals);
	if (!totals.pages)
		state = "absent";
	else if (!totals.offline_pages)
		state = "online";
	else
		state = totals.offline_pages < totals.pages ? "partial" : "offline";
	return sysfs_emit(buf, "%s\n", state);
}
static DEVICE_ATTR_RO(state);

AERO_SETTING_ATTR(active_mw_per_gib, active_mw_per_gib, u32, aero_power_params, to_aero_domain,
		  aero_domain_power, aero_domain_set_power, &aero_domain_settings_lock);
AERO_SETTING_ATTR(off_mw_per_gib, off_mw_per_gib, u32, aero_power_params, to_aero_domain,
		  aero_domain_power, aero_domain_set_power, &aero_domain_settings_lock);

static ssize_t effect_mw_per_gib_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", aero_domain_saves(to_aero_domain(dev)));
}
static DEVICE_ATTR_RO(effect_mw_per_gib);

static struct attribute *aero_domain_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_start.attr,
	&dev_attr_size.attr,
	&dev_attr_bytes.attr,
	&dev_attr_offline_bytes.attr,
	&dev_attr_state.attr,
	&dev_attr_active_mw_per_gib.attr,
	&dev_attr_off_mw_per_gib.attr,
	&dev_attr_effect_mw_per_gib.attr,
	NULL
};

static const struct attribute_group aero_domain_group = {
	.attrs = aero_domain_attrs,
};

const struct attribute_group *aero_domain_groups[] = {
	&aero_domain_group,
	NULL
};
