// SPDX-License-Identifier: GPL-2.0
/*
 * One channel and several processes: who maps it is the VM, nobody inherits it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"

/* exec-again finds the channel here. */
#define EXEC_FD	100

/* All but the channel's file. */
static bool share_build(struct vmm *vmm)
{
	return expect(!vmm_create_vm(vmm) && !vmm_add_ram(vmm, 16 * MiB, MAP_SHARED) &&
		      !vmm_plug_ram(vmm, 0), "no KVM VM");
}

/**
 * case_busy() - of two processes with the same file, the first to map it is the VM
 */
void case_busy(void)
{
	struct vmm vmm;
	pid_t child;

	if (!expect(!vmm_start(&vmm, 16 * MiB), "no VM") ||
	    !expect(!vmm_greet(&vmm, SOON), "the host does not answer"))
		return;
	child = fork();
	if (!child) {
		vmm.channel = NULL;
		expect(vmm_map_channel(&vmm) == -EBUSY, "a second process maps the channel");
		expect(!check_count(getpid()), "it is a VM");
		exit(check_failed());
	}
	expect(!check_child(child), "the second process");
	vmm_sleep(&vmm, 200);
	check_state(&vmm, "active", 0);
}

/**
 * case_passed_on() - a file is passed on, and is the other's channel once the first has unmapped it
 */
void case_passed_on(void)
{
	int sockets[2];
	struct vmm vmm;
	pid_t child;
	char byte;

	if (!expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "no sockets"))
		return;
	child = fork();
	if (!child) {
		close(sockets[0]);
		vmm_init(&vmm);
		vmm.channel_fd = check_receive_fd(sockets[1]);
		expect(vmm_map_channel(&vmm) == -EBUSY, "mapped while the first maps it");
		if (write(sockets[1], "", 1) != 1 || read(sockets[1], &byte, 1) != 1)
			exit(3);
		if (share_build(&vmm) && expect(!check_map_patiently(&vmm), "not mapped") &&
		    expect(!vmm_plug_channel(&vmm), "no memslot"))
			check_serves(&vmm);
		exit(check_failed());
	}
	close(sockets[1]);
	if (!expect(!vmm_start(&vmm, 16 * MiB), "no VM"))
		return;
	check_serves(&vmm);
	/* Something is in the balloon while it ends. */
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, 0, 64, SOON), "not inflated");
	check_send_fd(sockets[0], vmm.channel_fd);
	expect(read(sockets[0], &byte, 1) == 1, "the other process");
	check_state(&vmm, "active", 0);
	expect(!vmm_unplug_channel(&vmm) && !vmm_unmap_channel(&vmm), "not unmapped");
	check_gone(getpid(), SOON);
	expect(write(sockets[0], "", 1) == 1, "the other process");
	expect(!check_child(child), "the other process is not served");
	check_gone(child, SOON);
}

/**
 * case_forked() - a child has no part in it, not even one that its parent forces on it
 */
void case_forked(void)
{
	struct vmm vmm;
	int sockets[2];
	pid_t child;
	char byte;

	if (!expect(!vmm_start(&vmm, 16 * MiB), "no VM") ||
	    !expect(!vmm_greet(&vmm, SOON), "the host does not answer") ||
	    !expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "no sockets"))
		return;
	child = fork();
	if (!child) {
		unsigned char resident[AERO_CHANNEL_SIZE / AERO_PAGE_SIZE];

		/* Not inherited: there is nothing at this address. */
		expect(mincore(vmm.channel, AERO_CHANNEL_SIZE, resident) && errno == ENOMEM,
		       "a child inherits the channel");
		exit(check_failed());
	}
	expect(!check_child(child), "the child");
	vmm_sleep(&vmm, 200);
	check_state(&vmm, "active", 0);

	/* An inherited mapping is memory and no VM, whatever is done with it. */
	if (!expect(!madvise(vmm.channel, AERO_CHANNEL_SIZE, MADV_DOFORK), "MADV_DOFORK"))
		return;
	child = fork();
	if (!child) {
		expect(!munmap(vmm.channel, AERO_CHANNEL_SIZE), "the child's copy stays");
		exit(check_failed());
	}
	expect(!check_child(child), "the second child");
	vmm_sleep(&vmm, 200);
	check_state(&vmm, "active", 0);

	child = fork();
	if (!child) {
		/* Outlives its parent's mapping, and neither is nor hinders a VM. */
		if (read(sockets[1], &byte, 1) != 1)
			exit(3);
		vmm_beat(&vmm);
		expect(!check_count(getpid()), "the child is a VM");
		exit(check_failed());
	}
	expect(!vmm_unplug_channel(&vmm) && !vmm_unmap_channel(&vmm), "not unmapped");
	check_gone(getpid(), SOON);
	if (expect(!check_map_patiently(&vmm) && !vmm_plug_channel(&vmm), "not mapped again"))
		expect(!vmm_greet(&vmm, SOON), "not served again");
	expect(write(sockets[0], "", 1) == 1, "the third child");
	expect(!check_child(child), "the third child");
	vmm_sleep(&vmm, 200);
	check_state(&vmm, "active", 0);
}

/**
 * case_exec() - exec ends the VM; the descriptor that is left makes a new one
 */
void case_exec(void)
{
	struct vmm vmm;

	if (!expect(!vmm_start(&vmm, 16 * MiB), "no VM") ||
	    !expect(!vmm_greet(&vmm, SOON), "the host does not answer") ||
	    !expect(!vmm_send(&vmm, AERO_OP_INFLATE, 0, 64, SOON), "not inflated") ||
	    !expect(dup2(vmm.channel_fd, EXEC_FD) == EXEC_FD, "dup2"))
		return;
	execl("/proc/self/exe", "vmm", "exec-again", NULL);
	expect(false, "exec");
}

/**
 * case_exec_again() - the program that case_exec() becomes
 */
void case_exec_again(void)
{
	struct vmm vmm;

	check_gone(getpid(), SOON);
	vmm_init(&vmm);
	vmm.channel_fd = EXEC_FD;
	if (share_build(&vmm) && expect(!check_map_patiently(&vmm), "not mapped") &&
	    expect(!vmm_plug_channel(&vmm), "no memslot"))
		check_serves(&vmm);
}

/**
 * case_killed() - kill -9 in the middle of it
 */
void case_killed(void)
{
	int pipes[2];
	pid_t child;
	char byte;

	if (!expect(!pipe(pipes), "no pipe"))
		return;
	child = fork();
	if (!child) {
		struct vmm vmm;
		u64 i;

		if (vmm_start(&vmm, 64 * MiB) || vmm_greet(&vmm, SOON))
			exit(3);
		vmm_touch(&vmm, 0, vmm.ram_size / AERO_PAGE_SIZE);
		if (vmm_send(&vmm, AERO_OP_INFLATE, 0, 64, SOON) || write(pipes[1], "", 1) != 1)
			exit(3);
		/* Every other page, so that the host is at work when it comes. */
		for (i = 64; i < vmm.ram_size / AERO_PAGE_SIZE; i += 2)
			vmm_post(&vmm, AERO_OP_INFLATE, i, 1);
		vmm_publish(&vmm);
		vmm_sleep(&vmm, 60000);
		exit(3);
	}
	close(pipes[1]);
	expect(read(pipes[0], &byte, 1) == 1, "the VM is not served");
	expect(check_number(child, "balloon_bytes") >= 64 * (long long)AERO_PAGE_SIZE,
	       "nothing in the balloon");
	usleep(30000);
	kill(child, SIGKILL);
	expect(check_child(child) == 128 + SIGKILL, "it ended otherwise");
	check_gone(child, SOON);
}
