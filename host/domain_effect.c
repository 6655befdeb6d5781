// SPDX-License-Identifier: GPL-2.0
/*
 * What switching off a power domain really saves.
 *
 * Each domain learns as a sensor does (effect.c), from the same power, but only where
 * it is the one that changed: from all of it online to all of it offline, or back, with no
 * other memory moving between the two plateaus. A part of a domain saves nothing, by
 * what a domain is, and so teaches nothing.
 *
 * The power is that of a sensor that measures memory if there is one, else of the first
 * that measures a power at all.
 */

#include <linux/math64.h>
#include <linux/minmax.h>

#include "block_priv.h"
#include "effect.h"

/* What there is of each domain, and offline in all; leaves sums in the domains. */
static u64 __aero_domains_sum(struct aero_blocks *blocks)
{
	struct aero_domain *domain;
	struct aero_block *block;
	u64 offline = 0;

	lockdep_assert_held(&blocks->lock);
	list_for_each_entry(domain, &blocks->domains, node)
		domain->sums = (struct aero_domain_totals){ };
	list_for_each_entry(block, &blocks->list, node) {
		u64 pages = aero_block_offline(block) ? blocks->block_pages : 0;

		offline += pages;
		if (!block->domain)
			continue;
		block->domain->sums.pages += blocks->block_pages;
		block->domain->sums.offline_pages += pages;
	}
	return offline;
}

/**
 * __aero_domain_model() - what a domain saves by the model
 * @domain: domain
 *
 * Context: aero_blocks.lock is held.
 * Return: milliwatt per GiB.
 */
u32 __aero_domain_model(const struct aero_domain *domain)
{
	const struct aero_power_params *power = domain->has_power ? &domain->power :
								    &domain->blocks->power;

	return power->active_mw_per_gib - power->off_mw_per_gib;
}

/**
 * __aero_domain_saves() - what a domain saves, by model and experience
 * @domain: domain
 *
 * Context: aero_blocks.lock is held.
 * Return: milliwatt per GiB; the model's as long as nothing was learnt.
 */
u32 __aero_domain_saves(const struct aero_domain *domain)
{
	if (!domain->effect.weight)
		return __aero_domain_model(domain);
	return min_t(u64, div_u64(aero_effect_uw_per_gib(&domain->effect), 1000), U32_MAX);
}

/**
 * aero_domains_learn() - a reading of a power, for what domains have to do with it
 * @blocks: blocks
 * @sensor: whose, or a negative errno; readings of two cannot be compared
 * @reading: and its circumstances
 *
 * Context: The control loop. Takes aero_blocks.lock.
 */
void aero_domains_learn(struct aero_blocks *blocks, int sensor,
			const struct aero_effect_sample *reading)
{
	struct aero_effect_params params = { AERO_EFFECT_PARAMS_INIT };
	struct aero_domain *domain;
	u64 offline;

	mutex_lock(&blocks->lock);
	offline = __aero_domains_sum(blocks);
	list_for_each_entry(domain, &blocks->domains, node) {
		const struct aero_domain_totals *sums = &domain->sums;
		struct aero_effect_sample sample = *reading;
		u64 others = offline - sums->offline_pages;

		params.prior_mw_per_gib = __aero_domain_model(domain);
		sample.offline_pages = sums->offline_pages;
		/* On its way: what was measured before stands for as long as it takes. */
		if (sums->offline_pages && sums->offline_pages < sums->pages)
			sample.still_ms = 0;
		if (others != domain->others || sensor != domain->sensor)
			sample.disturbed = true;
		domain->others = others;
		domain->sensor = sensor;
		aero_effect_step(&domain->effect, &params, &sample);
	}
	mutex_unlock(&blocks->lock);
}

/**
 * aero_domain_saves() - what a domain saves, by model and experience
 * @domain: domain
 *
 * Context: Takes aero_blocks.lock.
 * Return: milliwatt per GiB.
 */
u32 aero_domain_saves(struct aero_domain *domain)
{
	u32 mw;

	mutex_lock(&domain->blocks->lock);
	mw = __aero_domain_saves(domain);
	mutex_unlock(&domain->blocks->lock);
	return mw;
}
