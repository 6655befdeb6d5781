// SPDX-License-Identifier: GPL-2.0
/* Tests of controller.c: powers, which are fed forward. Included by controller-kunit.c. */

/* A power: 40 W, high at 60 W, 64 pages to the watt, memory moves in blocks of 100 pages. */
static void aero_test_power_init(struct aero_test_host *host)
{
	aero_test_host_init(host);
	host->reading = (struct aero_reading){
		.low = 52 * 1000000, .high = 60 * 1000000, .emergency = 90 * 1000000,
		.has_emergency = true, .usable = true, .is_steady = true,
		.uw_per_gib = 4096ULL * 1000000,
	};
	host->input.block_pages = 100;
	host->input.movable_pages = 1ULL << 30;
	host->input.still_ms = 60000;
	host->input.elapsed_ms = 1000;
}

static u64 aero_test_power_step(struct aero_test_host *host, u32 watt)
{
	host->reading.steady = watt * 1000000LL;
	return aero_test_step(host, watt * 1000000LL, false);
}

static void controller_feed_forward(struct kunit *test)
{
	struct aero_test_host host;
	unsigned int i;

	aero_test_power_init(&host);
	/* 5 W beyond high, and one more to the aim: 384 pages and a bit. */
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 400ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);
	KUNIT_EXPECT_EQ(test, host.decision.step_pages, 400ULL);
	/* To wait for what comes of it, whatever is read meanwhile. */
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65 + i % 3), 400ULL);
	/* Nothing has moved: asked again, the same comes of it. */
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 400ULL);
	/* Memory goes; not before it rests is there another step. */
	host.input.held_pages = 400;
	host.input.offline_pages = 200;
	for (i = 0; i < 20; i++) {
		host.input.still_ms = 0;
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 64), 400ULL);
	}
	host.input.offline_pages = 400;
	host.input.still_ms = 20000;
	/* It fell by half of what it should have. */
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 62), 600ULL);
	/* Then into the band: what is held stays. */
	host.input.held_pages = 600;
	host.input.offline_pages = 600;
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 58), 600ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
}

static void controller_feed_forward_is_bounded(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_power_init(&host);
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 89), (u64)CAPACITY);
	/* No more than what can go offline. */
	aero_test_power_init(&host);
	host.input.offline_pages = 100;
	host.input.movable_pages = 200;
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 89), 300ULL);
	aero_test_power_init(&host);
	host.input.pressure = 1000;
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 0ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_PRESSED);
	aero_test_power_init(&host);
	host.reading.value = S64_MAX;
	host.reading.steady = S64_MAX;
	host.reading.high = S64_MIN;
	host.reading.low = S64_MIN;
	host.reading.has_emergency = false;
	host.reading.uw_per_gib = 1;
	aero_controller_step(&host.ctl, &host.params, &host.input, &host.decision);
	KUNIT_EXPECT_EQ(test, host.decision.target_pages, (u64)CAPACITY);
}

/* A power that jumps about is asked in the end, if less often. */
static void controller_feed_forward_without_rest(struct kunit *test)
{
	struct aero_test_host host;
	unsigned int i;

	aero_test_power_init(&host);
	host.reading.is_steady = false;
	for (i = 1; i < 4 * default_params.settle_ms / 1000; i++)
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 0ULL);
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 400ULL);
}

/* One sensor's feed-forward does not hold up another's integral steps, nor the other way. */
static void controller_feed_forward_beside_integral(struct kunit *test)
{
	struct aero_reading r[2] = {
		{ .value = 65000000, .low = 52000000, .high = 60000000, .usable = true,
		  .uw_per_gib = 4096000000ULL },
		{ .value = 60, .low = 50, .high = 60, .emergency = 80, .has_emergency = true,
		  .usable = true },
	};
	struct aero_controller_input input = {
		.readings = r, .nr = 2, .capacity_pages = CAPACITY, .block_pages = 100,
		.movable_pages = 10000,
		.capacity_emergency_pages = CAPACITY_URGENT, .elapsed_ms = 1000,
	};
	struct aero_controller ctl = { };
	struct aero_decision d;
	unsigned int i;

	/* The power has not come to rest: the temperature goes on alone. */
	for (i = 1; i <= 3; i++) {
		aero_controller_step(&ctl, &default_params, &input, &d);
		KUNIT_EXPECT_EQ(test, d.target_pages, 100ULL * i);
		input.held_pages = d.target_pages;
	}
	/* Feed-forward leaps ahead; the temperature, bound to what is held, lets it. */
	r[0].is_steady = true;
	r[0].steady = 75000000;
	input.still_ms = 60000;
	for (i = 0; i < 3; i++) {
		aero_controller_step(&ctl, &default_params, &input, &d);
		KUNIT_EXPECT_EQ(test, d.target_pages, 1100ULL);
	}
	/* What the power wants is there, and the temperature still too high. */
	input.held_pages = 1100;
	input.still_ms = 0;
	aero_controller_step(&ctl, &default_params, &input, &d);
	KUNIT_EXPECT_EQ(test, d.target_pages, 1200ULL);
}

static void controller_gives_back_by_feed_forward(struct kunit *test)
{
	struct aero_test_host host;
	unsigned int i;

	aero_test_power_init(&host);
	host.input.held_pages = 800;
	host.input.offline_pages = 800;
	host.ctl.target = 800;
	/* 51 W: 5 W to the band's middle, 320 pages. Less than a step would be, and once. */
	host.params.give_div = 1;
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 51), 500ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_GIVING);
	for (i = 0; i < 20; i++) {
		host.input.still_ms = 0;
		host.input.held_pages = 800 - 15 * i;
		host.input.offline_pages = 800 - 15 * i;
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 51), 500ULL);
	}
	host.input.held_pages = 500;
	host.input.offline_pages = 500;
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 51), 500ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
	/* The load has gone. */
	host.input.still_ms = 60000;
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 30), 0ULL);
	/* Just below low with nothing known about what was done last: nothing is risked. */
	aero_test_power_init(&host);
	host.input.held_pages = 800;
	host.input.offline_pages = 800;
	host.ctl.target = 800;
	host.input.still_ms = 1000;
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 20), 800ULL);
}

/* A power that jumps about gives back in the end, too, and by what it reads then. */
static void controller_gives_back_without_rest(struct kunit *test)
{
	const unsigned int wait = 4 * default_params.settle_ms / 1000;
	struct aero_test_host host;
	unsigned int i;

	aero_test_power_init(&host);
	host.params.give_div = 1;
	host.reading.is_steady = false;
	host.input.held_pages = 800;
	host.input.offline_pages = 800;
	host.ctl.target = 800;
	for (i = 1; i < wait; i++)
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 50 + i % 2), 800ULL);
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 51), 500ULL);
	/* Once, and then it waits again. */
	host.input.held_pages = 500;
	host.input.offline_pages = 500;
	for (i = 1; i < wait; i++)
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 50 + i % 2), 500ULL);
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 51), 200ULL);
	/* The time in the band does not count. */
	host.input.held_pages = 200;
	host.input.offline_pages = 200;
	for (i = 1; i < wait; i++)
		aero_test_power_step(&host, 51);
	aero_test_power_step(&host, 55);
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 51), 200ULL);
}

/* A power that memory has no effect on: nobody is squeezed for it, and others go on. */
static void controller_ineffective(struct kunit *test)
{
	struct aero_test_host host;
	struct aero_reading both[2];
	enum aero_level level;
	unsigned int i;

	aero_test_power_init(&host);
	host.reading.ineffective = true;
	host.input.held_pages = 800;
	host.input.offline_pages = 800;
	host.ctl.target = 800;
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, i < 2 ? 65 : 95),
				600ULL - 200 * i);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_INEFFECTIVE);
		host.input.held_pages = host.decision.target_pages;
		if (i == 2)
			break;
	}
	host.input.held_pages = 0;
	aero_test_power_step(&host, 65);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_INEFFECTIVE);
	KUNIT_EXPECT_TRUE(test, aero_controller_rests(&host.ctl, &host.reading, 1, 10000, &level));
	/* It falls by itself: that is news. */
	host.reading.value = 40 * 1000000;
	KUNIT_EXPECT_FALSE(test, aero_controller_rests(&host.ctl, &host.reading, 1, 10000, &level));
	aero_test_power_step(&host, 40);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_IDLE);

	/* A temperature beside it decides alone. */
	both[0] = host.reading;
	both[0].value = 65 * 1000000;
	both[1] = (struct aero_reading){ .value = 60, .low = 50, .high = 60, .usable = true };
	host.input.readings = both;
	host.input.nr = 2;
	aero_controller_step(&host.ctl, &host.params, &host.input, &host.decision);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);
	KUNIT_EXPECT_EQ(test, host.decision.worst, 1);
	both[1].value = 55;
	aero_controller_step(&host.ctl, &host.params, &host.input, &host.decision);
	KUNIT_EXPECT_EQ(test, host.decision.level, AERO_LEVEL_HOLD);
}

/* Where no block can go offline nothing is taken for a power, and what was goes back. */
static void controller_nothing_movable(struct kunit *test)
{
	struct aero_test_host host;
	struct aero_reading both[2];
	enum aero_level level;
	unsigned int i;

	aero_test_power_init(&host);
	host.input.movable_pages = 0;
	host.input.held_pages = 800;
	host.ctl.target = 800;
	for (i = 1; i <= 4; i++) {
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 800ULL - 200 * i);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_INEFFECTIVE);
		KUNIT_EXPECT_EQ(test, host.decision.level, AERO_LEVEL_LOW);
		KUNIT_EXPECT_EQ(test, aero_controller_level(&host.input), AERO_LEVEL_LOW);
		host.input.held_pages = host.decision.target_pages;
	}
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 0ULL);
	KUNIT_EXPECT_TRUE(test, aero_controller_rests(&host.ctl, &host.reading, 1, 0, &level));
	KUNIT_EXPECT_EQ(test, level, AERO_LEVEL_LOW);
	/* Memory is plugged. */
	KUNIT_EXPECT_FALSE(test, aero_controller_rests(&host.ctl, &host.reading, 1, 200, &level));
	host.input.movable_pages = 200;
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 200ULL);
	/* All that can go has gone: that is kept. */
	host.input.held_pages = 200;
	host.input.offline_pages = 200;
	host.input.movable_pages = 0;
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 200ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
	/* An emergency takes all there is, whatever it helps. */
	host.input.offline_pages = 0;
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 90), (u64)CAPACITY_URGENT);

	/* Temperatures need no block to go: the one beside it decides alone. */
	aero_test_power_init(&host);
	both[0] = host.reading;
	both[0].value = 65 * 1000000;
	both[0].steady = both[0].value;
	both[1] = (struct aero_reading){ .value = 55, .low = 50, .high = 60, .usable = true };
	host.input.readings = both;
	host.input.nr = 2;
	host.input.movable_pages = 0;
	host.input.held_pages = 500;
	host.ctl.target = 500;
	aero_controller_step(&host.ctl, &host.params, &host.input, &host.decision);
	KUNIT_EXPECT_EQ(test, host.decision.target_pages, 500ULL);
	KUNIT_EXPECT_EQ(test, host.decision.level, AERO_LEVEL_HOLD);
	both[1].value = 60;
	aero_controller_step(&host.ctl, &host.params, &host.input, &host.decision);
	KUNIT_EXPECT_EQ(test, host.decision.target_pages, 600ULL);
	KUNIT_EXPECT_EQ(test, host.decision.worst, 1);
}

/* A power that the model says memory does not move: ineffective, and with no feed-forward. */
static void controller_model_of_nothing(struct kunit *test)
{
	struct aero_test_host host;
	unsigned int i;

	aero_test_power_init(&host);
	host.reading.uw_per_gib = 0;
	host.reading.ineffective = true;
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65 + i), 0ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_INEFFECTIVE);
	host.input.held_pages = 800;
	host.ctl.target = 800;
	KUNIT_EXPECT_EQ(test, aero_test_power_step(&host, 65), 600ULL);
}

/*
 * The loop closed by a power: memory goes off in blocks and slowly, the meter lags, has noise and
 * steps, and the model is off by up to two in each direction. It has to come below high,
 * and then no more may be given or taken.
 */
static void controller_power_settles(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int round, i;

	prandom_seed_state(&rnd, 77);
	for (round = 0; round < 200; round++) {
		s64 per_page = 1000000 / 64, base, power, goal;
		u32 factor = 500 + aero_test_random(&rnd, 1500), moves = 0, last = 0;
		struct aero_test_host host;
		u64 before, offline = 0;

		aero_test_power_init(&host);
		host.reading.has_emergency = false;
		host.input.capacity_pages = 3000;
		host.input.capacity_emergency_pages = 3000;
		host.reading.uw_per_gib = div_u64(4096000000ULL * factor, 1000);
		base = 60500000 + aero_test_random(&rnd, 12000000);
		power = base;
		for (i = 0; i < 600; i++) {
			s64 seen;

			goal = base - (s64)offline * per_page;
			power += (goal - power) / 2;
			seen = power + (s64)aero_test_random(&rnd, 400000) - 200000;
			seen -= seen % 250000;
			host.reading.value = seen;
			host.reading.steady = power;
			host.reading.is_steady = host.input.still_ms >= 6000;
			before = host.ctl.target;
			aero_controller_step(&host.ctl, &host.params, &host.input, &host.decision);
			if (host.ctl.target != before) {
				moves++;
				last = i;
			}
			if (host.input.held_pages != host.ctl.target)
				host.input.held_pages = host.ctl.target;
			host.input.still_ms += 1000;
			if (i % 2 == 0 && offline / 100 != host.input.held_pages / 100) {
				offline += offline < host.input.held_pages ? 100 : -100;
				host.input.offline_pages = offline;
				host.input.still_ms = 0;
			}
		}
		KUNIT_ASSERT_LT_MSG(test, goal, 60250000LL, "round %u", round);
		KUNIT_ASSERT_GE_MSG(test, goal, 49000000LL, "round %u", round);
		KUNIT_ASSERT_LE_MSG(test, moves, 12U, "round %u", round);
		KUNIT_ASSERT_LT_MSG(test, last, 400U, "round %u", round);
	}
}

static struct kunit_case aero_controller_power_cases[] = {
	KUNIT_CASE(controller_feed_forward),
	KUNIT_CASE(controller_feed_forward_is_bounded),
	KUNIT_CASE(controller_feed_forward_without_rest),
	KUNIT_CASE(controller_feed_forward_beside_integral),
	KUNIT_CASE(controller_gives_back_by_feed_forward),
	KUNIT_CASE(controller_gives_back_without_rest),
	KUNIT_CASE(controller_ineffective),
	KUNIT_CASE(controller_nothing_movable),
	KUNIT_CASE(controller_model_of_nothing),
	KUNIT_CASE(controller_power_settles),
	{ }
};

static struct kunit_suite aero_controller_power_suite = {
	.name = "aerostat_controller_power",
	.test_cases = aero_controller_power_cases,
};

kunit_test_suite(aero_controller_power_suite);
