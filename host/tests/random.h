/* SPDX-License-Identifier: GPL-2.0 */
/* Seeded numbers for property tests: the same in every run. */
#ifndef AEROSTAT_TESTS_RANDOM_H
#define AEROSTAT_TESTS_RANDOM_H

#include <linux/math64.h>
#include <linux/prandom.h>

/* 0 to @last, both included. */
static inline u64 aero_test_random(struct rnd_state *rnd, u64 last)
{
	u64 high = prandom_u32_state(rnd);
	u64 number = high << 32 | prandom_u32_state(rnd);
	u64 rest;

	if (last == ~0ULL)
		return number;
	div64_u64_rem(number, last + 1, &rest);
	return rest;
}

/* True once in @n times. */
static inline bool aero_test_once_in(struct rnd_state *rnd, u32 n)
{
	return !aero_test_random(rnd, n - 1);
}

#endif /* AEROSTAT_TESTS_RANDOM_H */
