// SPDX-License-Identifier: GPL-2.0
/*
 * Proportional to heat, and proportional to memory: between the low threshold and the
 * emergency threshold each VM gives the same part of what it has above its minimum as the
 * temperature has gone of that way. It is what a cooling device whose states are shares of
 * the memory does under a proportional governor: nobody asks who needs what.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "sim.h"

static void *sim_proportional_create(const struct sim_host *host)
{
	return (void *)host;
}

static void sim_proportional_step(void *state, struct sim_host *host)
{
	const struct sim_params *params = host->params;
	u64 span = params->emergency - params->low;
	u64 way = clamp(sim_host_temp(host), params->low, params->emergency) - params->low;
	unsigned int i;

	(void)state;
	for (i = 0; i < host->nr; i++) {
		struct sim_vm *vm = &host->vms[i];

		vm->target = sim_round_mib((vm->size - vm->min) * way / span);
	}
}

static void sim_proportional_destroy(void *state)
{
	(void)state;
}

const struct sim_policy sim_policy_proportional = {
	.name = "proportional",
	.about = "the hotter, the greater the same part of every VM",
	.offlines = true,
	.period_s = 10,
	.create = sim_proportional_create,
	.step = sim_proportional_step,
	.destroy = sim_proportional_destroy,
};
