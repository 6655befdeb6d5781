// SPDX-License-Identifier: GPL-2.0
/*
 * Makes allocations of another module fail, one by one; or makes one function
 * return what a test wants. Needs kprobes, and no fault injection in the kernel.
 *
 * The slab and page allocators ask should_failslab() and should_fail_alloc_page()
 * before each allocation. Both are probed: where the module under test is on the
 * stack the allocation counts, and the one that shall fail is told so by a
 * function that runs in the place of the probed one. The module is followed from
 * before its init function, so this one has to be loaded first.
 *
 * Allocations in interrupts do not count, whatever they interrupted, nor those
 * that must not fail. Since 6.11 the two functions are there only in kernels with
 * CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC.
 */

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/stacktrace.h>

/* Deep enough for a memory cgroup's charge below device_add() below a work item. */
#define AERO_FAIL_DEPTH		64
#define AERO_FAIL_OFF		(-1L)

static char *target;
module_param(target, charp, 0444);
MODULE_PARM_DESC(target, "module whose allocations fail, or that alone is told what ret says");

static char *override;
module_param(override, charp, 0444);
MODULE_PARM_DESC(override, "function that returns ret instead of being run; no allocation fails then");

static long ret;
module_param(ret, long, 0444);
MODULE_PARM_DESC(ret, "what it returns");

static long nth = AERO_FAIL_OFF;
static unsigned long count = 1;
module_param(count, ulong, 0644);
MODULE_PARM_DESC(count, "allocations that fail, from the nth on");

static atomic_long_t aero_fail_seen;
static atomic_long_t aero_fail_failed;
static char aero_fail_where[KSYM_SYMBOL_LEN];

/* What target names, while it is loaded; probes read it with preemption off. */
static struct module *aero_fail_target;

static int aero_fail_set_nth(const char *text, const struct kernel_param *kp)
{
	long value;
	int err = kstrtol(text, 0, &value);

	if (err)
		return err;
	if (value < AERO_FAIL_OFF)
		return -EINVAL;
	/* One that is switched off leaves its counts to be read. */
	if (value != AERO_FAIL_OFF) {
		WRITE_ONCE(nth, AERO_FAIL_OFF);
		atomic_long_set(&aero_fail_seen, 0);
		atomic_long_set(&aero_fail_failed, 0);
		aero_fail_where[0] = 0;
	}
	WRITE_ONCE(nth, value);
	return 0;
}

static const struct kernel_param_ops aero_fail_nth_ops = {
	.set = aero_fail_set_nth,
	.get = param_get_long,
};
module_param_cb(nth, &aero_fail_nth_ops, &nth, 0644);
MODULE_PARM_DESC(nth, "allocation that fails, from now on until the module is loaded or this is written again; 0: count only, -1: off");

static int aero_fail_get_counter(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%ld\n", atomic_long_read(kp->arg));
}

static const struct kernel_param_ops aero_fail_counter_ops = {
	.get = aero_fail_get_counter,
};
module_param_cb(seen, &aero_fail_counter_ops, &aero_fail_seen, 0444);
MODULE_PARM_DESC(seen, "allocations since nth was written");
module_param_cb(failed, &aero_fail_counter_ops, &aero_fail_failed, 0444);
MODULE_PARM_DESC(failed, "those of them that failed");
module_param_string(where, aero_fail_where, sizeof(aero_fail_where), 0444);
MODULE_PARM_DESC(where, "place in the module that the last one of them was for");

/*
 * Both run in the place of the probed function, which they were not called as:
 * what they return is all that they share with it.
 */
static noinline notrace int aero_fail_slab(void)
{
	return -ENOMEM;
}

static noinline notrace bool aero_fail_page(void)
{
	return true;
}

static noinline notrace long aero_fail_override(void)
{
	return ret;
}

/**
 * struct aero_probe - a function that is probed
 * @kp: the probe
 * @gfp: number of the argument that holds the allocation's flags
 * @instead: runs instead of the function
 */
struct aero_probe {
	struct kprobe kp;
	unsigned int gfp;
	void *instead;
};

/* A breakpoint that serves as a probe is an NMI of its own; a probe by ftrace is not. */
static bool __kprobes aero_fail_in_task(struct kprobe *kp)
{
	unsigned long level = preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET);

	return level == (kprobe_ftrace(kp) ? 0 : NMI_OFFSET + HARDIRQ_OFFSET);
}

/* The innermost place in the target that called, 0 if none did. */
static unsigned long __kprobes aero_fail_caller(const struct module *module)
{
	unsigned long entries[AERO_FAIL_DEPTH];
	unsigned int nr = stack_trace_save(entries, ARRAY_SIZE(entries), 0);
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (within_module(entries[i], module))
			return entries[i];
	return 0;
}

static int __kprobes aero_fail_instead(struct pt_regs *regs, void *instead)
{
	instruction_pointer_set(regs, (unsigned long)instead);
	return 1;
}

static int __kprobes aero_fail_alloc(struct kprobe *kp, struct pt_regs *regs)
{
	struct aero_probe *probe = container_of(kp, struct aero_probe, kp);
	const struct module *module = READ_ONCE(aero_fail_target);
	unsigned long caller;
	long seen, first;

	if (!module || READ_ONCE(nth) == AERO_FAIL_OFF || !aero_fail_in_task(kp) ||
	    regs_get_kernel_argument(regs, probe->gfp) & (__force unsigned long)__GFP_NOFAIL)
		return 0;
	caller = aero_fail_caller(module);
	if (!caller)
		return 0;
	seen = atomic_long_inc_return(&aero_fail_seen);
	first = READ_ONCE(nth);
	if (first <= 0 || seen < first || seen - first >= READ_ONCE(count))
		return 0;
	atomic_long_inc(&aero_fail_failed);
	/* Now: where the module does not load, nobody will know its symbols afterwards. */
	sprint_symbol(aero_fail_where, caller);
	return aero_fail_instead(regs, probe->instead);
}

static int __kprobes aero_fail_call(struct kprobe *kp, struct pt_regs *regs)
{
	struct aero_probe *probe = container_of(kp, struct aero_probe, kp);
	const struct module *module = READ_ONCE(aero_fail_target);

	/* At its first instruction a function finds its return address on top of the stack. */
	if (target && (!module || !within_module(*(unsigned long *)regs->sp, module)))
		return 0;
	atomic_long_inc(&aero_fail_failed);
	return aero_fail_instead(regs, probe->instead);
}

/* A probe that is followed by something is never made a jump, which could not change the way. */
static void aero_fail_post(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

static struct aero_probe aero_fail_allocators[] = {
	{
		.kp.symbol_name = "should_failslab",
		.kp.pre_handler = aero_fail_alloc,
		.kp.post_handler = aero_fail_post,
		.gfp = 1,
		.instead = aero_fail_slab,
	},
	{
		.kp.symbol_name = "should_fail_alloc_page",
		.kp.pre_handler = aero_fail_alloc,
		.kp.post_handler = aero_fail_post,
		.gfp = 0,
		.instead = aero_fail_page,
	},
};

static struct aero_probe aero_fail_function = {
	.kp.pre_handler = aero_fail_call,
	.kp.post_handler = aero_fail_post,
	.instead = aero_fail_override,
};

static int aero_fail_notify(struct notifier_block *notifier, unsigned long event, void *data)
{
	struct module *module = data;

	if (strcmp(module->name, target))
		return NOTIFY_DONE;
	if (event == MODULE_STATE_COMING) {
		WRITE_ONCE(aero_fail_target, module);
	} else if (event == MODULE_STATE_LIVE) {
		/* Unit tests may follow, whose own allocations are not to fail. */
		WRITE_ONCE(nth, AERO_FAIL_OFF);
	} else if (event == MODULE_STATE_GOING) {
		WRITE_ONCE(aero_fail_target, NULL);
		/* A probe that has seen it still looks where it was. */
		synchronize_rcu();
	}
	return NOTIFY_OK;
}

static struct notifier_block aero_fail_notifier = {
	.notifier_call = aero_fail_notify,
	.priority = 1,	/* before KUnit's */
};

static int aero_fail_probe(struct aero_probe *probe)
{
	int err = register_kprobe(&probe->kp);

	if (err)
		pr_err("aero_fail: %s cannot be probed: %d\n", probe->kp.symbol_name, err);
	return err;
}

static void aero_fail_unprobe(unsigned int nr)
{
	while (nr--)
		unregister_kprobe(&aero_fail_allocators[nr].kp);
}

static int aero_fail_probe_all(void)
{
	unsigned int i;
	int err;

	if (override) {
		aero_fail_function.kp.symbol_name = override;
		return aero_fail_probe(&aero_fail_function);
	}
	for (i = 0; i < ARRAY_SIZE(aero_fail_allocators); i++) {
		err = aero_fail_probe(&aero_fail_allocators[i]);
		if (err) {
			aero_fail_unprobe(i);
			return err;
		}
	}
	return 0;
}

static int __init aero_fail_init(void)
{
	int err = 0;

	if (!target && !override)
		return -EINVAL;
	if (target)
		err = register_module_notifier(&aero_fail_notifier);
	if (err)
		return err;
	err = aero_fail_probe_all();
	if (err && target)
		unregister_module_notifier(&aero_fail_notifier);
	return err;
}
module_init(aero_fail_init);

static void __exit aero_fail_exit(void)
{
	if (override)
		unregister_kprobe(&aero_fail_function.kp);
	else
		aero_fail_unprobe(ARRAY_SIZE(aero_fail_allocators));
	if (target)
		unregister_module_notifier(&aero_fail_notifier);
	/* Nobody is in one of the functions that run instead. */
	synchronize_rcu_tasks();
}
module_exit(aero_fail_exit);

MODULE_DESCRIPTION("Aerostat selftest: allocations that fail");
MODULE_LICENSE("GPL");
