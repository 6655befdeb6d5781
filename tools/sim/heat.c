// SPDX-License-Identifier: GPL-2.0
/*
 * What an operator could do about heat with a policy that knows host memory only: move the
 * number that it steers by, one point per round while it is too hot, one point back per round
 * while it is cool, as Aerostat's thresholds have it.
 */
#include "sim.h"

/**
 * sim_heat_lever() - where the lever is after this round
 * @host: host
 * @lever: where it was, points
 * @most: how far it can go, points
 *
 * Return: points.
 */
u32 sim_heat_lever(const struct sim_host *host, u32 lever, u32 most)
{
	s64 temp = sim_host_temp(host);

	if (temp >= host->params->high && lever < most)
		return lever + 1;
	if (temp < host->params->low && lever)
		return lever - 1;
	return lever;
}
