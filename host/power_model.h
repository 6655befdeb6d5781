/* SPDX-License-Identifier: GPL-2.0 */
/* Modelled power of memory, online and off. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_POWER_MODEL_H
#define AEROSTAT_POWER_MODEL_H

#include <linux/types.h>

/*
 * A DDR4 RDIMM's power per GiB while nothing accesses it: precharged and ready
 * (IDD2N, 1370 mA), and precharged and powered down (IDD2P, 720 mA), at 1.2 V, of the 16 GB of a
 * Transcend TS4GHR72V1C (2Rx4, DDR4-2133; data sheet, page 10).
 */
#define AERO_POWER_ACTIVE_MW_PER_GIB	103
#define AERO_POWER_OFF_MW_PER_GIB	54

/**
 * struct aero_power_params - power of one GiB
 * @active_mw_per_gib: online, milliwatt
 * @off_mw_per_gib: offline, milliwatt
 */
struct aero_power_params {
	u32 active_mw_per_gib;
	u32 off_mw_per_gib;
};

#define AERO_POWER_PARAMS_DEFAULT {				\
	.active_mw_per_gib = AERO_POWER_ACTIVE_MW_PER_GIB,	\
	.off_mw_per_gib = AERO_POWER_OFF_MW_PER_GIB,		\
}

int aero_power_check(const struct aero_power_params *params);
u64 aero_power_mw(const struct aero_power_params *params, u64 online_bytes, u64 offline_bytes);
u64 aero_power_saved_mw(const struct aero_power_params *params, u64 offline_bytes);

#endif /* AEROSTAT_POWER_MODEL_H */
