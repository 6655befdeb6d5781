// SPDX-License-Identifier: GPL-2.0
/*
 * Runs KUnit suites in userspace and reports as TAP 13, one line a case. The
 * name of a suite or of suite.case as an argument runs only that.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <kunit/test.h>

#define MAX_MESSAGES	10	/* per case: a broken property fails in every round */

struct kunit_allocation {
	struct kunit_allocation *next;
	max_align_t data[];
};

static struct kunit_suite *suites;

void shim_register(struct kunit_suite *suite)
{
	struct kunit_suite **at = &suites;

	/* By name: the order of constructors is the linker's. */
	while (*at && strcmp((*at)->name, suite->name) < 0)
		at = &(*at)->next;
	suite->next = *at;
	*at = suite;
}

void shim_fail(struct kunit *test, bool fatal, const char *file, int line, const char *format, ...)
{
	va_list args;

	if (test->failures++ < MAX_MESSAGES) {
		printf("# %s:%d: ", file, line);
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
		printf("\n");
	}
	if (fatal)
		longjmp(test->abort, 1);
}

void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	struct kunit_allocation *allocation = calloc(1, sizeof(*allocation) + n * size);

	(void)gfp;
	if (!allocation)
		return NULL;
	allocation->next = test->allocations;
	test->allocations = allocation;
	return allocation->data;
}

static bool run_case(struct kunit_suite *suite, struct kunit_case *test_case)
{
	struct kunit test = { .name = test_case->name };

	if (suite->init && suite->init(&test))
		test.failures++;
	else if (!setjmp(test.abort))
		test_case->run_case(&test);
	if (suite->exit)
		suite->exit(&test);
	while (test.allocations) {
		struct kunit_allocation *next = test.allocations->next;

		free(test.allocations);
		test.allocations = next;
	}
	return !test.failures;
}

static bool wanted(const char *name, const char *suite, const char *test_case)
{
	size_t length = strlen(suite);

	return !name || (!strncmp(name, suite, length) &&
			 (!name[length] ||
			  (name[length] == '.' && !strcmp(name + length + 1, test_case))));
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	unsigned int passed = 0, failed = 0, planned = 0;
	struct kunit_suite *suite;
	struct kunit_case *test_case;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (suite = suites; suite; suite = suite->next)
		for (test_case = suite->test_cases; test_case->run_case; test_case++)
			planned += wanted(only, suite->name, test_case->name);
	printf("TAP version 13\n1..%u\n", planned);

	for (suite = suites; suite; suite = suite->next)
		for (test_case = suite->test_cases; test_case->run_case; test_case++) {
			bool ok;

			if (!wanted(only, suite->name, test_case->name))
				continue;
			ok = run_case(suite, test_case);
			if (ok)
				passed++;
			else
				failed++;
			printf("%s %u - %s.%s\n", ok ? "ok" : "not ok", passed + failed,
			       suite->name, test_case->name);
		}

	printf("# %u passed, %u failed\n", passed, failed);
	return failed || !planned ? EXIT_FAILURE : EXIT_SUCCESS;
}
