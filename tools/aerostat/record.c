// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat record: a line for each value of each object, so that VMs and sensors may
 * come and go: "time,id,name,attribute,value".
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "aerostat.h"

static volatile sig_atomic_t ending;

static void end(int signal)
{
	(void)signal;
	ending = 1;
}

/* As RFC 4180 has it. */
static void field(FILE *to, const char *text)
{
	if (!strpbrk(text, ",\"\n")) {
		fputs(text, to);
		return;
	}
	fputc('"', to);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', to);
		fputc(*text, to);
	}
	fputc('"', to);
}

static void record_object(FILE *to, double when, const struct object *object)
{
	size_t i;

	for (i = 0; i < object->nr_attrs; i++) {
		const struct attr *attr = &object->attrs[i];

		/* What never changes is in the name, and what cannot be read is no value. */
		if (!attr->text || !strcmp(attr->name, "name"))
			continue;
		fprintf(to, "%.3f,%s,", when, object->id);
		field(to, object->name);
		fprintf(to, ",%s,", attr->name);
		field(to, attr->text);
		fputc('\n', to);
	}
}

static void record_objects(FILE *to, double when, const struct objects *objects)
{
	size_t i;

	for (i = 0; i < objects->nr; i++)
		record_object(to, when, &objects->list[i]);
}

static void record_json(FILE *to, double when, const struct model *model)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "time", json_object_new_double(when));
	json_object_object_add(json, "host", model->has_host ? json_of(&model->host) : NULL);
	json_object_object_add(json, "sensors", json_list(&model->sensors));
	json_object_object_add(json, "vms", json_list(&model->vms));
	json_object_object_add(json, "domains", json_list(&model->domains));
	json_object_object_add(json, "guests", json_list(&model->guests));
	fprintf(to, "%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
							   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

/* Return: an exit status. */
static int sample(FILE *to)
{
	struct timespec now;
	struct model model;
	double when;
	int status = model_load(&model);

	if (status)
		return status;
	clock_gettime(CLOCK_REALTIME, &now);
	when = now.tv_sec + now.tv_nsec / 1e9;
	if (options.json) {
		record_json(to, when, &model);
	} else {
		if (model.has_host)
			record_object(to, when, &model.host);
		record_objects(to, when, &model.sensors);
		record_objects(to, when, &model.vms);
		record_objects(to, when, &model.domains);
		record_objects(to, when, &model.guests);
	}
	model_free(&model);
	/* What is there when it ends suddenly is whole samples. */
	if (!fflush(to) && !ferror(to))
		return STATUS_OK;
	if (errno != EPIPE)
		complain("%s: %s", options.output ? options.output : "standard output",
			 strerror(errno));
	return STATUS_FAILED;
}

/* Samples are taken at multiples of the interval, however long one takes. */
static void advance(struct timespec *next)
{
	long long ns = next->tv_nsec + (long long)(options.interval * 1e9 + 0.5);

	next->tv_sec += ns / 1000000000;
	next->tv_nsec = ns % 1000000000;
}

/* Only here signals arrive, so that a sample is whole and none is overlooked. */
static void wait_until(const struct timespec *next, const sigset_t *mask)
{
	struct timespec now, left;

	while (!ending) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		left.tv_sec = next->tv_sec - now.tv_sec;
		left.tv_nsec = next->tv_nsec - now.tv_nsec;
		if (left.tv_nsec < 0) {
			left.tv_sec--;
			left.tv_nsec += 1000000000;
		}
		/* One who is late looks for signals, too. */
		if (left.tv_sec < 0)
			left = (struct timespec){ };
		if (!ppoll(NULL, 0, &left, mask))
			return;
	}
}

/**
 * cmd_record() - aerostat record
 * @argc: none
 * @argv: none
 *
 * Return: an exit status.
 */
int cmd_record(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end };
	FILE *to = stdout;
	struct timespec next;
	sigset_t blocked, before;
	unsigned long taken = 0;
	int status = STATUS_OK;

	(void)argc;
	(void)argv;
	if (options.output)
		to = fopen(options.output, "we");
	if (!to) {
		complain("%s: %s", options.output, strerror(errno));
		return errno == EACCES ? STATUS_NO_RIGHTS : STATUS_FAILED;
	}
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!options.json)
		fprintf(to, "time,id,name,attribute,value\n");
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!ending && !status) {
		status = sample(to);
		if (status || (options.count && ++taken >= options.count))
			break;
		advance(&next);
		wait_until(&next, &before);
	}
	if (options.output && fclose(to) && !status) {
		complain("%s: %s", options.output, strerror(errno));
		status = STATUS_FAILED;
	}
	return status;
}
