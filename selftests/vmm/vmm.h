/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMM without processors: a KVM VM, its RAM and a channel, and the guest
 * driver's side of the channel played from userspace.
 *
 * To the host it is a VM like any other: it has memslots, it gives memory and
 * gets it back. A process may run as many as it likes, each in a struct vmm of
 * its own, and drives them from any loop that calls vmm_beat() often enough.
 *
 * Functions that return int return 0 or more, or a negative errno. None sleeps
 * but those that take a time. A struct vmm is used by one thread at a time.
 */
#ifndef SELFTESTS_VMM_H
#define SELFTESTS_VMM_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

/* Where the guest sees its channel: far above any RAM. */
#define VMM_CHANNEL_GPA		0x4000000000ULL

/* What would be written to the doorbell register, if there were one. */
#define VMM_DOORBELL		0U

#define VMM_SLOT_RAM		0U
#define VMM_SLOT_CHANNEL	1U

/**
 * struct vmm - one VM
 * @vm: KVM VM's descriptor, or -1
 * @ram_fd: memfd of its RAM, or -1
 * @ram: where the RAM is mapped, or NULL
 * @ram_size: bytes
 * @channel_fd: open file of /dev/aerostat, or -1
 * @channel: where it is mapped, or NULL
 * @control: host's block in it
 * @status: guest's block in it
 * @acks: host's answers
 * @descs: guest's descriptors
 * @to_host: eventfd that rings the host, or -1
 * @to_guest: eventfd that the host rings, or -1
 * @epoch: of the last hello; 0: none yet
 * @heartbeat: last one shown
 * @echo: last challenge answered
 * @head: descriptors written
 * @told_head: @head when it was last decided whether to ring
 * @reaped: descriptors whose answers have been seen
 */
struct vmm {
	int vm;
	int ram_fd;
	char *ram;
	size_t ram_size;
	int channel_fd;
	char *channel;
	struct aero_control *control;
	struct aero_status *status;
	struct aero_ack *acks;
	struct aero_desc *descs;
	int to_host;
	int to_guest;
	u64 epoch;
	u64 heartbeat;
	u64 echo;
	u32 head;
	u32 told_head;
	u32 reaped;
};

/* The parts, for whoever wants them in another order, or not all of them. */
void vmm_init(struct vmm *vmm);
int vmm_create_vm(struct vmm *vmm);
int vmm_add_ram(struct vmm *vmm, size_t size, int map_flags);
int vmm_plug_ram(struct vmm *vmm, u32 slot_flags);
int vmm_set_slot(struct vmm *vmm, u32 slot, u32 flags, u64 gpa, void *hva, u64 size);
int vmm_open_channel(struct vmm *vmm);
int vmm_add_doorbell(struct vmm *vmm);
int vmm_map_channel(struct vmm *vmm);
int vmm_plug_channel(struct vmm *vmm);
int vmm_unplug_channel(struct vmm *vmm);
void vmm_destroy_vm(struct vmm *vmm);
void vmm_remove_ram(struct vmm *vmm);
int vmm_unmap_channel(struct vmm *vmm);
void vmm_close_channel(struct vmm *vmm);

/* All of them. */
int vmm_start(struct vmm *vmm, size_t ram_size);
int vmm_start_ringing(struct vmm *vmm, size_t ram_size);
void vmm_stop(struct vmm *vmm);

/* The host's memory behind the RAM. */
void vmm_touch(struct vmm *vmm, u64 gfn, u64 nr);
void vmm_fill(struct vmm *vmm, u64 gfn, u64 nr);
bool vmm_intact(const struct vmm *vmm, u64 gfn, u64 nr);
long long vmm_resident(const struct vmm *vmm);

/* The guest driver. */
void vmm_hello(struct vmm *vmm);
void vmm_beat(struct vmm *vmm);
bool vmm_answered(const struct vmm *vmm);
u64 vmm_target(const struct vmm *vmm);
void vmm_goodbye(struct vmm *vmm);
int vmm_post(struct vmm *vmm, enum aero_op op, u64 gfn, u32 nr);
void vmm_publish(struct vmm *vmm);
int vmm_reap(struct vmm *vmm, u32 *refused);
void vmm_ring(struct vmm *vmm);
bool vmm_rung(struct vmm *vmm, int ms);

/* The same for who has time: they beat while they wait. */
void vmm_sleep(struct vmm *vmm, unsigned int ms);
int vmm_greet(struct vmm *vmm, unsigned int ms);
int vmm_settle(struct vmm *vmm, unsigned int ms);
int vmm_send(struct vmm *vmm, enum aero_op op, u64 gfn, u64 nr, unsigned int ms);

#endif /* SELFTESTS_VMM_H */
