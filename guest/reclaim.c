// SPDX-License-Identifier: GPL-2.0
/*
 * Noticing that the guest reclaims memory.
 *
 * Where the host rings, the worker publishes statistics only when something else
 * wakes a processor, and its timer waits on one that may sleep while others
 * suffer. The kernel asks every shrinker whenever it reclaims for more than one
 * memory cgroup's own sake: this one has nothing to give, and lets the worker look.
 */
#include <linux/jiffies.h>
#include <linux/shrinker.h>

#include "guest.h"

static unsigned long aero_reclaim_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct aero_guest *guest = *aero_shrinker_private(shrinker);
	unsigned long at = READ_ONCE(guest->reclaim_at);

	/* Many processors may be here at once, and the worker may be frozen. */
	if (guest->ch.rings && !READ_ONCE(guest->stopped) && time_after_eq(jiffies, at + HZ) &&
	    cmpxchg(&guest->reclaim_at, at, jiffies) == at)
		aero_worker_kick(guest);
	return 0;
}

static unsigned long aero_reclaim_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	return SHRINK_STOP;
}

/**
 * aero_reclaim_register() - be told of reclaim
 * @guest: the guest
 *
 * Context: process context, may sleep.
 * Return: 0 or an error. Undone by aero_reclaim_unregister().
 */
int aero_reclaim_register(struct aero_guest *guest)
{
	int err;

	guest->shrinker = shrinker_alloc(0, "aerostat_guest");
	if (!guest->shrinker)
		return -ENOMEM;
	guest->shrinker->count_objects = aero_reclaim_count;
	guest->shrinker->scan_objects = aero_reclaim_scan;
	*aero_shrinker_private(guest->shrinker) = guest;
	guest->reclaim_at = jiffies - HZ;
	err = aero_shrinker_register(guest->shrinker);
	if (err)
		aero_shrinker_abandon(guest->shrinker);
	return err;
}

/**
 * aero_reclaim_unregister() - undo aero_reclaim_register()
 * @guest: the guest
 *
 * Context: process context, may sleep; waits for a call under way.
 */
void aero_reclaim_unregister(struct aero_guest *guest)
{
	shrinker_free(guest->shrinker);
}
