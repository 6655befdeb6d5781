// SPDX-License-Identifier: GPL-2.0
/* Tests of common/rate.h. */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "../../common/rate.h"

#define PAGE	((u64)AERO_PAGE_SIZE)
#define MIB	BIT_ULL(20)
#define SECOND	((u64)AERO_RATE_NSEC_PER_SEC)

static u64 aero_test_u64(struct rnd_state *rnd)
{
	u64 high = prandom_u32_state(rnd);

	return high << 32 | prandom_u32_state(rnd);
}

static void rate_init(struct kunit *test)
{
	struct aero_rate rate;

	memset(&rate, 0xa5, sizeof(rate));
	aero_rate_init(&rate, 4 * MIB, 64 * MIB);
	KUNIT_EXPECT_EQ(test, rate.rate, 4 * MIB);
	KUNIT_EXPECT_EQ(test, rate.min, 4 * MIB);
	KUNIT_EXPECT_EQ(test, rate.max, 64 * MIB);
	KUNIT_EXPECT_EQ(test, rate.credit, 0LL);
	KUNIT_EXPECT_EQ(test, rate.remainder, 0U);
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, 0), 0ULL);
}

static void rate_bounds_from_a_stranger(struct kunit *test)
{
	static const struct {
		u64 min, max, sane_min, sane_max;
	} cases[] = {
		{ 0, 0, AERO_PAGE_SIZE, AERO_PAGE_SIZE },
		{ 0, MIB, AERO_PAGE_SIZE, MIB },
		{ MIB, 0, AERO_PAGE_SIZE, AERO_PAGE_SIZE },
		{ 2 * MIB, MIB, MIB, MIB },
		{ U64_MAX, U64_MAX, AERO_RATE_LIMIT, AERO_RATE_LIMIT },
		{ 1, U64_MAX, AERO_PAGE_SIZE, AERO_RATE_LIMIT },
		{ U64_MAX, 1, AERO_PAGE_SIZE, AERO_PAGE_SIZE },
	};
	struct aero_rate rate;
	unsigned int i;

	aero_rate_init(&rate, MIB, MIB);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		aero_rate_set_bounds(&rate, cases[i].min, cases[i].max);
		KUNIT_EXPECT_EQ_MSG(test, rate.min, cases[i].sane_min, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, rate.max, cases[i].sane_max, "case %u", i);
	}
}

static void rate_follows_bounds(struct kunit *test)
{
	struct aero_rate rate;

	aero_rate_init(&rate, MIB, 64 * MIB);
	aero_rate_set_bounds(&rate, 8 * MIB, 64 * MIB);
	KUNIT_EXPECT_EQ(test, rate.rate, 8 * MIB);
	aero_rate_set_bounds(&rate, MIB, 64 * MIB);
	KUNIT_EXPECT_EQ(test, rate.rate, 8 * MIB);
	aero_rate_budget(&rate, SECOND);
	KUNIT_EXPECT_EQ(test, rate.credit, (s64)(8 * MIB));
	/* What is in the bucket shrinks with it. */
	aero_rate_set_bounds(&rate, MIB, 2 * MIB);
	KUNIT_EXPECT_EQ(test, rate.rate, 2 * MIB);
	KUNIT_EXPECT_EQ(test, rate.credit, (s64)(2 * MIB));
}

static void rate_success_and_failure(struct kunit *test)
{
	struct aero_rate rate;
	unsigned int i;

	/* A sixteenth of the range. */
	aero_rate_init(&rate, 4 * MIB, 36 * MIB);
	aero_rate_success(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, 6 * MIB);
	for (i = 0; i < 14; i++)
		aero_rate_success(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, 34 * MIB);
	aero_rate_success(&rate);
	aero_rate_success(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, 36 * MIB);
	/* Halved, down to the bound. */
	aero_rate_failure(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, 18 * MIB);
	aero_rate_failure(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, 9 * MIB);
	for (i = 0; i < 9; i++)
		aero_rate_failure(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, 4 * MIB);
	/* A narrow range: a quarter of the lower bound. */
	aero_rate_init(&rate, 4 * MIB, 8 * MIB);
	aero_rate_success(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, 5 * MIB);
	/* And a page. */
	aero_rate_init(&rate, PAGE, 4 * PAGE);
	aero_rate_success(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, 2 * PAGE);
	/* No range at all. */
	aero_rate_init(&rate, MIB, MIB);
	aero_rate_success(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, MIB);
	aero_rate_failure(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, MIB);
	/* The greatest. */
	aero_rate_init(&rate, U64_MAX, U64_MAX);
	aero_rate_success(&rate);
	KUNIT_EXPECT_EQ(test, rate.rate, AERO_RATE_LIMIT);
}

static void rate_failure_empties_bucket(struct kunit *test)
{
	struct aero_rate rate;

	aero_rate_init(&rate, MIB, 8 * MIB);
	rate.rate = 8 * MIB;
	aero_rate_budget(&rate, SECOND);
	aero_rate_failure(&rate);
	KUNIT_EXPECT_EQ(test, rate.credit, (s64)(4 * MIB));
	/* A debt stays one. */
	aero_rate_spend(&rate, 12 * MIB);
	aero_rate_failure(&rate);
	KUNIT_EXPECT_EQ(test, rate.credit, -(s64)(8 * MIB));
}

static void rate_burst(struct kunit *test)
{
	struct aero_rate rate;

	aero_rate_init(&rate, MIB, MIB);
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, SECOND / 2), MIB / 2);
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, SECOND), MIB);
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, U64_MAX), MIB);
	aero_rate_spend(&rate, MIB);
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, U64_MAX), MIB);
	/* The fastest. */
	aero_rate_init(&rate, U64_MAX, U64_MAX);
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, U64_MAX), AERO_RATE_LIMIT);
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, SECOND), AERO_RATE_LIMIT);
}

static void rate_overdraft(struct kunit *test)
{
	struct aero_rate rate;

	/* A granule of 8 s worth: may be had once there is a byte, and is paid back. */
	aero_rate_init(&rate, MIB, MIB);
	KUNIT_EXPECT_GT(test, aero_rate_budget(&rate, SECOND), 0ULL);
	aero_rate_spend(&rate, 9 * MIB);
	KUNIT_EXPECT_EQ(test, rate.credit, -(s64)(8 * MIB));
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, 8 * SECOND), 0ULL);
	aero_rate_spend(&rate, 0);
	rate.credit = -(s64)MIB;
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, SECOND), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_rate_budget(&rate, SECOND / 4), MIB / 4);
	/* No debt wraps. */
	aero_rate_spend(&rate, U64_MAX);
	aero_rate_spend(&rate, U64_MAX);
	aero_rate_spend(&rate, U64_MAX);
	KUNIT_EXPECT_EQ(test, rate.credit, -(s64)AERO_RATE_LIMIT);
}

/* In pieces of any length the same as in one: nothing lost, nothing won. */
static void rate_is_exact(struct kunit *test)
{
	static const u64 rates[] = { 4097, 1000003, 999999999, 1000000001, 77777777777 };
	struct aero_rate rate;
	struct rnd_state rnd;
	unsigned int i, j;
	u32 rest, ns;

	prandom_seed_state(&rnd, 61);
	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		u64 spent = 0, elapsed = 0, expected;

		aero_rate_init(&rate, rates[i], rates[i]);
		for (j = 0; j < 20000; j++) {
			u32 piece = prandom_u32_state(&rnd) % (j & 1 ? 1000000 : 100);
			u64 budget = aero_rate_budget(&rate, piece);

			elapsed += piece;
			aero_rate_spend(&rate, budget);
			spent += budget;
		}
		/* The seconds, then the rest of them: all products fit. */
		expected = div_u64_rem(elapsed, AERO_RATE_NSEC_PER_SEC, &ns) * rates[i];
		expected += div_u64_rem(rates[i], AERO_RATE_NSEC_PER_SEC, &rest) * ns;
		expected += div_u64((u64)rest * ns, AERO_RATE_NSEC_PER_SEC);
		KUNIT_EXPECT_EQ_MSG(test, spent, expected, "rate %llu", rates[i]);
	}
}

/* Anything may happen, in any order: the bounds hold. */
static void rate_properties(struct kunit *test)
{
	struct aero_rate rate;
	struct rnd_state rnd;
	unsigned int round;
	u64 budget;

	prandom_seed_state(&rnd, 62);
	aero_rate_init(&rate, MIB, 16 * MIB);
	for (round = 0; round < 50000; round++) {
		switch (prandom_u32_state(&rnd) % 6) {
		case 0:
			aero_rate_set_bounds(&rate,
					     aero_test_u64(&rnd) >> prandom_u32_state(&rnd) % 64,
					     aero_test_u64(&rnd) >> prandom_u32_state(&rnd) % 64);
			break;
		case 1:
		case 2:
			aero_rate_success(&rate);
			break;
		case 3:
			aero_rate_failure(&rate);
			break;
		case 4:
			budget = aero_rate_budget(&rate, aero_test_u64(&rnd) >>
						  prandom_u32_state(&rnd) % 64);
			KUNIT_ASSERT_LE_MSG(test, budget, rate.rate, "round %u", round);
			break;
		case 5:
			aero_rate_spend(&rate, aero_test_u64(&rnd) >> prandom_u32_state(&rnd) % 64);
			break;
		}
		KUNIT_ASSERT_GE_MSG(test, rate.min, PAGE, "round %u", round);
		KUNIT_ASSERT_GE_MSG(test, rate.rate, rate.min, "round %u", round);
		KUNIT_ASSERT_LE_MSG(test, rate.rate, rate.max, "round %u", round);
		KUNIT_ASSERT_LE_MSG(test, rate.max, AERO_RATE_LIMIT, "round %u", round);
		KUNIT_ASSERT_LE_MSG(test, rate.credit, (s64)rate.rate, "round %u", round);
		KUNIT_ASSERT_GE_MSG(test, rate.credit, -(s64)AERO_RATE_LIMIT, "round %u", round);
		KUNIT_ASSERT_LT_MSG(test, rate.remainder, AERO_RATE_NSEC_PER_SEC,
				    "round %u", round);
	}
}

/*
 * Why AIMD: two guests that meet the same scarcity come to the same rate, however
 * unequal they began.
 */
static void rate_is_fair(struct kunit *test)
{
	struct aero_rate a, b;
	u64 sum_a = 0, sum_b = 0;
	unsigned int i;

	aero_rate_init(&a, MIB, 65 * MIB);
	aero_rate_init(&b, MIB, 65 * MIB);
	b.rate = 60 * MIB;
	for (i = 0; i < 200; i++) {
		if (a.rate + b.rate > 64 * MIB) {
			aero_rate_failure(&a);
			aero_rate_failure(&b);
		} else {
			aero_rate_success(&a);
			aero_rate_success(&b);
		}
		if (i >= 100) {
			sum_a += a.rate;
			sum_b += b.rate;
		}
	}
	KUNIT_EXPECT_LT(test, sum_a, sum_b + sum_b / 100);
	KUNIT_EXPECT_LT(test, sum_b, sum_a + sum_a / 100);
	KUNIT_EXPECT_GT(test, sum_a + sum_b, 100 * 40 * MIB);
}

/* Who waits as long as he is told to finds what he waits for, but for the rounding. */
static void rate_wait(struct kunit *test)
{
	static const u64 rates[] = { AERO_PAGE_SIZE, MIB, 64 * MIB, 1024 * MIB, AERO_RATE_LIMIT };
	struct aero_rate rate;
	unsigned int i;
	u64 ms;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		aero_rate_init(&rate, rates[i], rates[i]);
		ms = aero_rate_wait_ms(&rate, rates[i] / 2);
		KUNIT_EXPECT_GE(test, ms, 499ULL);
		/* A thousandth of the slowest rate is 4 bytes and a bit. */
		KUNIT_EXPECT_LE(test, ms, rates[i] >= MIB ? 501ULL : 512ULL);
		KUNIT_EXPECT_GE(test, aero_rate_budget(&rate, ms * 1000000),
				rates[i] / 2 - rates[i] / 500);
	}
	/* Never more than the bucket holds, nor less than nothing. */
	KUNIT_EXPECT_LE(test, aero_rate_wait_ms(&rate, U64_MAX), 1000ULL);
	KUNIT_EXPECT_EQ(test, aero_rate_wait_ms(&rate, 0), 0ULL);
	/* A debt of a second. */
	aero_rate_init(&rate, 64 * MIB, 64 * MIB);
	aero_rate_spend(&rate, 64 * MIB);
	KUNIT_EXPECT_EQ(test, aero_rate_wait_ms(&rate, 0), 1000ULL);
	KUNIT_EXPECT_EQ(test, aero_rate_wait_ms(&rate, U64_MAX), 2000ULL);
}

static struct kunit_case aero_rate_cases[] = {
	KUNIT_CASE(rate_init),
	KUNIT_CASE(rate_bounds_from_a_stranger),
	KUNIT_CASE(rate_follows_bounds),
	KUNIT_CASE(rate_success_and_failure),
	KUNIT_CASE(rate_failure_empties_bucket),
	KUNIT_CASE(rate_burst),
	KUNIT_CASE(rate_overdraft),
	KUNIT_CASE(rate_is_exact),
	KUNIT_CASE(rate_wait),
	KUNIT_CASE(rate_properties),
	KUNIT_CASE(rate_is_fair),
	{ }
};

static struct kunit_suite aero_rate_suite = {
	.name = "aerostat_rate",
	.test_cases = aero_rate_cases,
};

kunit_test_suite(aero_rate_suite);

MODULE_DESCRIPTION("Aerostat: tests of the inflation rate");
MODULE_LICENSE("GPL");
