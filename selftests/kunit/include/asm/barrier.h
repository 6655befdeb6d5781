/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_ASM_BARRIER_H
#define SHIM_ASM_BARRIER_H

#define virt_store_release(p, value)	__atomic_store_n(p, value, __ATOMIC_RELEASE)
#define virt_load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)

#ifdef SHIM_NO_FENCES
/* The thread sanitizer knows no fences; an exchange of one common word orders as much. */
extern int shim_fence;
#define virt_mb()	((void)__atomic_exchange_n(&shim_fence, 0, __ATOMIC_SEQ_CST))
#else
#define virt_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

#endif
