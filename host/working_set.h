/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of its memory a VM uses, measured without asking it.
 */
#ifndef AEROSTAT_WORKING_SET_H
#define AEROSTAT_WORKING_SET_H

#include <linux/types.h>

#include "estimate.h"

struct aero_gpa;
struct aero_vm;

/* Defaults are ESX's; the bounds keep a VM's cost within reason. */
#define AERO_WS_SAMPLES		100
#define AERO_WS_SAMPLES_MAX	1000
#define AERO_WS_PERIOD_MS	30000
#define AERO_WS_PERIOD_MIN_MS	1000
#define AERO_WS_PERIOD_MAX_MS	3600000

/**
 * enum aero_ws_phase - what becomes of a period's samples
 * @AERO_WS_RESTING: there are none, for nobody asks
 * @AERO_WS_UNMAPPING: they are picked and unmapped
 * @AERO_WS_WAITING: the guest runs
 * @AERO_WS_LOOKING: it is counted which are mapped again
 */
enum aero_ws_phase {
	AERO_WS_RESTING,
	AERO_WS_UNMAPPING,
	AERO_WS_WAITING,
	AERO_WS_LOOKING,
};

/**
 * struct aero_working_set - the measuring of one VM
 * @wanted_until: somebody asks, jiffies; single word
 *
 * Owned by the VM's work:
 * @phase: of the present period
 * @gfns: its samples, guest frames
 * @nr: how many there are
 * @aim: how many there shall be
 * @tries: pages picked in vain
 * @next: the sample to go on with
 * @mapped: how many of those before @next are mapped again
 * @seen: and how many of them could be looked at
 * @looks: at all samples, since they were unmapped
 * @period: length, jiffies
 * @at: when to look next, jiffies
 * @unmaps: folios unmapped since the VM appeared; read by others
 * @us: microseconds that all of it has taken since then; read by others
 *
 * Protected by aero_vm.lock:
 * @estimate: what is known
 * @estimated_at: since when, jiffies
 * @unsupported: no page could be picked in the last period
 */
struct aero_working_set {
	unsigned long wanted_until;

	enum aero_ws_phase phase;
	u64 *gfns;
	unsigned int nr;
	unsigned int aim;
	unsigned int tries;
	unsigned int next;
	unsigned int mapped;
	unsigned int seen;
	unsigned int looks;
	unsigned long period;
	unsigned long at;
	u64 unmaps;
	u64 us;

	struct aero_estimate estimate;
	unsigned long estimated_at;
	bool unsupported;
};

void aero_working_set_init(struct aero_working_set *ws);
void aero_working_set_free(struct aero_working_set *ws);
void aero_working_set_want(struct aero_vm *vm);
bool aero_working_set_section(struct aero_vm *vm, struct aero_gpa *gpa);
unsigned long aero_working_set_wait(const struct aero_vm *vm);
bool __aero_working_set_known(const struct aero_vm *vm);
int aero_working_set(struct aero_vm *vm, u64 *pages, u64 *error);

#endif /* AEROSTAT_WORKING_SET_H */
