// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's process 1: mounts the kernel's file systems, loads the modules named in /order, then is the agent.
 * With aero.watch=MIB on the kernel's command line, so much memory with known contents is watched from the start.
 *
 * One static program and no shell script: every fork counts twice in a machine that is emulated in an emulated one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

#define PORT_NAME "aerostat.agent"

static void complain(const char *what)
{
	fprintf(stderr, "guest-init: %s: %s\n", what, strerror(errno));
}

static void mount_at(const char *type, const char *path)
{
	mkdir(path, 0755);
	if (mount(type, path, type, 0, NULL) < 0)
		complain(path);
}

static void load_modules(void)
{
	FILE *order = fopen("/order", "re");
	char path[256];

	while (order && fgets(path, sizeof(path), order)) {
		path[strcspn(path, " \n")] = 0;
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			complain(path);
		close(fd);
	}
	if (order)
		fclose(order);
}

/* The watch must not be the OOM killer's victim, lest its end go unnoticed; nor is it what tests measure. */
static void start_watch(void)
{
	static const char option[] = "aero.watch=";
	char line[2048] = "", *value;
	FILE *file = fopen("/proc/cmdline", "re");

	if (!file)
		return;
	value = fgets(line, sizeof(line), file) ? strstr(line, option) : NULL;
	fclose(file);
	if (!value || fork())
		return;
	value += strlen(option);
	value[strspn(value, "0123456789")] = 0;
	file = fopen("/proc/self/oom_score_adj", "we");
	if (file) {
		fputs("-1000", file);
		fclose(file);
	}
	/* By another name, so that a test that ends its hogs does not end this one. */
	execl("/bin/memwatch", "memwatch", "watch", value, "1", NULL);
	complain("/bin/memwatch");
	_exit(127);
}

/* The device of the port called PORT_NAME, or -1: virtio-console's ports come a moment after its driver. */
static int open_port(void)
{
	static const char ports[] = "/sys/class/virtio-ports";
	DIR *dir = opendir(ports);
	struct dirent *entry;
	int found = -1;

	while (dir && found < 0 && (entry = readdir(dir))) {
		char path[sizeof(ports) + 300], name[64] = "";
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s/name", ports, entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, PORT_NAME, strlen(PORT_NAME))) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			found = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		}
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return found;
}

int main(void)
{
	int port;

	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("devtmpfs", "/dev");
	mount_at("tmpfs", "/tmp");
	mount_at("debugfs", "/sys/kernel/debug");
	mount_at("tracefs", "/sys/kernel/tracing");
	setenv("PATH", "/bin", 1);
	setenv("HOME", "/", 1);
	start_watch();
	load_modules();
	while ((port = open_port()) < 0)
		usleep(20000);
	/* A guest short of memory must still answer. */
	mlockall(MCL_CURRENT | MCL_FUTURE);
	agent_serve(port);
}
