/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MMU_NOTIFIER_H
#define SHIM_LINUX_MMU_NOTIFIER_H

struct mmu_notifier {
	int opaque;
};

#endif
