/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared-memory interface between aerostat_host and aerostat_guest.
 *
 * One channel is AERO_CHANNEL_SIZE bytes of host kernel memory that the guest
 * sees as BAR 2 of an ivshmem device:
 *
 *	offset    writer  what
 *	0x00000   host    struct aero_header: what this is, where the rest lies
 *	0x00080   host    struct aero_control: target, rates, challenge, ring tail
 *	0x01000   guest   struct aero_status: epoch, echo, ring head, statistics
 *	0x02000   -       reserved: vCPU target, application balloons, memory
 *			  condition; zero
 *	0x10000   host    AERO_RING_ENTRIES x struct aero_ack
 *	0x40000   guest   AERO_RING_ENTRIES x struct aero_desc
 *	0x80000   -       reserved, zero
 *
 * Every field is little endian and naturally aligned; every cache line has one
 * writer; reserved bytes are written as zero and not read. A reader trusts
 * nothing: it copies a field once, then checks, then uses the copy.
 *
 * Versions. The lower minor number of both sides is the session's. A minor number
 * may add feature bits, and fields, flags, operations and results that nobody who
 * does not take such a bit up has to know of; and fields in reserved space that are
 * of use unasked, where zero means that the other side is older. It changes neither
 * what was there before nor the header's sizes and offsets. Bits and fields of a
 * later version are not looked at; a session's features are those that both sides
 * know and offer.
 *
 * A different major number is refused by both sides. What all of them share is
 * AERO_MAGIC, abi_major, abi_minor and status_offset where aero_header has them, and
 * abi_major, abi_minor and state where aero_status has them. The guest driver that
 * finds another major number in the header writes its own version and
 * AERO_GUEST_FOREIGN there, and nothing else; the host does not answer a hello of
 * another major number. Both tell their users.
 *
 * Hello. The host writes the header before the guest can map it. The guest
 * driver clears its status block, resets its ring, chooses a random epoch, and
 * last of all publishes it with state AERO_GUEST_RUNNING. The host adopts the
 * epoch: it forgets what an earlier epoch inflated, starts the ring at zero and
 * answers in aero_control.epoch. Until that answer matches its epoch, the guest
 * leaves the ring alone. The guest may take a new epoch at any time, and then
 * reports every page that it still holds anew. The host adopts an epoch at most
 * once: a driver that it has forgotten must choose another. It clears
 * aero_control.epoch before it resets the ring's indices, and an answer says that
 * it has let go of every descriptor of earlier epochs. It frees memory only while
 * it handles an INFLATE, never again later.
 *
 * Challenge. The host reads no descriptor unless aero_status.echo equals the
 * challenge that it issued after the VM's memslots last changed, so that a ring
 * left behind by a reset, a loadvm or a crash is never acted upon: only a live
 * driver answers.
 *
 * Ring. The guest fills descriptors and publishes aero_status.head. The host
 * publishes aero_control.claim before it acts on the descriptors below it, and
 * aero_control.tail after it has done so and has written their aero_acks. Both
 * are free-running 32-bit counts of descriptors. A page whose descriptor is
 * between tail and head belongs to neither side. To take such pages back (its
 * OOM killer is near, it shuts down, the host is dead) the guest sets
 * aero_status.revoke and then reads claim; the host sets claim and then reads
 * revoke. With a full barrier between the two on each side at least one of them
 * sees the other: descriptors at or above the claim that the guest reads are
 * its own again, and it overwrites them with AERO_OP_NOP before it clears
 * revoke. A host that sees revoke after claiming moves claim back to tail and
 * leaves the ring alone.
 *
 * Doorbells. Without AERO_F_DOORBELL both sides look now and then. With it
 * each is told, and looks at all there is: the guest writes aero_header.doorbell
 * to ivshmem's doorbell register, the host raises MSI-X vector AERO_VECTOR. An
 * index is worth a ring when it passes the one that the other side waits for:
 * head passes aero_control.wake_head, tail passes aero_status.wake_tail. Who is
 * about to wait writes that, and then looks at the index once more, with a full
 * barrier in between. Anything else that changes (orders, challenge, epoch; state,
 * echo, revoke) is always worth one, a hello even if the guest does not take the
 * feature up. A driver answers each ring of the host with a beat of its heart, and
 * AERO_CTL_CALL with fresh statistics and a ring; otherwise it need not show that
 * it lives.
 */
#ifndef AEROSTAT_ABI_H
#define AEROSTAT_ABI_H

#include <linux/types.h>

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#include <stddef.h>
#endif

/* ivshmem's PCI identity; generic, so the magic decides. */
#define AERO_PCI_VENDOR_ID	0x1af4
#define AERO_PCI_DEVICE_ID	0x1110
#define AERO_PCI_BAR		2

/* ivshmem's registers, BAR 0, and the interrupt that is the host's doorbell. */
#define AERO_PCI_BAR_REGISTERS	0
#define AERO_PCI_DOORBELL	0x0cUL
#define AERO_VECTOR		0

#define AERO_MAGIC		0x544154534f524541ULL	/* "AEROSTAT" */
/* Tests build modules of other versions, see selftests/abi. */
#ifndef AERO_ABI_MAJOR
#define AERO_ABI_MAJOR		1
#define AERO_ABI_MINOR		0
#endif

#define AERO_CHANNEL_SIZE	0x100000UL
#define AERO_HEADER_OFFSET	0x00000UL
#define AERO_CONTROL_OFFSET	0x00080UL
#define AERO_STATUS_OFFSET	0x01000UL
#define AERO_ACK_OFFSET		0x10000UL
#define AERO_DESC_OFFSET	0x40000UL

#define AERO_RING_ENTRIES	16384U			/* a power of two */

/* A gfn and all page counts are in units of 4 KiB, whatever either kernel's page size. */
#define AERO_PAGE_SHIFT		12
#define AERO_PAGE_SIZE		4096UL

/* Longest range that one descriptor may name: 1 GiB. */
#define AERO_DESC_MAX_PAGES	0x40000U

/**
 * struct aero_header - what this shared memory is; constant for its life
 * @magic: AERO_MAGIC
 * @abi_major: version that the host speaks; refuse when it differs from yours
 * @abi_minor: version that the host speaks
 * @channel_size: bytes
 * @features: what the host offers, AERO_F_*
 * @ring_entries: descriptors in the ring, a power of two
 * @control_offset: of struct aero_control, bytes from the start
 * @status_offset: of struct aero_status
 * @ack_offset: of the acknowledgments
 * @desc_offset: of the descriptors
 * @doorbell: with AERO_F_DOORBELL: what rings the host
 * @reserved: zero
 */
struct aero_header {
	__le64 magic;
	__le16 abi_major;
	__le16 abi_minor;
	__le32 channel_size;
	__le64 features;
	__le32 ring_entries;
	__le32 control_offset;
	__le32 status_offset;
	__le32 ack_offset;
	__le32 desc_offset;
	__le32 doorbell;
	__u8 reserved[16];
};

/*
 * Feature bits, offered by the host in aero_header.features and taken up by
 * the guest in aero_status.features. None is needed for version 1.0.
 */
#define AERO_F_DOORBELL		0x1ULL	/* the host can be rung, and rings */

/* aero_control.flags */
#define AERO_CTL_URGENT		0x1U	/* inflate at rate_max, whatever it costs */
#define AERO_CTL_HOLD		0x2U	/* do not inflate; deflating goes on */
#define AERO_CTL_CALL		0x4U	/* with AERO_F_DOORBELL: look, and ring the host */

/**
 * struct aero_control - what the host wants; written by the host only
 * @target_bytes: balloon size that the host asks for
 * @rate_min_bytes: lower bound of the inflation rate, bytes per second
 * @rate_max_bytes: upper bound of the inflation rate, bytes per second
 * @granule_bytes: smallest unit that the host can free; ranges are multiples of
 *	it and aligned to it. 4096, or the size of a huge page of the VM's RAM.
 * @flags: AERO_CTL_*
 * @reserved0: zero
 * @challenge: never zero once issued; the guest copies it to aero_status.echo
 * @epoch: the epoch that the host serves; equals aero_status.epoch once the
 *	guest may use the ring
 * @features: those of aero_status.features that the host will use
 * @reserved1: zero
 * @tail: count of descriptors done with; their acks are written
 * @claim: count of descriptors that the host may be acting on; tail <= claim
 * @wake_head: ring the host when head passes this
 * @reserved2: zero
 * @reserved3: zero; for vCPU target and memory condition
 */
struct aero_control {
	__le64 target_bytes;
	__le64 rate_min_bytes;
	__le64 rate_max_bytes;
	__le64 granule_bytes;
	__le32 flags;
	__u8 reserved0[28];

	__le64 challenge;
	__le64 epoch;
	__le64 features;
	__u8 reserved1[40];

	__le32 tail;
	__le32 claim;
	__le32 wake_head;
	__u8 reserved2[52];

	__u8 reserved3[64];
};

/**
 * enum aero_guest_state - life of a guest driver, in aero_status.state
 * @AERO_GUEST_ABSENT: no driver yet; the state of zeroed memory
 * @AERO_GUEST_RUNNING: epoch is valid
 * @AERO_GUEST_CLOSED: the driver is gone and its ring is empty; balloon_bytes
 *	says what it disowned (a kexec) or zero (an unload)
 * @AERO_GUEST_FOREIGN: the driver speaks abi_major and not the host's, and has left;
 *	of the rest only abi_minor is valid
 */
enum aero_guest_state {
	AERO_GUEST_ABSENT = 0,
	AERO_GUEST_RUNNING = 1,
	AERO_GUEST_CLOSED = 2,
	AERO_GUEST_FOREIGN = 3,
};

/* aero_status.limits: why the balloon is smaller than its target */
#define AERO_LIMIT_FLOOR	0x1U	/* the guest would fall under its floor */
#define AERO_LIMIT_ALLOC	0x2U	/* the last allocation failed */
#define AERO_LIMIT_OOM		0x4U	/* gave pages back to stop its OOM killer */

/**
 * struct aero_stats - the guest's own account of its memory; hints only
 * @total_bytes: managed by the guest's page allocator (MemTotal)
 * @available_bytes: usable without swapping (MemAvailable)
 * @free_bytes: unused
 * @file_bytes: page cache
 * @swap_in_pages: since boot, as the other counts
 * @swap_out_pages: written to swap
 * @major_faults: faults that waited for a read
 * @refault_pages: evicted pages that were soon wanted again
 * @alloc_stalls: allocations that had to reclaim for themselves
 * @oom_bytes: given back without being asked, since the driver was loaded
 * @migrated_pages: balloon pages moved by the guest's compaction
 * @reserved: zero
 */
struct aero_stats {
	__le64 total_bytes;
	__le64 available_bytes;
	__le64 free_bytes;
	__le64 file_bytes;
	__le64 swap_in_pages;
	__le64 swap_out_pages;
	__le64 major_faults;
	__le64 refault_pages;
	__le64 alloc_stalls;
	__le64 oom_bytes;
	__le64 migrated_pages;
	__u8 reserved[40];
};

/**
 * struct aero_status - what the guest is and does; written by the guest only
 * @epoch: random, never zero; one life of one driver
 * @features: taken up from aero_header.features
 * @abi_major: version that the guest speaks
 * @abi_minor: version that the guest speaks
 * @state: enum aero_guest_state
 * @reserved0: zero
 * @echo: the last challenge seen
 * @heartbeat: grows at least once in two seconds while the driver lives or,
 *	with AERO_F_DOORBELL, after each ring of the host's
 * @reserved1: zero
 * @head: count of descriptors published
 * @revoke: not zero while the guest takes unclaimed descriptors back
 * @wake_tail: ring the guest when tail passes this
 * @reserved2: zero
 * @balloon_bytes: held by the balloon, reported or not
 * @rate_bytes: present inflation rate, bytes per second
 * @limits: AERO_LIMIT_*
 * @reserved3: zero
 * @stats: statistics
 */
struct aero_status {
	__le64 epoch;
	__le64 features;
	__le16 abi_major;
	__le16 abi_minor;
	__le32 state;
	__u8 reserved0[40];

	__le64 echo;
	__le64 heartbeat;
	__u8 reserved1[48];

	__le32 head;
	__le32 revoke;
	__le32 wake_tail;
	__u8 reserved2[52];

	__le64 balloon_bytes;
	__le64 rate_bytes;
	__le32 limits;
	__u8 reserved3[44];

	struct aero_stats stats;
};

/**
 * enum aero_op - what happened to a range of pages
 * @AERO_OP_NOP: nothing; a descriptor that was taken back
 * @AERO_OP_INFLATE: the pages joined the balloon; the host may free them
 * @AERO_OP_DEFLATE: the pages left the balloon; they are in use again
 */
enum aero_op {
	AERO_OP_NOP = 0,
	AERO_OP_INFLATE = 1,
	AERO_OP_DEFLATE = 2,
};

/**
 * struct aero_desc - one range of guest-physical pages
 * @gfn: first guest frame number
 * @nr_pages: 1 to AERO_DESC_MAX_PAGES
 * @op: enum aero_op
 * @reserved: zero
 */
struct aero_desc {
	__le64 gfn;
	__le32 nr_pages;
	__le16 op;
	__le16 reserved;
};

/**
 * enum aero_result - what the host did with a descriptor
 * @AERO_RESULT_DONE: recorded, and the memory behind an inflated range is freed
 * @AERO_RESULT_REFUSED: the host cannot free this range (pinned memory, no RAM
 *	that can be punched); it is not recorded and the guest may use it again
 */
enum aero_result {
	AERO_RESULT_DONE = 0,
	AERO_RESULT_REFUSED = 1,
};

/**
 * struct aero_ack - the answer to the descriptor of the same ring index
 * @index: the free-running index of that descriptor
 * @result: enum aero_result
 */
struct aero_ack {
	__le32 index;
	__le32 result;
};

#define AERO_ASSERT_SIZE(type, size) \
	static_assert(sizeof(type) == (size), "ABI size of " #type)
#define AERO_ASSERT_OFFSET(type, field, offset) \
	static_assert(offsetof(type, field) == (offset), "ABI offset of " #type "." #field)

AERO_ASSERT_SIZE(struct aero_header, 64);
AERO_ASSERT_OFFSET(struct aero_header, magic, 0);
AERO_ASSERT_OFFSET(struct aero_header, abi_major, 8);
AERO_ASSERT_OFFSET(struct aero_header, abi_minor, 10);
AERO_ASSERT_OFFSET(struct aero_header, channel_size, 12);
AERO_ASSERT_OFFSET(struct aero_header, features, 16);
AERO_ASSERT_OFFSET(struct aero_header, ring_entries, 24);
AERO_ASSERT_OFFSET(struct aero_header, control_offset, 28);
AERO_ASSERT_OFFSET(struct aero_header, status_offset, 32);
AERO_ASSERT_OFFSET(struct aero_header, ack_offset, 36);
AERO_ASSERT_OFFSET(struct aero_header, desc_offset, 40);
AERO_ASSERT_OFFSET(struct aero_header, doorbell, 44);
AERO_ASSERT_OFFSET(struct aero_header, reserved, 48);

AERO_ASSERT_SIZE(struct aero_control, 256);
AERO_ASSERT_OFFSET(struct aero_control, target_bytes, 0);
AERO_ASSERT_OFFSET(struct aero_control, rate_min_bytes, 8);
AERO_ASSERT_OFFSET(struct aero_control, rate_max_bytes, 16);
AERO_ASSERT_OFFSET(struct aero_control, granule_bytes, 24);
AERO_ASSERT_OFFSET(struct aero_control, flags, 32);
AERO_ASSERT_OFFSET(struct aero_control, reserved0, 36);
AERO_ASSERT_OFFSET(struct aero_control, challenge, 64);
AERO_ASSERT_OFFSET(struct aero_control, epoch, 72);
AERO_ASSERT_OFFSET(struct aero_control, features, 80);
AERO_ASSERT_OFFSET(struct aero_control, reserved1, 88);
AERO_ASSERT_OFFSET(struct aero_control, tail, 128);
AERO_ASSERT_OFFSET(struct aero_control, claim, 132);
AERO_ASSERT_OFFSET(struct aero_control, wake_head, 136);
AERO_ASSERT_OFFSET(struct aero_control, reserved2, 140);
AERO_ASSERT_OFFSET(struct aero_control, reserved3, 192);

AERO_ASSERT_SIZE(struct aero_stats, 128);
AERO_ASSERT_OFFSET(struct aero_stats, total_bytes, 0);
AERO_ASSERT_OFFSET(struct aero_stats, available_bytes, 8);
AERO_ASSERT_OFFSET(struct aero_stats, free_bytes, 16);
AERO_ASSERT_OFFSET(struct aero_stats, file_bytes, 24);
AERO_ASSERT_OFFSET(struct aero_stats, swap_in_pages, 32);
AERO_ASSERT_OFFSET(struct aero_stats, swap_out_pages, 40);
AERO_ASSERT_OFFSET(struct aero_stats, major_faults, 48);
AERO_ASSERT_OFFSET(struct aero_stats, refault_pages, 56);
AERO_ASSERT_OFFSET(struct aero_stats, alloc_stalls, 64);
AERO_ASSERT_OFFSET(struct aero_stats, oom_bytes, 72);
AERO_ASSERT_OFFSET(struct aero_stats, migrated_pages, 80);
AERO_ASSERT_OFFSET(struct aero_stats, reserved, 88);

AERO_ASSERT_SIZE(struct aero_status, 384);
AERO_ASSERT_OFFSET(struct aero_status, epoch, 0);
AERO_ASSERT_OFFSET(struct aero_status, features, 8);
AERO_ASSERT_OFFSET(struct aero_status, abi_major, 16);
AERO_ASSERT_OFFSET(struct aero_status, abi_minor, 18);
AERO_ASSERT_OFFSET(struct aero_status, state, 20);
AERO_ASSERT_OFFSET(struct aero_status, reserved0, 24);
AERO_ASSERT_OFFSET(struct aero_status, echo, 64);
AERO_ASSERT_OFFSET(struct aero_status, heartbeat, 72);
AERO_ASSERT_OFFSET(struct aero_status, reserved1, 80);
AERO_ASSERT_OFFSET(struct aero_status, head, 128);
AERO_ASSERT_OFFSET(struct aero_status, revoke, 132);
AERO_ASSERT_OFFSET(struct aero_status, wake_tail, 136);
AERO_ASSERT_OFFSET(struct aero_status, reserved2, 140);
AERO_ASSERT_OFFSET(struct aero_status, balloon_bytes, 192);
AERO_ASSERT_OFFSET(struct aero_status, rate_bytes, 200);
AERO_ASSERT_OFFSET(struct aero_status, limits, 208);
AERO_ASSERT_OFFSET(struct aero_status, reserved3, 212);
AERO_ASSERT_OFFSET(struct aero_status, stats, 256);

AERO_ASSERT_SIZE(struct aero_desc, 16);
AERO_ASSERT_OFFSET(struct aero_desc, gfn, 0);
AERO_ASSERT_OFFSET(struct aero_desc, nr_pages, 8);
AERO_ASSERT_OFFSET(struct aero_desc, op, 12);
AERO_ASSERT_OFFSET(struct aero_desc, reserved, 14);

AERO_ASSERT_SIZE(struct aero_ack, 8);
AERO_ASSERT_OFFSET(struct aero_ack, index, 0);
AERO_ASSERT_OFFSET(struct aero_ack, result, 4);

static_assert(AERO_HEADER_OFFSET + sizeof(struct aero_header) <= AERO_CONTROL_OFFSET,
	      "header runs into control");
static_assert(AERO_CONTROL_OFFSET + sizeof(struct aero_control) <= AERO_STATUS_OFFSET,
	      "control runs into status");
static_assert(AERO_ACK_OFFSET + AERO_RING_ENTRIES * sizeof(struct aero_ack) <= AERO_DESC_OFFSET,
	      "acknowledgments run into descriptors");
static_assert(AERO_DESC_OFFSET + AERO_RING_ENTRIES * sizeof(struct aero_desc) <= AERO_CHANNEL_SIZE,
	      "descriptors run out of the channel");
static_assert(!(AERO_RING_ENTRIES & (AERO_RING_ENTRIES - 1)), "ring size");

#endif /* AEROSTAT_ABI_H */
