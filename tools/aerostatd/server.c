// SPDX-License-Identifier: GPL-2.0
/*
 * Who connects is told everything at once; after that the connection only says
 * that the VM is still there. Neither QEMU nor the module needs it: they have
 * descriptors of their own, and a VM outlives the server.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aerostatd.h"

/* No descriptors, no memory: accept() fails until somebody else gives some back. */
#define SERVER_PAUSE_USEC	500000

/* Open files besides the clients': the standard ones, the loop's, a channel's. */
#define SERVER_FILES	64
/* The connection, and three files that wait in it for a client that does not read. */
#define CLIENT_FILES	4

/**
 * struct client - one connection
 * @server: which has accepted it
 * @source: event source; owns the socket
 * @peer: who, when it connected
 * @next: in the server's list
 * @link: what points to it in that list
 */
struct client {
	struct server *server;
	sd_event_source *source;
	struct ucred peer;
	struct client *next;
	struct client **link;
};

static void client_remove(struct client *client)
{
	struct server *server = client->server;

	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	server->nr_clients--;
	sd_event_source_disable_unref(client->source);
	free(client);
}

/*
 * A QEMU never sends. Whoever does is none, and would be heard for ever if it
 * were ignored; what it was given stays with it.
 */
static int client_event(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct client *client = data;
	struct server *server = client->server;
	const char *what;
	ssize_t got;
	char byte;

	(void)source;
	(void)revents;
	/* Without room for control messages: descriptors that somebody sends are closed. */
	got = recv(fd, &byte, sizeof(byte), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got > 0)
		what = "dropped: it sends, as no QEMU does";
	else if (got < 0 && errno == ECONNRESET)
		what = "disconnected before it had read everything";
	else if (got < 0)
		what = strerror(errno);
	else
		what = "disconnected";
	log_info("pid %d uid %u: %s, %u VMs are left", client->peer.pid, client->peer.uid, what,
		 server->nr_clients - 1);
	client_remove(client);
	return 0;
}

/* Takes @fd over. Return: 0 or a negative errno, without a word. */
static int client_add(struct server *server, int fd, const struct ucred *peer)
{
	struct client *client = calloc(1, sizeof(*client));
	int err;

	if (!client) {
		close(fd);
		return -ENOMEM;
	}
	client->server = server;
	client->peer = *peer;
	err = sd_event_add_io(server->event, &client->source, fd, EPOLLIN, client_event, client);
	if (err < 0) {
		free(client);
		close(fd);
		return err;
	}
	sd_event_source_set_io_fd_own(client->source, true);
	client->next = server->clients;
	if (client->next)
		client->next->link = &client->next;
	client->link = &server->clients;
	server->clients = client;
	server->nr_clients++;
	return 0;
}

/* Takes @fd over. */
static void server_greet(struct server *server, int fd)
{
	socklen_t size = sizeof(struct ucred);
	struct ucred peer = { .uid = -1 };
	struct channel channel;
	int err;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		log_warning("SO_PEERCRED: %s", strerror(errno));
	if (server->nr_clients >= server->max) {
		log_error("pid %d uid %u: refused: %u VMs are connected, and --max allows no more",
			  peer.pid, peer.uid, server->nr_clients);
		err = -EUSERS;
		goto refuse;
	}
	err = channel_open(&channel, server->device);
	if (err) {
		log_error("pid %d uid %u: refused: there is no channel for it", peer.pid, peer.uid);
		goto refuse;
	}
	err = protocol_send(fd, &channel);
	channel_close(&channel);
	if (err) {
		log_error("pid %d uid %u: dropped: sending: %s", peer.pid, peer.uid,
			  strerror(-err));
		goto refuse;
	}
	err = client_add(server, fd, &peer);
	if (err) {
		log_error("pid %d uid %u: dropped: %s", peer.pid, peer.uid, strerror(-err));
		return;
	}
	log_info("pid %d uid %u: connected, %u of at most %u VMs", peer.pid, peer.uid,
		 server->nr_clients, server->max);
	return;

refuse:
	protocol_refuse(fd, err);
	close(fd);
}

static int server_resume(sd_event_source *source, uint64_t usec, void *data)
{
	struct server *server = data;

	(void)source;
	(void)usec;
	sd_event_source_set_enabled(server->listener, SD_EVENT_ON);
	return 0;
}

/* The listening socket stays readable: do not ask it again and again. */
static void server_hold(struct server *server)
{
	int err;

	err = sd_event_source_set_time_relative(server->pause, SERVER_PAUSE_USEC);
	if (err >= 0)
		err = sd_event_source_set_enabled(server->pause, SD_EVENT_ONESHOT);
	if (err >= 0)
		sd_event_source_set_enabled(server->listener, SD_EVENT_OFF);
}

static int server_accept(sd_event_source *source, int listener, uint32_t revents, void *data)
{
	struct server *server = data;
	int fd;

	(void)source;
	(void)revents;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		server_greet(server, fd);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		log_error("accept: %s; clients wait meanwhile", strerror(errno));
		server_hold(server);
	}
	return 0;
}

/**
 * server_reserve() - have as many open files as the clients may need
 * @max: how many clients
 *
 * Files in flight count, too: the kernel allows a user without privileges no
 * more of them than it may have open (ETOOMANYREFS), so that some clients that
 * never read would lock the others out.
 *
 * Return: 0 or a negative errno.
 */
int server_reserve(unsigned int max)
{
	rlim_t need = (rlim_t)max * CLIENT_FILES + SERVER_FILES;
	struct rlimit limit;
	int err;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		goto fail;
	if (limit.rlim_cur >= need)
		return 0;
	limit.rlim_cur = need;
	/* Root may raise the hard one. */
	if (limit.rlim_max < need)
		limit.rlim_max = need;
	if (!setrlimit(RLIMIT_NOFILE, &limit))
		return 0;
fail:
	err = -errno;
	log_error("%u VMs need %ju open files: %s; raise LimitNOFILE= (ulimit -Hn) or lower --max",
		  max, (uintmax_t)need, strerror(-err));
	return err;
}

/**
 * server_start() - serve whoever connects
 * @server: with event, device, max and passed set; undone by server_stop()
 * @fd: listening socket, taken over in any case
 *
 * Return: 0 or a negative errno.
 */
int server_start(struct server *server, int fd)
{
	int err;

	err = sd_event_add_io(server->event, &server->listener, fd, EPOLLIN, server_accept,
			      server);
	if (err < 0) {
		close(fd);
		goto fail;
	}
	sd_event_source_set_io_fd_own(server->listener, true);
	err = sd_event_add_time_relative(server->event, &server->pause, CLOCK_MONOTONIC, 0, 0,
					 server_resume, server);
	if (err >= 0)
		err = sd_event_source_set_enabled(server->pause, SD_EVENT_OFF);
	if (err < 0)
		goto stop;
	return 0;

stop:
	server_stop(server);
fail:
	log_error("event loop: %s", strerror(-err));
	return err;
}

/*
 * Who has connected and was not accepted would take the end of the socket for a
 * hang-up, see protocol.c.
 */
static void server_refuse_waiting(struct server *server)
{
	int listener = sd_event_source_get_io_fd(server->listener);
	int fd;

	/* From here on nobody connects; accept() fails when nobody is left. */
	if (shutdown(listener, SHUT_RD))
		return;
	for (;;) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return;
		log_error("a client is refused: it came too late");
		protocol_refuse(fd, -ESHUTDOWN);
		close(fd);
	}
}

/**
 * server_stop() - forget all clients and listen no more
 * @server: from server_start()
 *
 * Where the listening socket outlives the server, whoever waits there is the
 * next server's.
 */
void server_stop(struct server *server)
{
	struct client *client, *next;

	for (client = server->clients; client; client = next) {
		next = client->next;
		client_remove(client);
	}
	if (!server->passed)
		server_refuse_waiting(server);
	server->pause = sd_event_source_disable_unref(server->pause);
	server->listener = sd_event_source_disable_unref(server->listener);
}
