/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fast the guest inflates its balloon: additive increase, multiplicative
 * decrease, and a bucket that turns the rate into bytes.
 *
 * Only the guest's page allocator knows how fast memory can be had without
 * harm, and it tells in one bit: an allocation succeeded or it did not. That is
 * the feedback that TCP has from its network, and AIMD is the rule that
 * converges on it from anywhere (Chiu and Jain, "Analysis of the Increase and
 * Decrease Algorithms for Congestion Avoidance", 1989): add a step after each
 * success, halve after each failure, stay within the host's bounds.
 *
 * The bucket fills at the rate and holds one second's worth, so that a guest
 * that was stopped or asleep does not make up for it in one go. It may be
 * overdrawn by one allocation: a granule may be larger than a second's worth,
 * and then is paid back before the next.
 *
 * No locks: a struct aero_rate belongs to the one worker that inflates.
 */
#ifndef AEROSTAT_RATE_H
#define AEROSTAT_RATE_H

#include <linux/bits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "abi.h"

/* No memory is faster, and twice as much fits an s64: bytes per second. */
#define AERO_RATE_LIMIT		BIT_ULL(60)

#define AERO_RATE_NSEC_PER_SEC	1000000000U
#define AERO_RATE_MSEC_PER_SEC	1000U

/**
 * struct aero_rate - adaptive inflation rate
 * @rate: present rate, bytes per second; @min <= @rate <= @max
 * @min: lower bound, bytes per second; at least a page
 * @max: upper bound, bytes per second
 * @credit: bytes that may be inflated now; negative when overdrawn
 * @remainder: earned, but less than a byte; byte nanoseconds per second
 */
struct aero_rate {
	u64 rate;
	u64 min;
	u64 max;
	s64 credit;
	u32 remainder;
};

/**
 * aero_rate_set_bounds() - follow the bounds that the host asks for
 * @rate: the rate
 * @min: lower bound, bytes per second
 * @max: upper bound, bytes per second
 *
 * The host is a stranger: any two numbers make a sane range. If they
 * contradict each other the upper bound wins, since it protects the guest; a
 * rate under one page per second would be a stop in disguise, for which
 * AERO_CTL_HOLD exists.
 *
 * Context: any; the caller serialises calls for one @rate.
 */
static inline void aero_rate_set_bounds(struct aero_rate *rate, u64 min, u64 max)
{
	rate->max = clamp_t(u64, max, AERO_PAGE_SIZE, AERO_RATE_LIMIT);
	rate->min = clamp_t(u64, min, AERO_PAGE_SIZE, rate->max);
	rate->rate = clamp_t(u64, rate->rate, rate->min, rate->max);
	rate->credit = min_t(s64, rate->credit, rate->rate);
}

/**
 * aero_rate_init() - start at the lower bound with an empty bucket
 * @rate: the rate
 * @min: lower bound, bytes per second
 * @max: upper bound, bytes per second
 *
 * Context: any; the caller serialises calls for one @rate.
 */
static inline void aero_rate_init(struct aero_rate *rate, u64 min, u64 max)
{
	rate->rate = 0;
	rate->credit = 0;
	rate->remainder = 0;
	aero_rate_set_bounds(rate, min, max);
}

/**
 * aero_rate_success() - an allocation succeeded: add a step
 * @rate: the rate
 *
 * A sixteenth of the range, so that the upper bound is sixteen successes away;
 * but at least a quarter of the lower bound and a page, so that a narrow range
 * does not crawl.
 *
 * Context: any; the caller serialises calls for one @rate.
 */
static inline void aero_rate_success(struct aero_rate *rate)
{
	u64 step = max3((rate->max - rate->min) / 16, rate->min / 4, (u64)AERO_PAGE_SIZE);

	rate->rate = min(rate->rate + step, rate->max);
}

/**
 * aero_rate_failure() - an allocation failed: halve
 * @rate: the rate
 *
 * Context: any; the caller serialises calls for one @rate.
 */
static inline void aero_rate_failure(struct aero_rate *rate)
{
	rate->rate = max(rate->rate / 2, rate->min);
	rate->credit = min_t(s64, rate->credit, rate->rate);
}

/**
 * aero_rate_budget() - fill the bucket and look into it
 * @rate: the rate
 * @elapsed_ns: time since the last call, nanoseconds
 *
 * Exact: what rounding withholds from one call is in the next. Time beyond one
 * second is forgotten.
 *
 * Context: any; the caller serialises calls for one @rate.
 * Return: bytes that may be inflated now. As long as it is not zero, one more
 * unit may be, whatever its size; tell aero_rate_spend().
 */
static inline u64 aero_rate_budget(struct aero_rate *rate, u64 elapsed_ns)
{
	u32 ns = min_t(u64, elapsed_ns, AERO_RATE_NSEC_PER_SEC);
	u64 whole, part;
	u32 rest;

	/* (rate * ns + remainder) / 10^9 without leaving 64 bits */
	whole = div_u64_rem(rate->rate, AERO_RATE_NSEC_PER_SEC, &rest) * ns;
	part = div_u64_rem((u64)rest * ns + rate->remainder, AERO_RATE_NSEC_PER_SEC,
			   &rate->remainder);
	rate->credit = min_t(s64, rate->credit + (s64)(whole + part), rate->rate);
	return max_t(s64, rate->credit, 0);
}

/**
 * aero_rate_spend() - take what was inflated out of the bucket
 * @rate: the rate
 * @bytes: inflated since the last call
 *
 * Context: any; the caller serialises calls for one @rate.
 */
static inline void aero_rate_spend(struct aero_rate *rate, u64 bytes)
{
	/* A debt of more than this is a bug elsewhere; do not let it wrap. */
	rate->credit -= min_t(u64, bytes, AERO_RATE_LIMIT);
	rate->credit = max_t(s64, rate->credit, -(s64)AERO_RATE_LIMIT);
}

/**
 * aero_rate_wait_ms() - how long until there is so much to inflate?
 * @rate: the rate
 * @bytes: wanted at once; more than a second's worth there never is
 *
 * Context: any; the caller serialises calls for one @rate.
 * Return: milliseconds, exact to a thousandth of a rate of 1 MiB per second or more; a
 * debt may take more than 1000 of them.
 */
static inline u64 aero_rate_wait_ms(const struct aero_rate *rate, u64 bytes)
{
	s64 missing = (s64)min(bytes, rate->rate) - rate->credit;

	if (missing <= 0)
		return 0;
	return div64_u64(missing, max(div_u64(rate->rate, AERO_RATE_MSEC_PER_SEC), 1ULL));
}

#endif /* AEROSTAT_RATE_H */
