// SPDX-License-Identifier: GPL-2.0
/*
 * The host: what of its memory is used, and how hot that gets.
 *
 * One node with a heat capacity and a resistance. The memory's temperature follows, with one
 * time constant,
 *
 *	inlet + CPU watts / (heat that the air stream carries per degree)
 *	      + memory watts per DIMM * resistance from DIMM to air
 *
 * The form, a sum of an inlet temperature and of powers times resistances that is approached
 * exponentially, is that of Lin, Zheng, Zhu, David and Zhang, "Thermal Modeling and Management
 * of DRAM Memory Systems", ISCA 2007; the values below are our assumptions, as
 * Documentation/simulator.rst says of each.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "sim.h"

/* An air stream of 0.02 m^3/s (42 cubic feet a minute): 1 W / (1.2 kg/m^3 * 1005 J/kg/K * it). */
#define SIM_AIR_UC_PER_W	41459
#define SIM_CPU_IDLE_W		100
#define SIM_CPU_BUSY_W		400
#define SIM_DIMM_GIB		32
#define SIM_DIMM_UC_PER_MW	8000	/* 8 degrees per watt */
#define SIM_PLANT_TIME_S	120
#define SIM_READ_NS		20000	/* of a processor, for a page that is read back */

#define SIM_RESERVE_MIN_MIB	256
#define SIM_RESERVE_MAX_MIB	4096
#define SIM_BLOCK_SMALL_MIB	128
#define SIM_BLOCK_LARGE_MIB	2048
#define SIM_BLOCK_LARGE_GIB	64	/* from this size on */

/**
 * sim_host_init() - a host at the start of a run
 * @host: @memory, @base, @nr and @vms are set
 * @params: what was set
 *
 * Its reserve is host/block.c's and its block size is x86's.
 */
void sim_host_init(struct sim_host *host, const struct sim_params *params)
{
	host->params = params;
	host->reserve = clamp(host->memory / 16, SIM_RESERVE_MIN_MIB * SIM_PAGES_PER_MIB,
			      SIM_RESERVE_MAX_MIB * SIM_PAGES_PER_MIB);
	host->block = SIM_PAGES_PER_MIB * (host->memory < SIM_BLOCK_LARGE_GIB * SIM_PAGES_PER_GIB ?
					   SIM_BLOCK_SMALL_MIB : SIM_BLOCK_LARGE_MIB);
	host->offline = 0;
	host->may_offline = 0;
	host->now_s = 0;
}

/**
 * sim_host_held() - memory that the balloons hold
 * @host: host
 *
 * Return: pages.
 */
u64 sim_host_held(const struct sim_host *host)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < host->nr; i++)
		sum += host->vms[i].balloon;
	return sum;
}

/**
 * sim_host_used() - memory that the host and its VMs use
 * @host: host
 *
 * A VM has touched all of its RAM but what its balloon gave back.
 *
 * Return: pages.
 */
u64 sim_host_used(const struct sim_host *host)
{
	u64 sum = host->base;
	unsigned int i;

	for (i = 0; i < host->nr; i++)
		sum += host->vms[i].size - host->vms[i].balloon;
	return sum;
}

/**
 * sim_host_free() - memory that is online and not used
 * @host: host
 *
 * Return: pages.
 */
u64 sim_host_free(const struct sim_host *host)
{
	return host->memory - host->offline - sim_host_used(host);
}

/**
 * sim_host_temp() - what its sensor reads
 * @host: host
 *
 * Return: millidegrees.
 */
s64 sim_host_temp(const struct sim_host *host)
{
	return host->temp_uc / 1000;
}

static s64 sim_host_goal_uc(const struct sim_host *host)
{
	u64 load = 0, size = 0, read = 0;
	s64 cpu_mw, dimm_mw;
	unsigned int i;

	/* Processors are handed out with memory: a VM's load counts by its size. */
	for (i = 0; i < host->nr; i++) {
		load += host->vms[i].cpu * (host->vms[i].size / SIM_PAGES_PER_MIB);
		size += host->vms[i].size / SIM_PAGES_PER_MIB;
		read += host->vms[i].read;
	}
	load = size ? load * 1000 / size : 0;			/* millionths */
	/* Reading back costs processor time: of one processor for each 4 GiB of VMs. */
	if (size)
		load += read / host->params->step_s * SIM_READ_NS / 1000 * 4096 / size;
	load = min(load, 1000000ULL);
	cpu_mw = SIM_CPU_IDLE_W * 1000 + (SIM_CPU_BUSY_W - SIM_CPU_IDLE_W) * load / 1000;
	dimm_mw = sim_power_mw(host) * SIM_DIMM_GIB * SIM_PAGES_PER_GIB / host->memory;
	return host->inlet * 1000 + cpu_mw * SIM_AIR_UC_PER_W / 1000 + dimm_mw * SIM_DIMM_UC_PER_MW;
}

/**
 * sim_host_plant() - let the memory warm up or cool down for a step
 * @host: host
 * @settle: for as long as it takes
 */
void sim_host_plant(struct sim_host *host, bool settle)
{
	s64 goal = sim_host_goal_uc(host), step_s = host->params->step_s;

	if (settle)
		host->temp_uc = goal;
	else
		host->temp_uc += (goal - host->temp_uc) * step_s / (SIM_PLANT_TIME_S + step_s);
}
