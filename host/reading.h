/* SPDX-License-Identifier: GPL-2.0 */
/* What one sensor asks for, by its thresholds. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_READING_H
#define AEROSTAT_READING_H

#include <linux/types.h>

/**
 * enum aero_level - what the sensors ask for, weakest first
 * @AERO_LEVEL_NONE: no usable sensor
 * @AERO_LEVEL_LOW: every sensor is below its low threshold: give back
 * @AERO_LEVEL_HOLD: between low and high: neither take nor give
 * @AERO_LEVEL_HIGH: take, as long as the VMs bear it
 * @AERO_LEVEL_EMERGENCY: take all, whatever it costs
 */
enum aero_level {
	AERO_LEVEL_NONE,
	AERO_LEVEL_LOW,
	AERO_LEVEL_HOLD,
	AERO_LEVEL_HIGH,
	AERO_LEVEL_EMERGENCY,
};

/**
 * struct aero_reading - one sensor and its thresholds, in the sensor's own unit
 * @value: what it reads
 * @steady: its mean since memory last went off or on; only if @is_steady
 * @low: give back below it
 * @high: take at or beyond it
 * @emergency: take all at or beyond it
 * @uw_per_gib: a power: microwatt that it falls by for each GiB offline; 0: not known
 * @has_emergency: @emergency is set
 * @less_is_worse: a charge: "below" and "beyond" change places
 * @is_steady: the memory offline now has had its effect, and nothing else disturbs
 * @ineffective: memory offline does not lower it, see effect.c
 * @usable: believed, see aero_sensor_check_step(); otherwise it is left out
 */
struct aero_reading {
	s64 value;
	s64 steady;
	s64 low;
	s64 high;
	s64 emergency;
	u64 uw_per_gib;
	bool has_emergency;
	bool less_is_worse;
	bool is_steady;
	bool ineffective;
	bool usable;
};

enum aero_level aero_reading_level(const struct aero_reading *reading);
bool aero_reading_in_vain(const struct aero_reading *reading);
enum aero_level aero_reading_demand(const struct aero_reading *reading);
u32 aero_reading_excess(const struct aero_reading *reading);
u64 aero_reading_needed(const struct aero_reading *reading);
u64 aero_reading_spare(const struct aero_reading *reading);
const char *aero_level_name(enum aero_level level);

#endif /* AEROSTAT_READING_H */
