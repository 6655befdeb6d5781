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

/* Pages that are filled or compared between two heartbeats. */
#define FOLLOW_PART	4096

static int stop;

static void on_term(int signal)
{
	WRITE_ONCE(stop, signal);
}

/* Fill pages, or look whether they are as they were, in pieces with heartbeats in between. */
static void follow_pieces(struct vmm *vmm, u64 gfn, u64 nr, bool fill)
{
	u64 part;

	for (; nr; gfn += part, nr -= part) {
		part = nr < FOLLOW_PART ? nr : FOLLOW_PART;
		if (fill)
			vmm_fill(vmm, gfn, part);
		else
			expect(vmm_intact(vmm, gfn, part), "memory is lost");
		vmm_beat(vmm);
	}
}

/**
 * case_follow() - vmm follow [MIB]: a VM whose balloon follows its target until SIGTERM
 *
 * Tells the host its exact size: pages from the bottom on are in the balloon, and
 * each byte of the others is watched.
 */
void case_follow(void)
{
	u64 balloon = 0, pages;
	unsigned int rounds;
	struct vmm vmm;
	int refused = 0;

	signal(SIGTERM, on_term);
	if (!expect(!vmm_start(&vmm, check_argument(0, 64) * MiB), "no VM"))
		return;
	pages = vmm.ram_size / AERO_PAGE_SIZE;
	vmm_fill(&vmm, 0, pages);
	if (!expect(!vmm_greet(&vmm, SOON), "the host does not answer"))
		return;
	for (rounds = 0; !READ_ONCE(stop) && !refused; rounds++) {
		u64 target = vmm_target(&vmm);

		if (target > balloon)
			refused = vmm_send(&vmm, AERO_OP_INFLATE, balloon, target - balloon,
					   4 * SOON);
		else if (target < balloon)
			refused = vmm_send(&vmm, AERO_OP_DEFLATE, target, balloon - target,
					   4 * SOON);
		if (target < balloon)
			follow_pieces(&vmm, target, balloon - target, true);
		balloon = target;
		if (!(rounds % 64))
			follow_pieces(&vmm, balloon, pages - balloon, false);
		vmm_sleep(&vmm, 20);
	}
	expect(!refused, "%d refused", refused);
	follow_pieces(&vmm, balloon, pages - balloon, false);
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
