// SPDX-License-Identifier: GPL-2.0
/*
 * What one sensor asks for, by its thresholds.
 *
 * For most quantities it is not known by how much they change with the memory that is
 * offline; a level and an excess over the threshold are all that can be told. For a
 * power it is known, by the model or better by experience (effect.c), and so is how
 * much memory it takes:
 *
 *	needed = (power - aim) / (watts per GiB)
 *
 * The aim is an eighth of the band below high when memory is taken and the band's
 * middle when it is given back, for aiming at a threshold would end on its wrong side
 * every other time. That is feed-forward, with the sensor as feedback at the next look.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "reading.h"

#define AERO_EXCESS_MAX		1000000U
#define AERO_PAGES_PER_GIB	BIT_ULL(18)

static u64 aero_distance(s64 a, s64 b)
{
	return a > b ? (u64)a - (u64)b : (u64)b - (u64)a;
}

/* Is @value at or beyond @threshold, in the direction that is worse? */
static bool aero_reached(const struct aero_reading *reading, s64 threshold)
{
	return reading->less_is_worse ? reading->value <= threshold
				      : reading->value >= threshold;
}

/**
 * aero_reading_level() - what one sensor asks for
 * @reading: the sensor
 *
 * Context: any; pure. Thresholds in the wrong order are survived: the stronger
 * one wins.
 * Return: the level; AERO_LEVEL_NONE if the reading is not usable.
 */
enum aero_level aero_reading_level(const struct aero_reading *reading)
{
	if (!reading->usable)
		return AERO_LEVEL_NONE;
	if (reading->has_emergency && aero_reached(reading, reading->emergency))
		return AERO_LEVEL_EMERGENCY;
	if (aero_reached(reading, reading->high))
		return AERO_LEVEL_HIGH;
	if (aero_reached(reading, reading->low))
		return AERO_LEVEL_HOLD;
	return AERO_LEVEL_LOW;
}

/**
 * aero_reading_in_vain() - does a sensor ask for what does not help it?
 * @reading: the sensor
 *
 * Context: any; pure.
 * Return: true if it is high, but known not to fall when memory goes offline.
 */
bool aero_reading_in_vain(const struct aero_reading *reading)
{
	return reading->ineffective && aero_reading_level(reading) >= AERO_LEVEL_HIGH;
}

/**
 * aero_reading_demand() - what is to be made of what one sensor asks for
 * @reading: the sensor
 *
 * Context: any; pure.
 * Return: its level; for a sensor that memory has no effect on at most AERO_LEVEL_LOW:
 * nothing is taken or kept for its sake.
 */
enum aero_level aero_reading_demand(const struct aero_reading *reading)
{
	enum aero_level level = aero_reading_level(reading);

	return reading->ineffective ? min_t(int, level, AERO_LEVEL_LOW) : level;
}

/**
 * aero_reading_excess() - how far beyond its high threshold a sensor is
 * @reading: the sensor
 *
 * The scale is the distance from high to emergency or, without an emergency
 * threshold, from low to high. With neither there is no scale, and no excess.
 *
 * Context: any; pure.
 * Return: permille of the scale; 0 below high, at most 1,000,000.
 */
u32 aero_reading_excess(const struct aero_reading *reading)
{
	u64 beyond, span;

	if (!reading->usable || !aero_reached(reading, reading->high))
		return 0;
	beyond = aero_distance(reading->value, reading->high);
	span = aero_distance(reading->high,
			     reading->has_emergency ? reading->emergency : reading->low);
	while (beyond > U64_MAX / 1000) {
		beyond >>= 1;
		span >>= 1;
	}
	if (!span)
		return 0;
	return min_t(u64, div64_u64(beyond * 1000, span), AERO_EXCESS_MAX);
}

/* Pages that change a power by @uw. */
static u64 aero_pages_for(u64 uw, u64 uw_per_gib)
{
	/* A megawatt: nothing beyond it can be needed, and nothing overflows. */
	uw = min(uw, 1000ULL * 1000 * 1000 * 1000);
	return div64_u64(uw * AERO_PAGES_PER_GIB, uw_per_gib);
}

static s64 aero_reading_settled(const struct aero_reading *reading)
{
	return reading->is_steady ? reading->steady : reading->value;
}

/**
 * aero_reading_needed() - memory to take off, beside what is, for a power to fall below high
 * @reading: the sensor, with its uw_per_gib
 *
 * Context: any; pure.
 * Return: pages, rounded up; 0 if it is below high, on average where that is known.
 */
u64 aero_reading_needed(const struct aero_reading *reading)
{
	s64 value = aero_reading_settled(reading);
	u64 uw;

	if (!reading->uw_per_gib || value < reading->high)
		return 0;
	uw = aero_distance(value, reading->high) +
	     aero_distance(reading->high, min(reading->low, reading->high)) / 8;
	return aero_pages_for(uw, reading->uw_per_gib) + 1;
}

/**
 * aero_reading_spare() - memory that may come back with a power still in the band's middle
 * @reading: the sensor, with its uw_per_gib
 *
 * Context: any; pure.
 * Return: pages, rounded down; 0 if there is nothing to spare.
 */
u64 aero_reading_spare(const struct aero_reading *reading)
{
	s64 value = aero_reading_settled(reading);
	u64 band = aero_distance(reading->high, min(reading->low, reading->high)), away;

	if (!reading->uw_per_gib || value >= reading->high)
		return 0;
	away = aero_distance(reading->high, value);
	return away > band / 2 ? aero_pages_for(away - band / 2, reading->uw_per_gib) : 0;
}

/**
 * aero_level_name() - word for a level
 * @level: the level
 *
 * Context: any.
 * Return: a constant string, "unknown" for anything else.
 */
const char *aero_level_name(enum aero_level level)
{
	static const char * const names[] = {
		[AERO_LEVEL_NONE] = "none",
		[AERO_LEVEL_LOW] = "low",
		[AERO_LEVEL_HOLD] = "hold",
		[AERO_LEVEL_HIGH] = "high",
		[AERO_LEVEL_EMERGENCY] = "emergency",
	};

	return (unsigned int)level < ARRAY_SIZE(names) ? names[level] : "unknown";
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/reading-kunit.c"
#endif
