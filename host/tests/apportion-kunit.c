// SPDX-License-Identifier: GPL-2.0
/* Tests of apportion.c, which includes this file. */
#include <kunit/test.h>
#include <linux/string.h>

#include "apportion-random.h"

#define NR_HOSTS	4000	/* random hosts per property */

static const struct aero_apportion_params default_params = AERO_APPORTION_PARAMS_DEFAULT;

static void apportion_no_vms(struct kunit *test)
{
	struct aero_share none = aero_test_vm(1, 100);

	KUNIT_EXPECT_EQ(test, aero_apportion(&none, 0, 1000, &default_params), 0ULL);
	KUNIT_EXPECT_EQ(test, none.take, 0ULL);
}

static void apportion_one_vm(struct kunit *test)
{
	struct aero_share vm = aero_test_vm(1, 1000);

	vm.limit = 600;
	KUNIT_EXPECT_EQ(test, aero_apportion(&vm, 1, 0, &default_params), 0ULL);
	KUNIT_EXPECT_EQ(test, vm.take, 0ULL);
	KUNIT_EXPECT_EQ(test, aero_apportion(&vm, 1, 1, &default_params), 1ULL);
	KUNIT_EXPECT_EQ(test, vm.take, 1ULL);
	KUNIT_EXPECT_EQ(test, aero_apportion(&vm, 1, 599, &default_params), 599ULL);
	KUNIT_EXPECT_EQ(test, vm.take, 599ULL);
	KUNIT_EXPECT_EQ(test, aero_apportion(&vm, 1, 5000, &default_params), 600ULL);
	KUNIT_EXPECT_EQ(test, vm.take, 600ULL);
	vm.limit = 0;
	KUNIT_EXPECT_EQ(test, aero_apportion(&vm, 1, 5000, &default_params), 0ULL);
	KUNIT_EXPECT_EQ(test, vm.take, 0ULL);
	vm.limit = 2000;	/* against the rules, and survived */
	KUNIT_EXPECT_EQ(test, aero_apportion(&vm, 1, 5000, &default_params), 1000ULL);
	KUNIT_EXPECT_EQ(test, vm.take, 1000ULL);
}

static void apportion_equal_vms(struct kunit *test)
{
	struct aero_share vms[3] = {
		aero_test_vm(7, 1000), aero_test_vm(3, 1000), aero_test_vm(5, 1000),
	};

	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 3, 301, &default_params), 301ULL);
	/* Sorted by id; the odd page is kept by the lower ids. */
	KUNIT_EXPECT_EQ(test, vms[0].id, 3U);
	KUNIT_EXPECT_EQ(test, vms[1].id, 5U);
	KUNIT_EXPECT_EQ(test, vms[2].id, 7U);
	KUNIT_EXPECT_EQ(test, vms[0].take, 100ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 100ULL);
	KUNIT_EXPECT_EQ(test, vms[2].take, 101ULL);
}

static void apportion_by_size(struct kunit *test)
{
	struct aero_share vms[2] = { aero_test_vm(1, 1000), aero_test_vm(2, 3000) };

	aero_apportion(vms, 2, 1000, &default_params);
	KUNIT_EXPECT_EQ(test, vms[0].take, 250ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 750ULL);
}

static void apportion_by_shares(struct kunit *test)
{
	struct aero_share vms[2] = { aero_test_vm(1, 1000), aero_test_vm(2, 1000) };

	/* The poorer gives alone until the richer keeps no more than twice as much. */
	vms[0].shares *= 2;
	aero_apportion(vms, 2, 500, &default_params);
	KUNIT_EXPECT_EQ(test, vms[0].take, 0ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 500ULL);
	aero_apportion(vms, 2, 1100, &default_params);
	KUNIT_EXPECT_EQ(test, vms[0].take, 400ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 700ULL);
	/* No shares count as one. */
	vms[0].shares = 0;
	vms[1].shares = 1;
	aero_apportion(vms, 2, 1000, &default_params);
	KUNIT_EXPECT_EQ(test, vms[0].take, 500ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 500ULL);
	vms[1].shares = 3;
	aero_apportion(vms, 2, 1200, &default_params);
	KUNIT_EXPECT_EQ(test, vms[0].take, 800ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 400ULL);
}

static void apportion_idle_tax(struct kunit *test)
{
	static const struct {
		u32 tax;
		u64 active, idle;	/* kept of 1500 */
	} cases[] = {
		{ 0, 750, 750 }, { 50, 1000, 500 }, { 75, 1200, 300 },
	};
	struct aero_share vms[2] = { aero_test_vm(1, 1500), aero_test_vm(2, 1500) };
	struct aero_apportion_params params;
	unsigned int i;

	vms[1].idle = 1000;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		params.idle_tax = cases[i].tax;
		aero_apportion(vms, 2, 1500, &params);
		KUNIT_EXPECT_EQ_MSG(test, vms[0].size - vms[0].take, cases[i].active,
				    "tax %u", cases[i].tax);
		KUNIT_EXPECT_EQ_MSG(test, vms[1].size - vms[1].take, cases[i].idle,
				    "tax %u", cases[i].tax);
	}
	/* Out of range: as 99 percent and as all idle. */
	params.idle_tax = 1000;
	vms[1].idle = 5000;
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 2, 1485, &params), 1485ULL);
	KUNIT_EXPECT_EQ(test, vms[0].take, 0ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 1485ULL);
	vms[0].idle = 1000;
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 2, 1000, &params), 1000ULL);
	KUNIT_EXPECT_EQ(test, vms[0].take, 500ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 500ULL);
}

static void apportion_limits_overflow_to_others(struct kunit *test)
{
	struct aero_share vms[3] = {
		aero_test_vm(1, 1000), aero_test_vm(2, 1000), aero_test_vm(3, 1000),
	};

	vms[1].limit = 100;
	vms[2].limit = 0;
	aero_apportion(vms, 3, 900, &default_params);
	KUNIT_EXPECT_EQ(test, vms[0].take, 800ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 100ULL);
	KUNIT_EXPECT_EQ(test, vms[2].take, 0ULL);
}

/* What is above a VM's limit in bytes is held whatever the demand, and counts. */
static void apportion_least(struct kunit *test)
{
	struct aero_share vms[3] = {
		aero_test_vm(1, 1000), aero_test_vm(2, 1000), aero_test_vm(3, 1000),
	};

	vms[0].least = 400;
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 3, 0, &default_params), 400ULL);
	KUNIT_EXPECT_EQ(test, vms[0].take, 400ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take + vms[2].take, 0ULL);
	/* The others catch up with it before it gives more. */
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 3, 1000, &default_params), 1000ULL);
	KUNIT_EXPECT_EQ(test, vms[0].take, 400ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 300ULL);
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 3, 1500, &default_params), 1500ULL);
	KUNIT_EXPECT_EQ(test, vms[0].take, 500ULL);
	/* Who suffers gives last, but for that. */
	vms[0].pressed = true;
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 3, 1500, &default_params), 1500ULL);
	KUNIT_EXPECT_EQ(test, aero_test_find(vms, 3, 1)->take, 400ULL);
	KUNIT_EXPECT_EQ(test, aero_test_find(vms, 3, 2)->take, 550ULL);
	/* Left alone: neither more nor less. More than the limit: the limit. */
	vms[2].limit = 400;
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 3, 3000, &default_params), 2400ULL);
	KUNIT_EXPECT_EQ(test, aero_test_find(vms, 3, 1)->take, 400ULL);
	vms[2].least = 9999;
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 3, 0, &default_params), 400ULL);
}

static void apportion_pressed_last(struct kunit *test)
{
	struct aero_share vms[3] = {
		aero_test_vm(1, 1000), aero_test_vm(2, 1000), aero_test_vm(3, 1000),
	};

	vms[0].pressed = true;
	vms[1].limit = 300;
	aero_apportion(vms, 3, 1300, &default_params);
	KUNIT_EXPECT_EQ(test, vms[0].id, 2U);
	KUNIT_EXPECT_EQ(test, vms[0].take, 300ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 1000ULL);
	KUNIT_EXPECT_EQ(test, vms[2].take, 0ULL);
	aero_apportion(vms, 3, 1350, &default_params);
	KUNIT_EXPECT_EQ(test, vms[2].id, 1U);
	KUNIT_EXPECT_EQ(test, vms[2].take, 50ULL);
}

static void apportion_all_pressed(struct kunit *test)
{
	struct aero_share vms[2] = { aero_test_vm(1, 1000), aero_test_vm(2, 1000) };

	vms[0].pressed = true;
	vms[1].pressed = true;
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, 2, 600, &default_params), 600ULL);
	KUNIT_EXPECT_EQ(test, vms[0].take, 300ULL);
	KUNIT_EXPECT_EQ(test, vms[1].take, 300ULL);
}

static void apportion_huge(struct kunit *test)
{
	const unsigned int nr = 10000;
	struct aero_share *vms = kunit_kcalloc(test, nr, sizeof(*vms), GFP_KERNEL);
	u64 demand = 7 * AERO_APPORTION_MAX_PAGES * (nr / 10) + 12345;
	u64 sum = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, vms);
	for (i = 0; i < nr; i++) {
		vms[i] = aero_test_vm(nr - i, AERO_APPORTION_MAX_PAGES);
		vms[i].shares = i & 1 ? U32_MAX : 1;
		vms[i].idle = i & 2 ? 1000 : 0;
	}
	KUNIT_EXPECT_EQ(test, aero_apportion(vms, nr, demand, &default_params), demand);
	for (i = 0; i < nr; i++) {
		sum += vms[i].take;
		/* Half are worth nothing beside the others and give all but a trace. */
		if (vms[i].shares == 1)
			KUNIT_ASSERT_GT(test, vms[i].take, vms[i].limit - 1000);
		else
			KUNIT_ASSERT_LT(test, vms[i].take, vms[i].limit);
	}
	KUNIT_EXPECT_EQ(test, sum, demand);
}

/*
 * The greatest weight on the greatest size: a level is 33,554.4 pages here. Equal VMs
 * differ by no more than that.
 */
static void apportion_coarse_levels(struct kunit *test)
{
	const struct aero_apportion_params params = { .idle_tax = 99 };
	struct aero_share vms[3];
	struct rnd_state rnd;
	unsigned int round, i;

	prandom_seed_state(&rnd, 7);
	for (round = 0; round < 100; round++) {
		u64 demand = aero_test_random(&rnd, 3 * AERO_APPORTION_MAX_PAGES);
		u64 least = U64_MAX, most = 0;

		for (i = 0; i < 3; i++) {
			vms[i] = aero_test_vm(i, AERO_APPORTION_MAX_PAGES);
			vms[i].shares = U32_MAX;
		}
		KUNIT_ASSERT_EQ(test, aero_apportion(vms, 3, demand, &params), demand);
		for (i = 0; i < 3; i++) {
			least = min(least, vms[i].take);
			most = max(most, vms[i].take);
		}
		KUNIT_ASSERT_LE_MSG(test, most - least, 33555ULL, "round %u", round);
	}
}

static void apportion_sum_and_limits(struct kunit *test)
{
	static struct aero_share vms[MAX_VMS];
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, 1);
	for (round = 0; round < NR_HOSTS; round++) {
		unsigned int nr = aero_test_host(&rnd, vms), i;
		u64 demand = aero_test_demand(&rnd, vms, nr);
		struct aero_apportion_params params = aero_test_params(&rnd);
		u64 expected = aero_test_taken(vms, nr, demand), sum = 0;
		bool unpressed_full = true, pressed_give = false;

		KUNIT_ASSERT_EQ_MSG(test, aero_apportion(vms, nr, demand, &params), expected,
				    "round %u", round);
		for (i = 0; i < nr; i++) {
			KUNIT_ASSERT_LE_MSG(test, vms[i].take, vms[i].limit, "round %u", round);
			KUNIT_ASSERT_GE_MSG(test, vms[i].take, vms[i].least, "round %u", round);
			sum += vms[i].take;
			if (vms[i].pressed)
				pressed_give |= vms[i].take > vms[i].least;
			else
				unpressed_full &= vms[i].take == vms[i].limit;
		}
		KUNIT_ASSERT_EQ_MSG(test, sum, expected, "round %u", round);
		KUNIT_ASSERT_TRUE_MSG(test, unpressed_full || !pressed_give, "round %u", round);
	}
}

static void apportion_order_free(struct kunit *test)
{
	static struct aero_share vms[MAX_VMS], shuffled[MAX_VMS];
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, 2);
	for (round = 0; round < NR_HOSTS; round++) {
		unsigned int nr = aero_test_host(&rnd, vms), i;
		u64 demand = aero_test_demand(&rnd, vms, nr);
		struct aero_apportion_params params = aero_test_params(&rnd);

		memcpy(shuffled, vms, sizeof(vms));
		for (i = 1; i < nr; i++) {
			unsigned int other = aero_test_random(&rnd, i);

			swap(shuffled[i], shuffled[other]);
		}
		aero_apportion(vms, nr, demand, &params);
		aero_apportion(shuffled, nr, demand, &params);
		for (i = 0; i < nr; i++)
			KUNIT_ASSERT_EQ_MSG(test, vms[i].take,
					    aero_test_find(shuffled, nr, vms[i].id)->take,
					    "round %u id %u", round, vms[i].id);
	}
}

static void apportion_monotone_in_demand(struct kunit *test)
{
	static struct aero_share vms[MAX_VMS], more[MAX_VMS];
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, 3);
	for (round = 0; round < NR_HOSTS; round++) {
		unsigned int nr = aero_test_host(&rnd, vms), i;
		u64 demand = min(aero_test_demand(&rnd, vms, nr), aero_test_limits(vms, nr));
		u64 step = aero_test_random(&rnd, aero_test_once_in(&rnd, 2) ? 3 : demand);
		struct aero_apportion_params params = aero_test_params(&rnd);

		memcpy(more, vms, sizeof(vms));
		aero_apportion(vms, nr, demand, &params);
		aero_apportion(more, nr, demand + step, &params);
		for (i = 0; i < nr; i++)
			KUNIT_ASSERT_LE_MSG(test, vms[i].take, more[i].take,
					    "round %u id %u", round, vms[i].id);
	}
}

/* More shares, less idle memory: each leaves a VM no less than before. */
static void apportion_monotone_in_weight(struct kunit *test)
{
	static struct aero_share vms[MAX_VMS], heavier[MAX_VMS];
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, 4);
	for (round = 0; round < NR_HOSTS; round++) {
		unsigned int nr = aero_test_host(&rnd, vms), which;
		u64 demand = aero_test_demand(&rnd, vms, nr);
		struct aero_apportion_params params = aero_test_params(&rnd);
		struct aero_share *vm;
		u32 id;

		if (!nr)
			continue;
		memcpy(heavier, vms, sizeof(vms));
		which = aero_test_random(&rnd, nr - 1);
		vm = &heavier[which];
		id = vm->id;
		if (aero_test_once_in(&rnd, 2))
			vm->shares += aero_test_random(&rnd, U32_MAX - vm->shares);
		else
			vm->shares += aero_test_random(&rnd, min(U32_MAX - vm->shares, 3U));
		vm->idle -= aero_test_random(&rnd, aero_test_once_in(&rnd, 2) ? vm->idle : 0);
		aero_apportion(vms, nr, demand, &params);
		aero_apportion(heavier, nr, demand, &params);
		KUNIT_ASSERT_LE_MSG(test, aero_test_find(heavier, nr, id)->take,
				    aero_test_find(vms, nr, id)->take, "round %u", round);
	}
}

/*
 * The condition that defines water-filling, computed differently: whoever can
 * still give keeps no more per weight than anybody who has given.
 */
static void apportion_is_water_filling(struct kunit *test)
{
	static struct aero_share vms[MAX_VMS];
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, 5);
	for (round = 0; round < NR_HOSTS; round++) {
		struct aero_apportion_params params = aero_test_params(&rnd);
		unsigned int nr = aero_test_host(&rnd, vms), i, j;
		u64 cost[MAX_VMS], worth[MAX_VMS];

		/* Small numbers, so that products of four fit. */
		for (i = 0; i < nr; i++) {
			vms[i].size = aero_test_random(&rnd, (1 << 14) - 1) + 1;
			vms[i].limit = aero_test_random(&rnd, vms[i].size);
			vms[i].least = aero_test_once_in(&rnd, 3) ?
				       aero_test_random(&rnd, vms[i].limit) : 0;
			vms[i].shares = aero_test_random(&rnd, 1999) + 1;
		}
		aero_apportion(vms, nr, aero_test_demand(&rnd, vms, nr), &params);
		for (i = 0; i < nr; i++) {
			cost[i] = (1000 - vms[i].idle) * (100 - params.idle_tax) +
				  vms[i].idle * 100;
			worth[i] = vms[i].size * vms[i].shares;
		}
		for (i = 0; i < nr; i++) {
			u64 kept_i = vms[i].size - vms[i].take;

			if (vms[i].take == vms[i].limit || kept_i < 2)
				continue;
			for (j = 0; j < nr; j++) {
				u64 kept_j = vms[j].size - vms[j].take;

				if (vms[j].take == vms[j].least || vms[i].pressed != vms[j].pressed)
					continue;
				KUNIT_ASSERT_LE_MSG(test, (kept_i - 2) * cost[i] * worth[j],
						    (kept_j + 2) * cost[j] * worth[i],
						    "round %u", round);
			}
		}
	}
}

static void apportion_limit_urgent(struct kunit *test)
{
	const enum aero_urgency manual = AERO_URGENCY_MANUAL, emergency = AERO_URGENCY_EMERGENCY;

	KUNIT_EXPECT_EQ(test, aero_apportion_limit(1600, 600, 0, 0, 1000, 400, emergency), 1000ULL);
	KUNIT_EXPECT_EQ(test, aero_apportion_limit(1600, 600, 0, 0, 1000, 400, manual), 1000ULL);
	KUNIT_EXPECT_EQ(test, aero_apportion_limit(1600, 1600, 1600, 0, 0, 400, manual), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_apportion_limit(1600, 9999, 1600, 0, 0, 400, emergency), 0ULL);
}

static void apportion_limit_normal(struct kunit *test)
{
	static const struct {
		u64 available, balloon, min, limit;
	} cases[] = {
		/* size 1600: margin 100 */
		{ 1600, 0, 0, 1500 },		/* all idle: all but the margin */
		{ 500, 0, 0, 400 },
		{ 500, 300, 0, 700 },		/* goes on from what is held */
		{ 101, 300, 0, 301 },
		{ 100, 300, 0, 300 },		/* the band: holds */
		{ 50, 300, 0, 300 },
		{ 49, 300, 0, 299 },		/* too little: gets back what it lacks */
		{ 0, 300, 0, 250 },
		{ 0, 30, 0, 0 },
		{ 0, 0, 0, 0 },
		{ 1600, 0, 1000, 600 },		/* the minimum */
		{ 60, 900, 1000, 600 },
		{ 1600, 0, 1600, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    aero_apportion_limit(1600, cases[i].min,
							 cases[i].available + cases[i].balloon,
							 cases[i].balloon, 9, 400,
							 AERO_URGENCY_NORMAL),
				    cases[i].limit, "case %u", i);
	KUNIT_EXPECT_EQ(test, aero_apportion_limit(0, 0, 0, 0, 0, 400, AERO_URGENCY_NORMAL), 0ULL);
}

/* What is called available may be page cache that the guest works with; its pressure tells. */
static void apportion_limit_pressure(struct kunit *test)
{
	static const struct {
		u32 pressure;
		u64 available, balloon, min, limit;
	} cases[] = {
		/* size 16384: margin 1024, a step back 32 */
		{ 9, 8192, 2048, 0, 9216 },	/* at ease: all but the margin */
		{ 10, 8192, 2048, 0, 2048 },	/* nothing more, however much is available */
		{ 49, 8192, 2048, 0, 2048 },
		{ 50, 8192, 2048, 0, 2016 },	/* some goes back */
		{ 1000, 8192, 2048, 0, 2016 },
		{ 1000, 800, 2048, 0, 2016 },	/* in the band as well */
		{ 1000, 500, 2048, 0, 2016 },	/* of two reasons the greater: 12 and 32 */
		{ 1000, 400, 2048, 0, 1936 },	/* 112 and 32 */
		{ 1000, 8192, 20, 0, 0 },
		{ 10, 8192, 2048, 15000, 1384 },	/* the minimum */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    aero_apportion_limit(16384, cases[i].min,
							 cases[i].available + cases[i].balloon,
							 cases[i].balloon, cases[i].pressure, 400,
							 AERO_URGENCY_NORMAL),
				    cases[i].limit, "case %u", i);
}

/* Whatever the guest says: within bounds, and never more than gently down. */
static void apportion_limit_bounds(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, 6);
	for (round = 0; round < NR_HOSTS; round++) {
		u64 size = aero_test_size(&rnd), floor = aero_test_random(&rnd, size);
		u64 balloon = aero_test_random(&rnd, size - floor);
		u64 idle = aero_test_once_in(&rnd, 3) ? aero_test_random(&rnd, U64_MAX) :
						     aero_test_random(&rnd, size);
		u32 pressure = aero_test_random(&rnd, aero_test_once_in(&rnd, 2) ? 120 : 1000);
		u64 limit = aero_apportion_limit(size, floor, idle, balloon, pressure, 400,
						 AERO_URGENCY_NORMAL);

		KUNIT_ASSERT_LE_MSG(test, limit, size - floor, "round %u", round);
		if (pressure >= 10)
			KUNIT_ASSERT_LE_MSG(test, limit, balloon, "round %u", round);
		KUNIT_ASSERT_GE_MSG(test, limit + size / 32, balloon, "round %u", round);
	}
}

static struct kunit_case aero_apportion_cases[] = {
	KUNIT_CASE(apportion_no_vms),
	KUNIT_CASE(apportion_one_vm),
	KUNIT_CASE(apportion_equal_vms),
	KUNIT_CASE(apportion_by_size),
	KUNIT_CASE(apportion_by_shares),
	KUNIT_CASE(apportion_idle_tax),
	KUNIT_CASE(apportion_limits_overflow_to_others),
	KUNIT_CASE(apportion_least),
	KUNIT_CASE(apportion_pressed_last),
	KUNIT_CASE(apportion_all_pressed),
	KUNIT_CASE(apportion_huge),
	KUNIT_CASE(apportion_coarse_levels),
	KUNIT_CASE(apportion_sum_and_limits),
	KUNIT_CASE(apportion_order_free),
	KUNIT_CASE(apportion_monotone_in_demand),
	KUNIT_CASE(apportion_monotone_in_weight),
	KUNIT_CASE(apportion_is_water_filling),
	KUNIT_CASE(apportion_limit_urgent),
	KUNIT_CASE(apportion_limit_normal),
	KUNIT_CASE(apportion_limit_pressure),
	KUNIT_CASE(apportion_limit_bounds),
	{ }
};

static struct kunit_suite aero_apportion_suite = {
	.name = "aerostat_apportion",
	.test_cases = aero_apportion_cases,
};

kunit_test_suite(aero_apportion_suite);
