// SPDX-License-Identifier: GPL-2.0
/*
 * Pinned RAM: nothing of it is freed, and the state says why.
 *
 * A device that is passed through pins all of a VM's RAM. The buffers that a
 * process registers with an io_uring are pinned in the same way, and accounted in
 * the same place, but need no device.
 */
#include <linux/io_uring.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"
#include "ring.h"

#define PINNED		"refused: a device has pinned RAM"
#define RAM		(32 * MiB)

static bool pin_start(struct vmm *vmm)
{
	if (!expect(!vmm_start(vmm, RAM), "no VM"))
		return false;
	vmm_fill(vmm, 0, RAM / AERO_PAGE_SIZE);
	return expect(!vmm_greet(vmm, SOON), "the host does not answer") &&
	       check_state(vmm, "active", SOON);
}

/* Pin pages until pin_release(). Return: a descriptor, or -1. */
static int pin_pages(void *ram, u64 gfn, u64 nr)
{
	struct iovec pages = {
		.iov_base = (char *)ram + gfn * AERO_PAGE_SIZE,
		.iov_len = nr * AERO_PAGE_SIZE,
	};
	struct io_uring_params params = { };
	int ring = syscall(__NR_io_uring_setup, 1, &params);

	if (!expect(ring >= 0, "no io_uring"))
		return -1;
	if (expect(!syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS, &pages, 1),
		   "not pinned"))
		return ring;
	close(ring);
	return -1;
}

/* Closing alone would let go of them some time later. */
static void pin_release(int ring)
{
	expect(!syscall(__NR_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0),
	       "still pinned");
	close(ring);
}

static bool pin_result(const struct vmm *vmm, u32 index, enum aero_result result)
{
	return le32_to_cpu(vmm->acks[aero_ring_slot(index)].result) == result;
}

static bool pin_balloon_is(u64 pages)
{
	return check_number(getpid(), "balloon_bytes") == (long long)(pages * AERO_PAGE_SIZE);
}

/* A device comes or goes: that changes memslots. */
static void pin_replug(struct vmm *vmm)
{
	expect(!vmm_unplug_channel(vmm) && !vmm_plug_channel(vmm), "not plugged again");
}

/**
 * case_pinned() - pages that are pinned when the guest gives them
 */
void case_pinned(void)
{
	/* Far from it; one page of it; half of it; more than it; and far from it again. */
	static const struct {
		u64 gfn;
		u32 nr;
		enum aero_result result;
	} gifts[] = {
		{ 1 * MiB_PAGES, 256, AERO_RESULT_DONE },
		{ 4 * MiB_PAGES, 1, AERO_RESULT_REFUSED },
		{ 4 * MiB_PAGES + 128, 256, AERO_RESULT_REFUSED },
		{ 8 * MiB_PAGES, 1024, AERO_RESULT_REFUSED },
		{ 16 * MiB_PAGES, 512, AERO_RESULT_DONE },
	};
	const u64 freed = 256 + 512;
	long long resident;
	struct vmm vmm;
	int pins[2];
	size_t i;

	if (!pin_start(&vmm))
		return;
	pins[0] = pin_pages(vmm.ram, 4 * MiB_PAGES, 256);
	pins[1] = pin_pages(vmm.ram, 9 * MiB_PAGES, 1);
	if (pins[0] < 0 || pins[1] < 0)
		return;
	resident = vmm_resident(&vmm);
	for (i = 0; i < ARRAY_SIZE(gifts); i++)
		vmm_post(&vmm, AERO_OP_INFLATE, gifts[i].gfn, gifts[i].nr);
	expect(vmm_settle(&vmm, SOON) == 3, "not those that are pinned were refused");
	for (i = 0; i < ARRAY_SIZE(gifts); i++) {
		expect(pin_result(&vmm, i, gifts[i].result), "gift %zu", i);
		if (gifts[i].result == AERO_RESULT_REFUSED)
			expect(vmm_intact(&vmm, gifts[i].gfn, gifts[i].nr), "gift %zu is lost", i);
	}
	check_state(&vmm, PINNED, SOON);
	expect(vmm_resident(&vmm) == resident - (long long)freed, "%lld of %lld pages are left",
	       vmm_resident(&vmm), resident);
	expect(pin_balloon_is(freed), "what was refused is in the account");
	expect(le32_to_cpu(READ_ONCE(vmm.control->flags)) & AERO_CTL_HOLD,
	       "the guest is not told to give no more");

	/* Let go, it serves again: in a minute, or at once when its memslots change. */
	pin_release(pins[0]);
	pin_release(pins[1]);
	check_state(&vmm, PINNED, 0);
	pin_replug(&vmm);
	check_state(&vmm, "active", SOON);
	expect(pin_balloon_is(freed), "the balloon is forgotten");
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, 4 * MiB_PAGES, 256, SOON), "still refused");
	expect(vmm_resident(&vmm) == resident - (long long)freed - 256, "not freed");
	vmm_stop(&vmm);
}

/**
 * case_pinned_later() - holes that a device fills again
 */
void case_pinned_later(void)
{
	const u64 first = 4 * MiB_PAGES, nr = 8 * MiB_PAGES;
	long long resident;
	struct vmm vmm;
	int pin;

	if (!pin_start(&vmm))
		return;
	resident = vmm_resident(&vmm);
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, first, nr / 2, SOON) &&
	       !vmm_send(&vmm, AERO_OP_INFLATE, first + nr / 2, nr / 2, SOON), "not inflated");

	/* That a page is there again is no reason: it could be the guest's, which pays for it. */
	vmm_touch(&vmm, first + 3, 2);
	pin_replug(&vmm);
	vmm_sleep(&vmm, 1500);
	check_state(&vmm, "active", 0);

	/* All of RAM, as VFIO would. */
	pin = pin_pages(vmm.ram, 0, RAM / AERO_PAGE_SIZE);
	if (pin < 0)
		return;
	expect(vmm_resident(&vmm) == resident, "pinned, but not filled");
	check_state(&vmm, PINNED, SOON);
	expect(pin_balloon_is(nr), "the account has changed");
	/* It stays so while the pin does, and all comes back. */
	pin_replug(&vmm);
	vmm_sleep(&vmm, 500);
	check_state(&vmm, PINNED, SOON);
	expect(!vmm_target(&vmm), "the guest shall keep a balloon that is none");
	expect(!vmm_send(&vmm, AERO_OP_DEFLATE, first, nr, SOON), "not deflated");
	expect(pin_balloon_is(0), "the balloon is not empty");

	pin_release(pin);
	expect(!vmm_greet(&vmm, SOON), "a new driver is not answered");
	check_state(&vmm, "active", SOON);
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, first, nr, SOON), "still refused");
	expect(vmm_resident(&vmm) == resident - (long long)nr, "not freed");
	vmm_stop(&vmm);
}

/**
 * case_pinned_elsewhere() - another process pins the RAM, as a vhost-user device does
 *
 * The VMM's account shows nothing of it: it is seen when memslots change, or within
 * a minute.
 */
void case_pinned_elsewhere(void)
{
	const u64 first = 4 * MiB_PAGES;
	int sockets[2];
	struct vmm vmm;
	pid_t child;
	char byte;

	if (!pin_start(&vmm) ||
	    !expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "no sockets"))
		return;
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, first, 512, SOON), "not inflated");
	child = fork();
	if (!child) {
		void *ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, vmm.ram_fd, 0);
		int pin = expect(ram != MAP_FAILED, "not mapped") ? pin_pages(ram, first + 511, 1) :
								    -1;

		expect(write(sockets[1], "", 1) == 1 && read(sockets[1], &byte, 1) == 1, "sockets");
		if (pin >= 0)
			pin_release(pin);
		exit(check_failed());
	}
	expect(read(sockets[0], &byte, 1) == 1, "no child");
	pin_replug(&vmm);
	check_state(&vmm, PINNED, SOON);
	expect(write(sockets[0], "", 1) == 1 && !check_child(child), "the child failed");
	pin_replug(&vmm);
	check_state(&vmm, "active", SOON);
	vmm_stop(&vmm);
}
