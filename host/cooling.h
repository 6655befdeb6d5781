/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Aerostat as a cooling device of the kernel's thermal framework.
 */
#ifndef AEROSTAT_COOLING_H
#define AEROSTAT_COOLING_H

#include <linux/types.h>

struct aero_cooling;

struct aero_cooling *aero_cooling_create(void);
void aero_cooling_destroy(struct aero_cooling *cooling);
u32 aero_cooling_permille(const struct aero_cooling *cooling);

#endif /* AEROSTAT_COOLING_H */
