// SPDX-License-Identifier: GPL-2.0
/* Tests of plan.c, which includes this file. */
#include <kunit/test.h>

#include "random.h"

#define BLOCK	32768ULL	/* pages: 128 MiB */

static void plan_offline(struct kunit *test)
{
	struct aero_block_info blocks[] = {
		{ .id = 10, .pages = BLOCK, .used_pages = 50, .online = true, .movable = true },
		{ .id = 11, .pages = BLOCK, .used_pages = 40, .online = true, .movable = true },
		{ .id = 30, .pages = BLOCK, .used_pages = 40, .online = true, .movable = true },
		{ .id = 13, .pages = BLOCK, .used_pages = 40, .online = true, .movable = true },
		{ .id = 40, .pages = BLOCK, .used_pages = 0, .online = false, .movable = true },
		{ .id = 41, .pages = BLOCK, .used_pages = 0, .online = true, .movable = false },
		{ .id = 42, .pages = BLOCK, .used_pages = 0, .online = true, .movable = true,
		  .held = true },
		{ .id = 43, .pages = BLOCK, .used_pages = 0, .online = true, .movable = true,
		  .backoff = true },
	};
	const unsigned int nr = ARRAY_SIZE(blocks);

	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, 0), -1);
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks + 4, 4), -1);
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, 1), 0);
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, nr), 2);
	blocks[2].online = false;
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, nr), 3);
	blocks[3].backoff = true;
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, nr), 1);
	blocks[1].held = true;
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, nr), 0);
	blocks[0].movable = false;
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, nr), -1);
	/* The first of the array may be the best. */
	blocks[0].movable = true;
	blocks[0].used_pages = 1;
	blocks[3].backoff = false;
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, nr), 0);
	blocks[0].used_pages = blocks[3].used_pages;
	blocks[0].id = 14;
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, nr), 0);
}

static void plan_online(struct kunit *test)
{
	struct aero_block_info blocks[] = {
		{ .id = 5, .online = true, .movable = true },
		{ .id = 6, .online = false, .held = true },
		{ .id = 7, .online = false, .backoff = true },
		{ .id = 20, .online = false },
		{ .id = 15, .online = false },
		{ .id = 25, .online = false },
	};
	const unsigned int nr = ARRAY_SIZE(blocks);

	KUNIT_EXPECT_EQ(test, aero_plan_online(blocks, 0), -1);
	KUNIT_EXPECT_EQ(test, aero_plan_online(blocks, 3), -1);
	KUNIT_EXPECT_EQ(test, aero_plan_online(blocks, nr), 4);
	blocks[4].online = true;
	KUNIT_EXPECT_EQ(test, aero_plan_online(blocks, nr), 3);
	KUNIT_EXPECT_EQ(test, aero_plan_online(blocks + 3, 3), 0);
}

/* Blocks go and come back in the reverse order, and in any order of the array. */
static void plan_last_in_first_out(struct kunit *test)
{
	struct aero_block_info blocks[16] = { };
	int gone[16], i, next;

	for (i = 0; i < 16; i++)
		blocks[i] = (struct aero_block_info){
			.id = (i * 5) % 16, .pages = BLOCK, .online = true, .movable = true,
		};
	for (i = 0; i < 16; i++) {
		gone[i] = aero_plan_offline(blocks, 16);
		KUNIT_ASSERT_GE(test, gone[i], 0);
		blocks[gone[i]].online = false;
	}
	KUNIT_EXPECT_EQ(test, aero_plan_offline(blocks, 16), -1);
	for (i = 15; i >= 0; i--) {
		next = aero_plan_online(blocks, 16);
		KUNIT_ASSERT_EQ(test, next, gone[i]);
		blocks[next].online = true;
	}
}

static void plan_goal(struct kunit *test)
{
	static const struct {
		u64 reclaimed, free, reserve, offline, goal;
	} cases[] = {
		/* Nothing reclaimed, nothing goes. */
		{ 0, 100 * BLOCK, BLOCK, 0, 0 },
		/* Whole blocks of what was reclaimed. */
		{ BLOCK - 1, 100 * BLOCK, BLOCK, 0, 0 },
		{ BLOCK, 100 * BLOCK, BLOCK, 0, BLOCK },
		{ 4 * BLOCK - 1, 100 * BLOCK, BLOCK, 0, 3 * BLOCK },
		{ 4 * BLOCK, 100 * BLOCK, BLOCK, 3 * BLOCK, 4 * BLOCK },
		/* A block above the reserve stays free. */
		{ 9 * BLOCK, 3 * BLOCK, BLOCK, 0, BLOCK },
		{ 9 * BLOCK, 3 * BLOCK - 1, BLOCK, 0, 0 },
		{ 9 * BLOCK, 2 * BLOCK, BLOCK, BLOCK, BLOCK },
		/* Between that and the reserve nothing moves. */
		{ 9 * BLOCK, BLOCK, BLOCK, BLOCK, BLOCK },
		/* The reserve is touched: as many as it takes. */
		{ 9 * BLOCK, BLOCK - 1, BLOCK, 4 * BLOCK, 3 * BLOCK },
		{ 9 * BLOCK, 0, 2 * BLOCK, 4 * BLOCK, 2 * BLOCK },
		{ 9 * BLOCK, 0, 2 * BLOCK + 1, 4 * BLOCK, BLOCK },
		{ 9 * BLOCK, 0, 20 * BLOCK, 4 * BLOCK, 0 },
		/* VMs get memory back: blocks come first. */
		{ 4 * BLOCK, 9 * BLOCK, BLOCK, 4 * BLOCK, 4 * BLOCK },
		{ 4 * BLOCK - BLOCK / 16, 9 * BLOCK, BLOCK, 4 * BLOCK, 4 * BLOCK },
		{ 4 * BLOCK - BLOCK / 16 - 1, 9 * BLOCK, BLOCK, 4 * BLOCK, 3 * BLOCK },
		{ 2 * BLOCK - 1, 9 * BLOCK, BLOCK, 4 * BLOCK, BLOCK },
		{ 0, 9 * BLOCK, BLOCK, 4 * BLOCK, 0 },
		/* Both: the worse. */
		{ 3 * BLOCK, 0, 3 * BLOCK, 4 * BLOCK, BLOCK },
		{ BLOCK, BLOCK - 1, BLOCK, 4 * BLOCK, BLOCK },
		/* The last, even if it is less than a block. */
		{ 0, 9 * BLOCK, BLOCK, BLOCK / 2, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, aero_plan_goal(cases[i].reclaimed, cases[i].free,
							 cases[i].reserve, BLOCK,
							 cases[i].offline),
				    cases[i].goal, "case %u", i);
	KUNIT_EXPECT_EQ(test, aero_plan_goal(BLOCK, BLOCK, 0, 0, 7), 7ULL);
}

/* Whatever the host is like: what is promised, and it comes to rest at once. */
static void plan_goal_properties(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, 42);
	for (round = 0; round < 50000; round++) {
		u64 block = 1ULL << aero_test_random(&rnd, 19);
		u64 reclaimed = aero_test_random(&rnd, 1ULL << aero_test_random(&rnd, 40));
		u64 reserve = aero_test_random(&rnd, 1ULL << aero_test_random(&rnd, 24));
		u64 free = aero_test_random(&rnd, 1ULL << aero_test_random(&rnd, 40));
		u64 offline = aero_test_random(&rnd, 100) * block;
		u64 goal = aero_plan_goal(reclaimed, free, reserve, block, offline);
		u64 rest;

		div64_u64_rem(goal, block, &rest);
		KUNIT_ASSERT_EQ_MSG(test, rest, 0ULL, "round %u", round);
		KUNIT_ASSERT_LE_MSG(test, goal, reclaimed + block / 16, "round %u", round);
		if (goal > offline) {
			KUNIT_ASSERT_LE_MSG(test, goal, reclaimed, "round %u", round);
			KUNIT_ASSERT_GE_MSG(test, free - (goal - offline), reserve + block,
					    "round %u", round);
		}
		if (goal < offline && goal)
			KUNIT_ASSERT_TRUE_MSG(test, free + (offline - goal) >= reserve,
					      "round %u", round);
		if (free < reserve)
			KUNIT_ASSERT_TRUE_MSG(test, !offline || goal < offline, "round %u", round);
		/* Done as planned, the plan is done. */
		free = free + offline - goal;
		KUNIT_ASSERT_EQ_MSG(test, aero_plan_goal(reclaimed, free, reserve, block, goal),
				    goal, "round %u", round);
	}
}

static void plan_backoff(struct kunit *test)
{
	static const u32 seconds[] = { 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(seconds); i++)
		KUNIT_EXPECT_EQ(test, aero_plan_backoff_ms(i), seconds[i] * 1000);
	KUNIT_EXPECT_EQ(test, aero_plan_backoff_ms(100), 900000U);
	KUNIT_EXPECT_EQ(test, aero_plan_backoff_ms(~0U), 900000U);
}

static struct kunit_case aero_plan_cases[] = {
	KUNIT_CASE(plan_offline),
	KUNIT_CASE(plan_online),
	KUNIT_CASE(plan_last_in_first_out),
	KUNIT_CASE(plan_goal),
	KUNIT_CASE(plan_goal_properties),
	KUNIT_CASE(plan_backoff),
	{ }
};

static struct kunit_suite aero_plan_suite = {
	.name = "aerostat_plan",
	.test_cases = aero_plan_cases,
};

kunit_test_suite(aero_plan_suite);
