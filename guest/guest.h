/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest driver: one balloon for each Aerostat channel.
 *
 * A balloon page is in exactly one of these places, and moves only downwards,
 * or out:
 *
 *	unreported	taken from the page allocator, the host does not know
 *	inflight	named by an INFLATE descriptor that the host has not
 *			acknowledged. The host may free its memory at any moment:
 *			it must not be freed, moved or used, come what may
 *	held		acknowledged. May leave at any time: a DEFLATE
 *			descriptor first, then it is free
 *	limbo		inflight under an epoch that is over; becomes unreported
 *			as soon as the host answers the new epoch, for then the
 *			host has let go of the old ring
 *
 * A new epoch makes the host forget, and takes all held pages to unreported.
 *
 * Pages come in two kinds: AERO_SMALL, which the kernel may migrate while they
 * are held, and AERO_BIG, 2 MiB, which it may not.
 *
 * Lock order: a page's lock (the kernel's, around migration)
 *		-> aero_guest.lock -> the balloon list's lock (the kernel's).
 * aero_guest.lock is a spinlock, never taken in interrupts, and held for bounded
 * work only. Nothing is allocated under it, so that the OOM notifier may take it.
 *
 * The worker, and the functions that stop it first (remove, shutdown, sleep),
 * are the only ones who send a hello, reap and change the phase to anything but
 * AERO_PHASE_BROKEN. That is called the worker's context below. Pages are
 * allocated by a thread that it sets to work (grow.c).
 */
#ifndef AEROSTAT_GUEST_H
#define AEROSTAT_GUEST_H

#include <linux/balloon.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/vm_event_item.h>
#include <linux/workqueue.h>

#include "abi.h"
#include "rate.h"
#include "ring.h"

/* Between two looks at the channel: when nothing happens, and while something does. */
#define AERO_IDLE_MS		1000
#define AERO_BUSY_MS		20
#define AERO_NEVER_MS		UINT_MAX

/* Something happens as long as something changed within this time. */
#define AERO_BUSY_NS		(2 * (u64)NSEC_PER_SEC)

/* One step of the worker: then it lets others run, and goes on at once. */
#define AERO_STEP_BYTES		SZ_64M
#define AERO_STEP_NS		(4 * NSEC_PER_MSEC)

/* One step of giving back while the guest has enough: others run until a jiffy or two later. */
#define AERO_GENTLE_BYTES	SZ_16M
#define AERO_GENTLE_NS		(NSEC_PER_MSEC / 2)
/* Small pages that are given back in one go then. */
#define AERO_GENTLE_PAGES	64UL

/*
 * The host is told of so much at once at most. Each time it is rung the guest is
 * left, but who tells late lets it wait: so at first it hears of each step, and
 * never later than this.
 */
#define AERO_REPORT_BYTES	SZ_256M
#define AERO_REPORT_NS		(100 * NSEC_PER_MSEC)
/* Where the host rings, how long to wait at most for the credit of a whole step. */
#define AERO_CREDIT_MS		100

/* Small pages between two looks at the floor; half a big one if they lie side by side. */
#define AERO_FLOOR_PAGES	64UL

/* Entries handled under the lock in one go. */
#define AERO_BATCH		512U

/* Kept free of INFLATE descriptors, so that memory can be given back when the host is slow. */
#define AERO_RING_RESERVE	(AERO_RING_ENTRIES / 8)

/* Given back in one call of the OOM notifier; it is called again as long as that helps. */
#define AERO_OOM_BYTES		SZ_64M

/* After that no inflation for so long: what saved the guest must not be taken at once. */
#define AERO_OOM_PAUSE_NS	(30 * (u64)NSEC_PER_SEC)

/* How long an unload or a shutdown waits for a host that does not answer. */
#define AERO_CLOSE_MS		1000
/* The same before a restart, which may be a kexec. */
#define AERO_RESTART_MS		30000

/* The least that the floor may be set to. */
#define AERO_FLOOR_MIN		SZ_16M

#define AERO_BIG_ORDER		(21 - PAGE_SHIFT)
#define AERO_BIG_SIZE		SZ_2M

/**
 * enum aero_kind - the two sizes of a balloon page
 * @AERO_SMALL: one page of the guest kernel
 * @AERO_BIG: AERO_BIG_SIZE, not compound so that it can be split
 * @AERO_KINDS: their number
 */
enum aero_kind {
	AERO_SMALL,
	AERO_BIG,
	AERO_KINDS,
};

/**
 * aero_kind_pages() - size of one page of a kind
 * @kind: the kind
 *
 * Return: pages of the guest kernel.
 */
static inline unsigned long aero_kind_pages(enum aero_kind kind)
{
	return kind == AERO_BIG ? 1UL << AERO_BIG_ORDER : 1;
}

/**
 * struct aero_pages - a list of pages of one kind; its holder says who protects it
 * @list: of struct page, through lru
 * @nr: entries
 */
struct aero_pages {
	struct list_head list;
	unsigned long nr;
};

/**
 * enum aero_phase - where the driver stands with the host
 * @AERO_PHASE_CLOSED: no epoch; the ring and the orders are not looked at
 * @AERO_PHASE_WAITING: said hello; the ring is not used until the host answers
 * @AERO_PHASE_GATHERING: answered; the pages held from before are being collected
 *	to be reported again, the ring is not used before that is done
 * @AERO_PHASE_RUNNING: the ring is in use
 * @AERO_PHASE_BROKEN: the host wrote nonsense; the ring is not used any more,
 *	the balloon only shrinks
 */
enum aero_phase {
	AERO_PHASE_CLOSED,
	AERO_PHASE_WAITING,
	AERO_PHASE_GATHERING,
	AERO_PHASE_RUNNING,
	AERO_PHASE_BROKEN,
};

/**
 * struct aero_slot - what the guest remembers of one ring slot
 * @nr: entries of the inflight list that its INFLATE descriptor names; zero for
 *	any other descriptor
 * @kind: which inflight list, enum aero_kind
 *
 * The inflight lists are in ring order, so a count is all that it takes to find
 * the pages of a descriptor. Nothing is kept in the pages themselves: their
 * fields are not the driver's while a page scanner may look at them.
 *
 * Protected by aero_guest.lock.
 */
struct aero_slot {
	u32 nr : 31;
	u32 kind : 1;
};

/**
 * struct aero_channel - the shared memory and the guest's end of its ring
 * @base: BAR 2, AERO_CHANNEL_SIZE bytes; constant
 * @control: written by the host, each field is read once and checked; constant
 * @status: written by the guest: head and revoke under aero_guest.lock, the rest
 *	in the worker's context; constant
 * @acks: written by the host; constant
 * @descs: written under aero_guest.lock, never read; constant
 * @slots: AERO_RING_ENTRIES of them; aero_guest.lock
 * @epoch: own epoch; written in the worker's context under aero_guest.lock
 * @heartbeat: last value published; worker's context
 * @head: descriptors written, published or about to be; aero_guest.lock
 * @reaped: descriptors whose pages have been settled, <= the host's tail;
 *	aero_guest.lock
 * @told_head: @head when it was last decided whether to ring for it;
 *	aero_guest.lock
 * @echo: last challenge answered; worker's context
 * @offered: features of the host, AERO_F_*; constant
 * @doorbell: what rings the host; constant
 * @registers: BAR 0, or NULL if the host cannot be rung; constant
 * @rings: the host can interrupt, so that nothing is polled; constant while the
 *	worker can run
 * @abi_minor: the session's, that of the older side; constant
 */
struct aero_channel {
	void *base;
	const struct aero_control *control;
	struct aero_status *status;
	const struct aero_ack *acks;
	struct aero_desc *descs;
	struct aero_slot *slots;
	u64 epoch;
	u64 heartbeat;
	u32 head;
	u32 reaped;
	u32 told_head;
	__le64 echo;
	u64 offered;
	u32 doorbell;
	void __iomem *registers;
	bool rings;
	u16 abi_minor;
};

/**
 * struct aero_orders - one consistent copy of what the host wants; a local variable
 * @target: balloon size, bytes
 * @rate_min: bytes per second
 * @rate_max: bytes per second
 * @granule: bytes; not checked
 * @flags: AERO_CTL_*
 */
struct aero_orders {
	u64 target;
	u64 rate_min;
	u64 rate_max;
	u64 granule;
	u32 flags;
};

/**
 * struct aero_balloon - the pages; all of it is protected by aero_guest.lock
 * @unreported: see the top of this file, for each kind
 * @inflight: in ring order
 * @limbo: in no order
 * @big: the big ones that are held
 * @small: the small ones that are held; the kernel's lock protects its list
 * @nr_small: length of @small, with those that the kernel has isolated
 * @nr_pages: pages in all places, in pages of the guest kernel
 * @oom_bytes: given back to the OOM killer since the driver was loaded
 * @migrated: small pages replaced by the kernel's compaction
 * @refused: pages of the guest kernel that the host could not free
 */
struct aero_balloon {
	struct aero_pages unreported[AERO_KINDS];
	struct aero_pages inflight[AERO_KINDS];
	struct aero_pages limbo[AERO_KINDS];
	struct aero_pages big;
	struct balloon_dev_info small;
	unsigned long nr_small;
	unsigned long nr_pages;
	u64 oom_bytes;
	u64 migrated;
	u64 refused;
};

/**
 * struct aero_grower - the thread that grows the balloon, and its present step
 * @worker: the thread; constant
 * @work: the step; one at a time
 * @urgent: it is not of SCHED_IDLE, and may reclaim; written in the worker's context
 * @busy: a step was handed over and its outcome not yet asked for; worker's context
 * @done: the step has an outcome; set by the thread with release
 * @goal: how large the balloon may become, pages of the guest kernel; aero_guest.lock
 * @most: how much the step may take, pages of the guest kernel; the thread's while @busy
 * @small: small pages will do; the thread's while @busy
 * @runs: they are to lie side by side; the thread's
 * @grown: outcome: how much it took, pages of the guest kernel; valid with @done
 * @failed: outcome: what hindered it, AERO_LIMIT_*; valid with @done
 * @reclaimed: outcome: it was allowed to reclaim; valid with @done
 * @limits: @failed of the last step that is over; worker's context
 */
struct aero_grower {
	struct kthread_worker *worker;
	struct kthread_work work;
	bool urgent;
	bool busy;
	bool done;
	unsigned long goal;
	unsigned long most;
	bool small;
	bool runs;
	unsigned long grown;
	u32 failed;
	bool reclaimed;
	u32 limits;
};

/**
 * struct aero_guest - one Aerostat channel of this guest
 * @pdev: its PCI device; constant
 * @lock: see the top of this file
 * @phase: where it stands with the host; written under @lock, read anywhere
 * @lost: a page left the balloon and the host could not be told; no INFLATE until
 *	a new epoch. @lock
 * @closing: no migration any more; the driver is about to let go. @lock
 * @ch: the channel
 * @balloon: the pages
 * @wq: where @work runs; freezable; constant
 * @work: the worker
 * @rest: with a doorbell, starts the worker now and then if the guest is not idle
 * @grower: takes pages
 * @stopped: neither looks at the channel; worker's context, read anywhere
 * @reclaims: nothing was free in the last step of growing, so the next one reclaims;
 *	worker's context
 * @rate: inflation rate; worker's context
 * @rate_ns: when @rate was last asked, ktime; worker's context
 * @stats_ns: when statistics were last published, ktime; worker's context
 * @events: all the kernel's event counts, too many for the stack; worker's context
 * @change_ns: when the target, the balloon or the ring last changed, ktime;
 *	worker's context
 * @reclaim_at: when the kernel's reclaim last kicked the worker, jiffies; any context
 * @seen_pages: aero_balloon.nr_pages then; worker's context
 * @told: pages that the host was told of since the last pause; worker's context
 * @told_ns: when it was told, ktime; worker's context
 * @seen_reaped: aero_channel.reaped then; worker's context
 * @seen_refused: aero_balloon.refused when the worker last looked; its context
 * @refused: the host refused a page: do not inflate before the target or the
 *	epoch changes; worker's context
 * @target: last seen, bytes; written in the worker's context, read anywhere
 * @rate_bytes: last published, bytes per second; the same
 * @limits: last published, AERO_LIMIT_*; the same
 * @oom_until_ns: no inflation before, ktime; single word, written by the OOM
 *	notifier
 * @floor_bytes: available memory that inflation leaves; single word, written
 *	through sysfs
 * @oom_nb: the OOM notifier; constant
 * @shrinker: tells of reclaim; constant
 */
struct aero_guest {
	struct pci_dev *pdev;
	spinlock_t lock;	/* see the top of this file */
	enum aero_phase phase;
	bool lost;
	bool closing;
	struct aero_channel ch;
	struct aero_balloon balloon;

	struct workqueue_struct *wq;
	struct delayed_work work;
	struct delayed_work rest;
	struct aero_grower grower;
	bool reclaims;
	bool stopped;
	struct aero_rate rate;
	u64 rate_ns;
	u64 stats_ns;
	unsigned long events[NR_VM_EVENT_ITEMS];
	u64 change_ns;
	unsigned long seen_pages;
	unsigned long told;
	u64 told_ns;
	u32 seen_reaped;
	unsigned long reclaim_at;
	u64 seen_refused;
	bool refused;

	u64 target;
	u64 rate_bytes;
	u32 limits;
	u64 oom_until_ns;
	u64 floor_bytes;
	struct notifier_block oom_nb;
	struct shrinker *shrinker;
};

/* channel.c */
int aero_channel_open(struct aero_guest *guest);
void aero_channel_close(struct aero_guest *guest);
bool aero_channel_intact(struct aero_guest *guest);
bool aero_channel_answered(const struct aero_channel *ch);
void aero_channel_beat(struct aero_guest *guest);
void aero_channel_read(const struct aero_channel *ch, struct aero_orders *orders);
void __aero_channel_hello(struct aero_guest *guest);
void aero_channel_publish(struct aero_guest *guest);
void aero_channel_goodbye(struct aero_guest *guest);

/* doorbell.c */
void aero_doorbell_open(struct aero_guest *guest);
void aero_doorbell_close(struct aero_guest *guest);
void aero_doorbell_unmap(struct aero_guest *guest);
void aero_doorbell_ring(struct aero_guest *guest);

/* ring.c */
bool __aero_ring_usable(const struct aero_guest *guest);
u32 __aero_ring_room(const struct aero_guest *guest);
void __aero_ring_put(struct aero_guest *guest, enum aero_op op, enum aero_kind kind,
		     unsigned long pfn, unsigned long nr_pages, u32 entries);
void __aero_ring_publish(struct aero_guest *guest);
bool __aero_ring_done(struct aero_guest *guest, u32 *tail);
bool __aero_ring_ack(struct aero_guest *guest, u32 index, bool *refused);
bool __aero_ring_revoke(struct aero_guest *guest, u32 *claim);
bool aero_ring_drained(struct aero_guest *guest);
bool aero_ring_arm(struct aero_guest *guest);
void __aero_host_broken(struct aero_guest *guest, const char *why);

/* pages.c */
void aero_pages_init(struct aero_pages *pages);
void aero_pages_add(struct aero_pages *pages, struct page *page);
void aero_pages_add_first(struct aero_pages *pages, struct page *page);
struct page *aero_pages_pop(struct aero_pages *pages);
struct page *aero_pages_pop_last(struct aero_pages *pages);
void aero_pages_splice(struct aero_pages *from, struct aero_pages *to);
void aero_pages_sort(struct aero_pages *pages);
unsigned long aero_pages_size(const struct aero_pages *pages, enum aero_kind kind);
struct page *aero_big_alloc(void);
bool aero_small_alloc(struct aero_pages *pages, unsigned int order);
void aero_page_free(struct page *page, enum aero_kind kind);
void aero_pages_free(struct aero_pages *pages, enum aero_kind kind);
void aero_page_split(struct page *page, struct aero_pages *to);

/* balloon.c */
void aero_balloon_init(struct aero_balloon *balloon);
void __aero_balloon_add(struct aero_guest *guest, struct page *page, enum aero_kind kind);
bool aero_balloon_report(struct aero_guest *guest, enum aero_kind kind);
void aero_balloon_reap(struct aero_guest *guest);
unsigned long aero_balloon_drop(struct aero_guest *guest, enum aero_kind kind,
				unsigned long max);
unsigned long aero_balloon_deflate(struct aero_guest *guest, enum aero_kind kind,
				   unsigned long max, bool force);
unsigned long aero_balloon_trim(struct aero_guest *guest, unsigned long nr_pages);
void __aero_balloon_revoke(struct aero_guest *guest);
void __aero_balloon_disown(struct aero_guest *guest, bool revoke);
bool aero_balloon_gather(struct aero_guest *guest);
void aero_balloon_close(struct aero_guest *guest, bool empty);
void aero_balloon_leak(struct aero_guest *guest);

/* migrate.c */
int aero_balloon_migrate(struct balloon_dev_info *info, struct page *newpage,
			 struct page *page, enum migrate_mode mode);

/* grow.c */
int aero_grow_create(struct aero_guest *guest);
void aero_grow_destroy(struct aero_guest *guest);
void aero_grow_begin(struct aero_guest *guest, unsigned long goal, unsigned long most,
		     bool small);
bool aero_grow_end(struct aero_guest *guest, unsigned long *grown, u32 *failed);
void aero_grow_limit(struct aero_guest *guest, unsigned long goal);
void aero_grow_hurry(struct aero_guest *guest, bool urgent);
void aero_grow_stop(struct aero_guest *guest);

/* worker.c */
int aero_worker_create(struct aero_guest *guest);
void aero_worker_destroy(struct aero_guest *guest);
void aero_worker_start(struct aero_guest *guest);
void aero_worker_stop(struct aero_guest *guest);
void aero_worker_kick(struct aero_guest *guest);

/* oom.c */
int aero_oom_register(struct aero_guest *guest);
void aero_oom_unregister(struct aero_guest *guest);

/* reclaim.c */
int aero_reclaim_register(struct aero_guest *guest);
void aero_reclaim_unregister(struct aero_guest *guest);

/* stats.c */
void aero_stats_publish(struct aero_guest *guest);

/* sysfs.c */
extern const struct attribute_group *aero_guest_groups[];

#endif /* AEROSTAT_GUEST_H */
