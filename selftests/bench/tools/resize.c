// SPDX-License-Identifier: GPL-2.0
/*
 * resize: have a device take memory from a guest or give it back, and say what that cost.
 *
 *	resize [-t SECONDS] PID VCPU_TID FREED DEVICE WHERE VALUE
 *
 *	FREED     MiB by which the host's shmem and huge pages in use must have shrunk before it counts as done; 0: any
 *	DEVICE    aerostat    WHERE: the VM's directory in sysfs; VALUE: bytes of the balloon
 *	          balloon     WHERE: QEMU's monitor; VALUE: bytes that the guest keeps
 *	          virtio-mem  WHERE: the same; VALUE: bytes that device vmem0 has plugged
 *	          none        WHERE: anything; VALUE: milliseconds in which nothing is done
 *
 * Prints: nanoseconds, MiB that the host has more afterwards, KVM exits, nanoseconds that the vCPU's thread and QEMU's
 * other threads ran, microseconds that Aerostat's host worked, punches that it made.  Statuses: as client.h.
 */
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define HOST "/sys/class/aerostat/host"

/* Between two looks: at what is the host's own, at what QEMU's main thread must answer, which works for the device, too. */
#define LOOK_NS 1000000L
#define ASK_NS 10000000L

static struct {
	int pid, vcpu;
	long freed;
	const char *device, *where;
	long long value;
} what;

struct costs {
	long long ns, exits, vcpu, qemu, work, punches;
};

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The number after @key in a file, or its first one; what is not there counts as 0. */
static long long number(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	long long value = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)))
			continue;
		value = atoll(line + strlen(key));
		break;
	}
	if (file)
		fclose(file);
	return value;
}

/* The same, summed over all files of a pattern. */
static long long sum(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));
static long long sum(const char *key, const char *format, ...)
{
	long long value = 0;
	char pattern[256];
	va_list args;
	glob_t files;

	va_start(args, format);
	vsnprintf(pattern, sizeof(pattern), format, args);
	va_end(args);
	if (glob(pattern, 0, NULL, &files))
		return 0;
	for (size_t i = 0; i < files.gl_pathc; i++)
		value += number(files.gl_pathv[i], key);
	globfree(&files);
	return value;
}

static long used_mib(void)
{
	return number("/proc/meminfo", "Shmem:") / 1024 +
	       2 * (number("/proc/meminfo", "HugePages_Total:") - number("/proc/meminfo", "HugePages_Free:"));
}

static struct costs costs(void)
{
	struct costs c = {
		.exits = sum("", "/sys/kernel/debug/kvm/%d-*/exits", what.pid),
		.vcpu = sum("", "/proc/%d/task/%d/schedstat", what.pid, what.vcpu),
		.qemu = sum("", "/proc/%d/task/*/schedstat", what.pid),
		.work = sum("worked_us ", "/sys/kernel/debug/aerostat/vm-*/stats"),
		.punches = sum("punches ", "/sys/kernel/debug/aerostat/vm-*/stats"),
		.ns = now(),
	};

	c.qemu -= c.vcpu;
	return c;
}

static void write_file(const char *path, long long value)
{
	FILE *file = fopen(path, "we");

	if (!file || fprintf(file, "%lld\n", value) < 0 || fclose(file))
		client_fail(125, strerror(errno));
}

static char *ask(const char *command)
{
	char *line;

	client_send(command, strlen(command));
	do
		line = client_line();
	while (strncmp(line, "{\"return\"", 9) && strncmp(line, "{\"error\"", 8));
	if (line[2] == 'e')
		client_fail(125, line);
	return line;
}

static void command(void)
{
	char line[256];

	if (!strcmp(what.device, "aerostat")) {
		write_file(HOST "/reclaim_target_bytes", what.value);
	} else if (!strcmp(what.device, "balloon")) {
		snprintf(line, sizeof(line), "{\"execute\":\"balloon\",\"arguments\":{\"value\":%lld}}\n", what.value);
		ask(line);
	} else if (!strcmp(what.device, "virtio-mem")) {
		snprintf(line, sizeof(line), "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"vmem0\","
			 "\"property\":\"requested-size\",\"value\":%lld}}\n", what.value);
		ask(line);
	}
}

static bool reached(long long began)
{
	const char *line;

	if (!strcmp(what.device, "none"))
		return now() - began >= what.value * 1000000;
	if (!strcmp(what.device, "aerostat")) {
		char path[256];

		snprintf(path, sizeof(path), "%s/balloon_bytes", what.where);
		return number(path, "") == what.value;
	}
	if (!strcmp(what.device, "balloon")) {
		line = strstr(ask("{\"execute\":\"query-balloon\"}\n"), "\"actual\": ");
		return line && atoll(line + 10) == what.value;
	}
	line = strstr(ask("{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"vmem0\",\"property\":\"size\"}}\n"),
		      "\"return\": ");
	return line && atoll(line + 10) == what.value;
}

int main(int argc, char **argv)
{
	const char *usage = "usage: resize [-t SECONDS] PID VCPU_TID FREED DEVICE WHERE VALUE";
	int first = client_options(argc, argv, 6, usage);
	struct timespec look = { .tv_nsec = LOOK_NS }, asking = { .tv_nsec = ASK_NS };
	struct costs before, after;
	long long deadline;
	bool monitor;
	long used, freed;

	what.pid = atoi(argv[first]);
	what.vcpu = atoi(argv[first + 1]);
	what.freed = atol(argv[first + 2]);
	what.device = argv[first + 3];
	what.where = argv[first + 4];
	what.value = atoll(argv[first + 5]);
	monitor = !strcmp(what.device, "balloon") || !strcmp(what.device, "virtio-mem");
	if (!what.pid || !what.vcpu || (!monitor && strcmp(what.device, "aerostat") && strcmp(what.device, "none")))
		client_fail(2, usage);
	if (monitor) {
		client_connect(what.where);
		ask("{\"execute\":\"qmp_capabilities\"}\n");
	}

	used = used_mib();
	before = costs();
	deadline = before.ns + client_left() * 1000000;
	command();
	/* Whoever asks QEMU slows it down: only when the memory is there, or where there is nothing else to see. */
	while (what.freed && used - used_mib() < what.freed) {
		nanosleep(&look, NULL);
		if (now() > deadline)
			client_fail(124, "the memory does not come");
	}
	while (!reached(before.ns)) {
		nanosleep(monitor ? &asking : &look, NULL);
		if (now() > deadline)
			client_fail(124, "the size is not reached");
	}
	after = costs();
	freed = used - used_mib();
	printf("%lld %ld %lld %lld %lld %lld %lld\n", after.ns - before.ns, freed, after.exits - before.exits,
	       after.vcpu - before.vcpu, after.qemu - before.qemu, after.work - before.work,
	       after.punches - before.punches);
	return 0;
}
