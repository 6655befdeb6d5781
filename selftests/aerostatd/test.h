/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unit test of aerostatd: it is QEMU and the module at the same time, with
 * the server between them.
 *
 *	check.c    what was expected; small helpers
 *	daemon.c   a running aerostatd and its surroundings
 *	vm.c       a client that speaks the ivshmem protocol, and the module's end of it
 *	device.c   preloaded into aerostatd: /dev/aerostat
 *	others     cases
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "device.h"

/* Long enough for a busy machine, where things should happen at once. */
#define SOON_MS		10000
/* Where nothing should happen. */
#define QUIET_MS	100

/* check.c */

#define expect(ok, ...) check_that(ok, __FILE__, __LINE__, __VA_ARGS__)

bool check_that(bool ok, const char *file, int line, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
bool check_failed(void);
void check_skip(const char *why);
const char *check_skipped(void);
bool check_readable(int fd, int ms);
bool check_until(bool (*done)(void *data), void *data);
bool check_root(void);
void check_become_nobody(void);
void check_write_file(const char *path, const char *text);

/* daemon.c */

/**
 * struct daemon - a server and where it lives
 * @dir: directory of its own
 * @device: what it takes for /dev/aerostat
 * @path: its socket
 * @module: datagram socket, the module's end
 * @notify: datagram socket, systemd's end
 * @pid: process, or 0
 * @log: descriptor of what it has said
 * @listen: a socket to be passed to it, or -1
 * @wrapper: arguments before the program's, or NULL
 * @complaints: what it gets for stderr instead of @log, or -1
 * @journal: let it think that its stderr is the journal
 * @nofile: soft and hard limit of open files to start with, or zeroes
 */
struct daemon {
	char dir[64];
	char device[96];
	char path[96];
	int module;
	int notify;
	pid_t pid;
	int log;
	int listen;
	const char *const *wrapper;
	int complaints;
	bool journal;
	unsigned int nofile[2];
};

bool daemon_install(const char *self);
void daemon_uninstall(void);
bool daemon_init(struct daemon *daemon);
void daemon_spawn(struct daemon *daemon, const char *const *options);
bool daemon_start(struct daemon *daemon, const char *const *options);
void daemon_forget(struct daemon *daemon);
bool daemon_ready(struct daemon *daemon);
bool daemon_notified(struct daemon *daemon, const char *what);
int daemon_wait(struct daemon *daemon);
int daemon_stop(struct daemon *daemon, int signal);
void daemon_freeze(struct daemon *daemon);
bool daemon_log_has(struct daemon *daemon, const char *text);
void daemon_log_forget(struct daemon *daemon);
void daemon_log_show(struct daemon *daemon);
int daemon_files(struct daemon *daemon);
bool daemon_files_are(struct daemon *daemon, int files);
void daemon_end(struct daemon *daemon);

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_OPTIONS ((const char *const[]){ NULL })

/* vm.c */

#define VM_MESSAGES	5

/**
 * struct vm_message - one message of the protocol
 * @bytes: as received
 * @fd: that came with it, or -1
 */
struct vm_message {
	uint8_t bytes[8];
	int fd;
};

/**
 * struct vm - one client, and what the module knows of it
 * @socket: connection, or -1
 * @messages: what it was told
 * @received: how many
 * @told: what the module was told
 * @kept: the module's files: memory, to_host, to_guest
 */
struct vm {
	int socket;
	struct vm_message messages[VM_MESSAGES];
	unsigned int received;
	struct device_told told;
	int kept[DEVICE_FDS];
};

/* Of vm.messages: what comes when. */
enum vm_message_index {
	VM_VERSION,
	VM_ID,
	VM_MEMORY,
	VM_TO_HOST,
	VM_TO_GUEST,
};

void vm_init(struct vm *vm);
bool vm_connect(struct vm *vm, struct daemon *daemon);
bool vm_receive(struct vm *vm, unsigned int messages);
bool vm_told(struct vm *vm, struct daemon *daemon);
bool vm_start(struct vm *vm, struct daemon *daemon);
bool vm_served(struct vm *vm);
bool vm_refused(struct vm *vm, int64_t error);
bool vm_next_refused(struct daemon *daemon, int64_t error);
bool vm_hears_end(struct vm *vm);
void vm_hang_up(struct vm *vm);
void vm_end(struct vm *vm);
void vm_ring(int fd);
uint64_t vm_rung(int fd);

/* The cases; main.c has the list. */
#define CASE(name) void case_##name(void);
#include "cases.h"
#undef CASE

#endif /* TEST_H */
