/* SPDX-License-Identifier: GPL-2.0 */
/* A guest driver that breaks the rules: what its parts share. */
#ifndef AEROSTAT_HOSTILE_H
#define AEROSTAT_HOSTILE_H

#include <linux/pci.h>

#include "abi.h"

/**
 * struct aero_hostile - the channel under attack
 * @pdev: its device
 * @header: constant
 * @control: the host's block
 * @status: our block
 * @ring: descriptors
 * @registers: BAR 0, or NULL if the host has no doorbell
 */
struct aero_hostile {
	struct pci_dev *pdev;
	const struct aero_header *header;
	struct aero_control *control;
	struct aero_status *status;
	struct aero_desc *ring;
	void __iomem *registers;
};

bool aero_hostile_hello(struct aero_hostile *hostile);
void aero_hostile_ring(struct aero_hostile *hostile);
void aero_hostile_remap(struct aero_hostile *hostile);
void __noreturn aero_hostile_stale(struct aero_hostile *hostile);
int aero_hostile_fuzz(struct aero_hostile *hostile, u32 seed, unsigned long count);

#endif /* AEROSTAT_HOSTILE_H */
