// SPDX-License-Identifier: GPL-2.0
/*
 * What else happened on this host lately that moves powers.
 *
 * A power tells what the memory that went offline has saved only if nothing else has
 * changed: not the VMs, not the processors' load.
 */

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kernel_stat.h>
#include <linux/math64.h>
#include <linux/timekeeping.h>
#include <linux/tick.h>

#include "block.h"
#include "calm.h"
#include "host.h"

#define AERO_CALM_MAX_MS	3600000U
/* A VM that starts or ends keeps a machine busy for about so long. */
#define AERO_CALM_VM_MS		15000U

/* How long ago, in milliseconds; forgets what is longer ago than anybody asks. */
static u32 aero_calm_since(unsigned long *when)
{
	unsigned long ago = jiffies - *when, most = msecs_to_jiffies(AERO_CALM_MAX_MS);

	if (ago > most) {
		ago = most;
		*when = jiffies - most;
	}
	return jiffies_to_msecs(ago);
}

/* A kernel that ticks while idle counts by ticks: @us is -1 then. */
static u64 aero_calm_either_us(u64 us, unsigned int cpu, enum cpu_usage_stat stat)
{
	return us != (u64)-1 ? us : div_u64(kcpustat_cpu(cpu).cpustat[stat], NSEC_PER_USEC);
}

/* A processor that waits for I/O is idle; the kernel counts that time apart. */
static u64 aero_calm_idle_us(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu) {
		sum += aero_calm_either_us(get_cpu_idle_time_us(cpu, NULL), cpu, CPUTIME_IDLE);
		sum += aero_calm_either_us(get_cpu_iowait_time_us(cpu, NULL), cpu, CPUTIME_IOWAIT);
	}
	return sum;
}

static u32 aero_calm_busy(struct aero_calm *calm)
{
	u64 idle_us = aero_calm_idle_us(), now = ktime_get_ns(), had, idle;

	had = div_u64(now - calm->looked, NSEC_PER_USEC) * num_online_cpus();
	/* Processors come and go, and their counters with them. */
	idle = idle_us > calm->idle_us ? min(idle_us - calm->idle_us, had) : 0;
	calm->idle_us = idle_us;
	calm->looked = now;
	return had ? 1000 - div64_u64(idle * 1000, had) : 0;
}

static unsigned int aero_calm_vms(struct aero_host *host)
{
	struct list_head *node;
	unsigned int nr = 0;

	mutex_lock(&host->vms_lock);
	list_for_each(node, &host->vms)
		nr++;
	mutex_unlock(&host->vms_lock);
	return nr;
}

/**
 * aero_calm_init() - nothing has happened yet
 * @calm: to be filled in
 */
void aero_calm_init(struct aero_calm *calm)
{
	*calm = (struct aero_calm){
		.moved = jiffies - msecs_to_jiffies(AERO_CALM_MAX_MS),
		.stirred = jiffies - msecs_to_jiffies(AERO_CALM_MAX_MS),
		.idle_us = aero_calm_idle_us(),
		.looked = ktime_get_ns(),
	};
}

/**
 * aero_calm_look() - what has happened since the last look
 * @calm: what the last look has left
 * @host: the module
 * @elapsed_ms: since then
 * @now: result
 *
 * Context: The control loop. Takes aero_host.vms_lock, for a moment.
 */
void aero_calm_look(struct aero_calm *calm, struct aero_host *host, u32 elapsed_ms,
		    struct aero_circumstances *now)
{
	unsigned int vms = aero_calm_vms(host);
	struct aero_block_totals totals;
	u64 offline;

	/* Not what is on its way, which may take longer than a power takes to follow. */
	aero_blocks_totals(host->blocks, &totals);
	offline = totals.nr_taken * totals.block_pages;
	if (offline != calm->offline_pages)
		calm->moved = jiffies;
	if (vms != calm->nr_vms)
		calm->stirred = jiffies;
	calm->offline_pages = offline;
	calm->nr_vms = vms;
	*now = (struct aero_circumstances){
		.elapsed_ms = elapsed_ms,
		.offline_pages = offline,
		.still_ms = aero_calm_since(&calm->moved),
		.busy = aero_calm_busy(calm),
		.disturbed = aero_calm_since(&calm->stirred) < AERO_CALM_VM_MS,
	};
}
