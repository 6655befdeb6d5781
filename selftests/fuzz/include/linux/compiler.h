/* SPDX-License-Identifier: GPL-2.0 */
/* Before each access to shared memory the guest may act. */
#ifndef SHIM_LINUX_COMPILER_H
#define SHIM_LINUX_COMPILER_H

#include "fuzz_access.h"

#define READ_ONCE(x) ({						\
	fuzz_access(&(x));					\
	__atomic_load_n(&(x), __ATOMIC_RELAXED); })
#define WRITE_ONCE(x, value) do {				\
	fuzz_access(&(x));					\
	__atomic_store_n(&(x), value, __ATOMIC_RELAXED);	\
} while (0)

#endif
