// SPDX-License-Identifier: GPL-2.0
/*
 * --user: what is left of root.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

/* A line of the server's /proc/PID/status, without its name and with blanks for tabs. */
static void privileges_status(struct daemon *daemon, const char *name, char *value, size_t size)
{
	char path[32], line[256], *at;
	FILE *file;

	*value = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", daemon->pid);
	file = fopen(path, "re");
	if (!expect(file, "%s", path))
		return;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)) || line[strlen(name)] != ':')
			continue;
		line[strcspn(line, "\n")] = 0;
		for (at = line; *at; at++)
			if (*at == '\t')
				*at = ' ';
		at = line + strlen(name) + 1;
		snprintf(value, size, "%s", at + strspn(at, " "));
		while (*value && value[strlen(value) - 1] == ' ')
			value[strlen(value) - 1] = 0;
	}
	fclose(file);
}

static void privileges_expect(struct daemon *daemon, const char *name, const char *wanted)
{
	char value[256];

	privileges_status(daemon, name, value, sizeof(value));
	expect(!strcmp(value, wanted), "%s is \"%s\" instead of \"%s\"", name, value, wanted);
}

/* What root might have left lying about: groups, and capabilities for whom it runs. */
static void privileges_litter(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	const gid_t groups[] = { 0, 4 };

	expect(!setgroups(2, groups), "setgroups");
	expect(!syscall(SYS_capget, &header, data), "capget");
	data[0].inheritable = data[0].permitted;
	data[1].inheritable = data[1].permitted;
	expect(!syscall(SYS_capset, &header, data), "capset");
}

/**
 * case_user() - --user leaves nothing of root, and the server works
 */
void case_user(void)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapAmb" };
	const struct passwd *nobody = getpwnam("nobody");
	struct daemon daemon;
	struct stat node;
	char text[64];
	struct vm vm;
	size_t i;

	vm_init(&vm);
	if (!check_root() || !expect(nobody, "the user nobody") || !daemon_init(&daemon))
		return;
	privileges_litter();
	if (!daemon_start(&daemon, OPTIONS("--user", "nobody")))
		return;
	snprintf(text, sizeof(text), "%d %d %d %d", nobody->pw_uid, nobody->pw_uid, nobody->pw_uid,
		 nobody->pw_uid);
	privileges_expect(&daemon, "Uid", text);
	snprintf(text, sizeof(text), "%d %d %d %d", nobody->pw_gid, nobody->pw_gid, nobody->pw_gid,
		 nobody->pw_gid);
	privileges_expect(&daemon, "Gid", text);
	snprintf(text, sizeof(text), "%d", nobody->pw_gid);
	privileges_expect(&daemon, "Groups", text);
	for (i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		privileges_expect(&daemon, sets[i], "0000000000000000");
	privileges_expect(&daemon, "NoNewPrivs", "1");

	expect(!lstat(daemon.path, &node) && node.st_uid == nobody->pw_uid, "whose is the socket?");
	vm_start(&vm, &daemon);
	vm_end(&vm);
	expect(!daemon_stop(&daemon, SIGTERM), "it does not end well");
	expect(access(daemon.path, F_OK), "the socket stays");
	daemon_end(&daemon);
}

/**
 * case_user_refused() - not root, nobody unknown, and not without being root before
 */
void case_user_refused(void)
{
	struct daemon daemon;

	if (!check_root() || !daemon_init(&daemon))
		return;
	daemon_spawn(&daemon, OPTIONS("--user", "root"));
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "that is root"), "root");
	daemon_spawn(&daemon, OPTIONS("--user", "no-such-user"));
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "no such user"), "unknown");
	expect(access(daemon.path, F_OK), "a socket was made");

	expect(!chmod(daemon.dir, 0777), "chmod");
	check_become_nobody();
	daemon_spawn(&daemon, OPTIONS("--user", "daemon"));
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "only root can"), "another");
	/* Itself, too: it might have more groups than that user should. */
	daemon_spawn(&daemon, OPTIONS("--user", "nobody"));
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "only root can"), "itself");
	expect(access(daemon.path, F_OK), "a socket was made");
	daemon_end(&daemon);
}

/**
 * case_device_forbidden() - who may not open the device hears which group may
 */
void case_device_forbidden(void)
{
	const struct group *group = getgrnam("daemon");
	struct daemon daemon;

	if (!check_root() || !expect(group, "the group daemon") || !daemon_init(&daemon))
		return;
	expect(!chown(daemon.device, 0, group->gr_gid) && !chmod(daemon.device, 0660), "device");
	daemon_spawn(&daemon, OPTIONS("--user", "nobody"));
	expect(daemon_wait(&daemon) == 1 && daemon_log_has(&daemon, "of the group daemon"),
	       "it starts");
	expect(access(daemon.path, F_OK), "the socket stays");
	daemon_end(&daemon);
}
