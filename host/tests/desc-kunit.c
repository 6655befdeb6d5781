// SPDX-License-Identifier: GPL-2.0
/* Tests of desc.c, which includes this file. */
#include <kunit/test.h>

#include "random.h"

/* No range reaches beyond this page. */
#define GFN_END		(U64_MAX / AERO_PAGE_SIZE)

static struct aero_desc desc_make(u16 op, u64 gfn, u32 nr)
{
	return (struct aero_desc){
		.gfn = cpu_to_le64(gfn), .nr_pages = cpu_to_le32(nr), .op = cpu_to_le16(op),
	};
}

static void desc_copies_each_field(struct kunit *test)
{
	static const u16 ops[] = { AERO_OP_INFLATE, AERO_OP_DEFLATE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		struct aero_desc desc = desc_make(ops[i], 0x123456789abULL, 0x2468);
		struct aero_range range;

		/* What an earlier descriptor left there is overwritten. */
		memset(&range, 0xff, sizeof(range));
		KUNIT_EXPECT_EQ(test, aero_desc_copy(&desc, &range), 0);
		KUNIT_EXPECT_EQ(test, range.gfn, 0x123456789abULL);
		KUNIT_EXPECT_EQ(test, range.nr, 0x2468U);
		KUNIT_EXPECT_EQ(test, range.op, ops[i]);
		KUNIT_EXPECT_EQ(test, range.result, (u16)AERO_RESULT_DONE);
	}
}

/* The guest writes but the opcode when it takes a descriptor back. */
static void desc_nop_is_never_refused(struct kunit *test)
{
	struct aero_desc desc = desc_make(AERO_OP_NOP, U64_MAX, U32_MAX);
	struct aero_range range;

	KUNIT_EXPECT_EQ(test, aero_desc_copy(&desc, &range), 0);
	KUNIT_EXPECT_EQ(test, range.op, (u16)AERO_OP_NOP);
	desc.reserved = cpu_to_le16(U16_MAX);
	KUNIT_EXPECT_EQ(test, aero_desc_copy(&desc, &range), 0);
	desc = desc_make(AERO_OP_NOP, 0, 0);
	KUNIT_EXPECT_EQ(test, aero_desc_copy(&desc, &range), 0);
	KUNIT_EXPECT_EQ(test, range.result, (u16)AERO_RESULT_DONE);
}

static void desc_borders(struct kunit *test)
{
	static const struct {
		u64 gfn;
		u32 nr;
		int result;
	} cases[] = {
		{ 0, 0, -EPROTO },
		{ 0, 1, 0 },
		{ 0, AERO_DESC_MAX_PAGES, 0 },
		{ 0, AERO_DESC_MAX_PAGES + 1, -EPROTO },
		{ 0, U32_MAX, -EPROTO },
		{ GFN_END, 0, -EPROTO },
		{ GFN_END - 1, 1, 0 },
		{ GFN_END - 1, 2, -EPROTO },
		{ GFN_END, 1, -EPROTO },
		{ GFN_END - AERO_DESC_MAX_PAGES, AERO_DESC_MAX_PAGES, 0 },
		{ GFN_END - AERO_DESC_MAX_PAGES + 1, AERO_DESC_MAX_PAGES, -EPROTO },
		{ U64_MAX, 1, -EPROTO },
		/* The end wraps. */
		{ U64_MAX, 2, -EPROTO },
		{ U64_MAX - AERO_DESC_MAX_PAGES + 2, AERO_DESC_MAX_PAGES, -EPROTO },
	};
	struct aero_range range;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct aero_desc inflate = desc_make(AERO_OP_INFLATE, cases[i].gfn, cases[i].nr);
		struct aero_desc deflate = desc_make(AERO_OP_DEFLATE, cases[i].gfn, cases[i].nr);

		KUNIT_EXPECT_EQ_MSG(test, aero_desc_copy(&inflate, &range), cases[i].result,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, aero_desc_copy(&deflate, &range), cases[i].result,
				    "case %u", i);
	}
}

static void desc_opcode_and_reserved(struct kunit *test)
{
	struct aero_range range;
	u32 i;

	for (i = 1; i <= U16_MAX; i++) {
		bool known = i == AERO_OP_INFLATE || i == AERO_OP_DEFLATE;
		struct aero_desc desc = desc_make(i, 5, 7);

		KUNIT_ASSERT_EQ_MSG(test, aero_desc_copy(&desc, &range), known ? 0 : -EPROTO,
				    "opcode %u", i);
		desc = desc_make(AERO_OP_INFLATE, 5, 7);
		desc.reserved = cpu_to_le16(i);
		KUNIT_ASSERT_EQ_MSG(test, aero_desc_copy(&desc, &range), -EPROTO,
				    "reserved %u", i);
	}
}

/* Whatever the guest writes, what is let through can be calculated with. */
static void desc_properties(struct kunit *test)
{
	struct rnd_state rnd;
	u32 i, passed = 0;

	prandom_seed_state(&rnd, 20260);
	for (i = 0; i < 200000; i++) {
		u64 gfn = aero_test_random(&rnd, U64_MAX) >> aero_test_random(&rnd, 63);
		u32 nr = aero_test_random(&rnd, U32_MAX) >> aero_test_random(&rnd, 31);
		struct aero_desc desc = desc_make(aero_test_random(&rnd, 3), gfn, nr);
		struct aero_range range;
		int err;

		if (aero_test_once_in(&rnd, 2))
			gfn = U64_MAX / AERO_PAGE_SIZE - nr + aero_test_random(&rnd, 2) - 1;
		desc.gfn = cpu_to_le64(gfn);
		if (aero_test_once_in(&rnd, 16))
			desc.reserved = cpu_to_le16(aero_test_random(&rnd, 1));
		err = aero_desc_copy(&desc, &range);
		KUNIT_ASSERT_TRUE_MSG(test, !err || err == -EPROTO, "error %d", err);
		if (err || range.op == AERO_OP_NOP)
			continue;
		passed++;
		KUNIT_ASSERT_EQ_MSG(test, range.gfn, gfn, "round %u", i);
		KUNIT_ASSERT_EQ_MSG(test, range.nr, nr, "round %u", i);
		KUNIT_ASSERT_GE_MSG(test, range.nr, 1U, "round %u", i);
		KUNIT_ASSERT_LE_MSG(test, range.nr, AERO_DESC_MAX_PAGES, "round %u", i);
		KUNIT_ASSERT_LE_MSG(test, range.gfn, U64_MAX / AERO_PAGE_SIZE, "round %u", i);
		KUNIT_ASSERT_LE_MSG(test, range.gfn + range.nr, U64_MAX / AERO_PAGE_SIZE,
				    "round %u", i);
	}
	/* Both outcomes were seen often. */
	KUNIT_EXPECT_GT(test, passed, i / 8);
	KUNIT_EXPECT_LT(test, passed, i - i / 8);
}

static struct kunit_case aero_desc_cases[] = {
	KUNIT_CASE(desc_copies_each_field),
	KUNIT_CASE(desc_nop_is_never_refused),
	KUNIT_CASE(desc_borders),
	KUNIT_CASE(desc_opcode_and_reserved),
	KUNIT_CASE(desc_properties),
	{ }
};

static struct kunit_suite aero_desc_suite = {
	.name = "aerostat_desc",
	.test_cases = aero_desc_cases,
};

kunit_test_suite(aero_desc_suite);
