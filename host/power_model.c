// SPDX-License-Identifier: GPL-2.0
/*
 * Modelled power of memory: bytes online and bytes off, each with its milliwatts
 * per GiB. Background power only; what accesses cost is not in it, nor does it know
 * whether the platform powers down what the kernel took offline.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/math64.h>

#include "power_model.h"

#define AERO_GIB_SHIFT	30
/* More than any memory draws; keeps a mistyped parameter out of the sums. */
#define AERO_POWER_MAX_MW_PER_GIB	100000
#define AERO_GIB_MASK	(BIT_ULL(AERO_GIB_SHIFT) - 1)

/**
 * aero_power_check() - can these be a memory's figures?
 * @params: power of one GiB
 *
 * Context: any; pure.
 * Return: 0, -EINVAL if memory that is off would draw more than memory that is on, or
 * -ERANGE if no memory draws that much.
 */
int aero_power_check(const struct aero_power_params *params)
{
	if (params->active_mw_per_gib > AERO_POWER_MAX_MW_PER_GIB)
		return -ERANGE;
	return params->off_mw_per_gib > params->active_mw_per_gib ? -EINVAL : 0;
}

/**
 * aero_power_mw() - power of memory, modelled
 * @params: power of one GiB
 * @online_bytes: memory that is online
 * @offline_bytes: memory that is not
 *
 * Exact in 64 bits up to the last step, which rounds the sum to the nearest
 * milliwatt, halves up.
 *
 * Context: any; pure.
 * Return: milliwatt.
 */
u64 aero_power_mw(const struct aero_power_params *params, u64 online_bytes, u64 offline_bytes)
{
	u32 active = params->active_mw_per_gib, off = params->off_mw_per_gib;
	u64 whole = mul_u64_u32_shr(online_bytes, active, AERO_GIB_SHIFT) +
		    mul_u64_u32_shr(offline_bytes, off, AERO_GIB_SHIFT);
	/* The low bits of a product are right even if its high ones do not fit. */
	u64 rest = (online_bytes * active & AERO_GIB_MASK) +
		   (offline_bytes * off & AERO_GIB_MASK);

	return whole + ((rest + BIT_ULL(AERO_GIB_SHIFT - 1)) >> AERO_GIB_SHIFT);
}

/**
 * aero_power_saved_mw() - power that memory saves by being offline, modelled
 * @params: power of one GiB
 * @offline_bytes: memory that is offline
 *
 * Context: any; pure.
 * Return: milliwatt, rounded to the nearest; 0 if being off is said to cost more.
 */
u64 aero_power_saved_mw(const struct aero_power_params *params, u64 offline_bytes)
{
	struct aero_power_params saved = { };

	if (params->active_mw_per_gib > params->off_mw_per_gib)
		saved.active_mw_per_gib = params->active_mw_per_gib - params->off_mw_per_gib;
	return aero_power_mw(&saved, offline_bytes, 0);
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/power_model-kunit.c"
#endif
