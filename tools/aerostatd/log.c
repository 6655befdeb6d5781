// SPDX-License-Identifier: GPL-2.0
/*
 * Messages go to stderr, a line each: with the priority in front where stderr is
 * the journal, which knows the name, elsewhere with the name in front.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aerostatd.h"

static bool log_is_journal;

/**
 * log_init() - see where stderr goes
 *
 * Others may have inherited JOURNAL_STREAM and redirected stderr; it names the
 * device and the inode that it speaks of.
 */
void log_init(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat node;

	if (stream && sscanf(stream, "%ju:%ju", &dev, &ino) == 2 &&
	    !fstat(STDERR_FILENO, &node))
		log_is_journal = node.st_dev == (dev_t)dev && node.st_ino == (ino_t)ino;
}

/**
 * log_line() - see log_error(), log_warning() and log_info()
 * @prefix: priority, one of sd-daemon.h's SD_*
 * @format: as for printf(), without the newline
 */
void log_line(const char *prefix, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* One write() a line: others may share the pipe. That it fails has nobody to be told. */
	dprintf(STDERR_FILENO, "%s%s\n", log_is_journal ? prefix : "aerostatd: ", line);
}
