// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the cases, each in a process of its own, and reports as TAP 13. A name as
 * an argument runs only that.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define CASE_SECONDS	180

enum { CASE_OK = 0, CASE_FAILED = 1, CASE_SKIPPED = 2 };

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
#define CASE(name) { #name, case_##name },
#include "cases.h"
#undef CASE
};

#define NR_CASES (sizeof(cases) / sizeof(*cases))

/* Return: CASE_* */
static int run(size_t i)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return CASE_FAILED;
	if (!pid) {
		setpgid(0, 0);
		alarm(CASE_SECONDS);
		signal(SIGPIPE, SIG_IGN);
		cases[i].run();
		if (check_skipped() && !check_failed())
			printf("# SKIP %s\n", check_skipped());
		fflush(stdout);
		_exit(check_failed() ? CASE_FAILED : check_skipped() ? CASE_SKIPPED : CASE_OK);
	}
	setpgid(pid, pid);
	if (waitpid(pid, &status, 0) != pid)
		return CASE_FAILED;
	/* What a case that failed has left. */
	kill(-pid, SIGKILL);
	if (WIFSIGNALED(status)) {
		printf("# %s: %s\n", cases[i].name, WTERMSIG(status) == SIGALRM ?
		       "takes too long" : strsignal(WTERMSIG(status)));
		return CASE_FAILED;
	}
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	unsigned int passed = 0, failed = 0, skipped = 0, planned = 0;
	const char *only = argc > 1 ? argv[1] : NULL;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!daemon_install(argv[0])) {
		daemon_uninstall();
		return EXIT_FAILURE;
	}
	for (i = 0; i < NR_CASES; i++)
		planned += !only || !strcmp(only, cases[i].name);
	printf("TAP version 13\n1..%u\n", planned);
	for (i = 0; i < NR_CASES; i++) {
		int result;

		if (only && strcmp(only, cases[i].name))
			continue;
		result = run(i);
		if (result == CASE_OK)
			passed++;
		else if (result == CASE_SKIPPED)
			skipped++;
		else
			failed++;
		printf("%s %u - aerostatd.%s%s\n",
		       result == CASE_OK || result == CASE_SKIPPED ? "ok" : "not ok",
		       passed + failed + skipped, cases[i].name,
		       result == CASE_SKIPPED ? " # SKIP" : "");
	}
	daemon_uninstall();
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !planned ? EXIT_FAILURE : EXIT_SUCCESS;
}
