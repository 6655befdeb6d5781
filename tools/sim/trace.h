/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of a trace, for synth.c, csv.c and trace.c only. */
#ifndef AEROSTAT_SIM_TRACE_H
#define AEROSTAT_SIM_TRACE_H

#include "sim.h"

/**
 * struct sim_load - what a VM needs from a moment on
 * @at_s: the moment
 * @vm: index of the VM
 * @cpu: permille of its processors
 * @anon_mib: anonymous memory
 * @cache_mib: page cache
 */
struct sim_load {
	u64 at_s;
	u32 vm;
	u32 cpu;
	u32 anon_mib;
	u32 cache_mib;
};

/**
 * struct sim_inlet - how warm the air is from a moment on
 * @at_s: the moment
 * @temp: millidegrees
 */
struct sim_inlet {
	u64 at_s;
	s64 temp;
};

/**
 * struct sim_trace - a host, its VMs and what happens
 * @memory: memory that is installed, pages
 * @base: what the host uses of it itself, pages
 * @seconds: length
 * @nr: number of VMs
 * @vms: the VMs as they are at the beginning
 * @live: the VMs of the present run
 * @scenario: index of a synthetic one; the rest is of no meaning to it
 * @seed: its seed
 * @loads: lines of a file, in the order of time, as @inlets
 * @nr_loads: of them
 * @next_load: next one to come
 * @inlets: see @loads
 * @nr_inlets: of them
 * @next_inlet: next one to come
 * @at: bring a host's needs up to its time
 */
struct sim_trace {
	u64 memory;
	u64 base;
	u64 seconds;
	unsigned int nr;
	struct sim_vm *vms;
	struct sim_vm *live;
	unsigned int scenario;
	u64 seed;
	struct sim_load *loads;
	size_t nr_loads;
	size_t next_load;
	struct sim_inlet *inlets;
	size_t nr_inlets;
	size_t next_inlet;
	void (*at)(struct sim_trace *trace, struct sim_host *host);
};

#endif /* AEROSTAT_SIM_TRACE_H */
