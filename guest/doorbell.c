// SPDX-License-Identifier: GPL-2.0
/*
 * The doorbell: an interrupt from the host, a register write to it.
 *
 * A device without one, or an interrupt that is not to be had, is no error: the
 * worker looks at the channel now and then, as the host does when it is not rung.
 */
#include <linux/interrupt.h>
#include <linux/io.h>

#include "guest.h"

static irqreturn_t aero_doorbell_irq(int irq, void *data)
{
	aero_worker_kick(data);
	return IRQ_HANDLED;
}

static int aero_doorbell_map(struct aero_guest *guest)
{
	struct pci_dev *pdev = guest->pdev;

	if (pci_resource_len(pdev, AERO_PCI_BAR_REGISTERS) < AERO_PCI_DOORBELL + sizeof(u32))
		return -ENODEV;
	if (pci_request_region(pdev, AERO_PCI_BAR_REGISTERS, KBUILD_MODNAME))
		return -EBUSY;
	guest->ch.registers = pci_iomap(pdev, AERO_PCI_BAR_REGISTERS, 0);
	if (guest->ch.registers)
		return 0;
	pci_release_region(pdev, AERO_PCI_BAR_REGISTERS);
	return -ENOMEM;
}

static int aero_doorbell_request(struct aero_guest *guest)
{
	struct pci_dev *pdev = guest->pdev;
	int err;

	/* The only vector that anyone raises is AERO_VECTOR, the first. */
	err = pci_alloc_irq_vectors(pdev, AERO_VECTOR + 1, AERO_VECTOR + 1, PCI_IRQ_MSIX);
	if (err < 0)
		return err;
	/* An MSI is a write to memory. */
	pci_set_master(pdev);
	err = request_irq(pci_irq_vector(pdev, AERO_VECTOR), aero_doorbell_irq, 0,
			  KBUILD_MODNAME, guest);
	if (err)
		pci_free_irq_vectors(pdev);
	return err;
}

/**
 * aero_doorbell_open() - have the doorbell, if the host offers one
 * @guest: its channel is open, its worker can be kicked
 *
 * Context: process context, may sleep. Undone by aero_doorbell_close().
 */
void aero_doorbell_open(struct aero_guest *guest)
{
	struct device *dev = &guest->pdev->dev;
	int err;

	if (!(guest->ch.offered & AERO_F_DOORBELL))
		return;
	err = aero_doorbell_map(guest);
	if (!err)
		err = aero_doorbell_request(guest);
	guest->ch.rings = !err;
	if (err)
		dev_warn(dev, "no doorbell (%d): looking for orders now and then\n", err);
}

/**
 * aero_doorbell_close() - undo aero_doorbell_open()
 * @guest: the guest
 *
 * Afterwards the host does not kick the worker any more; it can still be rung.
 *
 * Context: process context, may sleep.
 */
void aero_doorbell_close(struct aero_guest *guest)
{
	if (!guest->ch.rings)
		return;
	free_irq(pci_irq_vector(guest->pdev, AERO_VECTOR), guest);
	pci_free_irq_vectors(guest->pdev);
	guest->ch.rings = false;
}

/**
 * aero_doorbell_unmap() - let go of the register
 * @guest: it has said all that it has to say
 *
 * Context: process context, may sleep.
 */
void aero_doorbell_unmap(struct aero_guest *guest)
{
	if (!guest->ch.registers)
		return;
	pci_iounmap(guest->pdev, guest->ch.registers);
	pci_release_region(guest->pdev, AERO_PCI_BAR_REGISTERS);
}

/**
 * aero_doorbell_ring() - have the host look at the channel
 * @guest: the guest; without a doorbell the host will look by itself
 *
 * What was written to the channel before is seen by the host.
 *
 * Context: any.
 */
void aero_doorbell_ring(struct aero_guest *guest)
{
	if (guest->ch.registers)
		writel(guest->ch.doorbell, guest->ch.registers + AERO_PCI_DOORBELL);
}
