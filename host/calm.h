/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What else happened on this host lately that moves powers.
 */
#ifndef AEROSTAT_CALM_H
#define AEROSTAT_CALM_H

#include <linux/types.h>

struct aero_host;

/**
 * struct aero_calm - what one look leaves to the next
 * @offline_pages: memory that this module held offline
 * @moved: when that last changed, jiffies
 * @nr_vms: VMs that there were
 * @stirred: when that last changed, jiffies
 * @idle_us: time that processors were idle, all together
 * @looked: when that was, nanoseconds
 */
struct aero_calm {
	u64 offline_pages;
	unsigned long moved;
	unsigned int nr_vms;
	unsigned long stirred;
	u64 idle_us;
	u64 looked;
};

/**
 * struct aero_circumstances - of a moment at which sensors are read
 * @elapsed_ms: since the last one
 * @offline_pages: memory that this module holds offline
 * @still_ms: for so long that has not changed, up to an hour
 * @busy: permille of the processors' time that was not idle since the last one
 * @disturbed: VMs have come or gone lately
 */
struct aero_circumstances {
	u32 elapsed_ms;
	u64 offline_pages;
	u32 still_ms;
	u32 busy;
	bool disturbed;
};

void aero_calm_init(struct aero_calm *calm);
void aero_calm_look(struct aero_calm *calm, struct aero_host *host, u32 elapsed_ms,
		    struct aero_circumstances *now);

#endif /* AEROSTAT_CALM_H */
