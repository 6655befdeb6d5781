// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/aerostat: each open file is a channel, and whoever maps it is the VM.
 *
 * QEMU maps the file as the memory of a stock ivshmem device. The mapping is
 * the VM's life: mmap() creates the VM, the end of the mapping ends it. There
 * is one mapping at a time, of the whole channel; it cannot be split, moved or
 * inherited. Pages are allocated when first touched, since a channel whose VM
 * never inflates uses three of its 256.
 */

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "aerostat.h"
#include "channel.h"
#include "doorbell.h"
#include "host.h"
#include "ring.h"
#include "vm.h"

static struct aero_host *aero_channel_host;

/* Who opens too many hears so; the OOM killer, of his cgroup or of all, is not for that. */
#define AERO_CHANNEL_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static struct page *aero_channel_page(struct aero_channel *channel, pgoff_t index, gfp_t gfp)
{
	/* Pairs with the cmpxchg below: the page is zeroed before it is found. */
	struct page *page = smp_load_acquire(&channel->pages[index]);
	struct page *other;

	if (page)
		return page;
	page = alloc_page(gfp | __GFP_ZERO);
	if (!page)
		return NULL;
	other = cmpxchg_release(&channel->pages[index], NULL, page);
	if (!other)
		return page;
	__free_page(page);
	return other;
}

/**
 * aero_channel_desc() - a descriptor in the ring
 * @channel: the VM's channel
 * @index: free-running index
 *
 * Return: foreign memory, to be copied once, or NULL where the guest has never
 * written.
 */
const struct aero_desc *aero_channel_desc(const struct aero_channel *channel, u32 index)
{
	unsigned long offset = AERO_DESC_OFFSET +
			       aero_ring_slot(index) * sizeof(struct aero_desc);
	/* Pairs with the cmpxchg in aero_channel_page(). */
	struct page *page = smp_load_acquire(&channel->pages[offset >> PAGE_SHIFT]);

	return page ? page_address(page) + offset_in_page(offset) : NULL;
}

/**
 * aero_channel_ack() - the answer that belongs to a descriptor
 * @channel: the VM's channel
 * @index: free-running index
 *
 * Context: Process context; may allocate.
 * Return: where to write it, or NULL without memory.
 */
struct aero_ack *aero_channel_ack(struct aero_channel *channel, u32 index)
{
	unsigned long offset = AERO_ACK_OFFSET +
			       aero_ring_slot(index) * sizeof(struct aero_ack);
	struct page *page = aero_channel_page(channel, offset >> PAGE_SHIFT,
					      GFP_KERNEL_ACCOUNT);

	return page ? page_address(page) + offset_in_page(offset) : NULL;
}

static vm_fault_t aero_channel_fault(struct vm_fault *vmf)
{
	struct aero_channel *channel = vmf->vma->vm_private_data;
	struct page *page;

	if (vmf->pgoff >= AERO_CHANNEL_PAGES)
		return VM_FAULT_SIGBUS;
	page = aero_channel_page(channel, vmf->pgoff, GFP_KERNEL_ACCOUNT);
	if (!page)
		return VM_FAULT_OOM;
	get_page(page);
	vmf->page = page;
	return 0;
}

static int aero_channel_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

static int aero_channel_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

/* Called with mmap_lock held: only pass the news on. */
static void aero_channel_unmapped(struct vm_area_struct *vma)
{
	struct aero_channel *channel = vma->vm_private_data;

	mutex_lock(&channel->lock);
	/* Not the half of a failed mremap(), nor a child's copy. */
	if (channel->vm && channel->vm->mm == vma->vm_mm && channel->vm->hva == vma->vm_start)
		aero_vm_leave(channel->vm);
	mutex_unlock(&channel->lock);
}

static const struct vm_operations_struct aero_channel_vm_ops = {
	.close = aero_channel_unmapped,
	.may_split = aero_channel_may_split,
	.mremap = aero_channel_mremap,
	.fault = aero_channel_fault,
};

static int aero_channel_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct aero_channel *channel = file->private_data;
	struct aero_vm *vm;
	int err = 0;

	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff ||
	    vma->vm_end - vma->vm_start != AERO_CHANNEL_SIZE) {
		dev_notice_ratelimited(channel->host->dev,
				       "pid %d: map the whole channel, share=on,size=%luM\n",
				       task_tgid_nr(current), AERO_CHANNEL_SIZE >> 20);
		return -EINVAL;
	}

	mutex_lock(&channel->lock);
	if (channel->vm) {
		err = -EBUSY;
		goto unlock;
	}
	vm = aero_vm_create(channel->host, channel, vma->vm_mm, vma->vm_start);
	if (IS_ERR(vm)) {
		err = PTR_ERR(vm);
		goto unlock;
	}
	channel->vm = vm;
	vma->vm_private_data = channel;
	vma->vm_ops = &aero_channel_vm_ops;
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
unlock:
	mutex_unlock(&channel->lock);
	return err;
}

/* QEMU asks for the end and truncates a file that seems too short. */
static loff_t aero_channel_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, AERO_CHANNEL_SIZE);
}

static long aero_channel_set_doorbell(struct aero_channel *channel, const void __user *from)
{
	struct aero_header *header = channel->header;
	struct aerostat_doorbell fds;
	struct aero_doorbell *bell;
	int err = 0;

	if (copy_from_user(&fds, from, sizeof(fds)))
		return -EFAULT;
	if (fds.reserved)
		return -EINVAL;
	bell = aero_doorbell_create(fds.to_host, fds.to_guest);
	if (IS_ERR(bell))
		return PTR_ERR(bell);

	mutex_lock(&channel->lock);
	if (channel->vm || channel->bell) {
		err = -EBUSY;
	} else {
		channel->bell = bell;
		header->doorbell = cpu_to_le32(fds.value);
		header->features = cpu_to_le64(AERO_F_DOORBELL);
	}
	mutex_unlock(&channel->lock);
	if (err)
		aero_doorbell_destroy(bell);
	return err;
}

static long aero_channel_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd != AEROSTAT_SET_DOORBELL)
		return -ENOTTY;
	return aero_channel_set_doorbell(file->private_data, (void __user *)arg);
}

static void aero_channel_write_header(struct aero_header *header)
{
	header->abi_major = cpu_to_le16(AERO_ABI_MAJOR);
	header->abi_minor = cpu_to_le16(AERO_ABI_MINOR);
	header->channel_size = cpu_to_le32(AERO_CHANNEL_SIZE);
	header->ring_entries = cpu_to_le32(AERO_RING_ENTRIES);
	header->control_offset = cpu_to_le32(AERO_CONTROL_OFFSET);
	header->status_offset = cpu_to_le32(AERO_STATUS_OFFSET);
	header->ack_offset = cpu_to_le32(AERO_ACK_OFFSET);
	header->desc_offset = cpu_to_le32(AERO_DESC_OFFSET);
	header->magic = cpu_to_le64(AERO_MAGIC);
}

static void aero_channel_free(struct kref *ref)
{
	struct aero_channel *channel = container_of(ref, struct aero_channel, ref);
	unsigned int i;

	for (i = 0; i < AERO_CHANNEL_PAGES; i++)
		if (channel->pages[i])
			put_page(channel->pages[i]);
	aero_doorbell_destroy(channel->bell);
	mutex_destroy(&channel->lock);
	kfree(channel);
}

/**
 * aero_channel_get() - keep a channel
 * @channel: one that is referenced already
 */
void aero_channel_get(struct aero_channel *channel)
{
	kref_get(&channel->ref);
}

/**
 * aero_channel_put() - let go of a channel
 * @channel: freed with the last reference
 *
 * Context: Process context.
 */
void aero_channel_put(struct aero_channel *channel)
{
	kref_put(&channel->ref, aero_channel_free);
}

static int aero_channel_open(struct inode *inode, struct file *file)
{
	struct aero_channel *channel = kzalloc(sizeof(*channel), AERO_CHANNEL_GFP);
	struct page *host_page, *guest_page;

	if (!channel)
		return -ENOMEM;
	kref_init(&channel->ref);
	channel->host = aero_channel_host;
	mutex_init(&channel->lock);
	host_page = aero_channel_page(channel, AERO_HEADER_OFFSET >> PAGE_SHIFT,
				      AERO_CHANNEL_GFP);
	guest_page = aero_channel_page(channel, AERO_STATUS_OFFSET >> PAGE_SHIFT,
				       AERO_CHANNEL_GFP);
	if (!host_page || !guest_page) {
		aero_channel_put(channel);
		return -ENOMEM;
	}
	channel->header = page_address(host_page) + offset_in_page(AERO_HEADER_OFFSET);
	aero_channel_write_header(channel->header);
	channel->control = page_address(host_page) + offset_in_page(AERO_CONTROL_OFFSET);
	channel->status = page_address(guest_page) + offset_in_page(AERO_STATUS_OFFSET);
	file->private_data = channel;
	/* fstat() must tell the size: an ivshmem server's QEMU trusts nothing else. */
	i_size_write(inode, AERO_CHANNEL_SIZE);
	return 0;
}

static int aero_channel_release(struct inode *inode, struct file *file)
{
	struct aero_channel *channel = file->private_data;
	struct aero_vm *vm;

	/* The mapping held the file, so it has ended; its VM may still be on its way. */
	mutex_lock(&channel->lock);
	vm = channel->vm;
	if (vm)
		get_device(&vm->dev);
	mutex_unlock(&channel->lock);
	if (vm) {
		aero_vm_wait_gone(vm);
		put_device(&vm->dev);
	}
	aero_channel_put(channel);
	return 0;
}

static const struct file_operations aero_channel_fops = {
	.owner = THIS_MODULE,
	.open = aero_channel_open,
	.release = aero_channel_release,
	.llseek = aero_channel_llseek,
	.unlocked_ioctl = aero_channel_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = aero_channel_mmap,
};

static struct miscdevice aero_channel_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "aerostat",
	.fops = &aero_channel_fops,
	.mode = 0660,
};

/**
 * aero_channel_register() - let VMs in
 * @host: the module, complete
 *
 * Return: 0 or a negative errno.
 */
int aero_channel_register(struct aero_host *host)
{
	aero_channel_host = host;
	return misc_register(&aero_channel_misc);
}

/**
 * aero_channel_unregister() - let no more VMs in
 *
 * The module's reference count says that no channel is open.
 */
void aero_channel_unregister(void)
{
	misc_deregister(&aero_channel_misc);
}
