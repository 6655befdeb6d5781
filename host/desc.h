/* SPDX-License-Identifier: GPL-2.0 */
/* Taking a descriptor out of the guest's reach. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_DESC_H
#define AEROSTAT_DESC_H

#include <linux/types.h>

#include "abi.h"

/**
 * struct aero_range - a descriptor, copied out of the guest's reach
 * @gfn: first page
 * @nr: pages
 * @done: pages that have been freed so far
 * @op: enum aero_op
 * @result: enum aero_result, for its acknowledgment
 */
struct aero_range {
	u64 gfn;
	u32 nr;
	u32 done;
	u16 op;
	u16 result;
};

int aero_desc_copy(const struct aero_desc *desc, struct aero_range *range);

#endif /* AEROSTAT_DESC_H */
