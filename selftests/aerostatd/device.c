// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/aerostat without the module, preloaded into aerostatd: an open() of
 * AEROSTATD_TEST_DEVICE gives 1 MiB of memory of its own, once the file there
 * could be opened, and AEROSTAT_SET_DOORBELL is checked as the module does.
 * What the file contains, a number, is the ioctl's error.
 *
 * Nothing is remembered here. What the module would keep goes to the test, by
 * AEROSTATD_TEST_MODULE, a datagram socket: struct device_told and the three
 * files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi.h"
#include "aerostat.h"
#include "device.h"

static bool is_device(const char *path)
{
	const char *device = getenv("AEROSTATD_TEST_DEVICE");

	return device && !strcmp(path, device);
}

static int device_open(const char *path, int flags, mode_t mode)
{
	int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);

	if (fd < 0 || !is_device(path))
		return fd;
	close(fd);
	if ((flags & O_ACCMODE) != O_RDWR) {
		errno = EACCES;
		return -1;
	}
	fd = memfd_create("aerostat",
			  MFD_ALLOW_SEALING | (flags & O_CLOEXEC ? MFD_CLOEXEC : 0));
	if (fd >= 0 && ftruncate(fd, AERO_CHANNEL_SIZE)) {
		close(fd);
		return -1;
	}
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return device_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

/* What fortified calls become. */
int __open_2(const char *path, int flags)
{
	return device_open(path, flags, 0);
}

int __open64_2(const char *path, int flags) __attribute__((alias("__open_2")));

static bool is_called(int fd, const char *name)
{
	char path[32], link[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, link, sizeof(link) - 1);
	if (length < 0)
		return false;
	link[length] = 0;
	return !strncmp(link, name, strlen(name));
}

/* What the test's vm_told() takes. */
static int device_tell(int memory, const struct aerostat_doorbell *doorbell)
{
	struct device_told told = { .pid = getpid(), .value = doorbell->value };
	int fds[DEVICE_FDS] = { memory, doorbell->to_host, doorbell->to_guest };
	struct sockaddr_un module = { .sun_family = AF_UNIX };
	const char *path = getenv("AEROSTATD_TEST_MODULE");
	union {
		char space[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr align;
	} control = { };
	struct iovec data = { .iov_base = &told, .iov_len = sizeof(told) };
	struct msghdr message = {
		.msg_name = &module,
		.msg_namelen = sizeof(module),
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t sent;
	int to;

	if (!path)
		return 0;
	strncpy(module.sun_path, path, sizeof(module.sun_path) - 1);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
	to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (to < 0)
		return -1;
	sent = sendmsg(to, &message, MSG_NOSIGNAL);
	close(to);
	return sent == sizeof(told) ? 0 : -1;
}

static int device_set_doorbell(int memory, const struct aerostat_doorbell *doorbell)
{
	const char *path = getenv("AEROSTATD_TEST_DEVICE");
	char text[16] = "";
	int fd;

	/* The file says what is to fail. */
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = 0;
		close(fd);
	}
	if (atoi(text)) {
		errno = atoi(text);
		return -1;
	}
	if (fcntl(doorbell->to_host, F_GETFD) < 0 || fcntl(doorbell->to_guest, F_GETFD) < 0) {
		errno = EBADF;
		return -1;
	}
	if (doorbell->reserved || !is_called(doorbell->to_host, "anon_inode:[eventfd]") ||
	    !is_called(doorbell->to_guest, "anon_inode:[eventfd]")) {
		errno = EINVAL;
		return -1;
	}
	/* Once for each file; the seal is the note of it. */
	if (fcntl(memory, F_GET_SEALS) & F_SEAL_SHRINK) {
		errno = EBUSY;
		return -1;
	}
	if (fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) || device_tell(memory, doorbell))
		return -1;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *argument;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	if (request == AEROSTAT_SET_DOORBELL && is_called(fd, "/memfd:aerostat"))
		return device_set_doorbell(fd, argument);
	return syscall(SYS_ioctl, fd, request, argument);
}
