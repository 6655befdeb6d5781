/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MATH_H
#define SHIM_LINUX_MATH_H

#define rounddown(x, y) ({ __auto_type __x = (x); __x - __x % (y); })

#endif /* SHIM_LINUX_MATH_H */
