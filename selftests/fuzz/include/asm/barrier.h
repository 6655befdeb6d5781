/* SPDX-License-Identifier: GPL-2.0 */
/* One thread plays both sides: the order of accesses is what counts, and nothing reorders them. */
#ifndef SHIM_ASM_BARRIER_H
#define SHIM_ASM_BARRIER_H

#include "fuzz_access.h"

#define virt_store_release(p, value) do {			\
	fuzz_access(p);						\
	__atomic_store_n(p, value, __ATOMIC_RELEASE);		\
} while (0)
#define virt_load_acquire(p) ({					\
	fuzz_access(p);						\
	__atomic_load_n(p, __ATOMIC_ACQUIRE); })
#define virt_mb()	fuzz_access(NULL)

#endif
