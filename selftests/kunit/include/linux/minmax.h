/* SPDX-License-Identifier: GPL-2.0 */
/* As in the kernel, operands of different types do not compile. */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#define __shim_pick(a, op, b) ({			\
	__auto_type __a = (a);				\
	__auto_type __b = (b);				\
	(void)(&__a == &__b);				\
	__a op __b ? __a : __b; })

#define __shim_pick_t(type, a, op, b) ({		\
	type __ta = (a);				\
	type __tb = (b);				\
	__ta op __tb ? __ta : __tb; })

#define min(a, b)		__shim_pick(a, <, b)
#define max(a, b)		__shim_pick(a, >, b)
#define min_t(type, a, b)	__shim_pick_t(type, a, <, b)
#define max_t(type, a, b)	__shim_pick_t(type, a, >, b)
#define min3(a, b, c) ({ __auto_type __c = (c); __auto_type __ab = min(a, b); min(__ab, __c); })
#define max3(a, b, c) ({ __auto_type __c = (c); __auto_type __ab = max(a, b); max(__ab, __c); })

#define clamp_t(type, val, lo, hi) ({			\
	type __val = (val), __lo = (lo), __hi = (hi);	\
	__val < __lo ? __lo : __val > __hi ? __hi : __val; })
#define clamp(val, lo, hi) ({				\
	__auto_type __val = (val);			\
	typeof(__val) __lo = (lo), __hi = (hi);		\
	__val < __lo ? __lo : __val > __hi ? __hi : __val; })

#define swap(a, b) do {					\
	__auto_type __old = (a);			\
	(a) = (b);					\
	(b) = __old;					\
} while (0)

#endif
