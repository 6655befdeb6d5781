/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One VM: the process that maps a channel, its KVM VM and its guest driver.
 */
#ifndef AEROSTAT_VM_H
#define AEROSTAT_VM_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "abi.h"
#include "apportion.h"
#include "balance.h"
#include "balloon.h"
#include "gpa.h"
#include "holes.h"
#include "pace.h"
#include "pressure.h"
#include "working_set.h"

struct aero_batch;
struct aero_channel;
struct aero_host;

/**
 * enum aero_vm_state - what a VM is to the host; the word that `state` begins with
 * @AERO_VM_WAITING: no guest driver has said hello
 * @AERO_VM_ACTIVE: its driver follows the target
 * @AERO_VM_CHALLENGED: its memslots changed; nothing is read from its ring until
 *	its driver has answered
 * @AERO_VM_SILENT: its driver's heartbeat has stopped: paused, hung or gone
 * @AERO_VM_REFUSED: nothing can be taken from it; the reason says why and what to do
 * @AERO_VM_QUARANTINED: its driver broke the protocol; nothing is read from it any more
 * @AERO_NR_VM_STATES: number of states
 */
enum aero_vm_state {
	AERO_VM_WAITING,
	AERO_VM_ACTIVE,
	AERO_VM_CHALLENGED,
	AERO_VM_SILENT,
	AERO_VM_REFUSED,
	AERO_VM_QUARANTINED,
	AERO_NR_VM_STATES,
};

/**
 * enum aero_vm_reason - why a VM is in its state
 * @AERO_REASON_NONE: nothing to say
 * @AERO_REASON_NO_DRIVER: the guest has no driver, or has unloaded it
 * @AERO_REASON_NO_KVM: no KVM VM of the process maps the channel
 * @AERO_REASON_PRIVATE: RAM is private memory
 * @AERO_REASON_NO_RAM: no memory that the guest can write
 * @AERO_REASON_FOREIGN: RAM is a file of another kind than shmem or hugetlb
 * @AERO_REASON_UFFD: RAM is registered with userfaultfd
 * @AERO_REASON_MIGRATING: KVM logs writes
 * @AERO_REASON_PINNED: a device or another long-term user has pinned RAM
 * @AERO_REASON_PUNCH: the file refused to give its pages up (a sealed memfd)
 * @AERO_REASON_GRANULE: a part of a huge page was given
 * @AERO_REASON_VERSION: the guest driver speaks another major version
 * @AERO_REASON_MEMSLOTS: memslots changed
 * @AERO_REASON_HEARTBEAT: no sign of life
 * @AERO_REASON_INDEX: ring index beyond the ring
 * @AERO_REASON_DESC: malformed descriptor
 * @AERO_REASON_RANGE: range outside of RAM
 * @AERO_REASON_DUPLICATE: gave a page twice, or took back what it never gave
 * @AERO_NR_REASONS: number of reasons
 */
enum aero_vm_reason {
	AERO_REASON_NONE,
	AERO_REASON_NO_DRIVER,
	AERO_REASON_NO_KVM,
	AERO_REASON_PRIVATE,
	AERO_REASON_NO_RAM,
	AERO_REASON_FOREIGN,
	AERO_REASON_UFFD,
	AERO_REASON_MIGRATING,
	AERO_REASON_PINNED,
	AERO_REASON_PUNCH,
	AERO_REASON_GRANULE,
	AERO_REASON_VERSION,
	AERO_REASON_MEMSLOTS,
	AERO_REASON_HEARTBEAT,
	AERO_REASON_INDEX,
	AERO_REASON_DESC,
	AERO_REASON_RANGE,
	AERO_REASON_DUPLICATE,
	AERO_NR_REASONS,
};

/**
 * struct aero_vm_config - what a user sets
 * @min: pages that the VM keeps whatever happens
 * @min_set: @min was set by a user and does not follow the size
 * @limit: pages that the VM has at most
 * @limit_set: @limit was set by a user; without it the VM may have all
 * @managed: 1: the VM is resized; 0: its balloon stays as it is
 * @shares: weight in apportioning
 * @rate_min: lower bound of the inflation rate, bytes per second
 * @rate_max: upper bound of the inflation rate, bytes per second
 */
struct aero_vm_config {
	u64 min;
	bool min_set;
	u64 limit;
	bool limit_set;
	u8 managed;
	u32 shares;
	u64 rate_min;
	u64 rate_max;
};

/**
 * struct aero_vm_counts - what happened to a VM since it appeared
 * @descs: descriptors read
 * @inflated: pages given
 * @deflated: pages taken back
 * @refused: pages that could not be freed
 * @punches: holes punched
 * @punched: bytes of them
 * @filled: pages that the last round found where there should be holes
 * @challenges: issued
 * @epochs: guest drivers that said hello
 * @looks: runs of the VM's work
 * @rings: of the host's
 * @worked_us: time that the VM's work took, microseconds
 *
 * Written by the VM's work, read without lock.
 */
struct aero_vm_counts {
	u64 descs;
	u64 inflated;
	u64 deflated;
	u64 refused;
	u64 punches;
	u64 punched;
	u64 filled;
	u64 challenges;
	u64 epochs;
	u64 looks;
	u64 rings;
	u64 worked_us;
};

/**
 * struct aero_vm - one VM
 * @dev: /sys/class/aerostat/vm-<id>; its release frees the VM
 * @host: the module
 * @channel: where it is mapped; valid while the VM's work can run
 * @id: number in its name
 * @node: in aero_host.vms; protected by aero_host.vms_lock
 * @pid: thread group that mapped the channel
 * @mm: its address space; the struct is held, its users are not
 * @hva: start of the channel's mapping in @mm
 * @work: all that happens to the VM happens here, one thing after another
 * @gone: the mapping has ended; set once, with WRITE_ONCE()
 * @asked: the loop wants fresh statistics; single word
 * @not_before: rings do not bring @work forward before this, jiffies; single word
 * @debugfs: its directory
 * @balance: what mode balance remembers of it; owned by the control loop's work
 *
 * Owned by @work:
 * @buried: all has been undone
 * @delay: until the next run, jiffies
 * @registered: @dev is visible
 * @kvm: the KVM VM, referenced, or NULL
 * @unmapped: it has no memslot for the channel
 * @unmapped_at: since when, jiffies
 * @notifier: tells when @mm goes
 * @notified: @notifier is registered
 * @survey: RAM at the last generation seen
 * @generation: of the memslots when @challenge was issued
 * @challenge: last issued; 0: none
 * @paroled: memslots changed since the VM was put into quarantine (a reset does
 *	that): a new driver may try again
 * @challenged_at: when it was issued, jiffies
 * @epoch: the guest driver that is served; 0: none
 * @served: the last one that was: an epoch is adopted once
 * @abi_minor: minor version of the session, that of the older side
 * @rings: the driver rings, and wants to be rung
 * @news: there is something to ring the guest for
 * @rung: it has been rung and has not answered
 * @rung_at: since when, jiffies
 * @call: its answer is waited for
 * @tail: descriptors done with
 * @told_tail: @tail when it was last decided whether to ring for it
 * @heartbeat: last one seen
 * @heartbeat_at: when it changed, jiffies
 * @balloon: pages given
 * @freed: how many of them are freed; also read by others
 * @batch: room for reclaim
 * @holes: looks whether they are still holes
 * @working_set: how much of it is used; says itself who owns what
 * @pace: what it has wasted of the host's time
 * @worked_at: when the work last ended, ktime in microseconds
 * @told: the last state that userspace was told of
 * @told_reason: and its reason
 * @telling: limits how often userspace is told
 *
 * @lock: protects what follows; held for short only
 * @config: what a user sets
 * @size: pages of RAM that can be given; also read by others
 * @granule: pages that can be freed at once
 * @target: pages that are asked for
 * @urgent: ask for them at full rate
 * @state: what it is to the host
 * @reason: why
 * @refused_at: when it was last refused, jiffies
 * @sampled_at: when @pressure last made a step, jiffies
 * @sampled_heartbeat: the driver's heartbeat then
 * @pressure: smoothed suffering
 * @pressed: @pressure is, or was until lately, above its limit
 * @pressed_at: when it last was, jiffies
 * @idle: permille of @size that is idle: as measured, or else by the guest's own account
 *
 * @counts: for people
 * @rung_count: rings of the guest's
 * @invalidated: bytes unmapped from @mm by anyone, this module included
 */
struct aero_vm {
	struct device dev;
	struct aero_host *host;
	struct aero_channel *channel;
	int id;
	struct list_head node;
	struct pid *pid;
	struct mm_struct *mm;
	unsigned long hva;
	struct delayed_work work;
	bool gone;
	bool asked;
	unsigned long not_before;
	struct dentry *debugfs;
	struct aero_balance_past balance;

	bool buried;
	unsigned long delay;
	bool registered;
	struct kvm *kvm;
	bool unmapped;
	unsigned long unmapped_at;
	struct mmu_notifier notifier;
	bool notified;
	struct aero_gpa_survey survey;
	u64 generation;
	u64 challenge;
	bool paroled;
	unsigned long challenged_at;
	u64 epoch;
	u64 served;
	u16 abi_minor;
	bool rings;
	bool news;
	bool rung;
	unsigned long rung_at;
	bool call;
	u32 tail;
	u32 told_tail;
	u64 heartbeat;
	unsigned long heartbeat_at;
	struct aero_balloon balloon;
	u64 freed;
	struct aero_batch *batch;
	struct aero_holes holes;
	struct aero_working_set working_set;
	struct aero_pace pace;
	u64 worked_at;
	enum aero_vm_state told;
	enum aero_vm_reason told_reason;
	struct ratelimit_state telling;

	struct mutex lock;
	struct aero_vm_config config;
	u64 size;
	u64 granule;
	u64 target;
	bool urgent;
	enum aero_vm_state state;
	enum aero_vm_reason reason;
	unsigned long refused_at;
	unsigned long sampled_at;
	u64 sampled_heartbeat;
	struct aero_pressure pressure;
	bool pressed;
	unsigned long pressed_at;
	u32 idle;

	struct aero_vm_counts counts;
	atomic64_t rung_count;
	atomic64_t invalidated;
};

#define to_aero_vm(d)	container_of(d, struct aero_vm, dev)

/**
 * aero_vm_held() - what a VM has given
 * @vm: VM
 *
 * Context: Any.
 * Return: pages, no more than it has.
 */
static inline u64 aero_vm_held(const struct aero_vm *vm)
{
	return min(READ_ONCE(vm->freed), READ_ONCE(vm->size));
}

/**
 * struct aero_vm_sample - a VM as the control loop sees it
 * @vm: referenced by its device
 * @share: claim for aero_apportion(), but for its limit
 * @min: pages that it keeps
 * @over: pages of its size above its limit
 * @limited: a user has set a limit
 * @managed: it may be resized
 * @balloon: pages given
 * @target: pages asked for
 * @idle_pages: pages that are idle, balloon included
 * @known: how much it uses has been measured
 * @used: pages that it uses, if @known
 * @pressure: permille
 * @strain: the same between the last two samples
 * @willing: it can give; otherwise it keeps what it has given, and no more
 * @refused: it shall have back what it has given
 * @stale: its driver speaks when it is asked, and has said nothing since the last sample
 */
struct aero_vm_sample {
	struct aero_vm *vm;
	struct aero_share share;
	u64 min;
	u64 over;
	bool limited;
	bool managed;
	u64 balloon;
	u64 target;
	u64 idle_pages;
	bool known;
	u64 used;
	u32 pressure;
	u32 strain;
	bool willing;
	bool refused;
	bool stale;
};

struct aero_vm *aero_vm_create(struct aero_host *host, struct aero_channel *channel,
			       struct mm_struct *mm, unsigned long hva);
void aero_vm_leave(struct aero_vm *vm);
void aero_vm_rung(struct aero_vm *vm);
void aero_vm_ask(struct aero_vm *vm);
void aero_vm_wait_gone(struct aero_vm *vm);
void aero_vm_refresh(struct aero_vm *vm);
void aero_vm_sample(struct aero_vm *vm, bool step, struct aero_vm_sample *sample);
void aero_vm_set_target(struct aero_vm *vm, u64 pages, bool urgent);
u64 __aero_vm_min(const struct aero_vm *vm);
u64 __aero_vm_limit(const struct aero_vm *vm);
void aero_vm_config(struct aero_vm *vm, struct aero_vm_config *config);
int aero_vm_set_config(struct aero_vm *vm, const struct aero_vm_config *config);

/* vm_state.c */
const char *aero_vm_state_name(enum aero_vm_state state);
const char *aero_vm_reason_text(enum aero_vm_reason reason);
enum aero_vm_reason aero_vm_backing_reason(enum aero_backing backing);
void aero_vm_set_state(struct aero_vm *vm, enum aero_vm_state state,
		       enum aero_vm_reason reason);
void aero_vm_tell(struct aero_vm *vm);

#endif /* AEROSTAT_VM_H */
