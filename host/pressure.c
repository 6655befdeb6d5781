// SPDX-License-Identifier: GPL-2.0
/*
 * How much a guest suffers from lack of memory.
 *
 * One number from 0 (at ease) to 1000 (suffering), the smoothed sum, cut at 1000, of
 *
 *	thrashing   pages read back that had been in memory: 1000 when one percent
 *	            of the VM's size is read back per second
 *	stalls      allocations that reclaimed for themselves: 5 for each per
 *	            second, up to 500
 *	shortage    what is available falls short of a sixteenth of the size:
 *	            500 when nothing is available
 *
 * and 1000 at once when the guest had to take pages back before its OOM killer
 * ran. Refaults, swap-ins and major faults are three views of the same reads (a
 * swapped page that is wanted again counts in all three), hence the greatest of
 * them counts, not their sum.
 *
 * The guest supplies the numbers and may lie: whatever they are, the result is
 * in range. Counters that go backwards (a reboot) count as standing still.
 */
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "pressure.h"

#define AERO_PRESSURE_MAX		1000U
#define AERO_PRESSURE_SHIFT		10	/* fraction bits of the average */
#define AERO_PRESSURE_TIME_MS		5000U	/* time constant of the average */
#define AERO_PRESSURE_PER_STALL		5	/* for one stall per second */
#define AERO_PRESSURE_HALF		500U	/* most that stalls or shortage add */
#define AERO_PRESSURE_MAX_PAGES		BIT_ULL(40)

static u64 aero_grown(u64 now, u64 before)
{
	return now > before ? now - before : 0;
}

/* One percent of the size per second is 1000. */
static u32 aero_thrashing(u64 reads, u64 size, u32 ms)
{
	u64 full = div_u64(size * ms, 100 * 1000);

	if (reads >= full)
		return reads ? AERO_PRESSURE_MAX : 0;
	return div64_u64(reads * AERO_PRESSURE_MAX, full);
}

static u32 aero_stalls(u64 stalls, u32 ms)
{
	stalls = min_t(u64, stalls, U32_MAX);
	return min_t(u64, div_u64(stalls * 1000 * AERO_PRESSURE_PER_STALL, ms), AERO_PRESSURE_HALF);
}

static u32 aero_shortage(u64 available, u64 size)
{
	u64 margin = size / 16;

	if (available >= margin)
		return 0;
	return div64_u64((margin - available) * AERO_PRESSURE_HALF, margin);
}

/**
 * aero_pressure_step() - take one sample of a guest's statistics
 * @pressure: state; zeroed before the first step, and when the guest is a new one
 * @sample: the guest's statistics
 * @elapsed_ms: time since the last step, milliseconds; with 0 nothing happens
 *	unless it is the first
 *
 * The average is exponential, average += (now - average) * t / (T + t) with T of
 * 5 s: the implicit form, which stays in range for any t. The first sample, and
 * one after more than a minute, knows no rates; it counts for its shortage alone.
 *
 * Context: any; pure. The caller serialises calls for one @pressure.
 * Return: pressure, 0 to 1000 permille.
 */
u32 aero_pressure_step(struct aero_pressure *pressure,
		       const struct aero_pressure_sample *sample, u64 elapsed_ms)
{
	const struct aero_pressure_sample *last = &pressure->last;
	u64 size = min(sample->size, AERO_PRESSURE_MAX_PAGES);
	u32 ms = min_t(u64, elapsed_ms, AERO_PRESSURE_LONGEST_MS);
	u32 now = aero_shortage(sample->available, size);
	u64 reads;
	s64 gap;

	if (!pressure->primed || elapsed_ms > AERO_PRESSURE_LONGEST_MS) {
		pressure->average = now << AERO_PRESSURE_SHIFT;
	} else if (!ms) {
		return aero_pressure_permille(pressure);
	} else if (sample->oom > last->oom) {
		now = AERO_PRESSURE_MAX;
		pressure->average = now << AERO_PRESSURE_SHIFT;
	} else {
		reads = max3(aero_grown(sample->refaults, last->refaults),
			     aero_grown(sample->swap_ins, last->swap_ins),
			     aero_grown(sample->major_faults, last->major_faults));
		now += aero_thrashing(reads, size, ms);
		now += aero_stalls(aero_grown(sample->alloc_stalls, last->alloc_stalls), ms);
		now = min(now, AERO_PRESSURE_MAX);
		gap = ((s64)now << AERO_PRESSURE_SHIFT) - pressure->average;
		pressure->average += div_s64(gap * ms, AERO_PRESSURE_TIME_MS + ms);
	}

	pressure->last = *sample;
	pressure->now = now;
	pressure->primed = true;
	return aero_pressure_permille(pressure);
}

/**
 * aero_pressure_permille() - the present pressure
 * @pressure: state
 *
 * Context: any; pure.
 * Return: 0 to 1000 permille, rounded to the nearest.
 */
u32 aero_pressure_permille(const struct aero_pressure *pressure)
{
	return (pressure->average + (1U << (AERO_PRESSURE_SHIFT - 1))) >> AERO_PRESSURE_SHIFT;
}

/**
 * aero_pressed() - does a VM count as pressed?
 * @was_pressed: the last answer for it
 * @permille: its pressure
 *
 * A pressed VM gets its memory back before others, which ends the pressure; the
 * gap between the two thresholds keeps it from being taken again at once.
 *
 * Context: any; pure.
 * Return: true if it is pressed.
 */
bool aero_pressed(bool was_pressed, u32 permille)
{
	return permille >= (was_pressed ? AERO_PRESSED_OFF : AERO_PRESSED_ON);
}

/**
 * aero_idle_permille() - part of a VM that is idle
 * @size: pages of the VM
 * @available: pages that the guest could use without swapping
 * @balloon: pages that its balloon holds
 *
 * The balloon is idle memory too. Were it left out, a VM would look the busier,
 * the more of its idle memory is taken, and get it back for that.
 *
 * Context: any; pure. Tolerates any values.
 * Return: 0 to 1000 permille of @size, rounded down.
 */
u32 aero_idle_permille(u64 size, u64 available, u64 balloon)
{
	u64 idle;

	size = min(size, AERO_PRESSURE_MAX_PAGES);
	if (!size)
		return 0;
	idle = min(available, size);
	idle += min(balloon, size - idle);
	return div64_u64(idle * 1000, size);
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/pressure-kunit.c"
#endif
