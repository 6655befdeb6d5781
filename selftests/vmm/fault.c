// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of the host's on behalf of a VM fails once; see
 * modules/aero_fail.c, which must be loaded. Whatever the VMM is told then, and
 * whenever the host tries again: the VM is served, to the page.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"

/* One page in each of several chunks of the host's record, see host/balloon.c. */
#define FAULT_RAM	(1024 * MiB)
#define FAULT_CHUNK	(128 * MiB_PAGES)
#define FAULT_CHUNKS	8
#define FAULT_PLACES	64

static char places[FAULT_PLACES][128];
static unsigned int nr_places;

static void fault_write(const char *name, unsigned long value)
{
	char path[64], text[24];
	int fd, len;

	snprintf(path, sizeof(path), "/sys/module/aero_fail/parameters/%s", name);
	len = snprintf(text, sizeof(text), "%ld", (long)value);
	fd = open(path, O_WRONLY);
	expect(fd >= 0 && write(fd, text, len) == len, "%s", path);
	close(fd);
}

static bool fault_read(const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/module/aero_fail/parameters/%s", name);
	fd = open(path, O_RDONLY);
	len = read(fd, text, size - 1);
	close(fd);
	text[len > 0 ? len : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	return expect(len > 0, "%s", path);
}

/* From now on, the @n-th allocation of the host module's fails. */
static void fault_begin(unsigned int n)
{
	fault_write("nth", n);
}

static void fault_remember(void)
{
	unsigned int i;
	char place[128];

	if (!fault_read("where", place, sizeof(place)))
		return;
	place[strcspn(place, "+/ ")] = 0;
	for (i = 0; i < nr_places; i++)
		if (!strncmp(places[i], place, sizeof(places[i]) - 1))
			return;
	if (nr_places < FAULT_PLACES)
		snprintf(places[nr_places++], sizeof(*places), "%s", place);
}

/* No more. Return: true if it has failed, false if there were not as many. */
static bool fault_end(void)
{
	char failed[24];

	fault_write("nth", -1);
	if (!fault_read("failed", failed, sizeof(failed)) || !atoi(failed))
		return false;
	fault_remember();
	return true;
}

/* @n failed; were there fewer than @least, what should have failed was not seen. */
static void fault_tell(const char *what, unsigned int n, unsigned int least)
{
	unsigned int i;

	printf("# %s: %u allocations failed one by one, in", what, n);
	for (i = 0; i < nr_places; i++)
		printf(" %s", places[i]);
	printf("\n");
	expect(n >= least, "%s has at least %u allocations", what, least);
}

/* Wait until the host serves the VM, with no pause that would let it be idle. */
static bool fault_served(struct vmm *vmm)
{
	char state[256] = "";
	unsigned int waited;

	for (waited = 0; waited < SOON; waited += 10) {
		if (vmm_answered(vmm) && check_attr(getpid(), "state", state, sizeof(state)) &&
		    !strcmp(state, "active"))
			return true;
		vmm_sleep(vmm, 10);
	}
	return expect(false, "not served, state is \"%s\"", state);
}

static bool fault_start(struct vmm *vmm)
{
	int err = vmm_start(vmm, FAULT_RAM);

	if (!expect(!err, "no VM: %s", strerror(-err)))
		return false;
	vmm_hello(vmm);
	return fault_served(vmm);
}

static bool fault_balloon_is(u64 pages)
{
	long long bytes = check_number(getpid(), "balloon_bytes");

	return expect(bytes == (long long)(pages * AERO_PAGE_SIZE),
		      "%lld bytes in the balloon instead of %llu pages", bytes,
		      (unsigned long long)pages);
}

/* Give or take back a page of each chunk; none of it is refused. */
static bool fault_move(struct vmm *vmm, enum aero_op op)
{
	int i, refused;

	for (i = 0; i < FAULT_CHUNKS; i++)
		vmm_post(vmm, op, i * FAULT_CHUNK + 1, 1);
	refused = vmm_settle(vmm, SOON);
	return expect(refused >= 0, "%u descriptors are left: %s", vmm->head - vmm->reaped,
		      strerror(-refused)) &&
	       expect(!refused, "%d were refused", refused) &&
	       fault_balloon_is(op == AERO_OP_INFLATE ? FAULT_CHUNKS : 0);
}

static bool fault_give(struct vmm *vmm)
{
	long long resident;
	int i;

	for (i = 0; i < FAULT_CHUNKS; i++)
		vmm_touch(vmm, i * FAULT_CHUNK, 3);
	resident = vmm_resident(vmm);
	return fault_move(vmm, AERO_OP_INFLATE) &&
	       expect(vmm_resident(vmm) == resident - FAULT_CHUNKS,
		      "%lld pages are left of %lld", vmm_resident(vmm), resident);
}

static bool fault_take(struct vmm *vmm)
{
	return fault_move(vmm, AERO_OP_DEFLATE);
}

static void fault_stop(struct vmm *vmm)
{
	vmm_stop(vmm);
	check_gone(getpid(), SOON);
}

/**
 * case_fault_open() - allocations of an open()
 */
void case_fault_open(void)
{
	/* A kernel that looks for leaks allocates in it, too, and can do without. */
	const bool others = !access("/sys/kernel/debug/kmemleak", F_OK);
	unsigned int n = 0, refused = 0;
	bool failed;

	do {
		struct vmm vmm;
		int err;

		vmm_init(&vmm);
		fault_begin(++n);
		err = vmm_open_channel(&vmm);
		failed = fault_end();
		expect(err == (failed ? -ENOMEM : 0) || (others && !err), "%u: open: %s", n,
		       strerror(-err));
		refused += err == -ENOMEM;
		vmm_close_channel(&vmm);
	} while (failed && !check_failed());
	fault_tell("open", refused, 3);
}

/**
 * case_fault_appear() - allocations from an mmap() on until the VM is seen and served
 */
void case_fault_appear(void)
{
	unsigned int n = 0, refused = 0;
	bool failed;

	do {
		struct vmm vmm;
		int err;

		vmm_init(&vmm);
		if (!expect(!vmm_create_vm(&vmm) && !vmm_add_ram(&vmm, FAULT_RAM, MAP_SHARED) &&
			    !vmm_plug_ram(&vmm, 0) && !vmm_open_channel(&vmm), "no VM"))
			return;
		failed = false;
		fault_begin(++n);
		err = vmm_map_channel(&vmm);
		if (err) {
			failed = fault_end();
			expect(err == -ENOMEM && failed, "%u: mmap: %s", n, strerror(-err));
			refused++;
			err = vmm_map_channel(&vmm);
		}
		if (expect(!err && !vmm_plug_channel(&vmm), "%u: it cannot be mapped", n)) {
			vmm_hello(&vmm);
			fault_served(&vmm);
		}
		if (!failed)
			failed = fault_end();
		expect(fault_give(&vmm) && fault_take(&vmm), "%u", n);
		fault_stop(&vmm);
	} while (failed && !check_failed());
	printf("# mmap() was refused %u times\n", refused);
	expect(refused >= 2, "mmap() has two allocations of its own");
	fault_tell("appear", n - 1, 30);
}

/**
 * case_fault_hello() - allocations from the hello of a VM's second driver until it is served
 */
void case_fault_hello(void)
{
	unsigned int n = 0;
	struct vmm vmm;
	bool failed;

	if (!fault_start(&vmm))
		return;
	do {
		vmm_goodbye(&vmm);
		check_state(&vmm, "waiting", SOON);
		fault_begin(++n);
		vmm_hello(&vmm);
		fault_served(&vmm);
		failed = fault_end();
		expect(fault_give(&vmm) && fault_take(&vmm), "%u", n);
	} while (failed && !check_failed());
	fault_stop(&vmm);
	fault_tell("hello", n - 1, 1);
}

/**
 * case_fault_inflate() - allocations while a VM gives memory for the first time
 */
void case_fault_inflate(void)
{
	unsigned int n = 0;
	bool failed;

	do {
		struct vmm vmm;

		if (!fault_start(&vmm))
			return;
		fault_begin(++n);
		expect(fault_give(&vmm), "%u", n);
		failed = fault_end();
		expect(fault_take(&vmm), "%u: taking back", n);
		fault_stop(&vmm);
	} while (failed && !check_failed());
	/* A page of the ring, one of answers, and one of the record for each chunk. */
	fault_tell("inflate", n - 1, 2 + FAULT_CHUNKS);
}

/**
 * case_fault_deflate() - allocations while a VM takes memory back
 */
void case_fault_deflate(void)
{
	unsigned int n = 0;
	struct vmm vmm;
	bool failed;

	if (!fault_start(&vmm))
		return;
	do {
		expect(fault_give(&vmm), "%u: giving", n);
		fault_begin(++n);
		expect(fault_take(&vmm), "%u", n);
		failed = fault_end();
	} while (failed && !check_failed());
	fault_stop(&vmm);
	fault_tell("deflate", n - 1, 0);
}

/**
 * case_fault_close() - allocations while a VM with a balloon goes
 */
void case_fault_close(void)
{
	unsigned int n = 0;
	bool failed;

	do {
		struct vmm vmm;

		if (!fault_start(&vmm))
			return;
		expect(fault_give(&vmm), "%u: giving", n);
		fault_begin(++n);
		fault_stop(&vmm);
		failed = fault_end();
	} while (failed && !check_failed());
	fault_tell("close", n - 1, 1);
}
