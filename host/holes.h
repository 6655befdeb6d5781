/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Are the holes in a VM's RAM still holes?
 */
#ifndef AEROSTAT_HOLES_H
#define AEROSTAT_HOLES_H

#include <linux/types.h>

struct aero_gpa;
struct aero_vm;

/**
 * struct aero_holes - rounds over a VM's balloon
 * @account: pages that were pinned or locked in the VMM's account at the last look
 * @going: a round has begun and not ended
 * @next: guest frame with which it goes on
 * @filled: pages that it has found so far
 * @round_at: when the next one is due, jiffies
 * @alert_until: until then one follows the other, jiffies
 *
 * Owned by the VM's work.
 */
struct aero_holes {
	u64 account;
	bool going;
	u64 next;
	u64 filled;
	unsigned long round_at;
	unsigned long alert_until;
};

void aero_holes_init(struct aero_holes *holes);
void aero_holes_alert(struct aero_holes *holes);
bool aero_holes_section(struct aero_vm *vm, struct aero_gpa *gpa);

#endif /* AEROSTAT_HOLES_H */
