// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of balance.c, which includes this file. Most let VMs live, second by second: their
 * balloons follow at a rate, they suffer by what they lack, and what is measured of them lags.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "random.h"

#define MIB		256ULL
#define MAX_BALANCED	4
#define INFLATES	(128 * MIB)	/* in a second */

static const struct aero_balance_params balance_params = {
	.idle_tax = AERO_APPORTION_IDLE_TAX, .short_permille = 50, .credit_ms = 120000,
};

struct aero_test_world {
	struct aero_balance_vm vms[MAX_BALANCED];
	struct aero_share shares[MAX_BALANCED];
	u64 needs[MAX_BALANCED];
	bool lies[MAX_BALANCED];	/* it suffers, by its own word */
	bool stuck[MAX_BALANCED];	/* its balloon does not grow */
	bool trickles[MAX_BALANCED];	/* but for a page in some seconds */
	unsigned int nr;
	u64 total;
	unsigned int moves;
	unsigned int ticks;
	u64 least_there;		/* that balloons ever held together and were to hold */
};

/* VMs of 1 GiB that need @needs MiB and have been measured for long. */
static void aero_test_world_init(struct aero_test_world *world, unsigned int nr, u64 total_mib)
{
	unsigned int i;

	memset(world, 0, sizeof(*world));
	world->nr = nr;
	world->total = total_mib * MIB;
	world->least_there = U64_MAX;
	for (i = 0; i < nr; i++)
		world->vms[i] = (struct aero_balance_vm){
			.share = {
				.id = i, .shares = AERO_APPORTION_SHARES,
				.size = 1024 * MIB, .limit = 768 * MIB,
			},
			.known = true,
		};
}

static void aero_test_need(struct aero_test_world *world, unsigned int i, u64 need_mib)
{
	world->needs[i] = need_mib * MIB;
}

static void aero_test_hold(struct aero_test_world *world, unsigned int i, u64 mib)
{
	world->vms[i].balloon = mib * MIB;
	world->vms[i].target = mib * MIB;
	world->vms[i].used = min(world->needs[i], (1024 - mib) * MIB);
}

static void aero_test_live(struct aero_test_world *world, unsigned int i)
{
	struct aero_balance_vm *vm = &world->vms[i];
	u64 size = vm->share.size, margin = size / 16, has, uses, left;

	if (vm->target < vm->balloon)
		vm->balloon = vm->target;
	else if (world->trickles[i])
		vm->balloon += vm->target > vm->balloon && !(++world->ticks % 8);
	else if (!world->stuck[i])
		vm->balloon += min(vm->target - vm->balloon, INFLATES);
	has = size - vm->balloon;
	uses = min(world->needs[i], has);
	left = has - uses;
	vm->strain = has < world->needs[i] ? 1000 :
		     left < margin ? div64_u64(500 * (margin - left), margin) : 0;
	if (world->lies[i])
		vm->strain = 1000;
	/* As pressure.c: a time constant of five seconds. */
	vm->pressure = (5 * vm->pressure + vm->strain) / 6;
	/* More is noticed in a period or so, less in many. */
	if (uses > vm->used)
		vm->used += div_u64(uses - vm->used, 4);
	else
		vm->used -= div_u64(vm->used - uses, 60);
}

static void aero_test_seconds(struct aero_test_world *world, unsigned int seconds)
{
	unsigned int i;
	u64 there;

	while (seconds--) {
		for (i = 0, there = 0; i < world->nr; i++)
			aero_test_live(world, i);
		aero_balance_judge(world->vms, world->nr, 1000, &balance_params);
		aero_balance_move(world->vms, world->shares, world->nr, world->total, 1000,
				  &balance_params);
		for (i = 0; i < world->nr; i++) {
			struct aero_balance_vm *vm = &world->vms[i];

			world->moves += vm->target != vm->goal;
			vm->target = vm->goal;
			there += aero_balance_there(vm);
		}
		world->least_there = min(world->least_there, there);
	}
}

static u64 aero_test_has(const struct aero_test_world *world, unsigned int i)
{
	return div_u64(world->vms[i].share.size - world->vms[i].balloon, MIB);
}

/* Roles are swapped, memory follows within 20 s, and then stands still. */
static void balance_follows_swapped_roles(struct kunit *test)
{
	struct aero_test_world world;
	unsigned int round;

	aero_test_world_init(&world, 2, 600);
	aero_test_need(&world, 0, 700);
	aero_test_need(&world, 1, 100);
	aero_test_hold(&world, 1, 600);
	aero_test_seconds(&world, 60);
	KUNIT_EXPECT_EQ(test, world.moves, 0U);
	for (round = 0; round < 6; round++) {
		unsigned int busy = !(round & 1), idle = !busy;

		aero_test_need(&world, idle, 100);
		aero_test_need(&world, busy, 700);
		aero_test_seconds(&world, 20);
		KUNIT_EXPECT_GE(test, aero_test_has(&world, busy), 700ULL);
		aero_test_seconds(&world, 20);
		world.moves = 0;
		aero_test_seconds(&world, 80);
		KUNIT_EXPECT_EQ(test, world.moves, 0U);
		KUNIT_EXPECT_EQ(test, aero_test_has(&world, 0) + aero_test_has(&world, 1), 1448ULL);
	}
	/* The idle one gave first, each time. */
	KUNIT_EXPECT_EQ(test, world.least_there, world.total);
}

/* What comes in goes on at once, and as much more is asked for in the same step. */
static void balance_portions_do_not_wait(struct kunit *test)
{
	struct aero_test_world world;
	u64 portion = 1024 * MIB / 4;
	u64 came = min(portion, INFLATES);

	aero_test_world_init(&world, 2, 600);
	aero_test_need(&world, 0, 1000);
	aero_test_need(&world, 1, 100);
	aero_test_hold(&world, 0, 600);
	aero_test_seconds(&world, 1);
	KUNIT_EXPECT_EQ(test, world.vms[0].target, 600 * MIB);
	KUNIT_EXPECT_EQ(test, world.vms[1].target, portion);
	aero_test_seconds(&world, 1);
	KUNIT_EXPECT_EQ(test, world.vms[0].target, 600 * MIB - came);
	KUNIT_EXPECT_EQ(test, world.vms[1].target, portion + came);
	aero_test_seconds(&world, 1);
	KUNIT_EXPECT_EQ(test, world.vms[0].target, 600 * MIB - 2 * came);
}

/* Both are busy with more than there is: what is there is divided once, and nobody swings. */
static void balance_two_busy_do_not_swing(struct kunit *test)
{
	struct aero_test_world world;

	aero_test_world_init(&world, 2, 600);
	aero_test_need(&world, 0, 900);
	aero_test_need(&world, 1, 900);
	aero_test_hold(&world, 1, 600);
	aero_test_seconds(&world, 120);
	/* Half of it each, but for the band. */
	KUNIT_EXPECT_GE(test, aero_test_has(&world, 0), 660ULL);
	KUNIT_EXPECT_GE(test, aero_test_has(&world, 1), 660ULL);
	KUNIT_EXPECT_EQ(test, world.least_there, world.total);
	world.moves = 0;
	aero_test_seconds(&world, 600);
	KUNIT_EXPECT_EQ(test, world.moves, 0U);
}

/* At its minimum, among busy VMs that do not suffer: it gets its part back, by shares. */
static void balance_way_back_from_the_minimum(struct kunit *test)
{
	struct aero_test_world world;

	aero_test_world_init(&world, 3, 768);
	aero_test_need(&world, 0, 800);
	aero_test_need(&world, 1, 900);
	aero_test_need(&world, 2, 900);
	aero_test_hold(&world, 0, 768);
	aero_test_hold(&world, 1, 0);
	aero_test_hold(&world, 2, 0);
	aero_test_seconds(&world, 300);
	KUNIT_EXPECT_GE(test, aero_test_has(&world, 0), 512ULL);
	KUNIT_EXPECT_EQ(test, world.least_there, world.total);
	world.moves = 0;
	aero_test_seconds(&world, 300);
	KUNIT_EXPECT_LE(test, world.moves, 20U);
}

/* Idle for as long as it likes, and at its minimum for the host's sake: it is there in time. */
static void balance_idle_at_the_minimum_wakes(struct kunit *test)
{
	struct aero_test_world world;

	aero_test_world_init(&world, 2, 768);
	aero_test_need(&world, 0, 100);
	aero_test_need(&world, 1, 500);
	aero_test_hold(&world, 0, 768);
	aero_test_seconds(&world, 600);
	KUNIT_EXPECT_EQ(test, world.moves, 0U);
	aero_test_need(&world, 0, 500);
	aero_test_seconds(&world, 20);
	KUNIT_EXPECT_GE(test, aero_test_has(&world, 0), 500ULL);
}

static void balance_unknown_is_not_taken_from(struct kunit *test)
{
	struct aero_test_world world;

	aero_test_world_init(&world, 2, 600);
	aero_test_need(&world, 0, 900);
	aero_test_need(&world, 1, 100);
	aero_test_hold(&world, 0, 600);
	world.vms[1].known = false;
	aero_test_seconds(&world, 300);
	KUNIT_EXPECT_EQ(test, aero_test_has(&world, 1), 1024ULL);
	KUNIT_EXPECT_EQ(test, aero_test_has(&world, 0), 424ULL);
	/* Nor for the host's sake. */
	world.total = 900 * MIB;
	aero_test_seconds(&world, 300);
	KUNIT_EXPECT_EQ(test, aero_test_has(&world, 1), 1024ULL);
	world.vms[1].known = true;
	aero_test_seconds(&world, 60);
	KUNIT_EXPECT_GE(test, aero_test_has(&world, 0), 800ULL);
}

/* It says that it suffers and uses nothing: believed for its credit, and then never again. */
static void balance_liar_is_found_out(struct kunit *test)
{
	struct aero_test_world world;
	unsigned int round;

	aero_test_world_init(&world, 2, 600);
	aero_test_need(&world, 0, 100);
	aero_test_need(&world, 1, 300);
	aero_test_hold(&world, 0, 600);
	aero_test_hold(&world, 1, 0);
	world.lies[0] = true;
	aero_test_seconds(&world, 60);
	KUNIT_EXPECT_GE(test, aero_test_has(&world, 0), 1000ULL);
	aero_test_seconds(&world, 120);
	/* Now the honest one is busy: all that the liar does not use is the honest one's. */
	aero_test_need(&world, 1, 900);
	aero_test_seconds(&world, 60);
	KUNIT_EXPECT_GE(test, aero_test_has(&world, 1), 900ULL);
	/* Pauses do not help. */
	for (round = 0; round < 20; round++) {
		world.lies[0] = round & 1;
		aero_test_seconds(&world, 20);
		KUNIT_EXPECT_GE(test, aero_test_has(&world, 1), 900ULL);
	}
}

/* What is measured wavers by a few percent, and so does what guests say below the dead band. */
static void balance_noise_moves_nothing(struct kunit *test)
{
	struct aero_test_world world;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 1);
	aero_test_world_init(&world, 2, 500);
	aero_test_need(&world, 0, 500);
	aero_test_need(&world, 1, 200);
	aero_test_hold(&world, 1, 500);
	for (i = 0; i < 3600; i++) {
		aero_test_need(&world, 0, 470 + aero_test_random(&rnd, 60));
		aero_test_need(&world, 1, 170 + aero_test_random(&rnd, 60));
		world.vms[0].used = world.needs[0];
		world.vms[1].used = world.needs[1];
		aero_test_seconds(&world, 1);
	}
	KUNIT_EXPECT_EQ(test, world.moves, 0U);
}

/* One that does not follow is not waited for. */
static void balance_stuck_balloon(struct kunit *test)
{
	struct aero_test_world world;

	aero_test_world_init(&world, 3, 600);
	aero_test_need(&world, 0, 100);
	aero_test_need(&world, 1, 100);
	aero_test_need(&world, 2, 900);
	world.stuck[0] = true;
	aero_test_hold(&world, 0, 0);
	aero_test_hold(&world, 1, 0);
	aero_test_hold(&world, 2, 600);
	aero_test_seconds(&world, 90);
	KUNIT_EXPECT_GE(test, aero_test_has(&world, 2), 900ULL);
	KUNIT_EXPECT_EQ(test, world.vms[0].balloon, 0ULL);
	KUNIT_EXPECT_EQ(test, world.least_there, world.total);
}

/* Nor is one that follows by a page now and then. */
static void balance_trickle(struct kunit *test)
{
	struct aero_test_world world;

	aero_test_world_init(&world, 3, 600);
	aero_test_need(&world, 0, 100);
	aero_test_need(&world, 1, 100);
	aero_test_need(&world, 2, 900);
	world.trickles[0] = true;
	aero_test_hold(&world, 0, 0);
	aero_test_hold(&world, 1, 0);
	aero_test_hold(&world, 2, 600);
	aero_test_seconds(&world, 90);
	KUNIT_EXPECT_GE(test, aero_test_has(&world, 2), 900ULL);
}

/* Who cannot be measured is believed for his credit only: he does not keep what others lack. */
static void balance_unmeasured_liar(struct kunit *test)
{
	struct aero_test_world world;

	aero_test_world_init(&world, 2, 600);
	aero_test_need(&world, 1, 300);
	aero_test_hold(&world, 0, 600);
	world.vms[0].known = false;
	world.lies[0] = true;
	aero_test_seconds(&world, 200);
	KUNIT_EXPECT_FALSE(test, world.vms[0].is_short);
}

/* Bounds hold at once, whatever else: a limit, a VM that is left alone, one that is refused. */
static void balance_bounds(struct kunit *test)
{
	struct aero_test_world world;

	aero_test_world_init(&world, 4, 700);
	aero_test_need(&world, 3, 900);
	world.vms[0].share.least = 200 * MIB;
	aero_test_hold(&world, 1, 500);
	world.vms[1].share.least = 500 * MIB;
	world.vms[1].share.limit = 500 * MIB;
	aero_test_hold(&world, 2, 300);
	world.vms[2].share.limit = 0;
	aero_test_seconds(&world, 1);
	KUNIT_EXPECT_GE(test, world.vms[0].target, 200 * MIB);
	KUNIT_EXPECT_EQ(test, world.vms[1].target, 500 * MIB);
	KUNIT_EXPECT_EQ(test, world.vms[2].target, 0ULL);
	aero_test_seconds(&world, 60);
	KUNIT_EXPECT_EQ(test, world.vms[0].balloon, 200 * MIB);
	KUNIT_EXPECT_EQ(test, world.vms[1].target, 500 * MIB);
	KUNIT_EXPECT_EQ(test, world.vms[3].target, 0ULL);
}

/* Nobody's word, and no number, leads below a minimum or promises what is not there. */
static void balance_random(struct kunit *test)
{
	struct aero_balance_vm vms[MAX_BALANCED];
	struct aero_share shares[MAX_BALANCED];
	struct rnd_state rnd;
	unsigned int round, i;

	prandom_seed_state(&rnd, 2);
	for (round = 0; round < 20000; round++) {
		u64 most = AERO_APPORTION_MAX_PAGES, total, there = 0, after = 0, sum = 0;
		u32 elapsed = aero_test_random(&rnd, 5000);

		memset(vms, 0, sizeof(vms));
		for (i = 0; i < MAX_BALANCED; i++) {
			struct aero_balance_vm *vm = &vms[i];
			u64 size = aero_test_random(&rnd, aero_test_once_in(&rnd, 2) ? most : 5000);

			vm->share = (struct aero_share){
				.id = i, .shares = aero_test_random(&rnd, 5000), .size = size,
				.limit = aero_test_random(&rnd, size),
			};
			vm->share.least = aero_test_once_in(&rnd, 3) ?
					  aero_test_random(&rnd, vm->share.limit) : 0;
			vm->balloon = aero_test_random(&rnd, size);
			vm->target = clamp(aero_test_random(&rnd, size), vm->share.least,
					   vm->share.limit);
			vm->used = aero_test_random(&rnd, size);
			vm->known = aero_test_once_in(&rnd, 2);
			vm->strain = aero_test_random(&rnd, 1000);
			vm->pressure = aero_test_random(&rnd, 1000);
			vm->past.rest_ms = aero_test_random(&rnd, U32_MAX);
			vm->past.wait_ms = aero_test_random(&rnd, U32_MAX);
			vm->past.still_ms = aero_test_random(&rnd, U32_MAX);
			vm->past.credit_ms = aero_test_random(&rnd, U32_MAX);
			vm->past.behind_ms = aero_test_random(&rnd, U32_MAX);
			there += aero_balance_there(vm);
			sum += vm->target;
		}
		total = aero_test_random(&rnd, 2 * sum);
		aero_balance_judge(vms, MAX_BALANCED, elapsed, &balance_params);
		aero_balance_move(vms, shares, MAX_BALANCED, total, elapsed, &balance_params);
		for (i = 0; i < MAX_BALANCED; i++) {
			KUNIT_ASSERT_LE_MSG(test, vms[i].goal, vms[i].share.limit, "round %u",
					    round);
			KUNIT_ASSERT_GE_MSG(test, vms[i].goal, vms[i].share.least, "round %u",
					    round);
			after += min(vms[i].balloon, vms[i].goal);
			/* Who is not measured is asked for nothing more. */
			if (!vms[i].known)
				KUNIT_ASSERT_LE_MSG(test, vms[i].goal, vms[i].target, "round %u",
						    round);
		}
		KUNIT_ASSERT_GE_MSG(test, after, min(there, total), "round %u", round);
	}
}

static void balance_part_is_exact(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, aero_balance_part(50, 30, 100), 15ULL);
	KUNIT_EXPECT_EQ(test, aero_balance_part(100, 30, 100), 30ULL);
	KUNIT_EXPECT_EQ(test, aero_balance_part(0, 30, 100), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_balance_part(U32_MAX - 1, U32_MAX, U32_MAX), U32_MAX - 1ULL);
	KUNIT_EXPECT_EQ(test, aero_balance_part(BIT_ULL(58), BIT_ULL(40), BIT_ULL(59)),
			BIT_ULL(39));
	KUNIT_EXPECT_EQ(test, aero_balance_part(U64_MAX >> 2, 7, U64_MAX >> 1), 0ULL);
}

/* Reserve 1000, band 250: takes below 1000, aims at 1125, gives above 1250. */
static void budget_holds_the_reserve(struct kunit *test)
{
	struct aero_budget_input input = {
		.available = 900, .reserve = 1000, .held = 32000, .easy = 16000, .most = 32000,
		.elapsed_ms = 1000,
	};
	struct aero_budget budget = { };
	unsigned int i;

	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 225ULL);
	/* It is on its way: nothing more. */
	input.coming = 225;
	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 225ULL);
	/* In the band nothing moves, for ever. */
	input.coming = 0;
	for (i = 0; i < 1000; i++) {
		input.available = 1000 + i % 251;
		aero_budget_step(&budget, &input);
	}
	KUNIT_EXPECT_EQ(test, budget.pages, 225ULL);
	/* Blocks come back first. */
	input.available = 900;
	input.offline = 1;
	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 225ULL);
	/* A step is a sixteenth of all there is. */
	input.offline = 0;
	input.available = 0;
	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 1350ULL);
	input.reserve = 100000;
	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 3350ULL);
	/* What VMs miss is taken when half of the reserve is gone, no earlier. */
	input.available = 60000;
	input.easy = 3000;
	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 3350ULL);
	input.available = 49999;
	for (i = 0; i < 100; i++)
		aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 32000ULL);
}

/* A VM that held most of it has gone: the others need not make up for it while there is enough. */
static void budget_goes_with_its_holder(struct kunit *test)
{
	struct aero_budget_input input = {
		.available = 1100, .reserve = 1000, .held = 3000, .coming = 500, .easy = 16000,
		.most = 32000, .elapsed_ms = 1000,
	};
	struct aero_budget budget = { .pages = 8000 };

	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 3500ULL);
	input.available = 999;
	input.held = 1000;
	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 3500ULL);
}

static void budget_gives_what_there_is(struct kunit *test)
{
	struct aero_budget_input input = {
		.available = 1250 + 4000, .reserve = 1000, .held = 3000, .easy = 16000,
		.most = 32000,
		.elapsed_ms = 1000,
	};
	struct aero_budget budget = { .pages = 3000 };
	unsigned int i;

	for (i = 0; i < 59; i++)
		aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 3000ULL);
	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 1000ULL);
	/* Sooner if somebody wants it; and in the end all of it. */
	input.wanted = true;
	input.available = 1252;
	for (i = 0; i < 5; i++)
		aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 488ULL);
	for (i = 0; i < 5; i++)
		aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 0ULL);
	/* VMs have gone: nobody can hold what is left. */
	budget.pages = 5000;
	input.most = 100;
	aero_budget_step(&budget, &input);
	KUNIT_EXPECT_EQ(test, budget.pages, 100ULL);
}

static struct kunit_case aero_balance_cases[] = {
	KUNIT_CASE(balance_follows_swapped_roles),
	KUNIT_CASE(balance_portions_do_not_wait),
	KUNIT_CASE(balance_two_busy_do_not_swing),
	KUNIT_CASE(balance_way_back_from_the_minimum),
	KUNIT_CASE(balance_idle_at_the_minimum_wakes),
	KUNIT_CASE(balance_unknown_is_not_taken_from),
	KUNIT_CASE(balance_liar_is_found_out),
	KUNIT_CASE(balance_noise_moves_nothing),
	KUNIT_CASE(balance_stuck_balloon),
	KUNIT_CASE(balance_trickle),
	KUNIT_CASE(balance_unmeasured_liar),
	KUNIT_CASE(balance_bounds),
	KUNIT_CASE(balance_random),
	KUNIT_CASE(balance_part_is_exact),
	KUNIT_CASE(budget_holds_the_reserve),
	KUNIT_CASE(budget_goes_with_its_holder),
	KUNIT_CASE(budget_gives_what_there_is),
	{ }
};

static struct kunit_suite aero_balance_suite = {
	.name = "aerostat_balance",
	.test_cases = aero_balance_cases,
};

kunit_test_suite(aero_balance_suite);
