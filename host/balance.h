/* SPDX-License-Identifier: GPL-2.0 */
/* Which VM gives for which, without any heat. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_BALANCE_H
#define AEROSTAT_BALANCE_H

#include <linux/types.h>

#include "apportion.h"

/**
 * struct aero_balance_params - policy of mode balance
 * @idle_tax: percent, see aero_apportion()
 * @short_permille: pressure from which on a VM is short of memory: the dead band ends there
 * @credit_ms: for so long a guest that says so is believed although nothing that is measured
 *	bears it out
 */
struct aero_balance_params {
	u32 idle_tax;
	u32 short_permille;
	u32 credit_ms;
};

/**
 * struct aero_balance_past - what one step leaves to the next of a VM; zeroed at start
 * @balloon: pages that its balloon held when it last grew by more than a crumb
 * @behind_ms: since when it has not, although it should, milliseconds, as all below
 * @rest_ms: until it may give again, after it was given to
 * @wait_ms: how long the last such rest was
 * @still_ms: since it last gave or was given to
 * @credit_ms: used up of its credit
 * @gave: it was a giver last
 */
struct aero_balance_past {
	u64 balloon;
	u32 behind_ms;
	u32 rest_ms;
	u32 wait_ms;
	u32 still_ms;
	u32 credit_ms;
	bool gave;
};

/**
 * struct aero_balance_vm - one VM
 * @share: claim; its @limit reaches down to what the VM has in any case
 * @balloon: pages that it has given
 * @target: pages that it was last asked for
 * @used: pages that it uses, as measured
 * @known: there is a measurement; without it the VM is not taken from
 * @pressure: how much it suffers, by its own word, on average, permille
 * @strain: the same at this moment
 * @past: the last step; brought up to date
 * @is_short: result: it is believed to be short of memory
 * @easy: result: pages that it could hold without missing them, as measured
 * @ideal: result: pages that it would hold if memory could be moved at once
 * @goal: result: pages that it shall be asked for now
 */
struct aero_balance_vm {
	struct aero_share share;
	u64 balloon;
	u64 target;
	u64 used;
	bool known;
	u32 pressure;
	u32 strain;
	struct aero_balance_past past;
	bool is_short;
	u64 easy;
	u64 ideal;
	u64 goal;
};

/**
 * struct aero_budget - what VMs hold for the host's sake; zeroed at start
 * @pages: so much
 * @calm_ms: the host has had more than enough for so long, milliseconds
 */
struct aero_budget {
	u64 pages;
	u32 calm_ms;
};

/**
 * struct aero_budget_input - the host at the time of a step
 * @available: pages that it can use without swapping
 * @reserve: pages that shall stay so
 * @offline: pages of it that are offline and can come back
 * @held: pages that VMs hold and were not told to give up
 * @coming: pages that VMs were asked for and have not given yet
 * @easy: pages that they could hold without missing them, as measured
 * @most: pages that they could hold at all
 * @wanted: a VM is short of memory
 * @elapsed_ms: since the last step, milliseconds
 */
struct aero_budget_input {
	u64 available;
	u64 reserve;
	u64 offline;
	u64 held;
	u64 coming;
	u64 easy;
	u64 most;
	bool wanted;
	u32 elapsed_ms;
};

void aero_balance_judge(struct aero_balance_vm *vms, unsigned int nr, u32 elapsed_ms,
			const struct aero_balance_params *params);
u64 aero_balance_held(const struct aero_balance_vm *vms, unsigned int nr);
u64 aero_balance_coming(const struct aero_balance_vm *vms, unsigned int nr);
void aero_budget_step(struct aero_budget *budget, const struct aero_budget_input *input);
void aero_balance_move(struct aero_balance_vm *vms, struct aero_share *shares, unsigned int nr,
		       u64 total, u32 elapsed_ms, const struct aero_balance_params *params);

#endif /* AEROSTAT_BALANCE_H */
