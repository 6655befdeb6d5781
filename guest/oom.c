// SPDX-License-Identifier: GPL-2.0
/*
 * Before the OOM killer chooses a victim, the balloon gives.
 *
 * The notifier is called before every kill that is not a memory cgroup's, for
 * whatever kind of allocation, and is called again as long as it frees something;
 * so nobody is killed for want of memory while the balloon has any. A cgroup that
 * hits its own limit gets nothing from a larger machine, and the kernel does not
 * ask us then. Nor does a shrinker give any: it would be called for every page cache
 * that wants to grow, and the balloon would leak out as fast as it is filled. A
 * guest that is merely tight says so in its statistics, and the host decides.
 *
 * The host is not asked, and need not even be alive: it learns of it afterwards.
 * Nothing is allocated here and no lock is waited for behind which anyone
 * allocates.
 */
#include <linux/ktime.h>
#include <linux/oom.h>

#include "guest.h"
#include "trace.h"

static unsigned long aero_oom_drop(struct aero_guest *guest, unsigned long wanted)
{
	unsigned long freed = 0, got;

	while (freed < wanted) {
		got = aero_balloon_drop(guest, AERO_BIG, 1);
		if (!got)
			got = aero_balloon_drop(guest, AERO_SMALL, wanted - freed);
		if (!got)
			break;
		freed += got;
	}
	return freed;
}

/* Big pages first: one descriptor each is all that they take of a ring that may be full. */
static unsigned long aero_oom_deflate(struct aero_guest *guest, unsigned long wanted)
{
	unsigned long freed = 0, got;

	while (freed < wanted) {
		got = aero_balloon_deflate(guest, AERO_BIG, 1, true);
		if (!got)
			got = aero_balloon_deflate(guest, AERO_SMALL, wanted - freed, true);
		if (!got)
			break;
		freed += got;
	}
	return freed;
}

static int aero_oom_notify(struct notifier_block *nb, unsigned long unused, void *parm)
{
	struct aero_guest *guest = container_of(nb, struct aero_guest, oom_nb);
	unsigned long wanted = AERO_OOM_BYTES >> PAGE_SHIFT;
	unsigned long *total = parm;
	unsigned long freed;
	u64 left;

	/* First, for the worker raises the goal again as long as it does not see this. */
	if (READ_ONCE(guest->balloon.nr_pages))
		WRITE_ONCE(guest->oom_until_ns, ktime_get_ns() + AERO_OOM_PAUSE_NS);
	aero_grow_limit(guest, 0);
	/* Cheapest first: what the host does not know, what it has acknowledged ... */
	freed = aero_oom_drop(guest, wanted);
	if (freed < wanted) {
		aero_balloon_reap(guest);
		freed += aero_oom_deflate(guest, wanted - freed);
	}
	/* ... and what it has not begun with. */
	if (freed < wanted) {
		spin_lock(&guest->lock);
		__aero_balloon_revoke(guest);
		spin_unlock(&guest->lock);
		freed += aero_oom_drop(guest, wanted - freed);
	}
	if (!freed)
		return NOTIFY_OK;

	WRITE_ONCE(guest->oom_until_ns, ktime_get_ns() + AERO_OOM_PAUSE_NS);
	spin_lock(&guest->lock);
	guest->balloon.oom_bytes += (u64)freed << PAGE_SHIFT;
	left = (u64)guest->balloon.nr_pages << PAGE_SHIFT;
	spin_unlock(&guest->lock);

	trace_aerostat_oom((u64)freed << PAGE_SHIFT, left);
	aero_worker_kick(guest);
	*total += freed;
	return NOTIFY_OK;
}

/**
 * aero_oom_register() - be asked before the OOM killer kills
 * @guest: the guest
 *
 * Context: process context, may sleep.
 * Return: 0 or an error. Undone by aero_oom_unregister().
 */
int aero_oom_register(struct aero_guest *guest)
{
	guest->oom_nb.notifier_call = aero_oom_notify;
	return register_oom_notifier(&guest->oom_nb);
}

/**
 * aero_oom_unregister() - undo aero_oom_register()
 * @guest: the guest
 *
 * Context: process context, may sleep; waits for a running notifier.
 */
void aero_oom_unregister(struct aero_guest *guest)
{
	unregister_oom_notifier(&guest->oom_nb);
}
