// SPDX-License-Identifier: GPL-2.0
/* What came of it: a table of means for people, each run for programs. */
#include <linux/kernel.h>

#include "sim.h"

#define SIM_UJ_PER_WH	3600000000.0

struct sim_figures {
	double violated;
	double moved_gib;
	double read_gib;
	double offline_gib_h;
	double peak;
	double hot_min;
	double energy_wh;
};

static struct sim_figures sim_figures_of(const struct sim_result *result)
{
	return (struct sim_figures){
		.violated = result->violated,
		.moved_gib = (double)result->moved / SIM_PAGES_PER_GIB,
		.read_gib = (double)result->read / SIM_PAGES_PER_GIB,
		.offline_gib_h = (double)result->offline_page_s / SIM_PAGES_PER_GIB / 3600,
		.peak = result->peak_uc / 1e6,
		.hot_min = result->hot_s / 60.0,
		.energy_wh = result->energy_uj / SIM_UJ_PER_WH,
	};
}

static struct sim_figures sim_figures_mean(const struct sim_result *results, unsigned int stride,
					   unsigned int nr)
{
	struct sim_figures mean = { };
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct sim_figures one = sim_figures_of(&results[i * stride]);

		mean.violated += one.violated / nr;
		mean.moved_gib += one.moved_gib / nr;
		mean.read_gib += one.read_gib / nr;
		mean.offline_gib_h += one.offline_gib_h / nr;
		mean.peak += one.peak / nr;
		mean.hot_min += one.hot_min / nr;
		mean.energy_wh += one.energy_wh / nr;
	}
	return mean;
}

static void sim_report_text(FILE *file, const struct sim_policy *const *policies,
			    unsigned int nr_policies, const struct sim_result *results,
			    unsigned int nr_seeds)
{
	unsigned int i;

	if (nr_seeds > 1)
		fprintf(file, "means of %u seeds\n", nr_seeds);
	fprintf(file, "%-13s %10s %10s %10s %12s %8s %9s %10s\n", "policy", "violated", "moved",
		"read back", "offline", "peak", "hot", "energy");
	fprintf(file, "%-13s %10s %10s %10s %12s %8s %9s %10s\n", "", "VM minutes", "GiB", "GiB",
		"GiB h", "deg C", "minutes", "Wh");
	for (i = 0; i < nr_policies; i++) {
		struct sim_figures mean = sim_figures_mean(&results[i], nr_policies, nr_seeds);

		fprintf(file, "%-13s %10.0f %10.0f %10.0f %12.0f %8.2f %9.0f %10.1f\n",
			policies[i]->name, mean.violated, mean.moved_gib, mean.read_gib,
			mean.offline_gib_h, mean.peak, mean.hot_min, mean.energy_wh);
	}
}

static void sim_report_csv(FILE *file, const struct sim_policy *policy, u64 seed,
			   const struct sim_figures *one)
{
	fprintf(file, "%s,%llu,%.0f,%.3f,%.3f,%.3f,%.3f,%.1f,%.3f\n", policy->name, seed,
		one->violated, one->moved_gib, one->read_gib, one->offline_gib_h, one->peak,
		one->hot_min, one->energy_wh);
}

static void sim_report_json(FILE *file, const struct sim_policy *policy, u64 seed,
			    const struct sim_figures *one, bool last)
{
	fprintf(file, "  {\"policy\": \"%s\", \"seed\": %llu, \"violated_vm_minutes\": %.0f, ",
		policy->name, seed, one->violated);
	fprintf(file, "\"moved_gib\": %.3f, \"read_back_gib\": %.3f, \"offline_gib_hours\": %.3f, ",
		one->moved_gib, one->read_gib, one->offline_gib_h);
	fprintf(file, "\"peak_celsius\": %.3f, \"hot_minutes\": %.1f, \"energy_wh\": %.3f}%s\n",
		one->peak, one->hot_min, one->energy_wh, last ? "" : ",");
}

/**
 * sim_report() - say what came of it
 * @file: where it goes
 * @format: how
 * @policies: who decided
 * @nr_policies: of them
 * @results: of the first seed for each policy, then of the next seed
 * @nr_seeds: number of seeds
 * @first_seed: the first of them
 */
void sim_report(FILE *file, enum sim_format format, const struct sim_policy *const *policies,
		unsigned int nr_policies, const struct sim_result *results, unsigned int nr_seeds,
		u64 first_seed)
{
	unsigned int i;

	if (format == SIM_TEXT) {
		sim_report_text(file, policies, nr_policies, results, nr_seeds);
		return;
	}
	if (format == SIM_JSON) {
		fputs("[\n", file);
	} else {
		fputs("policy,seed,violated_vm_minutes,moved_gib,read_back_gib,", file);
		fputs("offline_gib_hours,peak_celsius,hot_minutes,energy_wh\n", file);
	}
	for (i = 0; i < nr_policies * nr_seeds; i++) {
		const struct sim_policy *policy = policies[i % nr_policies];
		struct sim_figures one = sim_figures_of(&results[i]);
		u64 seed = first_seed + i / nr_policies;

		if (format == SIM_CSV)
			sim_report_csv(file, policy, seed, &one);
		else
			sim_report_json(file, policy, seed, &one, i + 1 == nr_policies * nr_seeds);
	}
	if (format == SIM_JSON)
		fputs("]\n", file);
}
