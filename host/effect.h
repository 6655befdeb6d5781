/* SPDX-License-Identifier: GPL-2.0 */
/* By how much a power falls when memory goes offline. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_EFFECT_H
#define AEROSTAT_EFFECT_H

#include <linux/types.h>

/* Meter and machine follow the memory that is offline within this time, milliseconds. */
#define AERO_EFFECT_LAG_MS	6000
/* So many samples after it tell what came of it. */
#define AERO_EFFECT_SAMPLES	3

/**
 * struct aero_effect_params - what is assumed
 * @prior_mw_per_gib: effect by the power model, milliwatt per GiB offline
 * @lag_ms: time after which the power has followed
 * @samples: that are averaged before an effect is judged
 * @retry_ms: time until an effect that was found to be none is tried again, at first
 * @retry_max_ms: and at most; it doubles each time
 */
struct aero_effect_params {
	u32 prior_mw_per_gib;
	u32 lag_ms;
	u32 samples;
	u32 retry_ms;
	u32 retry_max_ms;
};

/* All but the prior, which is the power model's. */
#define AERO_EFFECT_PARAMS_INIT			\
	.lag_ms = AERO_EFFECT_LAG_MS,		\
	.samples = AERO_EFFECT_SAMPLES,		\
	.retry_ms = 5 * 60 * 1000,		\
	.retry_max_ms = 160 * 60 * 1000

/**
 * struct aero_effect_sample - one reading of a power, and what else is known of that moment
 * @uw: the reading, microwatt
 * @offline_pages: memory offline
 * @still_ms: for so long that has not changed
 * @elapsed_ms: since the last sample
 * @busy: permille of the processors' time that was not idle since then
 * @disturbed: VMs have come or gone lately: powers before and after are not comparable
 */
struct aero_effect_sample {
	s64 uw;
	u64 offline_pages;
	u32 still_ms;
	u32 elapsed_ms;
	u32 busy;
	bool disturbed;
};

/**
 * struct aero_plateau - the power while nothing moves
 * @offline_pages: memory offline
 * @mean_uw: mean of the last samples, microwatt
 * @busy: mean load, permille
 * @nr: samples in it, up to 16; 0: there is none
 */
struct aero_plateau {
	u64 offline_pages;
	s64 mean_uw;
	u32 busy;
	u32 nr;
};

/**
 * struct aero_effect - what has been learnt; zeroed at start
 * @prior_mw_per_gib: for which it was
 * @data_uw_per_gib: weighted mean of what was observed, microwatt per GiB
 * @weight: of it, where the prior has 1000
 * @now: the power with the memory that is offline now
 * @before: the power before that
 * @age_ms: time since the end of @before
 * @judged: the step from @before to @now has been observed
 * @last_uw: last reading on a plateau; valid if @has_last
 * @has_last: there was one
 * @noise_mw2: variance of the meter's noise, square milliwatt
 * @noise_nr: differences that it comes from, up to 16
 * @step_uw: the smallest change seen, 0: none yet
 * @unit_uw: power of ten that divides all readings, 0: none yet
 * @away: samples in a row that are off @now's mean
 * @ineffective: memory offline was found to save nothing
 * @retry_ms: time left until that is doubted, milliseconds
 * @retry_next_ms: how long that will be the next time; 0: the first time
 */
struct aero_effect {
	u32 prior_mw_per_gib;
	s64 data_uw_per_gib;
	u32 weight;
	struct aero_plateau now;
	struct aero_plateau before;
	u32 age_ms;
	bool judged;
	s64 last_uw;
	bool has_last;
	u64 noise_mw2;
	u32 noise_nr;
	u64 step_uw;
	u64 unit_uw;
	u32 away;
	bool ineffective;
	u32 retry_ms;
	u32 retry_next_ms;
};

void aero_effect_step(struct aero_effect *effect, const struct aero_effect_params *params,
		      const struct aero_effect_sample *sample);
u64 aero_effect_uw_per_gib(const struct aero_effect *effect);
u64 aero_effect_assumed(const struct aero_effect *effect);
bool aero_effect_steady(const struct aero_effect *effect,
			const struct aero_effect_params *params, s64 *uw);

#endif /* AEROSTAT_EFFECT_H */
