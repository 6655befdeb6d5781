// SPDX-License-Identifier: GPL-2.0
/*
 * The guest. Every input is a program for it: one byte says what it does, the next ones
 * how, and every program is valid. OP_HOST lets the host go on for some accesses to shared
 * memory; whatever stands behind it happens there, between two accesses of the host's.
 *
 * The guest lies about everything, but it also does what honest ones do, or else
 * no input would come far.
 */
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "ring.h"

/* What a byte can mean; two of them twice as often as the rest. */
enum op {
	OP_HOST,
	OP_HOST_AGAIN,
	OP_PUSH,
	OP_PUSH_AGAIN,
	OP_GIVE,
	OP_TAKE,
	OP_REPEAT,
	OP_STRADDLE,
	OP_HEAD,
	OP_REVOKE,
	OP_TAKE_BACK,
	OP_RESUME,
	OP_POKE,
	OP_STATUS,
	OP_FAULT,
	OP_WORLD,
	OP_DRAIN,
	OP_HELLO,
	NR_OPS,
};

#define MAX_STEPS	4096	/* per input: it may let the host run again and again */
#define NR_LOGGED	256

struct aero_vm vm;
struct aero_control control;
struct aero_status status;
struct aero_desc descs[AERO_RING_ENTRIES];
struct aero_ack acks[AERO_RING_ENTRIES];

bool revoked;
u32 revoked_claim;

static struct aero_channel channel = { .control = &control, .status = &status };

static struct {
	const u8 *next;
	const u8 *end;
	unsigned int steps;
	/* Accesses of the host's until the guest acts; 0: it does not. */
	unsigned int wait;
	bool in_section;
	bool acting;
	u32 head;
	u64 desc_pages;
	u64 cursor[NR_SLOTS];
	/* What it gave, last of all first. */
	struct {
		u64 gfn;
		u32 nr;
	} log[NR_LOGGED];
	unsigned int nr_logged;
} guest;

static u64 get(unsigned int bytes)
{
	u64 value = 0;

	while (bytes-- && guest.next < guest.end)
		value = value << 8 | *guest.next++;
	return value;
}

static u64 get_gfn(const struct slot **slot)
{
	u8 how = get(1);

	*slot = &slots[how % (NR_SLOTS + 1)];
	if (how % (NR_SLOTS + 1) == NR_SLOTS) {
		*slot = &slots[0];
		return get(8);
	}
	switch (how / (NR_SLOTS + 1) % 6) {
	case 0:
		return (*slot)->gfn + get(1) * (*slot)->granule;
	case 1:
		/* So near the end that many a range goes beyond. */
		return (*slot)->gfn + (*slot)->nr - get(1) % 16 * (*slot)->granule;
	case 2:
		/* Near the border of two of the account's bitmaps. */
		return ((*slot)->gfn + get(1) % 16 * PAGE_SIZE * 8) + (s8)get(1);
	case 3:
		return (*slot)->gfn + get(3) % (*slot)->nr;
	case 4:
		return (*slot)->gfn + (*slot)->nr - 512 * (1 + get(1) % 2);
	default:
		return (*slot)->gfn + get(2) % (*slot)->nr / (*slot)->granule * (*slot)->granule;
	}
}

static u32 get_nr(const struct slot *slot)
{
	u8 how = get(1);

	if (how < 128)
		return slot->granule;
	if (how < 192)
		return (how - 127) * slot->granule;
	if (how < 224)
		return how - 191;
	if (how < 240)
		return get(2);
	if (how < 246)
		return get(4);
	if (how < 250)
		return PAGE_SIZE * 8 - 2 + get(1) % 5;
	if (how < 254)
		return AERO_DESC_MAX_PAGES - get(1) % 2;
	return AERO_DESC_MAX_PAGES + 1;
}

static u16 get_op(void)
{
	u8 how = get(1);

	if (how < 140)
		return AERO_OP_INFLATE;
	if (how < 220)
		return AERO_OP_DEFLATE;
	if (how < 240)
		return AERO_OP_NOP;
	return how == 255 ? get(2) : how - 240;
}

/* Change a descriptor in shared memory; the model must know if the host is copying it. */
static void write_desc(u32 index, struct aero_desc desc)
{
	struct aero_desc *at = &descs[aero_ring_slot(index)];
	bool full;

	if (model_copying(&full) == at) {
		if (full)
			return;
		*at = desc;
		model_desc_changed();
	} else {
		*at = desc;
	}
	guest.desc_pages |= 1ULL << aero_ring_slot(index) * sizeof(desc) / PAGE_SIZE;
}

static void push(u16 op, u64 gfn, u32 nr, u16 reserved)
{
	write_desc(guest.head++, (struct aero_desc){
		.gfn = cpu_to_le64(gfn), .nr_pages = cpu_to_le32(nr),
		.op = cpu_to_le16(op), .reserved = cpu_to_le16(reserved),
	});
	if (op == AERO_OP_INFLATE) {
		guest.log[guest.nr_logged % NR_LOGGED].gfn = gfn;
		guest.log[guest.nr_logged++ % NR_LOGGED].nr = nr;
	}
}

/* As an honest guest gives: page after page, and none twice. */
static void give(void)
{
	u8 how = get(1), times = get(1);
	unsigned int at = how % NR_SLOTS, i;
	const struct slot *slot = &slots[at];
	u64 nr = (1 + (how / NR_SLOTS) % 8) * slot->granule;

	for (i = 0; i <= times; i++) {
		if (guest.cursor[at] + nr > slot->nr)
			guest.cursor[at] = 0;
		push(AERO_OP_INFLATE, slot->gfn + guest.cursor[at], nr, 0);
		/* Every other way leaves holes between them. */
		guest.cursor[at] += nr + (how & 128 ? slot->granule : 0);
	}
}

static void take(void)
{
	unsigned int i = get(1);

	for (i++; i && guest.nr_logged; i--) {
		guest.nr_logged--;
		push(AERO_OP_DEFLATE, guest.log[guest.nr_logged % NR_LOGGED].gfn,
		     guest.log[guest.nr_logged % NR_LOGGED].nr, 0);
	}
}

/*
 * Two memslots in one range: look-ups, and holes, that come after it was recorded. Each may
 * fail; what fails then is undone, once.
 */
static void straddle(void)
{
	u8 how = get(1), length = get(1);
	const struct slot *slot = &slots[1 + how % 2];

	world_fault(FAULT_REMAP, how / 2 % 4);
	world_fault(FAULT_PUNCH, how / 8 % 4);
	push(AERO_OP_INFLATE, slot->gfn + slot->nr - (1 + length % 4) * 512,
	     (1 + length % 4 + 1 + length / 4) * 512, 0);
}

/* Much like a range that was given before. */
static void repeat(void)
{
	u8 which = get(1);
	u16 op = get_op();
	s8 gfn = get(1) - 128, nr = get(1) - 128;

	if (!guest.nr_logged)
		return;
	which %= guest.nr_logged < NR_LOGGED ? guest.nr_logged : NR_LOGGED;
	/* Mostly the same, then by little. */
	push(op, guest.log[which].gfn + gfn / 32, guest.log[which].nr + nr / 32, 0);
}

static void poke(void)
{
	/* Near the tail, where the host is. */
	u32 index = vm.tail + get(1);
	struct aero_desc desc = descs[aero_ring_slot(index)];
	u8 what = get(1);
	const struct slot *slot = &slots[0];
	bool full;
	const struct aero_desc *copying = model_copying(&full);

	/* Or the very one that it is copying. */
	if (copying && what >= 64) {
		index = copying - descs;
		desc = *copying;
	}
	if (what & 1)
		desc.gfn = cpu_to_le64(get_gfn(&slot));
	if (what & 2)
		desc.nr_pages = cpu_to_le32(get_nr(slot));
	if (what & 4)
		desc.op = cpu_to_le16(get_op());
	if (what & 8)
		desc.reserved = cpu_to_le16(get(1) % 2);
	write_desc(index, desc);
}

static void set_head(void)
{
	u8 how = get(1);

	if (how < 64)
		guest.head = vm.tail + get(1);
	else if (how < 72)
		guest.head = vm.tail + AERO_RING_ENTRIES - 2 + how % 4;
	else if (how < 80)
		guest.head = get(4);
	else if (how < 88)
		guest.head = vm.tail - get(1);
	aero_ring_publish(&status.head, guest.head);
}

/* As an honest guest does, which may then use the memory. */
static void take_back(void)
{
	u32 nr, i;

	if (!revoked || !aero_ring_between(revoked_claim, guest.head, &nr))
		return;
	for (i = revoked_claim; i != guest.head; i++)
		write_desc(i, (struct aero_desc){ .op = cpu_to_le16(AERO_OP_NOP) });
	guest.nr_logged = 0;
}

static void set_status(void)
{
	u8 how = get(1);

	switch (how % 4) {
	case 0:
		status.epoch = cpu_to_le64(how / 4 % 2 ? vm.epoch : how);
		break;
	case 1:
		status.state = cpu_to_le32(how / 4 % 4);
		break;
	case 2:
		/* Without the rest of revoking. */
		status.revoke = cpu_to_le32(how / 4 % 2 ? how : 0);
		revoked &= !!status.revoke;
		break;
	case 3:
		/* Nothing that the host may trust: its own block, as the guest can map it. */
		status.echo = cpu_to_le64(get(8));
		break;
	}
}

static void change_world(void)
{
	u8 how = get(1);
	const struct slot *slot;
	u64 gfn;

	switch (how % 3) {
	case 0:
		gfn = get_gfn(&slot);
		world_folio(gfn, how / 3 % 2);
		break;
	case 1:
		world_seal(how / 3, how / 12 % 2);
		break;
	case 2:
		world_log(how / 3 % 2 ? get(2) : 0);
		break;
	}
}

static void forget(void)
{
	model_compare();
	aero_balloon_clear(&vm.balloon);
	model_forget();
}

/* The guest says hello, and vm.c adopts it; the ring's count starts anywhere. */
static void hello(u32 first)
{
	forget();
	aero_batch_reset(vm.batch);
	vm.state = AERO_VM_ACTIVE;
	vm.reason = AERO_REASON_NONE;
	vm.epoch++;
	vm.tail = first;
	control.tail = cpu_to_le32(first);
	control.claim = cpu_to_le32(first);
	status.head = cpu_to_le32(first);
	status.revoke = 0;
	status.epoch = cpu_to_le64(vm.epoch);
	status.state = cpu_to_le32(AERO_GUEST_RUNNING);
	revoked = false;
	guest.head = first;
	guest.nr_logged = 0;
	memset(guest.cursor, 0, sizeof(guest.cursor));
}

static bool section(void)
{
	struct aero_gpa gpa = { };
	bool more;

	world_section_begins();
	model_section_begins();
	guest.in_section = true;
	more = aero_reclaim_section(&vm, &gpa);
	guest.in_section = false;
	guest.wait = 0;
	model_section_ends(more);
	world_section_ends();
	/* As vm.c does it; and the guest tries again, else the input would end here. */
	if (vm.state == AERO_VM_QUARANTINED)
		hello(vm.tail);
	return more;
}

/* Until the input ends or the host shall go on. */
static void act(void)
{
	while (guest.next < guest.end && guest.steps++ < MAX_STEPS) {
		const struct slot *slot;
		u64 gfn;
		u32 nr;
		u16 op;

		switch (get(1) % NR_OPS) {
		case OP_HOST:
		case OP_HOST_AGAIN:
			guest.wait = get(1);
			/* Mostly while the host is at one of the next few descriptors. */
			if (guest.wait < 192)
				guest.wait %= 24;
			if (guest.in_section)
				return;
			guest.acting = false;
			section();
			guest.acting = true;
			break;
		case OP_PUSH:
		case OP_PUSH_AGAIN:
			op = get_op();
			gfn = get_gfn(&slot);
			nr = get_nr(slot);
			push(op, gfn, nr, op == 15);
			aero_ring_publish(&status.head, guest.head);
			break;
		case OP_GIVE:
			give();
			aero_ring_publish(&status.head, guest.head);
			break;
		case OP_TAKE:
			take();
			aero_ring_publish(&status.head, guest.head);
			break;
		case OP_REPEAT:
			repeat();
			aero_ring_publish(&status.head, guest.head);
			break;
		case OP_STRADDLE:
			straddle();
			aero_ring_publish(&status.head, guest.head);
			break;
		case OP_HEAD:
			set_head();
			break;
		case OP_REVOKE:
			revoked_claim = aero_ring_revoke(&control, &status);
			revoked = true;
			break;
		case OP_TAKE_BACK:
			take_back();
			break;
		case OP_RESUME:
			aero_ring_resume(&status);
			revoked = false;
			break;
		case OP_POKE:
			poke();
			break;
		case OP_STATUS:
			set_status();
			break;
		case OP_FAULT:
			op = get(1);
			world_fault(op % NR_FAULTS, op / NR_FAULTS % 8);
			break;
		case OP_WORLD:
			change_world();
			break;
		case OP_DRAIN:
			if (guest.in_section)
				break;
			guest.acting = false;
			/* As much as the longest descriptor takes. */
			for (op = 0; op < 16 && section(); op++)
				;
			guest.acting = true;
			break;
		case OP_HELLO:
			if (!guest.in_section)
				hello(get(4));
			break;
		}
	}
}

/* libFuzzer learns from what is compared; from addresses there is nothing to be learnt. */
static bool __attribute__((no_sanitize("coverage")))
within(const volatile void *field, const void *start, size_t size)
{
	return (uintptr_t)field - (uintptr_t)start < size;
}

/**
 * fuzz_access() - the host is going to access memory, which may be shared
 * @field: what, or NULL for a barrier
 */
void fuzz_access(const volatile void *field)
{
	if (!guest.in_section || guest.acting)
		return;
	if (field && !within(field, &control, sizeof(control)) &&
	    !within(field, &status, sizeof(status)) &&
	    !within(field, descs, sizeof(descs)) && !within(field, acks, sizeof(acks)))
		return;
	if (guest.wait && !--guest.wait) {
		guest.acting = true;
		act();
		guest.acting = false;
	}
	model_accessed(field);
}

const struct aero_desc *aero_channel_desc(const struct aero_channel *of, u32 index)
{
	u64 page = 1ULL << aero_ring_slot(index) * sizeof(struct aero_desc) / PAGE_SIZE;

	CHECK(of == &channel, "another channel");
	model_next(index);
	return guest.desc_pages & page ? &descs[aero_ring_slot(index)] : NULL;
}

static void reset(void)
{
	struct aero_batch *batch = vm.batch;
	unsigned int i;

	aero_balloon_clear(&vm.balloon);
	for (i = 0; i < 64; i++)
		if (guest.desc_pages >> i & 1)
			memset((u8 *)descs + i * PAGE_SIZE, 0, PAGE_SIZE);
	memset(&control, 0, sizeof(control));
	memset(&status, 0, sizeof(status));
	memset(&guest, 0, sizeof(guest));
	memset(&vm, 0, sizeof(vm));
	vm.batch = batch;
	vm.channel = &channel;
	vm.granule = SECTION_GRANULE;
	aero_balloon_init(&vm.balloon);
	world_reset();
	model_reset();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	count_init(*argc, *argv);
	vm.batch = aero_batch_alloc();
	return vm.batch ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	reset();
	guest.next = data;
	guest.end = data + size;
	/* The count wraps early in every other input. */
	hello(get(1) % 2 ? 0U - (u32)get(1) : (u32)get(1));
	guest.acting = true;
	act();
	guest.acting = false;
	guest.wait = 0;
	forget();
	count_input();
	return 0;
}
