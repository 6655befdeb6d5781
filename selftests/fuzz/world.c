// SPDX-License-Identifier: GPL-2.0
/*
 * The host's kernel: a VM with memslots of every kind, the files behind them, and
 * allocations that fail when the input says so.
 */
#include <string.h>

#include <linux/bitmap.h>
#include <linux/falloc.h>
#include <linux/folio_batch.h>
#include <linux/fs.h>
#include <linux/xarray.h>

#include "fuzz.h"
#include "ring.h"

#define NR_FOLIOS	16
#define WINDOWS_MAX	(SECTION_DESCS * 2 * NR_SLOTS)
#define PUNCHES_MAX	(SECTION_DESCS * NR_SLOTS + 1)

/*
 * File 0 is a memfd, 1 and 2 have huge pages, one with an index for each page, one
 * with an index for each huge page, as the kernels have had it.
 */
const struct slot slots[NR_SLOTS] = {
	{ .gfn = 0, .nr = 0xa0, .file = 0, .granule = 1 },
	{ .gfn = 0x100, .nr = 0xff00, .file = 0, .offset = 0x100, .granule = 1 },
	/* Goes on where the last one ends, in memory and in the file. */
	{ .gfn = 0x10000, .nr = 0x10000, .file = 0, .offset = 0x10000, .granule = 1 },
	{ .gfn = 0x20000, .nr = 0x10000, .file = 1, .granule = 512 },
	/* What is aligned in the guest is not in the file, and the other way round. */
	{ .gfn = 0x30080, .nr = 0x7e00, .file = 2, .granule = 512 },
	{ .gfn = 0x38000, .nr = 0x1000, .granule = 1, .err = -EOPNOTSUPP },
	{ .gfn = 0x39000, .nr = 0x100, .granule = 1, .err = -EROFS },
	/* Takes the longest descriptors. */
	{ .gfn = 1ULL << 32, .nr = 0x80000, .file = 0, .offset = 0x20000, .granule = 1 },
	/* The last page that a descriptor can name, and one that none can. */
	{ .gfn = (1ULL << 52) - 0x4000, .nr = 0x4000, .file = 0, .offset = 0xa0000, .granule = 1 },
};

static const unsigned int index_shifts[NR_FILES] = { 12, 12, 21 };

static struct {
	unsigned int faults[NR_FAULTS];
	u32 logged;
	u32 next_logged;
	bool sealed[NR_FILES];
	unsigned int nr_folios;
	struct {
		struct folio folio;
		unsigned int file;
		u64 page;
	} folios[NR_FOLIOS];
	unsigned int windows;
	unsigned int punches;
	unsigned long pages;
	u64 ack_pages;
} world;

static struct file files[NR_FILES];

/** world_reset() - as it is before each input */
void world_reset(void)
{
	unsigned int i;

	CHECK(!world.pages, "%lu pages leaked", world.pages);
	memset(&world, 0, sizeof(world));
	for (i = 0; i < NR_FILES; i++) {
		files[i] = (struct file){ .mapping.file = i, .refs = 0 };
		files[i].f_mapping = &files[i].mapping;
	}
}

/**
 * world_fault() - let something fail once
 * @fault: what
 * @calls: the how manieth call from now; 0: none
 */
void world_fault(enum fault fault, unsigned int calls)
{
	world.faults[fault] = calls;
}

static bool fails(enum fault fault)
{
	return world.faults[fault] && !--world.faults[fault];
}

/**
 * slot_of() - memslot of a page
 * @gfn: page
 *
 * Return: the slot or NULL.
 */
const struct slot *slot_of(u64 gfn)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		if (gfn - slots[i].gfn < slots[i].nr)
			return &slots[i];
	return NULL;
}

/**
 * world_folio() - put a folio into a file's cache that is worth a look
 * @gfn: of a guest page in it
 * @pinned: a device may write to it
 */
void world_folio(u64 gfn, bool pinned)
{
	const struct slot *slot = slot_of(gfn);
	unsigned int i;
	u64 page;

	if (!slot || slot->err)
		return;
	page = (slot->offset + gfn - slot->gfn) & ~(slot->granule - 1);
	for (i = 0; i < world.nr_folios; i++)
		if (world.folios[i].file == slot->file && world.folios[i].page == page)
			break;
	if (i == NR_FOLIOS)
		return;
	if (i == world.nr_folios)
		world.nr_folios++;
	world.folios[i].folio.pinned = pinned;
	world.folios[i].file = slot->file;
	world.folios[i].page = page;
}

/**
 * world_seal() - let a file refuse to be punched, or not
 * @file: number
 * @sealed: it does
 */
void world_seal(unsigned int file, bool sealed)
{
	world.sealed[file % NR_FILES] = sealed;
}

/**
 * world_log() - let KVM log writes, from the next section on
 * @mask: slots
 */
void world_log(u32 mask)
{
	world.next_logged = mask;
}

/** world_section_begins() - memslots stand still from here */
void world_section_begins(void)
{
	world.logged = world.next_logged;
	world.windows = 0;
	world.punches = 0;
}

/** world_section_ends() - nothing must be held */
void world_section_ends(void)
{
	unsigned int i;

	for (i = 0; i < NR_FILES; i++)
		CHECK(!files[i].refs, "file %u has %u references", i, files[i].refs);
}

/**
 * world_pages() - pages that are allocated
 *
 * Return: count.
 */
unsigned long world_pages(void)
{
	return world.pages;
}

static int slot_err(const struct slot *slot)
{
	if (!slot)
		return -ENXIO;
	return slot->err != -EROFS && world.logged >> (slot - slots) & 1 ? -EBUSY : slot->err;
}

/**
 * world_walk() - can this range be freed?
 * @gfn: first page
 * @nr: pages
 *
 * Return: 0, or the error of its first piece that cannot.
 */
int world_walk(u64 gfn, u64 nr)
{
	while (nr) {
		const struct slot *slot = slot_of(gfn);
		int err = slot_err(slot);
		u64 part;

		if (err)
			return err;
		part = min(nr, slot->gfn + slot->nr - gfn);
		if ((slot->offset + gfn - slot->gfn) % slot->granule || part % slot->granule)
			return -EINVAL;
		gfn += part;
		nr -= part;
	}
	return 0;
}

int aero_gpa_window(struct aero_gpa *gpa, u64 gfn, struct aero_gpa_window *window)
{
	const struct slot *slot = slot_of(gfn);
	int err = slot_err(slot);

	CHECK(++world.windows <= WINDOWS_MAX, "look-ups without end");
	model_looked_up(gfn);
	*window = (struct aero_gpa_window){ };
	if (!err && fails(model_recorded() ? FAULT_REMAP : FAULT_WINDOW)) {
		err = -EOPNOTSUPP;
		model_window_failed(err);
	}
	if (err == -EOPNOTSUPP)
		window->backing = AERO_BACKING_FOREIGN;
	if (err)
		return err;
	files[slot->file].refs++;
	*window = (struct aero_gpa_window){
		.gfn = slot->gfn,
		.nr = slot->nr,
		.file = &files[slot->file],
		.offset = slot->offset * AERO_PAGE_SIZE,
		.granule = slot->granule,
		.backing = AERO_BACKING_SHARED,
		.index_shift = index_shifts[slot->file],
	};
	return 0;
}

void aero_gpa_window_put(struct aero_gpa_window *window)
{
	if (window->file)
		CHECK(window->file->refs-- > 0, "window put twice");
	*window = (struct aero_gpa_window){ };
}

unsigned int filemap_get_folios(struct address_space *mapping, pgoff_t *start, pgoff_t end,
				struct folio_batch *batch)
{
	unsigned int shift = index_shifts[mapping->file] - AERO_PAGE_SHIFT, i, best;

	CHECK(files[mapping->file].refs, "file is used after its reference has gone");
	while (batch->nr < SHIM_BATCH) {
		best = NR_FOLIOS;
		for (i = 0; i < world.nr_folios; i++) {
			pgoff_t at = world.folios[i].page >> shift;

			if (world.folios[i].file == mapping->file && at >= *start && at <= end &&
			    (best == NR_FOLIOS || at < world.folios[best].page >> shift))
				best = i;
		}
		if (best == NR_FOLIOS) {
			*start = end + 1;
			break;
		}
		batch->folios[batch->nr++] = &world.folios[best].folio;
		*start = (world.folios[best].page >> shift) + 1;
	}
	return batch->nr;
}

bool folio_maybe_dma_pinned(struct folio *folio)
{
	if (folio->pinned)
		model_refusable();
	return folio->pinned;
}

long vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	unsigned int number = file->mapping.file, i;
	u64 first = offset / AERO_PAGE_SIZE, last = (offset + len) / AERO_PAGE_SIZE - 1;
	u64 done = 0;

	CHECK(++world.punches <= PUNCHES_MAX, "holes without end");
	CHECK(file->refs, "file is used after its reference has gone");
	CHECK(mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE), "mode %x", mode);
	CHECK(offset >= 0 && len > 0 && !((offset | len) % AERO_PAGE_SIZE),
	      "hole at %llx, length %llx", (u64)offset, (u64)len);
	for (i = 0; i < world.nr_folios; i++)
		CHECK(!world.folios[i].folio.pinned || world.folios[i].file != number ||
		      world.folios[i].page < first || world.folios[i].page > last,
		      "a pinned page is freed");
	if (world.sealed[number] || fails(FAULT_PUNCH)) {
		model_refusable();
		return -EPERM;
	}
	for (i = 0; i < NR_SLOTS; i++) {
		const struct slot *slot = &slots[i];
		u64 from, to;

		if (slot->err || slot->file != number)
			continue;
		from = max(first, slot->offset);
		to = min(last + 1, slot->offset + slot->nr);
		if (from >= to)
			continue;
		CHECK(from % slot->granule == 0 && to % slot->granule == 0, "part of a huge page");
		model_punched(slot->gfn + from - slot->offset, to - from);
		done += to - from;
	}
	CHECK(done == last + 1 - first, "%llu pages outside of the VM's memory",
	      last + 1 - first - done);
	count(COUNT_HOLES);
	return 0;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	void *page;

	if (fails(FAULT_PAGE)) {
		model_no_memory();
		return 0;
	}
	page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	if (!page)
		abort();
	world.pages++;
	return (unsigned long)memset(page, 0, PAGE_SIZE);
}

void free_page(unsigned long page)
{
	CHECK(world.pages--, "page freed twice");
	free((void *)page);
}

void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	CHECK(!xa_load(xa, index), "the bitmap of chunk %lu is lost", index);
	CHECK(xa->nr < SHIM_XA_ENTRIES, "more bitmaps than the VM has memory");
	if (fails(FAULT_STORE)) {
		model_no_memory();
		return (void *)-(long)ENOMEM;
	}
	xa->index[xa->nr] = index;
	xa->entry[xa->nr++] = entry;
	return NULL;
}

struct aero_ack *aero_channel_ack(struct aero_channel *channel, u32 index)
{
	u64 page = 1ULL << aero_ring_slot(index) * sizeof(struct aero_ack) / PAGE_SIZE;

	CHECK(index - vm.tail < SECTION_DESCS, "answer %u, tail is %u", index, vm.tail);
	if (!(world.ack_pages & page) && fails(FAULT_ACK)) {
		model_no_ack();
		return NULL;
	}
	world.ack_pages |= page;
	return &acks[aero_ring_slot(index)];
}

enum aero_vm_reason aero_vm_backing_reason(enum aero_backing backing)
{
	/* The only other kind there is here; anything else is a window that was not looked up. */
	CHECK(backing == AERO_BACKING_FOREIGN, "backing %d is refused", backing);
	return AERO_REASON_FOREIGN;
}

void aero_vm_set_state(struct aero_vm *of, enum aero_vm_state state, enum aero_vm_reason reason)
{
	model_state(state, reason);
	of->state = state;
	of->reason = reason;
}
