/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading a VM's ring and freeing what it gives.
 */
#ifndef AEROSTAT_RECLAIM_H
#define AEROSTAT_RECLAIM_H

#include <linux/types.h>

struct aero_batch;
struct aero_gpa;
struct aero_vm;
struct file;

struct aero_batch *aero_batch_alloc(void);
bool aero_batch_resumed(const struct aero_batch *batch);
void aero_batch_reset(struct aero_batch *batch);
void aero_reclaim_account(struct aero_vm *vm);
bool aero_reclaim_pinned(struct file *file, loff_t offset, loff_t len, unsigned int index_shift,
			 u64 *present);
bool aero_reclaim_section(struct aero_vm *vm, struct aero_gpa *gpa);

#endif /* AEROSTAT_RECLAIM_H */
