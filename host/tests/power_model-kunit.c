// SPDX-License-Identifier: GPL-2.0
/* Tests of power_model.c, which includes this file. */
#include <kunit/test.h>
#include <linux/limits.h>

#include "random.h"

#define GIB	BIT_ULL(30)
#define BLOCK	(128ULL << 20)

static const struct aero_power_params default_params = AERO_POWER_PARAMS_DEFAULT;

static void power_model_defaults(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, aero_power_mw(&default_params, 0, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&default_params, GIB, 0), 103ULL);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&default_params, 0, GIB), 54ULL);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&default_params, 6 * GIB, 2 * GIB), 726ULL);
	KUNIT_EXPECT_EQ(test, aero_power_saved_mw(&default_params, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_power_saved_mw(&default_params, 2 * GIB), 98ULL);
	/* 8 * 128 MiB, with no rounding in each. */
	KUNIT_EXPECT_EQ(test, aero_power_mw(&default_params, 7 * BLOCK, BLOCK), 97ULL);
}

static void power_model_rounding(struct kunit *test)
{
	static const struct aero_power_params one = {
		.active_mw_per_gib = 1, .off_mw_per_gib = 1,
	};

	KUNIT_EXPECT_EQ(test, aero_power_mw(&one, GIB / 2 - 1, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&one, GIB / 2, 0), 1ULL);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&one, GIB + GIB / 2 - 1, 0), 1ULL);
	/* The sum is rounded, not its parts. */
	KUNIT_EXPECT_EQ(test, aero_power_mw(&one, GIB / 4, GIB / 4), 1ULL);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&one, GIB / 4, GIB / 4 - 1), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&one, GIB / 2, GIB / 2), 1ULL);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&one, GIB / 2 - 1, 1), 1ULL);
}

static void power_model_huge(struct kunit *test)
{
	struct aero_power_params params = {
		.active_mw_per_gib = U32_MAX, .off_mw_per_gib = U32_MAX,
	};

	/* All that 52 address bits can name: 2^22 GiB. */
	KUNIT_EXPECT_EQ(test, aero_power_mw(&params, 1ULL << 52, 1ULL << 52),
			(u64)U32_MAX << 23);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&params, (1ULL << 52) - 1, 0),
			((u64)U32_MAX << 22) - 4);
	KUNIT_EXPECT_EQ(test, aero_power_mw(&default_params, 1ULL << 52, 0), 103ULL << 22);
}

static void power_model_off_costs_more(struct kunit *test)
{
	struct aero_power_params params = { .active_mw_per_gib = 50, .off_mw_per_gib = 60 };

	KUNIT_EXPECT_EQ(test, aero_power_saved_mw(&params, GIB), 0ULL);
	params.off_mw_per_gib = 50;
	KUNIT_EXPECT_EQ(test, aero_power_saved_mw(&params, GIB), 0ULL);
	params.off_mw_per_gib = 0;
	KUNIT_EXPECT_EQ(test, aero_power_saved_mw(&params, GIB), 50ULL);
}

/* Against the plain formula, where that fits 64 bits. */
static void power_model_exact(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, 51);
	for (round = 0; round < 20000; round++) {
		struct aero_power_params params = {
			.active_mw_per_gib = aero_test_random(&rnd, 4000),
			.off_mw_per_gib = aero_test_random(&rnd, 4000),
		};
		u64 online = aero_test_random(&rnd, 1ULL << 50);
		u64 offline = aero_test_random(&rnd, 1ULL << 50);
		u64 sum = online * params.active_mw_per_gib + offline * params.off_mw_per_gib;

		KUNIT_ASSERT_EQ_MSG(test, aero_power_mw(&params, online, offline),
				    (sum + GIB / 2) / GIB, "round %u", round);
	}
}

static struct kunit_case aero_power_model_cases[] = {
	KUNIT_CASE(power_model_defaults),
	KUNIT_CASE(power_model_rounding),
	KUNIT_CASE(power_model_huge),
	KUNIT_CASE(power_model_off_costs_more),
	KUNIT_CASE(power_model_exact),
	{ }
};

static struct kunit_suite aero_power_model_suite = {
	.name = "aerostat_power_model",
	.test_cases = aero_power_model_cases,
};

kunit_test_suite(aero_power_model_suite);
