// SPDX-License-Identifier: GPL-2.0
/*
 * A VM that is served.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/compiler.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"

#define NOBODY	65534

/**
 * case_serve() - memory goes and comes, as whoever may open the devices
 */
void case_serve(void)
{
	struct vmm vmm;

	if (expect(!vmm_start(&vmm, 32 * MiB), "no VM"))
		check_serves(&vmm);
	if (vmm.channel) {
		vmm_goodbye(&vmm);
		check_state(&vmm, "waiting", SOON);
	}
	vmm_stop(&vmm);
	check_gone(getpid(), SOON);
}

static int stop;

static void on_term(int signal)
{
	WRITE_ONCE(stop, signal);
}

/**
 * case_follow() - a VM of 64 MiB whose balloon follows its target until SIGTERM
 *
 * Tells the host its exact size: pages from the bottom on are in the balloon, and
 * each byte of the others is watched.
 */
void case_follow(void)
{
	struct vmm vmm;
	u64 balloon = 0, pages;
	unsigned int rounds;
	int refused = 0;

	signal(SIGTERM, on_term);
	if (!expect(!vmm_start(&vmm, 64 * MiB), "no VM") ||
	    !expect(!vmm_greet(&vmm, SOON), "the host does not answer"))
		return;
	pages = vmm.ram_size / AERO_PAGE_SIZE;
	vmm_fill(&vmm, 0, pages);
	for (rounds = 0; !READ_ONCE(stop) && !refused; rounds++) {
		u64 target = vmm_target(&vmm);

		if (target > balloon)
			refused = vmm_send(&vmm, AERO_OP_INFLATE, balloon, target - balloon, SOON);
		else if (target < balloon)
			refused = vmm_send(&vmm, AERO_OP_DEFLATE, target, balloon - target, SOON);
		if (target < balloon)
			vmm_fill(&vmm, target, balloon - target);
		balloon = target;
		if (!(rounds % 64))
			expect(vmm_intact(&vmm, balloon, pages - balloon), "memory is lost");
		vmm_sleep(&vmm, 20);
	}
	expect(!refused, "%d refused", refused);
	expect(vmm_intact(&vmm, balloon, pages - balloon), "memory is lost");
	vmm_stop(&vmm);
}

/**
 * case_handed() - nobody, who may not open /dev/aerostat, gets it from root over a socket
 */
void case_handed(void)
{
	int sockets[2], fd;
	pid_t child;

	if (!expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "no sockets"))
		return;
	child = fork();
	if (!child) {
		struct vmm vmm;

		vmm_init(&vmm);
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			exit(3);
		expect(open("/dev/aerostat", O_RDWR) < 0 && errno == EACCES,
		       "anybody may open /dev/aerostat");
		vmm.channel_fd = check_receive_fd(sockets[1]);
		if (expect(!vmm_create_vm(&vmm) && !vmm_add_ram(&vmm, 16 * MiB, MAP_SHARED) &&
			   !vmm_plug_ram(&vmm, 0) && !vmm_map_channel(&vmm) &&
			   !vmm_plug_channel(&vmm), "no VM"))
			check_serves(&vmm);
		exit(check_failed());
	}
	fd = open("/dev/aerostat", O_RDWR);
	check_send_fd(sockets[0], fd);
	close(fd);
	expect(!check_child(child), "it is not served");
	check_gone(child, SOON);
}
