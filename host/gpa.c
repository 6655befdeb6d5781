// SPDX-License-Identifier: GPL-2.0
/*
 * Guest-physical addresses: which KVM VM a process runs, and which files hold
 * the VM's RAM.
 *
 * KVM's own lookups by gfn are reserved to its vendor modules in newer kernels,
 * so this walks the memslots with the header's inline functions inside a
 * kvm->srcu read section. KVM cannot finish a memslot change, and QEMU neither a
 * reset nor an unplug, until the section ends: keep it short.
 */

#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/kvm_host.h>
#include <linux/magic.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/userfaultfd_k.h>

#include "abi.h"
#include "gpa.h"

/* KVM's and the ABI's frame numbers are the same on x86-64. */
static_assert(PAGE_SHIFT == AERO_PAGE_SHIFT, "gfns are counted in host pages");

struct aero_gpa_probe {
	struct mm_struct *mm;
	struct kvm *kvm;
};

/*
 * By its name alone any user's file could pass for a VM, and its private_data
 * for a struct kvm: the superblock says that the kernel named it.
 */
static bool aero_gpa_is_kvm(struct file *file)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp(file->f_path.dentry->d_name.name, "kvm-vm");
}

static int aero_gpa_probe_file(const void *data, struct file *file, unsigned int fd)
{
	struct aero_gpa_probe *probe = (void *)data;
	struct kvm *kvm;

	if (!aero_gpa_is_kvm(file))
		return 0;
	kvm = file->private_data;
	if (kvm->mm != probe->mm || !kvm_get_kvm_safe(kvm))
		return 0;
	probe->kvm = kvm;
	return fd + 1;
}

/*
 * The next candidate in a process's table of files, from @next on. Its leader may
 * have exited before it: then any other thread's table will do.
 */
static int aero_gpa_probe_files(struct pid *pid, int next, struct aero_gpa_probe *probe)
{
	struct task_struct *leader, *task;
	bool found = false;

	probe->kvm = NULL;
	rcu_read_lock();
	leader = pid_task(pid, PIDTYPE_TGID);
	if (leader) {
		for_each_thread(leader, task) {
			/* Keeps the thread from exiting with its files. */
			task_lock(task);
			found = task->files;
			if (found)
				next = iterate_fd(task->files, next, aero_gpa_probe_file, probe);
			task_unlock(task);
			if (found)
				break;
		}
	}
	rcu_read_unlock();
	return found ? next : 0;
}

/**
 * aero_gpa_find_kvm() - the KVM VM that a process shows a mapping to
 * @pid: the process, by its thread group
 * @mm: its address space, with a reference to its users
 * @hva: start of a channel's mapping
 *
 * A process may run several VMs; the one meant has a memslot for the channel.
 *
 * Context: Process context; may sleep.
 * Return: the VM, to be released with aero_gpa_put_kvm(), or NULL.
 */
struct kvm *aero_gpa_find_kvm(struct pid *pid, struct mm_struct *mm, unsigned long hva)
{
	struct aero_gpa_probe probe = { .mm = mm };
	int next = 0;

	while ((next = aero_gpa_probe_files(pid, next, &probe))) {
		struct aero_gpa gpa;
		bool maps;

		aero_gpa_enter(&gpa, probe.kvm, mm);
		maps = aero_gpa_maps(&gpa, hva, AERO_CHANNEL_SIZE);
		aero_gpa_leave(&gpa);
		if (maps)
			break;
		kvm_put_kvm(probe.kvm);
	}
	return probe.kvm;
}

/**
 * aero_gpa_abandoned() - has everybody else let go of a KVM VM?
 * @kvm: the VM, referenced
 *
 * Its file and those of its processors are closed: nothing runs in it ever
 * again, and this reference is all that keeps it, and its memslots, alive.
 *
 * Return: true if so.
 */
bool aero_gpa_abandoned(struct kvm *kvm)
{
	return refcount_read(&kvm->users_count) == 1;
}

/**
 * aero_gpa_put_kvm() - release what aero_gpa_find_kvm() found
 * @kvm: the VM
 *
 * Context: Process context; destroys the VM if its process has closed it.
 */
void aero_gpa_put_kvm(struct kvm *kvm)
{
	kvm_put_kvm(kvm);
}

/**
 * aero_gpa_enter() - begin a section in which memslots stand still
 * @gpa: to fill
 * @kvm: the VM
 * @mm: its address space, with a reference to its users
 *
 * Context: Process context. Takes kvm->srcu for reading; aero_gpa_leave()
 * releases it. No lock of this module is held.
 */
void aero_gpa_enter(struct aero_gpa *gpa, struct kvm *kvm, struct mm_struct *mm)
	__acquires(&kvm->srcu)
{
	gpa->kvm = kvm;
	gpa->mm = mm;
	gpa->srcu = srcu_read_lock(&kvm->srcu);
	gpa->slots = kvm_memslots(kvm);
	gpa->generation = gpa->slots->generation;
}

/**
 * aero_gpa_leave() - end the section that aero_gpa_enter() began
 * @gpa: the section
 */
void aero_gpa_leave(struct aero_gpa *gpa)
	__releases(&gpa->kvm->srcu)
{
	srcu_read_unlock(&gpa->kvm->srcu, gpa->srcu);
}

/**
 * aero_gpa_maps() - does the guest see a piece of its VMM's memory?
 * @gpa: section
 * @hva: first byte, in the VMM's address space
 * @size: bytes
 *
 * Return: true if one memslot covers all of it.
 */
bool aero_gpa_maps(struct aero_gpa *gpa, unsigned long hva, unsigned long size)
{
	struct kvm_memory_slot *slot;
	int bkt;

	kvm_for_each_memslot(slot, bkt, gpa->slots) {
		unsigned long bytes = slot->npages << PAGE_SHIFT;

		if (!(slot->flags & KVM_MEMSLOT_INVALID) && hva >= slot->userspace_addr &&
		    hva - slot->userspace_addr < bytes &&
		    size <= bytes - (hva - slot->userspace_addr))
			return true;
	}
	return false;
}

static enum aero_backing aero_gpa_backing(const struct kvm_memory_slot *slot,
					  struct vm_area_struct *vma)
{
	unsigned long magic;

	/* What the guest sees of a slot with guest_memfd need not be what is mapped. */
	if (slot->flags & KVM_MEM_GUEST_MEMFD || !vma->vm_file || !(vma->vm_flags & VM_SHARED))
		return AERO_BACKING_PRIVATE;
	/* devtmpfs is a tmpfs, too, and its files are disks. */
	if (!S_ISREG(file_inode(vma->vm_file)->i_mode) || !(vma->vm_flags & VM_WRITE))
		return AERO_BACKING_FOREIGN;
	if (userfaultfd_armed(vma))
		return AERO_BACKING_UFFD;
	magic = file_inode(vma->vm_file)->i_sb->s_magic;
	if (magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC)
		return AERO_BACKING_SHARED;
	return AERO_BACKING_FOREIGN;
}

static u64 aero_gpa_granule(struct vm_area_struct *vma)
{
	if (is_vm_hugetlb_page(vma))
		return huge_page_size(hstate_vma(vma)) >> PAGE_SHIFT;
	return 1;
}

static bool aero_gpa_is_ram(const struct kvm_memory_slot *slot, unsigned long channel_hva)
{
	return slot->userspace_addr != channel_hva && !(slot->flags & KVM_MEM_READONLY);
}

/**
 * aero_gpa_survey() - what can be had of a VM
 * @gpa: section
 * @channel_hva: start of the channel, which is no RAM
 * @survey: result
 *
 * Counts writable slots only: firmware and option ROMs are neither RAM nor ours.
 *
 * Context: Takes mmap_lock for reading.
 */
void aero_gpa_survey(struct aero_gpa *gpa, unsigned long channel_hva,
		     struct aero_gpa_survey *survey)
{
	struct kvm_memory_slot *slot;
	unsigned long largest = 0;
	int bkt;

	*survey = (struct aero_gpa_survey){ .granule = 1 };
	mmap_read_lock(gpa->mm);
	kvm_for_each_memslot(slot, bkt, gpa->slots) {
		struct vm_area_struct *vma = vma_lookup(gpa->mm, slot->userspace_addr);
		enum aero_backing backing;

		if (!vma || !aero_gpa_is_ram(slot, channel_hva))
			continue;
		backing = aero_gpa_backing(slot, vma);
		if (backing == AERO_BACKING_SHARED) {
			survey->size += slot->npages;
			survey->granule = max(survey->granule, aero_gpa_granule(vma));
		}
		if (slot->npages > largest) {
			largest = slot->npages;
			survey->backing = backing;
			survey->logged = slot->flags & KVM_MEM_LOG_DIRTY_PAGES;
		}
	}
	mmap_read_unlock(gpa->mm);
}

/**
 * aero_gpa_pick() - a page of what a guest can write
 * @gpa: section
 * @channel_hva: start of the channel, which is no RAM
 * @random: which; each page is as likely as any other if all numbers are
 * @gfn: result: guest frame; what is behind it need not be a file
 *
 * Return: false if there is none.
 */
bool aero_gpa_pick(struct aero_gpa *gpa, unsigned long channel_hva, u64 random, u64 *gfn)
{
	struct kvm_memory_slot *slot;
	u64 pages = 0;
	int bkt;

	kvm_for_each_memslot(slot, bkt, gpa->slots)
		if (aero_gpa_is_ram(slot, channel_hva))
			pages += slot->npages;
	if (!pages)
		return false;
	div64_u64_rem(random, pages, &random);
	kvm_for_each_memslot(slot, bkt, gpa->slots) {
		if (!aero_gpa_is_ram(slot, channel_hva))
			continue;
		if (random < slot->npages) {
			*gfn = slot->base_gfn + random;
			return true;
		}
		random -= slot->npages;
	}
	return false;
}

/**
 * aero_gpa_window() - find the file behind a guest page, and its surroundings
 * @gpa: section
 * @gfn: guest frame
 * @window: result; what it held before must have been put
 *
 * Context: Takes mmap_lock for reading.
 * Return: 0, or
 * -ENXIO if no memslot has the page,
 * -EROFS if its slot is read-only,
 * -EBUSY if KVM logs writes to it (the VM is being migrated),
 * -EOPNOTSUPP if no hole can be punched there.
 */
int aero_gpa_window(struct aero_gpa *gpa, u64 gfn, struct aero_gpa_window *window)
{
	struct kvm_memory_slot *slot = __gfn_to_memslot(gpa->slots, gfn);
	struct vm_area_struct *vma;
	unsigned long first, last;

	*window = (struct aero_gpa_window){ };
	if (!slot)
		return -ENXIO;
	if (slot->flags & KVM_MEM_READONLY)
		return -EROFS;
	if (slot->flags & KVM_MEM_LOG_DIRTY_PAGES)
		return -EBUSY;

	mmap_read_lock(gpa->mm);
	vma = vma_lookup(gpa->mm, __gfn_to_hva_memslot(slot, gfn));
	window->backing = vma ? aero_gpa_backing(slot, vma) : AERO_BACKING_NONE;
	if (window->backing != AERO_BACKING_SHARED) {
		mmap_read_unlock(gpa->mm);
		return -EOPNOTSUPP;
	}
	first = max(slot->userspace_addr, vma->vm_start);
	last = min(slot->userspace_addr + (slot->npages << PAGE_SHIFT), vma->vm_end);
	window->gfn = slot->base_gfn + ((first - slot->userspace_addr) >> PAGE_SHIFT);
	window->nr = (last - first) >> PAGE_SHIFT;
	window->file = get_file(vma->vm_file);
	window->offset = (loff_t)(first - vma->vm_start) + ((loff_t)vma->vm_pgoff << PAGE_SHIFT);
	window->granule = aero_gpa_granule(vma);
	window->locked = vma->vm_flags & VM_LOCKED;
	window->index_shift = PAGE_SHIFT;
	if (is_vm_hugetlb_page(vma))
		window->index_shift = hugetlb_index_shift(hstate_vma(vma));
	mmap_read_unlock(gpa->mm);
	return 0;
}

/**
 * aero_gpa_window_put() - release a window's file
 * @window: to empty; may be empty already
 */
void aero_gpa_window_put(struct aero_gpa_window *window)
{
	if (window->file)
		fput(window->file);
	*window = (struct aero_gpa_window){ };
}
