// SPDX-License-Identifier: GPL-2.0
/*
 * A connection to one of QEMU's sockets, see client.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

static struct {
	const char *name, *path;	/* of the program, of the socket */
	int fd;
	long long deadline;		/* by client_now() */
	char text[CLIENT_LINE_MAX];	/* what has been read and not been returned for good */
	size_t filled, used;		/* bytes in it, and how many of them the last line took */
} client = { .fd = -1 };

long long client_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

long long client_left(void)
{
	return client.deadline - client_now();
}

void client_fail(int status, const char *what)
{
	fprintf(stderr, "%s: %s%s%s\n", client.name, client.path ? client.path : "", client.path ? ": " : "", what);
	exit(status);
}

int client_options(int argc, char **argv, int words, const char *usage)
{
	long seconds = 120;
	int option;
	char *end;

	client.name = argv[0];
	while ((option = getopt(argc, argv, "+t:")) != -1) {
		seconds = option == 't' ? strtol(optarg, &end, 10) : 0;
		if (option != 't' || *end || seconds <= 0)
			client_fail(2, usage);
	}
	if (argc - optind != words)
		client_fail(2, usage);
	client.deadline = client_now() + seconds * 1000;
	return optind;
}

void client_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	client.path = path;
	if (strlen(path) >= sizeof(to.sun_path))
		client_fail(2, "path too long");
	strcpy(to.sun_path, path);
	client.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client.fd < 0 || connect(client.fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		client_fail(125, strerror(errno));
}

static void put(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			client_fail(125, strerror(errno));
		data += n;
		len -= n;
	}
}

void client_send(const void *data, size_t len)
{
	put(client.fd, data, len);
}

void client_print(const void *data, size_t len)
{
	put(STDOUT_FILENO, data, len);
}

char *client_line(void)
{
	client.filled -= client.used;
	memmove(client.text, client.text + client.used, client.filled);
	client.used = 0;
	for (;;) {
		struct pollfd p = { .fd = client.fd, .events = POLLIN };
		char *newline = memchr(client.text, '\n', client.filled);
		long long left = client_left();
		ssize_t n;

		if (newline) {
			*newline = 0;
			client.used = newline + 1 - client.text;
			return client.text;
		}
		if (client.filled == sizeof(client.text))
			client_fail(125, "a line is too long");
		if (left <= 0 || !poll(&p, 1, left))
			client_fail(124, "no answer in time");
		n = read(client.fd, client.text + client.filled, sizeof(client.text) - client.filled);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			client_fail(125, "the guest is gone");
		client.filled += n;
	}
}
