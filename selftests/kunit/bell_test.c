// SPDX-License-Identifier: GPL-2.0
/*
 * The doorbells of common/ring.h between two threads that sleep as a guest and a
 * host do: whoever has nothing to do says what he waits for and sleeps until he is
 * rung. A ring that is missing leaves both asleep for ever; a ring for each
 * descriptor would be no use either.
 *
 *	bell_test [descriptors [seed]]
 */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include <linux/minmax.h>
#include <linux/prandom.h>

#include "../../common/ring.h"
#include "race.h"

#define DESCRIPTORS	2000000
#define OVERSLEPT_MS	20000

static struct aero_control control;
static struct aero_status status;
static u32 first_index, total;
static int to_host, to_guest;
static unsigned int host_slept, guest_slept, host_rang, guest_rang, overslept;

static void ring(int fd, unsigned int *count)
{
	u64 one = 1;

	(*count)++;
	if (write(fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

static bool sleep_on(int fd, unsigned int *count)
{
	struct pollfd bell = { .fd = fd, .events = POLLIN };
	u64 rings;

	(*count)++;
	if (poll(&bell, 1, OVERSLEPT_MS) != 1) {
		__atomic_add_fetch(&overslept, 1, __ATOMIC_RELAXED);
		return false;
	}
	return read(fd, &rings, sizeof(rings)) == sizeof(rings);
}

static void now_and_then(struct rnd_state *rnd)
{
	u32 n = prandom_u32_state(rnd);

	dawdle(n & 15 ? 0 : n >> 20);
}

static void *host_main(void *arg)
{
	u32 tail = first_index, told = first_index, seed = *(u32 *)arg;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed + 1);
	while (tail - first_index < total) {
		u32 head = aero_ring_observe(&status.head), count;

		if (!aero_ring_between(tail, head, &count))
			abort();
		if (!count) {
			aero_ring_wait(&control.wake_head, tail);
			if (aero_ring_observe(&status.head) == tail &&
			    !sleep_on(to_host, &host_slept))
				return NULL;
			continue;
		}
		tail += 1 + prandom_u32_state(&rnd) % count;
		now_and_then(&rnd);
		aero_ring_publish(&control.tail, tail);
		if (aero_ring_wake(&status.wake_tail, &told, tail))
			ring(to_guest, &host_rang);
	}
	return NULL;
}

/* It sleeps when the ring is full and when it feels like it, until half or all is done. */
static void guest_main(u32 seed)
{
	u32 head = first_index, told = first_index, tail, pending;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	for (;;) {
		u32 left = total - (head - first_index), batch;

		tail = aero_ring_observe(&control.tail);
		if (!aero_ring_between(tail, head, &pending))
			abort();
		if (!left && !pending)
			return;
		batch = prandom_u32_state(&rnd) % 64;
		batch = min(min(batch, left), AERO_RING_ENTRIES - pending);
		head += batch;
		now_and_then(&rnd);
		aero_ring_publish(&status.head, head);
		if (aero_ring_wake(&control.wake_head, &told, head))
			ring(to_host, &guest_rang);
		pending = head - tail;
		if (!pending || (left > batch && pending < AERO_RING_ENTRIES &&
				 prandom_u32_state(&rnd) % 64))
			continue;
		if (prandom_u32_state(&rnd) % 2)
			pending = (pending + 1) / 2;
		aero_ring_wait(&status.wake_tail, tail + pending - 1);
		if (aero_ring_observe(&control.tail) - tail < pending &&
		    !sleep_on(to_guest, &guest_slept))
			return;
	}
}

static bool wish(u32 round)
{
	aero_ring_wait(&control.wake_head, round - 1);
	return aero_ring_observe(&status.head) == round;
}

/*
 * The two full barriers: one publication against one wish. That the one is not seen
 * and the other is not heard either is what the barriers forbid.
 */
static void test_wish_against_publication(u32 rounds)
{
	struct race race = { .rounds = rounds, .other = wish };
	u32 told = 0, neither = 0, seen = 0, i;

	if (!race_start(&race)) {
		report(false, "bell.wish_against_publication");
		return;
	}
	/* A wish of long ago, which no publication passes. */
	control.wake_head = cpu_to_le32(~0U);
	for (i = 1; i <= rounds; i++) {
		bool heard, is_seen;

		race_round(&race, i);
		aero_ring_publish(&status.head, i);
		heard = aero_ring_wake(&control.wake_head, &told, i);
		is_seen = race_result(&race, i);
		seen += is_seen;
		neither += !heard && !is_seen;
		race_came_first(&race, is_seen);
	}
	pthread_join(race.thread, NULL);
	printf("# %u rounds: %u seen, %u neither seen nor heard\n", rounds, seen, neither);
	report(!neither, "bell.wish_against_publication");
}

int main(int argc, char **argv)
{
	u32 seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	pthread_t host;

	total = argc > 1 ? strtoul(argv[1], NULL, 0) : DESCRIPTORS;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..4\n");
	report(aero_ring_passed(5, 5, 6) && aero_ring_passed(5, 3, 9) &&
	       !aero_ring_passed(5, 5, 5) && !aero_ring_passed(5, 6, 9) &&
	       !aero_ring_passed(5, 3, 5) && aero_ring_passed(~0U, ~0U - 2, 1) &&
	       aero_ring_passed(0, ~0U, 1) && !aero_ring_passed(1, ~0U, 1), "bell.passed");

	test_wish_against_publication(total / 10);

	/* The count wraps on the way. */
	first_index = 0U - total / 2;
	control.tail = cpu_to_le32(first_index);
	control.wake_head = cpu_to_le32(first_index);
	status.head = cpu_to_le32(first_index);
	status.wake_tail = cpu_to_le32(first_index);
	to_host = eventfd(0, 0);
	to_guest = eventfd(0, 0);
	if (to_host < 0 || to_guest < 0 || pthread_create(&host, NULL, host_main, &seed))
		return EXIT_FAILURE;
	guest_main(seed);
	pthread_join(host, NULL);
	printf("# seed %u: %u descriptors, the host slept %u times, rung %u times, the guest %u and %u\n",
	       seed, total, host_slept, guest_rang, guest_slept, host_rang);
	report(!overslept && control.tail == cpu_to_le32(first_index + total), "bell.nobody_oversleeps");
	/* A ring that is due before its sleeper sleeps is one too many, and rare. */
	report(host_slept && guest_slept && guest_rang <= host_slept * 2 + 1000 &&
	       host_rang <= guest_slept * 2 + 1000, "bell.rings_are_few");
	return report_end();
}
