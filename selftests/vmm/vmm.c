// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aerostat.h"
#include "ring.h"
#include "vmm.h"

#define VMM_BEAT_MS	10
#define VMM_PAGE_WORDS	(AERO_PAGE_SIZE / sizeof(u64))

/**
 * vmm_init() - a VM of which nothing is there yet
 * @vmm: to fill
 */
void vmm_init(struct vmm *vmm)
{
	*vmm = (struct vmm){
		.vm = -1, .ram_fd = -1, .channel_fd = -1, .to_host = -1, .to_guest = -1,
	};
}

/**
 * vmm_create_vm() - make a KVM VM, without memory
 * @vmm: has none
 *
 * Return: 0 or a negative errno.
 */
int vmm_create_vm(struct vmm *vmm)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int err = 0;

	if (kvm < 0)
		return -errno;
	vmm->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vmm->vm < 0)
		err = -errno;
	close(kvm);
	return err;
}

/**
 * vmm_destroy_vm() - close the KVM VM
 * @vmm: its RAM and its channel stay
 */
void vmm_destroy_vm(struct vmm *vmm)
{
	if (vmm->vm >= 0)
		close(vmm->vm);
	vmm->vm = -1;
}

/**
 * vmm_set_slot() - show memory to the guest, or hide it
 * @vmm: has a KVM VM
 * @slot: number
 * @flags: KVM_MEM_*
 * @gpa: where the guest sees it
 * @hva: where it is
 * @size: bytes; 0 hides it
 *
 * Return: 0 or a negative errno.
 */
int vmm_set_slot(struct vmm *vmm, u32 slot, u32 flags, u64 gpa, void *hva, u64 size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (unsigned long)hva,
	};

	return ioctl(vmm->vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

/**
 * vmm_add_ram() - make RAM of a memfd and map it
 * @vmm: has none
 * @size: bytes
 * @map_flags: MAP_SHARED, which the host can take, or MAP_PRIVATE, which it cannot;
 *	with MAP_HUGETLB, of huge pages, which somebody has reserved
 *
 * Return: 0 or a negative errno.
 */
int vmm_add_ram(struct vmm *vmm, size_t size, int map_flags)
{
	unsigned int memfd_flags = MFD_CLOEXEC;
	void *ram;
	int err;

	if (map_flags & MAP_HUGETLB)
		memfd_flags |= MFD_HUGETLB;
	vmm->ram_fd = memfd_create("ram", memfd_flags);
	if (vmm->ram_fd < 0)
		return -errno;
	ram = MAP_FAILED;
	if (!ftruncate(vmm->ram_fd, size))
		ram = mmap(NULL, size, PROT_READ | PROT_WRITE, map_flags, vmm->ram_fd, 0);
	if (ram == MAP_FAILED) {
		err = -errno;
		close(vmm->ram_fd);
		vmm->ram_fd = -1;
		return err;
	}
	vmm->ram = ram;
	vmm->ram_size = size;
	return 0;
}

/**
 * vmm_plug_ram() - show the RAM to the guest from address zero on, or with other flags
 * @vmm: has RAM and a KVM VM
 * @slot_flags: KVM_MEM_*
 *
 * Return: 0 or a negative errno.
 */
int vmm_plug_ram(struct vmm *vmm, u32 slot_flags)
{
	return vmm_set_slot(vmm, VMM_SLOT_RAM, slot_flags, 0, vmm->ram, vmm->ram_size);
}

/**
 * vmm_remove_ram() - unmap the RAM and free it
 * @vmm: the KVM VM has gone before
 */
void vmm_remove_ram(struct vmm *vmm)
{
	if (vmm->ram)
		munmap(vmm->ram, vmm->ram_size);
	if (vmm->ram_fd >= 0)
		close(vmm->ram_fd);
	vmm->ram = NULL;
	vmm->ram_fd = -1;
}

/**
 * vmm_open_channel() - open /dev/aerostat
 * @vmm: has no channel
 *
 * Return: 0 or a negative errno.
 */
int vmm_open_channel(struct vmm *vmm)
{
	vmm->channel_fd = open("/dev/aerostat", O_RDWR | O_CLOEXEC);
	return vmm->channel_fd < 0 ? -errno : 0;
}

/**
 * vmm_add_doorbell() - give the channel a doorbell, as aerostatd does
 * @vmm: has opened its channel and not mapped it
 *
 * Return: 0 or a negative errno.
 */
int vmm_add_doorbell(struct vmm *vmm)
{
	struct aerostat_doorbell bell;

	vmm->to_host = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vmm->to_guest = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vmm->to_host < 0 || vmm->to_guest < 0)
		return -errno;
	bell = (struct aerostat_doorbell){
		.to_host = vmm->to_host, .to_guest = vmm->to_guest, .value = VMM_DOORBELL,
	};
	return ioctl(vmm->channel_fd, AEROSTAT_SET_DOORBELL, &bell) ? -errno : 0;
}

/**
 * vmm_map_channel() - map the channel: the VM appears on the host
 * @vmm: has an open channel
 *
 * Return: 0 or a negative errno.
 */
int vmm_map_channel(struct vmm *vmm)
{
	void *map = mmap(NULL, AERO_CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vmm->channel_fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	vmm->channel = map;
	vmm->control = map + AERO_CONTROL_OFFSET;
	vmm->status = map + AERO_STATUS_OFFSET;
	vmm->acks = map + AERO_ACK_OFFSET;
	vmm->descs = map + AERO_DESC_OFFSET;
	return 0;
}

/**
 * vmm_unmap_channel() - unmap the channel: the VM vanishes from the host
 * @vmm: the channel stays open
 *
 * Return: 0 or a negative errno.
 */
int vmm_unmap_channel(struct vmm *vmm)
{
	if (vmm->channel && munmap(vmm->channel, AERO_CHANNEL_SIZE))
		return -errno;
	vmm->channel = NULL;
	vmm->epoch = 0;
	return 0;
}

/**
 * vmm_close_channel() - unmap the channel and close it
 * @vmm: may have none
 */
void vmm_close_channel(struct vmm *vmm)
{
	vmm_unmap_channel(vmm);
	if (vmm->channel_fd >= 0)
		close(vmm->channel_fd);
	vmm->channel_fd = -1;
	if (vmm->to_host >= 0)
		close(vmm->to_host);
	if (vmm->to_guest >= 0)
		close(vmm->to_guest);
	vmm->to_host = -1;
	vmm->to_guest = -1;
}

/**
 * vmm_plug_channel() - show the channel to the guest, as its device's BAR does
 * @vmm: has a mapped channel and a KVM VM
 *
 * Return: 0 or a negative errno.
 */
int vmm_plug_channel(struct vmm *vmm)
{
	return vmm_set_slot(vmm, VMM_SLOT_CHANNEL, 0, VMM_CHANNEL_GPA, vmm->channel,
			    AERO_CHANNEL_SIZE);
}

/**
 * vmm_unplug_channel() - hide the channel from the guest
 * @vmm: has plugged it
 *
 * Return: 0 or a negative errno.
 */
int vmm_unplug_channel(struct vmm *vmm)
{
	return vmm_set_slot(vmm, VMM_SLOT_CHANNEL, 0, VMM_CHANNEL_GPA, vmm->channel, 0);
}

static int vmm_start_any(struct vmm *vmm, size_t ram_size, bool doorbell)
{
	int err;

	vmm_init(vmm);
	err = vmm_create_vm(vmm);
	if (!err)
		err = vmm_add_ram(vmm, ram_size, MAP_SHARED);
	if (!err)
		err = vmm_plug_ram(vmm, 0);
	if (!err)
		err = vmm_open_channel(vmm);
	if (!err && doorbell)
		err = vmm_add_doorbell(vmm);
	if (!err)
		err = vmm_map_channel(vmm);
	if (!err)
		err = vmm_plug_channel(vmm);
	return err;
}

/**
 * vmm_start() - a whole VM, as QEMU would make it
 * @vmm: to fill
 * @ram_size: bytes
 *
 * Return: 0 or a negative errno; undone by vmm_stop() in both cases.
 */
int vmm_start(struct vmm *vmm, size_t ram_size)
{
	return vmm_start_any(vmm, ram_size, false);
}

/**
 * vmm_start_ringing() - the same with a doorbell
 * @vmm: to fill
 * @ram_size: bytes
 *
 * Return: 0 or a negative errno; undone by vmm_stop() in both cases.
 */
int vmm_start_ringing(struct vmm *vmm, size_t ram_size)
{
	return vmm_start_any(vmm, ram_size, true);
}

/**
 * vmm_stop() - undo all that is there
 * @vmm: initialized
 */
void vmm_stop(struct vmm *vmm)
{
	vmm_destroy_vm(vmm);
	vmm_close_channel(vmm);
	vmm_remove_ram(vmm);
}

/**
 * vmm_touch() - write to pages of the RAM
 * @vmm: has RAM
 * @gfn: first page
 * @nr: pages
 */
void vmm_touch(struct vmm *vmm, u64 gfn, u64 nr)
{
	u64 i;

	for (i = gfn; i < gfn + nr; i++)
		WRITE_ONCE(*(u64 *)(vmm->ram + i * AERO_PAGE_SIZE), ~i);
}

/**
 * vmm_fill() - write to each byte of pages of the RAM
 * @vmm: has RAM
 * @gfn: first page
 * @nr: pages
 */
void vmm_fill(struct vmm *vmm, u64 gfn, u64 nr)
{
	u64 *word = (u64 *)(vmm->ram + gfn * AERO_PAGE_SIZE);
	u64 i;

	for (i = gfn * VMM_PAGE_WORDS; i < (gfn + nr) * VMM_PAGE_WORDS; i++)
		*word++ = ~i;
}

/**
 * vmm_intact() - is each byte of what vmm_fill() wrote still there?
 * @vmm: has RAM
 * @gfn: first page
 * @nr: pages
 *
 * Return: true if so.
 */
bool vmm_intact(const struct vmm *vmm, u64 gfn, u64 nr)
{
	const u64 *word = (u64 *)(vmm->ram + gfn * AERO_PAGE_SIZE);
	u64 i;

	for (i = gfn * VMM_PAGE_WORDS; i < (gfn + nr) * VMM_PAGE_WORDS; i++)
		if (*word++ != ~i)
			return false;
	return true;
}

/**
 * vmm_resident() - pages of the RAM's file that the host really holds
 * @vmm: has RAM
 *
 * Return: pages, or a negative errno.
 */
long long vmm_resident(const struct vmm *vmm)
{
	struct stat st;

	if (fstat(vmm->ram_fd, &st))
		return -errno;
	return st.st_blocks * 512LL / AERO_PAGE_SIZE;
}

/**
 * vmm_hello() - begin a new epoch; nothing is in the balloon
 * @vmm: has mapped its channel
 *
 * In the order of the guest driver: gone, ring empty, new epoch, there.
 */
void vmm_hello(struct vmm *vmm)
{
	struct aero_status *status = vmm->status;

	WRITE_ONCE(status->state, cpu_to_le32(AERO_GUEST_ABSENT));
	WRITE_ONCE(status->epoch, 0);
	virt_mb();	/* gone, before the ring is emptied */
	memset(status, 0, sizeof(*status));
	vmm->head = 0;
	vmm->reaped = 0;
	vmm->heartbeat = 0;
	vmm->told_head = 0;
	vmm->echo = 0;
	do {
		vmm->epoch = 0;
		/* Cannot fail for so few bytes, and is never interrupted. */
		if (getrandom(&vmm->epoch, sizeof(vmm->epoch), 0) < 0)
			vmm->epoch = time(NULL);
	} while (!vmm->epoch);
	status->features = cpu_to_le64(vmm->to_guest >= 0 ? AERO_F_DOORBELL : 0);
	status->abi_major = cpu_to_le16(AERO_ABI_MAJOR);
	status->abi_minor = cpu_to_le16(AERO_ABI_MINOR);
	status->stats.total_bytes = cpu_to_le64(vmm->ram_size);
	status->stats.available_bytes = cpu_to_le64(vmm->ram_size);
	WRITE_ONCE(status->epoch, cpu_to_le64(vmm->epoch));
	/* Last of all: the host looks at the rest when it sees this. */
	virt_store_release(&status->state, cpu_to_le32(AERO_GUEST_RUNNING));
	vmm_ring(vmm);
}

/**
 * vmm_beat() - show that the driver lives, and answer the challenge
 * @vmm: has said hello; call it at least once in two seconds
 */
void vmm_beat(struct vmm *vmm)
{
	u64 challenge = READ_ONCE(vmm->control->challenge);

	WRITE_ONCE(vmm->status->heartbeat, cpu_to_le64(++vmm->heartbeat));
	/* The ring that this vouches for is visible first. */
	virt_store_release(&vmm->status->echo, challenge);
	if (challenge != vmm->echo || READ_ONCE(vmm->control->flags) & cpu_to_le32(AERO_CTL_CALL))
		vmm_ring(vmm);
	vmm->echo = challenge;
}

/**
 * vmm_answered() - does the host serve the present epoch?
 * @vmm: has said hello
 *
 * Once it did and no longer does, the host has forgotten the balloon: say hello
 * again.
 *
 * Return: true if it does.
 */
bool vmm_answered(const struct vmm *vmm)
{
	/* What the host wrote before it answered is seen, too. */
	return le64_to_cpu(virt_load_acquire(&vmm->control->epoch)) == vmm->epoch;
}

/**
 * vmm_target() - size that the balloon shall have
 * @vmm: is answered
 *
 * Return: pages.
 */
u64 vmm_target(const struct vmm *vmm)
{
	return le64_to_cpu(READ_ONCE(vmm->control->target_bytes)) >> AERO_PAGE_SHIFT;
}

/**
 * vmm_goodbye() - the driver is unloaded
 * @vmm: has said hello
 */
void vmm_goodbye(struct vmm *vmm)
{
	/* What was written to the ring is visible first. */
	virt_store_release(&vmm->status->state, cpu_to_le32(AERO_GUEST_CLOSED));
	vmm->epoch = 0;
	vmm_ring(vmm);
}

/**
 * vmm_post() - write a descriptor, to be published later
 * @vmm: is answered
 * @op: what happened to the pages
 * @gfn: first page
 * @nr: pages; as the tests may want it, nothing is checked
 *
 * Return: 0, or -EAGAIN while the ring is full.
 */
int vmm_post(struct vmm *vmm, enum aero_op op, u64 gfn, u32 nr)
{
	if (vmm->head - vmm->reaped == AERO_RING_ENTRIES)
		return -EAGAIN;
	vmm->descs[aero_ring_slot(vmm->head)] = (struct aero_desc){
		.gfn = cpu_to_le64(gfn),
		.nr_pages = cpu_to_le32(nr),
		.op = cpu_to_le16(op),
	};
	vmm->head++;
	return 0;
}

/**
 * vmm_publish() - let the host see what was posted
 * @vmm: is answered
 */
void vmm_publish(struct vmm *vmm)
{
	aero_ring_publish(&vmm->status->head, vmm->head);
	if (vmm->to_host >= 0 &&
	    aero_ring_wake(&vmm->control->wake_head, &vmm->told_head, vmm->head))
		vmm_ring(vmm);
}

/**
 * vmm_ring() - ring the host
 * @vmm: may have no doorbell
 */
void vmm_ring(struct vmm *vmm)
{
	if (vmm->to_host >= 0)
		eventfd_write(vmm->to_host, 1);
}

/**
 * vmm_rung() - wait until the host rings
 * @vmm: has a doorbell
 * @ms: for at most so many milliseconds; -1: for ever
 *
 * Return: true if it has rung since the last call.
 */
bool vmm_rung(struct vmm *vmm, int ms)
{
	struct pollfd bell = { .fd = vmm->to_guest, .events = POLLIN };
	eventfd_t rings;

	return poll(&bell, 1, ms) == 1 && !eventfd_read(vmm->to_guest, &rings);
}

/**
 * vmm_reap() - see what the host has done
 * @vmm: is answered
 * @refused: increased by the descriptors that were refused
 *
 * Return: how many descriptors have been done with since the last call, or
 * -EPROTO if the host's answers make no sense.
 */
int vmm_reap(struct vmm *vmm, u32 *refused)
{
	u32 tail = aero_ring_observe(&vmm->control->tail);
	u32 done, i;

	if (!aero_ring_between(vmm->reaped, tail, &done) || done > vmm->head - vmm->reaped)
		return -EPROTO;
	for (i = 0; i < done; i++, vmm->reaped++) {
		const struct aero_ack *ack = &vmm->acks[aero_ring_slot(vmm->reaped)];

		if (le32_to_cpu(READ_ONCE(ack->index)) != vmm->reaped)
			return -EPROTO;
		*refused += READ_ONCE(ack->result) == cpu_to_le32(AERO_RESULT_REFUSED);
	}
	return done;
}

/**
 * vmm_sleep() - let time pass while the driver lives
 * @vmm: may not have said hello
 * @ms: milliseconds
 */
void vmm_sleep(struct vmm *vmm, unsigned int ms)
{
	for (;;) {
		unsigned int step = ms < VMM_BEAT_MS ? ms : VMM_BEAT_MS;
		struct timespec pause = { .tv_nsec = step * 1000000L };

		if (vmm->channel && vmm->epoch)
			vmm_beat(vmm);
		if (!step)
			return;
		nanosleep(&pause, NULL);
		ms -= step;
	}
}

/**
 * vmm_greet() - say hello and wait for the answer
 * @vmm: has mapped its channel
 * @ms: for at most so many milliseconds
 *
 * Return: 0 or -ETIMEDOUT.
 */
int vmm_greet(struct vmm *vmm, unsigned int ms)
{
	unsigned int waited;

	vmm_hello(vmm);
	for (waited = 0; waited < ms; waited += VMM_BEAT_MS) {
		vmm_sleep(vmm, VMM_BEAT_MS);
		if (vmm_answered(vmm))
			return 0;
	}
	return -ETIMEDOUT;
}

/**
 * vmm_settle() - publish what was posted and wait until all has been done with
 * @vmm: is answered
 * @ms: for at most so many milliseconds
 *
 * Return: the number of descriptors that were refused, -ETIMEDOUT or -EPROTO.
 */
int vmm_settle(struct vmm *vmm, unsigned int ms)
{
	unsigned int waited;
	u32 refused = 0;
	int err;

	vmm_publish(vmm);
	for (waited = 0; vmm->reaped != vmm->head; waited += VMM_BEAT_MS) {
		if (waited > ms)
			return -ETIMEDOUT;
		vmm_sleep(vmm, VMM_BEAT_MS);
		err = vmm_reap(vmm, &refused);
		if (err < 0)
			return err;
	}
	return refused;
}

/**
 * vmm_send() - send descriptors for a range and wait until all have been done with
 * @vmm: is answered; its ring is empty
 * @op: what happened to the pages
 * @gfn: first page
 * @nr: pages; more than AERO_DESC_MAX_PAGES become several descriptors
 * @ms: wait for at most so many milliseconds
 *
 * Return: the number of descriptors that were refused, -EAGAIN if they do not fit,
 * -ETIMEDOUT or -EPROTO.
 */
int vmm_send(struct vmm *vmm, enum aero_op op, u64 gfn, u64 nr, unsigned int ms)
{
	while (nr) {
		u32 part = nr < AERO_DESC_MAX_PAGES ? nr : AERO_DESC_MAX_PAGES;
		int err = vmm_post(vmm, op, gfn, part);

		if (err)
			return err;
		gfn += part;
		nr -= part;
	}
	return vmm_settle(vmm, ms);
}
