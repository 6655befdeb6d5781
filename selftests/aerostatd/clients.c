// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever a client does, the next one is served, and who is served stays so.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

#define SILENT_CLIENTS	200
#define LEAK_CLIENTS	1000

/* Two VMs, one from before what happens and one that comes after it. */
static void clients_still(struct daemon *daemon, struct vm *before)
{
	struct vm after;

	vm_init(&after);
	vm_start(&after, daemon);
	vm_end(&after);
	vm_served(before);
	expect(!check_readable(before->socket, 0), "the VM from before was hung up on");
}

static bool clients_begin(struct daemon *daemon, struct vm *before, const char *const *options)
{
	vm_init(before);
	return daemon_init(daemon) && daemon_start(daemon, options) && vm_start(before, daemon);
}

static void clients_end(struct daemon *daemon, struct vm *before)
{
	vm_end(before);
	daemon_end(daemon);
}

/**
 * case_never_read() - many that never read a byte
 *
 * The server's user has no privileges, so that the kernel counts what it has in
 * flight; more of that than the soft limit of open files which it starts with.
 */
void case_never_read(void)
{
	struct vm silent[SILENT_CLIENTS], before;
	struct daemon daemon;
	int i, files;

	vm_init(&before);
	if (!daemon_init(&daemon))
		return;
	daemon.nofile[0] = SILENT_CLIENTS + 56;
	daemon.nofile[1] = 4096;
	if (!daemon_start(&daemon, geteuid() ? OPTIONS("--max", "202") :
			  OPTIONS("--max", "202", "--user", "nobody")) ||
	    !vm_start(&before, &daemon))
		return;
	files = daemon_files(&daemon);
	for (i = 0; i < SILENT_CLIENTS; i++) {
		vm_init(&silent[i]);
		if (!expect(vm_connect(&silent[i], &daemon), "nobody listens") ||
		    !vm_told(&silent[i], &daemon))
			break;
	}
	if (!expect(i == SILENT_CLIENTS, "only %d were accepted", i)) {
		daemon_log_show(&daemon);
		return;
	}
	clients_still(&daemon, &before);
	/* What waits for them is whole. */
	for (i = 0; i < SILENT_CLIENTS; i++) {
		expect(vm_receive(&silent[i], VM_MESSAGES) && vm_served(&silent[i]),
		       "client %d", i);
		vm_end(&silent[i]);
	}
	daemon_files_are(&daemon, files);
	clients_end(&daemon, &before);
}

/**
 * case_garbage() - who sends is dropped, and keeps what it has
 */
void case_garbage(void)
{
	static char garbage[1 << 20];
	struct vm before, vm;
	struct daemon daemon;
	int files;

	if (!clients_begin(&daemon, &before, NO_OPTIONS))
		return;
	files = daemon_files(&daemon);

	vm_init(&vm);
	if (vm_start(&vm, &daemon)) {
		expect(send(vm.socket, "x", 1, 0) == 1, "send");
		expect(vm_hears_end(&vm) && daemon_log_has(&daemon, "it sends"), "not dropped");
		vm_served(&vm);
	}
	vm_end(&vm);

	/* More than fits, before anything was read. */
	if (vm_connect(&vm, &daemon) && vm_told(&vm, &daemon)) {
		send(vm.socket, garbage, sizeof(garbage), MSG_DONTWAIT | MSG_NOSIGNAL);
		expect(vm_receive(&vm, VM_MESSAGES) && vm_hears_end(&vm), "not dropped");
	}
	vm_end(&vm);
	daemon_files_are(&daemon, files);
	clients_still(&daemon, &before);
	clients_end(&daemon, &before);
}

/**
 * case_descriptors() - descriptors that a client sends do not stay
 */
void case_descriptors(void)
{
	union {
		char space[CMSG_SPACE(64 * sizeof(int))];
		struct cmsghdr align;
	} control = { };
	struct iovec data = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct vm before, vm;
	struct daemon daemon;
	int i, files, fds[64];

	if (!clients_begin(&daemon, &before, NO_OPTIONS))
		return;
	files = daemon_files(&daemon);
	vm_init(&vm);
	if (vm_start(&vm, &daemon)) {
		for (i = 0; i < 64; i++)
			fds[i] = vm.messages[VM_MEMORY].fd;
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
		expect(sendmsg(vm.socket, &message, 0) == 1, "sendmsg");
		vm_hears_end(&vm);
	}
	vm_end(&vm);
	daemon_files_are(&daemon, files);
	clients_still(&daemon, &before);
	clients_end(&daemon, &before);
}

/**
 * case_leave_anywhere() - who goes after any message, or half of one, is forgotten
 */
void case_leave_anywhere(void)
{
	struct vm before, vm;
	struct daemon daemon;
	char half[4];
	int i, files;

	if (!clients_begin(&daemon, &before, NO_OPTIONS))
		return;
	files = daemon_files(&daemon);
	for (i = 0; i <= VM_MESSAGES; i++) {
		vm_init(&vm);
		expect(vm_connect(&vm, &daemon) && vm_receive(&vm, i), "message %d", i);
		if (i < VM_MESSAGES)
			expect(recv(vm.socket, half, sizeof(half), 0) == sizeof(half), "half");
		vm_told(&vm, &daemon);
		vm_end(&vm);
	}
	expect(daemon_log_has(&daemon, "disconnected before it had read everything"), "log");
	daemon_files_are(&daemon, files);
	clients_still(&daemon, &before);
	clients_end(&daemon, &before);
}

/**
 * case_max() - no more than --max, and again as many as that when one has gone
 */
void case_max(void)
{
	struct daemon daemon;
	struct vm vms[3];
	int i, files;

	if (!clients_begin(&daemon, &vms[0], OPTIONS("--max", "3")))
		return;
	files = daemon_files(&daemon);
	vm_init(&vms[1]);
	vm_init(&vms[2]);
	vm_start(&vms[1], &daemon);
	vm_start(&vms[2], &daemon);
	expect(vm_next_refused(&daemon, -EUSERS) && daemon_log_has(&daemon, "--max"),
	       "a fourth is served");
	expect(!check_readable(daemon.module, QUIET_MS), "a channel was made for nobody");
	vm_end(&vms[1]);
	daemon_files_are(&daemon, files + 1);
	vm_start(&vms[1], &daemon);
	vm_next_refused(&daemon, -EUSERS);
	for (i = 0; i < 3; i++)
		vm_served(&vms[i]);
	vm_end(&vms[1]);
	vm_end(&vms[2]);
	daemon_files_are(&daemon, files);
	clients_end(&daemon, &vms[0]);
}

/**
 * case_no_leak() - a thousand VMs leave no open file behind
 */
void case_no_leak(void)
{
	struct vm before, vm;
	struct daemon daemon;
	int i, files;

	if (!clients_begin(&daemon, &before, OPTIONS("--max", "8")))
		return;
	files = daemon_files(&daemon);
	vm_init(&vm);
	for (i = 0; i < LEAK_CLIENTS && vm_start(&vm, &daemon); i++) {
		vm_end(&vm);
		/* The next connection is not to find eight that are on their way out. */
		if (i % 4 == 3)
			daemon_files_are(&daemon, files);
	}
	expect(i == LEAK_CLIENTS, "only %d VMs", i);
	daemon_files_are(&daemon, files);
	clients_still(&daemon, &before);
	clients_end(&daemon, &before);
}

/* Return: what the server has used of the processor, in milliseconds. */
static long clients_busy(struct daemon *daemon)
{
	unsigned long user = 0, system = 0;
	char path[32], line[512], *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", daemon->pid);
	file = fopen(path, "re");
	if (!expect(file && fgets(line, sizeof(line), file), "%s", path))
		return 0;
	fclose(file);
	at = strrchr(line, ')');
	expect(at && sscanf(at, ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user,
			    &system) == 2, "%s", path);
	return (user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

/* Let the server, which is at rest, open so many more files. */
static void clients_limit(struct daemon *daemon, int more)
{
	struct rlimit limit;
	char path[40], byte;
	int fd;

	if (!expect(!prlimit(daemon->pid, RLIMIT_NOFILE, NULL, &limit), "prlimit"))
		return;
	/* The limit is one of numbers, and there may be gaps. */
	for (fd = 0;; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", daemon->pid, fd);
		if (readlink(path, &byte, 1) < 0 && !more--)
			break;
	}
	limit.rlim_cur = fd;
	expect(!prlimit(daemon->pid, RLIMIT_NOFILE, &limit, NULL), "prlimit");
}

/**
 * case_files_run_out() - without files clients are refused, or wait, and the server does not spin
 */
void case_files_run_out(void)
{
	struct vm before, vm;
	struct daemon daemon;
	int files, more;
	long busy;

	if (!clients_begin(&daemon, &before, NO_OPTIONS))
		return;
	files = daemon_files(&daemon);
	vm_init(&vm);
	/* Not even for accept(). */
	clients_limit(&daemon, 0);
	busy = clients_busy(&daemon);
	expect(vm_connect(&vm, &daemon) && !check_readable(vm.socket, 1200),
	       "served out of nothing");
	busy = clients_busy(&daemon) - busy;
	expect(busy < 300, "busy for %ld ms of 1200", busy);
	expect(daemon_log_has(&daemon, "accept:"), "not a word");
	clients_limit(&daemon, 16);
	expect(vm_told(&vm, &daemon) && vm_receive(&vm, VM_MESSAGES) && vm_served(&vm),
	       "who has waited is not served");
	vm_end(&vm);
	daemon_files_are(&daemon, files);

	/* Enough for the connection, then for the channel, then for one eventfd. */
	for (more = 1; more <= 3; more++) {
		clients_limit(&daemon, more);
		daemon_log_forget(&daemon);
		expect(vm_next_refused(&daemon, -EMFILE), "%d files more", more);
		expect(daemon_log_has(&daemon, "Too many open files") &&
		       daemon_log_has(&daemon, "refused"), "not a word");
		daemon_files_are(&daemon, files);
	}
	clients_limit(&daemon, 16);
	clients_still(&daemon, &before);
	clients_end(&daemon, &before);
}

/**
 * case_gone_early() - who has gone before it was accepted
 */
void case_gone_early(void)
{
	struct vm before, vm;
	struct daemon daemon;
	int i, files;

	if (!clients_begin(&daemon, &before, NO_OPTIONS))
		return;
	files = daemon_files(&daemon);
	daemon_freeze(&daemon);
	for (i = 0; i < 4; i++) {
		vm_init(&vm);
		vm_connect(&vm, &daemon);
		vm_end(&vm);
	}
	kill(daemon.pid, SIGCONT);
	for (i = 0; i < 4; i++) {
		vm_told(&vm, &daemon);
		vm_end(&vm);
	}
	expect(daemon_log_has(&daemon, "dropped: sending: Broken pipe"), "not a word");
	daemon_files_are(&daemon, files);
	clients_still(&daemon, &before);
	clients_end(&daemon, &before);
}
