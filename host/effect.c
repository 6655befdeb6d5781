// SPDX-License-Identifier: GPL-2.0
/*
 * By how much a power falls when memory goes offline.
 *
 * The power model says what the data sheet says. What a machine makes of it, with its
 * interleaving and its firmware, only its meter knows. The rule is a linear regression
 * on differences, Bayesian with the model as prior:
 *
 *	While the memory that is offline stands still, and the meter has had its time
 *	to follow, samples are averaged: a plateau. Each change from one plateau to the
 *	next is one observation of the effect,
 *
 *		e = (power before - power after) / (GiB that went offline)
 *
 *	with the variance of its difference of powers
 *
 *		R = noise / n before + noise / n after + step^2 / 6 + (load)^2
 *
 *	where noise is half the mean square of successive differences, which a slow
 *	drift does not disturb (von Neumann et al., "The Mean Square Successive
 *	Difference", Annals of Mathematical Statistics 12, 1941), step the meter's
 *	resolution (each rounding has a variance of step^2 / 12), and load what a change
 *	of the processors' load can do. Half the power for all of the load is assumed for
 *	that, of whatever machine. In units of the prior's
 *	weight, whose standard deviation is twice the prior, the observation weighs
 *
 *		w = (2 * prior * GiB)^2 / R
 *
 *	and the effect is the weighted mean of prior and observations. Older ones
 *	fade by a quarter with each new one, for machines change.
 *
 * Differences, and not a line through all points, since the rest of the machine draws what it
 * likes and drifts; what is compared lies close together in time. A power that
 * leaves its plateau while no memory moved is somebody else's doing: the plateau starts
 * anew and is not compared with the one before. Where none comes about any more, it is the
 * noise that has grown, and it is estimated anew, too.
 *
 * When the effect is below a quarter of the prior, by twice its standard deviation,
 * offlining is ineffective: it takes an expected change eight times the noise to say
 * so. That holds for a while, twice as long each time, and ends at once when memory
 * that comes back raises the power after all.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "effect.h"

#define AERO_PRIOR_WEIGHT	1000U
#define AERO_WEIGHT_MAX		1000000U
#define AERO_PLATEAU_MAX	16U
/* A noise that comes from fewer differences says little about what is off the mean. */
#define AERO_NOISE_MIN		8U
#define AERO_AWAY_MAX		3U
/* The longest that a change of the memory offline may take to be compared at all. */
#define AERO_CHANGE_MAX_MS	600000U
/* Bounds that keep products in 64 bits: 10 kW, and 1 kW per GiB. */
#define AERO_MW_MAX		10000000ULL
#define AERO_UW_PER_GIB_MAX	1000000000LL
#define AERO_PAGES_PER_MIB_SHIFT 8

static u64 aero_square_mw(u64 uw)
{
	u64 mw = min(div_u64(uw, 1000), AERO_MW_MAX);

	return mw * mw;
}

static u64 aero_off(s64 a, s64 b)
{
	return a > b ? (u64)a - (u64)b : (u64)b - (u64)a;
}

/* The resolution, as far as readings have told: never less than their trailing zeros say. */
static u64 aero_effect_step_uw(const struct aero_effect *effect)
{
	return max(effect->step_uw, effect->unit_uw);
}

static void aero_effect_resolution(struct aero_effect *effect, s64 uw)
{
	u64 change = effect->has_last ? aero_off(uw, effect->last_uw) : 0;
	u64 unit = effect->unit_uw ?: 1000000;
	u32 rest;

	while (unit > 1) {
		div_u64_rem(aero_off(uw, 0), unit, &rest);
		if (!rest)
			break;
		unit = div_u64(unit, 10);
	}
	effect->unit_uw = unit;
	/* Also from one plateau to the next: the first change of a coarse meter may be its step. */
	if (change && (!effect->step_uw || change < effect->step_uw))
		effect->step_uw = change;
}

static void aero_effect_noise(struct aero_effect *effect, s64 uw)
{
	u64 half = aero_square_mw(aero_off(uw, effect->last_uw)) / 2;

	if (effect->noise_nr < AERO_PLATEAU_MAX)
		effect->noise_nr++;
	/* Apart, for differences of unsigned numbers have no sign. */
	effect->noise_mw2 -= div_u64(effect->noise_mw2, effect->noise_nr);
	effect->noise_mw2 += div_u64(half, effect->noise_nr);
}

/* Is a sample so far off its plateau that it is none of its noise: four deviations? */
static bool aero_effect_is_off(const struct aero_effect *effect, s64 uw)
{
	u64 off = aero_off(uw, effect->now.mean_uw), step = 2 * aero_effect_step_uw(effect);

	return effect->noise_nr >= AERO_NOISE_MIN && off > step &&
	       aero_square_mw(off - step) > 16 * effect->noise_mw2;
}

static void aero_plateau_add(struct aero_plateau *plateau, const struct aero_effect_sample *sample)
{
	if (!plateau->nr)
		*plateau = (struct aero_plateau){
			.offline_pages = sample->offline_pages,
			.mean_uw = sample->uw,
			.busy = sample->busy,
		};
	if (plateau->nr < AERO_PLATEAU_MAX)
		plateau->nr++;
	plateau->mean_uw += div_s64(sample->uw - plateau->mean_uw, plateau->nr);
	plateau->busy = div_u64((u64)plateau->busy * (plateau->nr - 1) + sample->busy, plateau->nr);
}

/* Variance of the difference between the two plateaus, square milliwatt. */
static u64 aero_effect_variance(const struct aero_effect *effect)
{
	const struct aero_plateau *a = &effect->before, *b = &effect->now;
	u64 load = div_u64(aero_off(a->mean_uw, 0) / 2 * min(aero_off(a->busy, b->busy), 1000ULL),
			   1000);

	return div_u64(effect->noise_mw2, a->nr) + div_u64(effect->noise_mw2, b->nr) +
	       aero_square_mw(aero_effect_step_uw(effect)) / 6 + aero_square_mw(load) + 1;
}

/* Prior and observations together, microwatt per GiB; may be negative. */
static s64 aero_effect_mean(const struct aero_effect *effect)
{
	s64 sum = (s64)effect->prior_mw_per_gib * 1000 * AERO_PRIOR_WEIGHT +
		  effect->data_uw_per_gib * effect->weight;

	return div_s64(sum, AERO_PRIOR_WEIGHT + effect->weight);
}

/* What do the observations say by now? */
static void aero_effect_judge(struct aero_effect *effect, const struct aero_effect_params *params)
{
	s64 prior = effect->prior_mw_per_gib, mean = div_s64(aero_effect_mean(effect), 1000);
	u64 short_of, wait;

	if (mean >= prior / 2) {
		effect->ineffective = false;
		if (effect->weight >= AERO_PRIOR_WEIGHT)
			effect->retry_next_ms = 0;
		return;
	}
	if (effect->ineffective || mean >= prior / 4)
		return;
	short_of = min((u64)(prior / 4 - mean), 1000000ULL);
	/* (prior / 4 - mean)^2 > 2^2 * variance, and the prior's deviation is twice the prior. */
	if (short_of * short_of * (AERO_PRIOR_WEIGHT + effect->weight) <=
	    16ULL * prior * prior * AERO_PRIOR_WEIGHT)
		return;
	wait = effect->retry_next_ms ?: params->retry_ms;
	effect->ineffective = true;
	effect->retry_ms = min_t(u64, wait, params->retry_max_ms);
	effect->retry_next_ms = min_t(u64, 2 * wait, params->retry_max_ms);
}

/* The step from one plateau to the next is an observation. */
static void aero_effect_observe(struct aero_effect *effect, const struct aero_effect_params *params)
{
	const struct aero_plateau *a = &effect->before, *b = &effect->now;
	u64 pages = aero_off(a->offline_pages, b->offline_pages);
	u64 mib = min(pages >> AERO_PAGES_PER_MIB_SHIFT, (u64)U32_MAX);
	s64 fall = b->offline_pages > a->offline_pages ? a->mean_uw - b->mean_uw :
							 b->mean_uw - a->mean_uw;
	s64 one;
	u64 expected, weight;

	if (effect->judged || !a->nr || !b->nr || !mib)
		return;
	effect->judged = true;
	one = div_s64(clamp(fall, -(s64)AERO_MW_MAX * 1000, (s64)AERO_MW_MAX * 1000) * 1024,
		      min(mib, (u64)S32_MAX));
	one = clamp(one, -AERO_UW_PER_GIB_MAX, AERO_UW_PER_GIB_MAX);
	expected = min((2ULL * effect->prior_mw_per_gib * mib) >> 10, AERO_MW_MAX);
	weight = div64_u64(expected * expected * AERO_PRIOR_WEIGHT, aero_effect_variance(effect));
	weight = min_t(u64, weight, AERO_WEIGHT_MAX);
	effect->weight -= effect->weight / 4;
	if (!weight)
		return;
	effect->data_uw_per_gib = div_s64(effect->data_uw_per_gib * effect->weight +
					  one * (s64)weight, effect->weight + weight);
	effect->weight = min_t(u32, effect->weight + weight, AERO_WEIGHT_MAX);
	aero_effect_judge(effect, params);
}

static void aero_effect_forget(struct aero_effect *effect)
{
	effect->data_uw_per_gib = 0;
	effect->weight = 0;
	effect->ineffective = false;
}

static void aero_effect_restart(struct aero_effect *effect)
{
	effect->now.nr = 0;
	effect->before.nr = 0;
	effect->away = 0;
}

/* Memory moves: what was measured up to now is what comes later will be compared with. */
static void aero_effect_leave(struct aero_effect *effect, const struct aero_effect_params *params)
{
	if (effect->now.nr) {
		aero_effect_observe(effect, params);
		effect->before = effect->now;
		effect->age_ms = 0;
		effect->judged = false;
	}
	effect->now.nr = 0;
	effect->away = 0;
}

/**
 * aero_effect_step() - learn from one sample
 * @effect: state; zeroed before the first step
 * @params: what is assumed
 * @sample: a reading that is believed, and its circumstances
 *
 * To be called with each reading, at whatever pace. The rule is at the head of this file.
 *
 * Context: any; pure. The caller serialises calls for one @effect.
 */
void aero_effect_step(struct aero_effect *effect, const struct aero_effect_params *params,
		      const struct aero_effect_sample *sample)
{
	if (effect->prior_mw_per_gib != params->prior_mw_per_gib) {
		effect->prior_mw_per_gib = params->prior_mw_per_gib;
		effect->retry_next_ms = 0;
		aero_effect_forget(effect);
	}
	if (effect->ineffective) {
		effect->retry_ms -= min(effect->retry_ms, sample->elapsed_ms);
		if (!effect->retry_ms)
			aero_effect_forget(effect);
	}
	if (sample->disturbed) {
		aero_effect_restart(effect);
		return;
	}
	if (sample->still_ms < params->lag_ms ||
	    (effect->now.nr && effect->now.offline_pages != sample->offline_pages)) {
		aero_effect_leave(effect, params);
		effect->age_ms = min_t(u64, (u64)effect->age_ms + sample->elapsed_ms, U32_MAX);
		if (effect->age_ms > AERO_CHANGE_MAX_MS)
			effect->before.nr = 0;
		return;
	}

	aero_effect_resolution(effect, sample->uw);
	if (effect->now.nr && aero_effect_is_off(effect, sample->uw)) {
		if (++effect->away < AERO_AWAY_MAX)
			return;
		/* Before there was a plateau: it is the noise that has become another one. */
		if (effect->now.nr < params->samples)
			effect->noise_nr = 0;
		aero_effect_restart(effect);
		return;
	}
	effect->away = 0;
	if (effect->now.nr)
		aero_effect_noise(effect, sample->uw);
	aero_plateau_add(&effect->now, sample);
	effect->last_uw = sample->uw;
	effect->has_last = true;
	if (effect->now.nr >= params->samples)
		aero_effect_observe(effect, params);
}

/**
 * aero_effect_uw_per_gib() - the effect, by model and experience
 * @effect: state
 *
 * Context: any; pure.
 * Return: microwatt that each GiB saves by being offline; 0 if it costs.
 */
u64 aero_effect_uw_per_gib(const struct aero_effect *effect)
{
	return max_t(s64, aero_effect_mean(effect), 0);
}

/**
 * aero_effect_assumed() - the effect, as one step can be built upon it
 * @effect: state
 *
 * No less than an eighth of the model's: with what is left of an effect that is being
 * refuted all memory there is would be asked for.
 *
 * Context: any; pure.
 * Return: microwatt per GiB; 0 only if the model knows of no effect, either.
 */
u64 aero_effect_assumed(const struct aero_effect *effect)
{
	return max(aero_effect_uw_per_gib(effect), effect->prior_mw_per_gib * 1000ULL / 8);
}

/**
 * aero_effect_steady() - has the power come to rest?
 * @effect: state
 * @params: what is assumed
 * @uw: set to its mean since then, if so
 *
 * Context: any; pure.
 * Return: true if the memory offline has had its effect and the power keeps a level.
 */
bool aero_effect_steady(const struct aero_effect *effect,
			const struct aero_effect_params *params, s64 *uw)
{
	if (effect->now.nr < params->samples || effect->away)
		return false;
	*uw = effect->now.mean_uw;
	return true;
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/effect-kunit.c"
#endif
