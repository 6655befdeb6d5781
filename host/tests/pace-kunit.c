// SPDX-License-Identifier: GPL-2.0
/* Tests of pace.c, which includes this file. */
#include <kunit/test.h>

#include "random.h"

#define PERCENT	AERO_PACE_PERCENT

#define STEP(pace, elapsed, spent, target, balloon)				\
	aero_pace_step(pace, PERCENT, elapsed, spent, target, balloon)

static void pace_asked_for(struct kunit *test)
{
	struct aero_pace pace;
	u64 balloon;

	aero_pace_init(&pace);
	/* Busy all the time, but with what the host asked for. */
	for (balloon = 0; balloon < 100000; balloon += 100)
		KUNIT_EXPECT_EQ(test, STEP(&pace, 5000, 5000, 100000, balloon), 0);
	/* And back. */
	for (; balloon; balloon -= 100)
		KUNIT_EXPECT_EQ(test, STEP(&pace, 5000, 5000, 0, balloon - 100), 0);
	KUNIT_EXPECT_EQ(test, pace.debt_us, 0);
}

static void pace_burst(struct kunit *test)
{
	struct aero_pace pace;
	unsigned int i;

	aero_pace_init(&pace);
	/* A guest that serves its OOM killer goes away from the target; it does so for a moment. */
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, STEP(&pace, 10000, 10000, 1000, 0), 0);
	for (i = 0; i < 10; i++)
		STEP(&pace, 10000, 10000, 1000, 0);
	KUNIT_EXPECT_GT(test, STEP(&pace, 10000, 10000, 1000, 0), 0);
	/* All is forgotten after a while of doing nothing. */
	STEP(&pace, 100 / PERCENT * AERO_PACE_BURST_US + AERO_PACE_WAIT_MAX_US, 0, 1000, 0);
	KUNIT_EXPECT_EQ(test, pace.debt_us, 0);
}

static void pace_to_and_fro(struct kunit *test)
{
	struct aero_pace pace;
	u64 wall = 0, spent = 0;
	unsigned int i;

	aero_pace_init(&pace);
	/* Inflating counts once only, however often it is done. */
	for (i = 0; i < 10000; i++) {
		u32 wait = STEP(&pace, 4000, 4000, 1000, i % 2 ? 900 : 100);

		spent += 4000;
		wall += 4000 + wait;
		pace.debt_us -= min_t(u64, pace.debt_us, wait * PERCENT / 100);
	}
	KUNIT_EXPECT_LE(test, spent * 100,
			(wall + 2ULL * AERO_PACE_BURST_US * 100 / PERCENT) * PERCENT);
}

static void pace_properties(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 7);
	for (i = 0; i < 2000; i++) {
		u64 wall = 0, spent = 0, wasted = 0, target = 0, closest = U64_MAX;
		unsigned int n;
		struct aero_pace pace;
		u32 wait = 0;

		aero_pace_init(&pace);
		for (n = 0; n < 50; n++) {
			u64 cost = aero_test_random(&rnd, 19999);
			u64 balloon = aero_test_random(&rnd, 4999);
			u64 off;

			if (aero_test_once_in(&rnd, 20)) {
				target = aero_test_random(&rnd, 4999);
				closest = U64_MAX;
			}
			off = target > balloon ? target - balloon : balloon - target;
			if (off >= closest)
				wasted += cost;
			closest = min(closest, off);
			spent += cost;
			wall += wait + cost;
			wait = STEP(&pace, wait + cost, cost, target, balloon);
			KUNIT_ASSERT_LE(test, wait, AERO_PACE_WAIT_MAX_US);
		}
		/* Who waits as told wastes no more, but for one burst and one piece. */
		KUNIT_ASSERT_LE(test, wasted,
				wall * PERCENT / 100 + AERO_PACE_BURST_US + 20000);
	}
}

static void pace_extremes(struct kunit *test)
{
	struct aero_pace pace;

	aero_pace_init(&pace);
	KUNIT_EXPECT_EQ(test, STEP(&pace, U64_MAX, U64_MAX, U64_MAX, 1), 0);
	KUNIT_EXPECT_LE(test, STEP(&pace, 0, U64_MAX, U64_MAX, 0), AERO_PACE_WAIT_MAX_US);
	KUNIT_EXPECT_LE(test, STEP(&pace, 0, U64_MAX, U64_MAX, 0), AERO_PACE_WAIT_MAX_US);
	KUNIT_EXPECT_EQ(test, STEP(&pace, U64_MAX, 0, 0, U64_MAX), 0);
}

static void pace_no_limit(struct kunit *test)
{
	struct aero_pace pace;
	unsigned int i;

	aero_pace_init(&pace);
	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_EQ(test, aero_pace_step(&pace, 100, 50000, 50000, 1000, 0), 0);
}

/* One hello after the other is waste; what a new driver gives is not. */
static void pace_hello(struct kunit *test)
{
	struct aero_pace pace;
	u64 waited = 0;
	int i;

	aero_pace_init(&pace);
	for (i = 0; i < 1000; i++) {
		aero_pace_hello(&pace);
		waited += STEP(&pace, 1000, 1000, 100, 0);
	}
	KUNIT_EXPECT_GT(test, waited, 1000000ULL);
	KUNIT_EXPECT_GT(test, pace.debt_us, 0ULL);
	aero_pace_init(&pace);
	aero_pace_hello(&pace);
	STEP(&pace, 1000, 1000, 100, 0);
	for (i = 1; i <= 100; i++)
		KUNIT_EXPECT_EQ(test, STEP(&pace, 10000, 10000, 100, i), 0);
}

/* Nor does a hello buy any work that is waste, or the same work once more. */
static void pace_hello_buys_nothing(struct kunit *test)
{
	struct aero_pace pace;
	u64 wall = 0, spent = 0;
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		u32 wait;

		if (!(i % 10000))
			aero_pace_init(&pace);
		if (i % 2 == 0)
			aero_pace_hello(&pace);
		/* First nothing but NOPs, then to the target and away again. */
		wait = STEP(&pace, 2000, 2000, 100, i < 10000 || i % 2 == 0 ? 0 : 100);
		spent += 2000;
		wall += 2000 + wait;
		STEP(&pace, wait, 0, 100, i < 10000 || i % 2 == 0 ? 0 : 100);
	}
	KUNIT_EXPECT_LE(test, spent * 100, wall * PERCENT * 3 / 2);
}

static struct kunit_case aero_pace_cases[] = {
	KUNIT_CASE(pace_hello),
	KUNIT_CASE(pace_hello_buys_nothing),
	KUNIT_CASE(pace_asked_for),
	KUNIT_CASE(pace_burst),
	KUNIT_CASE(pace_to_and_fro),
	KUNIT_CASE(pace_properties),
	KUNIT_CASE(pace_extremes),
	KUNIT_CASE(pace_no_limit),
	{ }
};

static struct kunit_suite aero_pace_suite = {
	.name = "aerostat_pace",
	.test_cases = aero_pace_cases,
};

kunit_test_suite(aero_pace_suite);
