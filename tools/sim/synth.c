// SPDX-License-Identifier: GPL-2.0
/*
 * Synthetic traces: what each VM needs is a function of the seed, the VM and the minute, so that
 * nothing is stored and any run can be repeated.
 *
 * Five kinds of VM, in numbers that are our assumption: web servers and databases that live on
 * page cache, batch jobs at night, desktops in office hours, and VMs that do next to nothing.
 * Every ten minutes all of it wavers by a few percent, and once a day, on average, a VM has
 * twenty busy minutes that nobody could foresee.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/prandom.h>

#include "trace.h"

#define SIM_HOUR_S		3600ULL
#define SIM_COMMITTED_PERCENT	90	/* of the host's memory belongs to VMs or the host */
#define SIM_BASE_MIB		2048
#define SIM_MIN_DIV		4	/* a VM is promised a quarter of its size */
#define SIM_WAVER		40	/* permille, up and down */
#define SIM_SWAP_S		600	/* roles are swapped so often */

enum { SIM_HEATWAVE, SIM_DIURNAL, SIM_ROLES, SIM_FLASH, SIM_NR_SCENARIOS };

static const char * const sim_scenarios[] = {
	[SIM_HEATWAVE] = "heatwave",
	[SIM_DIURNAL] = "diurnal",
	[SIM_ROLES] = "roles",
	[SIM_FLASH] = "flash",
};

/**
 * struct sim_kind - permilles of a VM's size, and of its processors
 * @weight: of twenty VMs so many
 * @anon: always
 * @anon_day: more by day
 * @anon_night: more by night
 * @cache: always
 * @cache_day: more by day
 * @cpu: always
 * @cpu_day: more by day
 * @cpu_night: more by night
 */
struct sim_kind {
	u32 weight;
	u32 anon;
	u32 anon_day;
	u32 anon_night;
	u32 cache;
	u32 cache_day;
	u32 cpu;
	u32 cpu_day;
	u32 cpu_night;
};

static const struct sim_kind sim_kinds[] = {
	{ 6, 250, 150, 0, 200, 200, 150, 500, 0 },	/* web */
	{ 5, 350, 50, 0, 400, 80, 250, 350, 100 },	/* database */
	{ 3, 150, 0, 550, 80, 0, 50, 0, 900 },		/* batch */
	{ 3, 150, 400, 0, 80, 120, 50, 450, 0 },	/* desktop */
	{ 3, 80, 0, 0, 40, 0, 10, 20, 0 },		/* idle */
};

/* A number that belongs to these four, 0 to @last. */
static u32 sim_hash(u64 seed, u64 vm, u64 when, u64 what, u32 last)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed * 0xd1342543de82ef95ULL + vm);
	prandom_seed_state(&rnd, ((u64)prandom_u32_state(&rnd) << 32) + when * 64 + what);
	return (u64)prandom_u32_state(&rnd) * ((u64)last + 1) >> 32;
}

enum {
	SIM_HASH_KIND, SIM_HASH_SIZE, SIM_HASH_SHARES, SIM_HASH_PHASE, SIM_HASH_ANON,
	SIM_HASH_CACHE, SIM_HASH_CPU, SIM_HASH_BURST, SIM_HASH_FLASH, SIM_HASH_CROWD,
};

static const struct sim_kind *sim_kind_of(u64 seed, unsigned int vm)
{
	u32 pick = sim_hash(seed, vm, 0, SIM_HASH_KIND, 19);
	const struct sim_kind *kind = sim_kinds;

	while (pick >= kind->weight)
		pick -= (kind++)->weight;
	return kind;
}

/* A parabola from 0 over 1000 back to 0 between two hours of the day, 0 outside of them. */
static u32 sim_hump(u64 at_s, u64 from_h, u64 to_h)
{
	u64 span = (to_h - from_h) * SIM_HOUR_S;
	u64 x = (at_s + SIM_DAY_S - from_h * SIM_HOUR_S) % SIM_DAY_S;

	return x < span ? 4000 * x / span * (span - x) / span : 0;
}

static u32 sim_waver(u64 seed, unsigned int vm, u64 at_s, u32 what)
{
	return sim_hash(seed, vm, at_s / 600, what, 2 * SIM_WAVER);
}

/* Unforeseen: in one hour out of 24, for its first twenty minutes. */
static bool sim_burst(u64 seed, unsigned int vm, u64 at_s)
{
	return at_s % SIM_HOUR_S < 1200 &&
	       !sim_hash(seed, vm, at_s / SIM_HOUR_S, SIM_HASH_BURST, 23);
}

/* A crowd: in one hour out of six, for its second half, every other VM. */
static bool sim_crowd(u64 seed, unsigned int vm, u64 at_s)
{
	u64 hour = at_s / SIM_HOUR_S;

	return at_s % SIM_HOUR_S >= 1800 && !sim_hash(seed, 0, hour, SIM_HASH_FLASH, 5) &&
	       sim_hash(seed, vm, hour, SIM_HASH_CROWD, 1);
}

static void sim_need(struct sim_vm *vm, u32 cpu, u32 anon, u32 cache)
{
	u32 most = 960;		/* the guest's kernel needs the rest, see guest.c */

	anon = min(anon, most);
	cache = min(cache, most - anon);
	vm->cpu = min(cpu, 1000U);
	vm->anon = sim_round_mib(vm->size * anon / 1000);
	vm->cache = sim_round_mib(vm->size * cache / 1000);
}

static void sim_daily_need(const struct sim_trace *trace, struct sim_vm *vm, unsigned int i,
			   u64 at_s)
{
	const struct sim_kind *kind = sim_kind_of(trace->seed, i);
	u64 local = at_s + sim_hash(trace->seed, i, 0, SIM_HASH_PHASE, 2 * SIM_HOUR_S);
	u32 day = sim_hump(local, 7, 21), night = sim_hump(local, 22, 29);
	u32 anon = kind->anon + (kind->anon_day * day + kind->anon_night * night) / 1000;
	u32 cache = kind->cache + kind->cache_day * day / 1000;
	u32 cpu = kind->cpu + (kind->cpu_day * day + kind->cpu_night * night) / 1000;

	anon += sim_waver(trace->seed, i, at_s, SIM_HASH_ANON);
	cache += sim_waver(trace->seed, i, at_s, SIM_HASH_CACHE);
	cpu += sim_waver(trace->seed, i, at_s, SIM_HASH_CPU);
	if (sim_burst(trace->seed, i, at_s)) {
		anon += 250;
		cpu += 400;
	}
	if (trace->scenario == SIM_FLASH && sim_crowd(trace->seed, i, at_s)) {
		anon += 300;
		cache += 200;
		cpu += 600;
	}
	sim_need(vm, cpu, anon, cache);
}

static void sim_roles_need(struct sim_vm *vm, unsigned int i, u64 at_s)
{
	if ((at_s / SIM_SWAP_S + i) & 1)
		sim_need(vm, 800, 600, 200);
	else
		sim_need(vm, 20, 100, 50);
}

static s64 sim_synth_inlet(const struct sim_trace *trace, u64 at_s)
{
	s64 day = sim_hump(at_s, 8, 24);

	switch (trace->scenario) {
	case SIM_HEATWAVE:
		/* Three of seven days. */
		if (at_s < trace->seconds * 2 / 7 || at_s >= trace->seconds * 5 / 7)
			return 22000 + 4 * day;
		return 35000 + 10 * day;
	case SIM_DIURNAL:
		return 32000 + 8 * day;
	case SIM_ROLES:
		return 42000;
	default:
		return 34000 + 4 * day;
	}
}

static void sim_synth_at(struct sim_trace *trace, struct sim_host *host)
{
	unsigned int i;

	if (host->now_s % SIM_MINUTE_S)
		return;
	host->inlet = sim_synth_inlet(trace, host->now_s);
	for (i = 0; i < host->nr; i++) {
		if (trace->scenario == SIM_ROLES)
			sim_roles_need(&host->vms[i], i, host->now_s);
		else
			sim_daily_need(trace, &host->vms[i], i, host->now_s);
	}
}

static void sim_synth_vm(struct sim_vm *vm, u64 seed, unsigned int i)
{
	static const u32 shares[] = { 1000, 1000, 1000, 1000, 1000, 2000, 2000, 4000 };

	snprintf(vm->name, sizeof(vm->name), "vm-%u", i);
	vm->size = SIM_PAGES_PER_GIB * (4U << sim_hash(seed, i, 0, SIM_HASH_SIZE, 2));
	vm->min = vm->size / SIM_MIN_DIV;
	vm->shares = shares[sim_hash(seed, i, 0, SIM_HASH_SHARES, ARRAY_SIZE(shares) - 1)];
}

/**
 * sim_trace_synthetic() - make a trace
 * @scenario: its name
 * @nr: number of VMs
 * @seconds: its length
 * @seed: which of all traces of this kind
 *
 * Return: the trace, or NULL if there is no such scenario or no memory.
 */
struct sim_trace *sim_trace_synthetic(const char *scenario, unsigned int nr, u64 seconds, u64 seed)
{
	u64 block = 2 * SIM_PAGES_PER_GIB, sum = 0;
	struct sim_trace *trace;
	unsigned int i, which;

	for (which = 0; which < SIM_NR_SCENARIOS; which++)
		if (!strcmp(sim_scenarios[which], scenario))
			break;
	if (which == SIM_NR_SCENARIOS)
		return NULL;
	trace = calloc(1, sizeof(*trace));
	if (!trace)
		return NULL;
	*trace = (struct sim_trace){
		.base = SIM_BASE_MIB * SIM_PAGES_PER_MIB, .seconds = seconds, .nr = nr,
		.vms = calloc(nr, sizeof(*trace->vms)), .live = calloc(nr, sizeof(*trace->live)),
		.scenario = which, .seed = seed, .at = sim_synth_at,
	};
	if (!trace->vms || !trace->live) {
		sim_trace_destroy(trace);
		return NULL;
	}
	for (i = 0; i < nr; i++) {
		sim_synth_vm(&trace->vms[i], seed, i);
		sum += trace->vms[i].size;
	}
	sum = (sum + trace->base) * 100 / SIM_COMMITTED_PERCENT;
	trace->memory = (sum + block - 1) / block * block;
	return trace;
}
