// SPDX-License-Identifier: GPL-2.0
/*
 * How much of the host's time a VM may waste.
 *
 * The host works for a VM on a CPU that nobody accounts to that VM. Work that brings the
 * balloon closer to its target than it has been since the target was set is what the host
 * asked for, and goes at full speed. Anything else is the guest's own idea (NOPs, pages
 * given and taken back over and over) and fills a leaky bucket: some percent of a CPU flow
 * out of it, and a VM whose bucket is full waits.
 */
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "pace.h"

/**
 * aero_pace_init() - a VM that has wasted nothing
 * @pace: what to initialise; the next work counts as asked for, whatever it does
 */
void aero_pace_init(struct aero_pace *pace)
{
	*pace = (struct aero_pace){ .closest = U64_MAX, .since_us = AERO_PACE_HELLO_US };
}

/**
 * aero_pace_hello() - a new driver begins with an empty balloon
 * @pace: of its VM
 *
 * What it gives is asked for, however close to the target an earlier one was, unless
 * that was a moment ago. To say hello is not: a guest may do so as often as it likes.
 */
void aero_pace_hello(struct aero_pace *pace)
{
	if (pace->since_us >= AERO_PACE_HELLO_US)
		pace->closest = U64_MAX;
	pace->since_us = 0;
	pace->hello = true;
}

/**
 * aero_pace_step() - account for a piece of work
 * @pace: of the VM
 * @percent: of one CPU that it may waste in the long run, at least 1; 100 for no limit
 * @elapsed_us: since the last call, microseconds, this work included
 * @spent_us: on this work, microseconds
 * @target: size that the host wants the balloon to have, pages
 * @balloon: size that it has after this work, pages
 *
 * Context: any; pure.
 * Return: microseconds that must pass before the next piece, zero for none.
 */
u32 aero_pace_step(struct aero_pace *pace, u32 percent, u64 elapsed_us, u64 spent_us, u64 target,
		   u64 balloon)
{
	u64 off = target > balloon ? target - balloon : balloon - target;
	/* What a longer wait could pay is paid already. */
	u64 paid = div_u64(min(elapsed_us, 100ULL * 1000 * 1000) * percent, 100);

	if (target != pace->target) {
		pace->target = target;
		pace->closest = U64_MAX;
	}
	pace->since_us += min_t(u64, elapsed_us, AERO_PACE_HELLO_US);
	pace->debt_us -= min(pace->debt_us, paid);
	if (off >= pace->closest || pace->hello)
		pace->debt_us += min_t(u64, spent_us, AERO_PACE_WAIT_MAX_US);
	pace->closest = min(pace->closest, off);
	pace->hello = false;
	pace->debt_us = min_t(u64, pace->debt_us,
			      AERO_PACE_BURST_US + AERO_PACE_WAIT_MAX_US / 100 * percent);
	if (percent >= 100 || pace->debt_us <= AERO_PACE_BURST_US)
		return 0;
	return div_u64((pace->debt_us - AERO_PACE_BURST_US) * 100, percent);
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/pace-kunit.c"
#endif
