/* SPDX-License-Identifier: GPL-2.0 */
/* vm_flags_set() since 6.3 (bc292ab00f6c "mm: introduce vma->vm_flags wrapper functions"). */
#ifndef AEROSTAT_COMPAT_LINUX_MM_H
#define AEROSTAT_COMPAT_LINUX_MM_H

#include_next <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#ifndef vm_flags_set
static inline void aero_compat_vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#define vm_flags_set aero_compat_vm_flags_set
#endif
#endif

#endif
