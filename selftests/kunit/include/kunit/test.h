/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of KUnit's interface as Aerostat's tests use, for userspace. A suite
 * registers itself in a constructor; run.c runs them all.
 */
#ifndef SHIM_KUNIT_TEST_H
#define SHIM_KUNIT_TEST_H

#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/types.h>

#define GFP_KERNEL	0U

struct kunit_allocation;

struct kunit {
	const char *name;
	unsigned int failures;
	jmp_buf abort;
	struct kunit_allocation *allocations;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char name[256];
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
	struct kunit_suite *next;
};

void shim_register(struct kunit_suite *suite);
void __printf(5, 6)
shim_fail(struct kunit *test, bool fatal, const char *file, int line, const char *format, ...);
void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp);

#define KUNIT_CASE(test_case)	{ .run_case = test_case, .name = #test_case }

#define kunit_test_suite(suite)						\
	static void __attribute__((constructor)) shim_register_##suite(void) \
	{								\
		shim_register(&suite);					\
	}								\
	_Static_assert(1, "")

#define SHIM_CHECK(test, fatal, condition, text, fmt, ...) do {		\
	if (!(condition))						\
		shim_fail(test, fatal, __FILE__, __LINE__, "%s " fmt, text, ##__VA_ARGS__); \
} while (0)

#define SHIM_COMPARE(test, fatal, left, op, right, fmt, ...) do {	\
	__auto_type __left = (left);					\
	__auto_type __right = (right);					\
									\
	SHIM_CHECK(test, fatal, __left op __right, #left " " #op " " #right, \
		   "(%lld, %lld) " fmt, (long long)__left, (long long)__right, ##__VA_ARGS__); \
} while (0)

#define KUNIT_EXPECT_EQ(test, l, r)	SHIM_COMPARE(test, false, l, ==, r, "")
#define KUNIT_EXPECT_NE(test, l, r)	SHIM_COMPARE(test, false, l, !=, r, "")
#define KUNIT_EXPECT_LT(test, l, r)	SHIM_COMPARE(test, false, l, <, r, "")
#define KUNIT_EXPECT_LE(test, l, r)	SHIM_COMPARE(test, false, l, <=, r, "")
#define KUNIT_EXPECT_GT(test, l, r)	SHIM_COMPARE(test, false, l, >, r, "")
#define KUNIT_EXPECT_GE(test, l, r)	SHIM_COMPARE(test, false, l, >=, r, "")
#define KUNIT_EXPECT_TRUE(test, c)	SHIM_CHECK(test, false, c, #c, "")
#define KUNIT_EXPECT_FALSE(test, c)	SHIM_CHECK(test, false, !(c), "!" #c, "")
#define KUNIT_EXPECT_STREQ(test, l, r) \
	SHIM_CHECK(test, false, !strcmp(l, r), #l " == " #r, "(%s, %s)", l, r)
#define KUNIT_EXPECT_EQ_MSG(test, l, r, ...)	SHIM_COMPARE(test, false, l, ==, r, __VA_ARGS__)

#define KUNIT_ASSERT_EQ(test, l, r)	SHIM_COMPARE(test, true, l, ==, r, "")
#define KUNIT_ASSERT_LT(test, l, r)	SHIM_COMPARE(test, true, l, <, r, "")
#define KUNIT_ASSERT_GT(test, l, r)	SHIM_COMPARE(test, true, l, >, r, "")
#define KUNIT_ASSERT_LE(test, l, r)	SHIM_COMPARE(test, true, l, <=, r, "")
#define KUNIT_ASSERT_GE(test, l, r)	SHIM_COMPARE(test, true, l, >=, r, "")
#define KUNIT_ASSERT_NOT_NULL(test, p)	SHIM_CHECK(test, true, p, #p, "")
#define KUNIT_ASSERT_EQ_MSG(test, l, r, ...)	SHIM_COMPARE(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_NE_MSG(test, l, r, ...)	SHIM_COMPARE(test, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_LT_MSG(test, l, r, ...)	SHIM_COMPARE(test, true, l, <, r, __VA_ARGS__)
#define KUNIT_ASSERT_LE_MSG(test, l, r, ...)	SHIM_COMPARE(test, true, l, <=, r, __VA_ARGS__)
#define KUNIT_ASSERT_GE_MSG(test, l, r, ...)	SHIM_COMPARE(test, true, l, >=, r, __VA_ARGS__)
#define KUNIT_ASSERT_TRUE_MSG(test, c, ...)	SHIM_CHECK(test, true, c, #c, __VA_ARGS__)

#endif
