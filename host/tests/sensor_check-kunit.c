// SPDX-License-Identifier: GPL-2.0
/* Tests of sensor_check.c, which includes this file. */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "random.h"

struct aero_test_sensor {
	struct aero_sensor_check check;
	struct aero_sensor_check_params params;
};

static void aero_test_sensor_init(struct aero_test_sensor *sensor)
{
	memset(sensor, 0, sizeof(*sensor));
	aero_sensor_check_defaults(AERO_SENSOR_TEMPERATURE, &sensor->params);
}

/* One sample, a second after the last. */
static enum aero_sensor_verdict aero_test_read(struct aero_test_sensor *sensor, s64 value)
{
	return aero_sensor_check_step(&sensor->check, &sensor->params, 0, value, 1000);
}

static enum aero_sensor_verdict aero_test_fail(struct aero_test_sensor *sensor)
{
	return aero_sensor_check_step(&sensor->check, &sensor->params, -EIO, 0, 1000);
}

static void sensor_check_kinds(struct kunit *test)
{
	static const struct {
		enum aero_sensor_kind kind;
		s64 min, max;
		u64 max_change;
		bool less_is_worse;
	} cases[] = {
		{ AERO_SENSOR_TEMPERATURE, -40000, 150000, 25000, false },
		{ AERO_SENSOR_POWER, 0, 10000000000LL, 0, false },
		{ AERO_SENSOR_CHARGE, 0, 1000, 0, true },
	};
	struct aero_sensor_check_params params;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		aero_sensor_check_defaults(cases[i].kind, &params);
		KUNIT_EXPECT_EQ(test, params.min, cases[i].min);
		KUNIT_EXPECT_EQ(test, params.max, cases[i].max);
		KUNIT_EXPECT_EQ(test, params.max_change, cases[i].max_change);
		KUNIT_EXPECT_EQ(test, params.stuck_ms, 0U);
		KUNIT_EXPECT_EQ(test, params.recover_samples, 3U);
		KUNIT_EXPECT_EQ(test, aero_sensor_less_is_worse(cases[i].kind),
				cases[i].less_is_worse);
	}
}

static void sensor_check_good(struct kunit *test)
{
	struct aero_test_sensor sensor;
	s64 value;

	aero_test_sensor_init(&sensor);
	for (value = -40000; value <= 150000; value += 25000)
		KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, value), AERO_SENSOR_OK);
	for (value = 150000; value >= -40000; value -= 25000)
		KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, value), AERO_SENSOR_OK);
}

static void sensor_check_range(struct kunit *test)
{
	struct aero_test_sensor sensor;

	aero_test_sensor_init(&sensor);
	sensor.params.max_change = 0;
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 150000), AERO_SENSOR_OK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 150001), AERO_SENSOR_RANGE);
	aero_test_sensor_init(&sensor);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, -40000), AERO_SENSOR_OK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, -40001), AERO_SENSOR_RANGE);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, S64_MIN), AERO_SENSOR_RANGE);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, S64_MAX), AERO_SENSOR_RANGE);
	/* Bad from the start: belief is to be earned as after any fault. */
	aero_test_sensor_init(&sensor);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 200000), AERO_SENSOR_RANGE);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_RANGE);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_RANGE);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);
}

static void sensor_check_error_and_recovery(struct kunit *test)
{
	struct aero_test_sensor sensor;

	aero_test_sensor_init(&sensor);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);
	KUNIT_EXPECT_EQ(test, aero_test_fail(&sensor), AERO_SENSOR_ERROR);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_ERROR);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_ERROR);
	/* A fault starts the count anew. */
	KUNIT_EXPECT_EQ(test, aero_test_fail(&sensor), AERO_SENSOR_ERROR);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_ERROR);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_ERROR);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);
}

static void sensor_check_jump(struct kunit *test)
{
	struct aero_test_sensor sensor;

	aero_test_sensor_init(&sensor);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 65000), AERO_SENSOR_OK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 90001), AERO_SENSOR_JUMP);
	/* It stays there: a real step. */
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 90500), AERO_SENSOR_JUMP);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 91000), AERO_SENSOR_OK);
	/* Down is a change as well. */
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 65999), AERO_SENSOR_JUMP);
	/* Another jump on the way back to belief begins it anew. */
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 65999), AERO_SENSOR_JUMP);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 10000), AERO_SENSOR_JUMP);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 10000), AERO_SENSOR_JUMP);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 10000), AERO_SENSOR_OK);
}

static void sensor_check_glitch(struct kunit *test)
{
	struct aero_test_sensor sensor;
	unsigned int i;

	aero_test_sensor_init(&sensor);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 140000), AERO_SENSOR_JUMP);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_JUMP);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_JUMP);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);
	/* A loose contact, right every other time, is never right. */
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, i & 1 ? 40000 : 140000),
				AERO_SENSOR_JUMP);
}

static void sensor_check_jump_and_time(struct kunit *test)
{
	struct aero_test_sensor sensor;

	/* 75 degrees in 3 s are plausible, also when two reads failed in between. */
	aero_test_sensor_init(&sensor);
	aero_test_read(&sensor, 40000);
	KUNIT_EXPECT_EQ(test, aero_sensor_check_step(&sensor.check, &sensor.params, 0, 115000,
						     3000), AERO_SENSOR_OK);
	aero_test_fail(&sensor);
	aero_test_fail(&sensor);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_ERROR);
	KUNIT_EXPECT_EQ(test, sensor.check.good, 1U);
	/* In less than a second as much as in one. */
	aero_test_sensor_init(&sensor);
	aero_test_read(&sensor, 40000);
	KUNIT_EXPECT_EQ(test, aero_sensor_check_step(&sensor.check, &sensor.params, 0, 65000, 0),
			AERO_SENSOR_OK);
	KUNIT_EXPECT_EQ(test, aero_sensor_check_step(&sensor.check, &sensor.params, 0, 90001, 999),
			AERO_SENSOR_JUMP);
	/* No limit. */
	aero_test_sensor_init(&sensor);
	sensor.params.max_change = 0;
	aero_test_read(&sensor, -40000);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 150000), AERO_SENSOR_OK);
	/* A limit too great to be multiplied. */
	sensor.params.max_change = U64_MAX / 2;
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, -40000), AERO_SENSOR_OK);
}

static void sensor_check_stuck(struct kunit *test)
{
	struct aero_test_sensor sensor;
	unsigned int i;

	aero_test_sensor_init(&sensor);
	for (i = 0; i < 1000; i++)	/* off by default */
		KUNIT_ASSERT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);

	aero_test_sensor_init(&sensor);
	sensor.params.stuck_ms = 9000;
	for (i = 1; i < 10; i++)
		KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_STUCK);
	/* It moves: belief returns, even if it then rests for a moment. */
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40001), AERO_SENSOR_STUCK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40001), AERO_SENSOR_STUCK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40001), AERO_SENSOR_OK);
	/* An error is not a movement, and time passes with it. */
	for (i = 4; i < 8; i++)
		KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40001), AERO_SENSOR_OK);
	aero_test_fail(&sensor);
	aero_test_read(&sensor, 40001);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40001), AERO_SENSOR_STUCK);
	/* Belief that was earned once is not had for nothing now. */
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40002), AERO_SENSOR_STUCK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40003), AERO_SENSOR_STUCK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40004), AERO_SENSOR_OK);
	for (i = 1; i < 9; i++)
		KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40004), AERO_SENSOR_OK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40004), AERO_SENSOR_STUCK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40005), AERO_SENSOR_STUCK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40006), AERO_SENSOR_STUCK);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40007), AERO_SENSOR_OK);
}

static void sensor_check_recover_at_once(struct kunit *test)
{
	struct aero_test_sensor sensor;

	aero_test_sensor_init(&sensor);
	sensor.params.recover_samples = 0;
	aero_test_fail(&sensor);
	KUNIT_EXPECT_EQ(test, aero_test_read(&sensor, 40000), AERO_SENSOR_OK);
}

/* Belief always rests on samples that follow from each other. */
static void sensor_check_properties(struct kunit *test)
{
	struct aero_test_sensor sensor;
	struct rnd_state rnd;
	unsigned int round;
	s64 previous = 0;
	bool has_previous = false;

	prandom_seed_state(&rnd, 21);
	aero_test_sensor_init(&sensor);
	for (round = 0; round < 50000; round++) {
		enum aero_sensor_verdict verdict;
		s64 value;

		if (aero_test_once_in(&rnd, 10)) {
			KUNIT_ASSERT_EQ(test, aero_test_fail(&sensor), AERO_SENSOR_ERROR);
			has_previous = false;
			continue;
		}
		if (aero_test_once_in(&rnd, 5))
			value = aero_test_random(&rnd, U64_MAX);
		else if (aero_test_once_in(&rnd, 5))
			value = aero_test_random(&rnd, 150000);
		else
			value = 40000 + aero_test_random(&rnd, 20000);
		verdict = aero_test_read(&sensor, value);
		if (value < sensor.params.min || value > sensor.params.max) {
			KUNIT_ASSERT_EQ_MSG(test, verdict, AERO_SENSOR_RANGE, "round %u", round);
			has_previous = false;
			continue;
		}
		if (verdict == AERO_SENSOR_OK && round && has_previous)
			KUNIT_ASSERT_LE_MSG(test, abs(value - previous), 25000LL,
					    "round %u", round);
		if (round && !has_previous)
			KUNIT_ASSERT_NE_MSG(test, verdict, AERO_SENSOR_OK, "round %u", round);
		previous = value;
		has_previous = true;
	}
}

static void sensor_news_changes(struct kunit *test)
{
	struct aero_sensor_news news = { .told = AERO_SENSOR_ERROR };
	unsigned int i;

	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_FALSE(test, aero_sensor_news_step(&news, AERO_SENSOR_ERROR, 1000));
	KUNIT_EXPECT_TRUE(test, aero_sensor_news_step(&news, AERO_SENSOR_OK, 1000));
	KUNIT_EXPECT_FALSE(test, aero_sensor_news_step(&news, AERO_SENSOR_OK, 1000));
	KUNIT_EXPECT_TRUE(test, aero_sensor_news_step(&news, AERO_SENSOR_JUMP, 1000));
	KUNIT_EXPECT_TRUE(test, aero_sensor_news_step(&news, AERO_SENSOR_RANGE, 1000));
	KUNIT_EXPECT_FALSE(test, aero_sensor_news_step(&news, AERO_SENSOR_RANGE, U32_MAX));
	KUNIT_EXPECT_EQ(test, news.debt_ms, 0U);
}

/* Ten samples a second, each with another verdict than the one before. */
static void sensor_news_flood(struct kunit *test)
{
	struct aero_sensor_news news = { .told = AERO_SENSOR_ERROR };
	unsigned int i, told = 0, at_once = 0;

	for (i = 0; i < 6000; i++) {
		told += aero_sensor_news_step(&news, i % 2, 100);
		if (i == 9)
			at_once = told;
	}
	KUNIT_EXPECT_EQ(test, at_once, 5U);
	/* In ten minutes those, and one in each ten seconds. */
	KUNIT_EXPECT_GE(test, told, 60U);
	KUNIT_EXPECT_LE(test, told, 65U);
	/* It rests, and not in the state that was told last: that is made up for. */
	for (i = 0; i < 101; i++)
		told += aero_sensor_news_step(&news, AERO_SENSOR_STUCK, 100);
	KUNIT_EXPECT_EQ(test, (int)news.told, (int)AERO_SENSOR_STUCK);
}

static void sensor_check_names(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, aero_sensor_kind_name(AERO_SENSOR_TEMPERATURE), "temperature");
	KUNIT_EXPECT_STREQ(test, aero_sensor_kind_name(AERO_SENSOR_POWER), "power");
	KUNIT_EXPECT_STREQ(test, aero_sensor_kind_name(AERO_SENSOR_CHARGE), "charge");
	KUNIT_EXPECT_STREQ(test, aero_sensor_kind_name(AERO_NR_SENSOR_KINDS), "unknown");
	KUNIT_EXPECT_STREQ(test, aero_sensor_verdict_name(AERO_SENSOR_OK), "ok");
	KUNIT_EXPECT_STREQ(test, aero_sensor_verdict_name(AERO_SENSOR_ERROR), "error");
	KUNIT_EXPECT_STREQ(test, aero_sensor_verdict_name(AERO_SENSOR_RANGE), "range");
	KUNIT_EXPECT_STREQ(test, aero_sensor_verdict_name(AERO_SENSOR_JUMP), "jump");
	KUNIT_EXPECT_STREQ(test, aero_sensor_verdict_name(AERO_SENSOR_STUCK), "stuck");
	KUNIT_EXPECT_STREQ(test, aero_sensor_verdict_name(AERO_NR_SENSOR_VERDICTS), "unknown");
}

static struct kunit_case aero_sensor_check_cases[] = {
	KUNIT_CASE(sensor_check_kinds),
	KUNIT_CASE(sensor_check_good),
	KUNIT_CASE(sensor_check_range),
	KUNIT_CASE(sensor_check_error_and_recovery),
	KUNIT_CASE(sensor_check_jump),
	KUNIT_CASE(sensor_check_glitch),
	KUNIT_CASE(sensor_check_jump_and_time),
	KUNIT_CASE(sensor_check_stuck),
	KUNIT_CASE(sensor_check_recover_at_once),
	KUNIT_CASE(sensor_check_properties),
	KUNIT_CASE(sensor_news_changes),
	KUNIT_CASE(sensor_news_flood),
	KUNIT_CASE(sensor_check_names),
	{ }
};

static struct kunit_suite aero_sensor_check_suite = {
	.name = "aerostat_sensor_check",
	.test_cases = aero_sensor_check_cases,
};

kunit_test_suite(aero_sensor_check_suite);
