// SPDX-License-Identifier: GPL-2.0
/*
 * How long one round of Aerostat's control loop takes: every VM is sampled, the controller
 * steps and the demand is apportioned. It is hot, so that no round is left out; in between the
 * guests live on, unmeasured.
 */
#include <stdlib.h>
#include <time.h>

#include <linux/kernel.h>

#include "sim.h"

#define SIM_BENCH_ROUNDS	101
#define SIM_BENCH_TEMP_UC	76000000	/* between high and emergency */

static double sim_now_ms(void)
{
	struct timespec now;

	/* CPU time: what else runs on this machine is not the loop's. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static int sim_compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/**
 * sim_bench() - measure it, and say so on stdout
 * @params: what was set
 * @nr: number of VMs
 *
 * Return: 0, or -1 without memory.
 */
int sim_bench(const struct sim_params *params, unsigned int nr)
{
	const struct sim_policy *policy = &sim_policy_aerostat;
	struct sim_trace *trace = sim_trace_synthetic("heatwave", nr, SIM_DAY_S, 1);
	double ms[SIM_BENCH_ROUNDS];
	struct sim_host host = { };
	unsigned int round, i;
	void *state;

	if (!trace)
		return -1;
	sim_trace_begin(trace, &host);
	sim_host_init(&host, params);
	host.now_s = SIM_DAY_S / 2;
	sim_trace_at(trace, &host);
	state = policy->create(&host);
	if (!state) {
		sim_trace_destroy(trace);
		return -1;
	}
	for (round = 0; round < SIM_BENCH_ROUNDS; round++) {
		double began;

		host.temp_uc = SIM_BENCH_TEMP_UC;
		began = sim_now_ms();
		policy->step(state, &host);
		ms[round] = sim_now_ms() - began;
		for (i = 0; i < host.nr; i++)
			sim_guest_step(&host.vms[i], params);
		host.now_s++;
	}
	qsort(ms, SIM_BENCH_ROUNDS, sizeof(*ms), sim_compare);
	printf("%u VMs, %u rounds, %llu GiB held at the end\n", nr, SIM_BENCH_ROUNDS,
	       sim_host_held(&host) / SIM_PAGES_PER_GIB);
	printf("one round: median %.3f ms, least %.3f ms, most %.3f ms of CPU time\n",
	       ms[SIM_BENCH_ROUNDS / 2], ms[0], ms[SIM_BENCH_ROUNDS - 1]);
	policy->destroy(state);
	sim_trace_destroy(trace);
	return 0;
}
