// SPDX-License-Identifier: GPL-2.0
/*
 * Which VM gives for which, without any heat.
 *
 * The host has a budget: what VMs hold together, so that it keeps its reserve available. The
 * budget grows when less than the reserve is available and shrinks when there is a quarter of
 * the reserve more; in between it stands still, and a step aims at the middle. Memory moves from
 * VM to VM within it:
 *
 *	- Nobody is given to who is not short. A guest's own statistics say so, which are
 *	  hints: they are believed for a time, and after that only if the measured working set
 *	  fills what the VM has.
 *	- Who gives is decided by what is measured, never by what the guest says: a VM
 *	  gives what it does not use beyond a margin, and nothing before it is measured.
 *	- Who gives how much is aero_apportion()'s answer for the whole budget, by shares and with
 *	  idle memory taxed (Waldspurger, "Memory Resource Management in VMware ESX Server", OSDI
 *	  2002, sections 5 and 6). Where what is idle does not suffice, what is in use is divided
 *	  likewise, by those who do not suffer first, and by shares alone where all do. So a VM at
 *	  its minimum has a way back: it has less for its shares than others.
 *	- The givers' balloons grow first. Targets fall only by what has come in
 *	  beyond the budget: no VM is promised what is not there.
 *
 * Against swinging: a VM is asked for and is given a quarter of its size at once at most; what
 * is in use moves only for a difference of more than a sixteenth of the giver's size; who was
 * given to rests before he gives, twice as long when that turned soon; and while nobody is short
 * and the budget stands, nothing moves at all.
 */
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "balance.h"

#define AERO_BALANCE_MARGIN_DIV	16	/* of its size: idle memory that a VM is left */
#define AERO_BALANCE_STEP_DIV	32	/* of its size, per second */
#define AERO_BALANCE_BAND_DIV	16	/* of its size */
#define AERO_BALANCE_AHEAD	8	/* steps that may be under way */
#define AERO_BALANCE_BEHIND_MS	10000U	/* a balloon that does not grow for so long will not */
#define AERO_BALANCE_CRUMB_DIV	1024	/* of its size, in that time */
#define AERO_BALANCE_REST_MS	15000U
#define AERO_BALANCE_REST_MAX	480000U
#define AERO_BALANCE_REPAY	8	/* credit comes back so many times slower */
#define AERO_BALANCE_LONGEST_MS	2000U	/* of a step: a late one is no reason for a large one */

#define AERO_BUDGET_BAND_DIV	4	/* of the reserve */
#define AERO_BUDGET_STEP_DIV	16	/* of all that VMs could hold, per second */
#define AERO_BUDGET_CALM_MS	60000U
#define AERO_BUDGET_WANTED_MS	5000U
#define AERO_BUDGET_LEAST	512ULL	/* pages that are worth a step */

static u32 aero_balance_more_ms(u32 ms, u32 more)
{
	return min_t(u64, (u64)ms + more, U32_MAX);
}

static u32 aero_balance_less_ms(u32 ms, u32 less)
{
	return ms - min(ms, less);
}

/* Pages for a step of so long a time, of so many per second. */
static u64 aero_balance_pace(u64 pages, u32 elapsed_ms)
{
	return max(div_u64(pages * min(elapsed_ms, AERO_BALANCE_LONGEST_MS), 1000), 1ULL);
}

/* @pages * @of / @all, at most @of. */
static u64 aero_balance_part(u64 pages, u64 of, u64 all)
{
	unsigned int shift = 0;

	if (pages >= all)
		return of;
	/* 32 bits each, so that the product fits; what is lost is less than a page of each 2^32. */
	while (all >> shift > U32_MAX)
		shift++;
	return min(div64_u64((pages >> shift) * (of >> shift), all >> shift) << shift, of);
}

static u64 aero_balance_most(const struct aero_balance_vm *vm)
{
	return min(vm->share.limit, vm->share.size);
}

/* Less than this is no growth: who comes page by page could keep others waiting for ever. */
static u64 aero_balance_crumb(const struct aero_balance_vm *vm)
{
	return max(vm->share.size / AERO_BALANCE_CRUMB_DIV, 1ULL);
}

/* Its balloon has not followed for long, and will not. */
static bool aero_balance_stuck(const struct aero_balance_vm *vm)
{
	return vm->past.behind_ms >= AERO_BALANCE_BEHIND_MS;
}

/* What a VM will hold soon, asked for @target. */
static u64 aero_balance_soon(const struct aero_balance_vm *vm, u64 target)
{
	return aero_balance_stuck(vm) ? min(target, vm->balloon) : target;
}

/* What it holds and will not be told to give up. */
static u64 aero_balance_there(const struct aero_balance_vm *vm)
{
	return min(vm->balloon, vm->target);
}

/* Does the measure bear out that a VM is short: does it use about all that it has? */
static bool aero_balance_filled(const struct aero_balance_vm *vm)
{
	u64 has = vm->share.size - min(vm->balloon, vm->share.size);

	return vm->known && has <= vm->used + 2 * (vm->share.size / AERO_BALANCE_MARGIN_DIV);
}

static void aero_balance_believe(struct aero_balance_vm *vm, u32 elapsed_ms,
				 const struct aero_balance_params *params)
{
	struct aero_balance_past *past = &vm->past;

	vm->is_short = max(vm->pressure, vm->strain) >= params->short_permille;
	if (!vm->is_short) {
		past->credit_ms = aero_balance_less_ms(past->credit_ms,
						       elapsed_ms / AERO_BALANCE_REPAY);
		return;
	}
	if (aero_balance_filled(vm)) {
		past->credit_ms = 0;
		return;
	}
	past->credit_ms = min(aero_balance_more_ms(past->credit_ms, elapsed_ms),
			      params->credit_ms);
	if (past->credit_ms == params->credit_ms)
		vm->is_short = false;
}

static u64 aero_balance_easy(const struct aero_balance_vm *vm)
{
	u64 size = vm->share.size, needs = vm->used + size / AERO_BALANCE_MARGIN_DIV;
	u64 easy = vm->known ? size - min(needs, size) : aero_balance_there(vm);

	/* One that is short has nothing that it would not miss. */
	if (vm->is_short)
		easy = 0;
	else if (aero_balance_stuck(vm))
		easy = min(easy, aero_balance_there(vm));
	return clamp(easy, min(vm->share.least, aero_balance_most(vm)), aero_balance_most(vm));
}

/**
 * aero_balance_judge() - who is short, and who could give
 * @vms: the VMs; is_short, easy and the times in past are brought up to date
 * @nr: number of @vms
 * @elapsed_ms: since the last step, milliseconds
 * @params: policy
 *
 * The first half of a step, whose results the budget needs.
 *
 * Context: any; pure. The caller serialises calls for one host.
 */
void aero_balance_judge(struct aero_balance_vm *vms, unsigned int nr, u32 elapsed_ms,
			const struct aero_balance_params *params)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct aero_balance_vm *vm = &vms[i];
		struct aero_balance_past *past = &vm->past;

		past->balloon = min(past->balloon, vm->balloon);
		if (vm->target > vm->balloon &&
		    vm->balloon - past->balloon < aero_balance_crumb(vm)) {
			past->behind_ms = aero_balance_more_ms(past->behind_ms, elapsed_ms);
		} else {
			past->behind_ms = 0;
			past->balloon = vm->balloon;
		}
		past->rest_ms = aero_balance_less_ms(past->rest_ms, elapsed_ms);
		past->still_ms = aero_balance_more_ms(past->still_ms, elapsed_ms);
		aero_balance_believe(vm, elapsed_ms, params);
		vm->easy = aero_balance_easy(vm);
	}
}

/**
 * aero_balance_held() - what VMs hold and will not be told to give up
 * @vms: the VMs
 * @nr: number of @vms
 *
 * Context: any; pure.
 * Return: pages.
 */
u64 aero_balance_held(const struct aero_balance_vm *vms, unsigned int nr)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < nr; i++)
		sum += aero_balance_there(&vms[i]);
	return sum;
}

/**
 * aero_balance_coming() - what has been asked for and will come
 * @vms: the VMs, judged
 * @nr: number of @vms
 *
 * Context: any; pure.
 * Return: pages.
 */
u64 aero_balance_coming(const struct aero_balance_vm *vms, unsigned int nr)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < nr; i++)
		sum += aero_balance_soon(&vms[i], vms[i].target) - aero_balance_there(&vms[i]);
	return sum;
}

/**
 * aero_budget_step() - how much VMs shall hold for the host's sake
 * @budget: state
 * @input: the host
 *
 * Blocks that are offline come back before VMs give. More than what VMs can spare is
 * asked for only when less than half of the reserve is available.
 *
 * Context: any; pure. The caller serialises calls for one @budget.
 */
void aero_budget_step(struct aero_budget *budget, const struct aero_budget_input *input)
{
	u64 band = input->reserve / AERO_BUDGET_BAND_DIV, top = input->reserve + band;
	u64 step = aero_balance_pace(input->most / AERO_BUDGET_STEP_DIV, input->elapsed_ms);
	u64 lack, most, spare;
	u32 calm;

	/* Others need not make up for a VM that has gone, unless the host lacks memory. */
	if (input->available >= input->reserve)
		budget->pages = min(budget->pages, input->held + input->coming);

	if (input->available < input->reserve) {
		budget->calm_ms = 0;
		if (input->offline)
			return;
		lack = input->reserve + band / 2 - input->available;
		lack -= min(lack, input->coming);
		most = input->available < input->reserve / 2 ? input->most : input->easy;
		budget->pages = max(budget->pages, min(budget->pages + min(lack, step), most));
	} else if (input->available > top && budget->pages) {
		budget->calm_ms = aero_balance_more_ms(budget->calm_ms, input->elapsed_ms);
		calm = input->wanted ? AERO_BUDGET_WANTED_MS : AERO_BUDGET_CALM_MS;
		if (budget->calm_ms >= calm) {
			/* Half: VMs may not have used yet what went back before. */
			spare = max((input->available - top) / 2, AERO_BUDGET_LEAST);
			budget->pages -= min(budget->pages, spare);
			budget->calm_ms = 0;
		}
	} else {
		budget->calm_ms = 0;
	}
	budget->pages = min(budget->pages, input->most);
}

/* What each VM would hold of @total; the VMs' order is that of their index. */
static void aero_balance_ideal(struct aero_balance_vm *vms, struct aero_share *shares,
			       unsigned int nr, u64 total, u32 idle_tax)
{
	const struct aero_apportion_params params = { .idle_tax = idle_tax };
	unsigned int i;
	u64 easy = 0;

	for (i = 0; i < nr; i++)
		easy += vms[i].easy;
	for (i = 0; i < nr; i++) {
		struct aero_balance_vm *vm = &vms[i];
		u64 used = min(vm->used, vm->share.size);

		shares[i] = vm->share;
		shares[i].index = i;
		shares[i].pressed = vm->is_short;
		shares[i].idle = vm->known && !vm->is_short && vm->share.size ?
				 1000 - div64_u64(used * 1000, vm->share.size) : 0;
		/* Who is not measured, or cannot give, is not taken from, but may be given to. */
		if (!vm->known || aero_balance_stuck(vm))
			shares[i].limit = max(aero_balance_there(vm), vm->share.least);
		else if (total <= easy)
			shares[i].limit = max(vm->easy, vm->share.least);
		else
			shares[i].least = vm->easy;
	}
	aero_apportion(shares, nr, total, &params);
	for (i = 0; i < nr; i++)
		vms[shares[i].index].ideal = shares[i].take;
}

static u64 aero_balance_step_pages(const struct aero_balance_vm *vm, u32 elapsed_ms)
{
	return aero_balance_pace(vm->share.size / AERO_BALANCE_STEP_DIV, elapsed_ms);
}

/* Pages that a VM shall get now: as long as it suffers at this moment. */
static u64 aero_balance_wish(const struct aero_balance_vm *vm, u32 elapsed_ms,
			     const struct aero_balance_params *params)
{
	if (!vm->is_short || vm->strain < params->short_permille || vm->ideal >= vm->goal)
		return 0;
	return min(aero_balance_step_pages(vm, elapsed_ms) * AERO_BALANCE_AHEAD,
		   vm->goal - vm->ideal);
}

/* Pages that a VM can be asked for now, for the host's sake or for others'. */
static u64 aero_balance_offer(const struct aero_balance_vm *vm, u32 elapsed_ms, bool lack)
{
	u64 gap = vm->ideal - min(vm->ideal, vm->goal), step;

	if (!vm->known || aero_balance_stuck(vm))
		return 0;
	step = aero_balance_step_pages(vm, elapsed_ms) * AERO_BALANCE_AHEAD;
	if (lack)
		return min(gap, step);
	/* What is in use is not worth a small difference. */
	if (vm->past.rest_ms || (vm->ideal > vm->easy &&
				 gap <= vm->share.size / AERO_BALANCE_BAND_DIV))
		return 0;
	return min(gap, step);
}

static void aero_balance_take(struct aero_balance_vm *vms, unsigned int nr, u64 pages, bool lack,
			      u32 elapsed_ms)
{
	unsigned int i;
	u64 all = 0;

	for (i = 0; i < nr; i++)
		all += aero_balance_offer(&vms[i], elapsed_ms, lack);
	if (!all)
		return;
	for (i = 0; i < nr; i++) {
		u64 offer = aero_balance_offer(&vms[i], elapsed_ms, lack);

		if (!offer)
			continue;
		/* Not page by page. */
		offer = min(max(aero_balance_part(pages, offer, all), AERO_BUDGET_LEAST), offer);
		vms[i].goal += offer;
		vms[i].past.gave = true;
		vms[i].past.still_ms = 0;
	}
}

static void aero_balance_given(struct aero_balance_past *past)
{
	if (past->gave) {
		/* It turned: soon after the last rest, or at leisure. */
		if (past->wait_ms && past->still_ms < 2 * past->wait_ms)
			past->wait_ms = min(2 * past->wait_ms, AERO_BALANCE_REST_MAX);
		else
			past->wait_ms = AERO_BALANCE_REST_MS;
	}
	past->gave = false;
	past->rest_ms = past->wait_ms ?: AERO_BALANCE_REST_MS;
	past->still_ms = 0;
}

/* Give those who are short what has come in. */
static void aero_balance_give(struct aero_balance_vm *vms, unsigned int nr, u64 pages,
			      u32 elapsed_ms, const struct aero_balance_params *params)
{
	unsigned int i;
	u64 all = 0;

	for (i = 0; i < nr; i++)
		all += aero_balance_wish(&vms[i], elapsed_ms, params);
	if (!all)
		return;
	for (i = 0; i < nr; i++) {
		u64 wish = aero_balance_wish(&vms[i], elapsed_ms, params);

		wish = aero_balance_part(min(pages, all), wish, all);
		if (!wish)
			continue;
		vms[i].goal -= wish;
		aero_balance_given(&vms[i].past);
	}
}

/* The budget has shrunk, or nobody wants any more what was asked for: it goes back. */
static void aero_balance_return(struct aero_balance_vm *vms, unsigned int nr, u64 pages)
{
	unsigned int i;
	u64 all = 0;

	for (i = 0; i < nr; i++)
		all += vms[i].goal - min(vms[i].goal, vms[i].ideal);
	if (!all)
		return;
	for (i = 0; i < nr; i++) {
		u64 gap = vms[i].goal - min(vms[i].goal, vms[i].ideal);

		vms[i].goal -= aero_balance_part(min(pages, all), gap, all);
	}
}

/**
 * aero_balance_move() - what each VM shall be asked for now
 * @vms: the VMs, judged; ideal, goal and past are results
 * @shares: room for as many; contents do not matter
 * @nr: number of @vms, at most AERO_APPORTION_MAX_VMS
 * @total: pages that they shall hold together
 * @elapsed_ms: since the last step, milliseconds
 * @params: policy
 *
 * The second half of a step, see the head of this file. O(n log n).
 *
 * Context: any; pure. The caller serialises calls for one host.
 */
void aero_balance_move(struct aero_balance_vm *vms, struct aero_share *shares, unsigned int nr,
		       u64 total, u32 elapsed_ms, const struct aero_balance_params *params)
{
	u64 asked = 0, there = 0, wishes = 0, spare;
	bool wanted = false;
	unsigned int i;

	aero_balance_ideal(vms, shares, nr, total, params->idle_tax);
	for (i = 0; i < nr; i++) {
		/* Bounds hold at once: a minimum, a limit, a VM that is left alone. */
		vms[i].goal = clamp(vms[i].target, min(vms[i].share.least,
						       aero_balance_most(&vms[i])),
				    aero_balance_most(&vms[i]));
		wanted |= aero_balance_wish(&vms[i], elapsed_ms, params);
		there += min(aero_balance_there(&vms[i]), vms[i].goal);
	}
	spare = there - min(there, total);
	aero_balance_give(vms, nr, spare, elapsed_ms, params);
	/* While that is on its way, what is wished for beyond it. */
	for (i = 0; i < nr; i++) {
		wishes += aero_balance_wish(&vms[i], elapsed_ms, params);
		asked += aero_balance_soon(&vms[i], vms[i].goal);
	}
	if (asked < total + wishes)
		aero_balance_take(vms, nr, total + wishes - asked, asked < total, elapsed_ms);
	else if (!wanted)
		aero_balance_return(vms, nr, spare);
}

#ifdef CONFIG_AEROSTAT_KUNIT_TEST
#include "tests/balance-kunit.c"
#endif
