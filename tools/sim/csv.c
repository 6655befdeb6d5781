// SPDX-License-Identifier: GPL-2.0
/*
 * Traces from a file. Documentation/simulator.rst describes the format; what is wrong is told
 * with its line and with what to do about it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/compiler.h>
#include <linux/kernel.h>

#include "trace.h"

#define SIM_FIELDS_MAX		6
#define SIM_SIZE_MAX_MIB	67108864	/* 64 TiB */
#define SIM_HOST_MAX_MIB	4294967296	/* 4 PiB */
#define SIM_SHARES_MAX		100000
#define SIM_SECONDS_MAX		(366 * SIM_DAY_S)

/* Names to indices: libc's hash table, which knows 10,000 names as fast as one. */
struct sim_csv {
	struct sim_trace *trace;
	const char *name;
	unsigned long line;
	char *fields[SIM_FIELDS_MAX];
	unsigned int nr_fields;
	struct hsearch_data names;
	size_t room_loads;
	size_t room_inlets;
	u64 last_s;
	u64 end_line;
};

static bool __printf(2, 3) sim_csv_error(const struct sim_csv *csv, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "aerostat-sim: %s:%lu: ", csv->name, csv->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

/* The field @i as a number up to @most, @what says what it is. */
static bool sim_csv_number(const struct sim_csv *csv, unsigned int i, const char *what, u64 least,
			   u64 most, u64 *number)
{
	const char *text = csv->fields[i];
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *number >= least && *number <= most)
		return true;
	return sim_csv_error(csv, "%s '%s' is not a whole number from %llu to %llu: write one",
			     what, text, least, most);
}

static bool sim_csv_host(struct sim_csv *csv)
{
	u64 memory, base;

	if (csv->trace->memory)
		return sim_csv_error(csv, "a second line 'host': keep one, a trace is of one host");
	if (!sim_csv_number(csv, 1, "memory_mib", 512, SIM_HOST_MAX_MIB, &memory) ||
	    !sim_csv_number(csv, 2, "base_mib", 0, memory, &base))
		return false;
	csv->trace->memory = memory * SIM_PAGES_PER_MIB;
	csv->trace->base = base * SIM_PAGES_PER_MIB;
	return true;
}

static bool sim_csv_vm(struct sim_csv *csv)
{
	struct sim_trace *trace = csv->trace;
	u64 size, least, shares;
	ENTRY entry, *found;
	struct sim_vm *vm;

	if (trace->nr == SIM_MAX_VMS)
		return sim_csv_error(csv, "more than %u VMs: leave some out", SIM_MAX_VMS);
	vm = &trace->vms[trace->nr];
	if (!*csv->fields[1] || strlen(csv->fields[1]) >= sizeof(vm->name))
		return sim_csv_error(csv, "the name '%s' is not of 1 to %zu letters: take another",
				     csv->fields[1], sizeof(vm->name) - 1);
	if (!sim_csv_number(csv, 2, "size_mib", 64, SIM_SIZE_MAX_MIB, &size) ||
	    !sim_csv_number(csv, 3, "min_mib", 0, size, &least) ||
	    !sim_csv_number(csv, 4, "shares", 0, SIM_SHARES_MAX, &shares))
		return false;
	memcpy(vm->name, csv->fields[1], strlen(csv->fields[1]) + 1);
	entry = (ENTRY){ .key = vm->name };
	if (hsearch_r(entry, FIND, &found, &csv->names))
		return sim_csv_error(csv, "a second VM '%s': give each a name of its own",
				     vm->name);
	entry.data = (void *)(uintptr_t)trace->nr;
	if (!hsearch_r(entry, ENTER, &found, &csv->names))
		return sim_csv_error(csv, "out of memory: use fewer VMs");
	vm->size = size * SIM_PAGES_PER_MIB;
	vm->min = least * SIM_PAGES_PER_MIB;
	vm->shares = shares;
	trace->nr++;
	return true;
}

static bool sim_csv_time(struct sim_csv *csv, u64 *at_s)
{
	if (!sim_csv_number(csv, 1, "time_s", 0, SIM_SECONDS_MAX, at_s))
		return false;
	if (*at_s < csv->last_s)
		return sim_csv_error(csv, "time goes back from %llu to %llu: sort the lines by it",
				     csv->last_s, *at_s);
	csv->last_s = *at_s;
	return true;
}

/* One more of an array, twice as large whenever it is full. */
static void *sim_csv_more(void *array, size_t nr, size_t *room, size_t size)
{
	void *more;

	if (nr < *room)
		return array;
	*room = *room ? 2 * *room : 1024;
	more = reallocarray(array, *room, size);
	if (more)
		return more;
	fputs("aerostat-sim: out of memory: use a shorter trace\n", stderr);
	exit(EXIT_FAILURE);
}

static bool sim_csv_inlet(struct sim_csv *csv)
{
	struct sim_trace *trace = csv->trace;
	u64 at_s, temp;

	if (!sim_csv_time(csv, &at_s) ||
	    !sim_csv_number(csv, 2, "millidegrees", 0, 100000, &temp))
		return false;
	trace->inlets = sim_csv_more(trace->inlets, trace->nr_inlets, &csv->room_inlets,
				     sizeof(*trace->inlets));
	trace->inlets[trace->nr_inlets++] = (struct sim_inlet){ .at_s = at_s, .temp = temp };
	return true;
}

static bool sim_csv_load(struct sim_csv *csv)
{
	struct sim_trace *trace = csv->trace;
	ENTRY entry = { .key = csv->fields[2] }, *found;
	u64 at_s, cpu, anon, cache, most;
	u32 vm;

	if (!sim_csv_time(csv, &at_s))
		return false;
	if (!hsearch_r(entry, FIND, &found, &csv->names))
		return sim_csv_error(csv, "no VM is called '%s': add a line vm,%s,... above",
				     entry.key, entry.key);
	vm = (uintptr_t)found->data;
	/* The guest's kernel takes its part, see guest.c. */
	most = (trace->vms[vm].size - sim_guest_kernel(&trace->vms[vm])) / SIM_PAGES_PER_MIB;
	if (!sim_csv_number(csv, 3, "cpu_permille", 0, 1000, &cpu) ||
	    !sim_csv_number(csv, 4, "anon_mib", 0, most, &anon) ||
	    !sim_csv_number(csv, 5, "cache_mib", 0, most - anon, &cache))
		return false;
	trace->loads = sim_csv_more(trace->loads, trace->nr_loads, &csv->room_loads,
				    sizeof(*trace->loads));
	trace->loads[trace->nr_loads++] = (struct sim_load){
		.at_s = at_s, .vm = vm, .cpu = cpu, .anon_mib = anon, .cache_mib = cache,
	};
	return true;
}

static bool sim_csv_end(struct sim_csv *csv)
{
	u64 at_s;

	if (!sim_csv_time(csv, &at_s))
		return false;
	if (at_s < SIM_MINUTE_S)
		return sim_csv_error(csv, "the trace ends after %llu seconds: give it a minute",
				     at_s);
	csv->trace->seconds = at_s;
	csv->end_line = csv->line;
	return true;
}

static const struct {
	const char *word;
	unsigned int fields;
	const char *form;
	bool (*take)(struct sim_csv *csv);
} sim_csv_lines[] = {
	{ "host", 3, "host,memory_mib,base_mib", sim_csv_host },
	{ "vm", 5, "vm,name,size_mib,min_mib,shares", sim_csv_vm },
	{ "inlet", 3, "inlet,time_s,millidegrees", sim_csv_inlet },
	{ "load", 6, "load,time_s,name,cpu_permille,anon_mib,cache_mib", sim_csv_load },
	{ "end", 2, "end,time_s", sim_csv_end },
};

static bool sim_csv_line(struct sim_csv *csv, char *line)
{
	unsigned int i;

	line[strcspn(line, "\r\n")] = 0;
	if (!*line || *line == '#')
		return true;
	csv->nr_fields = 0;
	while (line && csv->nr_fields < SIM_FIELDS_MAX)
		csv->fields[csv->nr_fields++] = strsep(&line, ",");
	if (csv->end_line)
		return sim_csv_error(csv, "a line after 'end' in line %llu: make that the last",
				     csv->end_line);
	for (i = 0; i < ARRAY_SIZE(sim_csv_lines); i++) {
		if (strcmp(csv->fields[0], sim_csv_lines[i].word))
			continue;
		if (line || csv->nr_fields != sim_csv_lines[i].fields)
			return sim_csv_error(csv, "%s fields than expected: write %s",
					     line || csv->nr_fields > sim_csv_lines[i].fields ?
					     "more" : "fewer", sim_csv_lines[i].form);
		return sim_csv_lines[i].take(csv);
	}
	return sim_csv_error(csv, "'%s' begins no line: use host, vm, inlet, load, end or #",
			     csv->fields[0]);
}

static bool sim_csv_complete(struct sim_csv *csv)
{
	struct sim_trace *trace = csv->trace;
	u64 sum = trace->base;
	unsigned int i;

	if (!trace->memory)
		return sim_csv_error(csv, "there is no line 'host': add host,memory_mib,base_mib");
	if (!trace->nr)
		return sim_csv_error(csv, "there is no line 'vm': add vm,name,size_mib,...");
	if (!trace->seconds)
		return sim_csv_error(csv, "there is no line 'end': add end,time_s, or is it cut?");
	if (!trace->nr_inlets || trace->inlets[0].at_s)
		return sim_csv_error(csv, "it has no temperature at first: add inlet,0,...");
	for (i = 0; i < trace->nr; i++)
		sum += trace->vms[i].size;
	if (sum > trace->memory)
		return sim_csv_error(csv, "all need %llu MiB, there are %llu: raise memory_mib",
				     sum / SIM_PAGES_PER_MIB, trace->memory / SIM_PAGES_PER_MIB);
	return true;
}

static void sim_csv_at(struct sim_trace *trace, struct sim_host *host)
{
	while (trace->next_inlet < trace->nr_inlets &&
	       trace->inlets[trace->next_inlet].at_s <= host->now_s)
		host->inlet = trace->inlets[trace->next_inlet++].temp;
	while (trace->next_load < trace->nr_loads &&
	       trace->loads[trace->next_load].at_s <= host->now_s) {
		const struct sim_load *load = &trace->loads[trace->next_load++];
		struct sim_vm *vm = &host->vms[load->vm];

		vm->cpu = load->cpu;
		vm->anon = load->anon_mib * SIM_PAGES_PER_MIB;
		vm->cache = load->cache_mib * SIM_PAGES_PER_MIB;
	}
}

/**
 * sim_trace_read() - read a trace
 * @file: where it comes from
 * @name: what to call that in messages
 *
 * Return: the trace, or NULL after telling on stderr what is wrong.
 */
struct sim_trace *sim_trace_read(FILE *file, const char *name)
{
	struct sim_csv csv = { .name = name, .trace = calloc(1, sizeof(*csv.trace)) };
	size_t size = 0;
	char *line = NULL;
	bool good = true;

	if (!csv.trace)
		return NULL;
	csv.trace->at = sim_csv_at;
	csv.trace->vms = calloc(SIM_MAX_VMS, sizeof(*csv.trace->vms));
	csv.trace->live = calloc(SIM_MAX_VMS, sizeof(*csv.trace->live));
	if (!csv.trace->vms || !csv.trace->live || !hcreate_r(2 * SIM_MAX_VMS, &csv.names)) {
		fputs("aerostat-sim: out of memory\n", stderr);
		sim_trace_destroy(csv.trace);
		return NULL;
	}
	while (good && getline(&line, &size, file) >= 0) {
		csv.line++;
		good = sim_csv_line(&csv, line);
	}
	good = good && sim_csv_complete(&csv);
	free(line);
	hdestroy_r(&csv.names);
	if (good)
		return csv.trace;
	sim_trace_destroy(csv.trace);
	return NULL;
}
