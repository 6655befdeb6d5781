// SPDX-License-Identifier: GPL-2.0
/* Tests of controller.c, which includes this file. */
#include <kunit/test.h>
#include <linux/string.h>

#include "random.h"

#define CAPACITY	1600	/* steps: 100 at high, 400 at emergency */
#define CAPACITY_URGENT	3200	/* steps back: 200 */

static const struct aero_controller_params default_params = AERO_CONTROLLER_PARAMS_DEFAULT;

/* A host with one temperature sensor: low 50, high 60, emergency 80. */
struct aero_test_host {
	struct aero_controller_params params;
	struct aero_reading reading;
	struct aero_controller ctl;
	struct aero_controller_input input;
	struct aero_decision decision;
};

static void aero_test_host_init(struct aero_test_host *host)
{
	memset(host, 0, sizeof(*host));
	host->params = default_params;
	host->reading = (struct aero_reading){
		.low = 50, .high = 60, .emergency = 80, .has_emergency = true, .usable = true,
	};
	host->input = (struct aero_controller_input){
		.readings = &host->reading,
		.nr = 1,
		.capacity_pages = CAPACITY,
		.capacity_emergency_pages = CAPACITY_URGENT,
	};
}

/* One step at @value; the VMs then follow the target at once if @follow. */
static u64 aero_test_step(struct aero_test_host *host, s64 value, bool follow)
{
	host->reading.value = value;
	aero_controller_step(&host->ctl, &host->params, &host->input, &host->decision);
	if (follow)
		host->input.held_pages = host->decision.target_pages;
	return host->decision.target_pages;
}

static void controller_worst_sensor(struct kunit *test)
{
	struct aero_reading r[4] = {
		{ .value = 10, .low = 50, .high = 60, .usable = true },
		{ .value = 62, .low = 50, .high = 60, .usable = true },
		{ .value = 64, .low = 50, .high = 60, .usable = true },
		{ .value = 99, .low = 50, .high = 60, .usable = false },
	};
	struct aero_controller_input input = {
		.readings = r, .nr = 4, .capacity_pages = CAPACITY,
		.capacity_emergency_pages = CAPACITY_URGENT, .held_pages = 500,
	};
	struct aero_controller ctl = { .target = 500 };
	struct aero_decision d;

	aero_controller_step(&ctl, &default_params, &input, &d);
	KUNIT_EXPECT_EQ(test, d.level, AERO_LEVEL_HIGH);
	KUNIT_EXPECT_EQ(test, d.worst, 2);
	KUNIT_EXPECT_EQ(test, d.excess, 400U);

	/* One in the band keeps all from being given back. */
	r[1].value = 10;
	r[2].value = 55;
	aero_controller_step(&ctl, &default_params, &input, &d);
	KUNIT_EXPECT_EQ(test, d.level, AERO_LEVEL_HOLD);
	KUNIT_EXPECT_EQ(test, d.worst, 2);
	r[2].value = 49;
	aero_controller_step(&ctl, &default_params, &input, &d);
	KUNIT_EXPECT_EQ(test, d.level, AERO_LEVEL_LOW);
	KUNIT_EXPECT_EQ(test, d.worst, 0);
}

static void controller_idle(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true), 0ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_IDLE);
	KUNIT_EXPECT_EQ(test, host.decision.step_pages, 0ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 0ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_IDLE);
	/* Asked for but not there yet, or there but not asked for: not idle. */
	host.ctl.target = 50;
	aero_test_step(&host, 55, false);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
	host.ctl.target = 0;
	host.input.held_pages = 50;
	aero_test_step(&host, 55, false);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
}

static void controller_high_steps(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 100ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);
	KUNIT_EXPECT_EQ(test, host.decision.step_pages, 100ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 70, true), 350ULL);
	KUNIT_EXPECT_EQ(test, host.decision.excess, 500U);
	KUNIT_EXPECT_EQ(test, host.decision.step_pages, 250ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 79, true), 350ULL + 385);
	/* Beyond the scale the step grows no further. */
	host.reading.has_emergency = false;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 999, true), 735ULL + 400);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 999, true), 735ULL + 800);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 999, true), (u64)CAPACITY);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);
	/* All there is, is held. */
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 999, true), (u64)CAPACITY);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
}

static void controller_step_is_never_zero(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	host.input.capacity_pages = 5;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 1ULL);
	host.input.capacity_pages = 0;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 0ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
}

static void controller_anti_windup(struct kunit *test)
{
	struct aero_test_host host;
	unsigned int i;

	aero_test_host_init(&host);
	for (i = 0; i < 10; i++)
		aero_test_step(&host, 60, false);
	KUNIT_EXPECT_EQ(test, host.decision.target_pages, 200ULL);
	host.input.held_pages = 50;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, false), 250ULL);
	/* Cooler: what is under way beyond one step is called off. */
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, false), 150ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
}

static void controller_hysteresis(struct kunit *test)
{
	struct aero_test_host host;
	unsigned int i;

	aero_test_host_init(&host);
	for (i = 0; i < 5; i++)
		aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.decision.target_pages, 500ULL);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, 59 - 2 * i, true), 500ULL);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
	}
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 49, true), 300ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_GIVING);
	/* Back in the band: giving stops where it is. */
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 50, true), 300ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
}

static void controller_hold_stops_giving(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	host.input.held_pages = 1000;
	host.ctl.target = 300;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, false), 900ULL);
}

static void controller_high_never_gives(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	host.input.held_pages = 1000;
	host.ctl.target = 300;	/* was giving */
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, false), 1100ULL);
	/* More is held than the VMs should be asked for: down to that. */
	host.input.capacity_pages = 900;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, false), 900ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
}

static void controller_low(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	host.ctl.target = 1500;
	host.input.held_pages = 1000;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true), 800ULL);
	KUNIT_EXPECT_EQ(test, host.decision.step_pages, 200ULL);
	host.input.pressure = default_params.pressure_limit - 1;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true), 600ULL);
	host.input.pressure = default_params.pressure_limit;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true), 200ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, false), 0ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_GIVING);
	/* The VMs are slow; not idle before all is back. */
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, false), 0ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_GIVING);
	host.input.held_pages = 0;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, false), 0ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_IDLE);
	/* The last few pages go, too, though a step rounds to nothing. */
	host.input.capacity_emergency_pages = 3;
	host.input.capacity_pages = 3;
	host.input.held_pages = 2;
	host.input.pressure = 0;
	host.ctl.target = 2;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true), 1ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true), 0ULL);
}

static void controller_emergency(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	host.input.pressure = 1000;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 80, false), (u64)CAPACITY_URGENT);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_EMERGENCY);
	KUNIT_EXPECT_EQ(test, host.decision.step_pages, (u64)CAPACITY_URGENT);
	host.input.held_pages = CAPACITY_URGENT;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 80, false), (u64)CAPACITY_URGENT);
	KUNIT_EXPECT_EQ(test, host.decision.step_pages, 0ULL);
	host.input.held_pages = 3000;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 80, false), (u64)CAPACITY_URGENT);
	KUNIT_EXPECT_EQ(test, host.decision.step_pages, 200ULL);
	/* A VM goes. */
	host.input.capacity_emergency_pages = 2000;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 80, false), 2000ULL);
	/* And in the band nothing above what there is, either. */
	host.input.capacity_emergency_pages = 1700;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, false), 1700ULL);
}

static void controller_blind(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	host.ctl.target = 700;
	host.input.held_pages = 700;
	host.reading.usable = false;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 999, true), 700ULL);
	KUNIT_EXPECT_EQ(test, host.decision.level, AERO_LEVEL_NONE);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_BLIND);
	KUNIT_EXPECT_EQ(test, host.decision.worst, -1);
	KUNIT_EXPECT_EQ(test, host.decision.excess, 0U);
	host.input.nr = 0;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 999, true), 700ULL);
	/* What was under way is called off, beyond a step. */
	host.ctl.target = 1000;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 999, false), 800ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_BLIND);
}

static void controller_pressed(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	aero_test_step(&host, 60, true);
	host.input.pressure = default_params.pressure_limit - 1;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 200ULL);
	host.input.pressure = default_params.pressure_limit;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 79, true), 200ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_PRESSED);
	KUNIT_EXPECT_EQ(test, host.decision.step_pages, 0ULL);
	host.input.pressure = 0;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 300ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);
}

/* Under pressure at @value until one step before that can be called futile. */
static void aero_test_suffer(struct kunit *test, struct aero_test_host *host, s64 value)
{
	unsigned int i;

	host->input.pressure = default_params.pressure_limit;
	for (i = 1; i < default_params.futile_steps; i++) {
		aero_test_step(host, value, true);
		KUNIT_ASSERT_EQ_MSG(test, host->decision.verdict, AERO_VERDICT_PRESSED,
				    "step %u", i);
	}
}

/* The same, with 800 held. */
static void aero_test_run(struct kunit *test, struct aero_test_host *host, s64 value)
{
	aero_test_host_init(host);
	host->input.held_pages = 800;
	host->ctl.target = 800;
	aero_test_suffer(test, host, value);
}

static void controller_futile(struct kunit *test)
{
	struct aero_test_host host;
	unsigned int i;

	aero_test_run(test, &host, 60);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 600ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_FUTILE);

	/* Waits, even when the pressure is gone. */
	host.input.pressure = 0;
	for (i = 0; i < default_params.futile_steps; i++) {
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 600ULL);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_FUTILE);
	}
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 700ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);

	/* Again: waits twice as long. */
	aero_test_suffer(test, &host, 60);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 525ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_FUTILE);
	host.input.pressure = 0;
	for (i = 0; i < 2 * default_params.futile_steps; i++) {
		aero_test_step(&host, 60, true);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_FUTILE);
	}
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);

	/* All sensors low: forgotten. */
	aero_test_step(&host, 20, true);
	KUNIT_EXPECT_EQ(test, host.ctl.backoff_next, 0U);
}

/* The pressure stays, whatever goes back: in the end all of it has. */
static void controller_futile_to_the_last_page(struct kunit *test)
{
	struct aero_test_host host;
	u64 held = 800;
	unsigned int i;

	aero_test_run(test, &host, 60);
	for (i = 0; i < 2000; i++) {
		KUNIT_ASSERT_LE(test, aero_test_step(&host, 60, true), held);
		held = host.input.held_pages;
	}
	KUNIT_EXPECT_EQ(test, held, 0ULL);
	/* While waiting, too. */
	aero_test_run(test, &host, 60);
	host.ctl.backoff_next = 100;
	aero_test_step(&host, 60, true);
	for (i = 1; i < default_params.futile_steps; i++)
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 600ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 450ULL);
	KUNIT_EXPECT_EQ(test, host.ctl.backoff, 100 - default_params.futile_steps + 1);
	/* But not where that made it hotter. */
	for (i = 0; i < 2 * default_params.futile_steps; i++)
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, 61, true), 450ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 338ULL);
}

static void controller_futile_wait(struct kunit *test)
{
	struct aero_test_host host;

	/* Low ends the wait. */
	aero_test_run(test, &host, 60);
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_FUTILE);
	host.input.pressure = 0;
	aero_test_step(&host, 20, true);
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);

	/* What VMs take back by themselves is not taken again while it lasts. */
	aero_test_run(test, &host, 60);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 600ULL);
	host.input.held_pages = 300;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 400ULL);
	/* Time in the band counts, too. */
	host.input.pressure = 0;
	aero_test_step(&host, 55, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
	KUNIT_EXPECT_EQ(test, host.ctl.backoff, default_params.futile_steps - 2);
}

static void controller_futile_backoff_is_bounded(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_run(test, &host, 60);
	host.ctl.backoff_next = default_params.backoff_max - 1;
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.ctl.backoff, default_params.backoff_max - 1);
	KUNIT_EXPECT_EQ(test, host.ctl.backoff_next, default_params.backoff_max);

	/* Even the first wait. */
	aero_test_run(test, &host, 60);
	host.params.backoff_max = 5;
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.ctl.backoff, 5U);
}

/* Each of the conditions for futility, when it alone is missing. */
static void controller_not_futile(struct kunit *test)
{
	struct aero_test_host host;

	/* The sensor fell. */
	aero_test_run(test, &host, 70);
	aero_test_step(&host, 69, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_PRESSED);
	aero_test_step(&host, 70, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_FUTILE);

	/* The pressure ended, for a step. */
	aero_test_run(test, &host, 60);
	host.input.pressure = default_params.pressure_limit - 1;
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);
	aero_test_suffer(test, &host, 60);
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_FUTILE);

	/* The sensor was below high in between: a new run. */
	aero_test_run(test, &host, 60);
	aero_test_step(&host, 59, true);
	aero_test_suffer(test, &host, 60);

	/* Nothing is held. */
	aero_test_run(test, &host, 60);
	host.input.held_pages = 0;
	aero_test_step(&host, 60, false);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_PRESSED);
}

static void controller_futile_ends_in_emergency(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_run(test, &host, 60);
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_FUTILE);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 80, true), (u64)CAPACITY_URGENT);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_EMERGENCY);
	host.input.pressure = 0;
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_NE(test, host.decision.verdict, AERO_VERDICT_FUTILE);
}

/* A divisor or a distance of zero counts as one: all at once. */
static void controller_zero_params(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	memset(&host.params, 0, sizeof(host.params));
	host.params.pressure_limit = 1001;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), (u64)CAPACITY);
	host.input.held_pages = CAPACITY_URGENT;
	host.ctl.target = CAPACITY_URGENT;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true), 0ULL);

	aero_test_host_init(&host);
	host.params.ahead_steps = 0;
	aero_test_step(&host, 60, false);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, false), 100ULL);

	/* Futile at once, for one step. */
	aero_test_host_init(&host);
	host.params.futile_steps = 0;
	aero_test_step(&host, 60, true);
	host.input.held_pages = 400;
	host.input.pressure = 1000;
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_FUTILE);
	KUNIT_EXPECT_EQ(test, host.ctl.backoff, 1U);
}

/* The step, without care for overflow. */
static u64 aero_test_step_pages(const struct aero_test_host *host)
{
	u64 least = host->input.capacity_pages / 16, most = host->input.capacity_pages / 4;

	return max(least + div_u64((most - least) * host->decision.excess, 1000), 1ULL);
}

/* What holds in every step, whatever came before. */
static void controller_invariants(struct kunit *test)
{
	struct aero_test_host host;
	struct rnd_state rnd;
	unsigned int round, futile = 0;
	s64 value = 0;

	prandom_seed_state(&rnd, 11);
	aero_test_host_init(&host);
	for (round = 0; round < 50000; round++) {
		u64 before = host.ctl.target, held, target;
		u64 capacity, urgent;
		enum aero_level level;

		if (aero_test_once_in(&rnd, 50)) {
			urgent = aero_test_random(&rnd, 1ULL << aero_test_random(&rnd, 54));
			host.input.capacity_emergency_pages = urgent;
			host.input.capacity_pages = aero_test_random(&rnd, urgent);
		}
		capacity = host.input.capacity_pages;
		urgent = host.input.capacity_emergency_pages;
		host.input.held_pages = aero_test_once_in(&rnd, 2) ? before :
							    aero_test_random(&rnd, urgent);
		if (aero_test_once_in(&rnd, 8)) {
			host.input.pressure = aero_test_random(&rnd, 1000);
			host.reading.usable = !aero_test_once_in(&rnd, 10);
			value = aero_test_random(&rnd, 90);
		}
		held = host.input.held_pages;
		host.reading.value = value;
		level = aero_controller_level(&host.input);
		target = aero_test_step(&host, value, false);
		KUNIT_ASSERT_EQ_MSG(test, host.decision.level, level, "round %u", round);
		futile += host.decision.verdict == AERO_VERDICT_FUTILE;

		KUNIT_ASSERT_LE_MSG(test, target, urgent, "round %u", round);
		switch (host.decision.level) {
		case AERO_LEVEL_EMERGENCY:
			KUNIT_ASSERT_EQ_MSG(test, target, urgent, "round %u", round);
			break;
		case AERO_LEVEL_HIGH:
			if (host.decision.verdict == AERO_VERDICT_TAKING ||
			    host.decision.verdict == AERO_VERDICT_HOLDING)
				KUNIT_ASSERT_GE_MSG(test, target, min(held, capacity),
						    "round %u", round);
			KUNIT_ASSERT_LE_MSG(test, target,
					    held + 2 * max(capacity / 4, 1ULL),
					    "round %u", round);
			if (host.input.pressure >= default_params.pressure_limit)
				KUNIT_ASSERT_LE_MSG(test, target,
						    max(before, held), "round %u", round);
			else if (host.decision.step_pages)
				KUNIT_ASSERT_EQ_MSG(test, host.decision.step_pages,
						    aero_test_step_pages(&host), "round %u", round);
			break;
		case AERO_LEVEL_LOW:
			KUNIT_ASSERT_LE_MSG(test, target, min(before, held), "round %u", round);
			break;
		case AERO_LEVEL_HOLD:
		case AERO_LEVEL_NONE:
			KUNIT_ASSERT_LE_MSG(test, target, max(before, held), "round %u", round);
			KUNIT_ASSERT_GE_MSG(test, target, min3(before, held, urgent),
					    "round %u", round);
			break;
		}
	}
	KUNIT_EXPECT_GT(test, futile, 0U);
}

/*
 * The loop closed: a machine that is warmed by its memory. From too hot it has to
 * come to rest below high and stay there without giving and taking in turns.
 */
static void controller_settles(struct kunit *test)
{
	struct aero_test_host host;
	s64 heat = 75000;	/* millidegree */
	unsigned int i, changes = 0;
	u64 before;

	aero_test_host_init(&host);
	host.reading.low = 50000;
	host.reading.high = 60000;
	host.reading.emergency = 80000;
	for (i = 0; i < 2000; i++) {
		before = host.ctl.target;
		aero_test_step(&host, heat, false);
		if (i > 1000 && host.ctl.target != before)
			changes++;
		/* VMs give 40 pages a step; 1600 pages are worth 25 degrees, slowly. */
		host.input.held_pages += min(host.ctl.target - min(host.ctl.target,
								   host.input.held_pages), 40ULL);
		heat += (76000 - (s64)div_u64(host.input.held_pages * 25000, 1600) - heat) / 20;
	}
	KUNIT_EXPECT_EQ(test, host.decision.level, AERO_LEVEL_HOLD);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
	KUNIT_EXPECT_EQ(test, changes, 0U);
	KUNIT_EXPECT_GT(test, host.input.held_pages, 1000ULL);
}

/* The cooling device alone: up to its share and back, whatever the sensors' band is. */
static void controller_cooling_alone(struct kunit *test)
{
	static const struct {
		s64 value;
		bool usable;
		enum aero_verdict after;
	} cases[] = {
		{ 20, true, AERO_VERDICT_IDLE },
		{ 55, true, AERO_VERDICT_IDLE },
		{ 55, false, AERO_VERDICT_BLIND },
	};
	struct aero_test_host host;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		aero_test_host_init(&host);
		host.reading.usable = cases[i].usable;
		host.input.pressure = 1000;
		host.input.cooling = 300;
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, cases[i].value, true), 960ULL);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_TAKING);
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, cases[i].value, true), 960ULL);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
		host.input.cooling = 1000;
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, cases[i].value, true), (u64)CAPACITY);
		/* It lets go, and the VMs take their time: none of it becomes the sensors' own. */
		host.input.cooling = 0;
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, cases[i].value, false), 0ULL);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_GIVING);
		host.input.held_pages = 700;
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, cases[i].value, false), 0ULL);
		host.input.held_pages = 0;
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, cases[i].value, false), 0ULL);
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, cases[i].value, false), 0ULL);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, cases[i].after);
		KUNIT_EXPECT_FALSE(test, host.ctl.lent);
	}
}

/* Two masters: the stronger demand counts, and each keeps its own. */
static void controller_cooling_beside_sensors(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	aero_test_step(&host, 60, true);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 200ULL);
	/* In the band: 200 are the sensor's. */
	host.input.cooling = 250;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 800ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 800ULL);
	host.input.cooling = 0;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 200ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 200ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
	/* What is held is not enough when it is hot, whoever asked for it. */
	host.input.cooling = 250;
	aero_test_step(&host, 55, true);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 60, true), 900ULL);
	/* Weaker than the sensors: no difference. */
	host.input.cooling = 50;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 900ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true), 700ULL);
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 80, true), (u64)CAPACITY_URGENT);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_EMERGENCY);
}

/*
 * What VMs can spare falls when they are under pressure: to what they hold, or a little less.
 * A share of that would halve what is held with each step, and all would come again.
 */
static void controller_cooling_under_pressure(struct kunit *test)
{
	struct aero_test_host host;
	unsigned int i;

	aero_test_host_init(&host);
	host.input.cooling = 400;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 1280ULL);
	/* Asked for no more. */
	host.input.pressure = 20;
	host.input.capacity_pages = 1280;
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 1280ULL);
	KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_HOLDING);
	host.input.cooling = 1000;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 1280ULL);
	/* What is lacking goes back, and nothing else. */
	host.input.pressure = 60;
	for (i = 1; i <= 10; i++) {
		host.input.capacity_pages = host.input.held_pages - 10;
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 1280ULL - 10 * i);
		KUNIT_EXPECT_EQ(test, host.decision.verdict, AERO_VERDICT_GIVING);
	}
	host.input.pressure = 20;
	host.input.capacity_pages = host.input.held_pages;
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), 1180ULL);
	/* It is over. */
	host.input.pressure = 0;
	host.input.capacity_pages = CAPACITY;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 55, true), (u64)CAPACITY);
}

static void controller_cooling_does_not_overflow(struct kunit *test)
{
	struct aero_test_host host;

	aero_test_host_init(&host);
	host.input.capacity_pages = (1ULL << 60) - 1;
	host.input.capacity_emergency_pages = host.input.capacity_pages;
	host.input.cooling = 900;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true),
			div_u64(host.input.capacity_pages, 10) * 9 + 4);
	host.input.cooling = 5000;
	KUNIT_EXPECT_EQ(test, aero_test_step(&host, 20, true), host.input.capacity_pages);
}

static void controller_names(struct kunit *test)
{
	unsigned int i, j;

	KUNIT_EXPECT_STREQ(test, aero_verdict_name(AERO_VERDICT_IDLE), "idle");
	KUNIT_EXPECT_STREQ(test, aero_verdict_name(AERO_VERDICT_PRESSED), "pressed");
	KUNIT_EXPECT_STREQ(test, aero_verdict_name(AERO_NR_VERDICTS), "unknown");
	KUNIT_EXPECT_STREQ(test, aero_verdict_name((enum aero_verdict)-1), "unknown");
	for (i = 0; i < AERO_NR_VERDICTS; i++)
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, strcmp(aero_verdict_name(i), aero_verdict_name(j)),
					0);
}

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

/* Whatever state and sensors: where it says that it rests, a step with nothing held is none. */
static void controller_rests(struct kunit *test)
{
	const struct aero_controller_params params = AERO_CONTROLLER_PARAMS_DEFAULT;
	unsigned int i, rested = 0, moved = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 31);
	for (i = 0; i < 20000; i++) {
		struct aero_reading reading = {
			.low = 10, .high = 20, .emergency = 30, .has_emergency = true,
			.value = prandom_u32_state(&rnd) % 40,
			.usable = prandom_u32_state(&rnd) % 4,
		};
		struct aero_controller_input input = {
			.readings = &reading, .nr = 1,
			.capacity_pages = prandom_u32_state(&rnd) % 1000,
			.capacity_emergency_pages = 1000,
			.pressure = prandom_u32_state(&rnd) % 1001,
		};
		struct aero_controller ctl = {
			.target = prandom_u32_state(&rnd) % 4 ? 0 : prandom_u32_state(&rnd) % 100,
			.running = !(prandom_u32_state(&rnd) % 4),
			.backoff = prandom_u32_state(&rnd) % 4 ? 0 : 3,
			.backoff_next = prandom_u32_state(&rnd) % 4 ? 0 : 6,
		};
		struct aero_controller before = ctl;
		struct aero_decision decision;
		enum aero_level level;

		if (!aero_controller_rests(&ctl, &reading, 1, 0, &level)) {
			moved++;
			continue;
		}
		rested++;
		aero_controller_step(&ctl, &params, &input, &decision);
		KUNIT_ASSERT_EQ(test, decision.level, level);
		KUNIT_ASSERT_EQ(test, decision.target_pages, 0ULL);
		KUNIT_ASSERT_EQ(test, ctl.target, before.target);
		KUNIT_ASSERT_EQ(test, ctl.running, before.running);
		KUNIT_ASSERT_EQ(test, ctl.backoff, before.backoff);
		KUNIT_ASSERT_EQ(test, ctl.backoff_next, before.backoff_next);
	}
	KUNIT_EXPECT_GT(test, rested, 1000U);
	KUNIT_EXPECT_GT(test, moved, 1000U);
}

static struct kunit_case aero_controller_cases[] = {
	KUNIT_CASE(controller_worst_sensor),
	KUNIT_CASE(controller_idle),
	KUNIT_CASE(controller_high_steps),
	KUNIT_CASE(controller_step_is_never_zero),
	KUNIT_CASE(controller_anti_windup),
	KUNIT_CASE(controller_hysteresis),
	KUNIT_CASE(controller_hold_stops_giving),
	KUNIT_CASE(controller_high_never_gives),
	KUNIT_CASE(controller_low),
	KUNIT_CASE(controller_emergency),
	KUNIT_CASE(controller_blind),
	KUNIT_CASE(controller_pressed),
	KUNIT_CASE(controller_futile),
	KUNIT_CASE(controller_futile_to_the_last_page),
	KUNIT_CASE(controller_futile_wait),
	KUNIT_CASE(controller_futile_backoff_is_bounded),
	KUNIT_CASE(controller_not_futile),
	KUNIT_CASE(controller_futile_ends_in_emergency),
	KUNIT_CASE(controller_zero_params),
	KUNIT_CASE(controller_invariants),
	KUNIT_CASE(controller_settles),
	KUNIT_CASE(controller_rests),
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
	KUNIT_CASE(controller_cooling_alone),
	KUNIT_CASE(controller_cooling_beside_sensors),
	KUNIT_CASE(controller_cooling_under_pressure),
	KUNIT_CASE(controller_cooling_does_not_overflow),
	KUNIT_CASE(controller_names),
	{ }
};

static struct kunit_suite aero_controller_suite = {
	.name = "aerostat_controller",
	.test_cases = aero_controller_cases,
};

kunit_test_suite(aero_controller_suite);
