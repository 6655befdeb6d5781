// SPDX-License-Identifier: GPL-2.0
/*
 * The server's side of QEMU's ivshmem client-server protocol, version 0
 * (docs/specs/ivshmem-spec in QEMU's source).
 *
 * A message is a 64-bit number, little endian, with or without a descriptor.
 * The order is the specification's; QEMU is particular about two things. It
 * reads up to the shared memory while it creates the device and has no room for
 * interrupts before that, so the memory comes before all eventfds. And it
 * counts a peer's messages to find the vector.
 *
 * All five fit into any socket's buffer, so that there is nothing to queue.
 *
 * Nobody is sent away without a word: a QEMU whose server hangs up while it
 * waits for the memory reads on for ever, in ivshmem_recv_msg(), on a processor
 * of its own. A negative number ends it with an error wherever it comes: instead
 * of the version, of the ID or of the memory.
 */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "aerostatd.h"

#define PROTOCOL_VERSION	0
#define PROTOCOL_MEMORY		(-1)

static int protocol_message(int to, int64_t number, int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(fd))];
		struct cmsghdr align;
	} control = { };
	uint64_t text = htole64(number);
	struct iovec data = { .iov_base = &text, .iov_len = sizeof(text) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *rights = &control.align;

		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	}
	sent = sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return -errno;
	return sent == sizeof(text) ? 0 : -EMSGSIZE;
}

/**
 * protocol_refuse() - make a client that has not got its memory give up
 * @fd: its connection, about to be closed
 * @error: why, a negative errno; QEMU calls it the server's version and prints it
 */
void protocol_refuse(int fd, int error)
{
	/* Whoever cannot be told that either has gone. */
	protocol_message(fd, error, -1);
}

/**
 * protocol_send() - tell a client all that it will ever be told
 * @fd: its connection
 * @channel: its own; stays open here
 *
 * Return: 0 or a negative errno, without a word: the caller knows whom it concerns.
 */
int protocol_send(int fd, const struct channel *channel)
{
	const struct {
		int64_t number;
		int fd;
	} messages[] = {
		{ PROTOCOL_VERSION, -1 },
		{ AEROSTATD_VM_ID, -1 },
		{ PROTOCOL_MEMORY, channel->memory },
		{ AEROSTATD_HOST_ID, channel->to_host },
		{ AEROSTATD_VM_ID, channel->to_guest },
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		err = protocol_message(fd, messages[i].number, messages[i].fd);
		if (err)
			return err;
	}
	return 0;
}
