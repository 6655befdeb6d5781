/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's own record of which guest pages are in a VM's balloon.
 */
#ifndef AEROSTAT_BALLOON_H
#define AEROSTAT_BALLOON_H

#include <linux/types.h>
#include <linux/xarray.h>

/**
 * struct aero_balloon - set of gfns that a guest has given
 * @chunks: bitmaps of AERO_BALLOON_CHUNK gfns each, by gfn / AERO_BALLOON_CHUNK;
 *	a missing one is all clear
 * @pages: count of set gfns
 *
 * Owned by the VM's work.
 */
struct aero_balloon {
	struct xarray chunks;
	u64 pages;
};

void aero_balloon_init(struct aero_balloon *balloon);
void aero_balloon_clear(struct aero_balloon *balloon);
int aero_balloon_add(struct aero_balloon *balloon, u64 gfn, u64 nr);
int aero_balloon_remove(struct aero_balloon *balloon, u64 gfn, u64 nr);
bool aero_balloon_next(struct aero_balloon *balloon, u64 *gfn, u64 *nr);

#endif /* AEROSTAT_BALLOON_H */
