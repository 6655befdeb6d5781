/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_DEVICE_H
#define SHIM_LINUX_DEVICE_H

struct device {
	int opaque;
};

#endif
