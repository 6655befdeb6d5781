// SPDX-License-Identifier: GPL-2.0
/*
 * Many open channels.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"

#define OPENS	10000

/* Open as many as there may be. Return: how many; errno says why no more. */
static int open_all(void)
{
	struct rlimit limit;
	int count = 0, fd;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	while ((fd = open("/dev/aerostat", O_RDWR)) >= 0 && count < OPENS)
		count++;
	return count;
}

/**
 * case_opens() - ten thousand opens, by as many at once as the limit of descriptors allows
 */
void case_opens(void)
{
	int count, most = 0, opened = 0, fd;

	while (opened < OPENS) {
		count = open_all();
		if (!expect(count > 0 && (count == OPENS || errno == EMFILE), "%d opens", count))
			return;
		most = count > most ? count : most;
		opened += count;
		for (fd = 3; fd < count + 100; fd++)
			close(fd);
	}
	printf("# %d opens, %d at once\n", opened, most);
}

/**
 * case_hold() - open until something ends it, say how many, hold them until stdin ends
 */
void case_hold(void)
{
	int count = open_all(), error = errno, fd;
	char byte;

	/* Leave room in the cgroup, lest the OOM killer comes for what printf() needs. */
	for (fd = 16; fd < 32; fd++)
		close(fd);
	printf("%d %s\n", count, error == ENOMEM ? "ENOMEM" : error == EMFILE ? "EMFILE" : "other");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}
