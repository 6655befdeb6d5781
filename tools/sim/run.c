// SPDX-License-Identifier: GPL-2.0
/*
 * One run: a trace under a policy, step by step. In each step the trace says what VMs need,
 * the policy, if its time has come, says how large balloons shall be, blocks move, balloons
 * move, guests do what they can, and the memory's temperature follows.
 */
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "sim.h"

/* One thread moves one block at a time; our assumption for real hardware. */
#define SIM_BLOCK_OFFLINE_S	1	/* seconds for one */
#define SIM_BLOCKS_ONLINE	5	/* in a second */

static void sim_blocks_step(struct sim_host *host)
{
	u64 goal = sim_plan_goal(host, host->may_offline), most;

	if (goal > host->offline) {
		most = max(host->params->step_s / SIM_BLOCK_OFFLINE_S, 1U) * host->block;
		host->offline += min(goal - host->offline, most);
	} else {
		most = (u64)SIM_BLOCKS_ONLINE * host->params->step_s * host->block;
		host->offline -= min(host->offline - goal, most);
	}
}

/* Deflation takes memory of the host: it waits for blocks that are to come back. */
static u64 sim_deflate(struct sim_host *host)
{
	u64 free = sim_host_free(host), sum = 0, give;
	unsigned int i;

	for (i = 0; i < host->nr; i++) {
		struct sim_vm *vm = &host->vms[i];

		if (vm->target >= vm->balloon)
			continue;
		give = min(vm->balloon - vm->target, free - sum);
		vm->balloon -= give;
		sum += give;
	}
	return sum;
}

static void sim_order(struct sim_host *host)
{
	u64 asked = 0;
	unsigned int i;

	for (i = 0; i < host->nr; i++)
		asked += host->vms[i].target;
	host->may_offline = min(asked, sim_host_held(host));
}

/* No policy may make or lose memory, or go below what a VM was promised. */
static void sim_audit(const struct sim_host *host, const struct sim_policy *policy)
{
	u64 used = sim_host_used(host);
	unsigned int i;

	for (i = 0; i < host->nr; i++) {
		const struct sim_vm *vm = &host->vms[i];

		if (vm->balloon <= vm->size - vm->min && vm->target <= vm->size - vm->min)
			continue;
		fprintf(stderr, "aerostat-sim: %s took %s below its minimum: this is a bug\n",
			policy->name, vm->name);
		abort();
	}
	if (used + host->offline <= host->memory)
		return;
	fprintf(stderr, "aerostat-sim: %s handed out memory that is not there: this is a bug\n",
		policy->name);
	abort();
}

static unsigned int sim_minute(struct sim_host *host)
{
	unsigned int violated = 0, i;

	for (i = 0; i < host->nr; i++) {
		struct sim_vm *vm = &host->vms[i];

		/* Permille of one percent of the size, each second of the minute. */
		if (vm->minute * 1000 * 100 >= vm->size * host->params->slo * SIM_MINUTE_S)
			violated++;
		vm->minute = 0;
	}
	return violated;
}

static void sim_count(const struct sim_host *host, struct sim_result *result)
{
	u64 step_s = host->params->step_s;
	unsigned int i;

	for (i = 0; i < host->nr; i++)
		result->read += host->vms[i].read;
	result->offline_page_s += host->offline * step_s;
	result->peak_uc = max(result->peak_uc, host->temp_uc);
	result->hot_s += sim_host_temp(host) >= host->params->high ? step_s : 0;
	result->energy_uj += sim_power_mw(host) * 1000 * step_s;
}

static void sim_step(struct sim_host *host, const struct sim_policy *policy, void *state,
		     struct sim_result *result)
{
	u32 period = max(policy->period_s ?: host->params->period_s, host->params->step_s);
	unsigned int i;

	if (host->now_s % period < host->params->step_s)
		policy->step(state, host);
	if (!policy->orders)
		sim_order(host);
	if (policy->offlines)
		sim_blocks_step(host);
	result->moved += sim_deflate(host);
	for (i = 0; i < host->nr; i++) {
		u64 before = host->vms[i].balloon;

		sim_guest_step(&host->vms[i], host->params);
		result->moved += host->vms[i].balloon - before;
	}
	sim_host_plant(host, false);
	sim_audit(host, policy);
	sim_count(host, result);
}

/**
 * sim_run() - a trace under a policy, from its beginning to its end
 * @trace: what happens
 * @params: what was set
 * @policy: who decides
 * @series: where a line for each minute goes, or NULL
 * @result: what came of it
 *
 * Return: 0, or -1 without memory.
 */
int sim_run(struct sim_trace *trace, const struct sim_params *params,
	    const struct sim_policy *policy, FILE *series, struct sim_result *result)
{
	struct sim_host host = { };
	unsigned int i;
	void *state;

	*result = (struct sim_result){ .peak_uc = S64_MIN };
	sim_trace_begin(trace, &host);
	sim_host_init(&host, params);
	sim_trace_at(trace, &host);
	sim_host_plant(&host, true);
	for (i = 0; i < host.nr; i++) {
		sim_guest_init(&host.vms[i], params);
		host.vms[i].floor = policy->floor_div ? host.vms[i].size / policy->floor_div : 0;
	}
	state = policy->create(&host);
	if (!state)
		return -1;

	while (host.now_s < sim_trace_seconds(trace)) {
		unsigned int violated;

		sim_trace_at(trace, &host);
		sim_step(&host, policy, state, result);
		host.now_s += params->step_s;
		if (host.now_s % SIM_MINUTE_S)
			continue;
		violated = sim_minute(&host);
		result->violated += violated;
		if (series)
			fprintf(series, "%s,%llu,%lld,%lld,%llu,%llu,%u\n", policy->name,
				host.now_s, host.inlet, sim_host_temp(&host),
				sim_host_held(&host) / SIM_PAGES_PER_MIB,
				host.offline / SIM_PAGES_PER_MIB, violated);
	}
	policy->destroy(state);
	return 0;
}
