// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/aerostat/vm-<n>
 */

#include <linux/kstrtox.h>
#include <linux/pid.h>
#include <linux/sysfs.h>

#include "host.h"
#include "sysfs.h"
#include "vm.h"

/* A setting is read, changed and written back: one write at a time. */
static DEFINE_MUTEX(aero_vm_settings_lock);

static ssize_t pid_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", pid_vnr(to_aero_vm(dev)->pid));
}
static DEVICE_ATTR_RO(pid);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_vm *vm = to_aero_vm(dev);
	enum aero_vm_reason reason;
	enum aero_vm_state state;

	mutex_lock(&vm->lock);
	state = vm->state;
	reason = vm->reason;
	mutex_unlock(&vm->lock);
	return sysfs_emit(buf, "%s%s%s\n", aero_vm_state_name(state), reason ? ": " : "",
			  aero_vm_reason_text(reason));
}
static DEVICE_ATTR_RO(state);

static ssize_t size_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", aero_pages_to_bytes(READ_ONCE(to_aero_vm(dev)->size)));
}
static DEVICE_ATTR_RO(size_bytes);

static ssize_t target_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", aero_pages_to_bytes(READ_ONCE(to_aero_vm(dev)->target)));
}
static DEVICE_ATTR_RO(target_bytes);

static ssize_t balloon_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  aero_pages_to_bytes(READ_ONCE(to_aero_vm(dev)->freed)));
}
static DEVICE_ATTR_RO(balloon_bytes);

static ssize_t pressure_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_vm *vm = to_aero_vm(dev);
	u32 pressure;

	aero_vm_refresh(vm);
	mutex_lock(&vm->lock);
	pressure = aero_pressure_permille(&vm->pressure);
	mutex_unlock(&vm->lock);
	return sysfs_emit(buf, "%u\n", pressure);
}
static DEVICE_ATTR_RO(pressure);

static ssize_t idle_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct aero_vm *vm = to_aero_vm(dev);

	aero_vm_refresh(vm);
	return sysfs_emit(buf, "%u\n", READ_ONCE(vm->idle));
}
static DEVICE_ATTR_RO(idle);

/* To read these is to ask for it, which costs the VM faults: root's alone. */
static ssize_t working_set_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u64 pages, error;
	int err = aero_working_set(to_aero_vm(dev), &pages, &error);

	return err ?: sysfs_emit(buf, "%llu\n", aero_pages_to_bytes(pages));
}
static DEVICE_ATTR_ADMIN_RO(working_set_bytes);

static ssize_t working_set_error_bytes_show(struct device *dev, struct device_attribute *attr,
					    char *buf)
{
	u64 pages, error;
	int err = aero_working_set(to_aero_vm(dev), &pages, &error);

	return err ?: sysfs_emit(buf, "%llu\n", aero_pages_to_bytes(error));
}
static DEVICE_ATTR_ADMIN_RO(working_set_error_bytes);

static ssize_t aero_vm_bound_show(struct device *dev, char *buf,
				  u64 (*bound)(const struct aero_vm *vm))
{
	struct aero_vm *vm = to_aero_vm(dev);
	u64 pages;

	mutex_lock(&vm->lock);
	pages = bound(vm);
	mutex_unlock(&vm->lock);
	return sysfs_emit(buf, "%llu\n", aero_pages_to_bytes(pages));
}

static ssize_t aero_vm_bound_store(struct device *dev, const char *buf, size_t count,
				   void (*change)(const struct aero_vm *vm,
						  struct aero_vm_config *config, u64 bytes))
{
	struct aero_vm *vm = to_aero_vm(dev);
	struct aero_vm_config config;
	u64 bytes;
	int err;

	err = kstrtou64(buf, 10, &bytes);
	if (err)
		return err;
	mutex_lock(&aero_vm_settings_lock);
	aero_vm_config(vm, &config);
	change(vm, &config, bytes);
	err = aero_vm_set_config(vm, &config);
	mutex_unlock(&aero_vm_settings_lock);
	return err ?: count;
}

static ssize_t min_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return aero_vm_bound_show(dev, buf, __aero_vm_min);
}

/* Rounded up: not a byte less than was promised. */
static void aero_vm_change_min(const struct aero_vm *vm, struct aero_vm_config *config, u64 bytes)
{
	config->min = aero_bytes_to_pages(bytes) + !!(bytes & (AERO_PAGE_SIZE - 1));
	config->min_set = true;
}

static ssize_t min_bytes_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	return aero_vm_bound_store(dev, buf, count, aero_vm_change_min);
}
static DEVICE_ATTR_RW(min_bytes);

static ssize_t limit_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return aero_vm_bound_show(dev, buf, __aero_vm_limit);
}

/* Rounded down: not a byte more. All there is, now, is no limit, also when that grows. */
static void aero_vm_change_limit(const struct aero_vm *vm, struct aero_vm_config *config,
				 u64 bytes)
{
	config->limit = aero_bytes_to_pages(bytes);
	config->limit_set = config->limit != READ_ONCE(vm->size);
}

static ssize_t limit_bytes_store(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t count)
{
	return aero_vm_bound_store(dev, buf, count, aero_vm_change_limit);
}
static DEVICE_ATTR_RW(limit_bytes);

#define AERO_VM_ATTR(_name, _field, _type)							\
	AERO_SETTING_ATTR(_name, _field, _type, aero_vm_config, to_aero_vm, aero_vm_config,	\
			  aero_vm_set_config, &aero_vm_settings_lock)

AERO_VM_ATTR(managed, managed, u8);
AERO_VM_ATTR(shares, shares, u32);
AERO_VM_ATTR(rate_min_bytes, rate_min, u64);
AERO_VM_ATTR(rate_max_bytes, rate_max, u64);

static struct attribute *aero_vm_attrs[] = {
	&dev_attr_pid.attr,
	&dev_attr_state.attr,
	&dev_attr_size_bytes.attr,
	&dev_attr_min_bytes.attr,
	&dev_attr_limit_bytes.attr,
	&dev_attr_managed.attr,
	&dev_attr_shares.attr,
	&dev_attr_target_bytes.attr,
	&dev_attr_balloon_bytes.attr,
	&dev_attr_rate_min_bytes.attr,
	&dev_attr_rate_max_bytes.attr,
	&dev_attr_pressure.attr,
	&dev_attr_idle.attr,
	&dev_attr_working_set_bytes.attr,
	&dev_attr_working_set_error_bytes.attr,
	NULL
};

static const struct attribute_group aero_vm_group = {
	.attrs = aero_vm_attrs,
};

const struct attribute_group *aero_vm_groups[] = {
	&aero_vm_group,
	NULL
};
