// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that lies about its memory, beside the driver that serves its channel: as long as it
 * is loaded it writes statistics of its own over the driver's, many times as often.
 */

#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#include "abi.h"

static unsigned long available;
module_param(available, ulong, 0);
MODULE_PARM_DESC(available, "bytes that are said to be available");

static unsigned int misery;
module_param(misery, uint, 0);
MODULE_PARM_DESC(misery, "pages that are said to be read back, and stalls, in each step");

static struct pci_dev *aero_lie_pdev;
static void *aero_lie_base;
static u64 aero_lie_pages;

static void aero_lie_work(struct work_struct *work)
{
	struct aero_status *status = aero_lie_base + AERO_STATUS_OFFSET;
	struct aero_stats *stats = &status->stats;

	aero_lie_pages += misery;
	WRITE_ONCE(stats->available_bytes, cpu_to_le64(available));
	WRITE_ONCE(stats->free_bytes, cpu_to_le64(available));
	WRITE_ONCE(stats->refault_pages, cpu_to_le64(aero_lie_pages));
	WRITE_ONCE(stats->swap_in_pages, cpu_to_le64(aero_lie_pages));
	WRITE_ONCE(stats->major_faults, cpu_to_le64(aero_lie_pages));
	WRITE_ONCE(stats->alloc_stalls, cpu_to_le64(aero_lie_pages));
	schedule_delayed_work(to_delayed_work(work), max(HZ / 100, 1));
}

static DECLARE_DELAYED_WORK(aero_lie, aero_lie_work);

static int __init aero_lie_init(void)
{
	aero_lie_pdev = pci_get_device(AERO_PCI_VENDOR_ID, AERO_PCI_DEVICE_ID, NULL);
	if (!aero_lie_pdev)
		return -ENODEV;
	aero_lie_base = memremap(pci_resource_start(aero_lie_pdev, AERO_PCI_BAR),
				 AERO_CHANNEL_SIZE, MEMREMAP_WB);
	if (!aero_lie_base) {
		pci_dev_put(aero_lie_pdev);
		return -ENOMEM;
	}
	schedule_delayed_work(&aero_lie, 0);
	return 0;
}
module_init(aero_lie_init);

static void __exit aero_lie_exit(void)
{
	cancel_delayed_work_sync(&aero_lie);
	memunmap(aero_lie_base);
	pci_dev_put(aero_lie_pdev);
}
module_exit(aero_lie_exit);

MODULE_DESCRIPTION("Aerostat selftest: a guest that lies about its memory");
MODULE_LICENSE("GPL");
