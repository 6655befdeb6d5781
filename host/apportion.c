// SPDX-License-Identifier: GPL-2.0
/*
 * How many pages from each VM: weighted water-filling of the memory they keep.
 *
 * Every VM keeps a fraction of its size, and all fractions come from one water
 * level:
 *
 *	kept(i) = clamp(level * weight(i) * size(i), size(i) - limit(i), size(i) - least(i))
 *
 *	weight(i) = shares(i) / (active(i) + idle(i) / (1 - tax))
 *
 * with active and idle as fractions of the size. As the level falls the VMs with
 * the least weight give first, and each gives more, the more idle memory it has:
 * the idle memory tax and the min-funding revocation of Waldspurger, "Memory
 * Resource Management in VMware ESX Server", OSDI 2002.
 *
 * The level is an integer. The search finds the highest one at which the VMs
 * keep no more than they may; what is left of that goes to them in the order of
 * their ids, each up to what the next level would give it. All of a VM's results
 * thus lie on one path that rises with the total that is kept, and that is
 * nowhere lower for a greater weight. Hence, exactly and not just about: the parts
 * sum to the demand, a greater demand gives nobody more, more shares leave a VM
 * no less, and the order of the VMs changes nothing.
 *
 * VMs that suffer are a tier of their own, filled likewise, from which only the
 * rest of the demand is taken.
 */
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sort.h>

#include "apportion.h"

/*
 * Fixed point. shares << WEIGHT_SHIFT over at most 100,000 leaves a weight between
 * 2^14 and 2^54, so that the highest 64-bit level keeps everything, even of the
 * VM with the least weight: 2^64 * 2^14 = 2^(FRACTION_SHIFT + LEVEL_SHIFT).
 * A kept fraction has FRACTION_SHIFT bits, ten more than the largest size.
 */
#define AERO_WEIGHT_SHIFT	31
#define AERO_FRACTION_SHIFT	50
#define AERO_LEVEL_SHIFT	28

/* Idle memory that a VM under no urgency is left with: this part of its size. */
#define AERO_LIMIT_MARGIN_DIV	16
/* At this part of the limit for all VMs' pressure one VM is asked for nothing more ... */
#define AERO_LIMIT_STAY_DIV	40
/* ... and from this one on it gets this part of its size back at each step. */
#define AERO_LIMIT_RELIEVE_DIV	8
#define AERO_LIMIT_RELIEF_DIV	512

static u64 aero_weight(const struct aero_share *vm, u32 idle_tax)
{
	u32 idle = min(vm->idle, 1000U);

	/* active + idle / (1 - tax), times 1000 (permille) * (100 - tax) */
	return div_u64((u64)max(vm->shares, 1U) << AERO_WEIGHT_SHIFT,
		       (1000 - idle) * (100 - idle_tax) + idle * 100);
}

static u64 aero_floor(const struct aero_share *vm)
{
	return vm->size - min(vm->limit, vm->size);
}

static u64 aero_least(const struct aero_share *vm)
{
	return min3(vm->least, vm->limit, vm->size);
}

static u64 aero_kept(const struct aero_share *vm, u64 level, u32 idle_tax)
{
	u64 weight = aero_weight(vm, idle_tax), most = vm->size - aero_least(vm);
	u64 fraction;

	/* The high half of the product says whether the fraction reaches one. */
	if (mul_u64_u64_shr(level, weight, 64) >> (AERO_FRACTION_SHIFT + AERO_LEVEL_SHIFT - 64))
		return most;
	fraction = mul_u64_u64_shr(level, weight, AERO_LEVEL_SHIFT);
	return clamp(mul_u64_u64_shr(vm->size, fraction, AERO_FRACTION_SHIFT), aero_floor(vm),
		     most);
}

static u64 aero_kept_sum(const struct aero_share *vms, unsigned int nr, u64 level, u32 idle_tax)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < nr; i++)
		sum += aero_kept(&vms[i], level, idle_tax);
	return sum;
}

static u64 aero_least_sum(const struct aero_share *vms, unsigned int nr)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < nr; i++)
		sum += aero_least(&vms[i]);
	return sum;
}

/* Take @demand from one tier, as far as it may; return what was taken. */
static u64 aero_apportion_tier(struct aero_share *vms, unsigned int nr, u64 demand, u32 idle_tax)
{
	u64 level = 0, bit, keep, spare;
	u64 size = 0, limit = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		size += vms[i].size;
		limit += min(vms[i].limit, vms[i].size);
	}
	demand = clamp(demand, aero_least_sum(vms, nr), limit);
	keep = size - demand;

	for (bit = BIT_ULL(63); bit; bit >>= 1) {
		if (aero_kept_sum(vms, nr, level | bit, idle_tax) <= keep)
			level |= bit;
	}

	spare = keep - aero_kept_sum(vms, nr, level, idle_tax);
	for (i = 0; i < nr; i++) {
		u64 kept = aero_kept(&vms[i], level, idle_tax);
		u64 more = 0;

		/* The highest level keeps all: then there is nothing to spare. */
		if (spare)
			more = min(aero_kept(&vms[i], level + 1, idle_tax) - kept, spare);
		spare -= more;
		vms[i].take = vms[i].size - kept - more;
	}
	return demand;
}

static int aero_share_cmp_u64(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

/* By tier, then id. The rest is for ids that are not unique, against the rules. */
static int aero_share_cmp(const void *left, const void *right)
{
	const struct aero_share *a = left, *b = right;

	return aero_share_cmp_u64(a->pressed, b->pressed) ?:
	       aero_share_cmp_u64(a->id, b->id) ?:
	       aero_share_cmp_u64(a->size, b->size) ?:
	       aero_share_cmp_u64(a->limit, b->limit) ?:
	       aero_share_cmp_u64(a->least, b->least) ?:
	       aero_share_cmp_u64(a->shares, b->shares) ?:
	       aero_share_cmp_u64(a->idle, b->idle);
}

/**
 * aero_apportion() - divide a demand for memory among VMs
 * @vms: the VMs, at most AERO_APPORTION_MAX_VMS; @take of each is the result.
 *	The array is sorted on return: unpressed VMs first, then by id.
 * @nr: number of @vms, may be zero
 * @demand: pages that are to be held in all
 * @params: policy
 *
 * Weighted water-filling, see the head of this file. Takes O(n log n) for the
 * sort and 64 passes over the array.
 *
 * Context: any; pure.
 * Return: sum of all @take: @demand, or the sum of all limits if that is less, or the sum of
 * all @least if that is more.
 */
u64 aero_apportion(struct aero_share *vms, unsigned int nr, u64 demand,
		   const struct aero_apportion_params *params)
{
	u32 idle_tax = min(params->idle_tax, 99U);
	u64 least, taken;
	unsigned int first;

	sort(vms, nr, sizeof(*vms), aero_share_cmp, NULL);
	for (first = 0; first < nr && !vms[first].pressed; first++)
		;
	least = aero_least_sum(vms + first, nr - first);
	taken = aero_apportion_tier(vms, first, demand - min(demand, least), idle_tax);
	taken += aero_apportion_tier(vms + first, nr - first, demand - min(demand, taken),
				     idle_tax);
	return taken;
}

/**
 * aero_apportion_limit() - most pages that one VM may be asked to hold
 * @size: pages of the VM
 * @min_pages: pages that the VM keeps in any case
 * @idle_pages: pages that it does not use: available to it, or in its balloon
 * @balloon: pages that its balloon holds now
 * @pressure: how much it suffers, permille, see aero_pressure_step()
 * @pressure_limit: how much VMs may suffer in the mean, permille
 * @urgency: how deep to reach
 *
 * Without urgency a VM is left a margin of idle memory, a sixteenth of its size.
 * What is available beyond that may be taken. Between the margin and half of it,
 * nothing changes, so that the page cache's ups and downs do not move the
 * balloon to and fro. Below half the margin the VM gets back what it lacks
 * to reach that half: never more than a thirty-second of its size at once, and
 * nothing as soon as the half is reached. The three pieces meet, there is no
 * step between them.
 *
 * What is available contains the page cache that the guest works with, which no
 * statistic tells from the rest before it is gone. Its pressure tells then: at a
 * fortieth of the limit (10 of 400 permille) nothing more is asked for, and from an eighth
 * of it on (50) some goes back, step by step, until the pressure falls. The gap between the
 * two, and the average that pressure is, damp that.
 *
 * Context: any; pure. Tolerates any values.
 * Return: pages, at most @size - @min_pages.
 */
u64 aero_apportion_limit(u64 size, u64 min_pages, u64 idle_pages, u64 balloon, u32 pressure,
			 u32 pressure_limit, enum aero_urgency urgency)
{
	u64 margin = size / AERO_LIMIT_MARGIN_DIV;
	u64 most = size > min_pages ? size - min_pages : 0;
	u64 available, lack, relief;

	if (urgency != AERO_URGENCY_NORMAL)
		return most;

	balloon = min(balloon, size);
	idle_pages = min(idle_pages, size);
	available = idle_pages > balloon ? idle_pages - balloon : 0;
	relief = pressure && pressure >= pressure_limit / AERO_LIMIT_RELIEVE_DIV ?
		 size / AERO_LIMIT_RELIEF_DIV : 0;
	if ((!pressure || pressure < pressure_limit / AERO_LIMIT_STAY_DIV) && available > margin)
		return min(balloon + available - margin, most);
	lack = available < margin / 2 ? margin / 2 - available : 0;
	lack = max(lack, relief);
	return min(balloon > lack ? balloon - lack : 0, most);
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/apportion-kunit.c"
#endif
