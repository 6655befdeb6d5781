/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_FUZZ_ACCESS_H
#define SHIM_FUZZ_ACCESS_H

#include <stddef.h>

/* @field is going to be read or written; NULL: a barrier. */
void fuzz_access(const volatile void *field);

#endif
