// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat set
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aerostat.h"

/* "min" is min_bytes, where there is no file "min". */
static bool find_file(char *file, size_t size, const struct object *object, const char *name)
{
	static const char * const endings[] = { "", "_bytes", "_ms" };
	size_t i;

	if (!*name || strchr(name, '/') || *name == '.')
		return false;
	for (i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		snprintf(file, size, "%s%s", name, endings[i]);
		if (object_has_file(object, file))
			return true;
	}
	return false;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/* "75C" and "75000" are one temperature, "12W" and "12000000" one power; so "40%" and "400". */
static bool parse_reading(const struct object *sensor, const char *text, long long *value)
{
	const char *kind = object_text(sensor, "kind", "");
	double number;
	char *end;

	if (parse_integer(text, value))
		return true;
	number = strtod(text, &end);
	/* Also what is too large for an integer, and no number. */
	if (end == text || !(number > -1e9 && number < 1e9))
		return false;
	if (!strcmp(kind, "temperature") && !strcasecmp(end, "c"))
		*value = number * 1000 + (number < 0 ? -0.5 : 0.5);
	else if (!strcmp(kind, "power") && !strcasecmp(end, "w"))
		*value = number * 1000000 + 0.5;
	else if (!strcmp(kind, "charge") && !strcmp(end, "%"))
		*value = number * 10 + 0.5;
	else
		return false;
	return true;
}

/* What the kernel is told; it knows no units. */
static bool translate(char *text, size_t size, const struct object *object, const char *file,
		      const char *value)
{
	bool threshold = !strncmp(object->id, "sensor-", 7) && strcmp(value, "unset");
	long long number;

	if (threshold && (!strcmp(file, "low") || !strcmp(file, "high") ||
			  !strcmp(file, "emergency"))) {
		if (!parse_reading(object, value, &number))
			return false;
	} else if (ends_with(file, "_bytes")) {
		if (!parse_size(value, &number))
			return false;
	} else {
		return snprintf(text, size, "%s", value) < (int)size;
	}
	snprintf(text, size, "%lld", number);
	return true;
}

/* What the document says of errors; the kernel can only give a number. */
static const char *explain(const char *file, int err)
{
	if (err == -ERANGE)
		return "; it is outside of what there can be";
	if (err == -EEXIST)
		return "; it is watched already";
	if (err == -ENOENT)
		return "; there is none";
	if (err != -EINVAL)
		return "";
	if (!strcmp(file, "mode"))
		return "; off, manual or auto";
	if (!strcmp(file, "min_bytes"))
		return "; a VM's minimum is at most its size_bytes";
	if (!strcmp(file, "shares"))
		return "; 1 or more";
	if (!strcmp(file, "low") || !strcmp(file, "high") || !strcmp(file, "emergency"))
		return "; low, high and emergency have to be in that order, or unset";
	if (!strcmp(file, "sensor_add"))
		return "; \"hwmon CHIP tempN\" or \"thermal ZONE\"";
	return "";
}

/**
 * set_attr() - change a setting
 * @object: whose
 * @name: of the file, or without "_bytes" or "_ms"
 * @value: with or without units
 * @why: on failure, a sentence
 * @size: of @why
 *
 * Return: an exit status.
 */
int set_attr(const struct object *object, const char *name, const char *value, char *why,
	     size_t size)
{
	char file[NAME_MAX + 8], path[PATH_MAX], text[256];
	int err;

	*why = '\0';
	if (strlen(name) >= NAME_MAX || !find_file(file, sizeof(file), object, name)) {
		snprintf(why, size, "%s has no setting \"%.60s\"", object->id, name);
		return STATUS_USAGE;
	}
	/* sysfs takes a write of no bytes without asking the module. */
	if (!*value) {
		snprintf(why, size, "%s: an empty value sets nothing; write one behind the =",
			 file);
		return STATUS_USAGE;
	}
	if (!translate(text, sizeof(text), object, file, value)) {
		snprintf(why, size, "%s: \"%.60s\" makes no sense here; see aerostat(1) for units",
			 file, value);
		return STATUS_USAGE;
	}
	if (snprintf(path, sizeof(path), "%s/%s", object->path, file) >= PATH_MAX)
		return STATUS_FAILED;
	err = fs_write(path, text);
	if (!err)
		return STATUS_OK;
	if (err == -EACCES || err == -EPERM || err == -EROFS) {
		snprintf(why, size,
			 "%s of %s may not be written (%s): run this as root; if you are, the file is read-only",
			 file, object->id, strerror(-err));
		return STATUS_NO_RIGHTS;
	}
	snprintf(why, size, "the kernel refuses %.60s for %s of %s: %s%s", text, file, object->id,
		 strerror(-err), explain(file, err));
	return STATUS_REFUSED;
}

/*
 * Thresholds depend on each other, and so may others: those that are refused are tried
 * again as long as another one is taken.
 */
static int set_all(const struct object *object, int nr, char **settings)
{
	char why[512], *done = calloc(1, nr);
	int i, status = STATUS_OK, left = nr, before = nr + 1;

	if (!done) {
		complain("%s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	while (left && left < before && (!status || status == STATUS_REFUSED)) {
		before = left;
		status = STATUS_OK;
		for (i = 0; i < nr && (!status || status == STATUS_REFUSED); i++) {
			char *value = strchr(settings[i], '='), reason[512];
			int ret;

			if (done[i])
				continue;
			*value = '\0';
			ret = set_attr(object, settings[i], value + 1, reason, sizeof(reason));
			*value = '=';
			if (!ret) {
				done[i] = 1;
				left--;
			} else {
				status = ret;
				memcpy(why, reason, sizeof(why));
			}
		}
	}
	free(done);
	if (status)
		complain("%s", why);
	return status;
}

/* What became of it: the kernel rounds. */
static int show(const char *name, int nr, char **settings)
{
	struct model model;
	int i, status = model_load(&model);
	const struct object *object;

	if (status)
		return status;
	object = model_find(&model, name);
	if (object && options.json) {
		status = json_print(json_of(object));
	} else if (object) {
		for (i = 0; i < nr; i++) {
			char file[NAME_MAX + 8];
			const char *text = NULL;

			settings[i][strcspn(settings[i], "=")] = '\0';
			if (find_file(file, sizeof(file), object, settings[i]))
				text = object_text(object, file, NULL);
			if (text)
				printf("%s %s=%s\n", object->id, file, text);
		}
		status = finish_stdout();
	}
	model_free(&model);
	return status;
}

/**
 * cmd_set() - aerostat set OBJECT NAME=VALUE...
 * @argc: arguments
 * @argv: them
 *
 * Return: an exit status.
 */
int cmd_set(int argc, char **argv)
{
	const struct object *object;
	struct model model;
	int i, status;

	for (i = 1; i < argc; i++)
		if (!strchr(argv[i], '='))
			break;
	if (argc < 2 || i < argc) {
		complain("set OBJECT NAME=VALUE...: as in aerostat set vm-0 shares=4000 min=2G");
		return STATUS_USAGE;
	}
	status = model_load(&model);
	if (status)
		return status;
	object = model_find(&model, argv[0]);
	if (object) {
		status = set_all(object, argc - 1, argv + 1);
	} else {
		complain(errno == ENOTUNIQ ? "%s: several VMs have this name; use vm-<n>" :
			 "%s: there is no such host, vm-<n>, sensor-<n>, guest or VM's name",
			 argv[0]);
		status = STATUS_USAGE;
	}
	model_free(&model);
	return status ?: show(argv[0], argc - 1, argv + 1);
}
