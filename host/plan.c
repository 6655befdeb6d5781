// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory should be offline, and which block is next.
 *
 * Reclaimed memory is free memory on the host, and whole blocks of it may go
 * offline: no more than was reclaimed, so that the host itself loses nothing, and
 * leaving a reserve free.
 *
 * Both bounds move all the time. Offlining and onlining the same block over and
 * over would burn more than it saves, so each bound has a band in which nothing
 * changes. Free memory: one block; going offline leaves a whole block above the
 * reserve, coming online waits until the reserve itself is touched. Reclaimed
 * memory: a sixteenth of a block; a guest that migrates balloon pages gives them
 * back for a moment, while any real step back is greater than that.
 *
 * Hardware powers memory down by domains (a rank, a device, a node), and one block
 * that stays keeps its whole domain on. So the plan goes by domains. A block goes
 *
 *	1. from a domain of which a part is off already, and the rest can go;
 *	2. from one that can go as a whole, within what is to go now;
 *	3. from one that could go as a whole if more were to go;
 *	4. from one that can't go as a whole, or is known to save nothing;
 *
 * of the same kind from the domain that is cheapest by pages to move per milliwatt,
 * and in the fourth kind, where there is nothing to complete, the cheapest block.
 * It comes back in the reverse sense: first from a domain of which only a part is
 * off, which saves nothing, then from the one that saves the least.
 *
 * This is the greedy rule for the knapsack problem: best where domains are of one
 * size, near to it elsewhere (tests/plan-kunit.c compares). Each call looks at each
 * block and each domain twice, and at no pair: O(blocks + domains) for one block that
 * moves.
 */
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "plan.h"

#define AERO_PLAN_NOISE_DIV	16
#define AERO_PLAN_COST_SHIFT	20
/* What a move costs as such: as much as moving this share of the pages. */
#define AERO_PLAN_MOVE_DIV	64

static bool aero_plan_can_go(const struct aero_block_info *block)
{
	return block->online && block->movable && !block->held && !block->backoff;
}

static bool aero_plan_can_come(const struct aero_block_info *block)
{
	return !block->online && !block->held && !block->backoff;
}

/**
 * aero_plan_cost() - what it costs to vacate memory, for what it saves
 * @used_pages: to be moved, up to 2^43
 * @pages: that will be off; not 0
 * @saved_mw_per_gib: that each GiB of them saves
 *
 * A move costs something even where nothing is to be moved; without that, what is empty
 * and saves little would come before what saves much for one page.
 *
 * Context: any; pure.
 * Return: pages to move for each page and milliwatt per GiB, times 2^40; U64_MAX where
 * nothing is saved.
 */
u64 aero_plan_cost(u64 used_pages, u64 pages, u32 saved_mw_per_gib)
{
	u64 moved = used_pages + pages / AERO_PLAN_MOVE_DIV;
	u64 share = div64_u64(moved << AERO_PLAN_COST_SHIFT, pages);

	if (!saved_mw_per_gib)
		return U64_MAX;
	return div64_u64(share << AERO_PLAN_COST_SHIFT, saved_mw_per_gib);
}

static void aero_plan_sum(const struct aero_block_info *blocks, unsigned int nr,
			  struct aero_domain_info *domains, unsigned int nr_domains)
{
	unsigned int i;

	for (i = 0; i < nr_domains; i++)
		domains[i] = (struct aero_domain_info){
			.saved_mw_per_gib = domains[i].saved_mw_per_gib,
			.whole = true,
		};
	for (i = 0; i < nr; i++) {
		const struct aero_block_info *block = &blocks[i];
		struct aero_domain_info *domain = &domains[block->domain];

		domain->pages += block->pages;
		if (!block->online)
			domain->offline_pages += block->pages;
		else if (aero_plan_can_go(block))
			domain->used_pages += block->used_pages;
		else
			domain->whole = false;
	}
	for (i = 0; i < nr_domains; i++)
		if (domains[i].pages)
			domains[i].cost = aero_plan_cost(domains[i].used_pages, domains[i].pages,
							 domains[i].saved_mw_per_gib);
}

/**
 * struct aero_plan_rank - how soon a block is to move: smaller members first, in this order
 * @kind: see the head of this file
 * @cost: of its domain, or its own in the last kind
 * @rest: pages to go until its domain is finished
 * @used: pages to move for itself
 * @id: its number, or the complement of it
 */
struct aero_plan_rank {
	unsigned int kind;
	u64 cost;
	u64 rest;
	u64 used;
	u32 id;
};

static bool aero_plan_before(const struct aero_plan_rank *a, const struct aero_plan_rank *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (a->cost != b->cost)
		return a->cost < b->cost;
	if (a->rest != b->rest)
		return a->rest < b->rest;
	if (a->used != b->used)
		return a->used < b->used;
	return a->id < b->id;
}

static struct aero_plan_rank aero_plan_rank_offline(const struct aero_block_info *block,
						    const struct aero_domain_info *domain,
						    u64 budget)
{
	struct aero_plan_rank rank = { .used = block->used_pages, .id = ~block->id };

	if (!domain->whole || !domain->saved_mw_per_gib) {
		rank.kind = 4;
		rank.cost = aero_plan_cost(block->used_pages, block->pages,
					   domain->saved_mw_per_gib);
		return rank;
	}
	rank.cost = domain->cost;
	rank.rest = domain->pages - domain->offline_pages;
	if (domain->offline_pages)
		rank.kind = 1;
	else
		rank.kind = rank.rest <= budget ? 2 : 3;
	return rank;
}

/**
 * aero_plan_offline() - next block to take offline
 * @blocks: all blocks, in any order
 * @nr: number of @blocks
 * @domains: what is known of their domains, and room for the plan
 * @nr_domains: number of @domains, more than any block's domain
 * @budget: pages that are to go in the end, this block being the first of them
 *
 * See the head of this file. Of equals the highest, away from where the kernel
 * allocates at boot.
 *
 * Context: any; pure.
 * Return: index into @blocks, -1 if there is none.
 */
int aero_plan_offline(const struct aero_block_info *blocks, unsigned int nr,
		      struct aero_domain_info *domains, unsigned int nr_domains, u64 budget)
{
	struct aero_plan_rank best_rank = { };
	unsigned int i;
	int best = -1;

	aero_plan_sum(blocks, nr, domains, nr_domains);
	for (i = 0; i < nr; i++) {
		struct aero_plan_rank rank;

		if (!aero_plan_can_go(&blocks[i]))
			continue;
		rank = aero_plan_rank_offline(&blocks[i], &domains[blocks[i].domain], budget);
		if (best >= 0 && !aero_plan_before(&rank, &best_rank))
			continue;
		best = i;
		best_rank = rank;
	}
	return best;
}

/**
 * aero_plan_online() - next block to bring back
 * @blocks: all blocks, in any order
 * @nr: number of @blocks
 * @domains: what is known of their domains, and room for the plan
 * @nr_domains: number of @domains, more than any block's domain
 *
 * Of domains that are partly off the one with the least off, of others the one that
 * saves the least, of equals the lowest: it was the last to go.
 *
 * Context: any; pure.
 * Return: index into @blocks, -1 if there is none.
 */
int aero_plan_online(const struct aero_block_info *blocks, unsigned int nr,
		     struct aero_domain_info *domains, unsigned int nr_domains)
{
	struct aero_plan_rank best_rank = { };
	unsigned int i;
	int best = -1;

	aero_plan_sum(blocks, nr, domains, nr_domains);
	for (i = 0; i < nr; i++) {
		const struct aero_domain_info *domain = &domains[blocks[i].domain];
		struct aero_plan_rank rank = { .rest = domain->offline_pages, .id = blocks[i].id };

		if (!aero_plan_can_come(&blocks[i]))
			continue;
		if (domain->offline_pages == domain->pages) {
			rank.kind = 1;
			rank.cost = domain->pages * domain->saved_mw_per_gib;
		}
		if (best >= 0 && !aero_plan_before(&rank, &best_rank))
			continue;
		best = i;
		best_rank = rank;
	}
	return best;
}

/**
 * aero_plan_lowest() - next block to take offline, by address alone
 * @blocks: all blocks, in any order
 * @nr: number of @blocks
 *
 * What one would do without a plan, to compare with.
 *
 * Context: any; pure.
 * Return: index into @blocks, -1 if there is none.
 */
int aero_plan_lowest(const struct aero_block_info *blocks, unsigned int nr)
{
	unsigned int i;
	int best = -1;

	for (i = 0; i < nr; i++)
		if (aero_plan_can_go(&blocks[i]) && (best < 0 || blocks[i].id < blocks[best].id))
			best = i;
	return best;
}

/**
 * aero_plan_goal() - how much should be offline now
 * @reclaimed_pages: reclaimed from VMs and still to be held: the lesser of what is
 *	held and of its target, so that blocks come back before balloons shrink
 * @free_pages: free on the host now; what is offline is not free
 * @reserve_pages: to stay free on the host
 * @block_pages: pages of one block
 * @offline_pages: what is offline now
 *
 * See the head of this file.
 *
 * Context: any; pure.
 * Return: pages, whole blocks more or less than @offline_pages. More only within
 * @reclaimed_pages and leaving the reserve and a block free.
 */
u64 aero_plan_goal(u64 reclaimed_pages, u64 free_pages, u64 reserve_pages,
		   u64 block_pages, u64 offline_pages)
{
	u64 more, less = 0;

	if (!block_pages)
		return offline_pages;

	if (free_pages < reserve_pages)
		less = div64_u64(reserve_pages - free_pages + block_pages - 1, block_pages);
	if (offline_pages > reclaimed_pages + block_pages / AERO_PLAN_NOISE_DIV)
		less = max(less, div64_u64(offline_pages - reclaimed_pages + block_pages - 1,
					   block_pages));
	if (less)
		return offline_pages - min(offline_pages, less * block_pages);

	if (reclaimed_pages <= offline_pages || free_pages - reserve_pages < block_pages)
		return offline_pages;
	more = min(reclaimed_pages - offline_pages, free_pages - reserve_pages - block_pages);
	return offline_pages + div64_u64(more, block_pages) * block_pages;
}

/**
 * aero_plan_backoff_ms() - how long to leave a block alone after failures
 * @failures: failures in a row
 *
 * Context: any; pure.
 * Return: milliseconds: 0 for none, then 5 s, doubled by each failure, up to 15 min.
 */
u32 aero_plan_backoff_ms(u32 failures)
{
	if (!failures)
		return 0;
	/* Eight doublings are beyond the greatest wait. */
	return min(AERO_PLAN_BACKOFF_MIN_MS << min(failures - 1, 8U), AERO_PLAN_BACKOFF_MAX_MS);
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/plan-kunit.c"
#endif
