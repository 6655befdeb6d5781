// SPDX-License-Identifier: GPL-2.0
/*
 * Aerostat as a cooling device of the kernel's thermal framework.
 *
 * A device of type "aerostat" with states 0 to 10: so many tenths of what VMs have beyond
 * their minima are asked for, as far as they can spare it now. Ten, because the step_wise
 * governor moves by one state in each of a zone's polls: more of them would keep it from the
 * top for minutes, fewer would make each a shock. Who binds it to a zone is the zone's driver
 * or the user's business, and it takes effect in mode auto only.
 *
 * The thermal core calls with its own locks held, among them that of a zone which the
 * control loop may be about to read. So a state is only noted here, without a lock; the
 * loop looks at it once in each period.
 */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/thermal.h>

#include "cooling.h"

#define AERO_COOLING_STATES	10

/**
 * struct aero_cooling - the cooling device
 * @device: registered; NULL where the kernel has no thermal framework
 * @state: what was asked for last; single word
 */
struct aero_cooling {
	struct thermal_cooling_device *device;
	unsigned long state;
};

static int aero_cooling_get_max_state(struct thermal_cooling_device *device, unsigned long *state)
{
	*state = AERO_COOLING_STATES;
	return 0;
}

static int aero_cooling_get_cur_state(struct thermal_cooling_device *device, unsigned long *state)
{
	struct aero_cooling *cooling = device->devdata;

	*state = READ_ONCE(cooling->state);
	return 0;
}

static int aero_cooling_set_cur_state(struct thermal_cooling_device *device, unsigned long state)
{
	struct aero_cooling *cooling = device->devdata;

	if (state > AERO_COOLING_STATES)
		return -EINVAL;
	WRITE_ONCE(cooling->state, state);
	return 0;
}

static const struct thermal_cooling_device_ops aero_cooling_ops = {
	.get_max_state = aero_cooling_get_max_state,
	.get_cur_state = aero_cooling_get_cur_state,
	.set_cur_state = aero_cooling_set_cur_state,
};

/**
 * aero_cooling_create() - offer to cool
 *
 * Return: the device, also on a kernel without a thermal framework, or an ERR_PTR().
 */
struct aero_cooling *aero_cooling_create(void)
{
	struct aero_cooling *cooling = kzalloc(sizeof(*cooling), GFP_KERNEL);
	struct thermal_cooling_device *device;

	if (!cooling)
		return ERR_PTR(-ENOMEM);
	device = thermal_cooling_device_register("aerostat", cooling, &aero_cooling_ops);
	if (!IS_ERR(device)) {
		cooling->device = device;
	} else if (PTR_ERR(device) != -ENODEV) {
		kfree(cooling);
		return ERR_CAST(device);
	}
	return cooling;
}

/**
 * aero_cooling_destroy() - offer it no more
 * @cooling: what aero_cooling_create() returned
 *
 * Context: Unbinds the device from its zones and waits for calls under way. The control
 * loop has ended. A zone that is bound does not keep the module from going.
 */
void aero_cooling_destroy(struct aero_cooling *cooling)
{
	if (cooling->device)
		thermal_cooling_device_unregister(cooling->device);
	kfree(cooling);
}

/**
 * aero_cooling_permille() - how much is asked for
 * @cooling: the device
 *
 * Context: any.
 * Return: permille of what VMs have beyond their minima.
 */
u32 aero_cooling_permille(const struct aero_cooling *cooling)
{
	return READ_ONCE(cooling->state) * 1000 / AERO_COOLING_STATES;
}
