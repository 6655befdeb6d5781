/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DEVICE_H
#define DEVICE_H

#include <linux/types.h>

/* The channel's file, to_host and to_guest. */
#define DEVICE_FDS	3

/**
 * struct device_told - what the module was told, besides its files
 * @pid: by whom
 * @value: aerostat_doorbell.value
 */
struct device_told {
	__s32 pid;
	__u32 value;
};

#endif /* DEVICE_H */
