// SPDX-License-Identifier: GPL-2.0
/*
 * A VM's life on the host.
 *
 * Each VM has one work item, and all that touches its KVM VM, its ring and its
 * record of given pages happens there, one thing after another. The item runs
 * every second while nothing happens and every few milliseconds while the
 * guest inflates or deflates.
 *
 * Nothing is read from a ring before its driver has proved to be alive: on
 * every change of the VM's memslots (a reset among them) the host issues a new
 * challenge, and only a driver that echoes it is listened to. A driver that
 * keeps silent for AERO_VM_FORGET is forgotten with all that it gave; it finds
 * out from aero_control.epoch and reports anew.
 */

#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "channel.h"
#include "debugfs.h"
#include "host.h"
#include "reclaim.h"
#include "ring.h"
#include "sysfs.h"
#include "trace.h"
#include "vm.h"

/* How often to look, jiffies: while things move, while they should, while nothing does. */
#define AERO_VM_BUSY		max(HZ / 125, 1)
#define AERO_VM_OWED		(HZ / 8)
#define AERO_VM_IDLE		HZ
/* A challenge that is not answered for this long: the driver is forgotten. */
#define AERO_VM_FORGET		(10 * HZ)
/* No heartbeat for this long: silent. */
#define AERO_VM_SILENCE		(5 * HZ)
/* A refusal lasts this long; then it is tried again. */
#define AERO_VM_REFUSAL		(60 * HZ)
/* Who suffered gives last for this long: taking it back at once would only swing. */
#define AERO_VM_PRESSED		(30 * HZ)
/* Sections in a row before other VMs' work may run. */
#define AERO_VM_SECTIONS	16
/* Changes of state that userspace is told of: so many in so long; then only where it ended up. */
#define AERO_VM_TELL_BURST	10
#define AERO_VM_TELL_INTERVAL	(10 * HZ)

#define AERO_VM_RATE_MIN	SZ_64M
#define AERO_VM_RATE_MAX	SZ_1G
/* A VM keeps this part of its memory unless the user says otherwise. */
#define AERO_VM_MIN_DIV		4

static DEFINE_IDA(aero_vm_ids);

/**
 * __aero_vm_min() - pages that a VM keeps whatever happens
 * @vm: VM
 *
 * Context: Holds aero_vm.lock.
 * Return: pages.
 */
u64 __aero_vm_min(const struct aero_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	/* While a DIMM is changed or firmware runs, the RAM can be less than what was promised. */
	return vm->config.min_set ? min(vm->config.min, vm->size) : vm->size / AERO_VM_MIN_DIV;
}

/* Publish what the host wants. Only the VM's work writes these fields. */
static void aero_vm_write_control(struct aero_vm *vm)
{
	struct aero_control *control = vm->channel->control;
	u32 flags = 0;
	u64 target;

	mutex_lock(&vm->lock);
	target = vm->target;
	if (vm->state == AERO_VM_REFUSED || vm->state == AERO_VM_QUARANTINED) {
		/* No more; and back as the loop brings memory online for it. */
		target = min(target, vm->balloon.pages);
		flags |= AERO_CTL_HOLD;
	}
	if (vm->urgent)
		flags |= AERO_CTL_URGENT;
	WRITE_ONCE(control->target_bytes, cpu_to_le64(aero_pages_to_bytes(target)));
	WRITE_ONCE(control->rate_min_bytes, cpu_to_le64(vm->config.rate_min));
	WRITE_ONCE(control->rate_max_bytes, cpu_to_le64(vm->config.rate_max));
	WRITE_ONCE(control->granule_bytes, cpu_to_le64(aero_pages_to_bytes(vm->granule)));
	WRITE_ONCE(control->flags, cpu_to_le32(flags));
	mutex_unlock(&vm->lock);
	/* Again, lest a VMM that restored the channel's contents has undone it. */
	WRITE_ONCE(control->challenge, cpu_to_le64(vm->challenge));
	if (vm->state != AERO_VM_QUARANTINED)
		WRITE_ONCE(control->epoch, cpu_to_le64(vm->epoch));
}

static void aero_vm_forget(struct aero_vm *vm)
{
	aero_balloon_clear(&vm->balloon);
	vm->epoch = 0;
	WRITE_ONCE(vm->channel->control->epoch, 0);
}

/* The memslots are new: look at the RAM again, and ask who is there. */
static void aero_vm_challenge(struct aero_vm *vm, struct aero_gpa *gpa)
{
	aero_gpa_survey(gpa, vm->hva, &vm->survey);
	mutex_lock(&vm->lock);
	vm->size = vm->survey.size;
	vm->granule = vm->survey.granule;
	mutex_unlock(&vm->lock);

	vm->generation = gpa->generation;
	vm->paroled = true;
	vm->challenged_at = jiffies;
	aero_holes_alert(&vm->holes);
	vm->counts.challenges++;
	do {
		vm->challenge = get_random_u64();
	} while (!vm->challenge);
	WRITE_ONCE(vm->channel->control->challenge, cpu_to_le64(vm->challenge));
	trace_aerostat_challenge(vm->id, gpa->generation, vm->size);
}

static enum aero_vm_reason aero_vm_why_refused(const struct aero_vm *vm)
{
	if (le16_to_cpu(READ_ONCE(vm->channel->status->abi_major)) != AERO_ABI_MAJOR)
		return AERO_REASON_VERSION;
	if (vm->survey.backing == AERO_BACKING_SHARED && vm->survey.logged)
		return AERO_REASON_MIGRATING;
	return aero_vm_backing_reason(vm->survey.backing);
}

/* What has pinned its memory, or sealed it, may be gone. */
static bool aero_vm_try_again(const struct aero_vm *vm)
{
	return vm->state == AERO_VM_REFUSED &&
	       time_after(jiffies, vm->refused_at + AERO_VM_REFUSAL);
}

/* A driver said hello and answered: serve it from an empty ring and no balloon. */
static void aero_vm_adopt(struct aero_vm *vm, u64 epoch)
{
	struct aero_control *control = vm->channel->control;

	aero_balloon_clear(&vm->balloon);
	aero_batch_reset(vm->batch);
	aero_pace_init(&vm->pace);
	vm->epoch = epoch;
	vm->served = epoch;
	vm->heartbeat_at = jiffies;
	vm->tail = 0;
	vm->counts.epochs++;
	aero_ring_publish(&control->claim, 0);
	aero_ring_publish(&control->tail, 0);
	WRITE_ONCE(control->features, 0);
	/* The ring is empty before the guest may use it. */
	virt_store_release(&control->epoch, cpu_to_le64(epoch));
	trace_aerostat_hello(vm->id, epoch);
}

/*
 * Is this the ring of a live driver that this host serves? Inside a section.
 */
static bool aero_vm_listen(struct aero_vm *vm, struct aero_gpa *gpa)
{
	const struct aero_status *status = vm->channel->status;
	enum aero_vm_reason reason;
	bool maps = aero_gpa_maps(gpa, vm->hva, AERO_CHANNEL_SIZE);
	u64 epoch, echo;
	bool answered;
	u32 state;

	if (maps)
		vm->mapped_at = jiffies;
	if (!vm->challenge || gpa->generation != vm->generation)
		aero_vm_challenge(vm, gpa);
	/* Acquire: what the guest wrote before its echo is seen after it. */
	echo = le64_to_cpu(virt_load_acquire(&status->echo));
	answered = echo == vm->challenge && maps;
	/* Acquire: the epoch that it vouches for is seen, too. */
	state = le32_to_cpu(virt_load_acquire(&status->state));
	epoch = le64_to_cpu(READ_ONCE(status->epoch));
	if (vm->state == AERO_VM_QUARANTINED &&
	    !(answered && vm->paroled && epoch != vm->epoch))
		return false;
	if (!answered) {
		if (vm->epoch && time_after(jiffies, vm->challenged_at + AERO_VM_FORGET))
			aero_vm_forget(vm);
		if (vm->epoch)
			aero_vm_set_state(vm, AERO_VM_CHALLENGED, AERO_REASON_MEMSLOTS);
		else
			aero_vm_set_state(vm, AERO_VM_WAITING, AERO_REASON_NO_DRIVER);
		return false;
	}
	if (state != AERO_GUEST_RUNNING || !epoch) {
		if (vm->epoch)
			aero_vm_forget(vm);
		aero_vm_set_state(vm, AERO_VM_WAITING, AERO_REASON_NO_DRIVER);
		return false;
	}
	if (epoch != vm->epoch) {
		/*
		 * A hello comes with an empty ring. Anything else is a driver that does
		 * not know yet that it was forgotten: what is in its ring has been acted
		 * upon.
		 */
		if (epoch == vm->served || aero_ring_observe(&status->head))
			return false;
		aero_vm_adopt(vm, epoch);
		reason = aero_vm_why_refused(vm);
		aero_vm_set_state(vm, reason ? AERO_VM_REFUSED : AERO_VM_ACTIVE, reason);
	} else if (vm->state == AERO_VM_CHALLENGED || aero_vm_try_again(vm)) {
		reason = aero_vm_why_refused(vm);
		aero_vm_set_state(vm, reason ? AERO_VM_REFUSED : AERO_VM_ACTIVE, reason);
	}
	return true;
}

static void aero_vm_check_heartbeat(struct aero_vm *vm)
{
	u64 heartbeat = le64_to_cpu(READ_ONCE(vm->channel->status->heartbeat));

	if (heartbeat != vm->heartbeat) {
		vm->heartbeat = heartbeat;
		vm->heartbeat_at = jiffies;
		if (vm->state == AERO_VM_SILENT)
			aero_vm_set_state(vm, AERO_VM_ACTIVE, AERO_REASON_NONE);
	} else if (vm->state == AERO_VM_ACTIVE &&
		   time_after(jiffies, vm->heartbeat_at + AERO_VM_SILENCE)) {
		aero_vm_set_state(vm, AERO_VM_SILENT, AERO_REASON_HEARTBEAT);
	}
}

/* The section's work. Return: true if there is more of it. */
static bool aero_vm_section(struct aero_vm *vm)
{
	struct aero_gpa gpa;
	bool more = false;

	aero_gpa_enter(&gpa, vm->kvm, vm->mm);
	if (aero_vm_listen(vm, &gpa) && vm->state != AERO_VM_QUARANTINED) {
		more = aero_reclaim_section(vm, &gpa);
		if (vm->state == AERO_VM_QUARANTINED) {
			/* What a liar has given is worth nothing. */
			aero_balloon_clear(&vm->balloon);
			vm->paroled = false;
		}
		/* Who is refused has everything back; what is done is looked at later. */
		if (!more && (vm->state == AERO_VM_ACTIVE || vm->state == AERO_VM_SILENT))
			more = aero_holes_section(vm, &gpa);
		aero_vm_check_heartbeat(vm);
	}
	aero_gpa_leave(&gpa);
	return more;
}

/*
 * The VMM has closed its KVM VM, or does not show the channel to its guest any
 * more. A reference that is kept keeps all of the VM alive, and the VMM may make
 * another one for the same channel.
 */
static void aero_vm_part(struct aero_vm *vm)
{
	aero_vm_forget(vm);
	aero_gpa_put_kvm(vm->kvm);
	vm->kvm = NULL;
	if (vm->state != AERO_VM_QUARANTINED)
		aero_vm_set_state(vm, AERO_VM_WAITING, AERO_REASON_NO_DRIVER);
}

/* A guest's first hello to this host, or to another KVM VM of its VMM: find it. */
static void aero_vm_meet(struct aero_vm *vm)
{
	const struct aero_status *status = vm->channel->status;

	if (le32_to_cpu(READ_ONCE(status->state)) != AERO_GUEST_RUNNING ||
	    le64_to_cpu(READ_ONCE(status->epoch)) == vm->served)
		return;
	vm->kvm = aero_gpa_find_kvm(vm->pid, vm->mm, vm->hva);
	if (!vm->kvm) {
		aero_vm_set_state(vm, AERO_VM_REFUSED, AERO_REASON_NO_KVM);
		return;
	}
	/* Two VMs' memslot generations cannot be compared. */
	vm->challenge = 0;
	vm->mapped_at = jiffies;
}

static void aero_vm_mm_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	aero_vm_leave(container_of(notifier, struct aero_vm, notifier));
}

static int aero_vm_mm_invalidate(struct mmu_notifier *notifier,
				 const struct mmu_notifier_range *range)
{
	struct aero_vm *vm = container_of(notifier, struct aero_vm, notifier);

	if (range->event == MMU_NOTIFY_CLEAR || range->event == MMU_NOTIFY_UNMAP)
		atomic64_add(range->end - range->start, &vm->invalidated);
	return 0;
}

static const struct mmu_notifier_ops aero_vm_notifier_ops = {
	.release = aero_vm_mm_release,
	.invalidate_range_start = aero_vm_mm_invalidate,
};

static void aero_vm_release(struct device *dev)
{
	struct aero_vm *vm = to_aero_vm(dev);

	ida_free(&aero_vm_ids, vm->id);
	put_pid(vm->pid);
	mmdrop(vm->mm);
	mutex_destroy(&vm->lock);
	kfree(vm->batch);
	kfree(vm);
}

/* Make the VM visible. Without memory for it, the next run of the work tries again. */
static int aero_vm_register(struct aero_vm *vm)
{
	int err;

	if (!vm->notified) {
		vm->notifier.ops = &aero_vm_notifier_ops;
		err = mmu_notifier_register(&vm->notifier, vm->mm);
		if (err)
			return err;
		vm->notified = true;
	}
	err = device_add(&vm->dev);
	if (err)
		return err;
	vm->registered = true;
	vm->debugfs = aero_debugfs_add_vm(vm);
	mutex_lock(&vm->host->vms_lock);
	list_add_tail(&vm->node, &vm->host->vms);
	mutex_unlock(&vm->host->vms_lock);
	return 0;
}

/* Undo all of it: the mapping has ended. */
static void aero_vm_bury(struct aero_vm *vm)
{
	struct aero_channel *channel = vm->channel;

	if (vm->registered) {
		mutex_lock(&vm->host->vms_lock);
		list_del(&vm->node);
		mutex_unlock(&vm->host->vms_lock);
		debugfs_remove(vm->debugfs);
		device_del(&vm->dev);
	}
	if (vm->notified)
		mmu_notifier_unregister(&vm->notifier, vm->mm);
	if (vm->kvm)
		aero_gpa_put_kvm(vm->kvm);
	aero_balloon_clear(&vm->balloon);

	mutex_lock(&channel->lock);
	channel->vm = NULL;
	mutex_unlock(&channel->lock);
	aero_channel_put(channel);
	/* Nobody finds the VM any more; drop what they queued until now. */
	vm->buried = true;
	cancel_delayed_work(&vm->work);
	put_device(&vm->dev);
}

/* Nothing happened: look less often, but not much so while the guest owes something. */
static unsigned long aero_vm_slower(struct aero_vm *vm)
{
	unsigned long most = READ_ONCE(vm->target) == vm->balloon.pages ?
			     AERO_VM_IDLE : AERO_VM_OWED;

	return clamp(vm->delay * 2, (unsigned long)AERO_VM_BUSY, most);
}

/* Jiffies that a VM has to wait for what it has wasted. */
static unsigned long aero_vm_pace(struct aero_vm *vm, u64 began)
{
	u64 now = ktime_to_us(ktime_get());
	u32 wait = aero_pace_step(&vm->pace, READ_ONCE(vm->host->waste_percent),
				  now - vm->worked_at, now - began, READ_ONCE(vm->target),
				  vm->balloon.pages);

	vm->worked_at = now;
	vm->counts.worked_us += now - began;
	return usecs_to_jiffies(wait);
}

static void aero_vm_work(struct work_struct *work)
{
	struct aero_vm *vm = container_of(to_delayed_work(work), struct aero_vm, work);
	u64 began = ktime_to_us(ktime_get());
	u64 before = vm->balloon.pages;
	unsigned int sections = 0;
	bool more = false;

	if (READ_ONCE(vm->gone)) {
		if (!vm->buried)
			aero_vm_bury(vm);
		return;
	}
	if (mmget_not_zero(vm->mm)) {
		if (!vm->registered)
			aero_vm_register(vm);
		if (vm->kvm && aero_gpa_abandoned(vm->kvm))
			aero_vm_part(vm);
		if (!vm->kvm)
			aero_vm_meet(vm);
		if (vm->kvm) {
			do {
				more = aero_vm_section(vm);
				cond_resched();
			} while (more && ++sections < AERO_VM_SECTIONS && !READ_ONCE(vm->gone));
			if (time_after(jiffies, vm->mapped_at + AERO_VM_FORGET))
				aero_vm_part(vm);
		}
		aero_vm_write_control(vm);
		aero_vm_tell(vm);
		/* The last user's memory is torn down elsewhere, and may take its time. */
		mmput_async(vm->mm);
	}
	if (more)
		vm->delay = 1;
	else if (vm->balloon.pages != before)
		vm->delay = AERO_VM_BUSY;
	else
		vm->delay = aero_vm_slower(vm);
	queue_delayed_work(vm->host->wq, &vm->work, max(vm->delay, aero_vm_pace(vm, began)));
}

/**
 * aero_vm_create() - a process maps a channel: a VM appears
 * @host: the module
 * @channel: the channel
 * @mm: the address space that maps it
 * @hva: start of the mapping
 *
 * The VM becomes visible, and visited, by its own work.
 *
 * Context: The mapping process, with its mmap_lock and aero_channel.lock held.
 * Return: the VM, or an ERR_PTR().
 */
struct aero_vm *aero_vm_create(struct aero_host *host, struct aero_channel *channel,
			       struct mm_struct *mm, unsigned long hva)
{
	struct aero_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);

	if (!vm)
		return ERR_PTR(-ENOMEM);
	vm->batch = aero_batch_alloc();
	vm->id = vm->batch ? ida_alloc(&aero_vm_ids, GFP_KERNEL) : -ENOMEM;
	if (vm->id < 0) {
		int err = vm->id;

		kfree(vm->batch);
		kfree(vm);
		return ERR_PTR(err);
	}
	vm->host = host;
	vm->channel = channel;
	vm->hva = hva;
	vm->pid = get_task_pid(current, PIDTYPE_TGID);
	vm->mm = mm;
	mmgrab(vm->mm);
	aero_channel_get(channel);
	mutex_init(&vm->lock);
	aero_balloon_init(&vm->balloon);
	INIT_DELAYED_WORK(&vm->work, aero_vm_work);
	vm->granule = 1;
	vm->reason = AERO_REASON_NO_DRIVER;
	vm->told_reason = AERO_REASON_NO_DRIVER;
	ratelimit_state_init(&vm->telling, AERO_VM_TELL_INTERVAL, AERO_VM_TELL_BURST);
	ratelimit_set_flags(&vm->telling, RATELIMIT_MSG_ON_RELEASE);
	aero_holes_init(&vm->holes);
	aero_pace_init(&vm->pace);
	vm->worked_at = ktime_to_us(ktime_get());
	vm->config.shares = AERO_APPORTION_SHARES;
	vm->config.rate_min = AERO_VM_RATE_MIN;
	vm->config.rate_max = AERO_VM_RATE_MAX;
	/* An earlier VM of the same open file was served here. */
	WRITE_ONCE(channel->control->epoch, 0);
	WRITE_ONCE(channel->control->challenge, 0);

	device_initialize(&vm->dev);
	vm->dev.class = &aero_class;
	vm->dev.groups = aero_vm_groups;
	vm->dev.release = aero_vm_release;
	/* Cannot fail: a short name lies inside the kobject's own allocation path. */
	if (dev_set_name(&vm->dev, "vm-%d", vm->id)) {
		aero_channel_put(channel);
		put_device(&vm->dev);
		return ERR_PTR(-ENOMEM);
	}
	queue_delayed_work(host->wq, &vm->work, 0);
	return vm;
}

/**
 * aero_vm_leave() - the VM's memory is going: stop
 * @vm: VM
 *
 * Context: Any that may sleep. Does not wait; the VM's work ends it.
 */
void aero_vm_leave(struct aero_vm *vm)
{
	WRITE_ONCE(vm->gone, true);
	mod_delayed_work(vm->host->wq, &vm->work, 0);
}

/**
 * aero_vm_wait_gone() - wait until nothing of a VM is left but its memory
 * @vm: VM that was told to leave; the caller holds a reference to its device
 */
void aero_vm_wait_gone(struct aero_vm *vm)
{
	aero_vm_leave(vm);
	flush_delayed_work(&vm->work);
}

/**
 * aero_vm_sample() - what the control loop must know of a VM
 * @vm: VM
 * @elapsed_ms: since the last call, milliseconds; 0: do not take a new pressure sample
 * @sample: result
 *
 * The guest's statistics are hints: whatever they say, the result is within
 * the VM's size.
 *
 * Context: Holds aero_host.vms_lock. Takes aero_vm.lock.
 */
void aero_vm_sample(struct aero_vm *vm, u64 elapsed_ms, struct aero_vm_sample *sample)
{
	const struct aero_stats *stats = &vm->channel->status->stats;
	u64 available = aero_bytes_to_pages(le64_to_cpu(READ_ONCE(stats->available_bytes)));
	u64 balloon = READ_ONCE(vm->balloon.pages);
	u32 permille;

	mutex_lock(&vm->lock);
	available = min(available, vm->size);
	balloon = min(balloon, vm->size);
	if (elapsed_ms && vm->state == AERO_VM_ACTIVE) {
		struct aero_pressure_sample now = {
			.size = vm->size,
			.available = available,
			.refaults = le64_to_cpu(READ_ONCE(stats->refault_pages)),
			.swap_ins = le64_to_cpu(READ_ONCE(stats->swap_in_pages)),
			.major_faults = le64_to_cpu(READ_ONCE(stats->major_faults)),
			.alloc_stalls = le64_to_cpu(READ_ONCE(stats->alloc_stalls)),
			.oom = le64_to_cpu(READ_ONCE(stats->oom_bytes)),
		};

		permille = aero_pressure_step(&vm->pressure, &now, elapsed_ms);
		if (aero_pressed(vm->pressed, permille)) {
			vm->pressed = true;
			vm->pressed_at = jiffies;
		} else if (time_after(jiffies, vm->pressed_at + AERO_VM_PRESSED)) {
			vm->pressed = false;
		}
		vm->idle = aero_idle_permille(vm->size, available, balloon);
	}
	*sample = (struct aero_vm_sample){
		.vm = vm,
		.share = {
			.id = vm->id,
			.shares = vm->config.shares,
			.idle = vm->idle,
			.pressed = vm->pressed,
			.size = vm->size,
		},
		.min = __aero_vm_min(vm),
		.balloon = balloon,
		.idle_pages = min(available + balloon, vm->size),
		.pressure = aero_pressure_permille(&vm->pressure),
		.willing = vm->state == AERO_VM_ACTIVE,
		.refused = vm->state == AERO_VM_REFUSED || vm->state == AERO_VM_QUARANTINED,
	};
	mutex_unlock(&vm->lock);
}

/**
 * aero_vm_set_target() - ask a VM for memory, or give it back
 * @vm: VM
 * @pages: size that its balloon shall have
 * @urgent: at full rate
 *
 * Context: Holds aero_host.vms_lock. Takes aero_vm.lock; does not wait.
 */
void aero_vm_set_target(struct aero_vm *vm, u64 pages, bool urgent)
{
	bool same;

	mutex_lock(&vm->lock);
	pages = rounddown(pages, vm->granule);
	same = vm->target == pages && vm->urgent == urgent;
	vm->target = pages;
	vm->urgent = urgent;
	mutex_unlock(&vm->lock);
	if (same)
		return;
	trace_aerostat_vm_target(vm->id, pages, READ_ONCE(vm->balloon.pages), urgent);
	mod_delayed_work(vm->host->wq, &vm->work, 0);
}

/**
 * aero_vm_config() - a VM's settings
 * @vm: VM
 * @config: result
 *
 * Context: Takes aero_vm.lock.
 */
void aero_vm_config(struct aero_vm *vm, struct aero_vm_config *config)
{
	mutex_lock(&vm->lock);
	*config = vm->config;
	mutex_unlock(&vm->lock);
}

/**
 * aero_vm_set_config() - change a VM's settings, all or none
 * @vm: VM
 * @config: what it shall be
 *
 * Context: Takes aero_vm.lock.
 * Return: 0, or -EINVAL if the settings contradict each other or the VM's size.
 */
int aero_vm_set_config(struct aero_vm *vm, const struct aero_vm_config *config)
{
	int err = 0;

	mutex_lock(&vm->lock);
	if ((config->min_set && config->min > vm->size) || !config->shares ||
	    !config->rate_min || config->rate_min > config->rate_max)
		err = -EINVAL;
	else
		vm->config = *config;
	mutex_unlock(&vm->lock);
	if (!err)
		mod_delayed_work(vm->host->wq, &vm->work, 0);
	return err;
}
