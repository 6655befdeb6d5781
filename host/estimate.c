// SPDX-License-Identifier: GPL-2.0
/*
 * How large a VM's working set is, by samples of its memory.
 *
 * In each period some pages are picked at random; the part of them that is used before
 * it ends estimates the part of the VM that is. As in ESX (Waldspurger, "Memory Resource
 * Management in VMware ESX Server", OSDI 2002) there are a fast and a slow moving
 * average and what the present period shows already, and the greatest of them counts: memory
 * is given back soon when a VM becomes busy, and taken gradually when it becomes idle.
 *
 * The greatest of several noisy numbers is biased upwards. The present period therefore
 * counts only with what its samples show for sure, the lower end of the interval that
 * holds the truth in 95 of 100 cases (Agresti and Coull, "Approximate Is Better than
 * 'Exact'", The American Statistician 52, 1998); and the averages begin as plain means, of
 * all periods that there were.
 */
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "estimate.h"

#define AERO_ESTIMATE_SHIFT	10	/* fraction bits of the averages */
#define AERO_ESTIMATE_FULL	1000U

/* Two standard deviations: two samples of each kind are added to those that there are. */
static u32 aero_estimate_centre(u32 used, u32 samples)
{
	return div_u64((used + 2ULL) * AERO_ESTIMATE_FULL, samples + 4);
}

static u32 aero_estimate_half_width(u32 permille, u64 samples)
{
	u64 variance = (u64)permille * (AERO_ESTIMATE_FULL - permille);

	return min_t(u64, int_sqrt64(div64_u64(4 * variance, samples + 4)), AERO_ESTIMATE_FULL);
}

/**
 * aero_estimate_peek() - take account of a period that has not ended
 * @estimate: state
 * @used: of the samples, that have been used up to now
 * @samples: of the period; more than U32_MAX - 4 are not supported
 *
 * Context: any; pure.
 */
void aero_estimate_peek(struct aero_estimate *estimate, u32 used, u32 samples)
{
	u32 centre, half;

	used = min(used, samples);
	centre = aero_estimate_centre(used, samples);
	half = aero_estimate_half_width(centre, samples);
	estimate->now = centre - min(centre, half);
}

/**
 * aero_estimate_step() - take account of a period that has ended
 * @estimate: state; zeroed before the first
 * @used: of the samples, that have been used in it
 * @samples: of the period; without any nothing is learnt
 *
 * Context: any; pure.
 */
void aero_estimate_step(struct aero_estimate *estimate, u32 used, u32 samples)
{
	s64 part, fast = estimate->fast, slow = estimate->slow;

	estimate->now = 0;
	if (!samples)
		return;
	part = div_u64((u64)min(used, samples) * (AERO_ESTIMATE_FULL << AERO_ESTIMATE_SHIFT),
		       samples);
	estimate->periods = min(estimate->periods + 1, AERO_ESTIMATE_SLOW);
	estimate->fast = fast + div_s64(part - fast, min(estimate->periods, AERO_ESTIMATE_FAST));
	estimate->slow = slow + div_s64(part - slow, estimate->periods);
	estimate->samples = samples;
}

/**
 * aero_estimate_permille() - the working set
 * @estimate: state, at least one period old
 *
 * Context: any; pure.
 * Return: permille of the VM, rounded to the nearest.
 */
u32 aero_estimate_permille(const struct aero_estimate *estimate)
{
	u32 average = max(estimate->fast, estimate->slow);

	average = (average + (1U << (AERO_ESTIMATE_SHIFT - 1))) >> AERO_ESTIMATE_SHIFT;
	return max(average, estimate->now);
}

/**
 * aero_estimate_error() - how far off it may be
 * @estimate: state, at least one period old
 *
 * For a working set that stays as it is. The fast average, which counts where the two
 * differ, has the variance of a mean of three periods (of as many as there were, if fewer).
 *
 * Context: any; pure.
 * Return: permille; the truth is so close in 95 of 100 cases.
 */
u32 aero_estimate_error(const struct aero_estimate *estimate)
{
	u64 samples = (u64)estimate->samples * min(estimate->periods, 3U);
	u32 used = div_u64(aero_estimate_permille(estimate) * samples, AERO_ESTIMATE_FULL);

	return aero_estimate_half_width(aero_estimate_centre(used, samples), samples);
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/estimate-kunit.c"
#endif
