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
	KUNIT_CASE(controller_names),
	{ }
};

static struct kunit_suite aero_controller_suite = {
	.name = "aerostat_controller",
	.test_cases = aero_controller_cases,
};

kunit_test_suite(aero_controller_suite);

#include "controller-cooling-kunit.c"
#include "controller-power-kunit.c"
