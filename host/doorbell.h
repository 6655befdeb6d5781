/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A channel's doorbell: two eventfds, one for each direction.
 */
#ifndef AEROSTAT_DOORBELL_H
#define AEROSTAT_DOORBELL_H

struct aero_doorbell;
struct aero_vm;

struct aero_doorbell *aero_doorbell_create(int to_host, int to_guest);
void aero_doorbell_destroy(struct aero_doorbell *bell);
void aero_doorbell_attach(struct aero_doorbell *bell, struct aero_vm *vm);
void aero_doorbell_ring(struct aero_doorbell *bell);

#endif /* AEROSTAT_DOORBELL_H */
