// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static bool failed;
static const char *skipped;

/**
 * check_that() - see expect()
 * @ok: what should be true
 * @file: where it was said
 * @line: where it was said
 * @what: what it means when it is not, for printf()
 *
 * Return: @ok.
 */
bool check_that(bool ok, const char *file, int line, const char *what, ...)
{
	int error = errno;
	va_list args;

	if (ok)
		return true;
	printf("# %s:%d: ", file, line);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	printf(" (errno: %s)\n", strerror(error));
	failed = true;
	return false;
}

/**
 * check_failed() - has anything been wrong?
 *
 * Return: true if so.
 */
bool check_failed(void)
{
	return failed;
}

/**
 * check_skip() - part of this case, or all of it, cannot be tried here
 * @why: for people
 */
void check_skip(const char *why)
{
	skipped = why;
}

/**
 * check_skipped() - was anything left out?
 *
 * Return: why, or NULL.
 */
const char *check_skipped(void)
{
	return skipped;
}

/**
 * check_readable() - wait for a descriptor
 * @fd: it
 * @ms: for at most so many milliseconds
 *
 * Return: true if there is something to be read, be it the end.
 */
bool check_readable(int fd, int ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, ms) == 1;
}

/**
 * check_until() - wait for what should soon be so
 * @done: is it so?
 * @data: its argument
 *
 * Return: true if it is.
 */
bool check_until(bool (*done)(void *data), void *data)
{
	int waited;

	for (waited = 0; waited < SOON_MS; waited += 5) {
		if (done(data))
			return true;
		usleep(5000);
	}
	return done(data);
}

/**
 * check_write_file() - make a file
 * @path: where
 * @text: its contents
 */
void check_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	expect(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
	       !fchmod(fd, 0666), "%s", path);
	close(fd);
}

/**
 * check_root() - may this case do what only root may? Otherwise it is skipped
 *
 * Return: true if so.
 */
bool check_root(void)
{
	if (!geteuid())
		return true;
	check_skip("needs root");
	return false;
}

/**
 * check_become_nobody() - go on as a user without privileges
 */
void check_become_nobody(void)
{
	const struct passwd *nobody = getpwnam("nobody");

	if (geteuid())
		return;
	if (!expect(nobody && !setgroups(0, NULL) && !setgid(nobody->pw_gid) &&
		    !setuid(nobody->pw_uid), "the user nobody"))
		_exit(1);
}
