/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the control loop, for loop*.c only.
 */
#ifndef AEROSTAT_LOOP_PRIV_H
#define AEROSTAT_LOOP_PRIV_H

#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "apportion.h"
#include "balance.h"
#include "calm.h"
#include "loop.h"

struct aero_vm_sample;

/**
 * struct aero_loop - the loop's memory
 * @host: the module
 * @work: a round
 * @next: when the next step is due, jiffies; owned by @work, as is
 * @last: when sensors were last read, jiffies
 * @stepped: when the last step was due, jiffies
 * @elapsed_ms: between that and the one before, milliseconds
 * @calm: what else happens; owned by @work
 * @now: what has happened up to the last sample; owned by @work
 * @controller: state of the controller
 * @params: its policy
 * @readings: room for the sensors' readings
 * @nr_readings: of it
 * @samples: room for the VMs
 * @shares: room for apportioning
 * @balance: room for mode balance
 * @nr_samples: room in each of these three
 * @budget: what VMs hold for the host's sake in mode balance
 * @balancing: VMs give for each other: it is the mode, and no sensor is in the way
 * @decided: mode of the last decision
 * @demand: pages that are to be taken, last decision
 * @extra: pages that are to be held besides, and not for going offline, last decision
 * @limited: a VM has a limit, which is to be met although nothing is held
 * @urgency: how deep to reach for them, last decision
 * @level: what the sensors asked for
 * @verdict: what was made of it
 * @lock: protects what follows
 * @running: rounds may be queued
 * @asked: the user set something: do not wait for the period
 * @looked: sensors are to be read before the period is over
 * @stirred: something changed: do not rest
 * @config: what a user sets
 * @status: what came of it
 */
struct aero_loop {
	struct aero_host *host;
	struct delayed_work work;
	unsigned long next;
	unsigned long last;
	unsigned long stepped;
	u32 elapsed_ms;
	struct aero_calm calm;
	struct aero_circumstances now;
	struct aero_controller controller;
	struct aero_controller_params params;
	struct aero_reading *readings;
	unsigned int nr_readings;
	struct aero_vm_sample *samples;
	struct aero_share *shares;
	struct aero_balance_vm *balance;
	unsigned int nr_samples;
	struct aero_budget budget;
	bool balancing;
	enum aero_mode decided;
	u64 demand;
	u64 extra;
	bool limited;
	enum aero_urgency urgency;
	enum aero_level level;
	enum aero_verdict verdict;

	struct mutex lock;
	bool running;
	bool asked;
	bool looked;
	bool stirred;
	struct aero_loop_config config;
	struct aero_loop_status status;
};

/**
 * struct aero_loop_sums - the VMs as a whole
 * @nr: VMs that were sampled
 * @held: pages that they have given
 * @least: pages of them above their limits
 * @met: of @least, pages that they have given
 * @fixed: pages held by those that are not managed
 * @limited: one has a limit
 * @capacity: sum of their limits at AERO_URGENCY_NORMAL
 * @capacity_emergency: sum of their limits at AERO_URGENCY_EMERGENCY
 * @pressure: mean, weighted by shares, permille
 */
struct aero_loop_sums {
	unsigned int nr;
	u64 held;
	u64 least;
	u64 met;
	u64 fixed;
	bool limited;
	u64 capacity;
	u64 capacity_emergency;
	u32 pressure;
};

/* Do the sensors decide? */
static inline bool aero_mode_senses(enum aero_mode mode)
{
	return mode == AERO_MODE_AUTO || mode == AERO_MODE_BALANCE;
}

void aero_loop_room(void **array, unsigned int *have, unsigned int want, size_t size);
void aero_loop_sample(struct aero_loop *loop, const struct aero_loop_config *config, bool due,
		      struct aero_loop_sums *sums);
void aero_loop_ask(struct aero_loop *loop, const struct aero_loop_sums *sums);
void aero_loop_bounds(const struct aero_vm_sample *sample, const struct aero_loop_config *config,
		      enum aero_urgency urgency, struct aero_share *share);
void aero_loop_apply(struct aero_loop *loop, const struct aero_loop_config *config,
		     const struct aero_loop_sums *sums, bool due);

/* loop_balance.c */
void aero_loop_balance_judge(struct aero_loop *loop, const struct aero_loop_config *config,
			     const struct aero_loop_sums *sums);
void aero_loop_balance_move(struct aero_loop *loop, const struct aero_loop_config *config,
			    const struct aero_loop_sums *sums, u64 total);

#endif /* AEROSTAT_LOOP_PRIV_H */
