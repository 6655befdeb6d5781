/* SPDX-License-Identifier: GPL-2.0 */
/* How much a guest suffers from lack of memory. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_PRESSURE_H
#define AEROSTAT_PRESSURE_H

#include <linux/types.h>

/* A VM that is not pressed becomes so at this, permille ... */
#define AERO_PRESSED_ON		400
/* ... and stays so until it is below this. */
#define AERO_PRESSED_OFF	200

/* After a longer gap between two samples it begins anew, milliseconds. */
#define AERO_PRESSURE_LONGEST_MS	60000U

/**
 * struct aero_pressure_sample - a guest's own account; hints, any value is survived
 * @size: pages of the VM; the host's own number
 * @available: pages that the guest can use without swapping
 * @refaults: evicted pages that were soon wanted again; a count that grows, as all below
 * @swap_ins: pages read back from swap
 * @major_faults: faults that waited for a read
 * @alloc_stalls: allocations that had to reclaim for themselves
 * @oom: anything that grows with each deflation before the OOM killer
 */
struct aero_pressure_sample {
	u64 size;
	u64 available;
	u64 refaults;
	u64 swap_ins;
	u64 major_faults;
	u64 alloc_stalls;
	u64 oom;
};

/**
 * struct aero_pressure - what one sample leaves to the next; zeroed at start
 * @last: the last sample
 * @average: smoothed pressure, 1024ths of a permille
 * @now: pressure between the last two samples, permille
 * @primed: @last is set
 */
struct aero_pressure {
	struct aero_pressure_sample last;
	u32 average;
	u32 now;
	bool primed;
};

u32 aero_pressure_step(struct aero_pressure *pressure,
		       const struct aero_pressure_sample *sample, u64 elapsed_ms);
u32 aero_pressure_permille(const struct aero_pressure *pressure);
bool aero_pressed(bool was_pressed, u32 permille);
u32 aero_idle_permille(u64 size, u64 available, u64 balloon);

#endif /* AEROSTAT_PRESSURE_H */
