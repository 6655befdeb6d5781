// SPDX-License-Identifier: GPL-2.0
/*
 * A sensor's source, as node_exporter names it.
 *
 * It makes a chip's name of the last two parts of its device's path, and of the chip's
 * own name where there is no device: /sys/devices/platform/coretemp.0 is
 * "platform_coretemp_0" (collector/hwmon_linux.go there).
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "aerostat.h"
#include "metrics.h"

/* Lower case; what a metric's name cannot have becomes '_', but not at the ends. */
static void clean(char *name)
{
	size_t length, skip;

	for (length = 0; name[length]; length++) {
		name[length] = tolower((unsigned char)name[length]);
		if (!isascii(name[length]) ||
		    (!isalnum((unsigned char)name[length]) && name[length] != ':'))
			name[length] = '_';
	}
	while (length && name[length - 1] == '_')
		name[--length] = '\0';
	skip = strspn(name, "_");
	memmove(name, name + skip, length - skip + 1);
}

static void chip_label(char *chip, size_t size, const char *hwmon)
{
	char link[PATH_MAX], name[64], parent[64], *device, *slash;

	if (!fs_path(link, "/sys/class/hwmon/%s/device", hwmon)) {
		device = realpath(link, NULL);
		slash = device ? strrchr(device, '/') : NULL;
		if (slash) {
			snprintf(name, sizeof(name), "%s", slash + 1);
			*slash = '\0';
			slash = strrchr(device, '/');
			snprintf(parent, sizeof(parent), "%s", slash ? slash + 1 : "");
			clean(name);
			clean(parent);
			free(device);
			snprintf(chip, size, "%s%s%s", parent, *parent && *name ? "_" : "", name);
			return;
		}
		free(device);
	}
	if (fs_line(name, sizeof(name), "/sys/class/hwmon/%s/name", hwmon) || !*name)
		snprintf(name, sizeof(name), "%s", hwmon);
	clean(name);
	snprintf(chip, size, "%s", name);
}

/* Is this what sensor_add means by a chip? */
static bool is_chip(const char *hwmon, const char *chip)
{
	char text[64], link[PATH_MAX];

	if (!strcmp(hwmon, chip))
		return true;
	if (!fs_line(text, sizeof(text), "/sys/class/hwmon/%s/name", hwmon) && !strcmp(text, chip))
		return true;
	return !fs_path(link, "/sys/class/hwmon/%s/device", hwmon) &&
	       fs_last_part(text, sizeof(text), link) && !strcmp(text, chip);
}

static void find_chip(struct sensor_labels *labels, const char *chip)
{
	char dir[PATH_MAX], **names;
	int i, nr;

	/* As good as what is known. */
	snprintf(labels->chip, sizeof(labels->chip), "%s", chip);
	clean(labels->chip);
	if (fs_path(dir, "/sys/class/hwmon"))
		return;
	nr = fs_list(dir, "hwmon", &names);
	for (i = 0; i < nr; i++) {
		if (!is_chip(names[i], chip))
			continue;
		chip_label(labels->chip, sizeof(labels->chip), names[i]);
		break;
	}
	fs_list_free(names, nr);
}

static void find_zone(struct sensor_labels *labels, const char *zone)
{
	char dir[PATH_MAX], **names, type[64];
	int i, nr;

	copy_text(labels->type, sizeof(labels->type), zone);
	if (fs_path(dir, "/sys/class/thermal"))
		return;
	nr = fs_list(dir, "thermal_zone", &names);
	for (i = 0; i < nr; i++) {
		fs_line(type, sizeof(type), "/sys/class/thermal/%s/type", names[i]);
		if (strcmp(type, zone) && strcmp(names[i], zone))
			continue;
		clean_text(type);
		copy_text(labels->type, sizeof(labels->type), type);
		snprintf(labels->zone, sizeof(labels->zone), "%s",
			 names[i] + strlen("thermal_zone"));
		break;
	}
	fs_list_free(names, nr);
}

/**
 * sensor_labels_find() - what node_exporter calls a sensor
 * @labels: result
 * @source: its name in sysfs, as written to sensor_add
 */
void sensor_labels_find(struct sensor_labels *labels, const char *source)
{
	char kind[16], chip[128], channel[32];
	int parts = sscanf(source, "%15s %127s %31s", kind, chip, channel);

	memset(labels, 0, sizeof(*labels));
	if (parts == 3 && !strcmp(kind, "hwmon")) {
		find_chip(labels, chip);
		snprintf(labels->sensor, sizeof(labels->sensor), "%s", channel);
	} else if (parts >= 2 && !strcmp(kind, "thermal")) {
		/* A zone's type may have blanks. */
		find_zone(labels, source + strlen("thermal "));
	}
}
