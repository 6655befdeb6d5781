/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory should be offline, which block is next. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_PLAN_H
#define AEROSTAT_PLAN_H

#include <linux/types.h>

#define AERO_PLAN_BACKOFF_MIN_MS	5000U
#define AERO_PLAN_BACKOFF_MAX_MS	(15U * 60 * 1000)

/**
 * struct aero_block_info - one memory block as the plan sees it
 * @id: the block's number, in physical order
 * @domain: index of its power domain
 * @pages: pages in the block
 * @used_pages: pages that must move before it can go offline
 * @online: it is online
 * @movable: it can be vacated, as far as the zone tells
 * @held: hands off: it can never go, has a broken page, or somebody else took it offline
 * @backoff: it failed lately
 */
struct aero_block_info {
	u32 id;
	u32 domain;
	u64 pages;
	u64 used_pages;
	bool online;
	bool movable;
	bool held;
	bool backoff;
};

/**
 * struct aero_domain_info - one power domain as the plan sees it
 * @saved_mw_per_gib: milliwatts that each GiB of it saves by being off; the same for
 *	all where nothing is known, and then a plan's cost is counted per byte
 * @pages: of all its blocks; this and what follows is the plan's own room
 * @offline_pages: of those that are offline, whoever did it
 * @used_pages: of those that can go now
 * @cost: of vacating what is left of it, see aero_plan_cost()
 * @whole: all that is online can go now
 */
struct aero_domain_info {
	u32 saved_mw_per_gib;
	u64 pages;
	u64 offline_pages;
	u64 used_pages;
	u64 cost;
	bool whole;
};

int aero_plan_offline(const struct aero_block_info *blocks, unsigned int nr,
		      struct aero_domain_info *domains, unsigned int nr_domains, u64 budget);
int aero_plan_online(const struct aero_block_info *blocks, unsigned int nr,
		     struct aero_domain_info *domains, unsigned int nr_domains);
int aero_plan_lowest(const struct aero_block_info *blocks, unsigned int nr);
u64 aero_plan_cost(u64 used_pages, u64 pages, u32 saved_mw_per_gib);
u64 aero_plan_goal(u64 reclaimed_pages, u64 free_pages, u64 reserve_pages,
		   u64 block_pages, u64 offline_pages);
u32 aero_plan_backoff_ms(u32 failures);

#endif /* AEROSTAT_PLAN_H */
