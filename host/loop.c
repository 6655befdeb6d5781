// SPDX-License-Identifier: GPL-2.0
/*
 * The control loop: it knows the order of things and decides nothing itself.
 *
 * Once in a period: sensors are read, VMs are asked how they do, the controller
 * says how much must go, and that is apportioned. In between, whenever a block
 * has gone or come, the same demand is applied again. As long as nothing is held and
 * no sensor asks for anything, a round ends with the sensors.
 *
 * Giving back is ordered: a lower demand first lowers what may be offline; the
 * balloons stay as they are until the blocks are online; then the targets fall.
 * Even where a block does not come back they never sum to less than what is
 * offline, so no VM is ever promised memory that is not there.
 */

#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "block.h"
#include "cooling.h"
#include "domain.h"
#include "host.h"
#include "loop_priv.h"
#include "power.h"
#include "sensor.h"
#include "sysfs.h"
#include "trace.h"
#include "vm.h"

#define AERO_LOOP_PERIOD_MIN_MS	100
#define AERO_LOOP_PERIOD_MAX_MS	60000
#define AERO_LOOP_PERIOD_MS	1000

const char * const aero_mode_names[AERO_NR_MODES] = {
	[AERO_MODE_OFF] = "off",
	[AERO_MODE_MANUAL] = "manual",
	[AERO_MODE_AUTO] = "auto",
	[AERO_MODE_BALANCE] = "balance",
};

/* What can go offline matters to powers alone: without one no block is looked at. */
static u64 aero_loop_movable(struct aero_loop *loop, unsigned int nr_readings)
{
	unsigned int i;

	for (i = 0; i < nr_readings; i++)
		if (loop->readings[i].uw_per_gib)
			return aero_blocks_movable_pages(loop->host->blocks);
	return 0;
}

/*
 * Sensors are read in every mode: a user who watches them decides by them. No lock
 * that VMs need is held, for a bus may hang.
 */
static unsigned int aero_loop_read(struct aero_loop *loop, u32 elapsed_ms)
{
	struct aero_effect_sample sample;
	struct aero_power_params power;
	unsigned int nr;
	int err, sensor;
	s64 uw;

	aero_power_params(loop->host->power, &power);
	aero_calm_look(&loop->calm, loop->host, elapsed_ms, &loop->now);
	aero_loop_room((void **)&loop->readings, &loop->nr_readings,
		       aero_sensors_count(loop->host->sensors), sizeof(*loop->readings));
	nr = aero_sensors_sample(loop->host->sensors, &loop->now,
				 power.active_mw_per_gib - power.off_mw_per_gib, loop->readings,
				 loop->nr_readings);
	err = aero_sensors_memory_power(loop->host->sensors, &uw);
	aero_power_account(loop->host->power, err, uw);
	sensor = aero_sensors_domain_power(loop->host->sensors, &loop->now, &sample);
	if (sensor != -ENOENT)
		aero_domains_learn(loop->host->blocks, sensor, &sample);
	return nr;
}

/*
 * Sensors were read out of turn. The controller counts in periods, so it has a step of its
 * own for that only if they ask for something else than before.
 */
static bool aero_loop_turned(struct aero_loop *loop, const struct aero_loop_config *config,
			     unsigned int nr_readings)
{
	const struct aero_controller_input input = {
		.readings = loop->readings,
		.nr = nr_readings,
		.offline_pages = loop->now.offline_pages,
		.movable_pages = aero_loop_movable(loop, nr_readings),
	};

	return aero_mode_senses(config->mode) && aero_controller_level(&input) != loop->level;
}

/* Nothing is held, nothing shall be, and the sensors say what they said before. */
static bool aero_loop_rests(struct aero_loop *loop, const struct aero_loop_config *config,
			    unsigned int nr_readings, u32 cooling)
{
	enum aero_level level;

	if (config->mode == AERO_MODE_BALANCE || loop->demand || loop->status.held ||
	    loop->limited || aero_blocks_taken_pages(loop->host->blocks))
		return false;
	if (config->mode != AERO_MODE_AUTO)
		return true;
	return !cooling &&
	       aero_controller_rests(&loop->controller, loop->readings, nr_readings,
				     aero_loop_movable(loop, nr_readings), &level) &&
	       level == loop->level;
}

/* In mode balance, without any heat: what is held for the host's and the VMs' sake. */
static enum aero_verdict aero_loop_kept(const struct aero_loop *loop,
					const struct aero_loop_sums *sums)
{
	if (sums->held < loop->demand + loop->extra)
		return AERO_VERDICT_TAKING;
	return sums->held ? AERO_VERDICT_HOLDING : AERO_VERDICT_IDLE;
}

/* Ask the controller, or the user, for the demand. */
static void aero_loop_decide(struct aero_loop *loop, const struct aero_loop_config *config,
			     const struct aero_loop_sums *sums, unsigned int nr_readings,
			     u32 cooling)
{
	/* What is held anyway answers for no heat; what a limit only asks for is not held. */
	u64 base = max(sums->least, loop->budget.pages);
	u64 held = sums->held - min(max(sums->met, loop->budget.pages), sums->held);
	struct aero_controller_input input = {
		.readings = loop->readings,
		.nr = nr_readings,
		/* Nor does what one VM has given and another has not got yet. */
		.held_pages = loop->balancing ? 0 : held,
		.capacity_pages = sums->capacity - min(base, sums->capacity),
		.capacity_emergency_pages = sums->capacity_emergency -
					    min(base, sums->capacity_emergency),
		.pressure = sums->pressure,
		.offline_pages = loop->now.offline_pages,
		.movable_pages = aero_loop_movable(loop, nr_readings),
		.block_pages = aero_blocks_block_pages(loop->host->blocks),
		.still_ms = loop->now.still_ms,
		.elapsed_ms = loop->elapsed_ms,
		.cooling = cooling,
	};
	struct aero_decision decision = { };

	loop->decided = config->mode;
	if (aero_mode_senses(config->mode)) {
		loop->params.pressure_limit = config->pressure_limit;
		/* The lag, and the samples that are averaged after it. */
		loop->params.settle_ms = AERO_EFFECT_LAG_MS +
					 AERO_EFFECT_SAMPLES * config->period_ms;
		aero_controller_step(&loop->controller, &loop->params, &input, &decision);
		loop->demand = decision.target_pages;
		loop->extra = base;
		loop->urgency = decision.level == AERO_LEVEL_EMERGENCY ?
				AERO_URGENCY_EMERGENCY : AERO_URGENCY_NORMAL;
	} else {
		loop->demand = config->mode == AERO_MODE_MANUAL ? config->manual : 0;
		/* Who names the whole means it. */
		loop->extra = base - min(base, loop->demand);
		loop->urgency = AERO_URGENCY_MANUAL;
		/* A later switch to auto begins with what is held then. */
		loop->controller = (struct aero_controller){ .target = loop->demand };
		if (loop->demand + loop->extra > sums->held)
			decision.verdict = AERO_VERDICT_TAKING;
		else if (loop->demand + loop->extra < sums->held)
			decision.verdict = AERO_VERDICT_GIVING;
		else
			decision.verdict = sums->held ? AERO_VERDICT_HOLDING : AERO_VERDICT_IDLE;
	}
	/* What is left of what is held is not to be moved. */
	if (decision.verdict == AERO_VERDICT_GIVING &&
	    sums->held <= max(loop->demand, sums->fixed) + loop->extra)
		decision.verdict = AERO_VERDICT_HOLDING;
	loop->limited = sums->limited && config->mode != AERO_MODE_OFF;
	/* As long as anything is held for heat, that comes first, and is all that VMs do. */
	loop->balancing = config->mode == AERO_MODE_BALANCE && !loop->demand &&
			  decision.level < AERO_LEVEL_HIGH;
	if (loop->balancing)
		loop->urgency = AERO_URGENCY_MANUAL;
	if (loop->balancing && (decision.verdict == AERO_VERDICT_IDLE || !nr_readings))
		decision.verdict = aero_loop_kept(loop, sums);
	loop->level = decision.level;
	loop->verdict = decision.verdict;
	trace_aerostat_controller(decision.level, decision.verdict, decision.excess,
				  sums->pressure, decision.step_pages, loop->demand, sums->held,
				  sums->capacity);
}

static void aero_loop_publish(struct aero_loop *loop, const struct aero_loop_config *config,
			      const struct aero_loop_sums *sums)
{
	struct aero_loop_status status = {
		.mode = config->mode,
		.level = loop->level,
		.verdict = loop->verdict,
		.target = loop->demand + loop->extra,
		.held = sums->held,
	};
	bool changed;

	mutex_lock(&loop->lock);
	changed = status.mode != loop->status.mode || status.level != loop->status.level ||
		  status.verdict != loop->status.verdict;
	loop->status = status;
	mutex_unlock(&loop->lock);
	if (changed)
		aero_sysfs_uevent(loop->host->dev, aero_verdict_name(status.verdict));
}

static void aero_loop_work(struct work_struct *work)
{
	struct aero_loop *loop = container_of(to_delayed_work(work), struct aero_loop, work);
	struct aero_host *host = loop->host;
	struct aero_loop_config config;
	struct aero_loop_sums sums;
	unsigned int nr_readings = 0;
	unsigned long now = jiffies;
	bool due, looked, stirred;
	u32 cooling = aero_cooling_permille(host->cooling);

	mutex_lock(&loop->lock);
	config = loop->config;
	due = loop->asked || time_after_eq(now, loop->next);
	looked = loop->looked;
	stirred = loop->stirred;
	loop->asked = false;
	loop->looked = false;
	loop->stirred = false;
	mutex_unlock(&loop->lock);
	if (due || looked) {
		nr_readings = aero_loop_read(loop, max(jiffies_to_msecs(now - loop->last), 1U));
		loop->last = now;
		due = due || aero_loop_turned(loop, &config, nr_readings);
	}
	if (due) {
		loop->elapsed_ms = max(jiffies_to_msecs(now - loop->stepped), 1U);
		loop->stepped = now;
		loop->next = now + msecs_to_jiffies(config.period_ms);
	}
	if (!stirred && aero_loop_rests(loop, &config, nr_readings, cooling))
		goto again;

	mutex_lock(&host->vms_lock);
	aero_loop_sample(loop, &config, due, &sums);
	if (due) {
		aero_loop_balance_judge(loop, &config, &sums);
		aero_loop_decide(loop, &config, &sums, nr_readings, cooling);
		aero_loop_ask(loop, &sums);
	}
	aero_loop_apply(loop, &config, &sums, due);
	mutex_unlock(&host->vms_lock);

	aero_loop_publish(loop, &config, &sums);
again:
	queue_delayed_work(host->wq, &loop->work,
			   time_after(loop->next, jiffies) ? loop->next - jiffies : 0);
}

/**
 * aero_loop_create() - prepare the loop
 * @host: the module
 *
 * Return: the loop, not started, or an ERR_PTR().
 */
struct aero_loop *aero_loop_create(struct aero_host *host)
{
	struct aero_loop *loop = kzalloc(sizeof(*loop), GFP_KERNEL);

	if (!loop)
		return ERR_PTR(-ENOMEM);
	loop->host = host;
	loop->params = (struct aero_controller_params)AERO_CONTROLLER_PARAMS_DEFAULT;
	loop->config = (struct aero_loop_config){
		.mode = AERO_MODE_OFF,
		.period_ms = AERO_LOOP_PERIOD_MS,
		.idle_tax = AERO_APPORTION_IDLE_TAX,
		.pressure_limit = loop->params.pressure_limit,
	};
	mutex_init(&loop->lock);
	INIT_DELAYED_WORK(&loop->work, aero_loop_work);
	return loop;
}

/**
 * aero_loop_start() - begin
 * @loop: the loop; all other parts of the module are ready
 *
 * Context: Takes aero_loop.lock.
 */
void aero_loop_start(struct aero_loop *loop)
{
	aero_calm_init(&loop->calm);
	loop->last = jiffies;
	loop->stepped = jiffies;
	loop->next = jiffies;
	/* The sources of sensors are followed already, and tell of changes. */
	mutex_lock(&loop->lock);
	loop->running = true;
	loop->stirred = true;
	mutex_unlock(&loop->lock);
	queue_delayed_work(loop->host->wq, &loop->work, 0);
}

/**
 * aero_loop_stop() - end, so that other parts may go
 * @loop: the loop
 *
 * Context: Waits for a round under way. Later kicks do nothing.
 */
void aero_loop_stop(struct aero_loop *loop)
{
	mutex_lock(&loop->lock);
	loop->running = false;
	mutex_unlock(&loop->lock);
	cancel_delayed_work_sync(&loop->work);
}

/**
 * aero_loop_destroy() - free the loop
 * @loop: stopped, or never started
 */
void aero_loop_destroy(struct aero_loop *loop)
{
	kvfree(loop->shares);
	kvfree(loop->balance);
	kvfree(loop->samples);
	kvfree(loop->readings);
	mutex_destroy(&loop->lock);
	kfree(loop);
}

/**
 * aero_loop_kick() - something changed: apply the demand again, soon
 * @loop: the loop
 *
 * Context: Takes aero_loop.lock; does not wait for the round.
 */
void aero_loop_kick(struct aero_loop *loop)
{
	mutex_lock(&loop->lock);
	loop->stirred = true;
	if (loop->running)
		mod_delayed_work(loop->host->wq, &loop->work, 0);
	mutex_unlock(&loop->lock);
}

/**
 * aero_loop_stir() - something changed: do not rest in the next round
 * @loop: the loop
 *
 * For what guests can bring about as often as they like.
 *
 * Context: Takes aero_loop.lock.
 */
void aero_loop_stir(struct aero_loop *loop)
{
	mutex_lock(&loop->lock);
	loop->stirred = true;
	mutex_unlock(&loop->lock);
}

/**
 * aero_loop_look() - something has happened that sensors will tell of: read them soon
 * @loop: the loop
 *
 * The controller's next step comes with them if they ask for something else than before,
 * and else in its turn.
 *
 * Context: Takes aero_loop.lock; does not wait for the round.
 */
void aero_loop_look(struct aero_loop *loop)
{
	mutex_lock(&loop->lock);
	loop->looked = true;
	mutex_unlock(&loop->lock);
	aero_loop_kick(loop);
}

/**
 * aero_loop_config() - what the user has set
 * @loop: the loop
 * @config: result
 */
void aero_loop_config(struct aero_loop *loop, struct aero_loop_config *config)
{
	mutex_lock(&loop->lock);
	*config = loop->config;
	mutex_unlock(&loop->lock);
}

/**
 * aero_loop_set_config() - change what the user has set, all or none
 * @loop: the loop
 * @config: what it shall be
 *
 * Takes effect at once, not with the next period.
 *
 * Return: 0, or -ERANGE if a value is beyond its bounds.
 */
int aero_loop_set_config(struct aero_loop *loop, const struct aero_loop_config *config)
{
	if (config->period_ms < AERO_LOOP_PERIOD_MIN_MS ||
	    config->period_ms > AERO_LOOP_PERIOD_MAX_MS || config->idle_tax > 99 ||
	    config->pressure_limit > 1000)
		return -ERANGE;
	mutex_lock(&loop->lock);
	loop->config = *config;
	loop->asked = true;
	mutex_unlock(&loop->lock);
	aero_loop_kick(loop);
	return 0;
}

/**
 * aero_loop_status() - what the last round came to
 * @loop: the loop
 * @status: result
 */
void aero_loop_status(struct aero_loop *loop, struct aero_loop_status *status)
{
	mutex_lock(&loop->lock);
	*status = loop->status;
	mutex_unlock(&loop->lock);
}

/**
 * aero_loop_held() - what VMs have given by now
 * @loop: the loop
 *
 * A round may be long ago, so they are asked.
 *
 * Context: Process context, may sleep. Takes aero_host.vms_lock.
 * Return: pages.
 */
u64 aero_loop_held(struct aero_loop *loop)
{
	struct aero_host *host = loop->host;
	struct aero_vm *vm;
	u64 held = 0;

	mutex_lock(&host->vms_lock);
	list_for_each_entry(vm, &host->vms, node)
		held += aero_vm_held(vm);
	mutex_unlock(&host->vms_lock);
	return held;
}
