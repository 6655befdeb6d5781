// SPDX-License-Identifier: GPL-2.0
/* Tests of reading.c, which includes this file. */
#include <kunit/test.h>

#include "random.h"

static void reading_level(struct kunit *test)
{
	struct aero_reading hot = {
		.low = 50, .high = 60, .emergency = 80, .has_emergency = true, .usable = true,
	};
	struct aero_reading charge = {
		.low = 800, .high = 300, .emergency = 100, .has_emergency = true,
		.less_is_worse = true, .usable = true,
	};
	static const struct {
		s64 hot, charge;
		enum aero_level level;
	} cases[] = {
		{ 49, 801, AERO_LEVEL_LOW },
		{ 50, 800, AERO_LEVEL_HOLD },
		{ 59, 301, AERO_LEVEL_HOLD },
		{ 60, 300, AERO_LEVEL_HIGH },
		{ 79, 101, AERO_LEVEL_HIGH },
		{ 80, 100, AERO_LEVEL_EMERGENCY },
		{ S64_MAX, S64_MIN, AERO_LEVEL_EMERGENCY },
		{ S64_MIN, S64_MAX, AERO_LEVEL_LOW },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		hot.value = cases[i].hot;
		charge.value = cases[i].charge;
		KUNIT_EXPECT_EQ_MSG(test, aero_reading_level(&hot), cases[i].level, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, aero_reading_level(&charge), cases[i].level,
				    "case %u", i);
	}
	hot.value = 90;
	hot.has_emergency = false;
	KUNIT_EXPECT_EQ(test, aero_reading_level(&hot), AERO_LEVEL_HIGH);
	hot.usable = false;
	KUNIT_EXPECT_EQ(test, aero_reading_level(&hot), AERO_LEVEL_NONE);
}

static void reading_excess(struct kunit *test)
{
	struct aero_reading r = {
		.low = 50, .high = 60, .emergency = 80, .has_emergency = true, .usable = true,
	};

	r.value = 59;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 0U);
	r.value = 60;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 0U);
	r.value = 65;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 250U);
	r.value = 80;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 1000U);
	r.value = 100;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 2000U);
	/* Without an emergency threshold the scale is low to high. */
	r.has_emergency = false;
	r.value = 65;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 500U);
	/* No scale, no excess. */
	r.low = r.high;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 0U);
	/* A charge. */
	r = (struct aero_reading){
		.value = 200, .low = 800, .high = 300, .emergency = 100, .has_emergency = true,
		.less_is_worse = true, .usable = true,
	};
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 500U);
	r.usable = false;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 0U);
	/* The ends of the numbers. */
	r = (struct aero_reading){
		.value = S64_MAX, .high = S64_MIN, .emergency = S64_MAX, .has_emergency = true,
		.usable = true,
	};
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 1000U);
	r.emergency = S64_MIN + 1;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), 0U);	/* span lost in scaling */
	r.emergency = S64_MIN + 1000000;
	KUNIT_EXPECT_EQ(test, aero_reading_excess(&r), AERO_EXCESS_MAX);
}

/* A power, high at 60 W, 4096 W to the GiB: 64 pages to the watt. */
static const struct aero_reading aero_test_power = {
	.low = 52 * 1000000, .high = 60 * 1000000, .uw_per_gib = 4096ULL * 1000000,
	.usable = true,
};

static void reading_needed_and_spare(struct kunit *test)
{
	struct aero_reading r = aero_test_power;
	static const struct {
		u32 watt, needed, spare;
	} cases[] = {
		{ 0, 0, 56 * 64 }, { 50, 0, 6 * 64 }, { 55, 0, 64 }, { 56, 0, 0 }, { 57, 0, 0 },
		{ 59, 0, 0 }, { 60, 64 + 1, 0 }, { 80, 21 * 64 + 1, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		r.value = cases[i].watt * 1000000LL;
		KUNIT_EXPECT_EQ_MSG(test, aero_reading_needed(&r), (u64)cases[i].needed,
				    "%u W", cases[i].watt);
		KUNIT_EXPECT_EQ_MSG(test, aero_reading_spare(&r), (u64)cases[i].spare,
				    "%u W", cases[i].watt);
	}
	/* The mean counts, not what is read at the moment, once there is one. */
	r.value = 80 * 1000000;
	r.steady = 70 * 1000000;
	KUNIT_EXPECT_EQ(test, aero_reading_needed(&r), 21ULL * 64 + 1);
	r.is_steady = true;
	KUNIT_EXPECT_EQ(test, aero_reading_needed(&r), 11ULL * 64 + 1);
	/* What is not known cannot be fed forward. */
	r.uw_per_gib = 0;
	KUNIT_EXPECT_EQ(test, aero_reading_needed(&r), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_reading_spare(&r), 0ULL);
}

/* What is asked for is what it takes: with it the power is within the band. */
static void reading_needed_is_enough(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 5);
	for (i = 0; i < 20000; i++) {
		struct aero_reading r = { .usable = true };
		s64 after;

		r.low = aero_test_random(&rnd, 500000000);
		r.high = r.low + aero_test_random(&rnd, 100000000);
		r.uw_per_gib = 1 + aero_test_random(&rnd, 100000000);
		r.value = aero_test_random(&rnd, 1000000000);
		after = r.value - (s64)div_u64(aero_reading_needed(&r) * r.uw_per_gib, 1 << 18);
		if (r.value >= r.high) {
			KUNIT_ASSERT_LE_MSG(test, after, r.high - (r.high - r.low) / 8,
					    "round %u", i);
			KUNIT_ASSERT_GE_MSG(test, after, r.high - (r.high - r.low) / 8 - 2000,
					    "round %u", i);
			KUNIT_ASSERT_EQ_MSG(test, aero_reading_spare(&r), 0ULL, "round %u", i);
			continue;
		}
		KUNIT_ASSERT_EQ_MSG(test, aero_reading_needed(&r), 0ULL, "round %u", i);
		after = r.value + (s64)div_u64(aero_reading_spare(&r) * r.uw_per_gib, 1 << 18);
		if (aero_reading_spare(&r))
			KUNIT_ASSERT_LE_MSG(test, after, r.high - (r.high - r.low) / 2,
					    "round %u", i);
	}
}

static void reading_extremes(struct kunit *test)
{
	struct aero_reading r = aero_test_power;

	r.uw_per_gib = 1;
	r.value = S64_MAX;
	KUNIT_EXPECT_EQ(test, aero_reading_needed(&r), 1000000000000ULL * (1 << 18) + 1);
	r.high = S64_MIN;
	r.low = S64_MIN;
	KUNIT_EXPECT_EQ(test, aero_reading_needed(&r), 1000000000000ULL * (1 << 18) + 1);
	r.value = S64_MIN;
	r.high = S64_MAX;
	KUNIT_EXPECT_EQ(test, aero_reading_spare(&r), 1000000000000ULL * (1 << 18));
	r.uw_per_gib = U64_MAX;
	KUNIT_EXPECT_EQ(test, aero_reading_spare(&r), 0ULL);
}

static void reading_ineffective(struct kunit *test)
{
	struct aero_reading r = aero_test_power;

	r.value = 70 * 1000000;
	KUNIT_EXPECT_EQ(test, aero_reading_demand(&r), AERO_LEVEL_HIGH);
	KUNIT_EXPECT_FALSE(test, aero_reading_in_vain(&r));
	r.ineffective = true;
	KUNIT_EXPECT_EQ(test, aero_reading_level(&r), AERO_LEVEL_HIGH);
	KUNIT_EXPECT_EQ(test, aero_reading_demand(&r), AERO_LEVEL_LOW);
	KUNIT_EXPECT_TRUE(test, aero_reading_in_vain(&r));
	r.value = 55 * 1000000;
	KUNIT_EXPECT_EQ(test, aero_reading_demand(&r), AERO_LEVEL_LOW);
	KUNIT_EXPECT_FALSE(test, aero_reading_in_vain(&r));
	r.usable = false;
	KUNIT_EXPECT_EQ(test, aero_reading_demand(&r), AERO_LEVEL_NONE);
}

static void reading_names(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, aero_level_name(AERO_LEVEL_NONE), "none");
	KUNIT_EXPECT_STREQ(test, aero_level_name(AERO_LEVEL_EMERGENCY), "emergency");
	KUNIT_EXPECT_STREQ(test, aero_level_name(AERO_LEVEL_EMERGENCY + 1), "unknown");
}

static struct kunit_case aero_reading_cases[] = {
	KUNIT_CASE(reading_level),
	KUNIT_CASE(reading_excess),
	KUNIT_CASE(reading_needed_and_spare),
	KUNIT_CASE(reading_needed_is_enough),
	KUNIT_CASE(reading_extremes),
	KUNIT_CASE(reading_ineffective),
	KUNIT_CASE(reading_names),
	{ }
};

static struct kunit_suite aero_reading_suite = {
	.name = "aerostat_reading",
	.test_cases = aero_reading_cases,
};

kunit_test_suite(aero_reading_suite);
