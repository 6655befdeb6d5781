// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a file of settings, and whether that makes sense.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"

/* What sensors and domains have that are not there yet. */
static const char * const sensor_settings[] = {
	"low", "high", "emergency", "measures", "stuck_ms", "stuck", NULL
};
static const char * const domain_settings[] = { "active_mw_per_gib", "off_mw_per_gib", NULL };

/**
 * config_mistake() - say what is wrong with the file
 * @config: which
 * @line: where, 0: the file as a whole
 * @format: as for printf(), without the newline
 */
void config_mistake(struct config *config, unsigned int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	clean_text(text);
	config->mistakes++;
	if (line)
		complain("%s:%u: %s", config->path, line, text);
	else
		complain("%s: %s", config->path, text);
}

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	return text;
}

/* One blank between two words: what sysfs shows is compared with it. */
static void squeeze(char *text)
{
	char *to = text;

	for (; *text; text++) {
		bool blank = *text == ' ' || *text == '\t';

		if (!blank || (to[-1] != ' ' && text[1]))
			*to++ = blank ? ' ' : *text;
	}
	*to = '\0';
}

/* "hwmon jc42 temp1" reads a temperature; NULL: no source. */
static const char *reading_of(const char *source)
{
	char class[16], name[64], channel[16], rest[2];
	int words = sscanf(source, "%15s %63s %15s %1s", class, name, channel, rest);

	if (words < 2)
		return NULL;
	if (!strcmp(class, "hwmon")) {
		if (words != 3)
			return NULL;
		if (!strncmp(channel, "temp", 4))
			return "temperature";
		return strncmp(channel, "power", 5) && strncmp(channel, "energy", 6) ? NULL :
		       "power";
	}
	/* Names of zones and supplies may have blanks. */
	if (!strcmp(class, "thermal"))
		return "temperature";
	if (!strcmp(class, "powercap"))
		return "power";
	return strcmp(class, "power_supply") ? NULL : "charge";
}

static bool parse_domain(struct section *section)
{
	const char *text = section->source;
	unsigned long long end;
	char *rest;

	errno = 0;
	if (!isxdigit((unsigned char)*text))
		return false;
	section->start = strtoull(text, &rest, 16);
	if (*rest != '-' || !isxdigit((unsigned char)rest[1]))
		return false;
	end = strtoull(rest + 1, &rest, 16);
	section->size = end - section->start + 1;
	return (!*rest || *rest == ' ') && !errno && end > section->start;
}

static bool same_object(const struct section *a, const struct section *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == SECTION_DOMAIN ? a->start == b->start && a->size == b->size :
	       !strcmp(a->source, b->source);
}

/*
 * "[...]" without the brackets. A section that makes no sense is one all the same, for those
 * behind it.
 */
static void begin_section(struct config *config, struct section *section, char *text)
{
	char *source = text + strcspn(text, " \t");
	size_t i;

	source += strspn(source, " \t");
	if (*source)
		source[-1] = '\0';
	text = trim(text);
	if (*source)
		squeeze(source);
	section->source = source;
	if (!strcmp(text, "host") && !*source) {
		section->kind = SECTION_HOST;
	} else if (!strcmp(text, "sensor")) {
		section->kind = SECTION_SENSOR;
		section->reading = reading_of(source);
		if (!section->reading)
			config_mistake(config, section->line,
				       "\"%.60s\" is no sensor; as in [sensor hwmon jc42 temp1], [sensor thermal acpitz], [sensor power_supply BAT0] or [sensor powercap dram]",
				       source);
	} else if (!strcmp(text, "domain")) {
		section->kind = SECTION_DOMAIN;
		if (!parse_domain(section))
			config_mistake(config, section->line,
				       "\"%.60s\" is no power domain; as in [domain 100000000-17fffffff dimm1], in hexadecimal",
				       source);
	} else {
		config_mistake(config, section->line,
			       "there is no section [%.60s]: [host], [sensor SOURCE] and [domain START-END NAME] are all; VMs are set by aerostat set while they run",
			       text);
		section->source = NULL;
		return;
	}
	for (i = 0; i < config->nr - 1; i++)
		if (config->sections[i].source && same_object(&config->sections[i], section))
			config_mistake(config, section->line,
				       "line %u begins the same section; write all of it there",
				       config->sections[i].line);
}

static bool known(const char * const *names, const char *name)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

/*
 * What can be said of it without the kernel. Of the host's settings only the kernel knows
 * which there are.
 */
static void check_setting(struct config *config, const struct section *section,
			  const struct setting *setting)
{
	const char *name = setting->name;
	long long number;
	char text[256];

	if (section->kind == SECTION_SENSOR && !known(sensor_settings, name)) {
		config_mistake(config, setting->line,
			       "a sensor has no setting \"%.60s\": low, high, emergency, measures and stuck_ms are all",
			       name);
	} else if (section->kind == SECTION_DOMAIN && !known(domain_settings, name)) {
		config_mistake(config, setting->line,
			       "a power domain has no setting \"%.60s\": active_mw_per_gib and off_mw_per_gib are all",
			       name);
	} else if (section->kind == SECTION_SENSOR && !strcmp(name, "measures")) {
		if (section->reading && strcmp(section->reading, "power"))
			config_mistake(config, setting->line,
				       "only a power has \"measures\", and this is a %s",
				       section->reading);
		else if (strcmp(setting->value, "machine") && strcmp(setting->value, "memory"))
			config_mistake(config, setting->line,
				       "measures: \"%.60s\" makes no sense here; machine or memory",
				       setting->value);
	} else if (section->kind == SECTION_SENSOR && !strncmp(name, "stuck", 5)) {
		if (!parse_integer(setting->value, &number) || number < 0)
			config_mistake(config, setting->line,
				       "%s: \"%.60s\" makes no sense here; milliseconds, as a whole number",
				       name, setting->value);
	} else if (section->kind == SECTION_SENSOR && section->reading) {
		if (!setting_translate(text, sizeof(text), section->reading, name,
				       setting->value))
			config_mistake(config, setting->line,
				       "%s: \"%.60s\" makes no sense as a %s; a number with %s, or unset",
				       name, setting->value, section->reading,
				       *section->reading == 't' ? "C" :
				       *section->reading == 'p' ? "W" : "%");
	} else if (section->kind == SECTION_DOMAIN) {
		if (!parse_integer(setting->value, &number) || number < 0)
			config_mistake(config, setting->line,
				       "%s: \"%.60s\" makes no sense here; milliwatts, as a whole number",
				       name, setting->value);
	}
}

static int add_setting(struct config *config, struct section *section, unsigned int line,
		       char *text)
{
	char *value = strchr(text, '=');
	struct setting *settings, *setting;
	size_t i;

	if (!value) {
		config_mistake(config, line,
			       "\"%.60s\" is neither [SECTION] nor NAME = VALUE; a comment begins with #",
			       text);
		return 0;
	}
	*value++ = '\0';
	text = trim(text);
	value = trim(value);
	if (!section) {
		config_mistake(config, line, "which object's \"%.60s\"? write [host] before it",
			       text);
		return 0;
	}
	if (!section->source)
		return 0;
	if (!*text || !*value) {
		config_mistake(config, line,
			       "%s an empty value sets nothing; write one behind the =, or # before the line",
			       text);
		return 0;
	}
	for (i = 0; i < section->nr; i++)
		if (setting_same(section->settings[i].name, text))
			config_mistake(config, line, "line %u sets %.60s already; remove one",
				       section->settings[i].line, text);
	settings = realloc(section->settings, (section->nr + 1) * sizeof(*settings));
	if (!settings)
		return -ENOMEM;
	section->settings = settings;
	setting = &settings[section->nr++];
	*setting = (struct setting){ .name = text, .value = value, .line = line };
	check_setting(config, section, setting);
	return 0;
}

static int parse_line(struct config *config, unsigned int line, char *text)
{
	struct section *sections;
	size_t length;

	text = trim(text);
	length = strlen(text);
	if (!length || *text == '#')
		return 0;
	if (*text != '[')
		return add_setting(config, config->nr ? &config->sections[config->nr - 1] : NULL,
				   line, text);
	if (text[length - 1] != ']') {
		config_mistake(config, line, "\"%.60s\" has no ] at its end", text);
		return 0;
	}
	text[length - 1] = '\0';
	sections = realloc(config->sections, (config->nr + 1) * sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	config->sections = sections;
	sections[config->nr] = (struct section){ .line = line };
	config->nr++;
	begin_section(config, &sections[config->nr - 1], trim(text + 1));
	return 0;
}

static const struct setting *find_setting(const struct section *section, const char *name)
{
	size_t i;

	for (i = 0; i < section->nr; i++)
		if (!strcmp(section->settings[i].name, name))
			return &section->settings[i];
	return NULL;
}

/* The kernel would refuse these, but only after others were set. */
static void check_order(struct config *config, const struct section *section)
{
	static const char * const names[] = { "low", "high", "emergency" };
	int sign = section->reading && !strcmp(section->reading, "charge") ? -1 : 1;
	const struct setting *before = NULL;
	long long value, last = 0;
	size_t i;

	for (i = 0; section->reading && i < sizeof(names) / sizeof(*names); i++) {
		const struct setting *setting = find_setting(section, names[i]);

		if (!setting || !parse_reading(section->reading, setting->value, &value))
			continue;
		if (before && sign * last > sign * value)
			config_mistake(config, setting->line,
				       "%s = %s stands against %s = %s in line %u: low, high and emergency have to be in that order%s",
				       setting->name, setting->value, before->name,
				       before->value, before->line,
				       sign < 0 ? ", and of a charge low is the greatest" : "");
		before = setting;
		last = value;
	}
}

/**
 * config_read() - read a file of settings, and complain of what is wrong with it
 * @config: result, for config_free() in any case
 * @path: of the file, as the user gave it
 *
 * Return: an exit status; STATUS_USAGE if there are mistakes.
 */
int config_read(struct config *config, const char *path)
{
	unsigned int line = 1;
	size_t length, i;
	char *text;

	*config = (struct config){ .path = path };
	config->text = fs_read(path, &length);
	if (!config->text) {
		config_mistake(config, 0, "%s", strerror(errno));
		return errno == EACCES ? STATUS_NO_RIGHTS : STATUS_FAILED;
	}
	if (strlen(config->text) != length) {
		config_mistake(config, 0, "this is no text: there is a zero byte in it");
		return STATUS_USAGE;
	}
	for (text = config->text; text; line++) {
		char *end = strchr(text, '\n');

		if (end)
			*end++ = '\0';
		if (parse_line(config, line, text)) {
			config_mistake(config, 0, "%s", strerror(ENOMEM));
			return STATUS_FAILED;
		}
		text = end;
	}
	for (i = 0; i < config->nr; i++)
		check_order(config, &config->sections[i]);
	return config->mistakes ? STATUS_USAGE : STATUS_OK;
}

/* Sensors and domains have sections of their own. */
static bool host_has(char *file, size_t size, const struct object *host, const char *name)
{
	char path[PATH_MAX];
	struct stat node;

	return !strstr(name, "_add") && !strstr(name, "_remove") &&
	       setting_file(file, size, host, name) &&
	       snprintf(path, sizeof(path), "%s/%s", host->path, file) < PATH_MAX &&
	       !stat(path, &node) && node.st_mode & 0222;
}

/**
 * config_check_host() - complain of what this host's module does not have or cannot mean
 * @config: read
 * @host: its object
 */
void config_check_host(struct config *config, const struct object *host)
{
	const struct section *section;
	char file[NAME_MAX + 8], text[256];
	long long number;
	size_t i, j;

	for (i = 0; i < config->nr; i++) {
		section = &config->sections[i];
		for (j = 0; section->kind == SECTION_HOST && j < section->nr; j++) {
			const struct setting *setting = &section->settings[j];

			if (!host_has(file, sizeof(file), host, setting->name))
				config_mistake(config, setting->line,
					       "the host has no setting \"%.60s\"; see aerostat.conf(5), or update the module",
					       setting->name);
			/* What is a number now will not become a word. */
			else if (!setting_translate(text, sizeof(text), NULL, file,
						    setting->value) ||
				 (object_number(host, file, &number) &&
				  (!parse_integer(text, &number) || number < 0)))
				config_mistake(config, setting->line,
					       "%s: \"%.60s\" makes no sense here; see aerostat.conf(5) for units",
					       file, setting->value);
			else if (!strcmp(file, "mode") && strcmp(text, "off") &&
				 strcmp(text, "manual") && strcmp(text, "auto") &&
				 strcmp(text, "balance"))
				config_mistake(config, setting->line,
					       "mode: \"%.60s\" makes no sense here; off, manual, auto or balance",
					       text);
		}
	}
}

/**
 * config_free() - free what config_read() has filled
 * @config: result of it
 */
void config_free(struct config *config)
{
	size_t i;

	for (i = 0; i < config->nr; i++)
		free(config->sections[i].settings);
	free(config->sections);
	free(config->text);
}
