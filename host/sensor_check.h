/* SPDX-License-Identifier: GPL-2.0 */
/* Is a sensor's reading believable? Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_SENSOR_CHECK_H
#define AEROSTAT_SENSOR_CHECK_H

#include <linux/types.h>

/**
 * enum aero_sensor_kind - what a sensor measures
 * @AERO_SENSOR_TEMPERATURE: millidegree Celsius, more is worse
 * @AERO_SENSOR_POWER: microwatt, more is worse
 * @AERO_SENSOR_CHARGE: permille of full, less is worse
 * @AERO_NR_SENSOR_KINDS: number of kinds
 */
enum aero_sensor_kind {
	AERO_SENSOR_TEMPERATURE,
	AERO_SENSOR_POWER,
	AERO_SENSOR_CHARGE,
	AERO_NR_SENSOR_KINDS,
};

/**
 * enum aero_sensor_verdict - what is thought of a sensor
 * @AERO_SENSOR_OK: believed
 * @AERO_SENSOR_ERROR: could not be read
 * @AERO_SENSOR_RANGE: reads what cannot be
 * @AERO_SENSOR_JUMP: changes faster than can be
 * @AERO_SENSOR_STUCK: has not changed for too long
 * @AERO_NR_SENSOR_VERDICTS: number of verdicts
 */
enum aero_sensor_verdict {
	AERO_SENSOR_OK,
	AERO_SENSOR_ERROR,
	AERO_SENSOR_RANGE,
	AERO_SENSOR_JUMP,
	AERO_SENSOR_STUCK,
	AERO_NR_SENSOR_VERDICTS,
};

/**
 * struct aero_sensor_check_params - what is believed; values in the sensor's unit
 * @min: least plausible value
 * @max: greatest plausible value
 * @max_change: greatest plausible change per second; 0: any
 * @stuck_ms: a sensor that reads the same for so long is frozen, milliseconds; 0: never
 * @recover_samples: this many good samples in a row restore belief
 */
struct aero_sensor_check_params {
	s64 min;
	s64 max;
	u64 max_change;
	u32 stuck_ms;
	u32 recover_samples;
};

/**
 * struct aero_sensor_check - what one sample leaves to the next; zeroed at start
 * @last: last sample within the range, in the sensor's unit
 * @since_ms: time from @last to the last call, milliseconds
 * @same_ms: for how long it has read @last, milliseconds
 * @good: samples in a row that follow from each other, since the last fault
 * @has_last: @last is set
 * @verdict: result of the last call
 */
struct aero_sensor_check {
	s64 last;
	u64 since_ms;
	u64 same_ms;
	u32 good;
	bool has_last;
	enum aero_sensor_verdict verdict;
};

/**
 * struct aero_sensor_news - what the world was told of a sensor
 * @told: the last verdict that was told; set at start to what needs no telling
 * @debt_ms: time that must pass in silence, in part, before more is told; zero at start
 */
struct aero_sensor_news {
	enum aero_sensor_verdict told;
	u32 debt_ms;
};

void aero_sensor_check_defaults(enum aero_sensor_kind kind,
				struct aero_sensor_check_params *params);
enum aero_sensor_verdict aero_sensor_check_step(struct aero_sensor_check *check,
						const struct aero_sensor_check_params *params,
						int error, s64 value, u32 elapsed_ms);
bool aero_sensor_news_step(struct aero_sensor_news *news, enum aero_sensor_verdict verdict,
			   u32 elapsed_ms);
bool aero_sensor_less_is_worse(enum aero_sensor_kind kind);
const char *aero_sensor_kind_name(enum aero_sensor_kind kind);
const char *aero_sensor_verdict_name(enum aero_sensor_verdict verdict);

#endif /* AEROSTAT_SENSOR_CHECK_H */
