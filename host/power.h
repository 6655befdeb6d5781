/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host's memory draws, by the model, as a hwmon chip.
 */
#ifndef AEROSTAT_POWER_H
#define AEROSTAT_POWER_H

#include <linux/types.h>

#include "power_model.h"

struct aero_host;
struct aero_power;
struct device;

struct aero_power *aero_power_create(struct aero_host *host);
void aero_power_destroy(struct aero_power *power);
struct device *aero_power_chip(struct aero_power *power);
void aero_power_account(struct aero_power *power, int err, s64 uw);
u64 aero_power_modelled_mw(struct aero_power *power);
void aero_power_params(struct aero_power *power, struct aero_power_params *params);
int aero_power_set_params(struct aero_power *power, const struct aero_power_params *params);

#endif /* AEROSTAT_POWER_H */
