/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that only the guest can reach exists since 6.8.
 */
#ifndef AEROSTAT_COMPAT_LINUX_KVM_HOST_H
#define AEROSTAT_COMPAT_LINUX_KVM_HOST_H

#include_next <linux/kvm_host.h>

#ifndef KVM_MEM_GUEST_MEMFD
#define KVM_MEM_GUEST_MEMFD 0
#endif

#endif
