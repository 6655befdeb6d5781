/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_WORKQUEUE_H
#define SHIM_LINUX_WORKQUEUE_H

#include <linux/types.h>

typedef struct {
	s64 counter;
} atomic64_t;

struct delayed_work {
	int opaque;
};

#endif
