// SPDX-License-Identifier: GPL-2.0
/*
 * The control loop's part that deals with VMs: asks how they do, and tells them what to hold.
 */

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "block.h"
#include "host.h"
#include "loop_priv.h"
#include "trace.h"
#include "vm.h"

/**
 * aero_loop_room() - make room, with some to spare
 * @array: to be replaced by a larger one, whose contents are zeroed
 * @have: elements that it has
 * @want: elements that it shall have
 * @size: of an element, bytes
 *
 * Without memory the round goes on with what there is.
 *
 * Context: The loop's work; may sleep.
 */
void aero_loop_room(void **array, unsigned int *have, unsigned int want, size_t size)
{
	void *more;

	if (want <= *have)
		return;
	want = roundup(want, 16);
	more = kvcalloc(want, size, GFP_KERNEL);
	if (!more)
		return;
	kvfree(*array);
	*array = more;
	*have = want;
}

static void aero_loop_room_for_vms(struct aero_loop *loop)
{
	unsigned int nr = 0, have, least;
	struct list_head *node;

	lockdep_assert_held(&loop->host->vms_lock);
	list_for_each(node, &loop->host->vms)
		nr++;
	if (nr <= loop->nr_samples)
		return;
	have = loop->nr_samples;
	aero_loop_room((void **)&loop->shares, &have, nr, sizeof(*loop->shares));
	least = have;
	have = loop->nr_samples;
	aero_loop_room((void **)&loop->balance, &have, nr, sizeof(*loop->balance));
	least = min(have, least);
	aero_loop_room((void **)&loop->samples, &loop->nr_samples, nr, sizeof(*loop->samples));
	loop->nr_samples = min(least, loop->nr_samples);
}

/**
 * aero_loop_bounds() - the bounds of what a VM gives
 * @sample: the VM
 * @config: in force
 * @urgency: how deep to reach
 * @share: its limit and least are set
 *
 * A refused one gets all back; a silent or waiting one keeps what it gave, and gives no more;
 * one that is not managed is left as it is; and what lies above a VM's limit is held in
 * every mode but off.
 */
void aero_loop_bounds(const struct aero_vm_sample *sample, const struct aero_loop_config *config,
		      enum aero_urgency urgency, struct aero_share *share)
{
	u64 size = sample->share.size;

	share->least = 0;
	share->limit = 0;
	if (sample->refused)
		return;
	if (!sample->managed) {
		share->least = sample->balloon;
		share->limit = sample->balloon;
	} else if (!sample->willing) {
		share->limit = sample->balloon;
	} else {
		if (config->mode != AERO_MODE_OFF)
			share->least = min(sample->over, size - min(size, sample->min));
		share->limit = aero_apportion_limit(size, sample->min, sample->idle_pages,
						    sample->balloon, sample->pressure,
						    config->pressure_limit, urgency);
		share->limit = max(share->limit, share->least);
	}
}

static void aero_loop_sum(struct aero_loop_sums *sums, const struct aero_vm_sample *sample,
			  const struct aero_loop_config *config)
{
	struct aero_share share;

	sums->nr++;
	sums->held += sample->balloon;
	sums->limited |= sample->limited;
	aero_loop_bounds(sample, config, AERO_URGENCY_NORMAL, &share);
	sums->capacity += share.limit;
	if (sample->managed) {
		sums->least += share.least;
		sums->met += min(share.least, sample->balloon);
	} else {
		sums->fixed += share.limit;
	}
	aero_loop_bounds(sample, config, AERO_URGENCY_EMERGENCY, &share);
	sums->capacity_emergency += share.limit;
}

/**
 * aero_loop_sample() - ask all VMs how they do
 * @loop: the loop
 * @config: in force
 * @due: a period is over: pressure makes a step
 * @sums: result
 *
 * Context: The loop's work. Holds aero_host.vms_lock.
 */
void aero_loop_sample(struct aero_loop *loop, const struct aero_loop_config *config, bool due,
		      struct aero_loop_sums *sums)
{
	struct aero_host *host = loop->host;
	u64 weighted = 0, weights = 0;
	struct aero_vm *vm;

	*sums = (struct aero_loop_sums){ };
	lockdep_assert_held(&host->vms_lock);
	aero_loop_room_for_vms(loop);
	list_for_each_entry(vm, &host->vms, node) {
		struct aero_vm_sample *sample = &loop->samples[sums->nr];

		if (sums->nr == loop->nr_samples)
			break;
		aero_vm_sample(vm, due, sample);
		aero_loop_sum(sums, sample, config);
		/* What nothing that is done here can relieve is no reason to do less. */
		if (!sample->managed)
			continue;
		/* By the last level: who is to give is measured from its first step on. */
		if (config->mode == AERO_MODE_BALANCE ||
		    (config->mode == AERO_MODE_AUTO && loop->level >= AERO_LEVEL_HIGH))
			aero_working_set_want(vm);
		weighted += (u64)sample->pressure * sample->share.shares;
		weights += sample->share.shares;
	}
	sums->pressure = weights ? div64_u64(weighted, weights) : 0;
}

/**
 * aero_loop_ask() - have those speak who have said nothing lately
 * @loop: the loop
 * @sums: of this round
 *
 * Who moves by what the VMs say needs to hear it, also from those who sleep.
 *
 * Context: The loop's work. Holds aero_host.vms_lock.
 */
void aero_loop_ask(struct aero_loop *loop, const struct aero_loop_sums *sums)
{
	bool all = loop->level >= AERO_LEVEL_HIGH ||
		   (loop->verdict != AERO_VERDICT_IDLE && loop->verdict != AERO_VERDICT_HOLDING &&
		    loop->verdict != AERO_VERDICT_BLIND);
	unsigned int i;

	for (i = 0; i < sums->nr; i++)
		/* Who was given to for his old word's sake is asked for a new one. */
		if (loop->samples[i].stale &&
		    (all || (loop->balancing && loop->balance[i].is_short)))
			aero_vm_ask(loop->samples[i].vm);
}

static void aero_loop_set_target(struct aero_loop *loop, const struct aero_share *share)
{
	trace_aerostat_apportion(share->id, share->size, share->limit, share->shares,
				 share->idle, share->pressed, share->take);
	aero_vm_set_target(loop->samples[share->index].vm, share->take,
			   loop->urgency == AERO_URGENCY_EMERGENCY);
}

/**
 * struct aero_loop_range - the bounds of all VMs together
 * @least: sum of what they give at least
 * @limit: sum of what they give at most
 */
struct aero_loop_range {
	u64 least;
	u64 limit;
};

static void aero_loop_shares(struct aero_loop *loop, const struct aero_loop_config *config,
			     const struct aero_loop_sums *sums, enum aero_urgency urgency,
			     struct aero_loop_range *bounds)
{
	unsigned int i;

	*bounds = (struct aero_loop_range){ };
	for (i = 0; i < sums->nr; i++) {
		struct aero_share *share = &loop->shares[i];

		*share = loop->samples[i].share;
		share->index = i;
		aero_loop_bounds(&loop->samples[i], config, urgency, share);
		bounds->least += share->least;
		bounds->limit += share->limit;
	}
}

/**
 * aero_loop_apply() - turn the demand into targets, blocks first where memory goes back
 * @loop: the loop
 * @config: in force
 * @sums: of this round
 * @due: a period is over: in mode balance VMs make a step
 *
 * Context: The loop's work. Holds aero_host.vms_lock.
 */
void aero_loop_apply(struct aero_loop *loop, const struct aero_loop_config *config,
		     const struct aero_loop_sums *sums, bool due)
{
	const struct aero_apportion_params params = { .idle_tax = config->idle_tax };
	u64 want = loop->demand + loop->extra, demand, kept, offline, total;
	struct aero_loop_range bounds;
	unsigned int i;

	aero_loop_shares(loop, config, sums, loop->urgency, &bounds);
	/* What is held for others' sake is not there to be given, whoever suffers. */
	if (bounds.limit < loop->extra) {
		aero_loop_shares(loop, config, sums, AERO_URGENCY_MANUAL, &bounds);
		want = loop->extra;
	}
	total = clamp(want, bounds.least, bounds.limit);

	/* Nor is it for going offline, but what a limit only asks for takes nothing from that. */
	demand = min(loop->demand, total - min(loop->extra, total));
	kept = min(loop->extra, max(sums->met, loop->budget.pages));
	/* First what may be offline, then what is: in between it can only get less. */
	aero_blocks_set_reclaimed(loop->host->blocks, demand, sums->held - min(kept, sums->held));
	offline = aero_blocks_taken_pages(loop->host->blocks);

	if (total < sums->held && aero_blocks_returning(loop->host->blocks)) {
		/* The balloons stay as they are until the blocks are back. */
		for (i = 0; i < sums->nr; i++) {
			loop->shares[i].take = loop->samples[i].balloon;
			aero_loop_set_target(loop, &loop->shares[i]);
		}
		return;
	}
	/* A block that does not come back is held by those who hold memory, and by nobody else. */
	if (demand < offline) {
		for (i = 0; i < sums->nr; i++)
			loop->shares[i].limit = loop->samples[i].balloon;
		total = min(offline + loop->extra, sums->held);
	}
	if (loop->balancing) {
		if (due)
			aero_loop_balance_move(loop, config, sums, total);
		return;
	}
	aero_apportion(loop->shares, sums->nr, total, &params);
	for (i = 0; i < sums->nr; i++)
		aero_loop_set_target(loop, &loop->shares[i]);
}
