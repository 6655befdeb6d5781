/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control loop: samples in, targets out.
 */
#ifndef AEROSTAT_LOOP_H
#define AEROSTAT_LOOP_H

#include <linux/types.h>

#include "controller.h"

struct aero_host;
struct aero_loop;

/**
 * enum aero_mode - who decides how much is taken
 * @AERO_MODE_OFF: nobody; what was taken is given back
 * @AERO_MODE_MANUAL: the user, by reclaim_target_bytes
 * @AERO_MODE_AUTO: the controller, by the sensors
 * @AERO_MODE_BALANCE: the controller, and VMs give for each other and for the host
 * @AERO_NR_MODES: number of modes
 */
enum aero_mode {
	AERO_MODE_OFF,
	AERO_MODE_MANUAL,
	AERO_MODE_AUTO,
	AERO_MODE_BALANCE,
	AERO_NR_MODES,
};

/**
 * struct aero_loop_config - what a user sets
 * @mode: who decides
 * @manual: pages to take in AERO_MODE_MANUAL
 * @period_ms: between two samples
 * @idle_tax: percent, see aero_apportion()
 * @pressure_limit: permille, see struct aero_controller_params
 */
struct aero_loop_config {
	enum aero_mode mode;
	u64 manual;
	u32 period_ms;
	u32 idle_tax;
	u32 pressure_limit;
};

/**
 * struct aero_loop_status - what the last round came to
 * @mode: in force
 * @level: what the sensors ask for
 * @verdict: what was made of it
 * @target: pages that shall be taken in all
 * @held: pages that VMs had given
 */
struct aero_loop_status {
	enum aero_mode mode;
	enum aero_level level;
	enum aero_verdict verdict;
	u64 target;
	u64 held;
};

extern const char * const aero_mode_names[AERO_NR_MODES];

struct aero_loop *aero_loop_create(struct aero_host *host);
void aero_loop_start(struct aero_loop *loop);
void aero_loop_stop(struct aero_loop *loop);
void aero_loop_destroy(struct aero_loop *loop);
void aero_loop_kick(struct aero_loop *loop);
void aero_loop_stir(struct aero_loop *loop);
void aero_loop_look(struct aero_loop *loop);
void aero_loop_config(struct aero_loop *loop, struct aero_loop_config *config);
int aero_loop_set_config(struct aero_loop *loop, const struct aero_loop_config *config);
void aero_loop_status(struct aero_loop *loop, struct aero_loop_status *status);
u64 aero_loop_held(struct aero_loop *loop);

#endif /* AEROSTAT_LOOP_H */
