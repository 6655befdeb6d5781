// SPDX-License-Identifier: GPL-2.0
/*
 * The shared memory outside of the ring: is it Aerostat's, the hello, the
 * challenge, the orders from the host and the driver's own account.
 *
 * The host is a stranger. Each of its fields is copied once; whoever uses the
 * copy checks it first.
 */
#include <linux/cc_platform.h>
#include <linux/io.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "guest.h"
#include "trace.h"

/*
 * The host speaks another ABI: tell it so in what all versions share, and nothing else. It is
 * not rung, for how to do that is the version's, and looks now and then.
 */
static void aero_channel_part(struct aero_guest *guest, size_t size,
			      const struct aero_header *header)
{
	u32 offset = le32_to_cpu(header->status_offset);
	struct aero_status *status;

	if (!IS_ALIGNED(offset, sizeof(u64)) ||
	    offset > size - offsetofend(struct aero_status, state))
		return;
	status = guest->ch.base + offset;
	WRITE_ONCE(status->abi_major, cpu_to_le16(AERO_ABI_MAJOR));
	WRITE_ONCE(status->abi_minor, cpu_to_le16(AERO_ABI_MINOR));
	/* The host looks at the version when it sees this. */
	virt_store_release(&status->state, cpu_to_le32(AERO_GUEST_FOREIGN));
}

/* Nothing is written before this has found the magic: the device may be somebody else's. */
static int aero_channel_check(struct aero_guest *guest, size_t size)
{
	struct device *dev = &guest->pdev->dev;
	struct aero_header header;

	memcpy(&header, guest->ch.base + AERO_HEADER_OFFSET, sizeof(header));

	if (le64_to_cpu(header.magic) != AERO_MAGIC) {
		dev_dbg(dev, "shared memory of something else\n");
		return -ENODEV;
	}
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT)) {
		dev_err(dev, "not in a confidential guest: a ballooned page would have to be accepted anew, and its host is not to be trusted with the choice\n");
		return -EOPNOTSUPP;
	}
	if (le16_to_cpu(header.abi_major) != AERO_ABI_MAJOR) {
		dev_err(dev, "the host speaks Aerostat ABI %u.%u, this driver %u.%u: update the older one\n",
			le16_to_cpu(header.abi_major), le16_to_cpu(header.abi_minor),
			AERO_ABI_MAJOR, AERO_ABI_MINOR);
		aero_channel_part(guest, size, &header);
		return -EPROTONOSUPPORT;
	}
	if (size < AERO_CHANNEL_SIZE || le32_to_cpu(header.channel_size) != AERO_CHANNEL_SIZE) {
		dev_err(dev, "%zu bytes of shared memory: start QEMU with size=%luK for Aerostat's memory backend\n",
			size, AERO_CHANNEL_SIZE / SZ_1K);
		return -EINVAL;
	}
	if (le32_to_cpu(header.ring_entries) != AERO_RING_ENTRIES ||
	    le32_to_cpu(header.control_offset) != AERO_CONTROL_OFFSET ||
	    le32_to_cpu(header.status_offset) != AERO_STATUS_OFFSET ||
	    le32_to_cpu(header.ack_offset) != AERO_ACK_OFFSET ||
	    le32_to_cpu(header.desc_offset) != AERO_DESC_OFFSET) {
		dev_err(dev, "the host's shared memory is not laid out as ABI %u says: update the host's aerostat module\n",
			AERO_ABI_MAJOR);
		return -EPROTO;
	}

	guest->ch.abi_minor = min_t(u16, le16_to_cpu(header.abi_minor), AERO_ABI_MINOR);
	guest->ch.offered = le64_to_cpu(header.features);
	guest->ch.doorbell = le32_to_cpu(header.doorbell);
	return 0;
}

/**
 * aero_channel_open() - map the shared memory and see whether it is Aerostat's
 * @guest: with its device set
 *
 * Context: process context, may sleep.
 * Return: 0; -ENODEV, and not a word in the log, when the device is not
 * Aerostat's; otherwise another error, with a message. Undone by
 * aero_channel_close().
 */
int aero_channel_open(struct aero_guest *guest)
{
	struct aero_channel *ch = &guest->ch;
	struct pci_dev *pdev = guest->pdev;
	size_t size = min_t(u64, pci_resource_len(pdev, AERO_PCI_BAR), AERO_CHANNEL_SIZE);
	int err;

	if (size < sizeof(struct aero_header) ||
	    !(pci_resource_flags(pdev, AERO_PCI_BAR) & IORESOURCE_MEM))
		return -ENODEV;

	err = pci_enable_device_mem(pdev);
	if (err)
		return err;
	err = pci_request_region(pdev, AERO_PCI_BAR, KBUILD_MODNAME);
	if (err)
		goto err_disable;

	/*
	 * Host RAM that CPUs share, not registers: cached, wherever the
	 * platform allows it for a BAR.
	 */
	ch->base = memremap(pci_resource_start(pdev, AERO_PCI_BAR), size,
			    MEMREMAP_WB | MEMREMAP_WT | MEMREMAP_WC);
	if (!ch->base) {
		err = -ENOMEM;
		goto err_release;
	}

	err = aero_channel_check(guest, size);
	if (err)
		goto err_unmap;

	ch->slots = kvcalloc(AERO_RING_ENTRIES, sizeof(*ch->slots), GFP_KERNEL);
	if (!ch->slots) {
		err = -ENOMEM;
		goto err_unmap;
	}
	ch->control = ch->base + AERO_CONTROL_OFFSET;
	ch->status = ch->base + AERO_STATUS_OFFSET;
	ch->acks = ch->base + AERO_ACK_OFFSET;
	ch->descs = ch->base + AERO_DESC_OFFSET;
	return 0;

err_unmap:
	memunmap(ch->base);
err_release:
	pci_release_region(pdev, AERO_PCI_BAR);
err_disable:
	pci_disable_device(pdev);
	return err;
}

/**
 * aero_channel_close() - undo aero_channel_open()
 * @guest: nobody else uses its channel any more
 *
 * Context: process context, may sleep.
 */
void aero_channel_close(struct aero_guest *guest)
{
	kvfree(guest->ch.slots);
	memunmap(guest->ch.base);
	pci_release_region(guest->pdev, AERO_PCI_BAR);
	pci_disable_device(guest->pdev);
}

/**
 * __aero_channel_hello() - begin a new epoch
 * @guest: no page of it is inflight
 *
 * The host may be at work on the ring of the epoch before, and learns of the
 * end of it in this order: no driver, then nothing in the ring, then a new one.
 * The caller rings.
 *
 * Context: worker's context, aero_guest.lock held.
 */
void __aero_channel_hello(struct aero_guest *guest)
{
	struct aero_channel *ch = &guest->ch;
	struct aero_status *status = ch->status;

	lockdep_assert_held(&guest->lock);

	WRITE_ONCE(status->state, cpu_to_le32(AERO_GUEST_ABSENT));
	WRITE_ONCE(status->epoch, 0);
	virt_wmb();	/* gone, before the ring is emptied */
	memset(status, 0, sizeof(*status));
	memset(ch->slots, 0, AERO_RING_ENTRIES * sizeof(*ch->slots));
	ch->head = 0;
	ch->reaped = 0;
	ch->told_head = 0;
	ch->heartbeat = 0;
	ch->echo = 0;
	do {
		ch->epoch = get_random_u64();
	} while (!ch->epoch);

	status->features = cpu_to_le64(ch->rings ? AERO_F_DOORBELL : 0);
	status->abi_major = cpu_to_le16(AERO_ABI_MAJOR);
	status->abi_minor = cpu_to_le16(AERO_ABI_MINOR);
	WRITE_ONCE(status->epoch, cpu_to_le64(ch->epoch));
	/* Last of all: the host looks at the rest when it sees this. */
	virt_store_release(&status->state, cpu_to_le32(AERO_GUEST_RUNNING));

	WRITE_ONCE(guest->phase, AERO_PHASE_WAITING);
	guest->lost = false;
	guest->closing = false;
	trace_aerostat_hello(ch->epoch, (u64)guest->balloon.nr_pages << PAGE_SHIFT);
}

/**
 * aero_channel_intact() - is the status block as this driver left it?
 * @guest: has said hello
 *
 * It is not after a snapshot of the guest was loaded: then the guest's memory
 * is from one time and the shared memory from another, and descriptors in the
 * ring name pages that are in use now. Such a ring must not be vouched for with
 * an answer to a challenge, hence look here before aero_channel_beat().
 *
 * Context: worker's context; takes aero_guest.lock.
 * Return: true if it is.
 */
bool aero_channel_intact(struct aero_guest *guest)
{
	const struct aero_channel *ch = &guest->ch;
	const struct aero_status *status = ch->status;
	bool intact;

	spin_lock(&guest->lock);
	intact = READ_ONCE(status->epoch) == cpu_to_le64(ch->epoch) &&
		 READ_ONCE(status->state) == cpu_to_le32(AERO_GUEST_RUNNING) &&
		 READ_ONCE(status->heartbeat) == cpu_to_le64(ch->heartbeat) &&
		 READ_ONCE(status->head) == cpu_to_le32(ch->head);
	spin_unlock(&guest->lock);
	return intact;
}

/**
 * aero_channel_answered() - does the host serve this driver's epoch?
 * @ch: the channel
 *
 * What the host wrote before it answered, tail and claim above all, is seen
 * after this returned true.
 *
 * Context: worker's context.
 * Return: true if it does.
 */
bool aero_channel_answered(const struct aero_channel *ch)
{
	bool answered = READ_ONCE(ch->control->epoch) == cpu_to_le64(ch->epoch);

	virt_rmb();	/* the answer is read before what it vouches for */
	return answered;
}

/**
 * aero_channel_beat() - show that the driver lives
 * @guest: its channel is intact
 *
 * Context: worker's context.
 */
void aero_channel_beat(struct aero_guest *guest)
{
	struct aero_channel *ch = &guest->ch;
	__le64 challenge = READ_ONCE(ch->control->challenge);

	WRITE_ONCE(ch->status->heartbeat, cpu_to_le64(++ch->heartbeat));
	/* The ring that this vouches for is visible first. */
	virt_wmb();
	WRITE_ONCE(ch->status->echo, challenge);
	if (challenge == ch->echo)
		return;
	ch->echo = challenge;
	aero_doorbell_ring(guest);
}

/**
 * aero_channel_read() - take a copy of the host's orders
 * @ch: the channel
 * @orders: where to
 *
 * Context: worker's context.
 */
void aero_channel_read(const struct aero_channel *ch, struct aero_orders *orders)
{
	const struct aero_control *control = ch->control;

	orders->target = le64_to_cpu(READ_ONCE(control->target_bytes));
	orders->rate_min = le64_to_cpu(READ_ONCE(control->rate_min_bytes));
	orders->rate_max = le64_to_cpu(READ_ONCE(control->rate_max_bytes));
	orders->granule = le64_to_cpu(READ_ONCE(control->granule_bytes));
	orders->flags = le32_to_cpu(READ_ONCE(control->flags));
}

/**
 * aero_channel_publish() - tell the host how large the balloon is, and why
 * @guest: the guest
 *
 * Context: worker's context.
 */
void aero_channel_publish(struct aero_guest *guest)
{
	struct aero_status *status = guest->ch.status;
	u64 bytes = (u64)READ_ONCE(guest->balloon.nr_pages) << PAGE_SHIFT;

	WRITE_ONCE(status->balloon_bytes, cpu_to_le64(bytes));
	WRITE_ONCE(status->rate_bytes, cpu_to_le64(guest->rate_bytes));
	WRITE_ONCE(status->limits, cpu_to_le32(guest->limits));
}

/**
 * aero_channel_goodbye() - tell the host that no driver is there any more
 * @guest: its balloon is empty or disowned
 *
 * revoke stays set for good, as a last word to a host that does not look at the
 * state: the next hello clears it.
 *
 * Context: worker's context; takes aero_guest.lock.
 */
void aero_channel_goodbye(struct aero_guest *guest)
{
	struct aero_channel *ch = &guest->ch;

	aero_channel_publish(guest);
	spin_lock(&guest->lock);
	aero_ring_revoke(ch->control, ch->status);
	/* The balloon's last size is visible first. */
	virt_store_release(&ch->status->state, cpu_to_le32(AERO_GUEST_CLOSED));
	WRITE_ONCE(guest->phase, AERO_PHASE_CLOSED);
	spin_unlock(&guest->lock);
	aero_doorbell_ring(guest);
}
