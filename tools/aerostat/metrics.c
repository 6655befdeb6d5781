// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat metrics: text that is OpenMetrics and Prometheus' older format at once, for
 * all of it are gauges.
 *
 * Labels are those of others, so that they join: "domain" is that of libvirt's
 * exporters, "chip" and "sensor" are those of node_exporter's hwmon metrics, "zone" and
 * "type" those of its thermal zones.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aerostat.h"
#include "metrics.h"

/* One file in sysfs, one family. The name's end is the unit, if @unit is one. */
struct family {
	const char *attr;
	const char *name;
	const char *unit;
	double scale;
	const char *help;
};

static const struct family host_families[] = {
	{ "reclaim_target_bytes", "reclaim_target_bytes", "bytes", 1,
	  "Memory that is to be taken from all VMs together." },
	{ "reclaimed_bytes", "reclaimed_bytes", "bytes", 1, "Memory that VMs have given." },
	{ "offline_bytes", "offline_bytes", "bytes", 1, "Memory that Aerostat took offline." },
	{ "offline_blocks", "offline_blocks", "", 1,
	  "Memory blocks that Aerostat took offline." },
	{ "reserve_bytes", "reserve_bytes", "bytes", 1,
	  "Available memory that the host keeps online." },
	{ "power_mw", "power_watts", "watts", 1e-3,
	  "Power of the host's memory by the model; no measurement." },
	{ "period_ms", "period_seconds", "seconds", 1e-3, "Time between two samples." },
	{ "pressure_limit", "pressure_limit_ratio", "ratio", 1e-3,
	  "Pressure above which nothing more is taken." },
	{ "idle_tax", "idle_tax_ratio", "ratio", 1e-2, "Tax on idle memory." },
};

static const struct family vm_families[] = {
	{ "size_bytes", "vm_size_bytes", "bytes", 1, "RAM of the VM that can be taken." },
	{ "min_bytes", "vm_min_bytes", "bytes", 1, "Memory that the VM keeps." },
	{ "limit_bytes", "vm_limit_bytes", "bytes", 1, "Memory that the VM has at most." },
	{ "managed", "vm_managed", "", 1, "Whether the VM is resized." },
	{ "target_bytes", "vm_target_bytes", "bytes", 1,
	  "Balloon size that the VM is asked for." },
	{ "balloon_bytes", "vm_balloon_bytes", "bytes", 1,
	  "Memory that the VM has given and the host has freed." },
	{ "working_set_bytes", "vm_working_set_bytes", "bytes", 1,
	  "Memory that the VM uses, as the host measures it." },
	{ "shares", "vm_shares", "", 1, "Weight of the VM's memory." },
	{ "pressure", "vm_pressure_ratio", "ratio", 1e-3,
	  "How much the guest suffers from lack of memory." },
	{ "idle", "vm_idle_ratio", "ratio", 1e-3, "Part of the VM's memory that it does not use." },
};

static const struct family guest_families[] = {
	{ "balloon_bytes", "guest_balloon_bytes", "bytes", 1,
	  "Memory of this machine that its balloon holds." },
	{ "target_bytes", "guest_target_bytes", "bytes", 1,
	  "Balloon size that this machine's host asks for." },
	{ "floor_bytes", "guest_floor_bytes", "bytes", 1,
	  "Available memory that inflation leaves to this machine." },
};

static const struct family domain_families[] = {
	{ "bytes", "power_domain_bytes", "bytes", 1, "Memory that a power domain has." },
	{ "offline_bytes", "power_domain_offline_bytes", "bytes", 1,
	  "Memory of a power domain that is offline, whoever did it." },
};

static const char * const host_modes[] = { "off", "manual", "auto", "balance", NULL };
static const char * const host_states[] = { "idle", "holding", "taking", "emergency", "giving",
					    "blind", "futile", "pressed", NULL };
static const char * const host_levels[] = { "none", "low", "hold", "high", "emergency", NULL };
static const char * const vm_states[] = { "waiting", "active", "challenged", "silent", "refused",
					  "quarantined", NULL };
static const char * const sensor_states[] = { "low", "hold", "high", "emergency", "unset",
					      "faulty", NULL };
static const char * const guest_states[] = { "closed", "waiting", "gathering", "running",
					     "host-broken", NULL };

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

static void head(FILE *to, const char *name, const char *unit, const char *help)
{
	fprintf(to, "# TYPE aerostat_%s gauge\n", name);
	if (*unit)
		fprintf(to, "# UNIT aerostat_%s %s\n", name, unit);
	fprintf(to, "# HELP aerostat_%s %s\n", name, help);
}

/* A value may hold anything, once it is quoted. An empty one is as good as none. */
static void label(FILE *to, char *comma, const char *name, const char *value)
{
	if (!*value)
		return;
	fprintf(to, "%c%s=\"", *comma, name);
	*comma = ',';
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', to);
		fputc(*value, to);
	}
	fputc('"', to);
}

static void labels(FILE *to, const struct object *object, char *comma)
{
	struct sensor_labels sensor;

	if (!strncmp(object->id, "vm-", 3)) {
		label(to, comma, "domain", object->name);
		label(to, comma, "vm", object->id);
	} else if (!strncmp(object->id, "sensor-", 7)) {
		sensor_labels_find(&sensor, object->name);
		label(to, comma, "id", object->id);
		label(to, comma, "chip", sensor.chip);
		label(to, comma, "sensor", sensor.sensor);
		label(to, comma, "zone", sensor.zone);
		label(to, comma, "type", sensor.type);
	} else if (!strncmp(object->id, "domain-", 7)) {
		/* "domain" is a VM. */
		label(to, comma, "power_domain", object_label(object));
	} else if (strcmp(object->id, "host")) {
		label(to, comma, "device", object->id);
	}
}

static void sample(FILE *to, const char *name, const struct object *object, const char *more,
		   const char *value, double number)
{
	char comma = '{';

	fprintf(to, "aerostat_%s", name);
	labels(to, object, &comma);
	if (more)
		label(to, &comma, more, value);
	if (comma == ',')
		fputc('}', to);
	fprintf(to, " %.15g\n", number);
}

/* Families without a sample are left out. */
static void family(FILE *to, const struct family *family, const struct object *objects, size_t nr)
{
	bool begun = false;
	long long number;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!object_number(&objects[i], family->attr, &number))
			continue;
		if (!begun)
			head(to, family->name, family->unit, family->help);
		begun = true;
		sample(to, family->name, &objects[i], NULL, NULL, number * family->scale);
	}
}

static void families(FILE *to, const struct family *list, size_t nr_families,
		     const struct object *objects, size_t nr)
{
	size_t i;

	for (i = 0; i < nr_families; i++)
		family(to, &list[i], objects, nr);
}

/* One of some words: 1 for it, 0 for the others, so that what ends is seen to end. */
static void words(FILE *to, const char *name, const char *attr, const char * const *known,
		  const char *help, const struct object *objects, size_t nr)
{
	const char *word = strrchr(name, '_') ? strrchr(name, '_') + 1 : name;
	size_t i, j;

	if (!nr)
		return;
	head(to, name, "", help);
	for (i = 0; i < nr; i++) {
		char now[64];

		snprintf(now, sizeof(now), "%s", object_text(&objects[i], attr, ""));
		now[strcspn(now, ":")] = '\0';
		for (j = 0; known[j]; j++)
			sample(to, name, &objects[i], word, known[j], !strcmp(now, known[j]));
	}
}

/* A family has one unit, so each kind of sensor has two of its own. */
static const struct kind {
	const char *kind;
	const char *value;
	const char *threshold;
	const char *unit;
	double scale;
} kinds[] = {
	{ "temperature", "sensor_celsius", "sensor_threshold_celsius", "celsius", 1e-3 },
	{ "power", "sensor_watts", "sensor_threshold_watts", "watts", 1e-6 },
	{ "charge", "sensor_charge_ratio", "sensor_threshold_charge_ratio", "ratio", 1e-3 },
};

static void sensors(FILE *to, const struct objects *sensors, const struct kind *kind,
		    bool thresholds)
{
	static const char * const names[] = { "low", "high", "emergency" };
	const char *family = thresholds ? kind->threshold : kind->value;
	bool begun = false;
	size_t i, j;

	for (i = 0; i < sensors->nr; i++) {
		const struct object *sensor = &sensors->list[i];

		if (strcmp(object_text(sensor, "kind", ""), kind->kind))
			continue;
		for (j = 0; j < (thresholds ? ARRAY_SIZE(names) : 1); j++) {
			long long value;

			if (!object_number(sensor, thresholds ? names[j] : "value", &value))
				continue;
			if (!begun)
				head(to, family, kind->unit, thresholds ?
				     "Threshold of a sensor." : "Last sample of a sensor.");
			begun = true;
			sample(to, family, sensor, thresholds ? "threshold" : NULL, names[j],
			       value * kind->scale);
		}
	}
}

static void vm_info(FILE *to, const struct objects *vms)
{
	size_t i;

	if (vms->nr)
		head(to, "vm_info", "", "What a VM is called elsewhere.");
	for (i = 0; i < vms->nr; i++) {
		const struct object *vm = &vms->list[i];
		char comma = '{';

		fprintf(to, "aerostat_vm_info");
		labels(to, vm, &comma);
		label(to, &comma, "uuid", vm->uuid);
		label(to, &comma, "pid", object_text(vm, "pid", ""));
		fprintf(to, "} 1\n");
	}
}

static void memory(FILE *to, const struct model *model)
{
	static const struct {
		const char *name;
		const char *states;
	} lists[] = { { "online", "o" }, { "movable", "m" }, { "offline", "." } };
	struct blocks blocks;
	size_t i;

	if (!model->has_host || blocks_load(&blocks, model))
		return;
	head(to, "memory_blocks", "", "Memory blocks of the host, whoever took them offline.");
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		fprintf(to, "aerostat_memory_blocks{state=\"%s\"} %zu\n", lists[i].name,
			blocks_count(&blocks, lists[i].states));
	head(to, "memory_block_size_bytes", "bytes", "Size of a memory block.");
	fprintf(to, "aerostat_memory_block_size_bytes %llu\n", blocks.size);
	blocks_free(&blocks);
}

/**
 * metrics_write() - write all metrics
 * @to: where
 * @model: what is there; may have no host and no guest
 *
 * Return: 0, or -1 with errno set.
 */
int metrics_write(FILE *to, const struct model *model)
{
	const struct object *host = &model->host;
	size_t is_host = model->has_host, i;

	head(to, "up", "", "Whether the module aerostat_host could be read.");
	fprintf(to, "aerostat_up %d\n", model->has_host);
	words(to, "mode", "mode", host_modes, "Who decides how much is taken.", host, is_host);
	words(to, "state", "state", host_states, "What is being done.", host, is_host);
	words(to, "level", "level", host_levels, "What the sensors ask for.", host, is_host);
	families(to, host_families, ARRAY_SIZE(host_families), host, is_host);
	memory(to, model);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		sensors(to, &model->sensors, &kinds[i], false);
		sensors(to, &model->sensors, &kinds[i], true);
	}
	families(to, domain_families, ARRAY_SIZE(domain_families), model->domains.list,
		 model->domains.nr);
	words(to, "sensor_state", "state", sensor_states, "What a sensor asks for.",
	      model->sensors.list, model->sensors.nr);
	families(to, vm_families, ARRAY_SIZE(vm_families), model->vms.list, model->vms.nr);
	words(to, "vm_state", "state", vm_states, "What a VM is to the host.", model->vms.list,
	      model->vms.nr);
	vm_info(to, &model->vms);
	families(to, guest_families, ARRAY_SIZE(guest_families), model->guests.list,
		 model->guests.nr);
	words(to, "guest_state", "state", guest_states, "State of this machine's guest driver.",
	      model->guests.list, model->guests.nr);
	fprintf(to, "# EOF\n");
	return fflush(to) || ferror(to) ? -1 : 0;
}

/* What a link leads to is replaced, not the link; a device or a pipe never is. */
static int find_file(char *file)
{
	struct stat node;

	if (!realpath(options.output, file)) {
		/* It is new, or its directory is not there, which is said later. */
		if (errno == ENOENT && lstat(options.output, &node) &&
		    strlen(options.output) < PATH_MAX) {
			strcpy(file, options.output);
			return STATUS_OK;
		}
		complain("%s: %s", options.output, strerror(errno));
		return errno == EACCES ? STATUS_NO_RIGHTS : STATUS_FAILED;
	}
	if (!stat(file, &node) && S_ISREG(node.st_mode))
		return STATUS_OK;
	complain("%s is no regular file, and what -o names is replaced by one; without -o metrics go to standard output",
		 options.output);
	return STATUS_USAGE;
}

/* Whoever reads the file sees all of it, old or new: it is made aside and renamed. */
static int write_file(const struct model *model)
{
	char file[PATH_MAX], path[PATH_MAX];
	FILE *to;
	int fd, status = find_file(file);

	if (status)
		return status;
	if (snprintf(path, sizeof(path), "%s.XXXXXX", file) >= PATH_MAX) {
		complain("%s: the name is too long", options.output);
		return STATUS_FAILED;
	}
	fd = mkstemp(path);
	to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!to) {
		complain("%s: %s", path, strerror(errno));
		return errno == EACCES ? STATUS_NO_RIGHTS : STATUS_FAILED;
	}
	/* node_exporter is another user. */
	if (metrics_write(to, model) || fchmod(fd, 0644) || fsync(fd) ||
	    rename(path, file)) {
		complain("%s: %s", options.output, strerror(errno));
		fclose(to);
		unlink(path);
		return STATUS_FAILED;
	}
	fclose(to);
	return STATUS_OK;
}

/**
 * cmd_metrics() - aerostat metrics
 * @argc: none
 * @argv: none
 *
 * Without the module there is a metric that says so, beside the exit status: a file that
 * stays as it was would tell of a host that is no more.
 *
 * Return: an exit status.
 */
int cmd_metrics(int argc, char **argv)
{
	char why[PATH_MAX + 256];
	struct model model;
	int status, written;

	(void)argc;
	(void)argv;
	if (options.output && options.socket) {
		complain("metrics: a file or a socket, not both");
		return STATUS_USAGE;
	}
	if (options.socket)
		return metrics_serve(options.socket);
	status = model_try(&model, why, sizeof(why));
	if (status == STATUS_NO_MODULE && model.guests.nr)
		status = STATUS_OK;
	if (status)
		complain("%s", why);
	if (options.output)
		written = write_file(&model);
	else
		written = metrics_write(stdout, &model) ? finish_stdout() : STATUS_OK;
	model_free(&model);
	return status ?: written;
}
