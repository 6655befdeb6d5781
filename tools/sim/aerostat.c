// SPDX-License-Identifier: GPL-2.0
/*
 * Aerostat itself: the module's own controller.c, apportion.c, balance.c, pressure.c, plan.c and
 * power_model.c, compiled from their sources in host/. This is the only file that knows their
 * interfaces.
 *
 * What puts them in order in the kernel, host/loop.c and the sample in host/vm.c, works with
 * locks, work queues and shared pages and cannot run here; it is repeated below, function by
 * function.
 */
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "apportion.h"
#include "balance.h"
#include "controller.h"
#include "plan.h"
#include "power_model.h"
#include "pressure.h"
#include "sim.h"

#define SIM_PRESSED_S	30	/* AERO_VM_PRESSED of host/vm.c */

/**
 * sim_power_mw() - power of the host's memory, by the module's model
 * @host: host
 *
 * Return: milliwatts.
 */
u64 sim_power_mw(const struct sim_host *host)
{
	static const struct aero_power_params params = AERO_POWER_PARAMS_DEFAULT;

	return aero_power_mw(&params, (host->memory - host->offline) << 12, host->offline << 12);
}

/**
 * sim_plan_goal() - how much memory should be offline, by the module's plan
 * @host: host
 * @may_offline: what was reclaimed and is still to be held
 *
 * Every block can be vacated here, which is not so on every host.
 *
 * Return: pages.
 */
u64 sim_plan_goal(const struct sim_host *host, u64 may_offline)
{
	return aero_plan_goal(may_offline, sim_host_free(host), host->reserve, host->block,
			      host->offline);
}

static const struct aero_controller_params sim_params = AERO_CONTROLLER_PARAMS_DEFAULT;

/* What host/vm.c remembers of a VM. */
struct sim_aero_vm {
	struct aero_pressure pressure;
	u64 sampled_s;
	u64 pressed_s;
	bool pressed;
	u32 permille;
	struct aero_balance_past balance;
};

struct sim_aerostat {
	struct aero_controller controller;
	struct sim_aero_vm *vms;
	struct aero_share *shares;
	u64 demand;
	enum aero_urgency urgency;
	enum aero_level level;
	bool stirred;
	/* Mode balance. */
	struct aero_balance_vm *balance;
	struct aero_budget budget;
	bool balancing;
};

struct sim_sums {
	u64 held;
	u64 capacity;
	u64 capacity_emergency;
	u32 pressure;
};

static void sim_aerostat_destroy(void *state)
{
	struct sim_aerostat *aero = state;

	free(aero->vms);
	free(aero->shares);
	free(aero->balance);
	free(aero);
}

static void *sim_aerostat_create(const struct sim_host *host)
{
	struct sim_aerostat *aero = calloc(1, sizeof(*aero));

	if (!aero)
		return NULL;
	aero->stirred = true;
	aero->vms = calloc(host->nr, sizeof(*aero->vms));
	aero->shares = calloc(host->nr, sizeof(*aero->shares));
	if (aero->vms && aero->shares)
		return aero;
	sim_aerostat_destroy(aero);
	return NULL;
}

static void *sim_balance_create(const struct sim_host *host)
{
	struct sim_aerostat *aero = sim_aerostat_create(host);

	if (!aero)
		return NULL;
	aero->balance = calloc(host->nr, sizeof(*aero->balance));
	if (aero->balance)
		return aero;
	sim_aerostat_destroy(aero);
	return NULL;
}

/* aero_vm_step() */
static void sim_vm_sample(struct sim_aero_vm *known, const struct sim_vm *vm, u64 now_s)
{
	struct aero_pressure_sample sample = {
		.size = vm->size,
		.available = sim_guest_available(vm),
		.refaults = vm->refaults,
		.swap_ins = vm->swap_ins,
		.major_faults = vm->refaults + vm->swap_ins,
	};

	known->permille = aero_pressure_step(&known->pressure, &sample,
					     (now_s - known->sampled_s) * 1000);
	known->sampled_s = now_s;
	if (aero_pressed(known->pressed, known->permille)) {
		known->pressed = true;
		known->pressed_s = now_s;
	} else if (now_s > known->pressed_s + SIM_PRESSED_S) {
		known->pressed = false;
	}
}

/* aero_loop_limit(), of a VM that is willing */
static u64 sim_vm_limit(const struct sim_vm *vm, const struct sim_aero_vm *known,
			enum aero_urgency urgency)
{
	u64 idle = min(sim_guest_available(vm) + vm->balloon, vm->size);

	return aero_apportion_limit(vm->size, vm->min, idle, vm->balloon, known->permille,
				    sim_params.pressure_limit, urgency);
}

/* aero_loop_sample() */
static void sim_loop_sample(struct sim_aerostat *aero, const struct sim_host *host,
			    struct sim_sums *sums)
{
	u64 weighted = 0, weights = 0;
	unsigned int i;

	for (i = 0; i < host->nr; i++) {
		const struct sim_vm *vm = &host->vms[i];

		sim_vm_sample(&aero->vms[i], vm, host->now_s);
		sums->held += vm->balloon;
		sums->capacity += sim_vm_limit(vm, &aero->vms[i], AERO_URGENCY_NORMAL);
		sums->capacity_emergency += sim_vm_limit(vm, &aero->vms[i], AERO_URGENCY_EMERGENCY);
		weighted += (u64)aero->vms[i].permille * vm->shares;
		weights += vm->shares;
	}
	sums->pressure = weights ? div64_u64(weighted, weights) : 0;
}

static struct aero_reading sim_reading(const struct sim_host *host)
{
	return (struct aero_reading){
		.value = sim_host_temp(host),
		.low = host->params->low,
		.high = host->params->high,
		.emergency = host->params->emergency,
		.has_emergency = true,
		.usable = true,
	};
}

/* aero_loop_rests() */
static bool sim_loop_rests(struct sim_aerostat *aero, const struct sim_host *host,
			   const struct aero_reading *reading)
{
	enum aero_level level;

	if (aero->balance || aero->demand || sim_host_held(host) || host->offline)
		return false;
	/* Every block can be vacated here, see sim_plan_goal(). */
	return aero_controller_rests(&aero->controller, reading, 1, host->memory, &level) &&
	       level == aero->level;
}

/* aero_loop_balance_params(), with the module's defaults: four periods of 30 s */
static const struct aero_balance_params sim_balance_params = {
	.idle_tax = AERO_APPORTION_IDLE_TAX,
	.short_permille = 50,
	.credit_ms = 120000,
};

/*
 * aero_loop_balance_judge() and aero_loop_budget(). Working sets are not sampled here: what is
 * measured is what the VM uses.
 */
static void sim_balance_judge(struct sim_aerostat *aero, const struct sim_host *host)
{
	struct aero_budget_input input = {
		.available = sim_host_free(host),
		.reserve = host->reserve,
		.offline = host->offline,
		.elapsed_ms = host->params->period_s * 1000,
	};
	unsigned int i;

	for (i = 0; i < host->nr; i++) {
		const struct sim_vm *vm = &host->vms[i];

		aero->balance[i] = (struct aero_balance_vm){
			.share = {
				.id = i, .shares = vm->shares, .size = vm->size,
				.limit = vm->size - vm->min,
			},
			.balloon = vm->balloon,
			.target = vm->target,
			.used = sim_guest_kernel(vm) + vm->anon + vm->cache - vm->away,
			.known = true,
			.pressure = aero->vms[i].permille,
			.strain = aero->vms[i].pressure.now,
			.past = aero->vms[i].balance,
		};
	}
	aero_balance_judge(aero->balance, host->nr, input.elapsed_ms, &sim_balance_params);
	for (i = 0; i < host->nr; i++) {
		aero->vms[i].balance = aero->balance[i].past;
		input.easy += aero->balance[i].easy;
		input.most += aero->balance[i].share.limit;
		input.wanted |= aero->balance[i].is_short;
	}
	input.held = aero_balance_held(aero->balance, host->nr);
	input.coming = aero_balance_coming(aero->balance, host->nr);
	aero_budget_step(&aero->budget, &input);
}

/* aero_loop_balance_move() */
static void sim_balance_move(struct sim_aerostat *aero, struct sim_host *host, u64 total)
{
	unsigned int i;

	aero_balance_move(aero->balance, aero->shares, host->nr, total,
			  host->params->period_s * 1000, &sim_balance_params);
	for (i = 0; i < host->nr; i++) {
		aero->vms[i].balance = aero->balance[i].past;
		host->vms[i].target = aero->balance[i].goal;
	}
}

/*
 * aero_loop_decide(), modes auto and balance. Since when blocks stand still is for powers; there
 * are none.
 */
static void sim_loop_decide(struct sim_aerostat *aero, const struct sim_host *host,
			    const struct sim_sums *sums, const struct aero_reading *reading)
{
	u64 base = aero->budget.pages, held = sums->held - min(base, sums->held);
	struct aero_controller_input input = {
		.readings = reading,
		.nr = 1,
		.held_pages = aero->balancing ? 0 : held,
		.capacity_pages = sums->capacity - min(base, sums->capacity),
		.capacity_emergency_pages = sums->capacity_emergency -
					    min(base, sums->capacity_emergency),
		.pressure = sums->pressure,
		.offline_pages = host->offline,
		.movable_pages = host->memory - host->offline,
		.block_pages = host->block,
	};
	struct aero_decision decision = { };

	aero_controller_step(&aero->controller, &sim_params, &input, &decision);
	aero->demand = decision.target_pages;
	aero->urgency = decision.level == AERO_LEVEL_EMERGENCY ? AERO_URGENCY_EMERGENCY :
								 AERO_URGENCY_NORMAL;
	aero->level = decision.level;
	aero->balancing = aero->balance && !aero->demand && decision.level < AERO_LEVEL_HIGH;
	if (aero->balancing)
		aero->urgency = AERO_URGENCY_MANUAL;
}

/* What aero_vm_sample() and aero_loop_apply() fill in. */
static u64 sim_loop_shares(struct sim_aerostat *aero, const struct sim_host *host,
			   enum aero_urgency urgency)
{
	u64 limits = 0;
	unsigned int i;

	for (i = 0; i < host->nr; i++) {
		const struct sim_vm *vm = &host->vms[i];

		aero->shares[i] = (struct aero_share){
			.id = i,
			.index = i,
			.shares = vm->shares,
			.idle = aero_idle_permille(vm->size, sim_guest_available(vm), vm->balloon),
			.pressed = aero->vms[i].pressed,
			.size = vm->size,
			.limit = sim_vm_limit(vm, &aero->vms[i], urgency),
		};
		limits += aero->shares[i].limit;
	}
	return limits;
}

/* aero_loop_apply() */
static void sim_loop_apply(struct sim_aerostat *aero, struct sim_host *host,
			   const struct sim_sums *sums)
{
	static const struct aero_apportion_params params = AERO_APPORTION_PARAMS_DEFAULT;
	u64 extra = aero->budget.pages, want = aero->demand + extra, limit, total;
	unsigned int i;

	limit = sim_loop_shares(aero, host, aero->urgency);
	if (limit < extra) {
		limit = sim_loop_shares(aero, host, AERO_URGENCY_MANUAL);
		want = extra;
	}
	total = min(want, limit);
	host->may_offline = min(total - min(extra, total), sums->held - min(extra, sums->held));
	if (total < sums->held && sim_plan_goal(host, host->may_offline) < host->offline) {
		/* The balloons stay as they are until the blocks are back. */
		for (i = 0; i < host->nr; i++)
			host->vms[i].target = host->vms[i].balloon;
		return;
	}
	if (total - min(extra, total) < host->offline) {
		for (i = 0; i < host->nr; i++)
			aero->shares[i].limit = host->vms[i].balloon;
		total = min(host->offline + extra, sums->held);
	}
	if (aero->balancing) {
		sim_balance_move(aero, host, total);
		return;
	}
	aero_apportion(aero->shares, host->nr, total, &params);
	for (i = 0; i < host->nr; i++)
		host->vms[aero->shares[i].index].target = aero->shares[i].take;
}

/* aero_loop_work() */
static void sim_aerostat_step(void *state, struct sim_host *host)
{
	struct aero_reading reading = sim_reading(host);
	struct sim_aerostat *aero = state;
	struct sim_sums sums = { };

	if (!aero->stirred && sim_loop_rests(aero, host, &reading))
		return;
	aero->stirred = false;
	sim_loop_sample(aero, host, &sums);
	if (aero->balance)
		sim_balance_judge(aero, host);
	sim_loop_decide(aero, host, &sums, &reading);
	sim_loop_apply(aero, host, &sums);
}

const struct sim_policy sim_policy_aerostat = {
	.name = "aerostat",
	.about = "ours: the module's own controller, apportioning, plan and pressure",
	.offlines = true,
	.orders = true,
	.floor_div = 16,	/* guest/main.c */
	.create = sim_aerostat_create,
	.step = sim_aerostat_step,
	.destroy = sim_aerostat_destroy,
};

const struct sim_policy sim_policy_balance = {
	.name = "balance",
	.about = "the same in mode balance: without heat, VMs give for each other and the host",
	.offlines = true,
	.orders = true,
	.floor_div = 16,	/* guest/main.c */
	.create = sim_balance_create,
	.step = sim_aerostat_step,
	.destroy = sim_aerostat_destroy,
};
