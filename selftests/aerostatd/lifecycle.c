// SPDX-License-Identifier: GPL-2.0
/*
 * How it starts, what it says, how it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

/**
 * case_terminate() - ended by SIGTERM or SIGINT, at any time, it leaves no socket; VMs go on
 */
void case_terminate(void)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct daemon daemon;
	struct vm vm;
	int i, status;

	if (!daemon_init(&daemon))
		return;
	for (i = 0; i < 2; i++) {
		vm_init(&vm);
		if (!daemon_start(&daemon, NO_OPTIONS) || !vm_start(&vm, &daemon))
			return;
		status = daemon_stop(&daemon, signals[i]);
		expect(!status, "%s: status %d", strsignal(signals[i]), status);
		expect(access(daemon.path, F_OK), "%s: the socket stays", strsignal(signals[i]));
		vm_hears_end(&vm);
		vm_served(&vm);
		vm_end(&vm);
	}
	for (i = 0; i < 40; i++) {
		daemon_spawn(&daemon, NO_OPTIONS);
		usleep(i * 250);
		status = daemon_stop(&daemon, SIGTERM);
		expect(status == 0 || status == 128 + SIGTERM, "after %d us: %d", i * 250, status);
		expect(access(daemon.path, F_OK), "after %d us: the socket stays", i * 250);
		daemon_forget(&daemon);
	}
	daemon_end(&daemon);
}

/**
 * case_too_late() - who has connected and was not accepted when the server ends is told so
 */
void case_too_late(void)
{
	struct daemon daemon;
	struct vm vms[3];
	int i;

	if (!daemon_init(&daemon) || !daemon_start(&daemon, NO_OPTIONS))
		return;
	daemon_freeze(&daemon);
	for (i = 0; i < 3; i++) {
		vm_init(&vms[i]);
		expect(vm_connect(&vms[i], &daemon), "nobody listens");
	}
	/* All of it waits; the signal goes first. */
	kill(daemon.pid, SIGTERM);
	kill(daemon.pid, SIGCONT);
	expect(!daemon_wait(&daemon), "it does not end well");
	for (i = 0; i < 3; i++) {
		vm_refused(&vms[i], -ESHUTDOWN);
		vm_end(&vms[i]);
	}
	daemon_end(&daemon);
}

/**
 * case_killed() - a killed server is replaced, and nobody who was served notices
 */
void case_killed(void)
{
	struct daemon daemon;
	struct vm old, new;

	vm_init(&old);
	vm_init(&new);
	if (!daemon_init(&daemon) || !daemon_start(&daemon, NO_OPTIONS) ||
	    !vm_start(&old, &daemon))
		return;
	expect(daemon_stop(&daemon, SIGKILL) == 128 + SIGKILL, "not killed");
	vm_hears_end(&old);
	vm_served(&old);
	expect(!access(daemon.path, F_OK), "no stale socket");
	if (daemon_start(&daemon, NO_OPTIONS)) {
		vm_start(&new, &daemon);
		vm_served(&old);
		vm_served(&new);
	}
	vm_end(&old);
	vm_end(&new);
	daemon_end(&daemon);
}

/**
 * case_notify() - systemd hears when it is ready and that it ends, and no more
 */
void case_notify(void)
{
	struct daemon daemon;
	struct vm vm;

	vm_init(&vm);
	if (!daemon_init(&daemon))
		return;
	daemon_spawn(&daemon, NO_OPTIONS);
	expect(daemon_notified(&daemon, "READY=1"), "not ready");
	expect(!access(daemon.path, F_OK), "ready without a socket");
	daemon_forget(&daemon);
	/* Of clients it hears nothing: they should not keep PID 1 busy. */
	vm_start(&vm, &daemon);
	vm_end(&vm);
	expect(!check_readable(daemon.notify, QUIET_MS), "systemd hears of clients");
	kill(daemon.pid, SIGTERM);
	expect(daemon_notified(&daemon, "STOPPING=1"), "it does not say that it stops");
	daemon_end(&daemon);
}

/**
 * case_broken_pipe() - that nobody listens to what it says does not matter
 */
void case_broken_pipe(void)
{
	struct daemon daemon;
	int pipes[2], i;
	struct vm vm;

	vm_init(&vm);
	if (!daemon_init(&daemon) || !expect(!pipe2(pipes, O_CLOEXEC), "pipe"))
		return;
	daemon.complaints = pipes[1];
	daemon_start(&daemon, NO_OPTIONS);
	close(pipes[0]);
	close(pipes[1]);
	for (i = 0; i < 3; i++) {
		vm_start(&vm, &daemon);
		vm_end(&vm);
	}
	expect(!daemon_stop(&daemon, SIGTERM), "it does not end well");
	daemon_end(&daemon);
}

/**
 * case_log() - who comes and who goes, with pid and uid
 */
void case_log(void)
{
	struct daemon daemon;
	char text[128];
	struct vm vm;

	vm_init(&vm);
	if (!daemon_init(&daemon) || !daemon_start(&daemon, NO_OPTIONS))
		return;
	vm_start(&vm, &daemon);
	snprintf(text, sizeof(text), "aerostatd: pid %d uid %d: connected, 1 of at most 4096 VMs\n",
		 getpid(), geteuid());
	expect(daemon_log_has(&daemon, text), "connecting");
	vm_end(&vm);
	snprintf(text, sizeof(text), "aerostatd: pid %d uid %d: disconnected, 0 VMs are left\n",
		 getpid(), geteuid());
	expect(daemon_log_has(&daemon, text), "disconnecting");
	daemon_end(&daemon);
}

static char lifecycle_begins(struct daemon *daemon)
{
	char byte = 0;

	return pread(daemon->log, &byte, 1, 0) == 1 ? byte : 0;
}

/**
 * case_journal() - priorities are for the journal, and for nobody else
 */
void case_journal(void)
{
	struct daemon daemon;

	if (!daemon_init(&daemon))
		return;
	daemon_start(&daemon, NO_OPTIONS);
	expect(daemon_log_has(&daemon, "listening on") && lifecycle_begins(&daemon) == 'a',
	       "a file");
	daemon_stop(&daemon, SIGTERM);
	daemon.journal = true;
	daemon_start(&daemon, NO_OPTIONS);
	expect(daemon_log_has(&daemon, "<6>listening on") && lifecycle_begins(&daemon) == '<',
	       "the journal");
	expect(geteuid() || daemon_log_has(&daemon, "<4>running as root"), "root is not warned");
	daemon_end(&daemon);
}

/**
 * case_valgrind() - no byte is used that is not its own, none is lost
 */
void case_valgrind(void)
{
	static const char *const valgrind[] = {
		"valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
		"--errors-for-leak-kinds=definite,indirect,possible", NULL
	};
	struct vm vms[3], vm;
	struct daemon daemon;
	int i;

	if (system("valgrind --version >/dev/null 2>&1")) {
		check_skip("valgrind is not installed");
		return;
	}
	if (!daemon_init(&daemon))
		return;
	daemon.wrapper = valgrind;
	if (!daemon_start(&daemon, OPTIONS("--max", "3")))
		return;
	for (i = 0; i < 3; i++) {
		vm_init(&vms[i]);
		vm_start(&vms[i], &daemon);
	}
	vm_next_refused(&daemon, -EUSERS);
	/* One from the middle of the list, and one that sends. */
	vm_end(&vms[1]);
	expect(daemon_log_has(&daemon, "disconnected"), "it stays");
	expect(send(vms[0].socket, "x", 1, 0) == 1 && vm_hears_end(&vms[0]), "it stays");
	check_write_file(daemon.device, "25");
	vm_next_refused(&daemon, -ENOTTY);
	check_write_file(daemon.device, "");
	vm_init(&vm);
	vm_start(&vm, &daemon);
	i = daemon_stop(&daemon, SIGTERM);
	if (!expect(!i, "status %d", i))
		daemon_log_show(&daemon);
	vm_end(&vm);
	for (i = 0; i < 3; i++)
		vm_end(&vms[i]);
	daemon_end(&daemon);
}
