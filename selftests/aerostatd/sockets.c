// SPDX-License-Identifier: GPL-2.0
/*
 * The listening socket: made, found, passed, and gone.
 */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

#define NR_RIVALS	6
#define RIVAL_ROUNDS	10

static bool sockets_serves(struct daemon *daemon)
{
	struct vm vm;
	bool ok;

	vm_init(&vm);
	ok = vm_start(&vm, daemon);
	vm_end(&vm);
	return ok;
}

/* A socket at the server's path; with @listening as systemd makes it. */
static int sockets_bind(struct daemon *daemon, int type, bool listening)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	char dir[96];

	snprintf(dir, sizeof(dir), "%s/run", daemon->dir);
	mkdir(dir, 0755);
	strncpy(address.sun_path, daemon->path, sizeof(address.sun_path) - 1);
	expect(!bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	if (listening)
		expect(!listen(fd, 16), "listen");
	return fd;
}

static bool sockets_is(struct daemon *daemon, mode_t mode, gid_t gid)
{
	struct stat node;

	return expect(!lstat(daemon->path, &node) && S_ISSOCK(node.st_mode), "no socket") &&
	       expect((node.st_mode & 07777) == mode && node.st_gid == gid &&
		      node.st_uid == geteuid(), "mode %o, owner %d:%d", node.st_mode & 07777,
		      node.st_uid, node.st_gid);
}

/**
 * case_permissions() - as --mode and --group say, whatever the umask
 */
void case_permissions(void)
{
	const struct group *group = getgrnam("daemon");
	struct daemon daemon;

	umask(077);
	if (!daemon_init(&daemon) || !daemon_start(&daemon, NO_OPTIONS))
		return;
	sockets_is(&daemon, 0660, getegid());
	daemon_stop(&daemon, SIGTERM);
	daemon_start(&daemon, OPTIONS("--mode", "0606"));
	sockets_is(&daemon, 0606, getegid());
	daemon_stop(&daemon, SIGTERM);
	if (group && check_root()) {
		daemon_start(&daemon, OPTIONS("--group", "daemon"));
		sockets_is(&daemon, 0660, group->gr_gid);
		sockets_serves(&daemon);
	}
	daemon_end(&daemon);
}

/**
 * case_directory() - the socket's directory is made, but not the one that it is in
 */
void case_directory(void)
{
	struct daemon daemon;
	struct stat node;
	char dir[96];

	if (!daemon_init(&daemon) || !daemon_start(&daemon, NO_OPTIONS))
		return;
	snprintf(dir, sizeof(dir), "%s/run", daemon.dir);
	expect(!stat(dir, &node) && (node.st_mode & 07777) == 0711, "mode %o", node.st_mode);
	daemon_stop(&daemon, SIGTERM);
	/* In a directory that is there already, too. */
	daemon_start(&daemon, NO_OPTIONS);
	sockets_serves(&daemon);
	daemon_stop(&daemon, SIGTERM);

	snprintf(daemon.path, sizeof(daemon.path), "%s/not/there/socket", daemon.dir);
	daemon_spawn(&daemon, NO_OPTIONS);
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "the directory of"),
	       "it starts");
	daemon_end(&daemon);
}

/**
 * case_stale_socket() - what a dead server has left is replaced
 */
void case_stale_socket(void)
{
	struct daemon daemon;

	if (!daemon_init(&daemon))
		return;
	close(sockets_bind(&daemon, SOCK_STREAM, true));
	expect(!access(daemon.path, F_OK), "no stale socket");
	if (daemon_start(&daemon, NO_OPTIONS))
		sockets_serves(&daemon);
	daemon_end(&daemon);
}

/**
 * case_live_socket() - a second server does not start and does the first no harm
 */
void case_live_socket(void)
{
	struct daemon first, second;
	struct vm tried;
	int fd;

	if (!daemon_init(&first) || !daemon_init(&second) || !daemon_start(&first, NO_OPTIONS))
		return;
	strcpy(second.path, first.path);
	daemon_spawn(&second, NO_OPTIONS);
	expect(daemon_wait(&second) == 1 &&
	       daemon_log_has(&second, "another server listens there"), "it starts");
	/* Whether it lives was tried by connecting. */
	vm_init(&tried);
	vm_told(&tried, &first);
	vm_end(&tried);
	sockets_serves(&first);
	daemon_end(&second);
	daemon_end(&first);

	/* One that is busy: its queue is full. */
	if (!daemon_init(&first))
		return;
	fd = sockets_bind(&first, SOCK_STREAM, true);
	expect(!listen(fd, 0), "listen");
	for (;;) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		strncpy(address.sun_path, first.path, sizeof(address.sun_path) - 1);
		if (connect(client, (struct sockaddr *)&address, sizeof(address)))
			break;
	}
	expect(errno == EAGAIN, "its queue is not full");
	daemon_spawn(&first, NO_OPTIONS);
	expect(daemon_wait(&first) == 1 && daemon_log_has(&first, "another server listens there"),
	       "it starts");
	expect(!access(first.path, F_OK), "the socket is gone");
	close(fd);
	daemon_end(&first);
}

/**
 * case_no_socket() - anything else at its path stays
 */
void case_no_socket(void)
{
	struct daemon daemon;
	struct stat node;
	char dir[96];
	int fd;

	if (!daemon_init(&daemon))
		return;
	snprintf(dir, sizeof(dir), "%s/run", daemon.dir);
	mkdir(dir, 0755);
	check_write_file(daemon.path, "precious");
	daemon_spawn(&daemon, NO_OPTIONS);
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "is no socket"), "it starts");
	expect(!stat(daemon.path, &node) && node.st_size == 8, "the file is gone");
	unlink(daemon.path);

	/* A socket of another kind, and alive. */
	fd = sockets_bind(&daemon, SOCK_DGRAM, false);
	daemon_spawn(&daemon, NO_OPTIONS);
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "cannot be seen"), "it starts");
	expect(!access(daemon.path, F_OK), "the socket is gone");
	close(fd);
	daemon_end(&daemon);
}

/**
 * case_starting_at_once() - of several servers that find a stale socket one gets it
 */
void case_starting_at_once(void)
{
	struct daemon rivals[NR_RIVALS];
	int i, round, up, ended;

	for (i = 0; i < NR_RIVALS; i++) {
		if (!daemon_init(&rivals[i]))
			return;
		strcpy(rivals[i].path, rivals[0].path);
	}
	for (round = 0; round < RIVAL_ROUNDS && !check_failed(); round++) {
		close(sockets_bind(&rivals[0], SOCK_STREAM, true));
		for (i = 0; i < NR_RIVALS; i++)
			daemon_spawn(&rivals[i], NO_OPTIONS);
		up = -1;
		for (i = 0, ended = 0; i < NR_RIVALS; i++) {
			/* It ends by itself, or is ready. */
			if (!daemon_notified(&rivals[i], "READY=1"))
				ended++;
			else
				up = i;
		}
		if (!expect(ended == NR_RIVALS - 1, "%d of %d servers run", NR_RIVALS - ended,
			    NR_RIVALS))
			break;
		for (i = 0; i < NR_RIVALS; i++)
			daemon_forget(&rivals[i]);
		sockets_serves(&rivals[up]);
		expect(!daemon_stop(&rivals[up], SIGTERM) && access(rivals[0].path, F_OK),
		       "the socket stays");
	}
	for (i = NR_RIVALS - 1; i >= 0; i--)
		daemon_end(&rivals[i]);
}

/**
 * case_successor() - a server that ends leaves another's socket alone
 */
void case_successor(void)
{
	struct daemon first, second;
	char aside[128];

	if (!daemon_init(&first) || !daemon_init(&second) || !daemon_start(&first, NO_OPTIONS))
		return;
	strcpy(second.path, first.path);
	snprintf(aside, sizeof(aside), "%s.old", first.path);
	expect(!rename(first.path, aside), "rename");
	if (daemon_start(&second, NO_OPTIONS)) {
		expect(!daemon_stop(&first, SIGTERM), "it does not end well");
		sockets_serves(&second);
	}
	daemon_stop(&second, SIGTERM);
	unlink(aside);
	daemon_end(&second);
	daemon_end(&first);
}

/**
 * case_activation() - systemd's socket: who connects early is served, and it outlives the server
 */
void case_activation(void)
{
	struct daemon daemon;
	struct vm vm, tried;
	int round;

	if (!daemon_init(&daemon))
		return;
	daemon.listen = sockets_bind(&daemon, SOCK_STREAM, true);
	for (round = 0; round < 3; round++) {
		/* Nobody runs yet, and the client waits. */
		vm_init(&vm);
		expect(vm_connect(&vm, &daemon), "nobody listens");
		daemon_spawn(&daemon, NO_OPTIONS);
		/* The try of the device is told first. */
		vm_init(&tried);
		vm_told(&tried, &daemon);
		vm_end(&tried);
		expect(vm_told(&vm, &daemon) && vm_receive(&vm, VM_MESSAGES) && vm_served(&vm),
		       "who was early is not served");
		if (!daemon_ready(&daemon))
			break;
		sockets_serves(&daemon);
		daemon_stop(&daemon, round == 1 ? SIGKILL : SIGTERM);
		expect(!access(daemon.path, F_OK), "the socket is gone");
		vm_served(&vm);
		vm_end(&vm);
	}
	daemon_end(&daemon);
}

/**
 * case_activation_wrong() - what cannot be served is refused, with the remedy
 */
void case_activation_wrong(void)
{
	struct daemon daemon;

	if (!daemon_init(&daemon))
		return;
	daemon.listen = sockets_bind(&daemon, SOCK_STREAM, true);
	daemon_spawn(&daemon, OPTIONS("--mode", "0600"));
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "socket unit"), "--mode");
	daemon_spawn(&daemon, OPTIONS("--socket", "/nowhere/else"));
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "socket unit"), "--socket");
	expect(!access(daemon.path, F_OK), "the socket is gone");
	close(daemon.listen);
	unlink(daemon.path);

	daemon.listen = sockets_bind(&daemon, SOCK_STREAM, false);
	daemon_spawn(&daemon, NO_OPTIONS);
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "Accept=no"), "not listening");
	close(daemon.listen);
	unlink(daemon.path);

	daemon.listen = sockets_bind(&daemon, SOCK_DGRAM, false);
	daemon_spawn(&daemon, NO_OPTIONS);
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "ListenStream="), "datagrams");
	daemon_end(&daemon);
}
