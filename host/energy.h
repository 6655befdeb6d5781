/* SPDX-License-Identifier: GPL-2.0 */
/* Power from an energy counter. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_ENERGY_H
#define AEROSTAT_ENERGY_H

#include <linux/types.h>

/**
 * struct aero_energy - what one count leaves to the next; zeroed at start
 * @count_uj: last count, microjoule
 * @at_ns: when it was read
 * @uw: power before that, microwatt; valid if @has_power
 * @has_count: @count_uj is set
 * @has_power: @uw is set
 */
struct aero_energy {
	u64 count_uj;
	u64 at_ns;
	s64 uw;
	bool has_count;
	bool has_power;
};

int aero_energy_step(struct aero_energy *energy, u64 count_uj, u64 range_uj, u64 now_ns, s64 *uw);

#endif /* AEROSTAT_ENERGY_H */
