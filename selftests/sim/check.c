// SPDX-License-Identifier: GPL-2.0
/*
 * The model and each policy's rule, on hosts so small that the results were computed by hand;
 * how stands beside each. Then every policy on every scenario: sim_run() itself ends the program
 * when a page is made or lost or a VM falls below its minimum.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "sim.h"

#define GIB	SIM_PAGES_PER_GIB
#define MIB	SIM_PAGES_PER_MIB

static unsigned int passed, failed;
static bool good;

#define EXPECT(left, right) do {						\
	long long __left = (left), __right = (right);				\
										\
	if (__left != __right) {						\
		printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #left, __left, \
		       __right);						\
		good = false;							\
	}									\
} while (0)

static const struct sim_params defaults = SIM_PARAMS_DEFAULT;
static struct sim_vm vms[2];
static struct sim_host host;

/* Two VMs of 4 GiB that use one each, a minimum of 1 GiB and shares of 1 to 3. */
static void two_vms(u64 memory, u64 base, s64 temp)
{
	unsigned int i;

	host = (struct sim_host){ .memory = memory, .base = base, .nr = 2, .vms = vms };
	sim_host_init(&host, &defaults);
	host.temp_uc = temp * 1000;
	for (i = 0; i < 2; i++)
		vms[i] = (struct sim_vm){
			.shares = i ? 3000 : 1000, .size = 4 * GIB, .min = GIB, .anon = GIB,
		};
}

static void one_round(const struct sim_policy *policy)
{
	void *state = policy->create(&host);

	if (!state)
		abort();
	policy->step(state, &host);
	policy->destroy(state);
}

static void guest_reads_what_it_lacks(void)
{
	two_vms(10 * GIB, GIB, 60000);
	vms[0] = (struct sim_vm){
		.size = 4 * GIB, .cpu = 1000, .anon = 2 * GIB, .cache = GIB,
		.target = 2 * GIB, .balloon = 2 * GIB,
	};
	sim_guest_step(&vms[0], &defaults);
	/* Its kernel has 128 MiB, 1920 are left of 3072: 1152 MiB = 294912 pages, once in 60 s. */
	EXPECT(vms[0].away, 294912);
	EXPECT(vms[0].read, 4915);
	/* Page cache went first, all 262144 of it: 262144 / 294912 of the reads. */
	EXPECT(vms[0].refaults, 4368);
	EXPECT(vms[0].swap_ins, 547);
	EXPECT(sim_guest_rest(&vms[0]), 0);
	/* All cache is away, and anonymous memory that does not fit: nothing is available. */
	EXPECT(sim_guest_available(&vms[0]), 0);
	/* Half of the activity of an idle VM and a busy one: 550 permille. */
	vms[0].cpu = 500;
	sim_guest_step(&vms[0], &defaults);
	EXPECT(vms[0].read, 2703);
	/* With room they come back at that rate, and stay. */
	vms[0].balloon = 0;
	vms[0].target = 0;
	sim_guest_step(&vms[0], &defaults);
	EXPECT(vms[0].away, 294912 - 2703);
}

static void guest_sees_cache_as_available(void)
{
	two_vms(10 * GIB, GIB, 60000);
	vms[0].cache = 2 * GIB;
	/* 4096 - 128 - 1024 MiB; of these 2048 are cache, and 896 are free. */
	EXPECT(sim_guest_available(&vms[0]), 2944 * MIB);
	EXPECT(sim_guest_free(&vms[0]), 896 * MIB);
	sim_guest_init(&vms[0], &defaults);
	/* After long it is full of cache that nobody needs, but for a 64th. */
	EXPECT(sim_guest_free(&vms[0]), 64 * MIB);
	EXPECT(sim_guest_available(&vms[0]), 2944 * MIB);
}

static void guest_balloon_has_a_rate_and_a_floor(void)
{
	two_vms(10 * GIB, GIB, 60000);
	vms[0].target = 3 * GIB;
	vms[0].floor = 256 * MIB;
	sim_guest_step(&vms[0], &defaults);
	EXPECT(vms[0].balloon, 256 * MIB);
	vms[0].balloon = 2600 * MIB;
	/* 4096 - 128 - 1024 - 2600 are available, 256 must stay. */
	sim_guest_step(&vms[0], &defaults);
	EXPECT(vms[0].balloon, 2688 * MIB);
}

static void plant_settles_and_follows(void)
{
	const struct sim_params slow = { .step_s = 60, .reuse_s = 60 };

	two_vms(32 * GIB, GIB, 0);
	host.params = &slow;
	host.inlet = 20000;
	sim_host_plant(&host, true);
	/* 20 + 100 W * 0.041459 + 32 * 103 mW on one DIMM * 8 degrees per watt */
	EXPECT(host.temp_uc, 20000000 + 4145900 + 26368000);
	/* 16 GiB offline draw 49 mW each less. */
	host.offline = 16 * GIB;
	sim_host_plant(&host, true);
	EXPECT(host.temp_uc, 20000000 + 4145900 + 26368000 - 16 * 49 * 8000);
	/* A third of the way in 60 s: 60 / (120 + 60). */
	host.temp_uc = 0;
	sim_host_plant(&host, false);
	EXPECT(host.temp_uc, (20000000 + 4145900 + 26368000 - 16 * 49 * 8000) / 3);
}

static void none_takes_nothing(void)
{
	two_vms(10 * GIB, GIB, 99000);
	one_round(&sim_policy_none);
	EXPECT(vms[0].target, 0);
	EXPECT(vms[1].target, 0);
}

static void proportional_takes_the_same_part(void)
{
	two_vms(10 * GIB, GIB, 77500);
	vms[1].size = 8 * GIB;
	/* Half way from 70 to 85: half of what is above the minimum. */
	one_round(&sim_policy_proportional);
	EXPECT(vms[0].target, 1536 * MIB);
	EXPECT(vms[1].target, 3584 * MIB);
	host.temp_uc = 70000000;
	one_round(&sim_policy_proportional);
	EXPECT(vms[0].target, 0);
	host.temp_uc = 99000000;
	one_round(&sim_policy_proportional);
	EXPECT(vms[0].target, 3 * GIB);
	EXPECT(vms[1].target, 7 * GIB);
}

static void proxmox_keeps_80_percent(void)
{
	/* 9 of 10 GiB are used, 8 may be: 5 of the 6 above the minima stay, 1.25 and 3.75. */
	two_vms(10 * GIB, GIB, 60000);
	one_round(&sim_policy_proxmox);
	EXPECT(vms[0].target, 100 * MIB);
	EXPECT(vms[1].target, 0);
	/* Of no shares: left alone, and the other one wants all 5, which it has not. */
	two_vms(10 * GIB, GIB, 60000);
	vms[0].shares = 0;
	one_round(&sim_policy_proxmox);
	EXPECT(vms[0].target, 0);
	EXPECT(vms[1].target, 100 * MIB);
	/* 8 of 10: nothing to do. */
	two_vms(10 * GIB, 0, 99000);
	one_round(&sim_policy_proxmox);
	EXPECT(vms[0].target, 0);
	EXPECT(vms[1].target, 0);
}

static void proxmox_asks_the_relaxed_first(void)
{
	/* The one that would give has no free memory: the other one gives. */
	two_vms(10 * GIB, GIB, 60000);
	vms[0].anon = 3968 * MIB;
	one_round(&sim_policy_proxmox);
	EXPECT(vms[0].target, 0);
	EXPECT(vms[1].target, 100 * MIB);
	/* There is enough: the one that has no free memory grows, by 100 MiB. */
	two_vms(16 * GIB, GIB, 60000);
	vms[0].balloon = GIB;
	vms[1].balloon = GIB;
	vms[1].anon = 2944 * MIB;
	one_round(&sim_policy_proxmox);
	EXPECT(vms[0].target, GIB);
	EXPECT(vms[1].target, 924 * MIB);
}

static void proxmox_heat_lowers_the_80_percent(void)
{
	two_vms(10 * GIB, 0, 74000);
	one_round(&sim_policy_proxmox_heat);
	EXPECT(vms[0].target, 0);
	two_vms(10 * GIB, 0, 75000);
	one_round(&sim_policy_proxmox_heat);
	/* 102.4 MiB must go, 100 at once. */
	EXPECT(vms[0].target, 100 * MIB);
	EXPECT(vms[1].target, 0);
}

static void mom_shrinks_below_20_percent(void)
{
	/* 1 of 10 GiB is free: a guest is to have 10 % free, has more, and gives 5 %. */
	two_vms(10 * GIB, GIB, 60000);
	one_round(&sim_policy_mom);
	EXPECT(vms[0].target, 52428);
	EXPECT(vms[1].target, 52428);
	/* It has 128 MiB free and is to have 409: no change, not even up. */
	two_vms(10 * GIB, GIB, 60000);
	vms[0].balloon = 512 * MIB;
	vms[0].target = 512 * MIB;
	vms[0].anon = 3328 * MIB;
	one_round(&sim_policy_mom);
	EXPECT(vms[0].target, 512 * MIB);
	/* No further than its minimum. */
	two_vms(10 * GIB, GIB, 60000);
	vms[0].min = 4000 * MIB;
	one_round(&sim_policy_mom);
	EXPECT(vms[0].target, 96 * MIB);
	/* 3 of 100 free is critical: what it uses and 2 % less than that. */
	two_vms(100 * GIB, 89 * GIB, 60000);
	vms[0].anon = 3968 * MIB;
	one_round(&sim_policy_mom);
	EXPECT(vms[0].target, 20971);
}

static void mom_grows_above_20_percent(void)
{
	two_vms(16 * GIB, 2 * GIB, 60000);
	vms[0].balloon = GIB;
	vms[0].target = GIB;
	one_round(&sim_policy_mom);
	/* 786432 and 5 % of it. */
	EXPECT(vms[0].target, 4 * GIB - 786432 - 39321);
	EXPECT(vms[1].target, 0);
	/* Less than a quarter of a percent is not worth it. */
	two_vms(16 * GIB, 2 * GIB, 60000);
	vms[0].balloon = 10 * MIB;
	vms[0].target = 10 * MIB;
	one_round(&sim_policy_mom);
	EXPECT(vms[0].target, 10 * MIB);
}

static void mom_heat_raises_the_20_percent(void)
{
	/* 20.5 % are free: enough when it is cool, too little when it is hot. */
	two_vms(1000 * GIB, 787 * GIB, 74000);
	one_round(&sim_policy_mom_heat);
	EXPECT(vms[0].target, 0);
	two_vms(1000 * GIB, 787 * GIB, 75000);
	one_round(&sim_policy_mom_heat);
	EXPECT(vms[0].target, 52428);
}

static void aerostat_takes_a_step_by_shares(void)
{
	/*
	 * Available are 4096 - 128 - 1024 = 2944 MiB each, of which 2688 may go: the capacity
	 * is 1376256 pages. A tenth of the way from high to emergency is a step of 86016, and
	 * of a tenth of the 258048 more that it is at emergency. The poorer gives it alone.
	 */
	two_vms(10 * GIB, GIB, 76000);
	one_round(&sim_policy_aerostat);
	EXPECT(vms[0].target, 86016 + 25804);
	EXPECT(vms[1].target, 0);
	EXPECT(host.may_offline, 0);
	/* Nothing while it is warm, all above the minima in an emergency. */
	two_vms(10 * GIB, GIB, 74000);
	one_round(&sim_policy_aerostat);
	EXPECT(vms[0].target, 0);
	two_vms(10 * GIB, GIB, 85000);
	one_round(&sim_policy_aerostat);
	EXPECT(vms[0].target, 3 * GIB);
	EXPECT(vms[1].target, 3 * GIB);
}

static void aerostat_brings_blocks_back_first(void)
{
	/* It is cool and all is to go back, but 1 GiB is offline: balloons wait for it. */
	two_vms(10 * GIB, GIB, 60000);
	vms[0].balloon = 2 * GIB;
	vms[0].target = 2 * GIB;
	host.offline = GIB;
	one_round(&sim_policy_aerostat);
	EXPECT(host.may_offline, 0);
	EXPECT(vms[0].target, 2 * GIB);
	host.offline = 0;
	one_round(&sim_policy_aerostat);
	EXPECT(vms[0].target, 0);
}

/* What policy @policy asks for after so many rounds, in which balloons and guests live on. */
static void some_rounds(const struct sim_policy *policy, void *state, unsigned int rounds)
{
	unsigned int i;

	while (rounds--) {
		policy->step(state, &host);
		for (i = 0; i < 2; i++) {
			if (vms[i].target < vms[i].balloon)
				vms[i].balloon = vms[i].target;
			sim_guest_step(&vms[i], &defaults);
		}
		host.now_s++;
	}
}

static void balance_holds_the_reserve_and_moves(void)
{
	void *state;
	u64 held;

	/*
	 * 10 GiB, of which 9.75 are used: 256 MiB are available, 640 shall be, and 720 is the
	 * middle of the band. So 464 MiB are to be held: at first a step, a sixteenth of 6 GiB or
	 * 384 MiB, and the rest. Who has fewer shares gives it.
	 */
	two_vms(10 * GIB, 1792 * MIB, 60000);
	state = sim_policy_balance.create(&host);
	if (!state)
		abort();
	sim_policy_balance.step(state, &host);
	EXPECT(vms[0].target, 384 * MIB);
	EXPECT(vms[1].target, 0);
	some_rounds(&sim_policy_balance, state, 60);
	held = sim_host_held(&host);
	EXPECT(held, 464 * MIB);
	EXPECT(host.may_offline, 0);
	/* It needs all that it has and a bit more: the other one gives for it. */
	vms[0].cpu = 1000;
	vms[0].anon = 3800 * MIB;
	some_rounds(&sim_policy_balance, state, 20);
	EXPECT(vms[0].size - vms[0].balloon >= 3928 * MIB, 1);
	EXPECT(sim_host_held(&host) >= held, 1);
	some_rounds(&sim_policy_balance, state, 40);
	held = vms[0].balloon;
	some_rounds(&sim_policy_balance, state, 600);
	EXPECT(vms[0].balloon, held);
	EXPECT(vms[0].target, held);
	EXPECT(vms[1].target, vms[1].balloon);
	/* Hot: as in mode auto, besides. */
	host.temp_uc = 85000000;
	sim_policy_balance.step(state, &host);
	EXPECT(vms[0].target, 3 * GIB);
	EXPECT(vms[1].target, 3 * GIB);
	sim_policy_balance.destroy(state);
	/* There is enough: nothing at all. */
	two_vms(16 * GIB, GIB, 60000);
	one_round(&sim_policy_balance);
	EXPECT(vms[0].target + vms[1].target, 0);
}

static void memory_is_conserved(void)
{
	static const struct sim_policy *const policies[] = {
		&sim_policy_aerostat, &sim_policy_balance, &sim_policy_none,
		&sim_policy_proportional,
		&sim_policy_proxmox, &sim_policy_proxmox_heat, &sim_policy_mom,
		&sim_policy_mom_heat,
	};
	static const char * const scenarios[] = { "heatwave", "diurnal", "roles", "flash" };
	struct sim_params params = SIM_PARAMS_DEFAULT;
	unsigned int i, j, moved = 0;

	params.step_s = 5;
	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		struct sim_trace *trace = sim_trace_synthetic(scenarios[i], 9, SIM_DAY_S, 7 + i);

		if (!trace)
			abort();
		for (j = 0; j < ARRAY_SIZE(policies); j++) {
			struct sim_result result;

			if (sim_run(trace, &params, policies[j], NULL, &result))
				abort();
			moved += result.moved > 0;
			/* Only who takes can hurt, and only who may switches off. */
			if (policies[j] == &sim_policy_none)
				EXPECT(result.violated + result.moved + result.read, 0);
			if (!policies[j]->offlines)
				EXPECT(result.offline_page_s, 0);
		}
		sim_trace_destroy(trace);
	}
	/* What never moved was not tested: everybody does in one scenario at least. */
	EXPECT(moved >= 14, 1);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
#define CASE(name) { #name, name }
	CASE(guest_reads_what_it_lacks),
	CASE(guest_sees_cache_as_available),
	CASE(guest_balloon_has_a_rate_and_a_floor),
	CASE(plant_settles_and_follows),
	CASE(none_takes_nothing),
	CASE(proportional_takes_the_same_part),
	CASE(proxmox_keeps_80_percent),
	CASE(proxmox_asks_the_relaxed_first),
	CASE(proxmox_heat_lowers_the_80_percent),
	CASE(mom_shrinks_below_20_percent),
	CASE(mom_grows_above_20_percent),
	CASE(mom_heat_raises_the_20_percent),
	CASE(aerostat_takes_a_step_by_shares),
	CASE(aerostat_brings_blocks_back_first),
	CASE(balance_holds_the_reserve_and_moves),
	CASE(memory_is_conserved),
};

int main(void)
{
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(cases));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		good = true;
		cases[i].run();
		if (good)
			passed++;
		else
			failed++;
		printf("%sok %u - sim.%s\n", good ? "" : "not ", i + 1, cases[i].name);
	}
	printf("# %u passed, %u failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
