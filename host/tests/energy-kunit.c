// SPDX-License-Identifier: GPL-2.0
/* Tests of energy.c, which includes this file. */
#include <kunit/test.h>
#include <linux/limits.h>

#include "random.h"

static int aero_test_count(struct aero_energy *energy, u64 uj, u64 range, u64 ms, s64 *uw)
{
	return aero_energy_step(energy, uj, range, ms * 1000000, uw);
}

static void energy_mean_power(struct kunit *test)
{
	struct aero_energy energy = { };
	s64 uw = -1;

	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 7000, 0, 5000, &uw), -ENODATA);
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 3007000, 0, 7000, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 1500000LL);
	/* Too soon: what was known; and that energy is not lost. */
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 3007050, 0, 7001, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 1500000LL);
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 5007000, 0, 8000, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 2000000LL);
	/* It stands still. */
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 5007000, 0, 9000, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 0LL);
}

/* Times are no whole milliseconds; the shortest and the greatest that there are. */
static void energy_short_times(struct kunit *test)
{
	struct aero_energy energy = { };
	s64 uw = -1;

	aero_energy_step(&energy, 0, 0, 0, &uw);
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 5099900, 0, 50999000, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 100000000LL);
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, 10149900, 0, 101499999, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 100000000LL);
	energy = (struct aero_energy){ };
	aero_energy_step(&energy, 0, 0, 0, &uw);
	KUNIT_EXPECT_EQ(test, aero_energy_step(&energy, AERO_ENERGY_MAX_UJ, 0,
					       AERO_ENERGY_MAX_US * 1000, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 10000000000LL);
}

static void energy_wraps_and_resets(struct kunit *test)
{
	struct aero_energy energy = { };
	s64 uw = -1;

	aero_test_count(&energy, 900000, 1000000, 1000, &uw);
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 400000, 1000000, 2000, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 500000LL);
	/* Without a range it was a reset: begin anew. */
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 100000, 0, 3000, &uw), -ENODATA);
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 300000, 0, 4000, &uw), 0);
	KUNIT_EXPECT_EQ(test, uw, 200000LL);
	/* Beyond its range there is none; after long nobody knows how often it has wrapped. */
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 100000, 200000, 5000, &uw), -ENODATA);
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, 200000, 200000, 5000000, &uw), -ENODATA);
	KUNIT_EXPECT_EQ(test, aero_test_count(&energy, U64_MAX, 0, 5001000, &uw), -ENODATA);
}

/* Whatever a counter's range and pace: the sum of power by time is the energy. */
static void energy_is_conserved(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int round, i;

	prandom_seed_state(&rnd, 21);
	for (round = 0; round < 200; round++) {
		u64 range = 100000000 + aero_test_random(&rnd, 100000000000ULL);
		u64 now = aero_test_random(&rnd, 1ULL << 50), all, sum, rest, ms;
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
			KUNIT_ASSERT_EQ(test, aero_energy_step(&energy, rest, range, now, &uw), 0);
			sum = div_u64((u64)uw * ms, 1000);
			KUNIT_ASSERT_LE_MSG(test, sum, drawn, "round %u", round);
			KUNIT_ASSERT_GE_MSG(test, sum + 60, drawn, "round %u", round);
		}
	}
}

static struct kunit_case aero_energy_cases[] = {
	KUNIT_CASE(energy_mean_power),
	KUNIT_CASE(energy_short_times),
	KUNIT_CASE(energy_wraps_and_resets),
	KUNIT_CASE(energy_is_conserved),
	{ }
};

static struct kunit_suite aero_energy_suite = {
	.name = "aerostat_energy",
	.test_cases = aero_energy_cases,
};

kunit_test_suite(aero_energy_suite);
