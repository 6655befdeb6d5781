/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_BITOPS_H
#define SHIM_LINUX_BITOPS_H

#define hweight32(word)	((unsigned int)__builtin_popcount(word))

#endif
