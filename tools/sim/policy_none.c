// SPDX-License-Identifier: GPL-2.0
/* Nobody decides anything: every VM has all of its memory, however hot it gets. */
#include "sim.h"

static void *sim_none_create(const struct sim_host *host)
{
	return (void *)host;
}

static void sim_none_step(void *state, struct sim_host *host)
{
	(void)state;
	(void)host;
}

static void sim_none_destroy(void *state)
{
	(void)state;
}

const struct sim_policy sim_policy_none = {
	.name = "none",
	.about = "takes nothing",
	.create = sim_none_create,
	.step = sim_none_step,
	.destroy = sim_none_destroy,
};
