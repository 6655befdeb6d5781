// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors: copied once, then checked, then used.
 *
 * The guest may change a descriptor while the host reads it. It only hurts
 * itself: each field is read once, so that what was checked is what is used.
 * Whether the range is the VM's memory, and was not given before, is asked where
 * that is known (reclaim.c, balloon.c).
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <asm/byteorder.h>

#include "desc.h"

/**
 * aero_desc_copy() - copy a descriptor and check what needs no look-up
 * @desc: foreign memory
 * @range: result, with %AERO_RESULT_DONE; not to be used after an error
 *
 * Of a descriptor that was taken back (%AERO_OP_NOP) nothing else matters. All
 * other ones name 1 to %AERO_DESC_MAX_PAGES pages, whose addresses in bytes, that of
 * the end included, fit in 64 bits.
 *
 * Context: any; pure.
 * Return: 0, or -EPROTO for what no honest guest writes.
 */
int aero_desc_copy(const struct aero_desc *desc, struct aero_range *range)
{
	*range = (struct aero_range){
		.gfn = le64_to_cpu(READ_ONCE(desc->gfn)),
		.nr = le32_to_cpu(READ_ONCE(desc->nr_pages)),
		.op = le16_to_cpu(READ_ONCE(desc->op)),
		.result = AERO_RESULT_DONE,
	};
	if (range->op == AERO_OP_NOP)
		return 0;
	if ((range->op != AERO_OP_INFLATE && range->op != AERO_OP_DEFLATE) ||
	    READ_ONCE(desc->reserved) || !range->nr || range->nr > AERO_DESC_MAX_PAGES ||
	    range->gfn > U64_MAX / AERO_PAGE_SIZE - range->nr)
		return -EPROTO;
	return 0;
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/desc-kunit.c"
#endif
