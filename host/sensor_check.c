// SPDX-License-Identifier: GPL-2.0
/*
 * Is a sensor's reading believable?
 *
 * A sensor that is wrong must not take memory from anybody, nor give it back. Four
 * things are wrong for certain, or nearly so:
 *
 *	ERROR  it could not be read
 *	RANGE  no memory, machine or battery has that value (a lost bus reads as
 *	       all ones)
 *	JUMP   nothing of that kind changes that fast: heat has a capacity
 *	STUCK  not one bit of noise for longer than its user has said that it can be; by
 *	       default for ever, since one in steps of a degree may rightly stand still for hours
 *
 * Belief returns after recover_samples good samples in a row, each within the
 * plausible change from the one before. That treats all faults alike. A glitch
 * costs a few samples, during which the controller holds at worst. A loose
 * contact that is right every other time never counts as right. And a jump that
 * persists is believed in the end: it was a real step (a sensor replaced, a
 * machine that slept) or all that is left to know.
 *
 * What is compared is always the previous sample within the range, and the change
 * that is plausible grows with the time since then. A drift slower than that
 * is beyond this check.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "sensor_check.h"

#define AERO_RECOVER_SAMPLES	3

/* Changes are told as they come, up to so many, and then one in an interval. */
#define AERO_NEWS_BURST		5
#define AERO_NEWS_INTERVAL_MS	10000

/**
 * aero_sensor_check_defaults() - what is plausible for a kind of sensor
 * @kind: what it measures
 * @params: filled in
 *
 * Temperature: what memory sensors can express (JC-42.4) is within -40 to 150 degrees
 * Celsius; a DIMM's mass does not change by 25 degrees in a second. Power:
 * nothing to 10 kW; loads do jump. Charge: 0 to 1000 permille; a battery may be
 * exchanged.
 *
 * Context: any; pure.
 */
void aero_sensor_check_defaults(enum aero_sensor_kind kind,
				struct aero_sensor_check_params *params)
{
	*params = (struct aero_sensor_check_params){
		.recover_samples = AERO_RECOVER_SAMPLES,
	};

	switch (kind) {
	case AERO_SENSOR_TEMPERATURE:
		params->min = -40 * 1000;
		params->max = 150 * 1000;
		params->max_change = 25 * 1000;
		break;
	case AERO_SENSOR_POWER:
		params->max = 10000LL * 1000 * 1000;
		break;
	case AERO_SENSOR_CHARGE:
	case AERO_NR_SENSOR_KINDS:
		params->max = 1000;
		break;
	}
}

/* Can the value have gone from @last to @value in @ms? */
static bool aero_plausible_change(s64 last, s64 value, u64 max_change, u64 ms)
{
	u64 change = value > last ? (u64)value - (u64)last : (u64)last - (u64)value;

	if (!max_change)
		return true;
	/* A sensor that is read often still moves by its own interval and steps. */
	ms = max(ms, 1000ULL);
	if (max_change > div64_u64(U64_MAX, ms))
		return true;
	return change <= div_u64(max_change * ms, 1000);
}

/**
 * aero_sensor_check_step() - judge one sample
 * @check: state; zeroed before the first step
 * @params: what is believed
 * @error: negative errno if the sensor could not be read, else 0
 * @value: what it read, in its own unit; ignored if @error
 * @elapsed_ms: time since the last step, milliseconds
 *
 * The first sample, if it is good, is believed at once.
 *
 * Context: any; pure. The caller serialises calls for one @check.
 * Return: AERO_SENSOR_OK if @value may be used, else why not; while belief is
 * returning, the fault that it returns from.
 */
enum aero_sensor_verdict aero_sensor_check_step(struct aero_sensor_check *check,
						const struct aero_sensor_check_params *params,
						int error, s64 value, u32 elapsed_ms)
{
	bool follows;

	check->since_ms += elapsed_ms;
	if (error || value < params->min || value > params->max) {
		check->good = 0;
		check->verdict = error ? AERO_SENSOR_ERROR : AERO_SENSOR_RANGE;
		return check->verdict;
	}

	follows = !check->has_last || aero_plausible_change(check->last, value, params->max_change,
							    check->since_ms);
	if (check->has_last && value == check->last)
		check->same_ms += check->since_ms;
	else
		check->same_ms = 0;
	check->last = value;
	check->since_ms = 0;
	check->has_last = true;

	if (!follows) {
		check->good = 0;
		check->verdict = AERO_SENSOR_JUMP;
	} else if (params->stuck_ms && check->same_ms >= params->stuck_ms) {
		check->good = 0;
		check->verdict = AERO_SENSOR_STUCK;
		return check->verdict;
	}

	/* What follows a jump may be the truth: the jump itself counts as its first sample. */
	if (check->verdict != AERO_SENSOR_OK && ++check->good >= params->recover_samples)
		check->verdict = AERO_SENSOR_OK;
	return check->verdict;
}

/**
 * aero_sensor_news_step() - is a verdict to be told to the world now?
 * @news: state
 * @verdict: of this sample
 * @elapsed_ms: time since the last step, milliseconds
 *
 * Only changes are. A sensor that comes and goes all the time is told of less often
 * than it changes, but what was told last becomes true in the end: a change that
 * lasts is told at the latest AERO_NEWS_INTERVAL_MS after it.
 *
 * Context: any; pure. The caller serialises calls for one @news.
 * Return: true if it is, and then it counts as told.
 */
bool aero_sensor_news_step(struct aero_sensor_news *news, enum aero_sensor_verdict verdict,
			   u32 elapsed_ms)
{
	news->debt_ms -= min(news->debt_ms, elapsed_ms);
	if (verdict == news->told || news->debt_ms > (AERO_NEWS_BURST - 1) * AERO_NEWS_INTERVAL_MS)
		return false;
	news->told = verdict;
	news->debt_ms += AERO_NEWS_INTERVAL_MS;
	return true;
}

/**
 * aero_sensor_less_is_worse() - direction of a kind of sensor
 * @kind: what it measures
 *
 * Context: any.
 * Return: true if memory is to be taken when the value falls.
 */
bool aero_sensor_less_is_worse(enum aero_sensor_kind kind)
{
	return kind == AERO_SENSOR_CHARGE;
}

/**
 * aero_sensor_kind_name() - word for a kind of sensor, as in sysfs
 * @kind: the kind
 *
 * Context: any.
 * Return: a constant string, "unknown" for anything else.
 */
const char *aero_sensor_kind_name(enum aero_sensor_kind kind)
{
	static const char * const names[AERO_NR_SENSOR_KINDS] = {
		[AERO_SENSOR_TEMPERATURE] = "temperature",
		[AERO_SENSOR_POWER] = "power",
		[AERO_SENSOR_CHARGE] = "charge",
	};

	return (unsigned int)kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

/**
 * aero_sensor_verdict_name() - word for a verdict on a sensor, as in sysfs
 * @verdict: the verdict
 *
 * Context: any.
 * Return: a constant string, "unknown" for anything else.
 */
const char *aero_sensor_verdict_name(enum aero_sensor_verdict verdict)
{
	static const char * const names[AERO_NR_SENSOR_VERDICTS] = {
		[AERO_SENSOR_OK] = "ok",
		[AERO_SENSOR_ERROR] = "error",
		[AERO_SENSOR_RANGE] = "range",
		[AERO_SENSOR_JUMP] = "jump",
		[AERO_SENSOR_STUCK] = "stuck",
	};

	return (unsigned int)verdict < ARRAY_SIZE(names) ? names[verdict] : "unknown";
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/sensor_check-kunit.c"
#endif
