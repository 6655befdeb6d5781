// SPDX-License-Identifier: GPL-2.0
/*
 * A VM's life on the host.
 *
 * Each VM has one work item, and all that touches its KVM VM, its ring and its
 * record of given pages happens there, one thing after another; session.c says
 * what. Without a doorbell the item runs every second while nothing happens and
 * every few milliseconds while the guest inflates or deflates; with one it runs
 * when the guest rings.
 */

#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "channel.h"
#include "debugfs.h"
#include "doorbell.h"
#include "host.h"
#include "loop.h"
#include "reclaim.h"
#include "session.h"
#include "sysfs.h"
#include "trace.h"
#include "vm.h"

/* How often to look, jiffies: while things move, while they should, while nothing does. */
#define AERO_VM_BUSY		max(HZ / 125, 1)
#define AERO_VM_OWED		(HZ / 8)
#define AERO_VM_IDLE		HZ
/* Who suffered gives last for this long: taking it back at once would only swing. */
#define AERO_VM_PRESSED		(30 * HZ)
/* Changes of state that userspace is told of: so many in so long; then only where it ended up. */
#define AERO_VM_TELL_BURST	10
#define AERO_VM_TELL_INTERVAL	(10 * HZ)

/* What measuring costs in one look; a VMM could map one page many thousand times. */
#define AERO_VM_MEASURED_US	5000ULL

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
	return vm->config.min_set ? min(vm->config.min, vm->size) :
				    min(vm->size / AERO_VM_MIN_DIV, __aero_vm_limit(vm));
}

/**
 * __aero_vm_limit() - pages that a VM has at most
 * @vm: VM
 *
 * Context: Holds aero_vm.lock.
 * Return: pages; all of the VM's if no limit is set.
 */
u64 __aero_vm_limit(const struct aero_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	return vm->config.limit_set ? min(vm->config.limit, vm->size) : vm->size;
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
	aero_working_set_free(&vm->working_set);
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
	if (channel->bell)
		aero_doorbell_attach(channel->bell, NULL);
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

/* When to look next: at once, when time runs out for something, or now and then. */
static void aero_vm_delay(struct aero_vm *vm, bool more, bool moved)
{
	unsigned long most = READ_ONCE(vm->target) == vm->balloon.pages ?
			     AERO_VM_IDLE : AERO_VM_OWED;
	unsigned long wait = aero_session_wait(vm);

	if (more)
		vm->delay = 1;
	else if (!vm->registered)
		vm->delay = AERO_VM_IDLE;
	else if (wait && (vm->told != vm->state || vm->told_reason != vm->reason))
		vm->delay = min_t(unsigned long, wait, AERO_VM_TELL_INTERVAL);
	else if (wait)
		vm->delay = wait;
	else if (moved)
		vm->delay = AERO_VM_BUSY;
	else
		/* Less often, but not much so while the guest owes something. */
		vm->delay = clamp(min(vm->delay, most) * 2, (unsigned long)AERO_VM_BUSY, most);
}

/* Jiffies that a VM has to wait for what it has wasted; it is not to blame for being measured. */
static unsigned long aero_vm_pace(struct aero_vm *vm, u64 began, u64 measured)
{
	u64 now = ktime_to_us(ktime_get());
	u32 wait = aero_pace_step(&vm->pace, READ_ONCE(vm->host->waste_percent),
				  now - vm->worked_at, now - began - min(measured, now - began),
				  READ_ONCE(vm->target), vm->balloon.pages);

	vm->worked_at = now;
	vm->counts.worked_us += now - began;
	vm->counts.looks++;
	return usecs_to_jiffies(wait);
}

static void aero_vm_work(struct work_struct *work)
{
	struct aero_vm *vm = container_of(to_delayed_work(work), struct aero_vm, work);
	u64 began = ktime_to_us(ktime_get());
	u64 before = vm->balloon.pages, measured = vm->working_set.us;
	unsigned long wait;
	bool more = false;

	if (READ_ONCE(vm->gone)) {
		if (!vm->buried)
			aero_vm_bury(vm);
		return;
	}
	if (mmget_not_zero(vm->mm)) {
		if (!vm->registered)
			aero_vm_register(vm);
		more = aero_session_look(vm);
		aero_vm_tell(vm);
		/* The last user's memory is torn down elsewhere, and may take its time. */
		mmput_async(vm->mm);
	}
	wait = aero_vm_pace(vm, began, min(vm->working_set.us - measured, AERO_VM_MEASURED_US));
	WRITE_ONCE(vm->not_before, jiffies + wait);
	aero_vm_delay(vm, more, vm->balloon.pages != before);
	/* The loop may be resting, for nothing was held. */
	if (!before && vm->balloon.pages)
		aero_loop_stir(vm->host->loop);
	if (!wait) {
		queue_delayed_work(vm->host->wq, &vm->work, vm->delay);
		return;
	}
	/* Rung meanwhile or not: it waits. But nobody waits for its end. */
	mod_delayed_work(vm->host->wq, &vm->work, max(vm->delay, wait));
	if (READ_ONCE(vm->gone))
		mod_delayed_work(vm->host->wq, &vm->work, 0);
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
	aero_working_set_init(&vm->working_set);
	aero_pace_init(&vm->pace);
	vm->worked_at = ktime_to_us(ktime_get());
	vm->not_before = jiffies;
	vm->sampled_at = jiffies;
	vm->config.managed = true;
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
	if (channel->bell)
		aero_doorbell_attach(channel->bell, vm);
	queue_delayed_work(host->wq, &vm->work, 0);
	return vm;
}

/**
 * aero_vm_rung() - the guest, or somebody in its name, has rung
 * @vm: VM
 *
 * Who has wasted the host's time waits, however often he rings.
 *
 * Context: Any, interrupts may be off.
 */
void aero_vm_rung(struct aero_vm *vm)
{
	unsigned long at = READ_ONCE(vm->not_before);

	atomic64_inc(&vm->rung_count);
	mod_delayed_work(vm->host->wq, &vm->work, time_before(jiffies, at) ? at - jiffies : 0);
}

/**
 * aero_vm_ask() - have a VM's driver say how its guest does
 * @vm: VM
 *
 * Context: Any that may sleep. The answer is there by the next sample, or never.
 */
void aero_vm_ask(struct aero_vm *vm)
{
	WRITE_ONCE(vm->asked, true);
	mod_delayed_work(vm->host->wq, &vm->work, 0);
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

/* Take a new sample of what a guest says of itself. Holds aero_vm.lock. */
static void aero_vm_step(struct aero_vm *vm, u64 available, bool stale)
{
	const struct aero_stats *stats = &vm->channel->status->stats;
	struct aero_pressure_sample now = {
		.size = vm->size,
		.available = available,
		.refaults = le64_to_cpu(READ_ONCE(stats->refault_pages)),
		.swap_ins = le64_to_cpu(READ_ONCE(stats->swap_in_pages)),
		.major_faults = le64_to_cpu(READ_ONCE(stats->major_faults)),
		.alloc_stalls = le64_to_cpu(READ_ONCE(stats->alloc_stalls)),
		.oom = le64_to_cpu(READ_ONCE(stats->oom_bytes)),
	};
	unsigned long elapsed = min(jiffies - vm->sampled_at, 3600UL * HZ);
	u32 permille;

	/* Counts from before a rest would make all that was meanwhile the next second's. */
	if (stale && jiffies_to_msecs(elapsed) > AERO_PRESSURE_LONGEST_MS)
		return;
	permille = aero_pressure_step(&vm->pressure, &now, jiffies_to_msecs(elapsed));
	vm->sampled_at = jiffies;
	if (aero_pressed(vm->pressed, permille)) {
		vm->pressed = true;
		vm->pressed_at = jiffies;
	} else if (time_after(jiffies, vm->pressed_at + AERO_VM_PRESSED)) {
		vm->pressed = false;
	}
	if (__aero_working_set_known(vm))
		vm->idle = 1000 - aero_estimate_permille(&vm->working_set.estimate);
	else
		vm->idle = aero_idle_permille(vm->size, available, READ_ONCE(vm->freed));
}

/* Pages that a guest could use without swapping, by its own account. Holds aero_vm.lock. */
static u64 aero_vm_available(const struct aero_vm *vm)
{
	const struct aero_stats *stats = &vm->channel->status->stats;

	return min(aero_bytes_to_pages(le64_to_cpu(READ_ONCE(stats->available_bytes))), vm->size);
}

/**
 * aero_vm_refresh() - bring a VM's pressure and idleness up to date for who reads them
 * @vm: VM
 *
 * The loop does so only while something is held or asked for.
 *
 * Context: Takes aero_vm.lock.
 */
void aero_vm_refresh(struct aero_vm *vm)
{
	mutex_lock(&vm->lock);
	if (vm->state == AERO_VM_ACTIVE && time_after(jiffies, vm->sampled_at + HZ))
		aero_vm_step(vm, aero_vm_available(vm), false);
	mutex_unlock(&vm->lock);
}

/*
 * Pages that the VM would not miss. What a guest calls available may be a page cache that it
 * works with, so where its use has been measured, what is not used is the most.
 */
static u64 __aero_vm_idle_pages(const struct aero_vm *vm, u64 available, u64 balloon)
{
	u64 idle = min(available + balloon, vm->size);

	if (__aero_working_set_known(vm))
		idle = min(idle, max(div_u64(vm->size * vm->idle, 1000), balloon));
	return idle;
}

/**
 * aero_vm_sample() - what the control loop must know of a VM
 * @vm: VM
 * @step: take a new pressure sample
 * @sample: result
 *
 * The guest's statistics are hints: whatever they say, the result is within
 * the VM's size.
 *
 * Context: Holds aero_host.vms_lock. Takes aero_vm.lock.
 */
void aero_vm_sample(struct aero_vm *vm, bool step, struct aero_vm_sample *sample)
{
	u64 heartbeat = le64_to_cpu(READ_ONCE(vm->channel->status->heartbeat));
	u64 available, balloon;
	bool stale = false;

	mutex_lock(&vm->lock);
	available = aero_vm_available(vm);
	balloon = aero_vm_held(vm);
	if (step) {
		stale = READ_ONCE(vm->rings) && heartbeat == vm->sampled_heartbeat;
		vm->sampled_heartbeat = heartbeat;
	}
	if (step && vm->state == AERO_VM_ACTIVE)
		aero_vm_step(vm, available, stale);
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
		.over = vm->size - __aero_vm_limit(vm),
		.limited = vm->config.limit_set,
		.managed = vm->config.managed,
		.balloon = balloon,
		.target = vm->target,
		.idle_pages = __aero_vm_idle_pages(vm, available, balloon),
		.known = __aero_working_set_known(vm),
		.used = div_u64(vm->size * aero_estimate_permille(&vm->working_set.estimate), 1000),
		.pressure = aero_pressure_permille(&vm->pressure),
		.strain = vm->pressure.now,
		.willing = vm->state == AERO_VM_ACTIVE,
		.refused = vm->state == AERO_VM_REFUSED || vm->state == AERO_VM_QUARANTINED,
		.stale = stale && vm->state == AERO_VM_ACTIVE,
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
	trace_aerostat_vm_target(vm->id, pages, READ_ONCE(vm->freed), urgent);
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

/* What the VM has at least and at most do not contradict each other, nor its size. */
static bool __aero_vm_bounds_fit(const struct aero_vm *vm, const struct aero_vm_config *config)
{
	const struct aero_vm_config *old = &vm->config;
	u64 most = config->limit_set ? config->limit : vm->size;

	/* The size can have changed since they were written, which hinders no other setting. */
	if (config->min == old->min && config->min_set == old->min_set &&
	    config->limit == old->limit && config->limit_set == old->limit_set)
		return true;
	if (most > vm->size)
		return false;
	if (config->min_set)
		return config->min <= most;
	return !config->limit_set || config->limit;
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
	if (config->managed > 1 || !config->shares || !config->rate_min ||
	    config->rate_min > config->rate_max || !__aero_vm_bounds_fit(vm, config))
		err = -EINVAL;
	else
		vm->config = *config;
	mutex_unlock(&vm->lock);
	if (err)
		return err;
	mod_delayed_work(vm->host->wq, &vm->work, 0);
	/* A limit is to be met although nothing is held. */
	aero_loop_stir(vm->host->loop);
	return 0;
}
