// SPDX-License-Identifier: GPL-2.0
/* What all traces have in common, and how one is written down. */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/minmax.h>

#include "trace.h"

/**
 * sim_trace_begin() - go to the beginning
 * @trace: trace
 * @host: its memory and VMs are set
 */
void sim_trace_begin(struct sim_trace *trace, struct sim_host *host)
{
	memcpy(trace->live, trace->vms, trace->nr * sizeof(*trace->vms));
	trace->next_load = 0;
	trace->next_inlet = 0;
	host->memory = trace->memory;
	host->base = trace->base;
	host->nr = trace->nr;
	host->vms = trace->live;
}

/**
 * sim_trace_at() - what VMs need, and how warm it is, at a host's time
 * @trace: trace
 * @host: its time only goes forward
 */
void sim_trace_at(struct sim_trace *trace, struct sim_host *host)
{
	trace->at(trace, host);
}

/**
 * sim_trace_seconds() - how long it lasts
 * @trace: trace
 *
 * Return: seconds.
 */
u64 sim_trace_seconds(const struct sim_trace *trace)
{
	return trace->seconds;
}

/* A line for each change, so that a file is no longer than it must be. */
static void sim_trace_write_changes(const struct sim_host *host, struct sim_vm *last, s64 *inlet,
				    FILE *file)
{
	unsigned int i;

	if (*inlet != host->inlet || !host->now_s)
		fprintf(file, "inlet,%llu,%lld\n", host->now_s, host->inlet);
	*inlet = host->inlet;
	for (i = 0; i < host->nr; i++) {
		const struct sim_vm *vm = &host->vms[i];

		if (host->now_s && vm->cpu == last[i].cpu && vm->anon == last[i].anon &&
		    vm->cache == last[i].cache)
			continue;
		fprintf(file, "load,%llu,%s,%u,%llu,%llu\n", host->now_s, vm->name, vm->cpu,
			vm->anon / SIM_PAGES_PER_MIB, vm->cache / SIM_PAGES_PER_MIB);
		last[i] = *vm;
	}
}

/**
 * sim_trace_write() - write a trace as CSV, see Documentation/simulator.rst
 * @trace: trace; stands at its end afterwards
 * @file: where it goes
 */
void sim_trace_write(struct sim_trace *trace, FILE *file)
{
	struct sim_vm *last = calloc(trace->nr, sizeof(*last));
	struct sim_host host = { };
	unsigned int i;
	s64 inlet = 0;

	if (!last)
		abort();
	fprintf(file, "host,%llu,%llu\n", trace->memory / SIM_PAGES_PER_MIB,
		trace->base / SIM_PAGES_PER_MIB);
	for (i = 0; i < trace->nr; i++)
		fprintf(file, "vm,%s,%llu,%llu,%u\n", trace->vms[i].name,
			trace->vms[i].size / SIM_PAGES_PER_MIB,
			trace->vms[i].min / SIM_PAGES_PER_MIB, trace->vms[i].shares);
	sim_trace_begin(trace, &host);
	for (; host.now_s < trace->seconds; host.now_s += SIM_MINUTE_S) {
		sim_trace_at(trace, &host);
		sim_trace_write_changes(&host, last, &inlet, file);
	}
	fprintf(file, "end,%llu\n", trace->seconds);
	free(last);
}

/**
 * sim_trace_destroy() - free a trace
 * @trace: trace or NULL
 */
void sim_trace_destroy(struct sim_trace *trace)
{
	if (!trace)
		return;
	free(trace->vms);
	free(trace->live);
	free(trace->loads);
	free(trace->inlets);
	free(trace);
}
