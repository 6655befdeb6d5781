// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest does with the memory that its balloon leaves it.
 *
 * It uses anon + cache pages, all of them equally often: a VM that is fully busy touches
 * each once in reuse_s seconds, an idle one a tenth as often. What does not fit is evicted,
 * page cache before anonymous memory, and each touch of an evicted page reads it back. While
 * there is no room another page goes for it, so that
 *
 *	reads per second = pages away / reuse_s * activity
 *
 * for as long as the lack lasts; once there is room the pages come back at the same rate and
 * stay.
 *
 * What it does not use is free at first. A guest that reads files fills it with page cache that
 * nobody will ask for again, up to its watermarks; that goes first and costs nothing, but it is
 * not free, and whoever looks at MemFree takes it for needed.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "sim.h"

#define SIM_GUEST_KERNEL_DIV	32	/* of its size: text, slab, page tables */
#define SIM_GUEST_WATERMARK_DIV	64	/* of its size: stays free */
#define SIM_GUEST_IDLE_PERMILLE	100	/* an idle VM's activity */
#define SIM_GUEST_RATE_MIB	256	/* that a balloon inflates per second */

/**
 * sim_guest_kernel() - memory that the guest's kernel uses itself
 * @vm: VM
 *
 * Return: pages.
 */
u64 sim_guest_kernel(const struct sim_vm *vm)
{
	return vm->size / SIM_GUEST_KERNEL_DIV;
}

/* Pages that processes and page cache may have. */
static u64 sim_guest_room(const struct sim_vm *vm)
{
	return vm->size - min(vm->balloon + sim_guest_kernel(vm), vm->size);
}

static u64 sim_guest_away_anon(const struct sim_vm *vm)
{
	return vm->away - min(vm->away, vm->cache);
}

/**
 * sim_guest_rest() - memory that nobody in the guest needs
 * @vm: VM
 *
 * Return: pages, free or cached for nothing.
 */
u64 sim_guest_rest(const struct sim_vm *vm)
{
	u64 room = sim_guest_room(vm);

	return room - min(room, vm->anon + vm->cache - vm->away);
}

/**
 * sim_guest_free() - MemFree of the guest
 * @vm: VM
 *
 * Return: pages.
 */
u64 sim_guest_free(const struct sim_vm *vm)
{
	u64 rest = sim_guest_rest(vm);

	return rest - min(rest, vm->cold);
}

/**
 * sim_guest_available() - MemAvailable of the guest
 * @vm: VM
 *
 * The kernel counts all page cache as available, needed or not.
 *
 * Return: pages.
 */
u64 sim_guest_available(const struct sim_vm *vm)
{
	u64 room = sim_guest_room(vm);

	return room - min(room, vm->anon - sim_guest_away_anon(vm));
}

static void sim_guest_inflate(struct sim_vm *vm, const struct sim_params *params)
{
	u64 rate = (u64)SIM_GUEST_RATE_MIB * SIM_PAGES_PER_MIB * params->step_s;
	u64 available = sim_guest_available(vm);
	u64 most = available - min(available, vm->floor);

	vm->balloon += min3(vm->target - vm->balloon, rate, most);
}

/* Files that are read once: they fill what is free, but for the watermarks. */
static void sim_guest_fill(struct sim_vm *vm, const struct sim_params *params, u64 activity)
{
	u64 rest = sim_guest_rest(vm), most = rest - min(rest, vm->size / SIM_GUEST_WATERMARK_DIV);

	if (params->fill_s)
		vm->cold += vm->size * activity * params->step_s / (1000ULL * params->fill_s);
	vm->cold = min(vm->cold, most);
}

/**
 * sim_guest_init() - a guest that has run for long
 * @vm: VM; what it needs is set
 * @params: what was set
 */
void sim_guest_init(struct sim_vm *vm, const struct sim_params *params)
{
	u64 rest = sim_guest_rest(vm);

	if (params->fill_s)
		vm->cold = rest - min(rest, vm->size / SIM_GUEST_WATERMARK_DIV);
}

/**
 * sim_guest_step() - let one step pass
 * @vm: VM; its balloon may grow, but not shrink, for that takes memory of the host
 * @params: what was set
 */
void sim_guest_step(struct sim_vm *vm, const struct sim_params *params)
{
	u64 used = vm->anon + vm->cache, activity, lack, room, read, cached;

	if (vm->target > vm->balloon)
		sim_guest_inflate(vm, params);
	room = sim_guest_room(vm);
	lack = used - min(used, room);
	/* What was evicted and is no longer used is not missed. */
	vm->away = min(max(vm->away, lack), used);

	activity = SIM_GUEST_IDLE_PERMILLE +
		   (1000 - SIM_GUEST_IDLE_PERMILLE) * min(vm->cpu, 1000U) / 1000;
	read = vm->away * activity * params->step_s / (1000ULL * params->reuse_s);
	/* Reads into free memory cannot exceed what is away; without room they go on and on. */
	read = lack ? read : min(max(read, 1ULL), vm->away);
	cached = min(vm->away, vm->cache);
	cached = vm->away ? read * cached / vm->away : 0;
	vm->refaults += cached;
	vm->swap_ins += read - cached;
	vm->away -= min(read, vm->away - lack);
	vm->read = read;
	vm->minute += read;
	sim_guest_fill(vm, params, activity);
}
