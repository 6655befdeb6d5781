// SPDX-License-Identifier: GPL-2.0
/*
 * As MoM does it, oVirt's Memory Overcommitment Manager: balloon when the host has less than
 * 20 % of its memory free, the deeper the less there is.
 *
 * Each 15 seconds (vdsm, static/etc/vdsm/mom.conf.in) its rules are evaluated
 * (static/etc/vdsm/mom.d/02-balloon.policy): with less than 20 % of the host free each guest
 * shrinks by up to 5 % to what it uses plus a free part, which is 20 % of it scaled by host
 * free / 20 %, and with 5 % of the host free or less falls to nothing and below; otherwise it
 * grows by 5 %, or at once to what it uses plus that part. Never below its minimum, and a
 * change of less than 0.25 % is not worth it. What a guest uses is all but MemFree: to MoM,
 * page cache is used memory.
 *
 * With heat: the 20 % rise while it is hot, and what is taken may go offline and counts as
 * free. Its moving averages over ten samples are left out here.
 */
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/minmax.h>

#include "sim.h"

/* In hundredths of a percent. */
#define SIM_MOM_ALL		10000
#define SIM_MOM_THRESHOLD	2000
#define SIM_MOM_CRITICAL	500
#define SIM_MOM_GUEST_FREE	2000
#define SIM_MOM_CHANGE		500
#define SIM_MOM_SMALL		25
#define SIM_MOM_POINT		100
#define SIM_MOM_LEVER		80	/* from 20 % to all of it */

struct sim_mom {
	u32 lever;
	bool heat;
};

static void *sim_mom_create(const struct sim_host *host)
{
	(void)host;
	return calloc(1, sizeof(struct sim_mom));
}

static void *sim_mom_heat_create(const struct sim_host *host)
{
	struct sim_mom *mom = sim_mom_create(host);

	if (mom)
		mom->heat = true;
	return mom;
}

/* What a guest of @cur pages is to have at least: what it uses and a part that is free. */
static s64 sim_mom_least(const struct sim_vm *vm, s64 cur, s64 free, s64 threshold)
{
	s64 part = free <= SIM_MOM_CRITICAL ? free - SIM_MOM_CRITICAL :
					      SIM_MOM_GUEST_FREE * free / threshold;
	s64 used = cur - (s64)sim_guest_free(vm);

	return max((s64)vm->min, used + cur * part / SIM_MOM_ALL);
}

static void sim_mom_guest(struct sim_vm *vm, s64 free, s64 threshold)
{
	s64 cur = vm->size - vm->balloon, least = sim_mom_least(vm, cur, free, threshold), want;

	if (free < threshold) {
		want = max(cur - cur * SIM_MOM_CHANGE / SIM_MOM_ALL, least);
		if (want > cur)
			return;
	} else {
		want = max(cur + cur * SIM_MOM_CHANGE / SIM_MOM_ALL, least);
		want = min_t(s64, want, vm->size);
	}
	if (abs(want - cur) > cur * SIM_MOM_SMALL / SIM_MOM_ALL)
		vm->target = vm->size - want;
}

static void sim_mom_step(void *state, struct sim_host *host)
{
	u64 unused = host->memory - sim_host_used(host);
	s64 free = unused * SIM_MOM_ALL / host->memory;
	struct sim_mom *mom = state;
	unsigned int i;

	if (mom->heat)
		mom->lever = sim_heat_lever(host, mom->lever, SIM_MOM_LEVER);
	for (i = 0; i < host->nr; i++)
		sim_mom_guest(&host->vms[i], free, SIM_MOM_THRESHOLD + mom->lever * SIM_MOM_POINT);
}

const struct sim_policy sim_policy_mom = {
	.name = "mom",
	.about = "as oVirt's MoM: balloons when less than 20 % of the host is free; knows no heat",
	.period_s = 15,
	.create = sim_mom_create,
	.step = sim_mom_step,
	.destroy = free,
};

const struct sim_policy sim_policy_mom_heat = {
	.name = "mom-heat",
	.about = "the same, the 20 % raised while it is hot, what is taken goes offline",
	.offlines = true,
	.period_s = 15,
	.create = sim_mom_heat_create,
	.step = sim_mom_step,
	.destroy = free,
};
