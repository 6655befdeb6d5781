// SPDX-License-Identifier: GPL-2.0
/*
 * A VM with a doorbell: nobody looks without being rung.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "aerostat.h"
#include "cases.h"
#include "check.h"
#include "ring.h"

/* The host's work for a VM that wastes nothing comes at once, some milliseconds when emulated. */
#define AT_ONCE		500

static int set(int channel, int to_host, int to_guest, unsigned int reserved)
{
	struct aerostat_doorbell bell = {
		.to_host = to_host, .to_guest = to_guest, .reserved = reserved,
	};

	return ioctl(channel, AEROSTAT_SET_DOORBELL, &bell) ? errno : 0;
}

/**
 * case_doorbell_ioctl() - a channel gets a doorbell once, before it is mapped, of eventfds only
 */
void case_doorbell_ioctl(void)
{
	int a = eventfd(0, EFD_CLOEXEC), b = eventfd(0, EFD_CLOEXEC);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct vmm vmm;
	int tries;

	vmm_init(&vmm);
	if (!expect(!vmm_open_channel(&vmm), "no channel"))
		return;
	expect(ioctl(vmm.channel_fd, _IO(0xBE, 99)) && errno == ENOTTY, "an unknown ioctl");
	expect(ioctl(vmm.channel_fd, AEROSTAT_SET_DOORBELL, NULL) && errno == EFAULT, "no data");
	expect(set(vmm.channel_fd, a, -1, 0) == EBADF, "no descriptor to the guest");
	expect(set(vmm.channel_fd, -1, b, 0) == EBADF, "no descriptor to the host");
	expect(set(vmm.channel_fd, a, null, 0) == EINVAL, "not an eventfd to the guest");
	expect(set(vmm.channel_fd, null, b, 0) == EINVAL, "not an eventfd to the host");
	expect(set(vmm.channel_fd, vmm.channel_fd, b, 0) == EINVAL, "its own channel");
	expect(set(vmm.channel_fd, a, b, 1) == EINVAL, "reserved is not zero");

	expect(!vmm_map_channel(&vmm), "not mapped");
	expect(set(vmm.channel_fd, a, b, 0) == EBUSY, "while it is mapped");
	vmm_unmap_channel(&vmm);
	/* Its VM may still be on its way out. */
	for (tries = 0; tries < 100 && set(vmm.channel_fd, a, b, 0) == EBUSY; tries++)
		usleep(20000);
	expect(tries < 100, "not set");
	expect(set(vmm.channel_fd, a, b, 0) == EBUSY, "a second time");
	/* One eventfd for both ends makes no sense, and no harm. */
	vmm_close_channel(&vmm);
	expect(!vmm_open_channel(&vmm) && !set(vmm.channel_fd, a, a, 0), "one for both");
	expect(!vmm_map_channel(&vmm), "not mapped");
	eventfd_write(a, 1);
	vmm_close_channel(&vmm);
	check_gone(getpid(), SOON);
	close(null);
	close(b);
	close(a);
}

/* Answer rings, each within @ms milliseconds, and nothing else, until the host serves us. */
static bool greet_when_rung(struct vmm *vmm, int ms)
{
	vmm_hello(vmm);
	while (!vmm_answered(vmm)) {
		if (!vmm_rung(vmm, ms))
			return expect(false, "the host does not ring for its answer");
		vmm_beat(vmm);
	}
	return true;
}

static bool start_served(struct vmm *vmm)
{
	return expect(!vmm_start_ringing(vmm, 32 * MiB), "no VM") && greet_when_rung(vmm, AT_ONCE);
}

/* Answer rings until there has been none for @ms milliseconds. */
static void settle(struct vmm *vmm, int ms)
{
	while (vmm_rung(vmm, ms))
		vmm_beat(vmm);
}

/* Inflate or deflate, and sleep until the host rings. */
static void send_when_rung(struct vmm *vmm, enum aero_op op, u64 gfn, u32 nr)
{
	u32 refused = 0;
	int done;

	settle(vmm, 0);
	vmm_post(vmm, op, gfn, nr);
	aero_ring_wait(&vmm->status->wake_tail, vmm->reaped);
	vmm_publish(vmm);
	expect(vmm_rung(vmm, AT_ONCE), "the host does not ring for what it has done");
	done = vmm_reap(vmm, &refused);
	expect(done == 1 && !refused, "%d done, %u refused", done, refused);
	vmm_beat(vmm);
}

/**
 * case_doorbell() - a VM is served by rings alone, and left alone when nothing happens
 */
void case_doorbell(void)
{
	long long looks, rings;
	struct vmm vmm;

	if (!expect(!vmm_start_ringing(&vmm, 32 * MiB), "no VM"))
		return;
	/* The module keeps what it was given. */
	vmm_touch(&vmm, 0, 32 * MiB_PAGES);
	if (!greet_when_rung(&vmm, AT_ONCE))
		return;
	check_state(&vmm, "active", 0);
	send_when_rung(&vmm, AERO_OP_INFLATE, 16, 256);
	expect(check_number(getpid(), "balloon_bytes") == 256 * (long long)AERO_PAGE_SIZE,
	       "not given");
	send_when_rung(&vmm, AERO_OP_DEFLATE, 16, 256);
	expect(!check_number(getpid(), "balloon_bytes"), "not taken back");

	/* What is under way (its last answer is looked for once) ends; then there is silence. */
	sleep(7);
	settle(&vmm, 0);
	looks = check_stat(getpid(), "looks");
	rings = check_stat(getpid(), "rings");
	expect(!vmm_rung(&vmm, 20000), "an idle guest is rung");
	expect(check_stat(getpid(), "looks") <= looks + 1, "the host works for an idle guest");
	expect(check_stat(getpid(), "rings") == rings, "the host rings an idle guest");
	check_state(&vmm, "active", 0);

	vmm_goodbye(&vmm);
	usleep(AT_ONCE * 1000);
	check_state(&vmm, "waiting", 0);
	vmm_stop(&vmm);
	check_gone(getpid(), SOON);
}

/**
 * case_doorbell_silent() - a driver that does not answer a ring is silent, until it does
 */
void case_doorbell_silent(void)
{
	struct vmm vmm;
	char state[256];

	if (!start_served(&vmm))
		return;
	settle(&vmm, 1000);
	/* Its memslots stay as they are, and it is not asked for anything. */
	sleep(8);
	check_attr(getpid(), "state", state, sizeof(state));
	expect(state[0] == 'a', "a driver that owes nothing is \"%s\"", state);
	/* No driver lives in this loop. */
	vmm.epoch = 0;
	check_set(getpid(), "rate_min_bytes", "33554432");
	check_state(&vmm, "silent", 10000);
	vmm.epoch = 1;
	expect(vmm_rung(&vmm, AT_ONCE), "who is silent is not called");
	vmm_beat(&vmm);
	usleep(AT_ONCE * 1000);
	vmm.epoch = 0;
	check_state(&vmm, "active", 0);
	vmm_stop(&vmm);
	check_gone(getpid(), SOON);
}

/**
 * case_doorbell_slots() - a balloon whose VM's memslots change, and whose driver does not answer
 *
 * It is not looked at all the time, is forgotten after ten seconds, and its KVM VM is
 * let go when the VMM has closed it.
 */
void case_doorbell_slots(void)
{
	long long looks;
	struct vmm vmm;

	if (!start_served(&vmm))
		return;
	send_when_rung(&vmm, AERO_OP_INFLATE, 16, 256);
	settle(&vmm, 1000);
	vmm.epoch = 0;	/* no driver lives in the loops of check.c */
	expect(!vmm_unplug_channel(&vmm) && !vmm_plug_channel(&vmm), "memslots do not change");
	check_state(&vmm, "challenged", 11000);
	looks = check_stat(getpid(), "looks");
	sleep(5);
	looks = check_stat(getpid(), "looks") - looks;
	expect(looks < 10, "looked at %lld times in five seconds", looks);
	check_state(&vmm, "waiting", 15000);
	expect(!check_number(getpid(), "balloon_bytes"), "the balloon is not forgotten");
	vmm_stop(&vmm);
	check_gone(getpid(), SOON);
}

/**
 * case_doorbell_unheard() - a hello whose ring was lost, or that never rang, is heard all the same
 */
void case_doorbell_unheard(void)
{
	int to_host, waited;
	struct vmm vmm;

	if (!expect(!vmm_start_ringing(&vmm, 32 * MiB), "no VM"))
		return;
	sleep(1);
	to_host = vmm.to_host;
	vmm.to_host = -1;
	vmm_hello(&vmm);
	vmm.to_host = to_host;
	for (waited = 0; waited < 15000 && !vmm_answered(&vmm); waited += 100)
		if (vmm_rung(&vmm, 100))
			vmm_beat(&vmm);
	expect(vmm_answered(&vmm), "not heard");
	vmm_stop(&vmm);
	check_gone(getpid(), SOON);
}

/**
 * case_doorbell_pretended() - a guest without a doorbell that writes one into the header has none
 */
void case_doorbell_pretended(void)
{
	struct aero_header *header;
	struct vmm vmm;

	if (!expect(!vmm_start(&vmm, 32 * MiB), "no VM"))
		return;
	header = (struct aero_header *)(vmm.channel + AERO_HEADER_OFFSET);
	expect(!header->features, "a plain channel offers something");
	header->features = cpu_to_le64(AERO_F_DOORBELL);
	vmm_hello(&vmm);
	vmm.status->features = cpu_to_le64(AERO_F_DOORBELL);
	check_state(&vmm, "active", SOON);
	expect(!vmm.control->features, "the host rings whom it cannot ring");
	vmm.epoch = 0;
	check_state(&vmm, "silent", 10000);
	vmm_stop(&vmm);
	check_gone(getpid(), SOON);
}

/**
 * case_doorbell_told() - whatever it went through, userspace hears at last of the state it is in
 *
 * Ends in quarantine; doorbell.sh looks for the kernel's word of it.
 */
void case_doorbell_told(void)
{
	struct vmm vmm;
	int i;

	if (!expect(!vmm_start_ringing(&vmm, 32 * MiB), "no VM"))
		return;
	for (i = 0; i < 15; i++) {
		if (!greet_when_rung(&vmm, AT_ONCE))
			return;
		vmm_goodbye(&vmm);
		usleep(50000);
	}
	if (!greet_when_rung(&vmm, AT_ONCE))
		return;
	vmm_post(&vmm, AERO_OP_INFLATE, 16, 0);
	vmm_publish(&vmm);
	vmm.epoch = 0;
	check_state(&vmm, "quarantined", SOON);
	sleep(12);
	vmm_stop(&vmm);
	check_gone(getpid(), SOON);
}

static u64 now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

/* As many descriptors as there is room for, of nothing to do. */
static void fill(struct vmm *vmm)
{
	while (!vmm_post(vmm, AERO_OP_NOP, 0, 0))
		;
	vmm_publish(vmm);
}

/*
 * For @us microseconds, whenever the host has done something, and so is still about it,
 * give it more and ring once.
 */
static void waste(struct vmm *vmm, u64 us)
{
	u64 end = now_us() + us;
	u32 refused = 0;
	int done;

	do {
		done = vmm_reap(vmm, &refused);
		if (!expect(done >= 0, "answers that make no sense"))
			return;
		if (done) {
			vmm_ring(vmm);
			fill(vmm);
			vmm_beat(vmm);
		}
	} while (now_us() < end);
}

/**
 * case_doorbell_flood() - who has wasted the host's time waits
 *
 * Also if he rings while it works for him.
 */
void case_doorbell_flood(void)
{
	long long spent, us;
	struct vmm vmm;

	if (!start_served(&vmm))
		return;
	settle(&vmm, 1000);
	fill(&vmm);
	waste(&vmm, 3000000);
	spent = check_stat(getpid(), "worked_us");
	us = now_us();
	waste(&vmm, 10000000);
	spent = check_stat(getpid(), "worked_us") - spent;
	us = now_us() - us;
	printf("# permille of a CPU spent on it: %lld\n", spent * 1000 / us);
	expect(spent * 1000 <= us * 70, "%lld of %lld us are spent on it", spent, us);
	expect(spent, "nothing is spent on it");
	vmm_stop(&vmm);
	check_gone(getpid(), SOON);
}

static void say_ready(int ready)
{
	if (write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
}

/* One of many without a channel, to compare with. */
static void bare_one_of_many(size_t ram, int ready)
{
	struct vmm vmm;

	vmm_init(&vmm);
	if (vmm_create_vm(&vmm) || vmm_add_ram(&vmm, ram, MAP_SHARED) || vmm_plug_ram(&vmm, 0))
		_exit(1);
	say_ready(ready);
	for (;;)
		pause();
}

/* One of many: follows its target, and sleeps. */
static void one_of_many(size_t ram, int ready)
{
	u64 balloon = 0, target;
	struct vmm vmm;
	u32 refused;

	/* A thousand of them keep the host busy for a while. */
	if (vmm_start_ringing(&vmm, ram) || !greet_when_rung(&vmm, 300000))
		_exit(1);
	say_ready(ready);
	for (;;) {
		vmm_beat(&vmm);
		if (!vmm_answered(&vmm))
			_exit(2);
		vmm_reap(&vmm, &refused);
		target = vmm_target(&vmm);
		if (target > balloon)
			vmm_post(&vmm, AERO_OP_INFLATE, balloon, target - balloon);
		else if (target < balloon)
			vmm_post(&vmm, AERO_OP_DEFLATE, target, balloon - target);
		balloon = target;
		aero_ring_wait(&vmm.status->wake_tail, vmm.head - 1);
		vmm_publish(&vmm);
		vmm_rung(&vmm, -1);
	}
}

/**
 * case_many() - vmm many N [MIB [CHANNELS]]: so many VMs, each a process, until it is killed
 *
 * Says "ready" when all are served. They have doorbells and follow their targets; none has
 * touched its RAM. With CHANNELS=0 they have no channels.
 */
void case_many(void)
{
	u64 n = check_argument(0, 100), i;
	int ready[2];
	char byte;

	if (!expect(!pipe(ready), "no pipe"))
		return;
	for (i = 0; i < n; i++) {
		pid_t child = fork();

		if (!expect(child >= 0, "%llu processes", i))
			break;
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(ready[0]);
			if (check_argument(2, 1))
				one_of_many(check_argument(1, 16) * MiB, ready[1]);
			else
				bare_one_of_many(check_argument(1, 16) * MiB, ready[1]);
		}
	}
	close(ready[1]);
	for (i = 0; i < n && read(ready[0], &byte, 1) == 1; i++)
		;
	if (expect(i == n, "%llu of %llu VMs", i, n)) {
		puts("ready");
		fflush(stdout);
		pause();
	}
	/* The others end with this one. */
}
