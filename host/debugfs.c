// SPDX-License-Identifier: GPL-2.0
/*
 * Per-VM statistics in debugfs: what the host counted, and what the guest says.
 */

#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "channel.h"
#include "debugfs.h"
#include "host.h"
#include "vm.h"

static int stats_show(struct seq_file *seq, void *data)
{
	const struct aero_vm *vm = seq->private;
	const struct aero_vm_counts *counts = &vm->counts;

	seq_printf(seq, "abi_minor %u\n", READ_ONCE(vm->abi_minor));
	seq_printf(seq, "balloon_pages %llu\n", READ_ONCE(vm->freed));
	seq_printf(seq, "descriptors %llu\n", READ_ONCE(counts->descs));
	seq_printf(seq, "inflated_pages %llu\n", READ_ONCE(counts->inflated));
	seq_printf(seq, "deflated_pages %llu\n", READ_ONCE(counts->deflated));
	seq_printf(seq, "refused_pages %llu\n", READ_ONCE(counts->refused));
	seq_printf(seq, "punches %llu\n", READ_ONCE(counts->punches));
	seq_printf(seq, "punched_bytes %llu\n", READ_ONCE(counts->punched));
	seq_printf(seq, "filled_pages %llu\n", READ_ONCE(counts->filled));
	seq_printf(seq, "challenges %llu\n", READ_ONCE(counts->challenges));
	seq_printf(seq, "epochs %llu\n", READ_ONCE(counts->epochs));
	seq_printf(seq, "looks %llu\n", READ_ONCE(counts->looks));
	seq_printf(seq, "rings %llu\n", READ_ONCE(counts->rings));
	seq_printf(seq, "rung %lld\n", atomic64_read(&vm->rung_count));
	seq_printf(seq, "worked_us %llu\n", READ_ONCE(counts->worked_us));
	seq_printf(seq, "working_set_unmaps %llu\n", READ_ONCE(vm->working_set.unmaps));
	seq_printf(seq, "working_set_us %llu\n", READ_ONCE(vm->working_set.us));
	seq_printf(seq, "invalidated_bytes %lld\n", atomic64_read(&vm->invalidated));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

#define AERO_GUEST_LINE(seq, from, field) \
	seq_printf(seq, #field " %llu\n", le64_to_cpu(READ_ONCE((from)->field)))

static int guest_show(struct seq_file *seq, void *data)
{
	const struct aero_vm *vm = seq->private;
	const struct aero_status *status = vm->channel->status;
	const struct aero_stats *stats = &status->stats;

	seq_printf(seq, "abi_major %u\n", le16_to_cpu(READ_ONCE(status->abi_major)));
	seq_printf(seq, "abi_minor %u\n", le16_to_cpu(READ_ONCE(status->abi_minor)));
	AERO_GUEST_LINE(seq, status, balloon_bytes);
	AERO_GUEST_LINE(seq, status, rate_bytes);
	seq_printf(seq, "limits %#x\n", le32_to_cpu(READ_ONCE(status->limits)));
	AERO_GUEST_LINE(seq, status, heartbeat);
	AERO_GUEST_LINE(seq, stats, total_bytes);
	AERO_GUEST_LINE(seq, stats, available_bytes);
	AERO_GUEST_LINE(seq, stats, free_bytes);
	AERO_GUEST_LINE(seq, stats, file_bytes);
	AERO_GUEST_LINE(seq, stats, swap_in_pages);
	AERO_GUEST_LINE(seq, stats, swap_out_pages);
	AERO_GUEST_LINE(seq, stats, major_faults);
	AERO_GUEST_LINE(seq, stats, refault_pages);
	AERO_GUEST_LINE(seq, stats, alloc_stalls);
	AERO_GUEST_LINE(seq, stats, oom_bytes);
	AERO_GUEST_LINE(seq, stats, migrated_pages);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(guest);

/**
 * aero_debugfs_add_vm() - show a VM's statistics
 * @vm: VM, alive until the result is removed
 *
 * Return: the directory, for debugfs_remove(); errors need no check.
 */
struct dentry *aero_debugfs_add_vm(struct aero_vm *vm)
{
	struct dentry *dir = debugfs_create_dir(dev_name(&vm->dev), vm->host->debugfs);

	debugfs_create_file("stats", 0400, dir, vm, &stats_fops);
	debugfs_create_file("guest", 0400, dir, vm, &guest_fops);
	return dir;
}
