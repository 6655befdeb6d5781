// SPDX-License-Identifier: GPL-2.0
/*
 * How much of its memory a VM uses, measured without asking it.
 *
 * In each period some of its pages are picked at random and unmapped from every page
 * table, by the mapping of the file that they are in; KVM's MMU notifier follows. Who uses
 * one maps it again, and finds it in the page cache. What is mapped at the end of the
 * period is used; estimate.c makes a working set of that. A page that is not in memory,
 * because it is in the balloon or was never touched, is unused without further ado.
 *
 * The folio is what is unmapped and looked at, and a huge one is neither split nor
 * mapped in pieces for it: its use is the use of any page of it. A fault for reading maps
 * up to 16 neighbours, too (fault_around_bytes), so a working set in scattered small
 * pages looks larger than it is.
 *
 * Nothing is done for a VM that nobody asks about, and a section does a few samples only.
 */

#include <linux/folio_batch.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "gpa.h"
#include "host.h"
#include "trace.h"
#include "vm.h"
#include "working_set.h"

/* Samples in one section: to unmap, which flushes TLBs, and to look at; and for how long. */
#define AERO_WS_UNMAPS		16
#define AERO_WS_SECTION_US	2000
#define AERO_WS_LOOKS		64
/* In a period; the last one ends it. */
#define AERO_WS_LOOKS_PERIOD	4
/* Pages that cannot be unmapped, before a VM is given up: so many, or one for each sample. */
#define AERO_WS_TRIES		64U
/* Who has asked will ask again, within so many periods. */
#define AERO_WS_WANTED		2
/* And so old may an estimate be. */
#define AERO_WS_FRESH		2

/**
 * aero_working_set_init() - nobody asks yet
 * @ws: what to initialise, zeroed
 */
void aero_working_set_init(struct aero_working_set *ws)
{
	ws->wanted_until = jiffies;
	ws->estimated_at = jiffies;
	ws->at = jiffies;
}

/**
 * aero_working_set_free() - release what the samples are kept in
 * @ws: of a VM whose work has ended
 */
void aero_working_set_free(struct aero_working_set *ws)
{
	kfree(ws->gfns);
}

static unsigned long aero_ws_period(const struct aero_vm *vm)
{
	return msecs_to_jiffies(READ_ONCE(vm->host->ws_period_ms));
}

static bool aero_ws_wanted(const struct aero_vm *vm)
{
	return time_before(jiffies, READ_ONCE(vm->working_set.wanted_until));
}

/**
 * aero_working_set_want() - somebody asks for a VM's working set
 * @vm: VM
 *
 * It is measured from now on, and until nobody has asked for two periods.
 *
 * Context: Any that may sleep.
 */
void aero_working_set_want(struct aero_vm *vm)
{
	bool wanted = aero_ws_wanted(vm);

	WRITE_ONCE(vm->working_set.wanted_until,
		   jiffies + AERO_WS_WANTED * aero_ws_period(vm) + HZ);
	if (!wanted)
		mod_delayed_work(vm->host->wq, &vm->work, 0);
}

/*
 * Is a page in use, and, with @unmap, let it not be until somebody uses it again. Without
 * the folio's lock: who maps it at that moment uses it.
 */
static bool aero_ws_mapped(struct aero_vm *vm, const struct aero_gpa_window *window, u64 gfn,
			   bool unmap)
{
	struct address_space *mapping = window->file->f_mapping;
	pgoff_t index = (window->offset >> PAGE_SHIFT) + (gfn - window->gfn), next = index;
	struct folio_batch folios;
	bool mapped;

	folio_batch_init(&folios);
	/* Not in the page cache: never touched, given, or swapped out. */
	if (!filemap_get_folios(mapping, &next, index, &folios))
		return false;
	mapped = folio_mapped(folios.folios[0]);
	if (mapped && unmap) {
		unmap_mapping_range(mapping, folio_pos(folios.folios[0]),
				    folio_size(folios.folios[0]), 0);
		WRITE_ONCE(vm->working_set.unmaps, vm->working_set.unmaps + 1);
	}
	folio_batch_release(&folios);
	return mapped;
}

/* Where a page of RAM lies, if it can be unmapped and its owner has not forbidden that. */
static bool aero_ws_find(struct aero_gpa *gpa, u64 gfn, struct aero_gpa_window *window)
{
	if (gfn - window->gfn < window->nr)
		return true;
	aero_gpa_window_put(window);
	/* hugetlb's page tables are not for unmap_mapping_range() to split. */
	if (!aero_gpa_window(gpa, gfn, window) && window->granule == 1 && !window->locked)
		return true;
	aero_gpa_window_put(window);
	return false;
}

/* A new period. Without memory the VM is not measured for as long. */
static void aero_ws_begin(struct aero_vm *vm)
{
	struct aero_working_set *ws = &vm->working_set;
	unsigned int aim = READ_ONCE(vm->host->ws_samples);
	u64 *gfns = ws->gfns;

	ws->period = aero_ws_period(vm);
	if (aim != ws->aim) {
		/* A memslot change may be waiting for this section. */
		gfns = kmalloc_array(aim, sizeof(*gfns), GFP_NOWAIT | __GFP_NOWARN);
		if (!gfns) {
			ws->at = jiffies + ws->period;
			return;
		}
		kfree(ws->gfns);
	}
	ws->gfns = gfns;
	ws->aim = aim;
	ws->nr = 0;
	ws->tries = 0;
	ws->phase = AERO_WS_UNMAPPING;
	mutex_lock(&vm->lock);
	/* What was is no beginning for an average of what is. */
	if (time_after(jiffies, ws->estimated_at + AERO_ESTIMATE_SLOW * ws->period))
		ws->estimate = (struct aero_estimate){ };
	mutex_unlock(&vm->lock);
}

static void aero_ws_wait(struct aero_working_set *ws)
{
	ws->phase = AERO_WS_WAITING;
	ws->at = jiffies + max(ws->period / AERO_WS_LOOKS_PERIOD, 1UL);
}

static void aero_ws_unmap(struct aero_vm *vm, struct aero_gpa *gpa, struct aero_gpa_window *window)
{
	ktime_t end = ktime_add_us(ktime_get(), AERO_WS_SECTION_US);
	struct aero_working_set *ws = &vm->working_set;
	unsigned int i, tries = max(AERO_WS_TRIES, ws->aim);
	u64 gfn;

	for (i = 0; i < AERO_WS_UNMAPS && ws->nr < ws->aim && ws->tries < tries; i++) {
		if (!aero_gpa_pick(gpa, vm->hva, get_random_u64(), &gfn) ||
		    !aero_ws_find(gpa, gfn, window)) {
			ws->tries++;
			continue;
		}
		aero_ws_mapped(vm, window, gfn, true);
		ws->gfns[ws->nr++] = gfn;
		if (ktime_after(ktime_get(), end))
			break;
	}
	if (ws->nr == ws->aim || ws->tries == tries) {
		ws->looks = 0;
		mutex_lock(&vm->lock);
		ws->unsupported = !ws->nr;
		mutex_unlock(&vm->lock);
		aero_ws_wait(ws);
	}
}

/* All samples have been looked at. */
static void aero_ws_looked(struct aero_vm *vm)
{
	struct aero_working_set *ws = &vm->working_set;
	bool over = ++ws->looks == AERO_WS_LOOKS_PERIOD;

	mutex_lock(&vm->lock);
	if (over) {
		aero_estimate_step(&ws->estimate, ws->mapped, ws->seen);
		if (ws->seen)
			ws->estimated_at = jiffies;
	} else {
		aero_estimate_peek(&ws->estimate, ws->mapped, ws->seen);
	}
	trace_aerostat_working_set(vm->id, ws->looks, ws->mapped, ws->seen,
				   aero_estimate_permille(&ws->estimate), ws->unmaps, ws->us);
	mutex_unlock(&vm->lock);
	if (over)
		ws->phase = AERO_WS_RESTING;
	else
		aero_ws_wait(ws);
}

static void aero_ws_look(struct aero_vm *vm, struct aero_gpa *gpa, struct aero_gpa_window *window)
{
	struct aero_working_set *ws = &vm->working_set;
	unsigned int i;

	for (i = 0; i < AERO_WS_LOOKS && ws->next < ws->nr; i++, ws->next++) {
		u64 gfn = ws->gfns[ws->next];

		/* Its memory may have been unplugged since. */
		if (!aero_ws_find(gpa, gfn, window))
			continue;
		ws->seen++;
		ws->mapped += aero_ws_mapped(vm, window, gfn, false);
	}
	if (ws->next == ws->nr)
		aero_ws_looked(vm);
}

/**
 * aero_working_set_section() - measure a VM, as far as it is time to
 * @vm: VM
 * @gpa: section
 *
 * Context: The VM's work, inside @gpa's section.
 * Return: true if there is more to do at once.
 */
bool aero_working_set_section(struct aero_vm *vm, struct aero_gpa *gpa)
{
	struct aero_working_set *ws = &vm->working_set;
	struct aero_gpa_window window = { };
	u64 began;

	if (ws->phase == AERO_WS_RESTING && aero_ws_wanted(vm) && time_after_eq(jiffies, ws->at))
		aero_ws_begin(vm);
	if (ws->phase == AERO_WS_WAITING && time_after_eq(jiffies, ws->at)) {
		ws->phase = AERO_WS_LOOKING;
		ws->next = 0;
		ws->mapped = 0;
		ws->seen = 0;
	}
	if (ws->phase != AERO_WS_UNMAPPING && ws->phase != AERO_WS_LOOKING)
		return false;
	began = ktime_to_us(ktime_get());
	if (ws->phase == AERO_WS_UNMAPPING)
		aero_ws_unmap(vm, gpa, &window);
	else
		aero_ws_look(vm, gpa, &window);
	aero_gpa_window_put(&window);
	WRITE_ONCE(ws->us, ws->us + ktime_to_us(ktime_get()) - began);
	return ws->phase != AERO_WS_WAITING;
}

/**
 * aero_working_set_wait() - when there is something to measure next
 * @vm: VM that was just looked at
 *
 * Context: The VM's work.
 * Return: jiffies from now, at least 1; or MAX_JIFFY_OFFSET if nobody asks.
 */
unsigned long aero_working_set_wait(const struct aero_vm *vm)
{
	const struct aero_working_set *ws = &vm->working_set;

	if (ws->phase == AERO_WS_RESTING && !aero_ws_wanted(vm))
		return MAX_JIFFY_OFFSET;
	return time_before(jiffies, ws->at) ? ws->at - jiffies : 1;
}

/**
 * __aero_working_set_known() - is there an estimate that is not too old?
 * @vm: VM
 *
 * Context: Holds aero_vm.lock.
 * Return: true if so.
 */
bool __aero_working_set_known(const struct aero_vm *vm)
{
	const struct aero_working_set *ws = &vm->working_set;

	lockdep_assert_held(&vm->lock);
	return ws->estimate.periods &&
	       time_before(jiffies, ws->estimated_at + AERO_WS_FRESH * aero_ws_period(vm) + HZ);
}

/**
 * aero_working_set() - how much of its memory a VM uses
 * @vm: VM
 * @pages: result
 * @error: result: how far off it may be, in 5 of 100 cases farther
 *
 * Who asks is the reason to measure.
 *
 * Context: Takes aero_vm.lock.
 * Return: 0, -ENODATA if the first period has not ended, or -EOPNOTSUPP if the VM's memory
 * is none that can be unmapped.
 */
int aero_working_set(struct aero_vm *vm, u64 *pages, u64 *error)
{
	const struct aero_working_set *ws = &vm->working_set;
	int err = 0;

	aero_working_set_want(vm);
	mutex_lock(&vm->lock);
	if (ws->unsupported) {
		err = -EOPNOTSUPP;
	} else if (!__aero_working_set_known(vm)) {
		err = -ENODATA;
	} else {
		*pages = div_u64(vm->size * aero_estimate_permille(&ws->estimate), 1000);
		*error = div_u64(vm->size * aero_estimate_error(&ws->estimate), 1000);
	}
	mutex_unlock(&vm->lock);
	return err;
}
