/* SPDX-License-Identifier: GPL-2.0 */
/* How large a working set is, by samples. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_ESTIMATE_H
#define AEROSTAT_ESTIMATE_H

#include <linux/types.h>

/* Periods that the two averages look back. */
#define AERO_ESTIMATE_FAST	2U
#define AERO_ESTIMATE_SLOW	8U

/**
 * struct aero_estimate - what is known of a VM's working set; zeroed at start
 * @fast: moving average over AERO_ESTIMATE_FAST periods, 1024ths of a permille
 * @slow: the same over AERO_ESTIMATE_SLOW periods
 * @now: what the present period has shown for sure, permille
 * @samples: in the last period
 * @periods: that have ended, up to AERO_ESTIMATE_SLOW
 */
struct aero_estimate {
	u32 fast;
	u32 slow;
	u32 now;
	u32 samples;
	u32 periods;
};

void aero_estimate_peek(struct aero_estimate *estimate, u32 used, u32 samples);
void aero_estimate_step(struct aero_estimate *estimate, u32 used, u32 samples);
u32 aero_estimate_permille(const struct aero_estimate *estimate);
u32 aero_estimate_error(const struct aero_estimate *estimate);

#endif /* AEROSTAT_ESTIMATE_H */
