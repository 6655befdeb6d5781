// SPDX-License-Identifier: GPL-2.0
/*
 * Power from an energy counter: the mean between two looks at it.
 *
 * A counter that stands lower than before has wrapped, if its range is known, or else
 * was reset. One wrap can be told and no more: RAPL's counters of 32 bits, with units
 * of 15.3 microjoule (Intel SDM, volume 3, "RAPL Interfaces"), take eleven minutes at
 * 100 W, and the longest period of the control loop is one.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "energy.h"

/* Within less the counter's own steps would be most of the difference. */
#define AERO_ENERGY_MIN_US	50000ULL
/* After more nobody knows how often it has wrapped. */
#define AERO_ENERGY_MAX_US	(10 * 60 * 1000000ULL)
/* 10 kW for that time: more is no machine's, and times a million it stays in 64 bits. */
#define AERO_ENERGY_MAX_UJ	(10000ULL * AERO_ENERGY_MAX_US)

static int aero_energy_start(struct aero_energy *energy, u64 count_uj, u64 now_ns)
{
	*energy = (struct aero_energy){
		.count_uj = count_uj,
		.at_ns = now_ns,
		.has_count = true,
	};
	return -ENODATA;
}

/**
 * aero_energy_step() - what was drawn since the last count
 * @energy: state; zeroed before the first step
 * @count_uj: the counter, microjoule
 * @range_uj: where it wraps; 0: not known
 * @now_ns: when it was read, of a clock that goes on
 * @uw: set to the mean power, microwatt
 *
 * Context: any; pure. The caller serialises calls for one @energy.
 * Return: 0; -ENODATA if there is no power yet: at first, and after a reset.
 */
int aero_energy_step(struct aero_energy *energy, u64 count_uj, u64 range_uj, u64 now_ns, s64 *uw)
{
	u64 us = div_u64(now_ns - energy->at_ns, 1000), uj;

	if (!energy->has_count || us > AERO_ENERGY_MAX_US)
		return aero_energy_start(energy, count_uj, now_ns);
	if (us < AERO_ENERGY_MIN_US) {
		*uw = energy->uw;
		return energy->has_power ? 0 : -ENODATA;
	}
	if (count_uj >= energy->count_uj)
		uj = count_uj - energy->count_uj;
	else if (range_uj && energy->count_uj <= range_uj)
		uj = range_uj - energy->count_uj + count_uj;
	else
		return aero_energy_start(energy, count_uj, now_ns);
	if (uj > AERO_ENERGY_MAX_UJ)
		return aero_energy_start(energy, count_uj, now_ns);
	energy->uw = div64_u64(uj * 1000000, us);
	energy->count_uj = count_uj;
	energy->at_ns = now_ns;
	energy->has_power = true;
	*uw = energy->uw;
	return 0;
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/energy-kunit.c"
#endif
