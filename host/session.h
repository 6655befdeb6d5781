/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Host and guest driver: who is there, and what they have to tell each other.
 */
#ifndef AEROSTAT_SESSION_H
#define AEROSTAT_SESSION_H

#include <linux/types.h>

struct aero_vm;

bool aero_session_look(struct aero_vm *vm);
unsigned long aero_session_wait(const struct aero_vm *vm);

#endif /* AEROSTAT_SESSION_H */
