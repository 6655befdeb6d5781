// SPDX-License-Identifier: GPL-2.0
/*
 * The listening socket: one that systemd passes, or one that is bound here and
 * removed in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "aerostatd.h"

/* Whoever else makes its socket there needs no longer. */
#define LISTENER_LOCK_MS	2000

/**
 * listener_activated() - take the socket that systemd passes
 * @listener: result, when there is one; undone by listener_close()
 *
 * Return: 1 if there is one, 0 if there is none, or a negative errno.
 */
int listener_activated(struct listener *listener)
{
	int nr = sd_listen_fds(1);
	int flags;

	if (nr < 0) {
		log_error("LISTEN_FDS: %s", strerror(-nr));
		return nr;
	}
	if (!nr)
		return 0;
	if (nr > 1) {
		log_error("%d sockets were passed; the unit needs one ListenStream=PATH", nr);
		return -EINVAL;
	}
	if (sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0) {
		log_error("no listening UNIX socket; the unit needs ListenStream=PATH, Accept=no");
		return -EINVAL;
	}
	flags = fcntl(SD_LISTEN_FDS_START, F_GETFL);
	if (flags < 0 || fcntl(SD_LISTEN_FDS_START, F_SETFL, flags | O_NONBLOCK)) {
		log_error("the socket that was passed: %s", strerror(errno));
		return -errno;
	}
	*listener = (struct listener){ .fd = SD_LISTEN_FDS_START };
	return 1;
}

/*
 * Between finding a stale socket and binding a new one nobody else must do the
 * same, or it would remove the new one. Return: descriptor to be closed, or a
 * negative errno.
 */
static int listener_lock(const struct listener_options *options)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	const char *slash = strrchr(options->path, '/');
	char *directory = slash ? strndup(options->path, slash - options->path + 1) : strdup(".");
	int err = -ENOMEM, fd = -1, waited;

	if (!directory)
		goto fail;
	/* Not readable for others: who cannot open it cannot lock it. */
	if (!mkdir(directory, 0711) && lchown(directory, options->uid, -1)) {
		err = -errno;
		goto fail;
	}
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto fail;
	}
	for (waited = 0; flock(fd, LOCK_EX | LOCK_NB); waited += 10) {
		err = -errno;
		if (err != -EWOULDBLOCK || waited >= LISTENER_LOCK_MS) {
			close(fd);
			goto fail;
		}
		nanosleep(&pause, NULL);
	}
	free(directory);
	return fd;

fail:
	log_error("the directory of %s: %s", options->path, strerror(-err));
	free(directory);
	return err;
}

/* Remove a socket on which nobody listens, and nothing else. */
static int listener_remove_stale(const struct sockaddr_un *address)
{
	const char *path = address->sun_path;
	struct stat node;
	int err, fd;

	if (lstat(path, &node)) {
		if (errno == ENOENT)
			return 0;
		err = -errno;
		log_error("%s: %s", path, strerror(-err));
		return err;
	}
	if (!S_ISSOCK(node.st_mode)) {
		log_error("%s: it exists and is no socket; choose another --socket, or remove it",
			  path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		err = -errno;
		log_error("socket: %s", strerror(-err));
		return err;
	}
	/* EAGAIN: alive, and its queue is full. */
	err = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	close(fd);
	if (!err || err == -EAGAIN) {
		log_error("%s: another server listens there; stop it, or choose another --socket",
			  path);
		return -EADDRINUSE;
	}
	if (err != -ECONNREFUSED) {
		log_error("%s: it exists, and whether a server listens there cannot be seen: %s",
			  path, strerror(-err));
		return err;
	}
	if (unlink(path) && errno != ENOENT) {
		err = -errno;
		log_error("%s: removing what a former server has left: %s", path, strerror(-err));
		return err;
	}
	return 0;
}

/**
 * listener_bind() - make a socket and listen
 * @listener: result; undone by listener_close()
 * @options: how
 *
 * A former server's socket is replaced; a live server's is not touched.
 *
 * Return: 0 or a negative errno.
 */
int listener_bind(struct listener *listener, const struct listener_options *options)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int err, fd, lock;
	mode_t mask;

	if (strlen(options->path) >= sizeof(address.sun_path)) {
		log_error("%s: longer than the %zu bytes that a socket's path may have",
			  options->path, sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, options->path, strlen(options->path));

	lock = listener_lock(options);
	if (lock < 0)
		return lock;
	err = listener_remove_stale(&address);
	if (err)
		goto unlock;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		err = -errno;
		log_error("socket: %s", strerror(-err));
		goto unlock;
	}
	/* Nobody gets in before listen(): there is no moment with wrong permissions. */
	mask = umask(~options->mode & 0777);
	err = bind(fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (err) {
		log_error("%s: %s", options->path, strerror(-err));
		goto close;
	}
	if (lchown(options->path, options->uid, options->gid)) {
		err = -errno;
		log_error("%s: changing its owner and group: %s; only root, or a member, may",
			  options->path, strerror(-err));
		goto unlink;
	}
	if (lstat(options->path, &listener->node) || listen(fd, SOMAXCONN)) {
		err = -errno;
		log_error("%s: %s", options->path, strerror(-err));
		goto unlink;
	}
	listener->fd = fd;
	listener->path = options->path;
	close(lock);
	return 0;

unlink:
	unlink(options->path);
close:
	close(fd);
unlock:
	close(lock);
	return err;
}

/**
 * listener_close() - stop listening, and remove the socket if it was made here
 * @listener: from listener_activated() or listener_bind()
 */
void listener_close(struct listener *listener)
{
	struct stat node;

	if (listener->fd >= 0)
		close(listener->fd);
	if (!listener->path)
		return;
	/* Another server may have taken the place. */
	if (lstat(listener->path, &node) || node.st_dev != listener->node.st_dev ||
	    node.st_ino != listener->node.st_ino)
		return;
	if (unlink(listener->path))
		log_warning("%s: %s; the next aerostatd removes it", listener->path,
			    strerror(errno));
}
