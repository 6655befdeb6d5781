/* SPDX-License-Identifier: GPL-2.0 */
/*
 * aerostat_host: what all its parts share.
 *
 * Data flows one way: sensors -> controller -> apportion -> vm -> reclaim ->
 * block -> power, and each part knows only its neighbours.
 *
 * Locks, outermost first:
 *
 *	mmap_lock of a VM's mm	(held by the kernel around channel mmap)
 *	aero_host.vms_lock	list of VMs
 *	aero_sensors.lock	list of sensors; held over their readings
 *	aero_sensor_class.lock	which chips, which zones there are
 *	aero_channel.lock	which VM a channel belongs to
 *	aero_vm.lock		a VM's settings and what it publishes
 *	aero_sensor.lock	a sensor's thresholds and last reading
 *	aero_blocks.domains_lock, .lock	blocks and their domains, see block_priv.h
 *	aero_loop.lock		what a user has set, and what came of it
 *	aero_doorbell.lock	whose doorbell it is; in interrupts and in an eventfd's lock
 *
 * A VM's kvm->srcu read section is entered without any of these held.
 */
#ifndef AEROSTAT_HOST_H
#define AEROSTAT_HOST_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "abi.h"

struct aero_blocks;
struct aero_cooling;
struct aero_loop;
struct aero_power;
struct aero_sensors;

/**
 * struct aero_host - one loaded module
 * @dev: /sys/class/aerostat/host
 * @wq: runs the VMs' work; unbound, since a punch may sleep for long
 * @debugfs: /sys/kernel/debug/aerostat
 * @vms_lock: protects @vms
 * @vms: of struct aero_vm, by its node
 * @ws_samples: pages of each VM to watch in a period; single word, set by the user
 * @ws_period_ms: length of such a period, milliseconds; single word, set by the user
 * @waste_percent: of one CPU that each VM may waste; single word, set by the user
 * @sensors: what is watched
 * @loop: the control loop
 * @blocks: memory blocks and the thread that moves them
 * @power: the power model and its hwmon chip
 * @cooling: the cooling device
 *
 * All pointers are set before the first VM can appear and cleared after the
 * last one has gone.
 */
struct aero_host {
	struct device *dev;
	struct workqueue_struct *wq;
	struct dentry *debugfs;
	struct mutex vms_lock;
	struct list_head vms;
	u32 ws_samples;
	u32 ws_period_ms;
	u32 waste_percent;
	struct aero_sensors *sensors;
	struct aero_loop *loop;
	struct aero_blocks *blocks;
	struct aero_power *power;
	struct aero_cooling *cooling;
};

/**
 * aero_pages_to_bytes() - size of a number of ABI pages
 * @pages: count of 4 KiB pages
 *
 * Return: bytes.
 */
static inline u64 aero_pages_to_bytes(u64 pages)
{
	return pages << AERO_PAGE_SHIFT;
}

/**
 * aero_bytes_to_pages() - whole ABI pages in a number of bytes
 * @bytes: size
 *
 * Return: count of 4 KiB pages, rounded down.
 */
static inline u64 aero_bytes_to_pages(u64 bytes)
{
	return bytes >> AERO_PAGE_SHIFT;
}

#endif /* AEROSTAT_HOST_H */
