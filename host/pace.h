/* SPDX-License-Identifier: GPL-2.0 */
/* How much of the host's time a VM may waste. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_PACE_H
#define AEROSTAT_PACE_H

#include <linux/types.h>

/* Percent of one CPU that a VM may waste in the long run. */
#define AERO_PACE_PERCENT	5U
/* And so much at once before it has to wait. */
#define AERO_PACE_BURST_US	100000U
/* A new driver begins anew if the last one was so long ago. */
#define AERO_PACE_HELLO_US	5000000U
/* What is held against it never takes longer than this to be forgotten. */
#define AERO_PACE_WAIT_MAX_US	2000000U

/**
 * struct aero_pace - what a VM has wasted lately
 * @debt_us: time that did not bring its balloon closer to its target, microseconds
 * @closest: pages that the balloon was off its target when it was closest
 * @target: that target, pages
 * @since_us: since the last hello, microseconds
 * @hello: the work that is accounted for next adopts a driver
 */
struct aero_pace {
	u64 debt_us;
	u64 closest;
	u64 target;
	u64 since_us;
	bool hello;
};

void aero_pace_init(struct aero_pace *pace);
void aero_pace_hello(struct aero_pace *pace);
u32 aero_pace_step(struct aero_pace *pace, u32 percent, u64 elapsed_us, u64 spent_us, u64 target,
		   u64 balloon);

#endif /* AEROSTAT_PACE_H */
