/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/debug/aerostat: for people, may change at any time.
 */
#ifndef AEROSTAT_DEBUGFS_H
#define AEROSTAT_DEBUGFS_H

#include <linux/debugfs.h>

struct aero_vm;

struct dentry *aero_debugfs_add_vm(struct aero_vm *vm);

#endif /* AEROSTAT_DEBUGFS_H */
