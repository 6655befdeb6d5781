/* SPDX-License-Identifier: GPL-2.0 */
/* Random hosts for property tests of apportion.c. */
#ifndef AEROSTAT_TESTS_APPORTION_RANDOM_H
#define AEROSTAT_TESTS_APPORTION_RANDOM_H

#include <linux/limits.h>
#include <linux/minmax.h>

#include "random.h"

#define MAX_VMS		12	/* in each of them */

static inline struct aero_share aero_test_vm(u32 id, u64 size)
{
	return (struct aero_share){
		.id = id, .shares = AERO_APPORTION_SHARES, .size = size, .limit = size,
	};
}

static inline u32 aero_test_shares(struct rnd_state *rnd)
{
	switch (aero_test_random(rnd, 5)) {
	case 0:
		return aero_test_random(rnd, 2);
	case 1:
		return U32_MAX - aero_test_random(rnd, 2);
	case 2:
		return aero_test_random(rnd, U32_MAX);
	default:
		return aero_test_random(rnd, 4) * AERO_APPORTION_SHARES;
	}
}

static inline u64 aero_test_size(struct rnd_state *rnd)
{
	switch (aero_test_random(rnd, 5)) {
	case 0:
		return aero_test_random(rnd, 3);
	case 1:
		return AERO_APPORTION_MAX_PAGES - aero_test_random(rnd, 3);
	case 2:
		return aero_test_random(rnd, AERO_APPORTION_MAX_PAGES);
	case 3:
		return aero_test_random(rnd, 1000);
	default:
		return (aero_test_random(rnd, 15) + 1) << 18;
	}
}

/* A random host; returns its number of VMs. Ids are unique and in no order. */
static inline unsigned int aero_test_host(struct rnd_state *rnd, struct aero_share *vms)
{
	unsigned int nr = aero_test_random(rnd, MAX_VMS), i;
	u32 salt = aero_test_random(rnd, U32_MAX);

	for (i = 0; i < nr; i++) {
		struct aero_share *vm = &vms[i];

		*vm = aero_test_vm((i * 5 + 3) ^ salt, aero_test_size(rnd));
		vm->shares = aero_test_shares(rnd);
		vm->idle = aero_test_once_in(rnd, 3) ? 500 : aero_test_random(rnd, 1000);
		vm->pressed = aero_test_once_in(rnd, 4);
		if (aero_test_once_in(rnd, 2))
			vm->limit = aero_test_random(rnd, vm->size);
		else if (aero_test_once_in(rnd, 4))
			vm->limit = 0;
		if (aero_test_once_in(rnd, 3))
			vm->least = aero_test_random(rnd, vm->limit);
		else if (aero_test_once_in(rnd, 5))
			vm->least = vm->limit;
		/* Some alike, to need the ids. */
		if (i && aero_test_once_in(rnd, 3)) {
			u32 id = vm->id;

			*vm = vms[i - 1];
			vm->id = id;
		}
	}
	return nr;
}

static inline u64 aero_test_limits(const struct aero_share *vms, unsigned int nr)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < nr; i++)
		sum += vms[i].limit;
	return sum;
}

static inline u64 aero_test_leasts(const struct aero_share *vms, unsigned int nr)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < nr; i++)
		sum += vms[i].least;
	return sum;
}

/* What a demand comes to. */
static inline u64 aero_test_taken(const struct aero_share *vms, unsigned int nr, u64 demand)
{
	return clamp(demand, aero_test_leasts(vms, nr), aero_test_limits(vms, nr));
}

static inline u64 aero_test_demand(struct rnd_state *rnd, const struct aero_share *vms,
				   unsigned int nr)
{
	u64 limits = aero_test_limits(vms, nr);

	switch (aero_test_random(rnd, 7)) {
	case 0:
		return 0;
	case 1:
		return limits;
	case 2:
		return limits + 1;
	case 3:
		return U64_MAX;
	case 4:
		return min(limits, aero_test_random(rnd, 20));
	default:
		return aero_test_random(rnd, limits);
	}
}

static inline struct aero_apportion_params aero_test_params(struct rnd_state *rnd)
{
	return (struct aero_apportion_params){ .idle_tax = aero_test_random(rnd, 99) };
}

static inline const struct aero_share *aero_test_find(const struct aero_share *vms,
						      unsigned int nr, u32 id)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (vms[i].id == id)
			return &vms[i];
	return NULL;
}

#endif /* AEROSTAT_TESTS_APPORTION_RANDOM_H */
