// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat metrics --socket: HTTP on a UNIX socket, one request at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "aerostat.h"

/* Whoever connects and says nothing holds up the others no longer than this. */
#define REQUEST_MS 1000

static volatile sig_atomic_t ending;

static void end(int signal)
{
	(void)signal;
	ending = 1;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* All of it is one document: what is asked for is read, not looked at. */
static void swallow_request(int fd)
{
	long long until = now_ms() + REQUEST_MS;
	char request[4096] = "";
	size_t used = 0;

	while (used + 1 < sizeof(request)) {
		struct pollfd file = { .fd = fd, .events = POLLIN };
		long long left = until - now_ms();
		ssize_t ret;

		if (left <= 0 || poll(&file, 1, left) <= 0)
			return;
		ret = read(fd, request + used, sizeof(request) - used - 1);
		if (ret <= 0)
			return;
		used += ret;
		request[used] = '\0';
		if (strstr(request, "\r\n\r\n") || strstr(request, "\n\n"))
			return;
	}
}

static bool send_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t ret = send(fd, text, length, MSG_NOSIGNAL);

		if (ret < 0)
			return false;
		text += ret;
		length -= ret;
	}
	return true;
}

static void answer(int fd)
{
	/* A reader that stops reading is left alone, too. */
	struct timeval patience = { .tv_sec = REQUEST_MS / 1000 };
	char why[PATH_MAX + 256], header[200], *text = NULL;
	struct model model;
	size_t length;
	FILE *to;

	swallow_request(fd);
	model_try(&model, why, sizeof(why));
	to = open_memstream(&text, &length);
	if (to && !metrics_write(to, &model) && !fclose(to)) {
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		snprintf(header, sizeof(header),
			 "HTTP/1.0 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\nContent-Length: %zu\r\n\r\n",
			 length);
		if (send_all(fd, header, strlen(header)))
			send_all(fd, text, length);
	}
	free(text);
	model_free(&model);
}

/* A socket that nobody listens on is what a former one has left. */
static bool remove_stale(const struct sockaddr_un *address)
{
	struct stat node;
	int fd, ret;

	if (lstat(address->sun_path, &node) || !S_ISSOCK(node.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ret = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	return ret && errno == ECONNREFUSED && !unlink(address->sun_path);
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(address.sun_path)) {
		complain("%s: the name of a socket has at most %zu bytes", path,
			 sizeof(address.sun_path) - 1);
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ret = bind(fd, (struct sockaddr *)&address, sizeof(address));
	if (ret && errno == EADDRINUSE && remove_stale(&address))
		ret = bind(fd, (struct sockaddr *)&address, sizeof(address));
	if (!ret)
		ret = listen(fd, 16);
	if (!ret)
		return fd;
	complain("%s: %s", path, strerror(errno));
	close(fd);
	return -1;
}

/**
 * metrics_serve() - answer whoever connects, until SIGTERM or SIGINT
 * @path: of the socket; its permissions are the umask's
 *
 * Return: an exit status.
 */
int metrics_serve(const char *path)
{
	struct sigaction action = { .sa_handler = end };
	sigset_t blocked, before;
	struct pollfd file;

	/* They arrive while poll() waits, and nowhere else. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	file = (struct pollfd){ .fd = listen_on(path), .events = POLLIN };
	if (file.fd < 0)
		return STATUS_FAILED;
	while (!ending) {
		int fd;

		if (ppoll(&file, 1, NULL, &before) <= 0)
			continue;
		fd = accept4(file.fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		answer(fd);
		close(fd);
	}
	unlink(path);
	close(file.fd);
	return STATUS_OK;
}
