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

/* A setting may be named without the unit that its file has. */
static const char * const endings[] = { "", "_bytes", "_ms" };

/**
 * setting_file() - which file of an object a setting is
 * @file: result
 * @size: of @file
 * @object: whose
 * @name: "min" is min_bytes, where there is no file "min"
 *
 * Return: whether there is one.
 */
bool setting_file(char *file, size_t size, const struct object *object, const char *name)
{
	size_t i;

	if (!*name || strlen(name) >= NAME_MAX || strchr(name, '/') || *name == '.')
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

/**
 * setting_same() - whether two names may be of one file
 * @a: as the user gave it
 * @b: the same
 *
 * Return: whether they are the same but for a unit at the end of one.
 */
bool setting_same(const char *a, const char *b)
{
	const char *longer = strlen(a) < strlen(b) ? b : a;
	size_t i, length = strlen(longer == a ? b : a);

	if (strncmp(a, b, length))
		return false;
	for (i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (!strcmp(longer + length, endings[i]))
			return true;
	return false;
}

/**
 * parse_reading() - a threshold, as people write it
 * @kind: of sensor, as sysfs has it
 * @text: "75C" and "75000" are one temperature, "12W" and "12000000" one power; so "40%" and
 * "400", a charge
 * @value: result, in the unit of the kind
 *
 * Return: whether it is one.
 */
bool parse_reading(const char *kind, const char *text, long long *value)
{
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

/**
 * setting_translate() - what the kernel is told; it knows no units
 * @text: result
 * @size: of @text
 * @kind: of the sensor, NULL: of another object
 * @file: whole name of the setting
 * @value: with or without units
 *
 * Return: whether @value makes sense.
 */
bool setting_translate(char *text, size_t size, const char *kind, const char *file,
		       const char *value)
{
	long long number;

	if (kind && strcmp(value, "unset") &&
	    (!strcmp(file, "low") || !strcmp(file, "high") || !strcmp(file, "emergency"))) {
		if (!parse_reading(kind, value, &number))
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
		return "; off, manual, auto or balance";
	if (!strcmp(file, "min_bytes"))
		return "; a VM's minimum is at most its limit_bytes";
	if (!strcmp(file, "limit_bytes"))
		return "; a VM's limit is from its min_bytes to its size_bytes";
	if (!strcmp(file, "managed"))
		return "; 0 or 1";
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
	const char *kind = strncmp(object->id, "sensor-", 7) ? NULL :
			   object_text(object, "kind", "");
	char file[NAME_MAX + 8], path[PATH_MAX], text[256];
	int err;

	*why = '\0';
	if (!setting_file(file, sizeof(file), object, name)) {
		snprintf(why, size, "%s has no setting \"%.60s\"", object->id, name);
		return STATUS_USAGE;
	}
	/* sysfs takes a write of no bytes without asking the module. */
	if (!*value) {
		snprintf(why, size, "%s: an empty value sets nothing; write one behind the =",
			 file);
		return STATUS_USAGE;
	}
	if (!setting_translate(text, sizeof(text), kind, file, value)) {
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

/**
 * set_settings() - change settings of one object
 * @object: whose
 * @settings: them
 * @nr: how many
 * @failed: on failure, one that was not taken
 * @why: on failure, a sentence
 * @size: of @why
 *
 * Thresholds depend on each other, and so may others: those that are refused are tried
 * again as long as another one is taken.
 *
 * Return: an exit status.
 */
int set_settings(const struct object *object, struct setting *settings, size_t nr,
		 const struct setting **failed, char *why, size_t size)
{
	size_t i, left = nr, before = nr + 1;
	int status = STATUS_OK;

	for (i = 0; i < nr; i++)
		settings[i].done = false;
	while (left && left < before && (!status || status == STATUS_REFUSED)) {
		before = left;
		status = STATUS_OK;
		for (i = 0; i < nr && (!status || status == STATUS_REFUSED); i++) {
			struct setting *setting = &settings[i];
			char reason[512];
			int ret;

			if (setting->done)
				continue;
			ret = set_attr(object, setting->name, setting->value, reason,
				       sizeof(reason));
			if (!ret) {
				setting->done = true;
				left--;
			} else {
				status = ret;
				*failed = setting;
				snprintf(why, size, "%s", reason);
			}
		}
	}
	return status;
}

/**
 * show_setting() - print what became of it: the kernel rounds
 * @object: whose, loaded anew
 * @name: of the setting
 */
void show_setting(const struct object *object, const char *name)
{
	char file[NAME_MAX + 8];
	const char *text = NULL;

	if (setting_file(file, sizeof(file), object, name))
		text = object_text(object, file, NULL);
	if (text)
		printf("%s %s=%s\n", object->id, file, text);
}

static int show(const char *name, int nr, const struct setting *settings)
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
		for (i = 0; i < nr; i++)
			show_setting(object, settings[i].name);
		status = finish_stdout();
	}
	model_free(&model);
	return status;
}

static int set_object(const char *name, struct setting *settings, int nr)
{
	const struct setting *failed;
	const struct object *object;
	struct model model;
	char why[512];
	int status = model_load(&model);

	if (status)
		return status;
	object = model_find(&model, name);
	if (object) {
		status = set_settings(object, settings, nr, &failed, why, sizeof(why));
		if (status)
			complain("%s", why);
	} else {
		complain(errno == ENOTUNIQ ? "%s: several VMs have this name; use vm-<n>" :
			 "%s: there is no such host, vm-<n>, sensor-<n>, guest or VM's name",
			 name);
		status = STATUS_USAGE;
	}
	model_free(&model);
	return status ?: show(name, nr, settings);
}

/**
 * cmd_set() - aerostat set OBJECT NAME=VALUE..., or aerostat set --file FILE
 * @argc: arguments
 * @argv: them
 *
 * Return: an exit status.
 */
int cmd_set(int argc, char **argv)
{
	struct setting *settings;
	int i, status;

	if (options.file && (argc || options.json)) {
		complain("set --file FILE: the file says all; see aerostat.conf(5)");
		return STATUS_USAGE;
	}
	if (options.file)
		return config_set(options.file);
	for (i = 1; i < argc; i++)
		if (!strchr(argv[i], '='))
			break;
	if (argc < 2 || i < argc) {
		complain("set OBJECT NAME=VALUE...: as in aerostat set vm-0 shares=4000 min=2G");
		return STATUS_USAGE;
	}
	settings = calloc(argc - 1, sizeof(*settings));
	if (!settings) {
		complain("%s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	for (i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		*equals = '\0';
		settings[i - 1].name = argv[i];
		settings[i - 1].value = equals + 1;
	}
	status = set_object(argv[0], settings, argc - 1);
	free(settings);
	return status;
}
