/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file of settings, see aerostat.conf(5).
 *
 *	config.c        what is in it, and whether that makes sense
 *	config_apply.c  tell the kernel
 *
 * It is checked whole before anything is changed. What only the kernel can know it is asked
 * for last.
 */
#ifndef AEROSTAT_CONFIG_H
#define AEROSTAT_CONFIG_H

#include "aerostat.h"

enum section_kind { SECTION_HOST, SECTION_SENSOR, SECTION_DOMAIN };

/**
 * struct section - what the file says of one object
 * @kind: of object
 * @line: that it begins in
 * @source: of a sensor or domain, as sensor_add and domain_add want it; "" for the host
 * @reading: kind of a sensor's values as sysfs has it, NULL: no sensor
 * @start: a domain's first byte
 * @size: a domain's bytes
 * @settings: them
 * @nr: how many
 */
struct section {
	enum section_kind kind;
	unsigned int line;
	char *source;
	const char *reading;
	unsigned long long start;
	unsigned long long size;
	struct setting *settings;
	size_t nr;
};

/**
 * struct config - a file of settings
 * @path: of the file
 * @text: of the file, that names, values and sources are parts of
 * @sections: them
 * @nr: how many
 * @mistakes: that were complained of
 */
struct config {
	const char *path;
	char *text;
	struct section *sections;
	size_t nr;
	unsigned int mistakes;
};

int config_read(struct config *config, const char *path);
void config_free(struct config *config);
void config_mistake(struct config *config, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void config_check_host(struct config *config, const struct object *host);

#endif /* AEROSTAT_CONFIG_H */
