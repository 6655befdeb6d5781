/* SPDX-License-Identifier: GPL-2.0 */
/*
 * aerostatd: hands each VM that connects a channel of its own.
 *
 *	main.c        options, the order of things, signals
 *	listener.c    the socket: systemd's, or one that is bound here
 *	server.c      the event loop's side: who connects, who goes
 *	channel.c     /dev/aerostat and the two eventfds
 *	protocol.c    what QEMU is told
 *	privileges.c  --user
 *	log.c         stderr
 *
 * One thread. A function that returns a negative errno has said why.
 */
#ifndef AEROSTATD_H
#define AEROSTATD_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#define AEROSTATD_DEVICE	"/dev/aerostat"
#define AEROSTATD_SOCKET	"/run/aerostat/aerostatd.sock"

/*
 * Peer IDs of the ivshmem protocol, the same in every VM, for none sees another.
 * The VM has to be 0: QEMU refuses master=on, which migration needs, to any other.
 */
#define AEROSTATD_VM_ID		0
#define AEROSTATD_HOST_ID	1
/* There is one vector each way. */
#define AEROSTATD_DOORBELL	(AEROSTATD_HOST_ID << 16 | 0)

/* log.c */

void log_init(void);
void log_line(const char *prefix, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)		log_line(SD_ERR, __VA_ARGS__)
#define log_warning(...)	log_line(SD_WARNING, __VA_ARGS__)
#define log_info(...)		log_line(SD_INFO, __VA_ARGS__)

/* privileges.c */

/**
 * struct privileges - whom to become
 * @name: as in the user database
 * @uid: not root's
 * @gid: primary group
 */
struct privileges {
	const char *name;
	uid_t uid;
	gid_t gid;
};

int privileges_find(struct privileges *privileges, const char *name);
int privileges_drop(const struct privileges *privileges);

/* listener.c */

/**
 * struct listener_options - how to make a socket
 * @path: where
 * @mode: permissions
 * @uid: owner, or -1: whoever makes it
 * @gid: group, or -1: the maker's
 */
struct listener_options {
	const char *path;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/**
 * struct listener - a listening socket
 * @fd: it, nonblocking; -1 once the server has it
 * @path: to be removed in the end, or NULL if it is systemd's
 * @node: what was bound there
 */
struct listener {
	int fd;
	const char *path;
	struct stat node;
};

int listener_activated(struct listener *listener);
int listener_bind(struct listener *listener, const struct listener_options *options);
void listener_close(struct listener *listener);

/* channel.c */

/**
 * struct channel - what one VM is given
 * @memory: the shared memory, a /dev/aerostat file of its own
 * @to_host: eventfd that the guest's doorbell signals
 * @to_guest: eventfd that interrupts the guest
 */
struct channel {
	int memory;
	int to_host;
	int to_guest;
};

int channel_open(struct channel *channel, const char *device);
void channel_close(struct channel *channel);

/* protocol.c */

int protocol_send(int fd, const struct channel *channel);
void protocol_refuse(int fd, int error);

/* server.c */

struct client;

/**
 * struct server - who is served
 * @event: the loop; not owned
 * @device: path
 * @max: no more clients than that
 * @passed: the listening socket was, and outlives the server
 * @listener: event source of the listening socket
 * @pause: timer that turns @listener on again
 * @clients: list
 * @nr_clients: in it
 */
struct server {
	sd_event *event;
	const char *device;
	unsigned int max;
	bool passed;
	sd_event_source *listener;
	sd_event_source *pause;
	struct client *clients;
	unsigned int nr_clients;
};

int server_reserve(unsigned int max);
int server_start(struct server *server, int fd);
void server_stop(struct server *server);

#endif /* AEROSTATD_H */
