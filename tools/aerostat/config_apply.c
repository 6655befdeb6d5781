// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat set --file: tell the kernel what a file of settings says.
 *
 * Domains, sensors with their thresholds, the host, and of the host's settings the mode last:
 * Aerostat never acts on half of them. What is there already is set again, so a file may be
 * applied as often as one likes.
 */
#include <stdlib.h>
#include <string.h>

#include "config.h"

static struct object *find_object(struct model *model, const struct section *section)
{
	struct objects *objects = section->kind == SECTION_SENSOR ? &model->sensors :
				  &model->domains;
	size_t i;

	if (section->kind == SECTION_HOST)
		return &model->host;
	for (i = 0; i < objects->nr; i++) {
		struct object *object = &objects->list[i];
		const char *start = object_text(object, "start", "");

		if (section->kind == SECTION_SENSOR ?
		    !strcmp(object_text(object, "name", ""), section->source) :
		    *start && strtoull(start, NULL, 16) == section->start &&
		    (unsigned long long)object_value(object, "size") == section->size)
			return object;
	}
	return NULL;
}

/* Its object, which is made if need be; NULL: *status says why. */
static struct object *get_object(struct config *config, struct model *model,
				 const struct section *section, int *status)
{
	const char *file = section->kind == SECTION_SENSOR ? "sensor_add" : "domain_add";
	struct object *object = find_object(model, section);
	char why[512];

	*status = STATUS_OK;
	if (object)
		return object;
	*status = set_attr(&model->host, file, section->source, why, sizeof(why));
	if (*status) {
		config_mistake(config, section->line, "%s", why);
		return NULL;
	}
	model_free(model);
	*status = model_load_host(model);
	if (*status)
		return NULL;
	object = find_object(model, section);
	if (!object) {
		config_mistake(config, section->line,
			       "%s has taken \"%s\", but it is not there: somebody else may have removed it",
			       file, section->source);
		*status = STATUS_FAILED;
	}
	return object;
}

static int apply(struct config *config, struct model *model, const struct section *section,
		 struct setting *settings, size_t nr)
{
	const struct setting *failed;
	struct object *object;
	char why[512];
	int status;

	object = get_object(config, model, section, &status);
	if (!object)
		return status;
	status = set_settings(object, settings, nr, &failed, why, sizeof(why));
	if (status)
		config_mistake(config, failed->line, "%s", why);
	return status;
}

/* The mode to the end of a host's settings. */
static size_t without_mode(struct section *section)
{
	struct setting mode;
	size_t i;

	for (i = 0; i < section->nr; i++) {
		if (strcmp(section->settings[i].name, "mode"))
			continue;
		mode = section->settings[i];
		section->settings[i] = section->settings[section->nr - 1];
		section->settings[section->nr - 1] = mode;
		return section->nr - 1;
	}
	return section->nr;
}

static int apply_all(struct config *config, struct model *model)
{
	static const enum section_kind order[] = { SECTION_DOMAIN, SECTION_SENSOR, SECTION_HOST };
	size_t i, k, nr;
	int status;

	for (k = 0; k < sizeof(order) / sizeof(*order); k++) {
		for (i = 0; i < config->nr; i++) {
			struct section *section = &config->sections[i];

			if (section->kind != order[k])
				continue;
			nr = section->kind == SECTION_HOST ? without_mode(section) : section->nr;
			status = apply(config, model, section, section->settings, nr);
			if (!status)
				status = apply(config, model, section, section->settings + nr,
					       section->nr - nr);
			if (status)
				return status;
		}
	}
	return STATUS_OK;
}

static int show_all(const struct config *config)
{
	struct model model;
	int status = model_load_host(&model);
	size_t i, j;

	if (status)
		return status;
	for (i = 0; i < config->nr; i++) {
		const struct section *section = &config->sections[i];
		const struct object *object = find_object(&model, section);

		for (j = 0; object && j < section->nr; j++)
			show_setting(object, section->settings[j].name);
	}
	model_free(&model);
	return finish_stdout();
}

/**
 * config_set() - aerostat set --file
 * @path: of the file
 *
 * Return: an exit status.
 */
int config_set(const char *path)
{
	struct config config;
	struct model model;
	int status = config_read(&config, path);

	if (!status)
		status = model_load_host(&model);
	if (!status) {
		config_check_host(&config, &model.host);
		status = config.mistakes ? STATUS_USAGE : apply_all(&config, &model);
		model_free(&model);
	}
	if (!status)
		status = show_all(&config);
	config_free(&config);
	return status;
}
