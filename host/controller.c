// SPDX-License-Identifier: GPL-2.0
/*
 * How many pages must go in all.
 *
 * The strongest sensor decides the level; only when all are below their low
 * thresholds is it LOW. The band between low and high is the hysteresis.
 *
 *	EMERGENCY  target = all there is, at once
 *	HIGH       target += step, with
 *	             step = capacity / 16 at high ... capacity / 4 at emergency,
 *	           but no more than two steps ahead of what is held, no more than
 *	           the capacity, and only while pressure < limit
 *	HOLD       target stays, within a step of what is held
 *	LOW        target -= emergency capacity / 16, twice that under pressure
 *	NONE       as HOLD
 *
 * A power is different, see reading.c: how much memory it takes is known beforehand, and
 *
 *	HIGH       target = offline + needed, in blocks, in one step
 *	LOW        target >= offline - spare, in blocks
 *
 * Such a step is followed by a pause until memory has gone off, the power has followed
 * and keeps its level; then the sensor is asked anew. One that never comes to rest is asked
 * after four times as long. What is asked for is in terms of what
 * is offline and not of the last target, so that to ask twice changes nothing. Sensors
 * without feed-forward go on meanwhile: the target is the most that any of them wants.
 * A power that memory has no effect on counts as low, and so does one that is high where no
 * block can go offline and none is: nothing that VMs give would ever reach it.
 *
 * The thermal framework may ask for a share, too, by the cooling device: of the emergency
 * capacity, for the other one falls with the VMs' pressure, and a share of that would fall and
 * rise with what was taken for it. It never comes to more than the capacity: a VM under pressure
 * is asked for no more, and what it lacks goes back. What is asked for in the end is the more
 * of both, and what was taken for the cooling device's sake alone goes back when it asks
 * for less.
 *
 * That is integral control: memory taken heats nothing down at once, so the
 * excess over the threshold sets how fast the target moves, not where it is. The
 * bound in terms of what is held is its anti-windup: a target that the VMs
 * cannot follow would overshoot long after the sensor fell.
 *
 * Taking memory can make things worse: VMs that swap and refault burn more than
 * the memory saves. When they have been under pressure for some steps and the
 * excess is no less than when this run of HIGH began, what is held is futile: a
 * quarter of it goes back, and for a while (twice as long each time, until all
 * sensors are low) nothing is taken. While the pressure stays and it gets no
 * hotter, more goes back. Not so in an emergency.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "controller.h"

static u64 aero_part(u64 pages, u32 divisor)
{
	return div_u64(pages, max(divisor, 1U));
}

/* A high power, and no memory that could be taken off for its sake, or has been. */
static bool aero_controller_unmoved(const struct aero_controller_input *input,
				    const struct aero_reading *reading)
{
	return reading->uw_per_gib && !input->movable_pages && !input->offline_pages &&
	       aero_reading_demand(reading) == AERO_LEVEL_HIGH;
}

/* Find the reading that decides: the strongest level, then the greatest excess. */
static void aero_controller_read(const struct aero_controller_input *input,
				 struct aero_decision *decision)
{
	unsigned int i;

	decision->level = AERO_LEVEL_NONE;
	decision->worst = -1;
	decision->excess = 0;
	decision->in_vain = false;
	for (i = 0; i < input->nr; i++) {
		const struct aero_reading *reading = &input->readings[i];
		enum aero_level level = aero_reading_demand(reading);
		u32 excess = aero_reading_excess(reading);

		if (aero_reading_in_vain(reading) || aero_controller_unmoved(input, reading)) {
			decision->in_vain = true;
			level = AERO_LEVEL_LOW;
			excess = 0;
		}
		if (level < decision->level || level == AERO_LEVEL_NONE)
			continue;
		if (level == decision->level && excess <= decision->excess && decision->worst >= 0)
			continue;
		decision->level = level;
		decision->worst = i;
		decision->excess = excess;
	}
}

/* Neither take nor give: let what is under way arrive, but no more than @slack of it. */
static u64 aero_settle(u64 target, u64 held, u64 slack)
{
	return clamp(target, held > slack ? held - slack : 0, held + slack);
}

static u64 aero_step_pages(const struct aero_controller_params *params, u64 capacity, u32 excess)
{
	u64 least = aero_part(capacity, params->step_div);
	u64 most = max(aero_part(capacity, params->step_max_div), least);
	u32 rest;
	u64 step;

	/* least + (most - least) * excess / 1000, without overflow */
	excess = min(excess, 1000U);
	step = least + div_u64_rem(most - least, 1000, &rest) * excess;
	return max(step + rest * excess / 1000, 1ULL);
}

/* Is what is held of no use, after some time under pressure? */
static bool aero_futile(const struct aero_controller *ctl,
			const struct aero_controller_params *params, u64 held, u32 excess)
{
	if (!held || ctl->pressed_steps < max(params->futile_steps, 1U))
		return false;
	return ctl->backoff ? excess <= ctl->since : excess >= ctl->since;
}

static void aero_relent(struct aero_controller *ctl,
			const struct aero_controller_params *params, u64 held, u32 excess)
{
	u32 wait = ctl->backoff_next ?: max(params->futile_steps, 1U);

	ctl->target = min(ctl->target, held - max(aero_part(held, params->relent_div), 1ULL));
	ctl->since = excess;
	ctl->pressed_steps = 0;
	if (ctl->backoff)
		return;
	ctl->backoff = min(wait, params->backoff_max);
	ctl->backoff_next = min_t(u64, 2ULL * ctl->backoff, params->backoff_max);
}

static u64 aero_in_blocks(const struct aero_controller_input *input, u64 pages)
{
	u64 block = max(input->block_pages, 1ULL);

	return div64_u64(pages + block - 1, block) * block;
}

static bool aero_controller_settled(const struct aero_controller_params *params,
				    const struct aero_controller_input *input)
{
	return input->still_ms >= params->settle_ms;
}

/* A power that never comes to rest is asked now and then nevertheless. */
static bool aero_controller_waited(const struct aero_controller_params *params, u32 ms)
{
	return ms >= 4ULL * params->settle_ms;
}

static u32 aero_controller_wait(u32 ms, const struct aero_controller_input *input)
{
	return min_t(u64, (u64)ms + input->elapsed_ms, U32_MAX);
}

/* Is it time for the next step of feed-forward, by this sensor? */
static bool aero_controller_may_feed(const struct aero_controller *ctl,
				     const struct aero_controller_params *params,
				     const struct aero_controller_input *input,
				     const struct aero_reading *reading)
{
	if (aero_controller_waited(params, ctl->waited_ms))
		return true;
	return reading->is_steady && aero_controller_settled(params, input) &&
	       (!ctl->fed || ctl->waited_ms >= params->settle_ms);
}

/* What the powers that are high want in all; 0 if none is. */
static u64 aero_controller_feed(struct aero_controller *ctl,
				const struct aero_controller_params *params,
				const struct aero_controller_input *input)
{
	bool any = false, asked = false;
	u64 want = 0, needed;
	unsigned int i;

	ctl->waited_ms = aero_controller_wait(ctl->waited_ms, input);
	for (i = 0; i < input->nr; i++) {
		const struct aero_reading *reading = &input->readings[i];

		if (!reading->uw_per_gib || aero_reading_demand(reading) != AERO_LEVEL_HIGH ||
		    aero_controller_unmoved(input, reading))
			continue;
		any = true;
		if (!aero_controller_may_feed(ctl, params, input, reading))
			continue;
		asked = true;
		needed = min(aero_reading_needed(reading), input->movable_pages);
		want = max(want, aero_in_blocks(input, input->offline_pages + needed));
	}
	if (asked) {
		ctl->fed = want;
		ctl->waited_ms = 0;
	} else if (!any) {
		ctl->fed = 0;
		ctl->waited_ms = 0;
	}
	return ctl->fed;
}

/* The greatest excess among the sensors that are high and have no feed-forward; -1: none is. */
static int aero_controller_integral_excess(const struct aero_controller_input *input)
{
	int excess = -1;
	unsigned int i;

	for (i = 0; i < input->nr; i++) {
		const struct aero_reading *reading = &input->readings[i];

		if (!reading->uw_per_gib && aero_reading_demand(reading) == AERO_LEVEL_HIGH)
			excess = max_t(int, excess, aero_reading_excess(reading));
	}
	return excess;
}

/* Below what no power wants the target to fall, lest it be high again. */
static u64 aero_controller_floor(struct aero_controller *ctl,
				 const struct aero_controller_params *params,
				 const struct aero_controller_input *input)
{
	bool any = false, steady = true;
	u64 floor = 0, spare;
	unsigned int i;

	for (i = 0; i < input->nr; i++) {
		const struct aero_reading *reading = &input->readings[i];

		if (!reading->uw_per_gib || reading->ineffective ||
		    aero_reading_demand(reading) != AERO_LEVEL_LOW)
			continue;
		any = true;
		steady &= reading->is_steady;
		spare = aero_reading_spare(reading);
		if (input->offline_pages > spare)
			floor = max(floor, aero_in_blocks(input, input->offline_pages - spare));
	}
	if (!any) {
		ctl->low_ms = 0;
		return 0;
	}
	ctl->low_ms = aero_controller_wait(ctl->low_ms, input);
	if ((steady && aero_controller_settled(params, input)) ||
	    aero_controller_waited(params, ctl->low_ms)) {
		ctl->floor = floor;
		ctl->floored = true;
		ctl->low_ms = 0;
	}
	/* As long as it is not known what the last blocks came to, none follows. */
	return ctl->floored ? ctl->floor : U64_MAX;
}

static void aero_controller_low(struct aero_controller *ctl,
				const struct aero_controller_params *params,
				const struct aero_controller_input *input, u64 held,
				struct aero_decision *decision)
{
	u64 give = max(aero_part(input->capacity_emergency_pages, params->give_div), 1ULL);
	u64 floor = aero_controller_floor(ctl, params, input);

	if (input->pressure >= params->pressure_limit)
		give *= 2;
	ctl->target = min(ctl->target, held);
	floor = min(ctl->target, floor);
	ctl->target = max(ctl->target - min(ctl->target, give), floor);
	ctl->backoff = 0;
	ctl->backoff_next = 0;
	decision->verdict = AERO_VERDICT_IDLE;
	if (ctl->target || held) {
		decision->step_pages = give;
		decision->verdict = ctl->target < held ? AERO_VERDICT_GIVING :
							 AERO_VERDICT_HOLDING;
	}
	if (decision->in_vain)
		decision->verdict = AERO_VERDICT_INEFFECTIVE;
}

static void aero_controller_high(struct aero_controller *ctl,
				 const struct aero_controller_params *params,
				 const struct aero_controller_input *input,
				 struct aero_decision *decision)
{
	u64 slack = aero_part(input->capacity_pages, params->step_div);
	bool pressed = input->pressure >= params->pressure_limit;
	u64 held = input->held_pages;
	u64 want = aero_controller_feed(ctl, params, input);
	int excess = aero_controller_integral_excess(input);
	u64 step = 0, ahead;

	if (!ctl->running) {
		ctl->running = true;
		ctl->since = decision->excess;
		ctl->pressed_steps = 0;
	}
	if (!pressed)
		ctl->pressed_steps = 0;
	else if (ctl->pressed_steps < U32_MAX)
		ctl->pressed_steps++;

	if (aero_futile(ctl, params, held, decision->excess)) {
		aero_relent(ctl, params, held, decision->excess);
		decision->verdict = AERO_VERDICT_FUTILE;
		return;
	}

	if (ctl->backoff) {
		if (!--ctl->backoff)
			ctl->running = false;
		ctl->target = min(ctl->target, held + slack);
		decision->verdict = AERO_VERDICT_FUTILE;
		return;
	}

	if (pressed) {
		ctl->target = aero_settle(ctl->target, held, slack);
		decision->verdict = AERO_VERDICT_PRESSED;
		return;
	}

	/* Nothing that is held goes back now, wherever an earlier level left the target. */
	if (excess >= 0) {
		step = aero_step_pages(params, input->capacity_pages, excess);
		ahead = held + step * max(params->ahead_steps, 1U);
		ctl->target = min(max(ctl->target, held) + step, ahead);
	} else {
		ctl->target = max(aero_settle(ctl->target, held, slack), held);
	}
	ctl->target = min(max(ctl->target, want), input->capacity_pages);
	decision->step_pages = max(step, want > held ? want - held : 0);
	decision->verdict = ctl->target > held ? AERO_VERDICT_TAKING : AERO_VERDICT_HOLDING;
}

/* What the sensors are to answer for: without what the cooling device alone has brought. */
static u64 aero_controller_held(const struct aero_controller *ctl,
				const struct aero_controller_input *input)
{
	return ctl->lent ? min(ctl->target, input->held_pages) : input->held_pages;
}

/* The cooling device asks for its share, which may be more than the sensors ask for. */
static void aero_controller_cool(struct aero_controller *ctl,
				 const struct aero_controller_input *input,
				 struct aero_decision *decision)
{
	u64 held = input->held_pages;
	u64 share = input->capacity_emergency_pages;
	u32 rest;

	if (input->cooling < 1000) {
		share = div_u64_rem(share, 1000, &rest) * input->cooling;
		share += rest * input->cooling / 1000;
	}
	share = min(share, input->capacity_pages);
	if (share > ctl->target) {
		ctl->lent = true;
		decision->target_pages = share;
		decision->verdict = held < share ? AERO_VERDICT_TAKING :
				    held > share ? AERO_VERDICT_GIVING : AERO_VERDICT_HOLDING;
	} else if (ctl->lent && held > ctl->target) {
		/* It asks for less: what the sensors have no use for goes back. */
		if (decision->verdict != AERO_VERDICT_EMERGENCY)
			decision->verdict = AERO_VERDICT_GIVING;
	} else {
		ctl->lent = false;
	}
}

/**
 * aero_controller_step() - decide how many pages are to be held
 * @ctl: state; zeroed before the first step
 * @params: policy
 * @input: sensors, what is held, what could be
 * @decision: result, with its terms
 *
 * To be called at a steady pace, of a second or a few: params count in steps.
 * The rule is at the head of this file. Page counts are the host's own and
 * taken as sane (less than 2^60).
 *
 * Context: any; pure. The caller serialises calls for one @ctl.
 */
void aero_controller_step(struct aero_controller *ctl,
			  const struct aero_controller_params *params,
			  const struct aero_controller_input *input,
			  struct aero_decision *decision)
{
	u64 slack = aero_part(input->capacity_pages, params->step_div);
	u64 held = aero_controller_held(ctl, input);

	aero_controller_read(input, decision);
	decision->step_pages = 0;

	if (decision->level != AERO_LEVEL_HIGH) {
		ctl->running = false;
		ctl->fed = 0;
		ctl->waited_ms = 0;
	}
	if (decision->level != AERO_LEVEL_LOW) {
		ctl->floored = false;
		ctl->low_ms = 0;
	}
	ctl->in_vain = decision->in_vain;

	switch (decision->level) {
	case AERO_LEVEL_EMERGENCY:
		ctl->target = input->capacity_emergency_pages;
		ctl->backoff = 0;
		decision->step_pages = ctl->target > held ? ctl->target - held : 0;
		decision->verdict = AERO_VERDICT_EMERGENCY;
		break;
	case AERO_LEVEL_HIGH:
		aero_controller_high(ctl, params, input, decision);
		break;
	case AERO_LEVEL_HOLD:
		if (ctl->backoff)
			ctl->backoff--;
		ctl->target = aero_settle(ctl->target, held, slack);
		decision->verdict = ctl->target || held ? AERO_VERDICT_HOLDING : AERO_VERDICT_IDLE;
		break;
	case AERO_LEVEL_LOW:
		aero_controller_low(ctl, params, input, held, decision);
		break;
	case AERO_LEVEL_NONE:
		ctl->target = aero_settle(ctl->target, held, slack);
		decision->verdict = AERO_VERDICT_BLIND;
		break;
	}

	/* VMs come and go, and minima are raised. */
	ctl->target = min(ctl->target, max(input->capacity_pages,
					   input->capacity_emergency_pages));
	decision->target_pages = ctl->target;
	aero_controller_cool(ctl, input, decision);
}

/**
 * aero_controller_level() - what the sensors ask for
 * @input: sensors, and what is and can be offline for them; the rest does not matter
 *
 * Context: any; pure.
 * Return: the level that a step would find.
 */
enum aero_level aero_controller_level(const struct aero_controller_input *input)
{
	struct aero_decision decision;

	aero_controller_read(input, &decision);
	return decision.level;
}

/**
 * aero_controller_rests() - would a step change nothing, as long as nothing is held?
 * @ctl: state
 * @readings: the sensors
 * @nr: number of @readings
 * @movable_pages: memory that can go offline, as in struct aero_controller_input
 * @level: set to what the sensors ask for
 *
 * Nothing is held, and no memory offline. Then nobody needs to be asked what could be
 * held, and the step can be left out.
 *
 * Context: any; pure.
 * Return: true if so.
 */
bool aero_controller_rests(const struct aero_controller *ctl,
			   const struct aero_reading *readings, unsigned int nr,
			   u64 movable_pages, enum aero_level *level)
{
	const struct aero_controller_input input = {
		.readings = readings,
		.nr = nr,
		.movable_pages = movable_pages,
	};
	struct aero_decision decision;

	aero_controller_read(&input, &decision);
	*level = decision.level;
	return decision.level < AERO_LEVEL_HIGH && !ctl->target && !ctl->running &&
	       !ctl->backoff && !ctl->backoff_next && decision.in_vain == ctl->in_vain;
}

/**
 * aero_verdict_name() - word for a verdict, as in sysfs
 * @verdict: the verdict
 *
 * Context: any.
 * Return: a constant string, "unknown" for anything else.
 */
const char *aero_verdict_name(enum aero_verdict verdict)
{
	static const char * const names[AERO_NR_VERDICTS] = {
		[AERO_VERDICT_IDLE] = "idle",
		[AERO_VERDICT_HOLDING] = "holding",
		[AERO_VERDICT_TAKING] = "taking",
		[AERO_VERDICT_EMERGENCY] = "emergency",
		[AERO_VERDICT_GIVING] = "giving",
		[AERO_VERDICT_BLIND] = "blind",
		[AERO_VERDICT_FUTILE] = "futile",
		[AERO_VERDICT_PRESSED] = "pressed",
		[AERO_VERDICT_INEFFECTIVE] = "ineffective",
	};

	return (unsigned int)verdict < ARRAY_SIZE(names) ? names[verdict] : "unknown";
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/controller-kunit.c"
#endif
