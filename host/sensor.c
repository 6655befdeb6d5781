// SPDX-License-Identifier: GPL-2.0
/*
 * Sensors: sources of measurements, with the thresholds that a user gave them.
 *
 * A user describes a source in words ("hwmon jc42 temp1", "thermal acpitz"); it
 * is looked for at each reading, so a driver may be bound, unbound or reloaded
 * at any time. A reading that fails or cannot be true leaves the sensor out of
 * the decision until it can be believed again.
 */

#include <linux/idr.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "host.h"
#include "sensor.h"
#include "sysfs.h"
#include "trace.h"

#define AERO_SENSORS_MAX	256

static DEFINE_IDA(aero_sensor_ids);

static const struct aero_sensor_ops * const aero_sensor_ops[] = {
	&aero_sensor_hwmon_ops,
	&aero_sensor_thermal_ops,
	&aero_sensor_supply_ops,
	&aero_sensor_powercap_ops,
};

/**
 * struct aero_sensors - all that is watched
 * @host: the module
 * @lock: protects what follows
 * @list: of struct aero_sensor, by its node
 * @nr: length of @list; also read without the lock
 * @nr_told: of these, whose changes are told; also read without the lock
 */
struct aero_sensors {
	struct aero_host *host;
	struct mutex lock;
	struct list_head list;
	unsigned int nr;
	unsigned int nr_told;
};

static void aero_sensor_release(struct device *dev)
{
	struct aero_sensor *sensor = to_aero_sensor(dev);

	ida_free(&aero_sensor_ids, sensor->id);
	mutex_destroy(&sensor->lock);
	kfree(sensor);
}

static int aero_sensor_parse(struct aero_sensor *sensor, const char *spec)
{
	struct aero_sensor_source source = { };
	unsigned int i;
	int err;

	if (strscpy(sensor->spec, skip_spaces(spec), sizeof(sensor->spec)) < 0)
		return -EINVAL;
	strim(sensor->spec);
	for (i = 0; i < ARRAY_SIZE(aero_sensor_ops); i++) {
		size_t len = str_has_prefix(sensor->spec, aero_sensor_ops[i]->prefix);

		if (!len || sensor->spec[len] != ' ')
			continue;
		sensor->ops = aero_sensor_ops[i];
		sensor->rest = skip_spaces(sensor->spec + len);
		err = sensor->ops->parse(sensor->rest, &source);
		sensor->kind = source.kind;
		sensor->counts = source.counts;
		return err;
	}
	return -EINVAL;
}

/* Not yet in sysfs; put_device() frees it. */
static struct aero_sensor *aero_sensor_alloc(const char *spec)
{
	struct aero_sensor *sensor = kzalloc(sizeof(*sensor), GFP_KERNEL);
	int err;

	if (!sensor)
		return ERR_PTR(-ENOMEM);
	err = aero_sensor_parse(sensor, spec);
	if (err)
		goto free;
	sensor->id = ida_alloc(&aero_sensor_ids, GFP_KERNEL);
	if (sensor->id < 0) {
		err = sensor->id;
		goto free;
	}
	aero_sensor_check_defaults(sensor->kind, &sensor->params);
	mutex_init(&sensor->lock);
	sensor->error = -ENODATA;
	sensor->verdict = AERO_SENSOR_ERROR;
	sensor->news.told = AERO_SENSOR_ERROR;
	device_initialize(&sensor->dev);
	sensor->dev.class = &aero_class;
	sensor->dev.groups = aero_sensor_groups;
	sensor->dev.release = aero_sensor_release;
	err = dev_set_name(&sensor->dev, "sensor-%d", sensor->id);
	if (err) {
		put_device(&sensor->dev);
		return ERR_PTR(err);
	}
	return sensor;
free:
	kfree(sensor);
	return ERR_PTR(err);
}

static int __aero_sensors_add(struct aero_sensors *sensors, struct aero_sensor *sensor)
{
	struct aero_sensor *other;
	int err;

	lockdep_assert_held(&sensors->lock);
	if (sensors->nr >= AERO_SENSORS_MAX)
		return -ENOSPC;
	list_for_each_entry(other, &sensors->list, node)
		if (!strcmp(other->spec, sensor->spec))
			return -EEXIST;
	/* Only now: what is refused never shows in sysfs, nor to udev. */
	err = device_add(&sensor->dev);
	if (err)
		return err;
	list_add_tail(&sensor->node, &sensors->list);
	WRITE_ONCE(sensors->nr, sensors->nr + 1);
	WRITE_ONCE(sensors->nr_told, sensors->nr_told + sensor->ops->told);
	return 0;
}

/**
 * aero_sensors_add() - watch a source
 * @sensors: where to add it
 * @spec: "hwmon CHIP CHANNEL", "thermal ZONE", "power_supply NAME" or "powercap ZONE"
 *
 * Context: Takes aero_sensors.lock.
 * Return: 0, -EINVAL if the description makes no sense or names Aerostat's own chip,
 * -EEXIST if the source is watched already, -ENOSPC if there are too many, or -ENOMEM.
 */
int aero_sensors_add(struct aero_sensors *sensors, const char *spec)
{
	struct aero_sensor *sensor = aero_sensor_alloc(spec);
	int err;

	if (IS_ERR(sensor))
		return PTR_ERR(sensor);
	mutex_lock(&sensors->lock);
	err = __aero_sensors_add(sensors, sensor);
	mutex_unlock(&sensors->lock);
	if (err)
		put_device(&sensor->dev);
	return err;
}

/**
 * aero_sensors_remove() - watch a source no more
 * @sensors: where to find it
 * @name: "sensor-<id>"
 *
 * Context: Takes aero_sensors.lock.
 * Return: 0, or -ENOENT.
 */
int aero_sensors_remove(struct aero_sensors *sensors, const char *name)
{
	struct aero_sensor *sensor, *found = NULL;

	mutex_lock(&sensors->lock);
	list_for_each_entry(sensor, &sensors->list, node)
		if (sysfs_streq(dev_name(&sensor->dev), name))
			found = sensor;
	if (found) {
		list_del(&found->node);
		WRITE_ONCE(sensors->nr, sensors->nr - 1);
		WRITE_ONCE(sensors->nr_told, sensors->nr_told - found->ops->told);
	}
	mutex_unlock(&sensors->lock);
	if (!found)
		return -ENOENT;
	device_unregister(&found->dev);
	return 0;
}

/**
 * aero_sensors_count() - how many are watched
 * @sensors: what is watched
 *
 * Return: their number; it may change at once.
 */
unsigned int aero_sensors_count(struct aero_sensors *sensors)
{
	return READ_ONCE(sensors->nr);
}

/**
 * aero_sensors_any_told() - is it of use to read them when a source tells of a change?
 * @sensors: what is watched
 *
 * Context: any.
 * Return: true if one of them is of a kind that tells; it may change at once.
 */
bool aero_sensors_any_told(struct aero_sensors *sensors)
{
	return READ_ONCE(sensors->nr_told);
}

/* What the source says now; for a counter what it makes of it. */
static int aero_sensor_read(struct aero_sensor *sensor, s64 *value)
{
	s64 count, range = 0;
	int err;

	if (!sensor->counts)
		return sensor->ops->read(sensor->rest, value);
	err = sensor->ops->read(sensor->rest, &count);
	if (!err && sensor->ops->range)
		err = sensor->ops->range(sensor->rest, &range);
	if (err)
		return err;
	/* The clock that stands still while the machine sleeps, as most counters do. */
	return aero_energy_step(&sensor->energy, count, range, ktime_get_ns(), value);
}

static struct aero_effect_sample aero_sensor_effect_sample(s64 uw,
							   const struct aero_circumstances *now)
{
	return (struct aero_effect_sample){
		.uw = uw,
		.offline_pages = now->offline_pages,
		.still_ms = now->still_ms,
		.elapsed_ms = now->elapsed_ms,
		.busy = now->busy,
		.disturbed = now->disturbed,
	};
}

/* What does memory offline do to a power? */
static void aero_sensor_learn(struct aero_sensor *sensor, const struct aero_circumstances *now,
			      u32 prior_mw_per_gib, struct aero_reading *reading)
{
	const struct aero_effect_params params = {
		AERO_EFFECT_PARAMS_INIT,
		.prior_mw_per_gib = prior_mw_per_gib,
	};
	struct aero_effect_sample sample = aero_sensor_effect_sample(reading->value, now);
	struct aero_effect *effect = &sensor->effect;

	if (sensor->kind != AERO_SENSOR_POWER)
		return;
	/* What is not believed interrupts what was: memory may move, and time passes, meanwhile. */
	sample.disturbed |= !reading->usable;
	aero_effect_step(effect, &params, &sample);
	reading->uw_per_gib = aero_effect_assumed(effect);
	/* By the model, too: zero means that, of a power, and not that nothing is known. */
	reading->ineffective = effect->ineffective || !reading->uw_per_gib;
	reading->is_steady = aero_effect_steady(effect, &params, &reading->steady);
	trace_aerostat_effect(sensor->id, sample.uw, sample.offline_pages, sample.busy,
			      aero_effect_uw_per_gib(effect), effect->weight, effect->now.nr,
			      effect->ineffective);
}

/* Take one sample. Return: true if the sensor has thresholds and takes part. */
static bool aero_sensor_sample(struct aero_sensor *sensor, const struct aero_circumstances *now,
			       u32 prior_mw_per_gib, struct aero_reading *reading)
{
	u32 elapsed_ms = now->elapsed_ms;
	enum aero_sensor_verdict verdict;
	bool takes_part;
	s64 value = 0;
	int err;

	err = aero_sensor_read(sensor, &value);
	mutex_lock(&sensor->lock);
	sensor->params.stuck_ms = sensor->stuck_ms;
	mutex_unlock(&sensor->lock);
	verdict = aero_sensor_check_step(&sensor->check, &sensor->params, err, value,
					 elapsed_ms);
	mutex_lock(&sensor->lock);
	if (!err)
		sensor->value = value;
	sensor->error = err;
	*reading = (struct aero_reading){
		.value = value,
		.low = sensor->thresholds.low,
		.high = sensor->thresholds.high,
		.emergency = sensor->thresholds.emergency,
		.has_emergency = sensor->thresholds.has_emergency,
		.less_is_worse = aero_sensor_less_is_worse(sensor->kind),
		.usable = verdict == AERO_SENSOR_OK,
	};
	takes_part = sensor->thresholds.has_low && sensor->thresholds.has_high;
	sensor->level = takes_part ? aero_reading_level(reading) : AERO_LEVEL_NONE;
	sensor->verdict = verdict;
	mutex_unlock(&sensor->lock);
	aero_sensor_learn(sensor, now, prior_mw_per_gib, reading);
	mutex_lock(&sensor->lock);
	sensor->uw_per_gib = aero_effect_uw_per_gib(&sensor->effect);
	sensor->ineffective = reading->ineffective;
	sensor->retry_ms = sensor->effect.ineffective ? sensor->effect.retry_ms : 0;
	mutex_unlock(&sensor->lock);
	trace_aerostat_sensor(sensor->id, value, verdict, sensor->level);
	if (aero_sensor_news_step(&sensor->news, verdict, elapsed_ms))
		aero_sysfs_uevent(&sensor->dev, aero_sensor_verdict_name(verdict));
	return takes_part;
}

/**
 * aero_sensors_sample() - read every sensor
 * @sensors: what is watched
 * @now: when that is, and what else has happened
 * @prior_mw_per_gib: what memory saves by being offline, by the power model
 * @readings: result: those that have thresholds
 * @nr: room in @readings
 *
 * Context: The control loop. Takes aero_sensors.lock; sleeps for as long as the
 * slowest sensors' drivers do.
 * Return: number of readings filled in.
 */
unsigned int aero_sensors_sample(struct aero_sensors *sensors,
				 const struct aero_circumstances *now, u32 prior_mw_per_gib,
				 struct aero_reading *readings, unsigned int nr)
{
	struct aero_sensor *sensor;
	unsigned int used = 0;

	mutex_lock(&sensors->lock);
	list_for_each_entry(sensor, &sensors->list, node) {
		if (used == nr)
			break;
		if (aero_sensor_sample(sensor, now, prior_mw_per_gib, &readings[used]))
			used++;
	}
	mutex_unlock(&sensors->lock);
	return used;
}

/**
 * aero_sensors_memory_power() - what those sensors read that measure memory
 * @sensors: what is watched
 * @uw: set to their sum, microwatt: each may measure a part of it
 *
 * Context: Takes aero_sensors.lock.
 * Return: 0, -ENOENT if there is no such sensor, or -ENODATA if one cannot be believed.
 */
int aero_sensors_memory_power(struct aero_sensors *sensors, s64 *uw)
{
	struct aero_sensor *sensor;
	int err = -ENOENT;

	*uw = 0;
	mutex_lock(&sensors->lock);
	list_for_each_entry(sensor, &sensors->list, node) {
		mutex_lock(&sensor->lock);
		if (sensor->measures_memory) {
			if (err == -ENOENT)
				err = 0;
			if (sensor->verdict != AERO_SENSOR_OK)
				err = -ENODATA;
			*uw += sensor->value;
		}
		mutex_unlock(&sensor->lock);
	}
	mutex_unlock(&sensors->lock);
	return err;
}

/**
 * aero_sensors_domain_power() - the power that power domains are judged by
 * @sensors: what is watched, and was just sampled
 * @now: the circumstances then
 * @sample: result: its reading
 *
 * Of the sensors that measure memory the first, else of those that measure a power.
 *
 * Context: Takes aero_sensors.lock.
 * Return: the sensor's number; -ENODATA if none of them can be believed, and @sample is
 * a disturbance then; or -ENOENT if there is none.
 */
int aero_sensors_domain_power(struct aero_sensors *sensors, const struct aero_circumstances *now,
			      struct aero_effect_sample *sample)
{
	struct aero_sensor *sensor;
	bool memory = false;
	int id = -ENOENT;

	*sample = aero_sensor_effect_sample(0, now);
	sample->disturbed = true;
	mutex_lock(&sensors->lock);
	list_for_each_entry(sensor, &sensors->list, node) {
		mutex_lock(&sensor->lock);
		if (id == -ENOENT && sensor->kind == AERO_SENSOR_POWER)
			id = -ENODATA;
		if (sensor->kind == AERO_SENSOR_POWER && sensor->verdict == AERO_SENSOR_OK &&
		    (id < 0 || (sensor->measures_memory && !memory))) {
			id = sensor->id;
			memory = sensor->measures_memory;
			*sample = aero_sensor_effect_sample(sensor->value, now);
		}
		mutex_unlock(&sensor->lock);
	}
	mutex_unlock(&sensors->lock);
	return id;
}

/* Do the thresholds stand in their order, as far as they are set? */
static bool aero_thresholds_ordered(const struct aero_thresholds *t, bool less_is_worse)
{
	s64 sign = less_is_worse ? -1 : 1;

	if (t->has_low && t->has_high && sign * t->low > sign * t->high)
		return false;
	if (t->has_high && t->has_emergency && sign * t->high > sign * t->emergency)
		return false;
	return !(t->has_low && t->has_emergency && sign * t->low > sign * t->emergency);
}

static bool aero_threshold_in_range(const struct aero_sensor *sensor, bool set, s64 value)
{
	return !set || (value >= sensor->params.min && value <= sensor->params.max);
}

/**
 * aero_sensor_set_thresholds() - change a sensor's thresholds, all or none
 * @sensor: sensor
 * @thresholds: what they shall be
 *
 * Context: Takes aero_sensor.lock.
 * Return: 0, -ERANGE if the sensor can never read such a value, or -EINVAL if they
 * are not in the order low, high, emergency.
 */
int aero_sensor_set_thresholds(struct aero_sensor *sensor,
			       const struct aero_thresholds *thresholds)
{
	if (!aero_threshold_in_range(sensor, thresholds->has_low, thresholds->low) ||
	    !aero_threshold_in_range(sensor, thresholds->has_high, thresholds->high) ||
	    !aero_threshold_in_range(sensor, thresholds->has_emergency, thresholds->emergency))
		return -ERANGE;
	if (!aero_thresholds_ordered(thresholds, aero_sensor_less_is_worse(sensor->kind)))
		return -EINVAL;
	mutex_lock(&sensor->lock);
	sensor->thresholds = *thresholds;
	mutex_unlock(&sensor->lock);
	return 0;
}

/**
 * aero_sensors_create() - start with nothing to watch
 * @host: the module
 *
 * Return: the sensors, or an ERR_PTR().
 */
struct aero_sensors *aero_sensors_create(struct aero_host *host)
{
	struct aero_sensors *sensors = kzalloc(sizeof(*sensors), GFP_KERNEL);

	if (!sensors)
		return ERR_PTR(-ENOMEM);
	sensors->host = host;
	mutex_init(&sensors->lock);
	INIT_LIST_HEAD(&sensors->list);
	return sensors;
}

/**
 * aero_sensors_destroy() - watch nothing any more
 * @sensors: what aero_sensors_create() returned
 *
 * Context: No other user is left.
 */
void aero_sensors_destroy(struct aero_sensors *sensors)
{
	struct aero_sensor *sensor, *next;

	list_for_each_entry_safe(sensor, next, &sensors->list, node)
		device_unregister(&sensor->dev);
	mutex_destroy(&sensors->lock);
	kfree(sensors);
}
