// SPDX-License-Identifier: GPL-2.0
/*
 * Counts of all processes of a run, in a file that they share: FUZZ_COUNTS. When
 * FUZZ_DESCS descriptors have been judged each process ends itself.
 *
 * With "counts" as its argument the program prints the file.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static const char * const names[NR_COUNTS] = {
	[COUNT_DESCS] = "descriptors",
	[COUNT_NOPS] = "no-ops",
	[COUNT_UNWRITTEN] = "never written, besides",
	[COUNT_INFLATED] = "inflated",
	[COUNT_DEFLATED] = "deflated",
	[COUNT_REFUSED_LOOKUP] = "refused: no memory to free there",
	[COUNT_REFUSED_PUNCH] = "refused: hole not punched",
	[COUNT_REMAPPED] = "refused: mappings have changed",
	[COUNT_BEGUN] = "slices with more to come",
	[COUNT_REFUSED_BEGUN] = "refused: half way",
	[COUNT_KEPT] = "begun, and gone on with although revoked",
	[COUNT_CHANGED] = "changed while being copied",
	[COUNT_MALFORMED] = "quarantined: malformed",
	[COUNT_OUTSIDE] = "quarantined: outside of RAM",
	[COUNT_GIVEN_TWICE] = "quarantined: given twice",
	[COUNT_NEVER_GIVEN] = "quarantined: never given",
	[COUNT_BAD_INDEX] = "quarantined: index",
	[COUNT_DENIED] = "claims denied",
	[COUNT_NO_MEMORY] = "put off for lack of memory",
	[COUNT_HOLES] = "holes",
	[COUNT_SECTIONS] = "sections",
	[COUNT_INPUTS] = "inputs",
};

static u64 here[NR_COUNTS];
static u64 *shared;
static u64 goal;

/**
 * count() - one more
 * @what: of these
 */
void count(enum count what)
{
	here[what]++;
}

/**
 * count_init() - open the counts, or print them and exit
 * @argc: of main()
 * @argv: of main()
 */
void count_init(int argc, char **argv)
{
	const char *file = getenv("FUZZ_COUNTS"), *descs = getenv("FUZZ_DESCS");
	unsigned int i;
	int fd;

	if (!file)
		return;
	fd = open(file, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || ftruncate(fd, sizeof(here)))
		goto fail;
	shared = mmap(NULL, sizeof(here), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		goto fail;
	close(fd);
	goal = descs ? strtoull(descs, NULL, 0) : 0;
	if (argc > 1 && !strcmp(argv[1], "counts")) {
		for (i = 0; i < NR_COUNTS; i++)
			printf("%llu %s\n", shared[i], names[i]);
		exit(EXIT_SUCCESS);
	}
	return;
fail:
	perror(file);
	exit(EXIT_FAILURE);
}

/** count_input() - an input is done with: add up, end if that was enough */
void count_input(void)
{
	static bool ended;
	unsigned int i;

	here[COUNT_INPUTS]++;
	if (!shared || here[COUNT_INPUTS] % 64)
		return;
	for (i = 0; i < NR_COUNTS; i++) {
		__atomic_fetch_add(&shared[i], here[i], __ATOMIC_RELAXED);
		here[i] = 0;
	}
	if (goal && !ended && __atomic_load_n(&shared[COUNT_DESCS], __ATOMIC_RELAXED) >= goal) {
		/* libFuzzer then ends in good order, with status 0. */
		ended = true;
		raise(SIGUSR1);
	}
}
