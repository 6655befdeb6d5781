/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MATH_H
#define SHIM_LINUX_MATH_H

#define rounddown(x, y) ({ __auto_type __x = (x); __x - __x % (y); })

static inline unsigned int int_sqrt64(unsigned long long x)
{
	unsigned long long root = 0, bit;

	for (bit = 1ULL << 31; bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= x)
			root |= bit;
	return root;
}

#endif /* SHIM_LINUX_MATH_H */
