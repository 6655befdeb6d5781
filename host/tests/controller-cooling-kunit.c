// SPDX-License-Identifier: GPL-2.0
/* Tests of controller.c: the cooling device as a second master. Included by controller-kunit.c. */

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

static struct kunit_case aero_controller_cooling_cases[] = {
	KUNIT_CASE(controller_cooling_alone),
	KUNIT_CASE(controller_cooling_beside_sensors),
	KUNIT_CASE(controller_cooling_under_pressure),
	KUNIT_CASE(controller_cooling_does_not_overflow),
	{ }
};

static struct kunit_suite aero_controller_cooling_suite = {
	.name = "aerostat_controller_cooling",
	.test_cases = aero_controller_cooling_cases,
};

kunit_test_suite(aero_controller_cooling_suite);
