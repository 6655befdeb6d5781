// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat_guest: gives memory of this virtual machine back to its host, and
 * takes it back, as the host asks.
 *
 * A driver for one ivshmem device whose memory is an Aerostat channel. Other
 * ivshmem devices are left as they are.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "guest.h"

static int aero_guest_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct aero_guest *guest;
	int err;

	guest = kzalloc(sizeof(*guest), GFP_KERNEL);
	if (!guest)
		return -ENOMEM;
	guest->pdev = pdev;
	guest->floor_bytes = max_t(u64, SZ_64M, ((u64)totalram_pages() << PAGE_SHIFT) / 16);
	spin_lock_init(&guest->lock);
	aero_balloon_init(&guest->balloon);

	err = aero_channel_open(guest);
	if (err)
		goto err_free;
	err = aero_worker_create(guest);
	if (err)
		goto err_close;
	err = aero_oom_register(guest);
	if (err)
		goto err_destroy;
	err = aero_reclaim_register(guest);
	if (err)
		goto err_oom;

	pci_set_drvdata(pdev, guest);
	aero_doorbell_open(guest);
	aero_worker_start(guest);
	dev_info(&pdev->dev, "balloon ready, Aerostat ABI %u.%u with the host%s\n",
		 AERO_ABI_MAJOR, guest->ch.abi_minor,
		 guest->ch.rings ? ", which rings" : "");
	return 0;

err_oom:
	aero_oom_unregister(guest);
err_destroy:
	aero_worker_destroy(guest);
err_close:
	aero_channel_close(guest);
err_free:
	kfree(guest);
	return err;
}

/* The worker stands still afterwards; whatever follows begins with another hello. */
static void aero_guest_close(struct aero_guest *guest, bool empty)
{
	aero_worker_stop(guest);
	aero_balloon_close(guest, empty);
	aero_channel_goodbye(guest);
}

static void aero_guest_remove(struct pci_dev *pdev)
{
	struct aero_guest *guest = pci_get_drvdata(pdev);

	aero_reclaim_unregister(guest);
	aero_oom_unregister(guest);
	aero_doorbell_close(guest);
	aero_guest_close(guest, true);
	aero_balloon_leak(guest);
	aero_worker_destroy(guest);
	aero_doorbell_unmap(guest);
	aero_channel_close(guest);
	kfree(guest);
}

/*
 * The next kernel, if it is kexec that follows, must not find a ring that the
 * host still works on. It takes the whole balloon over as ordinary memory.
 */
static void aero_guest_shutdown(struct pci_dev *pdev)
{
	aero_guest_close(pci_get_drvdata(pdev), false);
}

/*
 * While disks still work: what waits for one in the calls below would wait for ever. The
 * worker is frozen; it goes on from here should the suspend be called off.
 */
static int aero_guest_prepare(struct device *dev)
{
	struct aero_guest *guest = dev_get_drvdata(dev);

	aero_grow_stop(guest);
	aero_worker_kick(guest);
	return 0;
}

static int aero_guest_suspend(struct device *dev)
{
	aero_worker_stop(dev_get_drvdata(dev));
	return 0;
}

/* An image must not hold a balloon: it is restored under another host's eyes. */
static int aero_guest_freeze(struct device *dev)
{
	aero_guest_close(dev_get_drvdata(dev), true);
	return 0;
}

static int aero_guest_poweroff(struct device *dev)
{
	aero_guest_close(dev_get_drvdata(dev), false);
	return 0;
}

static int aero_guest_resume(struct device *dev)
{
	aero_worker_start(dev_get_drvdata(dev));
	return 0;
}

static const struct dev_pm_ops aero_guest_pm = {
	.prepare = pm_sleep_ptr(aero_guest_prepare),
	.suspend = pm_sleep_ptr(aero_guest_suspend),
	.resume = pm_sleep_ptr(aero_guest_resume),
	.freeze = pm_sleep_ptr(aero_guest_freeze),
	.thaw = pm_sleep_ptr(aero_guest_resume),
	.poweroff = pm_sleep_ptr(aero_guest_poweroff),
	.restore = pm_sleep_ptr(aero_guest_resume),
};

static const struct pci_device_id aero_guest_ids[] = {
	{ PCI_DEVICE(AERO_PCI_VENDOR_ID, AERO_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, aero_guest_ids);

static struct pci_driver aero_guest_driver = {
	.name = "aerostat_guest",
	.id_table = aero_guest_ids,
	.probe = aero_guest_probe,
	.remove = aero_guest_remove,
	.shutdown = aero_guest_shutdown,
	.dev_groups = aero_guest_groups,
	.driver.pm = pm_ptr(&aero_guest_pm),
};
module_pci_driver(aero_guest_driver);

MODULE_DESCRIPTION("Aerostat guest: a balloon that heat inflates");
MODULE_AUTHOR("The Aerostat authors");
MODULE_LICENSE("GPL");
