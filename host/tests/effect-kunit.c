// SPDX-License-Identifier: GPL-2.0
/* Tests of effect.c, which includes this file. */
#include <kunit/test.h>
#include <linux/string.h>

#include "random.h"

#define AERO_TEST_MIB(_mib)	((u64)(_mib) << 8)	/* pages */

/* A machine: its power follows the memory that is offline, slowly, and a meter reads it badly. */
struct aero_test_plant {
	struct aero_effect effect;
	struct aero_effect_params params;
	struct aero_effect_sample sample;
	struct rnd_state rnd;
	s64 base_uw;
	s64 uw_per_gib;
	s64 power_uw;
	u32 lag;	/* samples in which the power comes half of the way */
	u32 noise_uw;	/* deviation, about */
	u32 step_uw;
};

static void aero_test_plant_init(struct aero_test_plant *plant, u32 prior, s64 mw_per_gib, u32 seed)
{
	const struct aero_effect_params params = { AERO_EFFECT_PARAMS_INIT };

	memset(plant, 0, sizeof(*plant));
	plant->params = params;
	plant->params.prior_mw_per_gib = prior;
	plant->sample.elapsed_ms = 1000;
	plant->sample.still_ms = 60000;
	plant->sample.busy = 200;
	plant->base_uw = 200 * 1000000;
	plant->power_uw = plant->base_uw;
	plant->uw_per_gib = mw_per_gib * 1000;
	prandom_seed_state(&plant->rnd, seed);
}

/* About normal: four uniform ones. */
static s64 aero_test_noise(struct aero_test_plant *plant)
{
	s64 sum = 0;
	int i;

	if (!plant->noise_uw)
		return 0;
	for (i = 0; i < 4; i++)
		sum += (s64)aero_test_random(&plant->rnd, 2 * plant->noise_uw) - plant->noise_uw;
	return sum * 7 / 8;
}

static void aero_test_plant_run(struct aero_test_plant *plant, unsigned int samples)
{
	s64 goal = plant->base_uw - (s64)div_u64(plant->sample.offline_pages, 256) *
		   plant->uw_per_gib / 1024;

	while (samples--) {
		plant->power_uw += (goal - plant->power_uw) / (plant->lag ?: 1);
		plant->sample.uw = plant->power_uw + aero_test_noise(plant);
		if (plant->step_uw)
			plant->sample.uw -= plant->sample.uw % plant->step_uw;
		aero_effect_step(&plant->effect, &plant->params, &plant->sample);
		plant->sample.still_ms += plant->sample.elapsed_ms;
	}
}

/* Blocks of 128 MiB go or come, one in a second, and are left to rest. */
static void aero_test_plant_move(struct aero_test_plant *plant, u32 mib)
{
	u64 goal = AERO_TEST_MIB(mib), block = AERO_TEST_MIB(128);

	while (plant->sample.offline_pages != goal) {
		if (plant->sample.offline_pages < goal)
			plant->sample.offline_pages += block;
		else
			plant->sample.offline_pages -= block;
		plant->sample.still_ms = 0;
		aero_test_plant_run(plant, 1);
	}
	aero_test_plant_run(plant, 15);
}

static u32 aero_test_learnt(const struct aero_test_plant *plant)
{
	return div_u64(aero_effect_uw_per_gib(&plant->effect), 1000);
}

static void effect_starts_with_the_model(struct kunit *test)
{
	struct aero_test_plant plant;
	s64 uw;

	aero_test_plant_init(&plant, 49, 400, 1);
	KUNIT_EXPECT_FALSE(test, aero_effect_steady(&plant.effect, &plant.params, &uw));
	aero_test_plant_run(&plant, 100);
	KUNIT_EXPECT_EQ(test, aero_test_learnt(&plant), 49U);
	KUNIT_EXPECT_TRUE(test, aero_effect_steady(&plant.effect, &plant.params, &uw));
	KUNIT_EXPECT_EQ(test, uw, 200000000LL);
	/* Another model, another prior. */
	plant.params.prior_mw_per_gib = 400;
	aero_test_plant_run(&plant, 1);
	KUNIT_EXPECT_EQ(test, aero_test_learnt(&plant), 400U);
	/* A model that knows of no effect learns none, and finds fault with none. */
	plant.params.prior_mw_per_gib = 0;
	aero_test_plant_move(&plant, 1024);
	KUNIT_EXPECT_EQ(test, aero_effect_assumed(&plant.effect), 0ULL);
	KUNIT_EXPECT_FALSE(test, plant.effect.ineffective);
}

static void effect_is_learnt_at_once(struct kunit *test)
{
	static const u32 priors[] = { 50, 200, 400, 800, 2000 };
	struct aero_test_plant plant;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(priors); i++) {
		aero_test_plant_init(&plant, priors[i], 400, 1);
		/* A fine meter, on a quiet machine. */
		plant.noise_uw = 1000;
		aero_test_plant_run(&plant, 20);
		aero_test_plant_move(&plant, 4096);
		KUNIT_ASSERT_GE_MSG(test, aero_test_learnt(&plant), 392U, "prior %u", priors[i]);
		KUNIT_ASSERT_LE_MSG(test, aero_test_learnt(&plant), 408U, "prior %u", priors[i]);
		KUNIT_EXPECT_FALSE(test, plant.effect.ineffective);
	}
}

/* Generated plants: after some moves what was learnt is right, within what their meters allow. */
static void effect_is_learnt(struct kunit *test)
{
	struct aero_test_plant plant;
	struct rnd_state rnd;
	unsigned int round, i;

	prandom_seed_state(&rnd, 3);
	for (round = 0; round < 500; round++) {
		u32 truth = 50 + aero_test_random(&rnd, 2000);
		u32 prior = truth * (500 + aero_test_random(&rnd, 1500)) / 1000;
		u32 learnt;

		aero_test_plant_init(&plant, prior, truth, round);
		/* Of what 16 GiB change: a fiftieth in noise, a twentieth in steps. */
		plant.noise_uw = aero_test_random(&rnd, truth * 16 * 20);
		plant.step_uw = aero_test_random(&rnd, truth * 16 * 50);
		plant.lag = aero_test_random(&rnd, 2);
		aero_test_plant_run(&plant, 30);
		for (i = 0; i < 6; i++)
			aero_test_plant_move(&plant, i % 2 ? 0 : 16384);
		learnt = aero_test_learnt(&plant);
		KUNIT_ASSERT_GE_MSG(test, learnt, truth * 9 / 10, "round %u", round);
		KUNIT_ASSERT_LE_MSG(test, learnt, truth * 11 / 10, "round %u", round);
		KUNIT_ASSERT_EQ_MSG(test, plant.effect.ineffective, false, "round %u", round);
	}
}

/* A meter too coarse or too noisy for what moves says nothing, and nothing is made of it. */
static void effect_is_not_learnt_from_noise(struct kunit *test)
{
	struct aero_test_plant plant;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		aero_test_plant_init(&plant, 50, 50, i);
		/* A GiB is worth 50 mW. */
		if (i % 2)
			plant.step_uw = 4000000;
		else
			plant.noise_uw = 2000000;
		aero_test_plant_run(&plant, 40);
		aero_test_plant_move(&plant, 1024);
		aero_test_plant_move(&plant, 0);
		KUNIT_ASSERT_EQ_MSG(test, plant.effect.ineffective, false, "round %u", i);
		/* Half of the prior's deviation. */
		KUNIT_ASSERT_LE_MSG(test, aero_test_learnt(&plant), 100U, "round %u", i);
	}
}

static void effect_none(struct kunit *test)
{
	struct aero_test_plant plant;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		aero_test_plant_init(&plant, 400, 0, i);
		plant.noise_uw = i * 2000;
		plant.step_uw = (i % 5) * 50000;
		aero_test_plant_run(&plant, 30);
		aero_test_plant_move(&plant, 16384);
		KUNIT_ASSERT_EQ_MSG(test, plant.effect.ineffective, true, "plant %u", i);
		KUNIT_ASSERT_LE_MSG(test, aero_test_learnt(&plant), 50U, "plant %u", i);
		/* Enough to step upon in any case. */
		KUNIT_ASSERT_GE_MSG(test, aero_effect_assumed(&plant.effect), 50000ULL,
				    "plant %u", i);
		/* All of it back: still nothing. */
		aero_test_plant_move(&plant, 0);
		KUNIT_ASSERT_EQ_MSG(test, plant.effect.ineffective, true, "plant %u", i);
	}
}

/* Memory that costs power by being off is no better. */
static void effect_negative(struct kunit *test)
{
	struct aero_test_plant plant;

	aero_test_plant_init(&plant, 400, -300, 9);
	plant.noise_uw = 50000;
	aero_test_plant_run(&plant, 30);
	aero_test_plant_move(&plant, 8192);
	KUNIT_EXPECT_TRUE(test, plant.effect.ineffective);
	KUNIT_EXPECT_EQ(test, aero_effect_uw_per_gib(&plant.effect), 0ULL);
}

/* A load that rose just as memory went off: found out when the memory returns. */
static void effect_error_is_mended(struct kunit *test)
{
	struct aero_test_plant plant;

	aero_test_plant_init(&plant, 400, 400, 4);
	plant.noise_uw = 50000;
	aero_test_plant_run(&plant, 30);
	plant.base_uw += 3200000;
	aero_test_plant_move(&plant, 8192);
	KUNIT_EXPECT_TRUE(test, plant.effect.ineffective);
	aero_test_plant_move(&plant, 0);
	KUNIT_EXPECT_FALSE(test, plant.effect.ineffective);
}

static void effect_is_tried_again(struct kunit *test)
{
	struct aero_test_plant plant;
	u32 wait = 300, waited, i;

	aero_test_plant_init(&plant, 400, 0, 5);
	plant.noise_uw = 50000;
	aero_test_plant_run(&plant, 30);
	for (i = 0; i < 8; i++) {
		aero_test_plant_move(&plant, i % 2 ? 0 : 8192);
		KUNIT_ASSERT_EQ_MSG(test, plant.effect.ineffective, true, "time %u", i);
		for (waited = 15; plant.effect.ineffective; waited++)
			aero_test_plant_run(&plant, 1);
		KUNIT_ASSERT_GE_MSG(test, waited, wait, "time %u", i);
		KUNIT_ASSERT_LE_MSG(test, waited, wait + 15, "time %u", i);
		KUNIT_EXPECT_EQ(test, aero_test_learnt(&plant), 400U);
		wait = min(2 * wait, 9600U);
	}
	/* The machine has been mended meanwhile. */
	plant.uw_per_gib = 400000;
	plant.base_uw += 400000 * (plant.sample.offline_pages >> 18);
	aero_test_plant_run(&plant, 60);
	aero_test_plant_move(&plant, plant.sample.offline_pages ? 0 : 8192);
	KUNIT_EXPECT_FALSE(test, plant.effect.ineffective);
	KUNIT_EXPECT_EQ(test, plant.effect.retry_next_ms, 0U);
}

/* Whatever else moves the power, with no memory moved, teaches nothing. */
static void effect_pauses_when_disturbed(struct kunit *test)
{
	struct aero_test_plant plant;
	s64 uw;
	unsigned int i;

	/* A jump of the load on a plateau. */
	aero_test_plant_init(&plant, 400, 400, 6);
	plant.noise_uw = 50000;
	aero_test_plant_run(&plant, 30);
	for (i = 0; i < 10; i++) {
		plant.base_uw += i % 2 ? 30000000 : -30000000;
		aero_test_plant_run(&plant, 2);
		KUNIT_EXPECT_FALSE(test, aero_effect_steady(&plant.effect, &plant.params, &uw));
		aero_test_plant_run(&plant, 20);
		KUNIT_EXPECT_TRUE(test, aero_effect_steady(&plant.effect, &plant.params, &uw));
	}
	KUNIT_EXPECT_EQ(test, aero_test_learnt(&plant), 400U);

	/* VMs start while memory goes off. */
	plant.sample.disturbed = true;
	plant.base_uw += 30000000;
	aero_test_plant_move(&plant, 8192);
	plant.sample.disturbed = false;
	aero_test_plant_run(&plant, 20);
	KUNIT_EXPECT_EQ(test, aero_test_learnt(&plant), 400U);

	/* The processors' load is another one: what is ten times the effect hardly counts. */
	plant.sample.busy = 500;
	plant.base_uw += 30000000;
	aero_test_plant_move(&plant, 0);
	KUNIT_EXPECT_GE(test, aero_test_learnt(&plant), 350U);
	KUNIT_EXPECT_LE(test, aero_test_learnt(&plant), 550U);
	KUNIT_EXPECT_FALSE(test, plant.effect.ineffective);

	/* Memory that goes off for minutes is not compared with what was before. */
	for (i = 0; i < 700; i++) {
		plant.sample.offline_pages = AERO_TEST_MIB(128 * (1 + i % 2));
		plant.sample.still_ms = 0;
		aero_test_plant_run(&plant, 1);
	}
	plant.base_uw += 30000000;
	aero_test_plant_run(&plant, 20);
	KUNIT_EXPECT_GE(test, aero_test_learnt(&plant), 350U);
	KUNIT_EXPECT_LE(test, aero_test_learnt(&plant), 550U);
}

/* A quiet machine whose load becomes bursty: its noise is another one, not off for ever. */
static void effect_noise_grows(struct kunit *test)
{
	struct aero_test_plant plant;
	unsigned int i, j, steady;
	s64 uw;

	for (i = 0; i < 50; i++) {
		aero_test_plant_init(&plant, 400, 400, i);
		plant.noise_uw = 1000;
		aero_test_plant_run(&plant, 60);
		plant.noise_uw = 3000000;
		/* As soon as there are enough differences of the new kind. */
		aero_test_plant_run(&plant, 40);
		for (j = 0, steady = 0; j < 100; j++) {
			aero_test_plant_run(&plant, 1);
			steady += aero_effect_steady(&plant.effect, &plant.params, &uw);
		}
		KUNIT_ASSERT_GE_MSG(test, steady, 80U, "round %u", i);
		/* And it is known: a change in it is worth little. */
		aero_test_plant_move(&plant, 1024);
		KUNIT_ASSERT_EQ_MSG(test, plant.effect.ineffective, false, "round %u", i);
		/* Calm again, it is soon forgotten. */
		plant.noise_uw = 1000;
		aero_test_plant_run(&plant, 200);
		KUNIT_ASSERT_LE_MSG(test, plant.effect.noise_mw2, 2500ULL, "round %u", i);
	}
}

/* What was learnt fades: a machine that changes is learnt anew. */
static void effect_fades(struct kunit *test)
{
	struct aero_test_plant plant;
	unsigned int i;

	aero_test_plant_init(&plant, 400, 800, 7);
	plant.noise_uw = 50000;
	aero_test_plant_run(&plant, 30);
	for (i = 0; i < 8; i++)
		aero_test_plant_move(&plant, i % 2 ? 0 : 8192);
	KUNIT_EXPECT_GE(test, aero_test_learnt(&plant), 780U);
	plant.uw_per_gib = 300000;
	for (i = 0; i < 12; i++)
		aero_test_plant_move(&plant, i % 2 ? 0 : 8192);
	KUNIT_EXPECT_LE(test, aero_test_learnt(&plant), 330U);
	KUNIT_EXPECT_GE(test, aero_test_learnt(&plant), 270U);
}

/* Nothing overflows, whatever comes: the sanitizers look, and the results stay in bounds. */
static void effect_survives_anything(struct kunit *test)
{
	struct aero_test_plant plant;
	unsigned int i;

	aero_test_plant_init(&plant, 100000, 0, 8);
	for (i = 0; i < 100000; i++) {
		struct aero_effect_sample *sample = &plant.sample;

		if (aero_test_once_in(&plant.rnd, 1000))
			plant.params.prior_mw_per_gib = aero_test_random(&plant.rnd, 100000);
		if (aero_test_once_in(&plant.rnd, 10)) {
			u64 most = 1ULL << aero_test_random(&plant.rnd, 40);

			sample->offline_pages = aero_test_random(&plant.rnd, most);
			sample->still_ms = 0;
		}
		sample->uw = aero_test_random(&plant.rnd, 10000000000ULL);
		sample->busy = aero_test_random(&plant.rnd, 1000);
		sample->elapsed_ms = aero_test_random(&plant.rnd, 60000);
		sample->still_ms += sample->elapsed_ms;
		sample->disturbed = aero_test_once_in(&plant.rnd, 50);
		aero_effect_step(&plant.effect, &plant.params, sample);
		KUNIT_ASSERT_LE_MSG(test, aero_effect_uw_per_gib(&plant.effect), 1000000000ULL,
				    "step %u", i);
		KUNIT_ASSERT_LE_MSG(test, plant.effect.weight, 1000000U, "step %u", i);
		KUNIT_ASSERT_LE_MSG(test, plant.effect.retry_ms, plant.params.retry_max_ms,
				    "step %u", i);
	}
}

static struct kunit_case aero_effect_cases[] = {
	KUNIT_CASE(effect_starts_with_the_model),
	KUNIT_CASE(effect_is_learnt_at_once),
	KUNIT_CASE(effect_is_learnt),
	KUNIT_CASE(effect_is_not_learnt_from_noise),
	KUNIT_CASE(effect_none),
	KUNIT_CASE(effect_negative),
	KUNIT_CASE(effect_error_is_mended),
	KUNIT_CASE(effect_is_tried_again),
	KUNIT_CASE(effect_pauses_when_disturbed),
	KUNIT_CASE(effect_noise_grows),
	KUNIT_CASE(effect_fades),
	KUNIT_CASE(effect_survives_anything),
	{ }
};

static struct kunit_suite aero_effect_suite = {
	.name = "aerostat_effect",
	.test_cases = aero_effect_cases,
};

kunit_test_suite(aero_effect_suite);
