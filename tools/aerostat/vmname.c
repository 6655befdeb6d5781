// SPDX-License-Identifier: GPL-2.0
/*
 * The name that people gave a VM: its process has it among its arguments, as
 * libvirt writes them and as people do.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "aerostat.h"

/**
 * process_arguments() - the command line of a process
 * @pid: which
 * @length: of the result
 *
 * Return: arguments with a zero byte after each, to be freed; NULL if there is no such process.
 */
char *process_arguments(pid_t pid, size_t *length)
{
	char path[PATH_MAX];

	if (pid <= 0 || fs_path(path, "/proc/%d/cmdline", pid))
		return NULL;
	return fs_read(path, length);
}

/* "guest=NAME,..." or "NAME,..."; a comma in a name is doubled. */
static void copy_name(char *name, size_t size, const char *from)
{
	char *whole = malloc(strlen(from) + 1), *to = whole;

	if (!whole)
		return;
	if (!strncmp(from, "guest=", 6))
		from += 6;
	for (; *from; from++) {
		if (*from == ',' && *++from != ',')
			break;
		*to++ = *from;
	}
	*to = '\0';
	clean_text(whole);
	copy_text(name, size, whole);
	free(whole);
}

/* Labels are joined on it: what is no UUID is left out. */
static void copy_uuid(char *uuid, size_t size, const char *from)
{
	size_t i;

	if (strlen(from) != 36 || size < 37)
		return;
	for (i = 0; i < 36; i++)
		if (!isxdigit((unsigned char)from[i]) && from[i] != '-')
			return;
	memcpy(uuid, from, 37);
}

/**
 * vmname_find() - what a VM is called
 * @pid: its process
 * @name: result, "" if it has no name
 * @name_size: of @name
 * @uuid: result, "" if it has none
 * @uuid_size: of @uuid
 */
void vmname_find(pid_t pid, char *name, size_t name_size, char *uuid, size_t uuid_size)
{
	size_t length, at;
	char *arguments = process_arguments(pid, &length);

	*name = '\0';
	*uuid = '\0';
	if (!arguments)
		return;
	for (at = 0; at < length; at += strlen(arguments + at) + 1) {
		const char *option = arguments + at;
		const char *value = option + strlen(option) + 1;

		if (value >= arguments + length)
			break;
		/* QEMU takes its options with one dash and with two. */
		option += option[0] == '-' && option[1] == '-';
		if (!strcmp(option, "-name"))
			copy_name(name, name_size, value);
		else if (!strcmp(option, "-uuid"))
			copy_uuid(uuid, uuid_size, value);
	}
	free(arguments);
}
