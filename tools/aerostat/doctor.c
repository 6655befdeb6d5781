// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat doctor: what on this machine stops Aerostat or weakens it, each with its
 * remedy. The checks are in doctor_*.c; this file collects what they find.
 */
#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "aerostat.h"

struct finding {
	enum severity severity;
	const char *topic;
	char *text;
	const char *remedy;
};

struct report {
	struct finding *list;
	size_t nr;
};

static const char * const severities[] = {
	[NOTE] = "note", [WEAKENS] = "weakens", [STOPS] = "stops",
};

/**
 * report_add() - something was found
 * @report: where to
 * @severity: how bad it is
 * @topic: a word, static
 * @remedy: what to do about it, static
 * @format: what there is, as for printf(), one sentence
 */
void report_add(struct report *report, enum severity severity, const char *topic,
		const char *remedy, const char *format, ...)
{
	struct finding *list = realloc(report->list, (report->nr + 1) * sizeof(*list));
	va_list args;
	char *text;

	if (!list)
		abort();
	report->list = list;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	list[report->nr++] = (struct finding) {
		.severity = severity, .topic = topic, .text = text, .remedy = remedy,
	};
}

static size_t count(const struct report *report, enum severity severity)
{
	size_t i, nr = 0;

	for (i = 0; i < report->nr; i++)
		nr += report->list[i].severity == severity;
	return nr;
}

static void print_text(const struct report *report)
{
	static const enum colour colours[] = { [NOTE] = DIM, [WEAKENS] = YELLOW, [STOPS] = RED };
	int severity;
	size_t i;

	/* The worst first. */
	for (severity = STOPS; severity >= NOTE; severity--) {
		for (i = 0; i < report->nr; i++) {
			const struct finding *finding = &report->list[i];

			if ((int)finding->severity != severity)
				continue;
			printf("%s%-8s%s %s: %s\n", paint(colours[severity]), severities[severity],
			       paint(PLAIN), finding->topic, finding->text);
			printf("         %s-> %s%s\n", paint(BOLD), finding->remedy, paint(PLAIN));
		}
	}
	printf("%zu that stop it, %zu that weaken it, %zu notes\n", count(report, STOPS),
	       count(report, WEAKENS), count(report, NOTE));
}

static int print_json(const struct report *report)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < report->nr; i++) {
		const struct finding *finding = &report->list[i];
		struct json_object *one = json_object_new_object();

		json_object_object_add(one, "severity",
				       json_object_new_string(severities[finding->severity]));
		json_object_object_add(one, "topic", json_object_new_string(finding->topic));
		json_object_object_add(one, "text", json_object_new_string(finding->text));
		json_object_object_add(one, "remedy", json_object_new_string(finding->remedy));
		json_object_array_add(list, one);
	}
	return json_print(list);
}

/**
 * cmd_doctor() - aerostat doctor
 * @argc: none
 * @argv: none
 *
 * Return: STATUS_OK if there are at most notes, STATUS_FAILED if something stops or weakens
 * it.
 */
int cmd_doctor(int argc, char **argv)
{
	struct report report = { };
	char why[PATH_MAX + 256];
	struct model model;
	int status;
	size_t i;

	(void)argc;
	(void)argv;
	status = model_try(&model, why, sizeof(why));
	doctor_module(&report, &model, status, why);
	doctor_memory(&report, &model);
	doctor_interleaving(&report);
	doctor_vms(&report, &model);
	doctor_processes(&report, &model);
	if (model.has_host)
		doctor_sensors(&report, &model);
	model_free(&model);
	if (options.json) {
		status = print_json(&report);
	} else {
		print_text(&report);
		status = finish_stdout();
	}
	if (!status && count(&report, STOPS) + count(&report, WEAKENS))
		status = STATUS_FAILED;
	for (i = 0; i < report.nr; i++)
		free(report.list[i].text);
	free(report.list);
	return status;
}
