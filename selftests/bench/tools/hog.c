// SPDX-License-Identifier: GPL-2.0
/*
 * hog: uses memory, in one of seven ways, or the processor; see usage().
 *
 * Sizes are MiB of private anonymous memory, in pages of 4 KiB.  Status 0: done, 1: verify or watch found a wrong
 * byte, 2: wrong usage, 3: no memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define WORDS (PAGE / sizeof(uint64_t))

static void usage(void)
{
	fputs("usage: hog touch MIB [random] write to every page (in random order), exit\n"
	      "       hog hold MIB           the same, print \"ready\", keep it until killed\n"
	      "       hog comb MIB [random]  the same, but lets every second page go again, one after the other or in\n"
	      "                              random order, before it is \"ready\"\n"
	      "       hog busy MIB [random]  the same, then write to a page after the other (or in random order) until\n"
	      "                              killed; each second: touched pages in it, pages in all, worst pause in us\n"
	      "       hog turn MIB SECONDS   for so long, compute a little and write to random pages, again and again;\n"
	      "                              prints how often, how many millionths of the time that would have taken\n"
	      "                              with nothing but the computing, undisturbed, and exits\n"
	      "       hog verify MIB SEED    fill with what SEED gives, print \"ready\", compare for ever; prints the\n"
	      "                              first wrong byte's offset and exits with status 1\n"
	      "       hog watch MIB SEED     the same, once a second and on SIGUSR1; keeps \"PID PASSES\" in\n"
	      "                              /tmp/watch, and tells the kernel's log of a wrong byte, and at\n"
	      "                              powers of two of PASSES\n"
	      "       hog pace SECONDS [N]   do the same piece of work again and again, N steps of it (or as many as take\n"
	      "                              5 ms); prints N, how often, the median and the 99th percentile of the\n"
	      "                              microseconds that it took, and the latter of those that it waited for a CPU\n",
	      stderr);
	exit(2);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		usage();
	return n;
}

/* splitmix64: the @n-th number of a sequence, without the ones before. */
static uint64_t mix(uint64_t n)
{
	n *= 0x9e3779b97f4a7c15;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
	n = (n ^ n >> 27) * 0x94d049bb133111eb;
	return n ^ n >> 31;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t now_us(void)
{
	return now_ns() / 1000;
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void touch(char *base, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		*(volatile uint64_t *)(base + i * PAGE) = i + 1;
}

/* The numbers below @n, shuffled. */
static uint32_t *shuffled(unsigned long n)
{
	uint32_t *order = malloc(n * sizeof(*order));

	if (!order)
		exit(3);
	for (unsigned long i = 0; i < n; i++) {
		unsigned long other = mix(i) % (i + 1);

		order[i] = order[other];
		order[other] = i;
	}
	return order;
}

static void touch_random(char *base, unsigned long pages)
{
	uint32_t *order = shuffled(pages);

	for (unsigned long i = 0; i < pages; i++)
		*(volatile uint64_t *)(base + order[i] * PAGE) = i + 1;
	free(order);
}

/* What is free afterwards are single pages, no two of them neighbours. */
static void comb(char *base, unsigned long pages, int random)
{
	uint32_t *order = random ? shuffled(pages / 2) : NULL;

	for (unsigned long i = 0; i < pages / 2; i++)
		madvise(base + 2 * (random ? order[i] : i) * PAGE, PAGE, MADV_DONTNEED);
	free(order);
}

static void busy(char *base, unsigned long pages, int random)
{
	uint64_t start = now_us(), last = start, total = 0, second = 0, worst = 0;

	for (uint64_t n = 0;; n++) {
		unsigned long page = random ? mix(n) % pages : n % pages;
		uint64_t now;

		++*(volatile uint64_t *)(base + page * PAGE);
		now = now_us();
		if (now - last > worst)
			worst = now - last;
		last = now;
		second++;
		if (now - start < 1000000)
			continue;
		total += second;
		printf("%llu %llu %llu\n", (unsigned long long)second, (unsigned long long)total,
		       (unsigned long long)worst);
		fflush(stdout);
		second = worst = 0;
		start = last = now_us();
	}
}

static void fill(char *base, unsigned long pages, uint64_t seed)
{
	uint64_t *words = (uint64_t *)base;

	for (uint64_t i = 0; i < pages * WORDS; i++)
		words[i] = mix(seed + i);
}

/* One look at all of it.  What is wrong goes to @out, and is the end. */
static void compare(char *base, unsigned long pages, uint64_t seed, FILE *out)
{
	uint64_t *words = (uint64_t *)base;

	for (uint64_t i = 0; i < pages * WORDS; i++) {
		uint64_t right = mix(seed + i), is = *(volatile uint64_t *)(words + i);

		if (is == right)
			continue;
		fprintf(out, "%sBUG: hog: wrong byte at offset 0x%llx (address %p): word is %016llx, should be %016llx\n",
			out == stdout ? "" : "<2>",
			(unsigned long long)(i * sizeof(is) + __builtin_ctzll(is ^ right) / 8), (void *)(words + i),
			(unsigned long long)is, (unsigned long long)right);
		fflush(out);
		exit(1);
	}
}

/* What is tested beside it comes first. */
static void verify(char *base, unsigned long pages, uint64_t seed)
{
	fill(base, pages, seed);
	ready();
	if (sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ })) {
		perror("hog: SCHED_IDLE");
		exit(3);
	}
	for (;;)
		compare(base, pages, seed, stdout);
}

static void wake(int signal)
{
	(void)signal;
}

static void watch(char *base, unsigned long pages, uint64_t seed)
{
	int report = open("/tmp/watch", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	FILE *kmsg = fopen("/dev/kmsg", "we");

	if (report < 0 || !kmsg) {
		perror("hog: /tmp/watch, /dev/kmsg");
		exit(3);
	}
	signal(SIGUSR1, wake);
	fill(base, pages, seed);
	for (unsigned long passes = 1;; passes++) {
		char line[48];

		compare(base, pages, seed, kmsg);
		snprintf(line, sizeof(line), "%d %lu\n", getpid(), passes);
		if (pwrite(report, line, strlen(line), 0) < 0)
			exit(3);
		/* On the console now and then, for who cannot read the file. */
		if (!(passes & (passes - 1))) {
			fprintf(kmsg, "<2>hog: %lu passes\n", passes);
			fflush(kmsg);
		}
		sleep(1);
	}
}

/* Some milliseconds, so that the timer's interrupts are in each. */
#define PACE_US 5000
#define PACE_MAX 200000UL

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static volatile uint64_t sink;

/* Returns how long it took, in nanoseconds. */
static uint64_t work(unsigned long steps)
{
	uint64_t began = now_ns(), n = 1;

	while (steps--)
		n = mix(n);
	/* Or the compiler has nothing to compute. */
	sink = n;
	return now_ns() - began;
}

/* The quickest of some, for any of them may have been disturbed. */
static unsigned long pace_steps(void)
{
	uint64_t best = UINT64_MAX, took;
	const unsigned long some = 20000;

	for (int i = 0; i < 200; i++) {
		took = work(some);
		if (took && took < best)
			best = took;
	}
	return some * PACE_US * 1000 / best;
}

/* Microseconds that this process was ready to run and did not. */
static uint64_t waited_us(int schedstat)
{
	unsigned long long ran, waited;
	char text[80];
	ssize_t len = pread(schedstat, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	if (sscanf(text, "%llu %llu", &ran, &waited) != 2)
		exit(3);
	return waited / 1000;
}

static unsigned long long percentile(const uint64_t *sorted, unsigned long count, unsigned int percent)
{
	return sorted[count * percent / 100];
}

static void pace(unsigned long seconds, unsigned long steps)
{
	uint64_t *took = calloc(PACE_MAX, sizeof(*took)), *waited = calloc(PACE_MAX, sizeof(*waited));
	int schedstat = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);
	uint64_t began, before, now;
	unsigned long count = 0;

	if (!took || !waited || schedstat < 0)
		exit(3);
	if (!steps)
		steps = pace_steps();
	before = waited_us(schedstat);
	for (began = now_us(); count < PACE_MAX && now_us() - began < seconds * 1000000; count++) {
		took[count] = work(steps) / 1000;
		now = waited_us(schedstat);
		waited[count] = now - before;
		before = now;
	}
	qsort(took, count, sizeof(*took), by_value);
	qsort(waited, count, sizeof(*waited), by_value);
	printf("%lu %lu %llu %llu %llu\n", steps, count, percentile(took, count, 50),
	       percentile(took, count, 99), percentile(waited, count, 99));
}

/* One in so many pieces is measured, so many in all at most. */
#define TURN_EVERY 16
#define TURN_MAX (1UL << 20)
#define TURN_STEPS 2000

/*
 * What a server does: some work and some memory for each request, about half of the time each while memory is there.
 * Requests in a second depend on how quick the machine is at the moment; times what their work takes, in the middle of
 * all, they do not.
 */
static void turn(char *base, unsigned long pages, unsigned long seconds)
{
	uint64_t *took = calloc(TURN_MAX, sizeof(*took)), began, now, spent, n = 0, count = 0;

	if (!took)
		exit(3);
	for (now = began = now_ns(); now - began < seconds * 1000000000; n++) {
		spent = work(TURN_STEPS);
		if (n % TURN_EVERY == 0 && count < TURN_MAX)
			took[count++] = spent;
		for (unsigned int i = 0; i < 20; i++)
			++*(volatile uint64_t *)(base + mix(n * 20 + i) % pages * PAGE);
		now = now_ns();
	}
	qsort(took, count, sizeof(*took), by_value);
	printf("%llu %llu\n", (unsigned long long)n,
	       (unsigned long long)((double)n * took[count / 2] * 1e6 / (now - began)));
}

int main(int argc, char **argv)
{
	unsigned long mib, pages;
	const char *how;
	char *base;

	if (argc < 3)
		usage();
	how = argv[1];
	mib = number(argv[2]);
	if (!strcmp(how, "pace") && argc <= 4) {
		pace(mib, argc == 4 ? number(argv[3]) : 0);
		return 0;
	}
	pages = mib << 20 >> 12;
	if (!mib || mib > 1UL << 30 || argc > 4)
		usage();
	if (!strcmp(how, "verify") || !strcmp(how, "watch") || !strcmp(how, "turn") ? argc != 4 :
	    !strcmp(how, "busy") || !strcmp(how, "touch") || !strcmp(how, "comb") ?
	    argc == 4 && strcmp(argv[3], "random") : argc != 3 || strcmp(how, "hold"))
		usage();
	base = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED) {
		perror("hog: mmap");
		return 3;
	}
	if (!strcmp(how, "verify"))
		verify(base, pages, number(argv[3]));
	if (!strcmp(how, "watch"))
		watch(base, pages, number(argv[3]));
	if (!strcmp(how, "turn")) {
		turn(base, pages, number(argv[3]));
		return 0;
	}
	if (!strcmp(how, "comb"))
		madvise(base, pages * PAGE, MADV_NOHUGEPAGE);
	if (!strcmp(how, "touch") && argc == 4)
		touch_random(base, pages);
	else
		touch(base, pages);
	if (!strcmp(how, "touch"))
		return 0;
	if (!strcmp(how, "comb"))
		comb(base, pages, argc == 4);
	ready();
	if (!strcmp(how, "busy"))
		busy(base, pages, argc == 4);
	for (;;)
		pause();
}
