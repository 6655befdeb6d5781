// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's own account of its memory. The host takes it as a hint.
 */
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "guest.h"

static __le64 aero_stats_bytes(u64 nr_pages)
{
	return cpu_to_le64(nr_pages << PAGE_SHIFT);
}

/**
 * aero_stats_publish() - write fresh statistics into the status block
 * @guest: the guest
 *
 * Context: worker's context; takes aero_guest.lock.
 */
void aero_stats_publish(struct aero_guest *guest)
{
	struct aero_stats *stats = &guest->ch.status->stats;
	unsigned long *events = guest->events;
	u64 stalls = 0, refaults, oom_bytes, migrated;
	struct sysinfo info;
	int zone;

	si_meminfo(&info);
	all_vm_events(events);
	/* One event for each type of zone, in their order. */
	for (zone = 0; zone < MAX_NR_ZONES; zone++)
		stalls += events[ALLOCSTALL_NORMAL - ZONE_NORMAL + zone];
	refaults = global_node_page_state(WORKINGSET_REFAULT_ANON) +
		   global_node_page_state(WORKINGSET_REFAULT_FILE);
	spin_lock(&guest->lock);
	oom_bytes = guest->balloon.oom_bytes;
	migrated = guest->balloon.migrated;
	spin_unlock(&guest->lock);

	WRITE_ONCE(stats->total_bytes, aero_stats_bytes(info.totalram));
	WRITE_ONCE(stats->available_bytes, aero_stats_bytes(max(si_mem_available(), 0L)));
	WRITE_ONCE(stats->free_bytes, aero_stats_bytes(info.freeram));
	WRITE_ONCE(stats->file_bytes, aero_stats_bytes(global_node_page_state(NR_FILE_PAGES)));
#ifdef CONFIG_SWAP
	WRITE_ONCE(stats->swap_in_pages, cpu_to_le64(events[PSWPIN]));
	WRITE_ONCE(stats->swap_out_pages, cpu_to_le64(events[PSWPOUT]));
#endif
	WRITE_ONCE(stats->major_faults, cpu_to_le64(events[PGMAJFAULT]));
	WRITE_ONCE(stats->refault_pages, cpu_to_le64(refaults));
	WRITE_ONCE(stats->alloc_stalls, cpu_to_le64(stalls));
	WRITE_ONCE(stats->oom_bytes, cpu_to_le64(oom_bytes));
	WRITE_ONCE(stats->migrated_pages, cpu_to_le64(migrated));
}
