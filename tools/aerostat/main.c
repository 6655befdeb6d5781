// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/abi.h"
#include "aerostat.h"

struct options options = { .root = "", .interval = 1 };

/* @takes: letters of the options that make sense with it. @most: arguments, -1: any number. */
static const struct command {
	const char *name;
	const char *arguments;
	const char *help;
	const char *takes;
	int most;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "status", "", "one screen: what is done and why, sensors, VMs", "j", 0, cmd_status },
	{ "top", "[-i SECONDS] [-k COLUMN]", "the same, live; keys sort and set", "ik", 0,
	  cmd_top },
	{ "vms", "[-k COLUMN]", "VMs", "jk", 0, cmd_vms },
	{ "sensors", "", "sensors and their thresholds", "j", 0, cmd_sensors },
	{ "blocks", "", "a map of the host's memory blocks", "j", 0, cmd_blocks },
	{ "set", "OBJECT NAME=VALUE... | -f FILE", "change settings", "jf", -1, cmd_set },
	{ "watch", "[-n EVENTS]", "events as they come", "jn", 0, cmd_watch },
	{ "record", "[-i SECONDS] [-n SAMPLES] [-o FILE]", "samples to CSV", "jino", 0,
	  cmd_record },
	{ "plot", "[-o FILE.svg|FILE.png] FILE.csv", "charts of a record", "o", 1, cmd_plot },
	{ "metrics", "[-o FILE | -s SOCKET]", "for Prometheus", "os", 0, cmd_metrics },
	{ "doctor", "", "what stops or weakens it here, and the remedies", "j", 0, cmd_doctor },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(*commands))

/**
 * complain() - say on stderr what is wrong, in a line
 * @format: as for printf(), without the newline
 */
void complain(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "aerostat: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/**
 * finish_stdout() - see that what was printed has arrived
 *
 * Return: an exit status.
 */
int finish_stdout(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return STATUS_OK;
	/* Whoever reads has had enough: nothing to complain of. */
	if (errno != EPIPE)
		complain("standard output: %s", strerror(errno));
	return STATUS_FAILED;
}

static void usage(void)
{
	size_t i;

	printf("Usage: aerostat [OPTION]... COMMAND [ARGUMENT]...\n"
	       "Watch and steer Aerostat, memory power management for virtual machines.\n\n");
	for (i = 0; i < NR_COMMANDS; i++)
		printf("  %-8s %-39s %s\n", commands[i].name, commands[i].arguments,
		       commands[i].help);
	printf("\n"
	       "  -j, --json          print JSON\n"
	       "  -r, --root DIR      look for sys, proc and dev there (AEROSTAT_ROOT)\n"
	       "  -i, --interval SEC  seconds between two samples (default 1)\n"
	       "  -n, --count N       end after N samples or events\n"
	       "  -o, --output FILE   write there\n"
	       "  -s, --socket PATH   serve metrics on a UNIX socket\n"
	       "  -f, --file FILE     settings to make, see aerostat.conf(5)\n"
	       "  -k, --sort COLUMN   name, state, size, balloon, target, min, shares,\n"
	       "                      pressure or idle\n"
	       "  -h, --help          print this\n"
	       "  -V, --version       print the version of the interface\n"
	       "\n"
	       "See aerostat(1).\n");
}

static bool parse_interval(const char *text)
{
	char *end;

	options.interval = strtod(text, &end);
	return *text && !*end && options.interval >= 0.1 && options.interval <= 86400;
}

static bool parse_count(const char *text)
{
	char *end;

	options.count = strtoul(text, &end, 10);
	return *text >= '1' && *text <= '9' && !*end && options.count < ULONG_MAX;
}

static bool parse_option(int option)
{
	switch (option) {
	case 'j':
		options.json = true;
		return true;
	case 'r':
		options.root = optarg;
		return true;
	case 'i':
		if (parse_interval(optarg))
			return true;
		complain("--interval %s: a number of seconds, 0.1 to 86400", optarg);
		return false;
	case 'n':
		if (parse_count(optarg))
			return true;
		complain("--count %s: a number, 1 or more", optarg);
		return false;
	case 'o':
		options.output = optarg;
		return true;
	case 's':
		options.socket = optarg;
		return true;
	case 'f':
		options.file = optarg;
		return true;
	case 'k':
		options.sort = optarg;
		if (object_compare_key(optarg))
			return true;
		complain("--sort %s: no such column; see aerostat --help", optarg);
		return false;
	default:
		complain("see aerostat --help");
		return false;
	}
}

static int run(const struct command *command, const char *given, int argc, char **argv)
{
	for (; *given; given++) {
		if (*given != 'r' && !strchr(command->takes, *given)) {
			complain("%s has no option -%c; see aerostat --help", command->name,
				 *given);
			return STATUS_USAGE;
		}
	}
	if (command->most >= 0 && argc > command->most) {
		complain("%s: what is \"%s\"? see aerostat --help", command->name,
			 argv[command->most]);
		return STATUS_USAGE;
	}
	return command->run(argc, argv);
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "root", required_argument, NULL, 'r' },
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "output", required_argument, NULL, 'o' },
		{ "socket", required_argument, NULL, 's' },
		{ "file", required_argument, NULL, 'f' },
		{ "sort", required_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	char given[32] = "";
	int option;
	size_t i;

	setlocale(LC_ALL, "");
	/* Numbers in CSV, JSON and metrics are the same everywhere. */
	setlocale(LC_NUMERIC, "C");
	signal(SIGPIPE, SIG_IGN);
	if (getenv("AEROSTAT_ROOT"))
		options.root = getenv("AEROSTAT_ROOT");
	while ((option = getopt_long(argc, argv, "jr:i:n:o:s:f:k:hV", known, NULL)) >= 0) {
		if (option == 'h') {
			usage();
			return finish_stdout();
		}
		if (option == 'V') {
			printf("aerostat, Aerostat ABI %d.%d\n", AERO_ABI_MAJOR, AERO_ABI_MINOR);
			return finish_stdout();
		}
		if (!parse_option(option))
			return STATUS_USAGE;
		if (!strchr(given, option) && strlen(given) + 1 < sizeof(given))
			given[strlen(given)] = option;
	}
	output_init();
	if (optind == argc) {
		complain("which command? see aerostat --help");
		return STATUS_USAGE;
	}
	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(argv[optind], commands[i].name))
			return run(&commands[i], given, argc - optind - 1, argv + optind + 1);
	complain("%s: no such command; see aerostat --help", argv[optind]);
	return STATUS_USAGE;
}
