/* SPDX-License-Identifier: GPL-2.0 */
/* How many pages must go in all, and how urgently. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_CONTROLLER_H
#define AEROSTAT_CONTROLLER_H

#include <linux/types.h>

#include "reading.h"

/**
 * enum aero_verdict - what the controller does, in one word
 * @AERO_VERDICT_IDLE: nothing is held and nothing asked for
 * @AERO_VERDICT_HOLDING: keeps what it holds
 * @AERO_VERDICT_TAKING: asks for more
 * @AERO_VERDICT_EMERGENCY: asks for all there is
 * @AERO_VERDICT_GIVING: gives back
 * @AERO_VERDICT_BLIND: no usable sensor; keeps what it holds
 * @AERO_VERDICT_FUTILE: it did not help; gave some back and waits
 * @AERO_VERDICT_PRESSED: would take, but the VMs suffer too much
 * @AERO_VERDICT_INEFFECTIVE: a power is high, but memory offline does not lower it, or none
 *	can go offline; keeps nothing
 * @AERO_NR_VERDICTS: number of verdicts
 */
enum aero_verdict {
	AERO_VERDICT_IDLE,
	AERO_VERDICT_HOLDING,
	AERO_VERDICT_TAKING,
	AERO_VERDICT_EMERGENCY,
	AERO_VERDICT_GIVING,
	AERO_VERDICT_BLIND,
	AERO_VERDICT_FUTILE,
	AERO_VERDICT_PRESSED,
	AERO_VERDICT_INEFFECTIVE,
	AERO_NR_VERDICTS,
};

/**
 * struct aero_controller_params - policy of aero_controller_step()
 * @step_div: a step at the high threshold is 1/@step_div of the capacity
 * @step_max_div: a step at the emergency threshold is 1/@step_max_div of it
 * @give_div: a step back is 1/@give_div of the emergency capacity
 * @ahead_steps: most steps that the target may be ahead of what is held
 * @pressure_limit: permille of pressure at which HIGH stops taking
 * @futile_steps: after so many steps under pressure, one after the other, HIGH can be
 *	futile; also the first wait after it was
 * @relent_div: part of what is held, 1/@relent_div, that goes back when it is
 * @backoff_max: longest wait after that, steps
 * @settle_ms: time that a power is given to follow what was done for it, milliseconds
 *
 * A divisor of zero counts as one.
 */
struct aero_controller_params {
	u32 step_div;
	u32 step_max_div;
	u32 give_div;
	u32 ahead_steps;
	u32 pressure_limit;
	u32 futile_steps;
	u32 relent_div;
	u32 backoff_max;
	u32 settle_ms;
};

#define AERO_CONTROLLER_PARAMS_DEFAULT {	\
	.step_div = 16,				\
	.step_max_div = 4,			\
	.give_div = 16,				\
	.ahead_steps = 2,			\
	.pressure_limit = 400,			\
	.futile_steps = 8,			\
	.relent_div = 4,			\
	.backoff_max = 512,			\
	.settle_ms = 9000,			\
}

/**
 * struct aero_controller - what one step leaves to the next; zeroed at start
 * @target: pages asked for
 * @running: the last step was one of HIGH
 * @since: permille of excess when this run of HIGH began, or was last called futile
 * @pressed_steps: steps of it up to now, one after the other, that were under pressure
 * @backoff: steps left to wait after it was futile
 * @backoff_next: length of the next wait, steps; 0: the first one
 * @fed: pages that feed-forward asked for in this run of HIGH; 0: nothing yet
 * @waited_ms: time since then, or since the run began, milliseconds
 * @floor: pages that the powers want to be kept; valid if @floored
 * @floored: @floor was set since the sensors became low
 * @low_ms: time since then, or since they became low, milliseconds
 * @in_vain: a power was high in the last step, and ineffective
 * @lent: the cooling device holds more than @target, or some of that is still to go back
 */
struct aero_controller {
	u64 target;
	bool running;
	u32 since;
	u32 pressed_steps;
	u32 backoff;
	u32 backoff_next;
	u64 fed;
	u32 waited_ms;
	u64 floor;
	bool floored;
	u32 low_ms;
	bool in_vain;
	bool lent;
};

/**
 * struct aero_controller_input - what one step is decided on
 * @readings: the sensors
 * @nr: number of @readings
 * @held_pages: pages really reclaimed from the VMs
 * @capacity_pages: sum of the VMs' limits at AERO_URGENCY_NORMAL
 * @capacity_emergency_pages: sum of the VMs' limits at AERO_URGENCY_EMERGENCY
 * @pressure: permille, mean over the VMs, weighted by shares
 * @offline_pages: memory that is offline for it
 * @movable_pages: memory that is online and can go offline
 * @block_pages: in which steps it goes offline
 * @still_ms: for so long @offline_pages has not changed
 * @elapsed_ms: since the last step
 * @cooling: permille of @capacity_emergency_pages that the cooling device asks for
 */
struct aero_controller_input {
	const struct aero_reading *readings;
	unsigned int nr;
	u64 held_pages;
	u64 capacity_pages;
	u64 capacity_emergency_pages;
	u32 pressure;
	u64 offline_pages;
	u64 movable_pages;
	u64 block_pages;
	u32 still_ms;
	u32 elapsed_ms;
	u32 cooling;
};

/**
 * struct aero_decision - result of one step, with its terms
 * @target_pages: pages that are to be held in all
 * @level: what the sensors ask for
 * @verdict: what was made of it
 * @worst: index of the reading that decided, -1 if none was usable
 * @excess: permille of the way from high to emergency that the worst sensor has
 *	gone; above 1000 where it went further
 * @in_vain: a sensor is high that memory has no effect on
 * @step_pages: step that was allowed, before any bound; 0 when none was
 */
struct aero_decision {
	u64 target_pages;
	enum aero_level level;
	enum aero_verdict verdict;
	int worst;
	u32 excess;
	bool in_vain;
	u64 step_pages;
};

void aero_controller_step(struct aero_controller *ctl,
			  const struct aero_controller_params *params,
			  const struct aero_controller_input *input,
			  struct aero_decision *decision);
enum aero_level aero_controller_level(const struct aero_controller_input *input);
bool aero_controller_rests(const struct aero_controller *ctl,
			   const struct aero_reading *readings, unsigned int nr,
			   u64 movable_pages, enum aero_level *level);
const char *aero_verdict_name(enum aero_verdict verdict);

#endif /* AEROSTAT_CONTROLLER_H */
