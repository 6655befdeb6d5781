/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/aerostat: shared memory between the host and one VM.
 */
#ifndef AEROSTAT_CHANNEL_H
#define AEROSTAT_CHANNEL_H

#include <linux/kref.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "abi.h"

#define AERO_CHANNEL_PAGES	(AERO_CHANNEL_SIZE / PAGE_SIZE)

struct aero_doorbell;
struct aero_host;
struct aero_vm;

/**
 * struct aero_channel - one open file of /dev/aerostat
 * @ref: the open file, and its VM
 * @host: the module
 * @lock: protects @vm and @bell
 * @vm: the VM of the present mapping, or NULL
 * @bell: what wakes both ends, or NULL; set at most once, under @lock, while
 *	there is no @vm
 * @header: what this is; written while there is no @vm, never read
 * @control: host's block; lives as long as the channel
 * @status: guest's block, foreign memory; lives as long as the channel
 * @pages: the shared memory; an entry is filled once, by whoever needs it
 *	first (cmpxchg), and stays until the file is closed
 */
struct aero_channel {
	struct kref ref;
	struct aero_host *host;
	struct mutex lock;
	struct aero_vm *vm;
	struct aero_doorbell *bell;
	struct aero_header *header;
	struct aero_control *control;
	const struct aero_status *status;
	struct page *pages[AERO_CHANNEL_PAGES];
};

const struct aero_desc *aero_channel_desc(const struct aero_channel *channel, u32 index);
struct aero_ack *aero_channel_ack(struct aero_channel *channel, u32 index);

void aero_channel_get(struct aero_channel *channel);
void aero_channel_put(struct aero_channel *channel);

int aero_channel_register(struct aero_host *host);
void aero_channel_unregister(void);

#endif /* AEROSTAT_CHANNEL_H */
