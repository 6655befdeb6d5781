// SPDX-License-Identifier: GPL-2.0
/*
 * Files of this machine, or of a tree that looks like one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aerostat.h"

/* No file that is read here is larger, but for the command line of a strange process. */
#define FS_MOST (1 << 20)

static int fs_vpath(char *path, const char *format, va_list args)
{
	int length = snprintf(path, PATH_MAX, "%s", options.root);
	int more;

	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	more = vsnprintf(path + length, PATH_MAX - length, format, args);
	return more < PATH_MAX - length ? 0 : -ENAMETOOLONG;
}

/**
 * fs_path() - put --root before a path
 * @path: result, PATH_MAX bytes
 * @format: as for printf(), absolute
 *
 * Return: 0 or -ENAMETOOLONG.
 */
int fs_path(char *path, const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = fs_vpath(path, format, args);
	va_end(args);
	return err;
}

/**
 * fs_read() - the contents of a file
 * @path: with --root
 * @length: of the result, or NULL
 *
 * Return: it, with a zero byte after it, to be freed; NULL with errno set.
 */
char *fs_read(const char *path, size_t *length)
{
	size_t size = 4096, used = 0;
	char *text = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return NULL;
	while (used + 1 < FS_MOST) {
		char *more = realloc(text, size + 1);
		ssize_t ret;

		if (!more)
			goto fail;
		text = more;
		ret = read(fd, text + used, size - used);
		if (ret < 0)
			goto fail;
		used += ret;
		if (!ret)
			break;
		if (used == size)
			size *= 2;
	}
	close(fd);
	text[used] = '\0';
	if (length)
		*length = used;
	return text;

fail:
	err = errno;
	free(text);
	close(fd);
	errno = err;
	return NULL;
}

/**
 * fs_line() - the first line of a file
 * @line: result without the newline; "" on failure
 * @size: of @line
 * @format: path as for printf(), without --root
 *
 * Return: 0 or a negative errno.
 */
int fs_line(char *line, size_t size, const char *format, ...)
{
	char path[PATH_MAX], *text;
	va_list args;
	int err;

	*line = '\0';
	va_start(args, format);
	err = fs_vpath(path, format, args);
	va_end(args);
	if (err)
		return err;
	text = fs_read(path, NULL);
	if (!text)
		return -errno;
	text[strcspn(text, "\n")] = '\0';
	snprintf(line, size, "%s", text);
	free(text);
	return 0;
}

/**
 * fs_there() - is there such a file?
 * @format: path as for printf(), without --root
 *
 * Return: whether it is there.
 */
bool fs_there(const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int err;

	va_start(args, format);
	err = fs_vpath(path, format, args);
	va_end(args);
	return !err && !access(path, F_OK);
}

/**
 * fs_write() - write an attribute, in one go
 * @path: with --root
 * @text: value
 *
 * Return: 0 or a negative errno.
 */
int fs_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t ret;
	int err = 0;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text));
	if (ret < 0)
		err = -errno;
	else if ((size_t)ret < strlen(text))
		err = -EIO;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

/**
 * fs_list() - names in a directory, "vm-2" before "vm-10"
 * @dir: with --root
 * @prefix: that a name has to begin with; what follows it begins with a digit unless it is ""
 * @names: result, for fs_list_free()
 *
 * Return: how many, or a negative errno.
 */
int fs_list(const char *dir, const char *prefix, char ***names)
{
	struct dirent **entries;
	size_t length = strlen(prefix);
	int i, nr, kept = 0;

	*names = NULL;
	nr = scandir(dir, &entries, NULL, versionsort);
	if (nr < 0)
		return -errno;
	*names = calloc(nr + 1, sizeof(**names));
	for (i = 0; i < nr; i++) {
		const char *name = entries[i]->d_name;

		if (*names && *name != '.' && !strncmp(name, prefix, length) &&
		    (!length || (name[length] >= '0' && name[length] <= '9'))) {
			(*names)[kept] = strdup(name);
			kept += !!(*names)[kept];
		}
		free(entries[i]);
	}
	free(entries);
	return *names ? kept : -ENOMEM;
}

/**
 * fs_list_free() - free what fs_list() made
 * @names: its result
 * @nr: what it returned; may be negative
 */
void fs_list_free(char **names, int nr)
{
	while (nr > 0)
		free(names[--nr]);
	free(names);
}

/**
 * fs_last_part() - the last part of what a symbolic link points to
 * @part: result; "" on failure
 * @size: of @part
 * @link: with --root
 *
 * Return: whether it is one.
 */
bool fs_last_part(char *part, size_t size, const char *link)
{
	char to[PATH_MAX];
	ssize_t length = readlink(link, to, sizeof(to) - 1);
	const char *slash;

	*part = '\0';
	if (length < 0)
		return false;
	to[length] = '\0';
	slash = strrchr(to, '/');
	snprintf(part, size, "%s", slash ? slash + 1 : to);
	return true;
}
