// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of common/ring.h between two threads that race as a guest and a host
 * do: the guest publishes descriptors and at random moments takes back what
 * the host has not claimed. Every descriptor must be acted upon by the host, or taken
 * back by the guest, and never both: memory that the guest uses again would be freed.
 *
 * Built with the thread sanitizer as well, which in addition sees any descriptor or
 * answer that one side writes while the other may read it.
 *
 *	ring_test [descriptors [seed]]
 */
#include <stdlib.h>
#include <string.h>

#include <linux/prandom.h>

#include "../../common/ring.h"
#include "race.h"

#define DESCRIPTORS	400000	/* several times round the ring */
#define ROUNDS_PER	2	/* of claim against revoke, per descriptor */
#define SPIN_MAX	200

static struct aero_control control;
static struct aero_status status;
static struct aero_desc descs[AERO_RING_ENTRIES];
static struct aero_ack acks[AERO_RING_ENTRIES];

static u32 total;
static u32 stopped;
static u32 first_index;

/* By descriptor, written by one side each, compared after both are done. */
static u8 *acted;	/* host */
static u8 *taken_back;	/* guest */

static u64 host_denied, host_nops, host_bad, guest_bad, guest_revokes;

static void spin(struct rnd_state *rnd)
{
	u32 n = prandom_u32_state(rnd);

	/* Now and then the other side gets the CPU, if there is but one. */
	if (!(n % 1024))
		sched_yield();
	dawdle(n >> 16 & 7 ? 0 : n % SPIN_MAX);
}

static void host_act(u32 index, struct rnd_state *rnd)
{
	struct aero_desc desc = descs[aero_ring_slot(index)];
	u64 gfn = le64_to_cpu(desc.gfn);

	spin(rnd);
	switch (le16_to_cpu(desc.op)) {
	case AERO_OP_NOP:
		host_nops++;
		break;
	case AERO_OP_INFLATE:
		/* The slot must hold what was published for this very index. */
		if (gfn >= total || le32_to_cpu(desc.nr_pages) != index)
			host_bad++;
		else
			acted[gfn]++;
		break;
	default:
		host_bad++;
	}
	acks[aero_ring_slot(index)] = (struct aero_ack){
		.index = cpu_to_le32(index), .result = cpu_to_le32(AERO_RESULT_DONE),
	};
}

static void *host_main(void *arg)
{
	u32 tail = first_index, seed = *(u32 *)arg;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed + 1);
	for (;;) {
		bool last = __atomic_load_n(&stopped, __ATOMIC_ACQUIRE);
		u32 head = aero_ring_observe(&status.head);
		u32 count, claim, i;

		if (!aero_ring_between(tail, head, &count)) {
			host_bad++;
			return NULL;
		}
		if (!count) {
			if (last)
				return NULL;
			sched_yield();
			continue;
		}
		claim = tail + 1 + prandom_u32_state(&rnd) % count;
		if (!aero_ring_claim(&control, &status, tail, claim)) {
			host_denied++;
			continue;
		}
		for (i = tail; i != claim; i++)
			host_act(i, &rnd);
		tail = claim;
		aero_ring_publish(&control.tail, tail);
		spin(&rnd);
	}
}

/* Take back what is not claimed; the guest's books must agree with the ring's. */
static void guest_revoke(u32 tail, u32 head, struct rnd_state *rnd)
{
	u32 claim = aero_ring_revoke(&control, &status);
	u32 count, i;

	guest_revokes++;
	if (!aero_ring_between(claim, head, &count) || !aero_ring_between(tail, claim, &i)) {
		guest_bad++;
		count = 0;
	}
	for (i = claim; count--; i++) {
		struct aero_desc *desc = &descs[aero_ring_slot(i)];

		if (le16_to_cpu(desc->op) != AERO_OP_INFLATE)
			continue;
		spin(rnd);
		taken_back[le64_to_cpu(desc->gfn)]++;
		*desc = (struct aero_desc){ .op = cpu_to_le16(AERO_OP_NOP) };
	}
	aero_ring_resume(&status);
}

static void guest_main(u32 seed)
{
	u32 head = first_index, tail = first_index, seen = first_index, next = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	while (next < total) {
		u32 room, batch;

		tail = aero_ring_observe(&control.tail);
		if (!aero_ring_between(tail, head, &room)) {
			guest_bad++;
			break;
		}
		for (; seen != tail; seen++)
			if (le32_to_cpu(acks[aero_ring_slot(seen)].index) != seen)
				guest_bad++;
		/* Keep the host near, where the races are. */
		if (room > 64 && prandom_u32_state(&rnd) % 64) {
			sched_yield();
			continue;
		}
		room = AERO_RING_ENTRIES - room;
		batch = prandom_u32_state(&rnd) % 16;
		/* A full ring now and then. */
		if (!(prandom_u32_state(&rnd) % 4096))
			batch = AERO_RING_ENTRIES;
		for (batch = batch < room ? batch : room; batch && next < total; batch--) {
			descs[aero_ring_slot(head)] = (struct aero_desc){
				.gfn = cpu_to_le64(next), .nr_pages = cpu_to_le32(head),
				.op = cpu_to_le16(AERO_OP_INFLATE),
			};
			head++;
			next++;
		}
		aero_ring_publish(&status.head, head);
		spin(&rnd);
		if (!(prandom_u32_state(&rnd) % 16))
			guest_revoke(tail, head, &rnd);
	}
	__atomic_store_n(&stopped, 1, __ATOMIC_RELEASE);
}

/* Indices, at the wrap of 32 bits as well. */
static void test_arithmetic(void)
{
	u32 count;

	report(aero_ring_slot(0) == 0 && aero_ring_slot(AERO_RING_ENTRIES) == 0 &&
	       aero_ring_slot(AERO_RING_ENTRIES + 7) == 7 &&
	       aero_ring_slot(~0U) == AERO_RING_ENTRIES - 1, "ring.slot");
	report(aero_ring_between(5, 5, &count) && count == 0 &&
	       aero_ring_between(~0U, 3, &count) && count == 4 &&
	       aero_ring_between(9, 9 + AERO_RING_ENTRIES, &count) &&
	       count == AERO_RING_ENTRIES &&
	       !aero_ring_between(9, 10 + AERO_RING_ENTRIES, &count) &&
	       !aero_ring_between(9, 8, &count), "ring.between");
}

static void test_claim_and_revoke(void)
{
	bool ok;

	memset(&control, 0, sizeof(control));
	memset(&status, 0, sizeof(status));
	ok = aero_ring_claim(&control, &status, 3, 7) &&
	     aero_ring_revoke(&control, &status) == 7 &&
	     !aero_ring_claim(&control, &status, 7, 9) &&
	     aero_ring_observe(&control.claim) == 7;
	aero_ring_resume(&status);
	report(ok && aero_ring_claim(&control, &status, 7, 9) &&
	       aero_ring_observe(&control.claim) == 9, "ring.claim_and_revoke");
}

static bool claim(u32 round)
{
	return aero_ring_claim(&control, &status, round - 1, round);
}

/*
 * The two full barriers: one claim against one revoke. Both sides winning is what the
 * barriers forbid, and what CPUs (x86's as well, by their store buffers) do without
 * them.
 */
static void test_claim_against_revoke(void)
{
	struct race race = { .rounds = total * ROUNDS_PER, .other = claim };
	u32 i, both = 0, host = 0;

	memset(&control, 0, sizeof(control));
	memset(&status, 0, sizeof(status));
	if (!race_start(&race)) {
		report(false, "ring.claim_against_revoke");
		return;
	}
	for (i = 1; i <= race.rounds; i++) {
		u32 revoked;
		bool claimed;

		race_round(&race, i);
		revoked = aero_ring_revoke(&control, &status);
		claimed = race_result(&race, i);
		host += claimed;
		both += claimed && revoked == i - 1;
		race_came_first(&race, !claimed);
		aero_ring_resume(&status);
		aero_ring_publish(&control.claim, i);
	}
	pthread_join(race.thread, NULL);
	printf("# %u rounds: the host won %u, both %u\n", race.rounds, host, both);
	report(!both, "ring.claim_against_revoke");
}

static void test_race(u32 seed)
{
	u64 both = 0, neither = 0, twice = 0, backs = 0;
	pthread_t host;
	u32 i;

	/* The count wraps on the way. */
	first_index = 0U - total / 2;
	memset(&control, 0, sizeof(control));
	memset(&status, 0, sizeof(status));
	memset(descs, 0, sizeof(descs));
	control.tail = cpu_to_le32(first_index);
	control.claim = cpu_to_le32(first_index);
	status.head = cpu_to_le32(first_index);
	if (pthread_create(&host, NULL, host_main, &seed)) {
		report(false, "ring.race");
		return;
	}
	guest_main(seed);
	pthread_join(host, NULL);

	for (i = 0; i < total; i++) {
		both += acted[i] && taken_back[i];
		neither += !acted[i] && !taken_back[i];
		twice += acted[i] > 1 || taken_back[i] > 1;
		backs += taken_back[i];
	}
	printf("# seed %u: %u descriptors, %llu taken back in %llu revokes\n",
	       seed, total, backs, guest_revokes);
	printf("# %llu claims denied, %llu no-ops\n", host_denied, host_nops);
	if (both || neither || twice)
		printf("# both %llu, neither %llu, twice %llu\n", both, neither, twice);
	if (host_bad || guest_bad)
		printf("# host saw %llu bad, guest %llu\n", host_bad, guest_bad);
	report(!both && !neither && !twice, "ring.each_has_one_owner");
	report(!host_bad && !guest_bad, "ring.each_is_seen_whole");
	/* A race that never happened proves nothing. */
	report(backs && backs < total && host_denied && host_nops, "ring.sides_did_meet");
}

int main(int argc, char **argv)
{
	u32 seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;

	total = argc > 1 ? strtoul(argv[1], NULL, 0) : DESCRIPTORS;
	acted = calloc(total, 1);
	taken_back = calloc(total, 1);
	if (!total || !acted || !taken_back)
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..7\n");
	test_arithmetic();
	test_claim_and_revoke();
	test_claim_against_revoke();
	test_race(seed);
	free(acted);
	free(taken_back);
	return report_end();
}
