/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two threads that race as a guest and a host do: rounds that both begin at the
 * same instant, and results as TAP. Included once per program.
 */
#ifndef AEROSTAT_SELFTESTS_RACE_H
#define AEROSTAT_SELFTESTS_RACE_H

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include <linux/types.h>

#ifdef SHIM_NO_FENCES
int shim_fence;
#endif

static unsigned int race_failures, race_cases;

static inline void report(bool ok, const char *what)
{
	race_cases++;
	race_failures += !ok;
	printf("%s %u - %s\n", ok ? "ok" : "not ok", race_cases, what);
}

static inline int report_end(void)
{
	printf("# %u passed, %u failed\n", race_cases - race_failures, race_failures);
	return !!race_failures;
}

static inline void dawdle(u32 n)
{
	for (; n; n--)
		__asm__ volatile("" ::: "memory");
}

/*
 * One move of each side per round, at the same instant, very often. The side that
 * calls race_round() waits a little longer before its move whenever it came first,
 * and a little less whenever the other did: so they meet.
 */
struct race {
	u32 rounds;
	bool (*other)(u32 round);	/* the other side's move */
	pthread_t thread;
	u32 on, done, delay;
	bool result;
};

static inline void race_wait(const u32 *word, u32 value)
{
	unsigned int patience = 10000;

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		if (!--patience) {
			sched_yield();
			patience = 10000;
		}
}

static inline void *race_main(void *arg)
{
	struct race *race = arg;
	u32 i;

	for (i = 1; i <= race->rounds; i++) {
		race_wait(&race->on, i);
		race->result = race->other(i);
		__atomic_store_n(&race->done, i, __ATOMIC_RELEASE);
	}
	return NULL;
}

static inline bool race_start(struct race *race)
{
	return !pthread_create(&race->thread, NULL, race_main, race);
}

/* Begin a round: the caller's own move comes next. */
static inline void race_round(struct race *race, u32 round)
{
	__atomic_store_n(&race->on, round, __ATOMIC_RELEASE);
	dawdle(race->delay + round % 64);
}

/* Both have moved: the other side's result. */
static inline bool race_result(struct race *race, u32 round)
{
	race_wait(&race->done, round);
	return race->result;
}

static inline void race_came_first(struct race *race, bool caller)
{
	if (!caller)
		race->delay -= !!race->delay;
	else
		race->delay += race->delay < 65536;
}

#endif
