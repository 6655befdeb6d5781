// SPDX-License-Identifier: GPL-2.0
/*
 * The command line, and a machine that is not as it should be.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

static void options_end(struct daemon *daemon, const char *const *options, int status,
			const char *text)
{
	int ended;

	daemon_spawn(daemon, options);
	ended = daemon_wait(daemon);
	expect(ended == status, "%s: status %d", *options, ended);
	expect(daemon_log_has(daemon, text), "%s: not a word of \"%s\"", *options, text);
	expect(access(daemon->path, F_OK), "%s: a socket is left", *options);
}

/**
 * case_options() - each wrong one is named, and nothing is started
 */
void case_options(void)
{
	struct daemon daemon;
	char path[120];

	if (!daemon_init(&daemon))
		return;
	options_end(&daemon, OPTIONS("--help"), 0, "Usage: aerostatd");
	options_end(&daemon, OPTIONS("--version"), 0, "Aerostat ABI 1.0, ivshmem protocol 0");
	options_end(&daemon, OPTIONS("--max", "0"), 2, "--max 0");
	options_end(&daemon, OPTIONS("--max", "-1"), 2, "--max -1");
	options_end(&daemon, OPTIONS("--max", "12x"), 2, "--max 12x");
	options_end(&daemon, OPTIONS("--max", "99999999999999999999"), 2, "--max 9999");
	options_end(&daemon, OPTIONS("--max"), 2, "max");
	options_end(&daemon, OPTIONS("--mode", "0680"), 2, "--mode 0680");
	options_end(&daemon, OPTIONS("--mode", "01777"), 2, "--mode 01777");
	options_end(&daemon, OPTIONS("--group", "no-such-group"), 1, "no such group");
	options_end(&daemon, OPTIONS("--frobnicate"), 2, "frobnicate");
	options_end(&daemon, OPTIONS("hello"), 2, "hello");
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	options_end(&daemon, OPTIONS("--socket", path), 1, "107 bytes");
	daemon_end(&daemon);
}

/**
 * case_device_missing() - without the module it says what to load
 */
void case_device_missing(void)
{
	struct daemon daemon;

	if (!daemon_init(&daemon))
		return;
	unlink(daemon.device);
	options_end(&daemon, OPTIONS("--max", "1"), 1, "load the module aerostat_host");
	daemon_end(&daemon);
}

/**
 * case_device_late() - where systemd holds the socket the module may come, fail and come again
 */
void case_device_late(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct daemon daemon;
	struct vm before, vm;
	char dir[96];
	int files;

	vm_init(&before);
	vm_init(&vm);
	if (!daemon_init(&daemon))
		return;
	unlink(daemon.device);
	snprintf(dir, sizeof(dir), "%s/run", daemon.dir);
	mkdir(dir, 0755);
	strncpy(address.sun_path, daemon.path, sizeof(address.sun_path) - 1);
	daemon.listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	expect(!bind(daemon.listen, (struct sockaddr *)&address, sizeof(address)) &&
	       !listen(daemon.listen, 16), "listen");
	if (!daemon_start(&daemon, NO_OPTIONS))
		return;
	files = daemon_files(&daemon);
	vm_next_refused(&daemon, -ENOENT);
	expect(daemon_log_has(&daemon, "load the module aerostat_host"), "not a word");

	check_write_file(daemon.device, "");
	vm_start(&before, &daemon);

	/* ENOMEM, of the ioctl. */
	check_write_file(daemon.device, "12");
	vm_next_refused(&daemon, -ENOMEM);
	expect(daemon_log_has(&daemon, "setting the doorbell: Cannot allocate memory"),
	       "not a word");
	vm_served(&before);

	check_write_file(daemon.device, "");
	vm_start(&vm, &daemon);
	vm_end(&vm);
	vm_end(&before);
	daemon_files_are(&daemon, files);
	daemon_end(&daemon);
}

/**
 * case_device_old() - a module without doorbells, or another's device, is recognised at the start
 */
void case_device_old(void)
{
	struct daemon daemon;

	if (!daemon_init(&daemon))
		return;
	/* ENOTTY, of the ioctl. */
	check_write_file(daemon.device, "25");
	options_end(&daemon, OPTIONS("--max", "1"), 1, "aerostat_host is too old");
	options_end(&daemon, OPTIONS("--device", "/dev/null"), 1, "this is another device");
	daemon_end(&daemon);
}

/**
 * case_limit() - the limit of open files is raised for --max, or the server says what to do
 */
void case_limit(void)
{
	struct daemon daemon;
	struct rlimit limit;

	if (!daemon_init(&daemon))
		return;
	daemon.nofile[0] = 100;
	daemon.nofile[1] = 4096;
	if (daemon_start(&daemon, OPTIONS("--max", "1000"))) {
		expect(!prlimit(daemon.pid, RLIMIT_NOFILE, NULL, &limit) &&
		       limit.rlim_cur >= 4 * 1000 + 10 && limit.rlim_max == 4096,
		       "%ju open files", (uintmax_t)limit.rlim_cur);
	}
	daemon_stop(&daemon, SIGTERM);

	/* A directory of root's is there now. */
	snprintf(daemon.path, sizeof(daemon.path), "%s/other/socket", daemon.dir);
	expect(!chmod(daemon.dir, 0777), "chmod");
	check_become_nobody();
	options_end(&daemon, OPTIONS("--max", "1500"), 1, "LimitNOFILE=");
	daemon_end(&daemon);
}
