/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is watched, with its thresholds.
 */
#ifndef AEROSTAT_SENSOR_H
#define AEROSTAT_SENSOR_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "calm.h"
#include "effect.h"
#include "energy.h"
#include "reading.h"
#include "sensor_check.h"

struct aero_host;

/* Longest description of a sensor, with its terminating zero. */
#define AERO_SENSOR_SPEC_MAX	96

/**
 * struct aero_sensor_source - what a description turns out to be
 * @kind: what it measures
 * @counts: it is an energy counter, in microjoule, and measures the power between two looks
 */
struct aero_sensor_source {
	enum aero_sensor_kind kind;
	bool counts;
};

/**
 * struct aero_sensor_ops - a way of reading sensors
 * @prefix: first word of the description that a user writes
 * @parse: check the rest of it, fill in what it is; -EINVAL if it makes no sense
 * @read: take a sample, or a count; any negative errno marks the sensor faulty. May sleep.
 * @range: where a count wraps; NULL if that is not known. May sleep.
 * @told: changes are told, by aero_loop_look()
 *
 * All other members are needed. The source need not exist when the sensor is added, and
 * may come and go: it is looked for at each reading.
 */
struct aero_sensor_ops {
	const char *prefix;
	int (*parse)(const char *rest, struct aero_sensor_source *source);
	int (*read)(const char *rest, s64 *value);
	int (*range)(const char *rest, s64 *range);
	bool told;
};

/**
 * struct aero_thresholds - in the sensor's unit
 * @low: give back below it
 * @high: take beyond it
 * @emergency: take all beyond it
 * @has_low: @low is set
 * @has_high: @high is set
 * @has_emergency: @emergency is set
 */
struct aero_thresholds {
	s64 low;
	s64 high;
	s64 emergency;
	bool has_low;
	bool has_high;
	bool has_emergency;
};

/**
 * struct aero_sensor - one source that is watched
 * @dev: /sys/class/aerostat/sensor-<id>; its release frees the sensor
 * @id: number in its name
 * @node: in aero_sensors.list; protected by aero_sensors.lock
 * @ops: how to read it; constant
 * @spec: what the user wrote, normalised; constant
 * @rest: its part after the prefix; constant
 * @kind: constant
 * @counts: it is an energy counter; constant
 * @energy: its last count, for a counter; owned by the control loop
 * @params: what is believed; its range is constant, @stuck_ms goes in with each sample
 * @check: what earlier samples say; owned by the control loop
 * @effect: what memory offline does to it, for a power; owned by the control loop
 * @news: what was told of them by uevent; owned by the control loop
 * @lock: protects what follows
 * @measures_memory: of a power: it is that of memory alone, as the user says
 * @stuck_ms: set by the user, see struct aero_sensor_check_params
 * @thresholds: set by the user
 * @value: last sample
 * @error: errno of the last reading, negative
 * @verdict: what is thought of the sensor
 * @level: what it asks for
 * @uw_per_gib: what was learnt by @effect
 * @ineffective: memory offline saves nothing, by experience or by the model
 * @retry_ms: if that was found out: until that is doubted; else 0
 */
struct aero_sensor {
	struct device dev;
	int id;
	struct list_head node;
	const struct aero_sensor_ops *ops;
	char spec[AERO_SENSOR_SPEC_MAX];
	const char *rest;
	enum aero_sensor_kind kind;
	bool counts;
	struct aero_energy energy;
	struct aero_sensor_check_params params;
	struct aero_sensor_check check;
	struct aero_effect effect;
	struct aero_sensor_news news;

	struct mutex lock;
	bool measures_memory;
	u32 stuck_ms;
	struct aero_thresholds thresholds;
	s64 value;
	int error;
	enum aero_sensor_verdict verdict;
	enum aero_level level;
	u64 uw_per_gib;
	bool ineffective;
	u32 retry_ms;
};

#define to_aero_sensor(d)	container_of(d, struct aero_sensor, dev)

extern const struct aero_sensor_ops aero_sensor_hwmon_ops;
extern const struct aero_sensor_ops aero_sensor_thermal_ops;
extern const struct aero_sensor_ops aero_sensor_supply_ops;
extern const struct aero_sensor_ops aero_sensor_powercap_ops;

int aero_sensor_hwmon_init(struct device *own);
void aero_sensor_hwmon_exit(void);
int aero_sensor_thermal_init(void);
void aero_sensor_thermal_exit(void);
int aero_sensor_supply_init(struct aero_host *host);
void aero_sensor_supply_exit(void);
int aero_sensor_powercap_init(void);
void aero_sensor_powercap_exit(void);

struct aero_sensors *aero_sensors_create(struct aero_host *host);
void aero_sensors_destroy(struct aero_sensors *sensors);
int aero_sensors_add(struct aero_sensors *sensors, const char *spec);
int aero_sensors_remove(struct aero_sensors *sensors, const char *name);
unsigned int aero_sensors_count(struct aero_sensors *sensors);
bool aero_sensors_any_told(struct aero_sensors *sensors);
unsigned int aero_sensors_sample(struct aero_sensors *sensors,
				 const struct aero_circumstances *now, u32 prior_mw_per_gib,
				 struct aero_reading *readings, unsigned int nr);
int aero_sensors_domain_power(struct aero_sensors *sensors, const struct aero_circumstances *now,
			      struct aero_effect_sample *sample);
int aero_sensors_memory_power(struct aero_sensors *sensors, s64 *uw);
int aero_sensor_set_thresholds(struct aero_sensor *sensor,
			       const struct aero_thresholds *thresholds);

#endif /* AEROSTAT_SENSOR_H */
