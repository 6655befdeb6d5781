/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_RATELIMIT_H
#define SHIM_LINUX_RATELIMIT_H

struct ratelimit_state {
	int unused;
};

#endif /* SHIM_LINUX_RATELIMIT_H */
