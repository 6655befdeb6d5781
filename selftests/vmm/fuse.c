// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuse.h"

#define FUSE_FILE	2

static pid_t fuse_server;

static struct fuse_attr fuse_attr_of(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.mode = node == FUSE_FILE ? S_IFREG | 0644 : S_IFDIR | 0755,
		.nlink = 1,
	};
}

/* Return: bytes of the answer, or a negative errno that is the answer. */
static int fuse_answer(const struct fuse_in_header *in, const void *arg, void *out)
{
	switch (in->opcode) {
	case FUSE_INIT:
		*(struct fuse_init_out *)out = (struct fuse_init_out){
			.major = FUSE_KERNEL_VERSION,
			.minor = FUSE_KERNEL_MINOR_VERSION,
			.max_write = 4096,
		};
		return sizeof(struct fuse_init_out);
	case FUSE_LOOKUP:
		if (in->nodeid != FUSE_ROOT_ID || strcmp(arg, "kvm-vm"))
			return -ENOENT;
		*(struct fuse_entry_out *)out = (struct fuse_entry_out){
			.nodeid = FUSE_FILE,
			.attr = fuse_attr_of(FUSE_FILE),
		};
		return sizeof(struct fuse_entry_out);
	case FUSE_GETATTR:
		*(struct fuse_attr_out *)out = (struct fuse_attr_out){
			.attr = fuse_attr_of(in->nodeid),
		};
		return sizeof(struct fuse_attr_out);
	case FUSE_OPEN:
		*(struct fuse_open_out *)out = (struct fuse_open_out){ .fh = 1 };
		return sizeof(struct fuse_open_out);
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static void fuse_serve(int fd)
{
	static union {
		struct fuse_in_header header;
		char space[FUSE_MIN_READ_BUFFER + 4096];
	} in;
	union {
		struct fuse_init_out init;
		struct fuse_entry_out entry;
		char space[256];
	} out;

	while (read(fd, &in, sizeof(in)) >= (ssize_t)sizeof(in.header)) {
		int size = fuse_answer(&in.header, in.space + sizeof(in.header), &out);
		struct fuse_out_header header = {
			.len = sizeof(header) + (size > 0 ? size : 0),
			.error = size < 0 ? size : 0,
			.unique = in.header.unique,
		};
		struct iovec parts[] = {
			{ .iov_base = &header, .iov_len = sizeof(header) },
			{ .iov_base = &out, .iov_len = header.len - sizeof(header) },
		};

		if (in.header.opcode != FUSE_FORGET && in.header.opcode != FUSE_BATCH_FORGET &&
		    writev(fd, parts, 2) < 0)
			break;
	}
}

/**
 * fuse_mount() - mount it
 * @dir: where
 *
 * A process of its own serves it: one that closes a file which only it could
 * answer for waits for ever.
 *
 * Return: 0 or a negative errno.
 */
int fuse_mount(const char *dir)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[64];

	if (fd < 0)
		return -errno;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("kvm-vm", dir, "fuse", 0, options))
		return -errno;
	fuse_server = fork();
	if (!fuse_server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, 0);
		close_range(3, ~0U, 0);
		fuse_serve(0);
		_exit(0);
	}
	close(fd);
	return fuse_server < 0 ? -errno : 0;
}

/**
 * fuse_unmount() - unmount it, whatever is open there
 * @dir: where it is mounted
 */
void fuse_unmount(const char *dir)
{
	umount2(dir, MNT_DETACH);
	if (fuse_server > 0) {
		kill(fuse_server, SIGKILL);
		waitpid(fuse_server, NULL, 0);
	}
}
