// SPDX-License-Identifier: GPL-2.0
/* Tests of energy.c, which includes this file. */
#include <kunit/test.h>
#include <linux/limits.h>

#include "random.h"

#define AERO_TEST_S	1000000000ULL

static void energy_mean_power(struct kunit *test)
{
	struct aero_energy energy = { };
	s64 uw = -1;

	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 7000, 0, 5 * AERO_TEST_S, &uw), -ENODATA);
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 7000 + 3000000, 0, 7 * AERO_TEST_S, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 1500000LL);
	/* Too soon: what was known; and that energy is not lost. */
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 7000 + 3000050, 0,
					       7 * AERO_TEST_S + 1000000, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 1500000LL);
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 7000 + 5000000, 0, 8 * AERO_TEST_S, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 2000000LL);
	/* It stands still. */
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 7000 + 5000000, 0, 9 * AERO_TEST_S, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 0LL);
}

static void energy_wraps_and_resets(struct kunit *test)
{
	struct aero_energy energy = { };
	s64 uw = -1;

	aero_energy_step(&energy, 900000, 1000000, AERO_TEST_S, &uw);
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 400000, 1000000, 2 * AERO_TEST_S, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 500000LL);
	/* Without a range it was a reset: begin anew. */
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 100000, 0, 3 * AERO_TEST_S, &uw), -ENODATA);
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 300000, 0, 4 * AERO_TEST_S, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 200000LL);
	/* A counter beyond its range has none; a machine that slept has wrapped who knows how often. */
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 100000, 200000, 5 * AERO_TEST_S, &uw), -ENODATA);
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 200000, 200000, 5000 * AERO_TEST_S, &uw), -ENODATA);
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, U64_MAX, 0, 5001 * AERO_TEST_S, &uw), -ENODATA);
}

/* Whatever a counter's range and pace: the sum of power by time is the energy. */
static void energy_is_conserved(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int round, i;

	prandom_seed_state(&rnd, 21);
	for (round = 0; round < 200; round++) {
		u64 range = 100000000 + aero_test_random(&rnd, 100000000000ULL), all = 0, sum = 0, rest;
		u64 now = aero_test_random(&rnd, 1ULL << 50), ms;
		struct aero_energy energy = { };
		s64 uw = 0;

		all = aero_test_random(&rnd, range - 1);
		rest = all;
		aero_energy_step(&energy, rest, range, now, &uw);
		for (i = 0; i < 100; i++) {
			u64 drawn = aero_test_random(&rnd, range / 2);

			ms = 1000 + aero_test_random(&rnd, 59000);
			all += drawn;
			now += ms * 1000000;
			div64_u64_rem(all, range, &rest);
			KUNIT_ASSERT_EQ_MSG(test, aero_energy_step(&energy, rest, range, now, &uw), 0,
					    "round %u", round);
			sum = div_u64((u64)uw * ms, 1000);
			KUNIT_ASSERT_LE_MSG(test, sum, drawn, "round %u", round);
			KUNIT_ASSERT_GE_MSG(test, sum + 60, drawn, "round %u", round);
		}
	}
}

static struct kunit_case aero_energy_cases[] = {
	KUNIT_CASE(energy_mean_power),
	KUNIT_CASE(energy_wraps_and_resets),
	KUNIT_CASE(energy_is_conserved),
	{ }
};

static struct kunit_suite aero_energy_suite = {
	.name = "aerostat_energy",
	.test_cases = aero_energy_cases,
};

kunit_test_suite(aero_energy_suite);
