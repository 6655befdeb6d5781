// SPDX-License-Identifier: GPL-2.0
/*
 * What should happen, and the comparison with what does.
 *
 * The linker puts __wrap_*() between reclaim.c and the functions of desc.c and balloon.c:
 * each call is foretold from a map with one byte for each page, and compared. A
 * descriptor's fate is foretold when it is copied, and compared when the next one is
 * begun or the section ends. A range that is longer than what a section may free is freed in
 * slices, which are foretold as well: its entry is the first one of the next section.
 */
#include <string.h>

#include "fuzz.h"
#include "ring.h"

#define GIVEN	1	/* in the balloon, by the account */
#define FLIGHT	2	/* to be freed in this section: nobody's */
#define HOLE	4	/* freed since it was given */
#define REST	8	/* given, and to be freed in a later section */

#define CHUNK	(PAGE_SIZE * 8)	/* pages of one bitmap */
#define HISTORY	32

int __real_aero_desc_copy(const struct aero_desc *desc, struct aero_range *range);
int __real_aero_balloon_add(struct aero_balloon *balloon, u64 gfn, u64 nr);
int __real_aero_balloon_remove(struct aero_balloon *balloon, u64 gfn, u64 nr);

/**
 * struct island - guest pages in one piece, and what became of them
 * @gfn: first
 * @nr: pages
 * @map: GIVEN, FLIGHT, HOLE, REST
 * @first: first page that is not zero, or less
 * @last: one after the last of them, or more
 */
struct island {
	u64 gfn;
	u64 nr;
	u8 *map;
	u64 first;
	u64 last;
};

static u8 low[0x40000], high[0x80000], top[0x4000];

static struct island islands[] = {
	{ .gfn = 0, .nr = sizeof(low), .map = low },
	{ .gfn = 1ULL << 32, .nr = sizeof(high), .map = high },
	{ .gfn = (1ULL << 52) - sizeof(top), .nr = sizeof(top), .map = top },
};

/**
 * struct entry - a descriptor of this section
 * @range: what the host read
 * @copied: @range is set
 * @err: aero_desc_copy()'s
 * @walk_err: of a look-up that failed by FAULT_WINDOW before it was recorded
 * @unmapped: one failed after it was recorded
 * @asked: aero_balloon_add() or _remove() was called for it
 * @result: what they returned
 * @refused: no hole, hence not recorded any more
 * @done: pages that were freed before the present slice
 * @slice: pages that are to be freed now
 */
struct entry {
	struct aero_range range;
	bool copied;
	int err;
	int walk_err;
	bool unmapped;
	bool asked;
	int result;
	bool refused;
	u64 done;
	u64 slice;
};

static struct {
	/* Of the VM. */
	u64 pages;
	u64 inflated;
	u64 deflated;
	u64 refused;
	u64 descs;
	bool begun;
	struct entry rest;

	/* Of the section. */
	struct entry entries[SECTION_DESCS];
	unsigned int nr;
	u64 left;
	u64 freed;
	bool acted;
	bool no_ack;
	bool refusable;
	struct entry *unsettled;
	bool no_memory;
	bool ended;
	enum aero_vm_reason quarantine;
	u32 tail;
	u32 seen_head;
	bool seen_revoke;
	bool put_off;
	unsigned int accesses;

	/* Of the descriptor that is being copied. */
	const struct aero_desc *desc;
	struct aero_desc history[HISTORY];
	unsigned int nr_history;
	unsigned int reads[sizeof(struct aero_desc)];
} model;

static void settle(void);

static struct island *island_of(u64 gfn, u64 nr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(islands); i++)
		if (gfn - islands[i].gfn < islands[i].nr &&
		    nr <= islands[i].nr - (gfn - islands[i].gfn))
			return &islands[i];
	return NULL;
}

static u8 *map_of(u64 gfn, u64 nr)
{
	struct island *island = island_of(gfn, nr);

	CHECK(island, "%llu pages at %llx are not in RAM", nr, gfn);
	return island->map + (gfn - island->gfn);
}

/* Pages of the range with all of @flags, by the map. */
static u64 having(u64 gfn, u64 nr, u8 flags)
{
	struct island *island = island_of(gfn, nr);
	u64 found = 0, i;
	u8 *map;

	/* Nothing outside of RAM has any; no range of RAM crosses its end. */
	if (!island)
		return 0;
	map = island->map + (gfn - island->gfn);
	for (i = 0; i < nr; i++)
		found += (map[i] & flags) == flags;
	return found;
}

static void change(u64 gfn, u64 nr, u8 clear, u8 set)
{
	u8 *map = map_of(gfn, nr);
	struct island *island = island_of(gfn, nr);
	u64 i;

	for (i = 0; i < nr; i++)
		map[i] = (map[i] & ~clear) | set;
	island->first = min(island->first, gfn - island->gfn);
	island->last = max(island->last, gfn - island->gfn + nr);
}

/** model_forget() - the host has forgotten what the guest gave */
void model_forget(void)
{
	unsigned int i;

	CHECK(!vm.balloon.pages, "%llu pages after clearing", vm.balloon.pages);
	CHECK(!world_pages(), "%lu bitmaps after clearing", world_pages());
	for (i = 0; i < ARRAY_SIZE(islands); i++) {
		struct island *island = &islands[i];

		if (island->first < island->last)
			memset(island->map + island->first, 0, island->last - island->first);
		island->first = island->nr;
		island->last = 0;
	}
	model.pages = 0;
	model.begun = false;
}

/** model_reset() - before each input */
void model_reset(void)
{
	memset(&model, 0, sizeof(model));
	model_forget();
}

/* GIVEN of 64 pages, as bits. */
static u64 given_word(const u8 *map)
{
	u64 word = 0;
	unsigned int i;

	for (i = 0; i < 64; i += 8) {
		u64 bytes;

		memcpy(&bytes, map + i, sizeof(bytes));
		bytes &= 0x0101010101010101ULL * GIVEN;
		/* Gathers the lowest bit of each byte. */
		word |= (bytes * 0x0102040810204080ULL >> 56) << i;
	}
	return word;
}

/** model_compare() - is the account the map's, page by page? */
void model_compare(void)
{
	u64 given = 0, bits = 0;
	unsigned int i, word;

	CHECK(vm.balloon.pages == model.pages, "%llu pages, should be %llu",
	      vm.balloon.pages, model.pages);
	for (i = 0; i < vm.balloon.chunks.nr; i++) {
		const u64 *bitmap = vm.balloon.chunks.entry[i];

		for (word = 0; word < CHUNK / 64; word++)
			bits += __builtin_popcountll(bitmap[word]);
	}
	CHECK(bits == model.pages, "%llu bits, should be %llu", bits, model.pages);
	for (i = 0; i < ARRAY_SIZE(islands); i++) {
		struct island *island = &islands[i];
		u64 page;

		for (page = island->first & ~63ULL; page < island->last; page += 64) {
			u64 gfn = island->gfn + page, word = given_word(island->map + page);
			const u64 *bitmap = xa_load(&vm.balloon.chunks, gfn / CHUNK);
			u64 found = bitmap ? bitmap[gfn % CHUNK / 64] : 0;

			CHECK(found == word, "64 pages from %llx: %llx, should be %llx", gfn,
			      found, word);
			given += __builtin_popcountll(word);
		}
	}
	CHECK(given == model.pages, "the model has lost count");
}

/**
 * model_accessed() - the host is going to access shared memory
 * @field: what
 */
void model_accessed(const volatile void *field)
{
	CHECK(++model.accesses <= SECTION_ACCESSES, "a section without end");
	if (field == &status.head)
		model.seen_head = le32_to_cpu(status.head);
	else if (field == &status.revoke)
		model.seen_revoke = status.revoke;
	if (model.desc && (const u8 *)field - (const u8 *)model.desc < sizeof(*model.desc) &&
	    (const u8 *)field >= (const u8 *)model.desc)
		model.reads[(const u8 *)field - (const u8 *)model.desc]++;
}

/**
 * model_copying() - is the host in the midst of copying a descriptor?
 * @full: it has been changed so often already that it must not be again
 *
 * Return: the descriptor or NULL.
 */
const struct aero_desc *model_copying(bool *full)
{
	*full = model.nr_history == HISTORY;
	return model.desc;
}

/** model_desc_changed() - the guest has changed the descriptor that is being copied */
void model_desc_changed(void)
{
	model.history[model.nr_history++] = *model.desc;
}

/** model_no_memory() - an allocation of the balloon's has failed */
void model_no_memory(void)
{
	model.no_memory = true;
}

/** model_no_ack() - there is no page for an answer */
void model_no_ack(void)
{
	model.no_ack = true;
}

/** model_refusable() - a hole cannot be punched; ranges in it may be refused */
void model_refusable(void)
{
	model.refusable = true;
}

/* What the host is to free of the range in this section, by what is left of its bound. */
static void slice(struct entry *entry)
{
	struct aero_range *range = &entry->range;
	u64 most = max(model.left & ~(SECTION_GRANULE - 1), SECTION_GRANULE);

	entry->slice = min(range->nr - entry->done, most);
	change(range->gfn + entry->done, range->nr - entry->done, 0, REST);
	change(range->gfn + entry->done, entry->slice, REST, FLIGHT);
	/* KVM logs now; or what was aligned as a whole is not aligned when cut. */
	if (world_walk(range->gfn + entry->done, entry->slice))
		model.refusable = true;
}

/**
 * model_looked_up() - the host looks memory up
 * @gfn: its page
 *
 * All that it does with a range that was begun starts with this.
 */
void model_looked_up(u64 gfn)
{
	struct entry *entry = &model.entries[model.nr - 1];
	u32 claim = le32_to_cpu(control.claim), index = model.tail + model.nr - 1;

	CHECK(model.nr && entry->copied && !entry->err && entry->range.op == AERO_OP_INFLATE,
	      "look-up without a range");
	if (entry->asked)
		CHECK(!entry->result && gfn - entry->range.gfn - entry->done < entry->slice,
		      "looks %llx up, should free %llu from %llx", gfn, entry->slice,
		      entry->range.gfn + entry->done);
	else
		CHECK(gfn - entry->range.gfn < entry->range.nr, "looks %llx up, not in %u at %llx",
		      gfn, entry->range.nr, entry->range.gfn);
	CHECK(claim - index - 1 < AERO_RING_ENTRIES, "acts on %u, claim is %u", index, claim);
	CHECK(!revoked || (s32)(index - revoked_claim) < 0,
	      "acts on %u, the guest has taken back from %u", index, revoked_claim);
	model.acted = true;
}

/**
 * model_recorded() - has the present descriptor's range been recorded?
 *
 * Return: true if what is looked up now is to be punched.
 */
bool model_recorded(void)
{
	CHECK(model.nr && model.entries[model.nr - 1].copied, "look-up without a descriptor");
	return model.entries[model.nr - 1].asked;
}

/**
 * model_window_failed() - a look-up has failed against expectation
 * @err: its error
 */
void model_window_failed(int err)
{
	struct entry *entry = &model.entries[model.nr - 1];

	if (model_recorded()) {
		entry->unmapped = true;
		model.refusable = true;
	} else {
		entry->walk_err = err;
	}
}

/**
 * model_punched() - memory was freed
 * @gfn: first page
 * @nr: pages
 */
void model_punched(u64 gfn, u64 nr)
{
	settle();
	CHECK(having(gfn, nr, FLIGHT) == nr, "frees memory that the guest uses: %llu at %llx",
	      nr, gfn);
	change(gfn, nr, 0, HOLE);
	model.freed += nr;
	CHECK(model.freed < SECTION_PAGES + SECTION_GRANULE, "%llu pages freed at once",
	      model.freed);
}

/**
 * model_state() - the host changes what it thinks of the VM
 * @state: new state
 * @reason: why
 */
void model_state(enum aero_vm_state state, enum aero_vm_reason reason)
{
	CHECK(vm.state != AERO_VM_QUARANTINED, "leaves quarantine: %d, %d", state, reason);
	CHECK(state == AERO_VM_QUARANTINED || state == AERO_VM_REFUSED, "%d, %d", state, reason);
}

static void expect_quarantine(enum aero_vm_reason reason, enum count what)
{
	model.quarantine = reason;
	model.ended = true;
	count(what);
}

/* A slice has been freed, or the whole range given up. */
static void advance(struct entry *entry)
{
	struct aero_range *range = &entry->range;
	bool gone = entry->unmapped || world_walk(range->gfn + entry->done, entry->slice);
	u64 rest = range->nr - entry->done - entry->slice;

	CHECK(!gone || entry->refused, "a range that is gone is kept");
	if (entry->unmapped)
		count(COUNT_REMAPPED);
	if (entry->refused && entry->done)
		count(COUNT_REFUSED_BEGUN);
	if (entry->done && model.seen_revoke)
		count(COUNT_KEPT);
	/* Nothing is left to do for what is gone, hence the host may go on to the next one. */
	model.left -= min(model.left, entry->slice + (gone ? rest : 0));
	model.ended |= rest && !gone;
	entry->done += entry->slice;
	count(rest ? COUNT_BEGUN : COUNT_INFLATED);
}

/* The entry has been acted upon: was that right? */
static void finish(struct entry *entry)
{
	struct aero_range *range = &entry->range;
	int err;

	if (entry->done) {
		advance(entry);
		return;
	}
	if (entry->copied)
		count(COUNT_DESCS);
	if (!entry->copied || (!entry->err && range->op == AERO_OP_NOP)) {
		CHECK(!entry->asked, "records a no-op");
		count(entry->copied ? COUNT_NOPS : COUNT_UNWRITTEN);
		return;
	}
	if (entry->err) {
		CHECK(!entry->asked, "uses what it has refused");
		expect_quarantine(AERO_REASON_DESC, COUNT_MALFORMED);
		return;
	}
	if (range->op == AERO_OP_DEFLATE) {
		CHECK(entry->asked, "a deflated range is not recorded");
		if (entry->result)
			expect_quarantine(AERO_REASON_DUPLICATE, COUNT_NEVER_GIVEN);
		else
			count(COUNT_DEFLATED);
		return;
	}
	err = entry->walk_err ? entry->walk_err : world_walk(range->gfn, range->nr);
	CHECK(entry->asked == !err, "range of %u at %llx: error %d", range->nr, range->gfn, err);
	if (err == -EBUSY || err == -EOPNOTSUPP || err == -EINVAL) {
		entry->refused = true;
		model.refused += range->nr;
		count(COUNT_REFUSED_LOOKUP);
	} else if (err) {
		expect_quarantine(AERO_REASON_RANGE, COUNT_OUTSIDE);
	} else if (entry->result == -EEXIST) {
		expect_quarantine(AERO_REASON_DUPLICATE, COUNT_GIVEN_TWICE);
	} else if (entry->result) {
		model.ended = true;
		model.put_off = true;
		count(COUNT_NO_MEMORY);
	} else {
		advance(entry);
	}
}

/**
 * model_next() - the host goes on to the next descriptor
 * @index: free-running
 */
void model_next(u32 index)
{
	u32 claim = le32_to_cpu(control.claim);

	settle();
	if (model.nr)
		finish(&model.entries[model.nr - 1]);
	CHECK(!model.ended, "goes on after an error");
	CHECK(index == model.tail + model.nr, "reads %u, should read %u", index,
	      model.tail + model.nr);
	CHECK(model.nr < SECTION_DESCS, "too many descriptors at once");
	CHECK(model.left, "too many pages at once");
	CHECK(model.acted || !model.nr, "has begun another one");
	CHECK(index - model.tail < model.seen_head - model.tail,
	      "reads %u, head was %u", index, model.seen_head);
	CHECK(claim - index - 1 < AERO_RING_ENTRIES, "reads %u, claim is %u", index, claim);
	CHECK(claim - model.tail <= model.seen_head - model.tail, "claims %u, head was %u",
	      claim, model.seen_head);
	CHECK(!revoked || (s32)(index - revoked_claim) < 0,
	      "reads %u, the guest has taken back from %u", index, revoked_claim);
	model.entries[model.nr++] = (struct entry){ };
	model.acted = true;
}

int __wrap_aero_desc_copy(const struct aero_desc *desc, struct aero_range *range);
int __wrap_aero_desc_copy(const struct aero_desc *desc, struct aero_range *range)
{
	struct entry *entry = &model.entries[model.nr - 1];
	bool gfn = false, nr = false, op = false, zero = false, filled = false, valid;
	unsigned int i;
	int err;

	CHECK(desc == &descs[aero_ring_slot(model.tail + model.nr - 1)], "another descriptor");
	model.desc = desc;
	model.history[0] = *desc;
	model.nr_history = 1;
	memset(model.reads, 0, sizeof(model.reads));
	err = __real_aero_desc_copy(desc, range);
	model.desc = NULL;

	for (i = 0; i < sizeof(*desc); i++)
		CHECK(model.reads[i] <= 1, "byte %u is read twice", i);
	/* The guest may have changed it meanwhile: each field is one of those that were there. */
	for (i = 0; i < model.nr_history; i++) {
		const struct aero_desc *then = &model.history[i];

		gfn |= range->gfn == le64_to_cpu(then->gfn);
		nr |= range->nr == le32_to_cpu(then->nr_pages);
		op |= range->op == le16_to_cpu(then->op);
		zero |= !then->reserved;
		filled |= !!then->reserved;
	}
	CHECK(gfn && nr && op, "what was read was never there");
	if (model.nr_history > 1)
		count(COUNT_CHANGED);
	valid = (range->op == AERO_OP_INFLATE || range->op == AERO_OP_DEFLATE) &&
		range->nr >= 1 && range->nr <= AERO_DESC_MAX_PAGES &&
		((unsigned __int128)range->gfn + range->nr) * AERO_PAGE_SIZE <= U64_MAX;
	if (err)
		CHECK(err == -EPROTO && range->op != AERO_OP_NOP && (!valid || filled),
		      "error %d, op %u, %u at %llx", err, range->op, range->nr, range->gfn);
	else
		CHECK(range->result == AERO_RESULT_DONE &&
		      (range->op == AERO_OP_NOP || (valid && zero)),
		      "op %u, %u at %llx is let through", range->op, range->nr, range->gfn);
	entry->range = *range;
	entry->copied = true;
	entry->err = err;
	model.refusable = false;
	return err;
}

int __wrap_aero_balloon_add(struct aero_balloon *balloon, u64 gfn, u64 nr);
int __wrap_aero_balloon_add(struct aero_balloon *balloon, u64 gfn, u64 nr)
{
	struct entry *entry = &model.entries[model.nr - 1];
	u64 given = having(gfn, nr, GIVEN);
	int err;

	CHECK(entry->copied && !entry->err && !entry->asked &&
	      entry->range.op == AERO_OP_INFLATE && entry->range.gfn == gfn &&
	      entry->range.nr == nr, "gives %llu at %llx, nobody said so", nr, gfn);
	model.no_memory = false;
	err = __real_aero_balloon_add(balloon, gfn, nr);
	CHECK(err == 0 ? !given : err == -EEXIST ? given : err == -ENOMEM && model.no_memory,
	      "error %d, %llu of %llu pages were given", err, given, nr);
	entry->asked = true;
	entry->result = err;
	if (!err) {
		change(gfn, nr, HOLE, GIVEN);
		slice(entry);
		model.pages += nr;
		model.inflated += nr;
	}
	CHECK(balloon->pages == model.pages, "%llu pages, should be %llu", balloon->pages,
	      model.pages);
	return err;
}

/* An earlier range of this section had these pages as well: its hole may yet come. */
static bool overlapped(const struct entry *entry)
{
	const struct entry *other;

	for (other = model.entries; other < entry; other++)
		if (other->refused && other->range.gfn < entry->range.gfn + entry->range.nr &&
		    entry->range.gfn < other->range.gfn + other->range.nr)
			return true;
	return false;
}

/* The range of an entry of this section, whose hole could not be punched. */
static struct entry *find_refused(u64 gfn, u64 nr)
{
	unsigned int i;

	if (!model.refusable)
		return NULL;
	/* The last one: if there are more, the others were taken back in between. */
	for (i = model.nr; i--; ) {
		struct entry *entry = &model.entries[i];

		if (entry->range.op == AERO_OP_INFLATE && entry->range.gfn == gfn &&
		    entry->range.nr == nr && entry->asked && !entry->result && !entry->refused &&
		    having(gfn, nr, GIVEN) == nr &&
		    (having(gfn, nr, GIVEN | HOLE) < nr || overlapped(entry)))
			return entry;
	}
	return NULL;
}

static void refuse(struct entry *entry)
{
	entry->refused = true;
	model.inflated -= entry->range.nr;
	model.refused += entry->range.nr;
	count(COUNT_REFUSED_PUNCH);
}

static void deflate(struct entry *entry, int err)
{
	entry->asked = true;
	entry->result = err;
	if (err)
		return;
	change(entry->range.gfn, entry->range.nr, GIVEN | FLIGHT | HOLE, 0);
	model.deflated += entry->range.nr;
}

/*
 * A range went that was both to be refused and to be deflated: which of the two was it?
 * What the guest is answered must be the same.
 */
static void settle(void)
{
	struct entry *unsettled = model.unsettled;

	model.unsettled = NULL;
	if (!unsettled)
		return;
	if (vm.counts.refused == model.refused)
		deflate(&model.entries[model.nr - 1], 0);
	else
		refuse(unsettled);
}

int __wrap_aero_balloon_remove(struct aero_balloon *balloon, u64 gfn, u64 nr);
int __wrap_aero_balloon_remove(struct aero_balloon *balloon, u64 gfn, u64 nr)
{
	struct entry *entry = &model.entries[model.nr - 1], *refused;
	bool deflated;
	u64 given;
	int err;

	settle();
	refused = find_refused(gfn, nr);
	deflated = entry->copied && !entry->err && !entry->asked &&
		   entry->range.op == AERO_OP_DEFLATE && entry->range.gfn == gfn &&
		   entry->range.nr == nr;
	given = having(gfn, nr, GIVEN);
	err = __real_aero_balloon_remove(balloon, gfn, nr);
	CHECK(err == (given == nr ? 0 : -ENOENT), "error %d, %llu of %llu pages were given", err,
	      given, nr);
	CHECK(refused || deflated, "takes %llu at %llx, nobody said so", nr, gfn);
	if (!err) {
		change(gfn, nr, GIVEN | REST, 0);
		model.pages -= nr;
	}
	if (refused && deflated && overlapped(refused))
		model.unsettled = refused;
	else if (refused)
		refuse(refused);
	else
		deflate(entry, err);
	CHECK(balloon->pages == model.pages, "%llu pages, should be %llu", balloon->pages,
	      model.pages);
	return err;
}

/** model_section_begins() - before aero_reclaim_section() */
void model_section_begins(void)
{
	model.left = SECTION_PAGES;
	model.freed = 0;
	model.acted = false;
	model.no_ack = false;
	model.refusable = false;
	model.ended = false;
	model.quarantine = AERO_REASON_NONE;
	model.tail = vm.tail;
	model.seen_head = vm.tail;
	model.seen_revoke = false;
	model.put_off = false;
	model.accesses = 0;
	model.nr = model.begun;
	if (model.begun) {
		model.entries[0] = model.rest;
		slice(&model.entries[0]);
	}
}

static void check_answers(u32 done)
{
	u32 i;

	for (i = 0; i < done; i++) {
		struct aero_ack *ack = &acks[aero_ring_slot(model.tail + i)];
		u32 result = model.entries[i].refused ? AERO_RESULT_REFUSED : AERO_RESULT_DONE;

		CHECK(le32_to_cpu(ack->index) == model.tail + i &&
		      le32_to_cpu(ack->result) == result, "answer %u says %u: %u, should be %u",
		      model.tail + i, le32_to_cpu(ack->index), le32_to_cpu(ack->result), result);
	}
}

/* All that is given was freed, but for what is to be freed later; what was in flight is somebody's again. */
static void land(void)
{
	unsigned int i;

	for (i = 0; i < model.nr; i++) {
		struct entry *entry = &model.entries[i];
		u64 gfn = entry->range.gfn, nr = entry->range.nr;

		if (entry->range.op != AERO_OP_INFLATE || !entry->asked || entry->result)
			continue;
		CHECK(having(gfn, nr, GIVEN) ==
		      having(gfn, nr, GIVEN | HOLE) + having(gfn, nr, GIVEN | REST),
		      "memory counts as given and is not free: %llu at %llx", nr, gfn);
		CHECK(!having(gfn, nr, HOLE | REST), "freed too early: %llu at %llx", nr, gfn);
		change(gfn, nr, FLIGHT, 0);
	}
}

/* Is there more to be freed of the last range of a section? */
static bool unfinished(const struct entry *entry)
{
	return entry->copied && !entry->err && entry->range.op == AERO_OP_INFLATE &&
	       entry->asked && !entry->result && !entry->refused && entry->done < entry->range.nr;
}

/**
 * model_section_ends() - after aero_reclaim_section()
 * @more: what it returned
 */
void model_section_ends(bool more)
{
	u32 pending = model.seen_head - model.tail, done;
	bool resumed = model.begun;

	count(COUNT_SECTIONS);
	settle();
	if (!model.acted) {
		CHECK(!resumed || !pending || pending > AERO_RING_ENTRIES || model.no_ack,
		      "does not go on with what it has begun");
		if (resumed)
			change(model.rest.range.gfn + model.rest.done, model.entries[0].slice,
			       FLIGHT, REST);
		model.nr = 0;
	}
	if (model.nr)
		finish(&model.entries[model.nr - 1]);
	if (pending > AERO_RING_ENTRIES) {
		CHECK(!model.nr, "goes on with a bad index");
		if (vm.state == AERO_VM_QUARANTINED)
			expect_quarantine(AERO_REASON_INDEX, COUNT_BAD_INDEX);
	}
	if (model.seen_revoke) {
		CHECK(model.nr <= resumed, "reads what it was not to read");
		count(COUNT_DENIED);
	}
	if (model.quarantine)
		CHECK(vm.state == AERO_VM_QUARANTINED && vm.reason == model.quarantine,
		      "state %d, reason %d, should be %d", vm.state, vm.reason, model.quarantine);
	else
		CHECK(vm.state != AERO_VM_QUARANTINED, "reason %d", vm.reason);

	if (model.acted) {
		model.rest = model.entries[model.nr - 1];
		model.begun = !model.quarantine && unfinished(&model.rest);
	}
	done = model.quarantine || !model.nr ? 0 : model.nr - model.put_off - model.begun;
	model.descs += done;
	CHECK(vm.tail - model.tail == done, "%u done, should be %u", vm.tail - model.tail, done);
	CHECK(le32_to_cpu(control.tail) == vm.tail && le32_to_cpu(control.claim) == vm.tail + model.begun,
	      "tail %u: published %u, claim %u", vm.tail, le32_to_cpu(control.tail),
	      le32_to_cpu(control.claim));
	CHECK(more == ((model.acted && model.begun) || (done && pending > done)), "%s more to do", more ? "has" : "has no");
	check_answers(done);
	land();
	CHECK(vm.counts.descs == model.descs && vm.counts.inflated == model.inflated &&
	      vm.counts.deflated == model.deflated && vm.counts.refused == model.refused,
	      "counts %llu, %llu, %llu, %llu, should be %llu, %llu, %llu, %llu",
	      vm.counts.descs, vm.counts.inflated, vm.counts.deflated, vm.counts.refused,
	      model.descs, model.inflated, model.deflated, model.refused);
}
