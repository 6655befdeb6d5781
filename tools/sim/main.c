// SPDX-License-Identifier: GPL-2.0
/* aerostat-sim: what is asked for on the command line, and in which order it is done. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <linux/compiler.h>
#include <linux/kernel.h>

#include "sim.h"

#define SIM_SEEDS_MAX	1000

static const struct sim_policy *const sim_policies[] = {
	&sim_policy_aerostat,
	&sim_policy_balance,
	&sim_policy_none,
	&sim_policy_proportional,
	&sim_policy_proxmox,
	&sim_policy_proxmox_heat,
	&sim_policy_mom,
	&sim_policy_mom_heat,
};

struct sim_options {
	struct sim_params params;
	const char *scenario;
	const char *trace;
	const char *series;
	const char *write;
	unsigned int vms;
	u64 seconds;
	u64 seed;
	unsigned int seeds;
	enum sim_format format;
	bool bench;
	const struct sim_policy *policies[ARRAY_SIZE(sim_policies)];
	unsigned int nr_policies;
};

static _Noreturn void __printf(1, 2) sim_die(const char *format, ...)
{
	va_list args;

	fputs("aerostat-sim: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static void sim_help(void)
{
	unsigned int i;

	fputs("Usage: aerostat-sim [OPTION]...\n"
	      "Let a host full of VMs live through days of load and heat, once under each policy, and\n"
	      "show what each did to the VMs and to the memory's temperature. Nothing is needed but\n"
	      "this program: no module, no VM, no root.\n"
	      "\n"
	      "  aerostat-sim                                one week with a heat wave, all policies\n"
	      "  aerostat-sim --seeds 5                      the same with five different loads: means\n"
	      "  aerostat-sim -p aerostat,none --hours 48    two of them, two days\n"
	      "  aerostat-sim --trace my.csv                 your own load, see aerostat-sim(1)\n"
	      "\n"
	      "What happens:\n"
	      "  -s, --scenario NAME   heatwave  load by day and night, three of seven days are hot (default)\n"
	      "                        diurnal   load by day and night, warm afternoons\n"
	      "                        roles     VMs swap being busy and idle every ten minutes, warm\n"
	      "                        flash     crowds come for half an hour, warm\n"
	      "  -n, --vms N           VMs, 1 to 10000 (28)\n"
	      "  -H, --hours N         length (168)\n"
	      "      --seed N          which of all such loads (1); the same seed, the same run\n"
	      "      --seeds N         that many runs, with this seed and the next ones (1)\n"
	      "  -t, --trace FILE      VMs, load and heat from a CSV file instead; - reads stdin;\n"
	      "                        " SIM_SHARE "/google.awk makes one\n"
	      "      --write-trace FILE   write the load as such a file and do nothing else\n"
	      "\n"
	      "Who decides:\n"
	      "  -p, --policy LIST     names with commas between them, or all (default):\n",
	      stdout);
	for (i = 0; i < ARRAY_SIZE(sim_policies); i++)
		printf("%24s%-12s  %s\n", "", sim_policies[i]->name, sim_policies[i]->about);
	fputs("      --low, --high, --emergency DEGREES   thresholds (70, 75, 85)\n"
	      "      --period SECONDS  of Aerostat's control loop, 1 to 60 (1)\n"
	      "\n"
	      "The model:\n"
	      "      --step SECONDS    time that passes at once, a divisor of 60 (1); greater is faster\n"
	      "      --reuse SECONDS   a busy VM touches each page that it uses once in that time (60)\n"
	      "      --fill SECONDS    and in that time fills its free memory with page cache that nobody\n"
	      "                        needs again (4096); 0: such a thing does not happen\n"
	      "      --slo PERMILLE    a VM minute is violated from this on: permille of 1 % of the VM's\n"
	      "                        size, read back per second (100, which is 4 MiB/s for 4 GiB)\n"
	      "\n"
	      "What comes out:\n"
	      "  -f, --format FORMAT   text, csv or json (text); the latter two show each run\n"
	      "      --series FILE     a CSV line per policy and minute, one seed only, for\n"
	      "                        " SIM_SHARE "/chart.gnuplot\n"
	      "      --bench           time of one round of Aerostat's control loop with --vms VMs\n"
	      "  -h, --help            this\n", stdout);
}

static u64 sim_number(const char *option, const char *text, u64 least, u64 most)
{
	u64 number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number < least || number > most)
		sim_die("--%s '%s' is not a whole number from %llu to %llu: write one", option,
			text, least, most);
	return number;
}

static void sim_add_policy(struct sim_options *options, const struct sim_policy *policy)
{
	unsigned int i;

	for (i = 0; i < options->nr_policies; i++)
		if (options->policies[i] == policy)
			sim_die("--policy names '%s' twice: name it once", policy->name);
	options->policies[options->nr_policies++] = policy;
}

static void sim_add_policies(struct sim_options *options, char *list)
{
	unsigned int i;
	char *name;

	options->nr_policies = 0;
	while ((name = strsep(&list, ","))) {
		bool found = false, all = !strcmp(name, "all");

		for (i = 0; i < ARRAY_SIZE(sim_policies); i++) {
			if (!all && strcmp(name, sim_policies[i]->name))
				continue;
			sim_add_policy(options, sim_policies[i]);
			found = true;
		}
		if (!found)
			sim_die("no policy is called '%s': --help lists them", name);
	}
}

static enum sim_format sim_format_of(const char *name)
{
	static const char * const names[] = { "text", "csv", "json" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return i;
	sim_die("no format is called '%s': use text, csv or json", name);
}

enum {
	SIM_OPT_SEED = 256, SIM_OPT_SEEDS, SIM_OPT_LOW, SIM_OPT_HIGH, SIM_OPT_EMERGENCY,
	SIM_OPT_PERIOD, SIM_OPT_STEP, SIM_OPT_REUSE, SIM_OPT_FILL, SIM_OPT_SLO, SIM_OPT_SERIES,
	SIM_OPT_WRITE, SIM_OPT_BENCH,
};

static const struct option sim_long_options[] = {
	{ "scenario", required_argument, NULL, 's' },
	{ "vms", required_argument, NULL, 'n' },
	{ "hours", required_argument, NULL, 'H' },
	{ "trace", required_argument, NULL, 't' },
	{ "policy", required_argument, NULL, 'p' },
	{ "format", required_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "seed", required_argument, NULL, SIM_OPT_SEED },
	{ "seeds", required_argument, NULL, SIM_OPT_SEEDS },
	{ "low", required_argument, NULL, SIM_OPT_LOW },
	{ "high", required_argument, NULL, SIM_OPT_HIGH },
	{ "emergency", required_argument, NULL, SIM_OPT_EMERGENCY },
	{ "period", required_argument, NULL, SIM_OPT_PERIOD },
	{ "step", required_argument, NULL, SIM_OPT_STEP },
	{ "reuse", required_argument, NULL, SIM_OPT_REUSE },
	{ "fill", required_argument, NULL, SIM_OPT_FILL },
	{ "slo", required_argument, NULL, SIM_OPT_SLO },
	{ "series", required_argument, NULL, SIM_OPT_SERIES },
	{ "write-trace", required_argument, NULL, SIM_OPT_WRITE },
	{ "bench", no_argument, NULL, SIM_OPT_BENCH },
	{ }
};

static void sim_param(struct sim_params *params, int option)
{
	switch (option) {
	case SIM_OPT_LOW:
		params->low = 1000 * sim_number("low", optarg, 1, 150);
		break;
	case SIM_OPT_HIGH:
		params->high = 1000 * sim_number("high", optarg, 1, 150);
		break;
	case SIM_OPT_EMERGENCY:
		params->emergency = 1000 * sim_number("emergency", optarg, 1, 150);
		break;
	case SIM_OPT_PERIOD:
		params->period_s = sim_number("period", optarg, 1, 60);
		break;
	case SIM_OPT_STEP:
		params->step_s = sim_number("step", optarg, 1, 60);
		if (SIM_MINUTE_S % params->step_s)
			sim_die("--step %u does not divide a minute: use a divisor of 60",
				params->step_s);
		break;
	case SIM_OPT_REUSE:
		params->reuse_s = sim_number("reuse", optarg, 1, 86400);
		break;
	case SIM_OPT_FILL:
		params->fill_s = sim_number("fill", optarg, 0, 1000000);
		break;
	case SIM_OPT_SLO:
		params->slo = sim_number("slo", optarg, 1, 1000);
		break;
	default:
		exit(EXIT_FAILURE);	/* getopt has told why */
	}
}

static void sim_options_read(struct sim_options *options, int argc, char **argv)
{
	char all[] = "all";
	int option;

	sim_add_policies(options, all);
	while ((option = getopt_long(argc, argv, "s:n:H:t:p:f:h", sim_long_options, NULL)) >= 0) {
		switch (option) {
		case 's':
			options->scenario = optarg;
			break;
		case 'n':
			options->vms = sim_number("vms", optarg, 1, SIM_MAX_VMS);
			break;
		case 'H':
			options->seconds = 3600 * sim_number("hours", optarg, 1, 366 * 24);
			break;
		case 't':
			options->trace = optarg;
			break;
		case 'p':
			sim_add_policies(options, optarg);
			break;
		case 'f':
			options->format = sim_format_of(optarg);
			break;
		case 'h':
			sim_help();
			exit(EXIT_SUCCESS);
		case SIM_OPT_SEED:
			options->seed = sim_number("seed", optarg, 0, 1ULL << 62);
			break;
		case SIM_OPT_SEEDS:
			options->seeds = sim_number("seeds", optarg, 1, SIM_SEEDS_MAX);
			break;
		case SIM_OPT_SERIES:
			options->series = optarg;
			break;
		case SIM_OPT_WRITE:
			options->write = optarg;
			break;
		case SIM_OPT_BENCH:
			options->bench = true;
			break;
		default:
			sim_param(&options->params, option);
		}
	}
	if (optind < argc)
		sim_die("'%s' is not an option: --help lists them", argv[optind]);
	if (options->params.low >= options->params.high ||
	    options->params.high >= options->params.emergency)
		sim_die("--low, --high and --emergency must rise in this order");
	if (options->seeds > 1 && options->series)
		sim_die("--series shows one seed: leave --seeds away");
	if (options->seeds > 1 && options->trace)
		sim_die("a trace from a file has no seed: leave --seeds away");
}

static FILE *sim_open(const char *name, const char *mode)
{
	FILE *file;

	if (!strcmp(name, "-"))
		return *mode == 'r' ? stdin : stdout;
	file = fopen(name, mode);
	if (!file)
		sim_die("%s: %s", name, strerror(errno));
	return file;
}

/* A full disk must not look like a short run. */
static void sim_close(FILE *file, const char *name)
{
	if (ferror(file) || (file == stdout ? fflush(file) : fclose(file)))
		sim_die("%s: could not be written: %s", name, strerror(errno));
}

static struct sim_trace *sim_trace_for(const struct sim_options *options, u64 seed)
{
	struct sim_trace *trace;

	if (options->trace) {
		FILE *file = sim_open(options->trace, "r");

		trace = sim_trace_read(file, options->trace);
		fclose(file);
		if (!trace)
			exit(EXIT_FAILURE);
		return trace;
	}
	trace = sim_trace_synthetic(options->scenario, options->vms, options->seconds, seed);
	if (!trace)
		sim_die("no scenario is called '%s', or memory is short: --help lists them",
			options->scenario);
	return trace;
}

static void sim_write_trace(const struct sim_options *options)
{
	struct sim_trace *trace = sim_trace_for(options, options->seed);
	FILE *file = sim_open(options->write, "w");

	sim_trace_write(trace, file);
	sim_close(file, options->write);
	sim_trace_destroy(trace);
}

static void sim_run_all(const struct sim_options *options)
{
	size_t runs = (size_t)options->seeds * options->nr_policies;
	struct sim_result *results = calloc(runs, sizeof(*results));
	FILE *series = options->series ? sim_open(options->series, "w") : NULL;
	unsigned int seed, i;

	if (!results)
		sim_die("out of memory");
	if (series)
		fputs("policy,time_s,inlet_mc,memory_mc,held_mib,offline_mib,violated_vms\n",
		      series);
	for (seed = 0; seed < options->seeds; seed++) {
		struct sim_trace *trace = sim_trace_for(options, options->seed + seed);

		for (i = 0; i < options->nr_policies; i++)
			if (sim_run(trace, &options->params, options->policies[i], series,
				    &results[seed * options->nr_policies + i]))
				sim_die("out of memory");
		sim_trace_destroy(trace);
	}
	if (series)
		sim_close(series, options->series);
	sim_report(stdout, options->format, options->policies, options->nr_policies, results,
		   options->seeds, options->seed);
	sim_close(stdout, "standard output");
	free(results);
}

int main(int argc, char **argv)
{
	struct sim_options options = {
		.params = SIM_PARAMS_DEFAULT, .scenario = "heatwave", .vms = 28,
		.seconds = 7 * SIM_DAY_S, .seed = 1, .seeds = 1,
	};

	sim_options_read(&options, argc, argv);
	if (options.bench)
		return sim_bench(&options.params, options.vms) ? EXIT_FAILURE : EXIT_SUCCESS;
	if (options.write)
		sim_write_trace(&options);
	else
		sim_run_all(&options);
	return EXIT_SUCCESS;
}
