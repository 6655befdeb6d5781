// SPDX-License-Identifier: GPL-2.0
/*
 * What QEMU is told, to the byte and to the descriptor.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "abi.h"
#include "test.h"

/* QEMU's master=on, which migration needs, wants the VM's ID to be 0. */
static const uint8_t protocol_bytes[VM_MESSAGES][8] = {
	[VM_VERSION] = { 0 },
	[VM_ID] = { 0 },
	[VM_MEMORY] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	[VM_TO_HOST] = { 1 },
	[VM_TO_GUEST] = { 0 },
};

/**
 * case_protocol() - each message is as QEMU's specification says, and there are no others
 */
void case_protocol(void)
{
	struct daemon daemon;
	struct vm vm;
	int i;

	vm_init(&vm);
	if (!daemon_init(&daemon) || !daemon_start(&daemon, NO_OPTIONS))
		return;
	expect(vm_start(&vm, &daemon), "not served");
	for (i = 0; i < VM_MESSAGES; i++) {
		expect(!memcmp(vm.messages[i].bytes, protocol_bytes[i], sizeof(protocol_bytes[i])),
		       "message %d says something else", i);
		expect((vm.messages[i].fd >= 0) == (i >= VM_MEMORY),
		       "message %d: descriptor %d", i, vm.messages[i].fd);
	}
	expect(!check_readable(vm.socket, QUIET_MS), "more than five messages, or the end");
	vm_end(&vm);
	daemon_end(&daemon);
}

static uint8_t *protocol_map(int fd)
{
	void *map = mmap(NULL, AERO_CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return expect(map != MAP_FAILED, "the memory cannot be mapped") ? map : NULL;
}

/**
 * case_memory() - the client gets the very file that the module has, the server keeps none
 */
void case_memory(void)
{
	uint8_t *guest, *host;
	struct daemon daemon;
	struct stat node;
	struct vm vm;
	int files;

	vm_init(&vm);
	if (!daemon_init(&daemon) || !daemon_start(&daemon, NO_OPTIONS))
		return;
	files = daemon_files(&daemon);
	if (vm_start(&vm, &daemon)) {
		expect(!fstat(vm.messages[VM_MEMORY].fd, &node) &&
		       node.st_size == AERO_CHANNEL_SIZE, "wrong size");
		guest = protocol_map(vm.messages[VM_MEMORY].fd);
		host = protocol_map(vm.kept[0]);
		if (guest && host) {
			guest[AERO_STATUS_OFFSET] = 17;
			host[AERO_CONTROL_OFFSET] = 18;
			expect(host[AERO_STATUS_OFFSET] == 17 && guest[AERO_CONTROL_OFFSET] == 18,
			       "not the same memory");
		}
		daemon_files_are(&daemon, files + 1);
	}
	vm_end(&vm);
	daemon_files_are(&daemon, files);
	daemon_end(&daemon);
}

/**
 * case_doorbell() - the module is told what the guest has to write, and eventfds that never block
 */
void case_doorbell(void)
{
	struct daemon daemon;
	struct vm vm;
	int64_t host;
	int i;

	vm_init(&vm);
	if (!daemon_init(&daemon) || !daemon_start(&daemon, NO_OPTIONS))
		return;
	if (vm_start(&vm, &daemon)) {
		memcpy(&host, vm.messages[VM_TO_HOST].bytes, sizeof(host));
		expect(vm.told.value == host << 16, "the guest is to write %#x", vm.told.value);
		expect(vm.told.pid == daemon.pid, "told by %d", vm.told.pid);
		for (i = VM_TO_HOST; i <= VM_TO_GUEST; i++)
			expect(fcntl(vm.messages[i].fd, F_GETFL) & O_NONBLOCK,
			       "eventfd %d blocks", i);
		/* Counted, not only noticed. */
		for (i = 0; i < 5; i++)
			vm_ring(vm.messages[VM_TO_HOST].fd);
		expect(vm_rung(vm.kept[1]) == 5, "rings are lost");
	}
	vm_end(&vm);
	daemon_end(&daemon);
}

/**
 * case_two_vms() - nothing that one VM has is another's
 */
void case_two_vms(void)
{
	uint8_t *memory[2] = { };
	struct daemon daemon;
	struct vm vms[2];
	int i, end;

	vm_init(&vms[0]);
	vm_init(&vms[1]);
	if (!daemon_init(&daemon) || !daemon_start(&daemon, NO_OPTIONS))
		return;
	if (!vm_start(&vms[0], &daemon) || !vm_start(&vms[1], &daemon))
		return;
	for (i = 0; i < 2; i++) {
		memory[i] = protocol_map(vms[i].messages[VM_MEMORY].fd);
		if (!memory[i])
			return;
		memory[i][0] = 10 + i;
	}
	expect(memory[0][0] == 10 && memory[1][0] == 11, "they share memory");
	for (i = 0; i < 2; i++) {
		const struct vm *other = &vms[!i];

		for (end = VM_TO_HOST; end <= VM_TO_GUEST; end++)
			vm_ring(vms[i].messages[end].fd);
		expect(!vm_rung(other->messages[VM_TO_HOST].fd) &&
		       !vm_rung(other->messages[VM_TO_GUEST].fd), "VM %d rings at the other", i);
		for (end = VM_TO_HOST; end <= VM_TO_GUEST; end++)
			expect(vm_rung(vms[i].messages[end].fd) == 1, "VM %d does not ring", i);
	}
	vm_end(&vms[0]);
	/* And one that goes is not missed. */
	vm_served(&vms[1]);
	expect(!check_readable(vms[1].socket, QUIET_MS), "a VM hears of another");
	vm_end(&vms[1]);
	daemon_end(&daemon);
}
