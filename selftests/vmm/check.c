// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static bool failed;
static char **check_arguments;

/**
 * check_that() - see expect()
 * @ok: what should be true
 * @file: where it was said
 * @line: where it was said
 * @what: what it means when it is not, for printf()
 *
 * Return: @ok.
 */
bool check_that(bool ok, const char *file, int line, const char *what, ...)
{
	const char *slash = strrchr(file, '/');
	int error = errno;
	va_list args;

	if (ok)
		return true;
	printf("# %s:%d: ", slash ? slash + 1 : file, line);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	printf(" (errno: %s)\n", strerror(error));
	fflush(stdout);
	failed = true;
	return false;
}

/**
 * check_failed() - has anything been wrong?
 *
 * Return: true if so, in this process.
 */
bool check_failed(void)
{
	return failed;
}

/**
 * check_set_arguments() - what follows the case's name in the command line
 * @arguments: ends with NULL
 */
void check_set_arguments(char **arguments)
{
	check_arguments = arguments;
}

/**
 * check_argument() - a number from the command line
 * @n: which one
 * @otherwise: what it is if it is not there
 *
 * Return: it.
 */
u64 check_argument(unsigned int n, u64 otherwise)
{
	unsigned int i;

	for (i = 0; i <= n; i++)
		if (!check_arguments[i])
			return otherwise;
	return strtoull(check_arguments[n], NULL, 0);
}

static bool check_read(const char *path, char *value, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	ok = fgets(value, size, file);
	fclose(file);
	if (ok)
		value[strcspn(value, "\n")] = 0;
	return ok;
}

/* The directories of a process's VMs. Return: how many; the first one's name in @first. */
static int check_find(pid_t pid, char *first, size_t size)
{
	char path[128], value[32];
	int count = 0;
	size_t i;
	glob_t dirs;

	if (glob("/sys/class/aerostat/vm-*", 0, NULL, &dirs))
		return 0;
	for (i = 0; i < dirs.gl_pathc; i++) {
		snprintf(path, sizeof(path), "%s/pid", dirs.gl_pathv[i]);
		if (!check_read(path, value, sizeof(value)) || atoi(value) != pid)
			continue;
		if (!count++ && first)
			snprintf(first, size, "%s", dirs.gl_pathv[i]);
	}
	globfree(&dirs);
	return count;
}

/**
 * check_count() - VMs of a process that the host knows
 * @pid: process
 *
 * Return: how many.
 */
int check_count(pid_t pid)
{
	return check_find(pid, NULL, 0);
}

/**
 * check_attr() - an attribute of a process's VM
 * @pid: process
 * @name: of the attribute
 * @value: result, without its newline
 * @size: of @value, bytes
 *
 * Return: false if there is none.
 */
bool check_attr(pid_t pid, const char *name, char *value, size_t size)
{
	char dir[64], path[128];

	*value = 0;
	if (!check_find(pid, dir, sizeof(dir)))
		return false;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return check_read(path, value, size);
}

/**
 * check_set() - write an attribute of a process's VM; it has failed if it cannot
 * @pid: process
 * @name: of the attribute
 * @value: for it
 */
void check_set(pid_t pid, const char *name, const char *value)
{
	char dir[64], path[128];
	FILE *file = NULL;

	if (check_find(pid, dir, sizeof(dir))) {
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		file = fopen(path, "we");
	}
	if (expect(file, "no %s", name) && fputs(value, file) >= 0)
		expect(!fclose(file), "%s is not taken", name);
}

/**
 * check_number() - an attribute that is a number
 * @pid: process
 * @name: of the attribute
 *
 * Return: it, or -1.
 */
long long check_number(pid_t pid, const char *name)
{
	char value[32];

	return check_attr(pid, name, value, sizeof(value)) ? atoll(value) : -1;
}

/**
 * check_stat() - a number of the host's own statistics of a process's VM
 * @pid: process
 * @name: what the line in debugfs begins with
 *
 * Return: it, or -1.
 */
long long check_stat(pid_t pid, const char *name)
{
	char dir[64], path[128], line[128];
	size_t length = strlen(name);
	long long value = -1;
	FILE *file;

	if (!check_find(pid, dir, sizeof(dir)))
		return -1;
	snprintf(path, sizeof(path), "/sys/kernel/debug/aerostat/%s/stats", strrchr(dir, '/') + 1);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && line[length] == ' ')
			value = atoll(line + length);
	fclose(file);
	return value;
}

/**
 * check_state() - wait until this process's VM is in a state; it has failed if it is not
 * @vmm: the VM; its driver lives meanwhile
 * @begin: what the state begins with
 * @ms: for at most so many milliseconds
 *
 * Return: true if it is.
 */
bool check_state(struct vmm *vmm, const char *begin, unsigned int ms)
{
	unsigned int waited;
	char state[256];

	for (waited = 0; waited <= ms; waited += 100) {
		if (check_attr(getpid(), "state", state, sizeof(state)) &&
		    !strncmp(state, begin, strlen(begin)))
			return true;
		vmm_sleep(vmm, 100);
	}
	return expect(false, "state is \"%s\" instead of \"%s\"", state, begin);
}

/**
 * check_gone() - wait until a process has no VM; it has failed if it still has
 * @pid: process
 * @ms: for at most so many milliseconds
 *
 * Return: true if it has none.
 */
bool check_gone(pid_t pid, unsigned int ms)
{
	unsigned int waited;

	for (waited = 0; waited <= ms; waited += 50) {
		if (!check_count(pid))
			return true;
		usleep(50000);
	}
	return expect(false, "the VM of %d stays", pid);
}

/**
 * check_serves() - does the host serve this VM? Memory goes and comes
 * @vmm: a whole one, of at least 8 MiB, that has not said hello
 *
 * Expects each to be right: the answer, the pages that the host frees, its
 * account of them.
 */
void check_serves(struct vmm *vmm)
{
	const u64 first = MiB_PAGES, nr = 4 * MiB_PAGES + 3;
	long long resident;

	vmm_touch(vmm, 0, vmm->ram_size / AERO_PAGE_SIZE);
	resident = vmm_resident(vmm);
	if (!expect(!vmm_greet(vmm, SOON), "the host does not answer")) {
		check_state(vmm, "active", 0);
		return;
	}
	check_state(vmm, "active", SOON);
	expect(check_number(getpid(), "size_bytes") == (long long)vmm->ram_size, "wrong size");

	expect(!vmm_send(vmm, AERO_OP_INFLATE, first, nr, SOON), "not inflated");
	expect(vmm_resident(vmm) == resident - (long long)nr, "%lld of %lld pages are left",
	       vmm_resident(vmm), resident);
	expect(check_number(getpid(), "balloon_bytes") == (long long)(nr * AERO_PAGE_SIZE),
	       "wrong account after inflating");
	expect(*(u64 *)(vmm->ram + (first - 1) * AERO_PAGE_SIZE) == ~(first - 1) &&
	       *(u64 *)(vmm->ram + (first + nr) * AERO_PAGE_SIZE) == ~(first + nr),
	       "a neighbour was freed");

	expect(!vmm_send(vmm, AERO_OP_DEFLATE, first, nr - 5, SOON), "not deflated");
	expect(check_number(getpid(), "balloon_bytes") == 5 * (long long)AERO_PAGE_SIZE,
	       "wrong account after deflating");
	expect(!vmm_send(vmm, AERO_OP_DEFLATE, first + nr - 5, 5, SOON), "not deflated");
	expect(!check_number(getpid(), "balloon_bytes"), "the balloon is not empty");
	expect(!*(u64 *)(vmm->ram + first * AERO_PAGE_SIZE), "a page came back with old contents");
	vmm_touch(vmm, first, nr);
	expect(vmm_resident(vmm) == resident, "the memory is not back");
	check_state(vmm, "active", 0);
}

/**
 * check_send_fd() - pass a descriptor on
 * @socket: UNIX socket
 * @fd: descriptor; stays open here
 */
void check_send_fd(int socket, int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(fd))];
		struct cmsghdr align;
	} control = { };
	struct iovec data = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	expect(sendmsg(socket, &message, 0) == 1, "sendmsg");
}

/**
 * check_receive_fd() - take a descriptor that check_send_fd() sends
 * @socket: UNIX socket
 *
 * Return: descriptor, or -1.
 */
int check_receive_fd(int socket)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *rights;
	int fd = -1;

	if (recvmsg(socket, &message, 0) == 1) {
		rights = CMSG_FIRSTHDR(&message);
		if (rights && rights->cmsg_type == SCM_RIGHTS)
			memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
	}
	expect(fd >= 0, "no descriptor received");
	return fd;
}

/**
 * check_map_patiently() - map a channel again that was unmapped a moment ago
 * @vmm: has an open channel, whose old VM may still be there
 *
 * Return: 0 or a negative errno.
 */
int check_map_patiently(struct vmm *vmm)
{
	int tries, err = -EBUSY;

	for (tries = 0; err == -EBUSY && tries < 250; tries++) {
		err = vmm_map_channel(vmm);
		if (err)
			usleep(20000);
	}
	return err;
}

/**
 * check_child() - wait for a child process
 * @pid: child
 *
 * Return: its exit status, or 128 and the signal that killed it.
 */
int check_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
