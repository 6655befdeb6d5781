/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Host and guest driver: who is there, and what they have to tell each other.
 */
#ifndef AEROSTAT_SESSION_H
#define AEROSTAT_SESSION_H

#include <linux/limits.h>
#include <linux/types.h>

/* Nothing runs out: only a ring, or somebody who sets something, brings the next look. */
#define AERO_SESSION_NEVER	ULONG_MAX

struct aero_vm;

bool aero_session_look(struct aero_vm *vm);
unsigned long aero_session_wait(const struct aero_vm *vm);

#endif /* AEROSTAT_SESSION_H */
