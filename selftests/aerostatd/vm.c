// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

/**
 * vm_init() - a client that has not connected
 * @vm: result
 */
void vm_init(struct vm *vm)
{
	unsigned int i;

	memset(vm, 0, sizeof(*vm));
	vm->socket = -1;
	for (i = 0; i < VM_MESSAGES; i++)
		vm->messages[i].fd = -1;
	for (i = 0; i < DEVICE_FDS; i++)
		vm->kept[i] = -1;
}

/**
 * vm_connect() - connect, and read nothing
 * @vm: from vm_init()
 * @daemon: need not run if its socket is there
 *
 * Return: false if nobody listens.
 */
bool vm_connect(struct vm *vm, struct daemon *daemon)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, daemon->path, sizeof(address.sun_path) - 1);
	vm->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!connect(vm->socket, (struct sockaddr *)&address, sizeof(address)))
		return true;
	vm_hang_up(vm);
	return false;
}

/* As QEMU reads: eight bytes at a time, and at most one descriptor with them. */
static bool vm_receive_one(struct vm *vm, struct vm_message *message)
{
	union {
		char space[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec data = { .iov_base = message->bytes, .iov_len = sizeof(message->bytes) };
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *rights;

	if (!check_readable(vm->socket, SOON_MS) ||
	    recvmsg(vm->socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof(message->bytes))
		return false;
	rights = CMSG_FIRSTHDR(&header);
	if (!rights)
		return true;
	memcpy(&message->fd, CMSG_DATA(rights), sizeof(message->fd));
	return expect(rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
		      rights->cmsg_len == CMSG_LEN(sizeof(int)) && !CMSG_NXTHDR(&header, rights),
		      "not one descriptor with message %u", vm->received);
}

/**
 * vm_receive() - read what comes
 * @vm: connected
 * @messages: so many of them
 *
 * Return: true if they came.
 */
bool vm_receive(struct vm *vm, unsigned int messages)
{
	while (messages--) {
		if (!vm_receive_one(vm, &vm->messages[vm->received]))
			return false;
		vm->received++;
	}
	return true;
}

/**
 * vm_told() - what the module hears of a VM
 * @vm: the next whose channel was opened
 * @daemon: running
 *
 * Return: true if it hears.
 */
bool vm_told(struct vm *vm, struct daemon *daemon)
{
	union {
		char space[CMSG_SPACE(sizeof(vm->kept))];
		struct cmsghdr align;
	} control;
	struct iovec data = { .iov_base = &vm->told, .iov_len = sizeof(vm->told) };
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	if (!check_readable(daemon->module, SOON_MS) ||
	    recvmsg(daemon->module, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) !=
	    sizeof(vm->told) || !CMSG_FIRSTHDR(&header))
		return expect(false, "the module is not told");
	memcpy(vm->kept, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(vm->kept));
	return true;
}

/**
 * vm_start() - connect, and read everything
 * @vm: from vm_init()
 * @daemon: running
 *
 * Return: true if the VM is served.
 */
bool vm_start(struct vm *vm, struct daemon *daemon)
{
	return expect(vm_connect(vm, daemon), "nobody listens") && vm_told(vm, daemon) &&
	       expect(vm_receive(vm, VM_MESSAGES), "message %u does not come", vm->received) &&
	       vm_served(vm);
}

/**
 * vm_served() - do the doorbells ring at the other end, and only there?
 * @vm: with all messages; it may have hung up
 *
 * Return: true if so.
 */
bool vm_served(struct vm *vm)
{
	int to_host = vm->messages[VM_TO_HOST].fd, to_guest = vm->messages[VM_TO_GUEST].fd;
	bool ok;

	ok = expect(!vm_rung(vm->kept[1]) && !vm_rung(to_guest), "something rings by itself");
	vm_ring(to_host);
	ok &= expect(!vm_rung(to_guest), "the host's doorbell rings at the guest");
	ok &= expect(vm_rung(vm->kept[1]) == 1, "the host does not hear the guest");
	vm_ring(vm->kept[2]);
	ok &= expect(!vm_rung(vm->kept[1]), "the guest's doorbell rings at the host");
	ok &= expect(vm_rung(to_guest) == 1, "the guest does not hear the host");
	return ok;
}

/**
 * vm_refused() - is a client sent away, in a way that QEMU understands?
 * @vm: connected, has read nothing
 * @error: why, a negative errno
 *
 * A QEMU that is only hung up on reads for ever.
 *
 * Return: true if so.
 */
bool vm_refused(struct vm *vm, int64_t error)
{
	int64_t number;

	if (!expect(vm_receive(vm, 1), "hung up on without a word"))
		return false;
	memcpy(&number, vm->messages[0].bytes, sizeof(number));
	return expect(number == error && vm->messages[0].fd < 0, "told %jd instead of %jd",
		      (intmax_t)number, (intmax_t)error) && vm_hears_end(vm);
}

/**
 * vm_next_refused() - is the next client sent away?
 * @daemon: running
 * @error: why, a negative errno
 *
 * Return: true if so.
 */
bool vm_next_refused(struct daemon *daemon, int64_t error)
{
	struct vm vm;
	bool ok;

	vm_init(&vm);
	ok = expect(vm_connect(&vm, daemon), "nobody listens") && vm_refused(&vm, error);
	vm_end(&vm);
	return ok;
}

/**
 * vm_hears_end() - has the server hung up, and said nothing more before?
 * @vm: connected, has read everything
 *
 * Return: true if so.
 */
bool vm_hears_end(struct vm *vm)
{
	char byte;

	return expect(check_readable(vm->socket, SOON_MS), "the server does not hang up") &&
	       expect(recv(vm->socket, &byte, 1, MSG_DONTWAIT) <= 0, "the server says more");
}

/**
 * vm_hang_up() - close the connection, keep all else
 * @vm: connected, or not
 */
void vm_hang_up(struct vm *vm)
{
	if (vm->socket >= 0)
		close(vm->socket);
	vm->socket = -1;
}

/**
 * vm_end() - close everything
 * @vm: from vm_init()
 */
void vm_end(struct vm *vm)
{
	unsigned int i;

	vm_hang_up(vm);
	for (i = 0; i < VM_MESSAGES; i++)
		if (vm->messages[i].fd >= 0)
			close(vm->messages[i].fd);
	for (i = 0; i < DEVICE_FDS; i++)
		if (vm->kept[i] >= 0)
			close(vm->kept[i]);
	vm_init(vm);
}

/**
 * vm_ring() - as KVM signals an eventfd
 * @fd: it
 */
void vm_ring(int fd)
{
	expect(!eventfd_write(fd, 1), "no eventfd to ring");
}

/**
 * vm_rung() - how often an eventfd was signalled since it was last read
 * @fd: it
 *
 * Return: so often.
 */
uint64_t vm_rung(int fd)
{
	eventfd_t value;

	return check_readable(fd, 0) && !eventfd_read(fd, &value) ? value : 0;
}
