// SPDX-License-Identifier: GPL-2.0
/*
 * The control loop's part of mode balance: what balance.c has to know, and what comes of it.
 */

#include <linux/mm.h>

#include "block.h"
#include "host.h"
#include "loop_priv.h"
#include "trace.h"
#include "vm.h"

/* Periods of measuring for which a guest's word is believed. */
#define AERO_LOOP_CREDIT	4
/* This part of what VMs may suffer in the mean makes one of them short, as in auto. */
#define AERO_LOOP_SHORT_DIV	8

static struct aero_balance_params aero_loop_balance_params(const struct aero_loop *loop,
							   const struct aero_loop_config *config)
{
	return (struct aero_balance_params){
		.idle_tax = config->idle_tax,
		.short_permille = max(config->pressure_limit / AERO_LOOP_SHORT_DIV, 1U),
		.credit_ms = min_t(u64, (u64)AERO_LOOP_CREDIT *
					READ_ONCE(loop->host->ws_period_ms), U32_MAX),
	};
}

/* The mode was another one: what is held is the budget, but for what sensors answer for. */
static void aero_loop_balance_begin(struct aero_loop *loop, const struct aero_loop_sums *sums)
{
	u64 hot = loop->decided == AERO_MODE_AUTO ? loop->demand : 0;

	loop->budget = (struct aero_budget){ .pages = sums->held - min(hot, sums->held) };
	if (loop->decided != AERO_MODE_AUTO)
		loop->controller = (struct aero_controller){ };
}

static void aero_loop_budget(struct aero_loop *loop, const struct aero_loop_sums *sums)
{
	struct aero_budget_input input = {
		.available = max(si_mem_available(), 0L),
		.reserve = aero_blocks_reserve(loop->host->blocks),
		.held = aero_balance_held(loop->balance, sums->nr),
		.coming = aero_balance_coming(loop->balance, sums->nr),
		.elapsed_ms = loop->elapsed_ms,
	};
	unsigned int i;

	/* Those that cannot come back are no reason to wait. */
	if (aero_blocks_returning(loop->host->blocks))
		input.offline = aero_blocks_taken_pages(loop->host->blocks);

	for (i = 0; i < sums->nr; i++) {
		input.easy += loop->balance[i].easy;
		input.most += loop->balance[i].share.limit;
		input.wanted |= loop->balance[i].is_short &&
				loop->balance[i].target > loop->balance[i].share.least;
	}
	aero_budget_step(&loop->budget, &input);
	trace_aerostat_budget(loop->budget.pages, input.available, input.reserve, input.coming,
			      input.easy, input.most, input.wanted);
}

/**
 * aero_loop_balance_judge() - who is short, who could give, and how much the host lacks
 * @loop: the loop; its budget is brought up to date
 * @config: in force; in other modes than balance there is no budget
 * @sums: of this round
 *
 * Context: The loop's work, once in a period. Holds aero_host.vms_lock.
 */
void aero_loop_balance_judge(struct aero_loop *loop, const struct aero_loop_config *config,
			     const struct aero_loop_sums *sums)
{
	const struct aero_balance_params params = aero_loop_balance_params(loop, config);
	unsigned int i;

	if (config->mode != AERO_MODE_BALANCE) {
		loop->budget = (struct aero_budget){ };
		return;
	}
	if (loop->decided != AERO_MODE_BALANCE)
		aero_loop_balance_begin(loop, sums);
	for (i = 0; i < sums->nr; i++) {
		const struct aero_vm_sample *sample = &loop->samples[i];
		struct aero_balance_vm *vm = &loop->balance[i];

		*vm = (struct aero_balance_vm){
			.share = sample->share,
			.balloon = sample->balloon,
			.target = sample->target,
			.used = sample->used,
			.known = sample->known,
			.pressure = sample->pressure,
			.strain = sample->strain,
			.past = sample->vm->balance,
		};
		aero_loop_bounds(sample, config, AERO_URGENCY_MANUAL, &vm->share);
	}
	aero_balance_judge(loop->balance, sums->nr, loop->elapsed_ms, &params);
	for (i = 0; i < sums->nr; i++)
		loop->samples[i].vm->balance = loop->balance[i].past;
	aero_loop_budget(loop, sums);
}

/**
 * aero_loop_balance_move() - let VMs give for each other
 * @loop: the loop, judged
 * @config: in force
 * @sums: of this round
 * @total: pages that VMs shall hold together
 *
 * Context: The loop's work. Holds aero_host.vms_lock.
 */
void aero_loop_balance_move(struct aero_loop *loop, const struct aero_loop_config *config,
			    const struct aero_loop_sums *sums, u64 total)
{
	const struct aero_balance_params params = aero_loop_balance_params(loop, config);
	unsigned int i;

	aero_balance_move(loop->balance, loop->shares, sums->nr, total, loop->elapsed_ms, &params);
	for (i = 0; i < sums->nr; i++) {
		const struct aero_balance_vm *vm = &loop->balance[i];

		trace_aerostat_balance(vm->share.id, vm->balloon, vm->target, vm->goal, vm->ideal,
				       vm->easy, vm->strain, vm->is_short, total);
		loop->samples[i].vm->balance = vm->past;
		aero_vm_set_target(loop->samples[i].vm, vm->goal, false);
	}
}
