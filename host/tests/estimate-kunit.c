// SPDX-License-Identifier: GPL-2.0
/* Tests of estimate.c, which includes this file. */
#include <kunit/test.h>

#include "random.h"

#define SAMPLES	100U	/* the default */
#define RUNS	2000

/* Samples that hit a working set of so many permille. */
static u32 estimate_draw(struct rnd_state *rnd, u32 samples, u32 permille)
{
	u32 used = 0, i;

	for (i = 0; i < samples; i++)
		used += aero_test_random(rnd, 999) < permille;
	return used;
}

static void estimate_periods(struct rnd_state *rnd, struct aero_estimate *estimate, u32 permille,
			     unsigned int periods)
{
	while (periods--)
		aero_estimate_step(estimate, estimate_draw(rnd, SAMPLES, permille), SAMPLES);
}

/* As promised: within ten points after three periods at the defaults, and hardly biased. */
static void estimate_after_three_periods(struct kunit *test)
{
	static const u32 levels[] = { 0, 50, 250, 500, 750, 950, 1000 };
	struct rnd_state rnd;
	unsigned int i, run;

	prandom_seed_state(&rnd, 6);
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		s64 sum = 0, off = 0, covered = 0;

		for (run = 0; run < RUNS; run++) {
			struct aero_estimate estimate = { };
			s64 error;

			estimate_periods(&rnd, &estimate, levels[i], 3);
			error = (s64)aero_estimate_permille(&estimate) - levels[i];
			sum += error;
			off += error > 100 || error < -100;
			error = error < 0 ? -error : error;
			covered += error <= aero_estimate_error(&estimate);
		}
		KUNIT_EXPECT_LE(test, off, RUNS / 500);
		KUNIT_EXPECT_LE(test, sum / RUNS, 15);
		KUNIT_EXPECT_GE(test, sum / RUNS, -15);
		KUNIT_EXPECT_GE(test, covered, RUNS * 92 / 100);
	}
}

static void estimate_grows_at_once(struct kunit *test)
{
	struct aero_estimate estimate = { };
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 7);
	estimate_periods(&rnd, &estimate, 100, AERO_ESTIMATE_SLOW);
	KUNIT_EXPECT_LE(test, aero_estimate_permille(&estimate), 200);
	/* All of it is in use now, and half of the samples have shown it. */
	aero_estimate_peek(&estimate, SAMPLES / 2, SAMPLES);
	KUNIT_EXPECT_GE(test, aero_estimate_permille(&estimate), 390);
	aero_estimate_step(&estimate, SAMPLES, SAMPLES);
	KUNIT_EXPECT_GE(test, aero_estimate_permille(&estimate), 500);
	aero_estimate_step(&estimate, SAMPLES, SAMPLES);
	KUNIT_EXPECT_GE(test, aero_estimate_permille(&estimate), 750);
}

static void estimate_shrinks_gradually(struct kunit *test)
{
	struct aero_estimate estimate = { };
	struct rnd_state rnd;
	u32 before = 1000;
	unsigned int i;

	prandom_seed_state(&rnd, 8);
	estimate_periods(&rnd, &estimate, 1000, AERO_ESTIMATE_SLOW);
	KUNIT_EXPECT_EQ(test, aero_estimate_permille(&estimate), 1000);
	for (i = 0; i < 4 * AERO_ESTIMATE_SLOW; i++) {
		aero_estimate_step(&estimate, 0, SAMPLES);
		KUNIT_EXPECT_LE(test, aero_estimate_permille(&estimate), before);
		KUNIT_EXPECT_GE(test, aero_estimate_permille(&estimate), before * 3 / 4);
		before = aero_estimate_permille(&estimate);
	}
	KUNIT_EXPECT_LE(test, before, 20);
}

/* A period that shows little is no reason to take back what the averages say. */
static void estimate_peek_never_lowers(struct kunit *test)
{
	struct aero_estimate estimate = { };
	u32 before;

	aero_estimate_step(&estimate, 60, SAMPLES);
	before = aero_estimate_permille(&estimate);
	aero_estimate_peek(&estimate, 0, SAMPLES);
	KUNIT_EXPECT_EQ(test, aero_estimate_permille(&estimate), before);
	KUNIT_EXPECT_EQ(test, before, 600);
}

static void estimate_extremes(struct kunit *test)
{
	static const u32 numbers[] = { 0, 1, 2, 99, 100, 101, 1024, U32_MAX - 4 };
	struct aero_estimate estimate = { };
	unsigned int i, j;

	/* Without samples nothing is learnt. */
	aero_estimate_step(&estimate, 10, 0);
	KUNIT_EXPECT_EQ(test, estimate.periods, 0);
	KUNIT_EXPECT_EQ(test, aero_estimate_permille(&estimate), 0);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		for (j = 0; j < ARRAY_SIZE(numbers); j++) {
			aero_estimate_peek(&estimate, numbers[i], numbers[j]);
			KUNIT_EXPECT_LE(test, aero_estimate_permille(&estimate), 1000);
			aero_estimate_step(&estimate, numbers[i], numbers[j]);
			KUNIT_EXPECT_LE(test, aero_estimate_permille(&estimate), 1000);
			KUNIT_EXPECT_LE(test, aero_estimate_error(&estimate), 1000);
		}
	}
}

static struct kunit_case aero_estimate_cases[] = {
	KUNIT_CASE(estimate_after_three_periods),
	KUNIT_CASE(estimate_grows_at_once),
	KUNIT_CASE(estimate_shrinks_gradually),
	KUNIT_CASE(estimate_peek_never_lowers),
	KUNIT_CASE(estimate_extremes),
	{ }
};

static struct kunit_suite aero_estimate_suite = {
	.name = "aerostat_estimate",
	.test_cases = aero_estimate_cases,
};

kunit_test_suite(aero_estimate_suite);
