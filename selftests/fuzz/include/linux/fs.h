/* SPDX-License-Identifier: GPL-2.0 */
/* A file is one of those in world.c. */
#ifndef SHIM_LINUX_FS_H
#define SHIM_LINUX_FS_H

#include <sys/types.h>

#include <linux/errno.h>
#include <linux/types.h>

typedef unsigned long pgoff_t;

struct address_space {
	unsigned int file;
};

struct file {
	struct address_space *f_mapping;
	struct address_space mapping;
	unsigned int refs;
};

/* In world.c, as all that files do. */
long vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t len);

#endif
