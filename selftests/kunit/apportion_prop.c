// SPDX-License-Identifier: GPL-2.0
/*
 * Properties of apportion.c on random hosts, many more of them than KUnit has the time for.
 *
 *	apportion_prop [HOSTS [SEED]]	1000000 hosts unless told otherwise, as TAP 13
 *
 * Each host is apportioned five times: as it is, in another order, with a greater demand, with
 * more shares for one of its VMs, and with a limit that comes from a minimum.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "../../host/apportion.h"
#include "../../host/tests/apportion-random.h"

#define HOSTS		1000000ULL

enum { SUM, BOUNDS, MINIMA, ALONE, ORDER, DEMAND, SHARES, NR_PROPERTIES };

static const char * const properties[NR_PROPERTIES] = {
	[SUM] = "the parts sum to the demand, or to all or the least there is",
	[BOUNDS] = "nobody gives more than his limit, or less than his least",
	[MINIMA] = "nobody has less than a minimum, nor more than his limit in bytes",
	[ALONE] = "who is left alone keeps what he has",
	[ORDER] = "the order of the VMs changes nothing",
	[DEMAND] = "a greater demand gives nobody more",
	[SHARES] = "more shares leave a VM no less",
};

/* How often each was looked at where it could have failed, and how often it did. */
static u64 seen[NR_PROPERTIES], broken[NR_PROPERTIES];

static void judge(unsigned int property, bool good, u64 host)
{
	seen[property]++;
	if (!good && broken[property]++ < 5)
		printf("# host %llu: not so: %s\n", host, properties[property]);
}

static u64 sum_of(const struct aero_share *vms, unsigned int nr)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < nr; i++)
		sum += vms[i].take;
	return sum;
}

static void check_bounds(const struct aero_share *vms, unsigned int nr, u64 host)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		judge(BOUNDS, vms[i].take <= vms[i].limit && vms[i].take >= vms[i].least, host);
}

static void check_sum(const struct aero_share *vms, unsigned int nr, u64 demand, u64 said, u64 host)
{
	u64 expected = aero_test_taken(vms, nr, demand);

	judge(SUM, said == expected && sum_of(vms, nr) == expected, host);
}

/*
 * Limits as the control loop makes them, at any urgency, from minima and from what a VM may have
 * at most; and some VMs that are left alone.
 */
static void check_minima(struct rnd_state *rnd, struct aero_share *vms, unsigned int nr,
			 const struct aero_apportion_params *params, u64 host)
{
	enum aero_urgency urgency = aero_test_random(rnd, AERO_URGENCY_EMERGENCY);
	u64 least[MAX_VMS], most[MAX_VMS], demand;
	bool alone[MAX_VMS];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		u64 size = vms[i].size, balloon = aero_test_random(rnd, size);

		least[i] = aero_test_random(rnd, aero_test_once_in(rnd, 8) ? U64_MAX : size);
		vms[i].limit = aero_apportion_limit(size, least[i], aero_test_random(rnd, size),
						    balloon, aero_test_random(rnd, 1000),
						    aero_test_random(rnd, 1000), urgency);
		/* No limit is below a minimum. */
		most[i] = least[i] < size && aero_test_once_in(rnd, 3) ?
			  least[i] + aero_test_random(rnd, size - least[i]) : size;
		vms[i].least = size - most[i];
		vms[i].limit = max(vms[i].limit, vms[i].least);
		alone[i] = aero_test_once_in(rnd, 4);
		if (alone[i]) {
			vms[i].least = balloon;
			vms[i].limit = balloon;
		}
		vms[i].index = i;
	}
	demand = aero_test_demand(rnd, vms, nr);
	aero_apportion(vms, nr, demand, params);
	for (i = 0; i < nr; i++) {
		u64 kept = vms[i].size - vms[i].take;
		u32 index = vms[i].index;

		if (alone[index])
			judge(ALONE, vms[i].take == vms[i].limit, host);
		else
			judge(MINIMA, vms[i].take <= vms[i].limit && vms[i].take <= vms[i].size &&
			      kept >= min(least[index], vms[i].size) && kept <= most[index], host);
	}
}

static void check_order(struct rnd_state *rnd, const struct aero_share *before,
			const struct aero_share *after, unsigned int nr, u64 demand,
			const struct aero_apportion_params *params, u64 host)
{
	struct aero_share vms[MAX_VMS];
	unsigned int i;

	memcpy(vms, before, sizeof(vms));
	for (i = 1; i < nr; i++) {
		unsigned int other = aero_test_random(rnd, i);

		swap(vms[i], vms[other]);
	}
	aero_apportion(vms, nr, demand, params);
	/* Both are sorted the same way. */
	for (i = 0; i < nr; i++)
		judge(ORDER, vms[i].id == after[i].id && vms[i].take == after[i].take, host);
}

static void check_demand(struct rnd_state *rnd, const struct aero_share *before,
			 const struct aero_share *after, unsigned int nr, u64 demand,
			 const struct aero_apportion_params *params, u64 host)
{
	struct aero_share vms[MAX_VMS];
	unsigned int i;
	u64 more;

	memcpy(vms, before, sizeof(vms));
	more = aero_test_random(rnd, aero_test_once_in(rnd, 2) ? 3 : aero_test_limits(vms, nr));
	if (demand > U64_MAX - more)
		return;
	aero_apportion(vms, nr, demand + more, params);
	for (i = 0; i < nr; i++)
		judge(DEMAND, vms[i].take >= after[i].take, host);
}

static void check_shares(struct rnd_state *rnd, const struct aero_share *before,
			 const struct aero_share *after, unsigned int nr, u64 demand,
			 const struct aero_apportion_params *params, u64 host)
{
	struct aero_share vms[MAX_VMS], *vm;
	u32 id, room;

	if (!nr)
		return;
	memcpy(vms, before, sizeof(vms));
	vm = &vms[aero_test_random(rnd, nr - 1)];
	id = vm->id;
	room = U32_MAX - vm->shares;
	vm->shares += aero_test_random(rnd, aero_test_once_in(rnd, 2) ? room : min(room, 3U));
	aero_apportion(vms, nr, demand, params);
	judge(SHARES, aero_test_find(vms, nr, id)->take <= aero_test_find(after, nr, id)->take,
	      host);
}

static void check_host(struct rnd_state *rnd, u64 host)
{
	struct aero_share before[MAX_VMS], after[MAX_VMS];
	struct aero_apportion_params params;
	unsigned int nr;
	u64 demand;

	memset(before, 0, sizeof(before));
	nr = aero_test_host(rnd, before);
	demand = aero_test_demand(rnd, before, nr);
	params = aero_test_params(rnd);
	memcpy(after, before, sizeof(after));
	check_sum(after, nr, demand, aero_apportion(after, nr, demand, &params), host);
	check_bounds(after, nr, host);
	check_order(rnd, before, after, nr, demand, &params, host);
	check_demand(rnd, before, after, nr, demand, &params, host);
	check_shares(rnd, before, after, nr, demand, &params, host);
	check_minima(rnd, before, nr, &params, host);
}

static u64 number(const char *text)
{
	u64 value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno)
		return value;
	fprintf(stderr, "usage: apportion_prop [HOSTS [SEED]], both whole numbers\n");
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	u64 hosts = argc > 1 ? number(argv[1]) : HOSTS, seed = argc > 2 ? number(argv[2]) : 1, host;
	unsigned int failed = 0, i;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	for (host = 0; host < hosts; host++)
		check_host(&rnd, host);

	printf("TAP version 13\n1..%u\n", NR_PROPERTIES);
	printf("# %llu hosts, seed %llu\n", hosts, seed);
	for (i = 0; i < NR_PROPERTIES; i++) {
		/* What was never looked at was not tested. */
		bool good = seen[i] && !broken[i];

		failed += !good;
		printf("%sok %u - apportion_prop: %s # %llu times\n", good ? "" : "not ", i + 1,
		       properties[i], seen[i]);
	}
	printf("# %u passed, %u failed\n", NR_PROPERTIES - failed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
