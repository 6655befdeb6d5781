/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The smallest FUSE file system: one empty file, called kvm-vm.
 */
#ifndef SELFTESTS_VMM_FUSE_H
#define SELFTESTS_VMM_FUSE_H

int fuse_mount(const char *dir);
void fuse_unmount(const char *dir);

#endif /* SELFTESTS_VMM_FUSE_H */
