// SPDX-License-Identifier: GPL-2.0
/* Tests of pressure.c, which includes this file. */
#include <kunit/test.h>
#include <linux/string.h>

#include "random.h"

#define SIZE	1600000ULL	/* margin 100,000; one percent 16,000 */

struct aero_test_guest {
	struct aero_pressure pressure;
	struct aero_pressure_sample sample;
};

/* A guest at ease, seen once. */
static void aero_test_guest_init(struct aero_test_guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	guest->sample.size = SIZE;
	guest->sample.available = SIZE / 2;
	aero_pressure_step(&guest->pressure, &guest->sample, 0);
}

/* Let @seconds pass with these many events in each; the pressure then. */
static u32 aero_test_suffer(struct aero_test_guest *guest, unsigned int seconds, u64 refaults,
			    u64 stalls)
{
	u32 permille = aero_pressure_permille(&guest->pressure);

	while (seconds--) {
		guest->sample.refaults += refaults;
		guest->sample.alloc_stalls += stalls;
		permille = aero_pressure_step(&guest->pressure, &guest->sample, 1000);
	}
	return permille;
}

static void pressure_at_ease(struct kunit *test)
{
	struct aero_test_guest guest;

	aero_test_guest_init(&guest);
	KUNIT_EXPECT_EQ(test, aero_pressure_permille(&guest.pressure), 0U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 60, 0, 0), 0U);
}

static void pressure_first_sample(struct kunit *test)
{
	struct aero_test_guest guest = {
		.sample = {
			.size = SIZE, .available = 50000, .refaults = 1 << 30, .swap_ins = 1 << 30,
			.major_faults = 1 << 30, .alloc_stalls = 1 << 30, .oom = 1 << 30,
		},
	};

	/* What was counted before says nothing; half of the margin is missing now. */
	KUNIT_EXPECT_EQ(test, aero_pressure_step(&guest.pressure, &guest.sample, 1000), 250U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 10, 0, 0), 250U);
}

static void pressure_shortage(struct kunit *test)
{
	static const struct {
		u64 available;
		u32 permille;
	} cases[] = {
		{ U64_MAX, 0 }, { 100000, 0 }, { 80000, 100 }, { 50000, 250 }, { 0, 500 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct aero_test_guest guest = {
			.sample = { .size = SIZE, .available = cases[i].available },
		};

		KUNIT_EXPECT_EQ(test, aero_pressure_step(&guest.pressure, &guest.sample, 1000),
				cases[i].permille);
	}
}

static void pressure_thrashing(struct kunit *test)
{
	struct aero_test_guest guest;

	aero_test_guest_init(&guest);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 1600, 0), 100U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 8000, 0), 500U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 15990, 0), 999U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 16000, 0), 1000U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 10, 1600000, 0), 1000U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 0, 0), 0U);
	/* No size: any read is too much, none is fine. */
	guest.sample.size = 0;
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 0, 0), 0U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 1, 0), 1000U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 0, 0), 0U);
}

/* The same at any pace of sampling. */
static void pressure_rate_is_per_second(struct kunit *test)
{
	struct aero_test_guest guest;
	unsigned int i;

	aero_test_guest_init(&guest);
	for (i = 0; i < 600; i++) {
		guest.sample.refaults += 800;
		aero_pressure_step(&guest.pressure, &guest.sample, 100);
	}
	KUNIT_EXPECT_EQ(test, aero_pressure_permille(&guest.pressure), 500U);
	for (i = 0; i < 60; i++) {
		guest.sample.refaults += 80000;
		aero_pressure_step(&guest.pressure, &guest.sample, 10000);
	}
	KUNIT_EXPECT_EQ(test, aero_pressure_permille(&guest.pressure), 500U);
}

/* Three views of the same reads: the greatest counts. */
static void pressure_one_read_counts_once(struct kunit *test)
{
	struct aero_test_guest guest;
	unsigned int i;

	aero_test_guest_init(&guest);
	for (i = 0; i < 120; i++) {
		guest.sample.refaults += 100;
		guest.sample.swap_ins += 3200;
		guest.sample.major_faults += 200;
		aero_pressure_step(&guest.pressure, &guest.sample, 1000);
	}
	KUNIT_EXPECT_EQ(test, aero_pressure_permille(&guest.pressure), 200U);
	for (i = 0; i < 120; i++) {
		guest.sample.major_faults += 4800;
		aero_pressure_step(&guest.pressure, &guest.sample, 1000);
	}
	KUNIT_EXPECT_EQ(test, aero_pressure_permille(&guest.pressure), 300U);
}

static void pressure_stalls(struct kunit *test)
{
	struct aero_test_guest guest;

	aero_test_guest_init(&guest);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 0, 10), 50U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 0, 100), 500U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 0, 1000000), 500U);
	/* All together, and not more than there is. */
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 4800, 20), 400U);
	guest.sample.available = 50000;
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 4800, 20), 650U);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 120, 12000, 100), 1000U);
}

static void pressure_smooth(struct kunit *test)
{
	struct aero_test_guest guest;
	u32 permille;

	/* One bad second in a good minute is not suffering. */
	aero_test_guest_init(&guest);
	KUNIT_EXPECT_EQ(test, aero_test_suffer(&guest, 1, 16000, 0), 167U);
	permille = aero_test_suffer(&guest, 1, 0, 0);
	KUNIT_EXPECT_LT(test, permille, 167U);
	KUNIT_EXPECT_GT(test, permille, 100U);
	/* A step of no time changes nothing, and loses nothing. */
	guest.sample.refaults += 16000;
	KUNIT_EXPECT_EQ(test, aero_pressure_step(&guest.pressure, &guest.sample, 0), permille);
	KUNIT_EXPECT_GT(test, aero_pressure_step(&guest.pressure, &guest.sample, 1000), permille);
	/* Nor does a very long one overshoot. */
	KUNIT_EXPECT_LE(test, aero_pressure_step(&guest.pressure, &guest.sample, U64_MAX), 50U);
}

static void pressure_oom(struct kunit *test)
{
	struct aero_test_guest guest;
	u32 permille;

	aero_test_guest_init(&guest);
	guest.sample.oom++;
	KUNIT_EXPECT_EQ(test, aero_pressure_step(&guest.pressure, &guest.sample, 1000), 1000U);
	permille = aero_test_suffer(&guest, 1, 0, 0);
	KUNIT_EXPECT_LT(test, permille, 1000U);
	KUNIT_EXPECT_GT(test, permille, 700U);
	KUNIT_EXPECT_LT(test, aero_test_suffer(&guest, 60, 0, 0), 2U);
}

static void pressure_counters_backwards(struct kunit *test)
{
	struct aero_test_guest guest;

	aero_test_guest_init(&guest);
	guest.sample.refaults = 1000000;
	guest.sample.swap_ins = 1000000;
	guest.sample.major_faults = 1000000;
	guest.sample.alloc_stalls = 1000000;
	guest.sample.oom = 1000000;
	aero_pressure_step(&guest.pressure, &guest.sample, 1000);
	aero_test_suffer(&guest, 120, 0, 0);
	memset(&guest.sample, 0, sizeof(guest.sample));
	guest.sample.size = SIZE;
	guest.sample.available = SIZE;
	KUNIT_EXPECT_EQ(test, aero_pressure_step(&guest.pressure, &guest.sample, 1000), 0U);
}

/* A guest that says anything at all. */
static void pressure_lying_guest(struct kunit *test)
{
	struct aero_pressure pressure = { };
	struct aero_pressure_sample sample = { };
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, 31);
	for (round = 0; round < 50000; round++) {
		u64 *fields[] = {
			&sample.size, &sample.available, &sample.refaults, &sample.swap_ins,
			&sample.major_faults, &sample.alloc_stalls, &sample.oom,
		};
		unsigned int i;
		u32 permille;

		for (i = 0; i < ARRAY_SIZE(fields); i++) {
			if (aero_test_once_in(&rnd, 3))
				*fields[i] = aero_test_random(&rnd, U64_MAX);
			else if (aero_test_once_in(&rnd, 3))
				*fields[i] = U64_MAX - aero_test_random(&rnd, 2);
			else if (aero_test_once_in(&rnd, 3))
				*fields[i] = aero_test_random(&rnd, 2);
		}
		permille = aero_pressure_step(&pressure, &sample,
					      aero_test_once_in(&rnd, 4) ?
					      aero_test_random(&rnd, U64_MAX) :
					      aero_test_random(&rnd, 5000));
		KUNIT_ASSERT_LE_MSG(test, permille, 1000U, "round %u", round);
		KUNIT_ASSERT_LE_MSG(test, aero_idle_permille(sample.size, sample.available,
							     sample.refaults),
				    1000U, "round %u", round);
	}
}

static void pressure_pressed(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, aero_pressed(false, AERO_PRESSED_ON - 1));
	KUNIT_EXPECT_TRUE(test, aero_pressed(false, AERO_PRESSED_ON));
	KUNIT_EXPECT_TRUE(test, aero_pressed(true, AERO_PRESSED_ON - 1));
	KUNIT_EXPECT_TRUE(test, aero_pressed(true, AERO_PRESSED_OFF));
	KUNIT_EXPECT_FALSE(test, aero_pressed(true, AERO_PRESSED_OFF - 1));
}

static void pressure_idle(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, aero_idle_permille(1000, 0, 0), 0U);
	KUNIT_EXPECT_EQ(test, aero_idle_permille(1000, 300, 0), 300U);
	/* What is taken of the idle memory changes nothing. */
	KUNIT_EXPECT_EQ(test, aero_idle_permille(1000, 100, 200), 300U);
	KUNIT_EXPECT_EQ(test, aero_idle_permille(1000, 0, 300), 300U);
	KUNIT_EXPECT_EQ(test, aero_idle_permille(1000, 800, 800), 1000U);
	KUNIT_EXPECT_EQ(test, aero_idle_permille(1000, U64_MAX, U64_MAX), 1000U);
	KUNIT_EXPECT_EQ(test, aero_idle_permille(0, 5, 5), 0U);
	KUNIT_EXPECT_EQ(test, aero_idle_permille(3, 1, 0), 333U);
	KUNIT_EXPECT_EQ(test, aero_idle_permille(1ULL << 40, 1ULL << 39, 1ULL << 38), 750U);
}

static struct kunit_case aero_pressure_cases[] = {
	KUNIT_CASE(pressure_at_ease),
	KUNIT_CASE(pressure_first_sample),
	KUNIT_CASE(pressure_shortage),
	KUNIT_CASE(pressure_thrashing),
	KUNIT_CASE(pressure_rate_is_per_second),
	KUNIT_CASE(pressure_one_read_counts_once),
	KUNIT_CASE(pressure_stalls),
	KUNIT_CASE(pressure_smooth),
	KUNIT_CASE(pressure_oom),
	KUNIT_CASE(pressure_counters_backwards),
	KUNIT_CASE(pressure_lying_guest),
	KUNIT_CASE(pressure_pressed),
	KUNIT_CASE(pressure_idle),
	{ }
};

static struct kunit_suite aero_pressure_suite = {
	.name = "aerostat_pressure",
	.test_cases = aero_pressure_cases,
};

kunit_test_suite(aero_pressure_suite);
