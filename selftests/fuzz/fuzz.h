/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the harness:
 *
 *	guest.c   decodes the input; plays the guest between any two of the host's accesses
 *	world.c   what the host's kernel is to reclaim.c and balloon.c: memory, files, memslots
 *	model.c   what should have happened, in a map with a byte for each guest page
 *	count.c   what did happen, added up over all processes
 */
#ifndef AEROSTAT_FUZZ_H
#define AEROSTAT_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/types.h>

#include "vm.h"
#include "channel.h"
#include "desc.h"
#include "reclaim.h"

#define CHECK(condition, ...) do {					\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: broken: %s: ", __FILE__, __LINE__, #condition); \
		fprintf(stderr, __VA_ARGS__);				\
		fprintf(stderr, "\n");					\
		abort();						\
	}								\
} while (0)

/* What one section may do, and may touch of shared memory; as reclaim.c promises. */
#define SECTION_DESCS		128U
#define SECTION_PAGES		((64ULL << 20) / AERO_PAGE_SIZE)
#define SECTION_GRANULE		512ULL	/* largest of the slots', pages */
#define SECTION_ACCESSES	(SECTION_DESCS * 6 + 16)

/**
 * struct slot - a memslot
 * @gfn: first page
 * @nr: pages
 * @file: which of world.c's files
 * @offset: of @gfn in it, pages
 * @granule: pages that it frees at once
 * @err: what a look-up returns
 */
struct slot {
	u64 gfn;
	u64 nr;
	unsigned int file;
	u64 offset;
	u64 granule;
	int err;
};

#define NR_SLOTS	9
#define NR_FILES	3

extern const struct slot slots[NR_SLOTS];
const struct slot *slot_of(u64 gfn);

/**
 * enum fault - what can fail
 * @FAULT_PAGE: get_zeroed_page()
 * @FAULT_STORE: xa_store()
 * @FAULT_ACK: the page of an acknowledgment
 * @FAULT_PUNCH: vfs_fallocate()
 * @FAULT_WINDOW: a look-up, since the memory is not what can be freed
 * @FAULT_REMAP: a second look-up, since another thread of the VMM has changed its mappings
 * @NR_FAULTS: number of them
 */
enum fault {
	FAULT_PAGE,
	FAULT_STORE,
	FAULT_ACK,
	FAULT_PUNCH,
	FAULT_WINDOW,
	FAULT_REMAP,
	NR_FAULTS,
};

void world_reset(void);
void world_fault(enum fault fault, unsigned int calls);
void world_folio(u64 gfn, bool pinned);
void world_seal(unsigned int file, bool sealed);
void world_log(u32 mask);
void world_section_begins(void);
void world_section_ends(void);
int world_walk(u64 gfn, u64 nr);
unsigned long world_pages(void);

extern struct aero_vm vm;
extern struct aero_control control;
extern struct aero_status status;
extern struct aero_desc descs[AERO_RING_ENTRIES];
extern struct aero_ack acks[AERO_RING_ENTRIES];

/* Claim that the guest read while it revoked: at or above it all is its own. */
extern bool revoked;
extern u32 revoked_claim;

void model_reset(void);
void model_compare(void);
void model_forget(void);
void model_section_begins(void);
void model_section_ends(bool more);
void model_accessed(const volatile void *field);
const struct aero_desc *model_copying(bool *full);
void model_desc_changed(void);
void model_next(u32 index);
void model_looked_up(u64 gfn);
bool model_recorded(void);
void model_window_failed(int err);
void model_no_memory(void);
void model_no_ack(void);
void model_refusable(void);
void model_punched(u64 gfn, u64 nr);
void model_state(enum aero_vm_state state, enum aero_vm_reason reason);

/**
 * enum count - what is counted; each must happen in every run that is worth something
 * @COUNT_DESCS: descriptors that the host has copied and judged
 *
 * What the other ones are is printed: see count.c.
 */
enum count {
	COUNT_DESCS,
	COUNT_NOPS,
	COUNT_UNWRITTEN,
	COUNT_INFLATED,
	COUNT_DEFLATED,
	COUNT_REFUSED_LOOKUP,
	COUNT_REFUSED_PUNCH,
	COUNT_REMAPPED,
	COUNT_BEGUN,
	COUNT_REFUSED_BEGUN,
	COUNT_KEPT,
	COUNT_CHANGED,
	COUNT_MALFORMED,
	COUNT_OUTSIDE,
	COUNT_GIVEN_TWICE,
	COUNT_NEVER_GIVEN,
	COUNT_BAD_INDEX,
	COUNT_DENIED,
	COUNT_NO_MEMORY,
	COUNT_HOLES,
	COUNT_SECTIONS,
	COUNT_INPUTS,
	NR_COUNTS,
};

void count(enum count what);
void count_init(int argc, char **argv);
void count_input(void);

#endif /* AEROSTAT_FUZZ_H */
