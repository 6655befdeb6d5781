// SPDX-License-Identifier: GPL-2.0
/*
 * As Proxmox VE does it: keep host memory 80 % used, by shares.
 *
 * Each ten seconds pvestatd compares what the host uses with 80 % of its memory (pve-manager,
 * PVE/Service/pvestatd.pm; the percentage is "ballooning-target" since it can be set). A lack
 * or surplus of more than 10 MiB is divided (PVE/AutoBalloon.pm): what VMs have above their
 * minima, and that, is shared out by shares, and each VM moves towards its part, in the
 * direction that is wanted only and by 100 MiB at most. A surplus goes to VMs whose free
 * memory is no more than a quarter of their minimum, a lack is taken from the others; only if
 * that moves nothing are all of them asked. VMs without shares are left alone.
 *
 * With heat: the percentage falls while it is hot, what is taken may go offline, and the
 * percentage is that of all memory that is installed.
 */
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/minmax.h>

#include "sim.h"

#define SIM_PVE_PERCENT		80
#define SIM_PVE_CHANGE		(100 * SIM_PAGES_PER_MIB)
#define SIM_PVE_TOO_SMALL	(10 * SIM_PAGES_PER_MIB)
#define SIM_PVE_RELAXED_DIV	4

struct sim_proxmox {
	u32 lever;
	bool heat;
	bool *out;	/* this VM takes no part, or no more */
	u64 *now;	/* memory of the VM before this round */
	u64 *want;	/* and after it */
};

static void *sim_proxmox_new(const struct sim_host *host, bool heat)
{
	struct sim_proxmox *pve = calloc(1, sizeof(*pve));

	if (!pve)
		return NULL;
	pve->heat = heat;
	pve->out = calloc(host->nr, sizeof(*pve->out));
	pve->now = calloc(host->nr, sizeof(*pve->now));
	pve->want = calloc(host->nr, sizeof(*pve->want));
	if (pve->out && pve->now && pve->want)
		return pve;
	free(pve->out);
	free(pve->now);
	free(pve->want);
	free(pve);
	return NULL;
}

static void *sim_proxmox_create(const struct sim_host *host)
{
	return sim_proxmox_new(host, false);
}

static void *sim_proxmox_heat_create(const struct sim_host *host)
{
	return sim_proxmox_new(host, true);
}

static void sim_proxmox_destroy(void *state)
{
	struct sim_proxmox *pve = state;

	free(pve->out);
	free(pve->now);
	free(pve->want);
	free(pve);
}

/* Where one VM ends up if it is to have @desired. */
static u64 sim_proxmox_towards(const struct sim_host *host, const struct sim_proxmox *pve,
			       unsigned int i, u64 desired, bool grow)
{
	const struct sim_vm *vm = &host->vms[i];
	u64 now = pve->now[i];

	desired = clamp(desired, vm->min, vm->size);
	if (grow)
		return desired > now ? min(desired, now + SIM_PVE_CHANGE) : now;
	return desired < now ? max(desired, now - min(now, SIM_PVE_CHANGE)) : now;
}

/* Divide @rest among those who take part, once; return what could not be divided. */
static u64 sim_proxmox_divide(const struct sim_host *host, struct sim_proxmox *pve, u64 rest,
			      bool grow)
{
	u64 above = 0, shares = 0, moved = 0;
	unsigned int i;

	for (i = 0; i < host->nr; i++) {
		if (pve->out[i])
			continue;
		above += pve->want[i] - host->vms[i].min;
		shares += host->vms[i].shares;
	}
	above = grow ? above + rest : above - min(above, rest);
	for (i = 0; i < host->nr; i++) {
		u64 want;

		if (pve->out[i])
			continue;
		want = sim_proxmox_towards(host, pve, i,
					   host->vms[i].min + above * host->vms[i].shares / shares,
					   grow);
		/* Who has moved as far as he may takes no further part. */
		pve->out[i] = want == pve->want[i];
		if (pve->out[i])
			continue;
		moved += want > pve->want[i] ? want - pve->want[i] : pve->want[i] - want;
		pve->want[i] = want;
	}
	return rest - min(rest, moved);
}

/* Free memory decides who is asked first: relaxed VMs to give, the other ones to take. */
static bool sim_proxmox_asked(const struct sim_vm *vm, bool grow)
{
	return (sim_guest_free(vm) > vm->min / SIM_PVE_RELAXED_DIV) != grow;
}

static bool sim_proxmox_round(const struct sim_host *host, struct sim_proxmox *pve, u64 bytes,
			      bool grow, bool all)
{
	u64 rest = bytes, before;
	unsigned int i;

	for (i = 0; i < host->nr; i++)
		pve->out[i] = !host->vms[i].shares ||
			      (!all && !sim_proxmox_asked(&host->vms[i], grow));
	do {
		before = rest;
		rest = sim_proxmox_divide(host, pve, rest, grow);
	} while (rest && rest < before);
	return rest < bytes;
}

static void sim_proxmox_step(void *state, struct sim_host *host)
{
	struct sim_proxmox *pve = state;
	u64 used = sim_host_used(host), goal, bytes;
	unsigned int i;
	bool grow;

	if (pve->heat)
		pve->lever = sim_heat_lever(host, pve->lever, SIM_PVE_PERCENT);
	goal = host->memory * (SIM_PVE_PERCENT - pve->lever) / 100;
	grow = goal > used;
	bytes = grow ? goal - used : used - goal;
	if (bytes <= SIM_PVE_TOO_SMALL)
		return;

	for (i = 0; i < host->nr; i++) {
		pve->now[i] = host->vms[i].size - host->vms[i].balloon;
		pve->want[i] = pve->now[i];
	}
	if (!sim_proxmox_round(host, pve, bytes, grow, false))
		sim_proxmox_round(host, pve, bytes, grow, true);
	for (i = 0; i < host->nr; i++)
		host->vms[i].target = host->vms[i].size - pve->want[i];
}

const struct sim_policy sim_policy_proxmox = {
	.name = "proxmox",
	.about = "as Proxmox VE: keeps host memory 80 % used, by shares; knows no heat",
	.period_s = 10,
	.create = sim_proxmox_create,
	.step = sim_proxmox_step,
	.destroy = sim_proxmox_destroy,
};

const struct sim_policy sim_policy_proxmox_heat = {
	.name = "proxmox-heat",
	.about = "the same, the 80 % lowered while it is hot, what is taken goes offline",
	.offlines = true,
	.period_s = 10,
	.create = sim_proxmox_heat_create,
	.step = sim_proxmox_step,
	.destroy = sim_proxmox_destroy,
};
