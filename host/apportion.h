/* SPDX-License-Identifier: GPL-2.0 */
/* How many pages from each VM. Pure: no locks, clocks or allocation. */
#ifndef AEROSTAT_APPORTION_H
#define AEROSTAT_APPORTION_H

#include <linux/bits.h>
#include <linux/types.h>

/* Largest VM: all that 52 physical address bits can name. */
#define AERO_APPORTION_MAX_PAGES	BIT_ULL(40)
/* Most VMs in one call; with it no sum leaves 64 bits. */
#define AERO_APPORTION_MAX_VMS		1000000

#define AERO_APPORTION_IDLE_TAX		75	/* percent, ESX's default */
#define AERO_APPORTION_SHARES		1000	/* an ordinary VM */

/**
 * struct aero_apportion_params - policy of aero_apportion()
 * @idle_tax: percent, 0 to 99: an idle page costs a VM 1 / (1 - @idle_tax) times
 *	what an active one costs. 0: shares alone decide; 99: idle memory goes first.
 */
struct aero_apportion_params {
	u32 idle_tax;
};

#define AERO_APPORTION_PARAMS_DEFAULT { .idle_tax = AERO_APPORTION_IDLE_TAX }

/**
 * struct aero_share - one VM's claim and its part
 * @id: the VM's identity; unique, decides who gets a page that cannot be split
 * @shares: importance per page of @size, in relation to the other VMs; 0 counts as 1
 * @idle: permille of @size that is idle, see aero_idle_permille()
 * @pressed: the VM suffers: it gives only when the others have given all they can
 * @size: pages of the VM, at most AERO_APPORTION_MAX_PAGES
 * @limit: most pages that may be held now, at most @size; see aero_apportion_limit()
 * @least: pages that are held whatever the demand, at most @limit: what lies above the most
 *	that the VM may have, or, of one that is left alone, all that it has given
 * @index: the caller's own; carried along as the array is sorted
 * @take: result: pages that are to be held
 */
struct aero_share {
	u32 id;
	u32 index;
	u32 shares;
	u32 idle;
	bool pressed;
	u64 size;
	u64 limit;
	u64 least;
	u64 take;
};

/**
 * enum aero_urgency - how deep aero_apportion_limit() reaches
 * @AERO_URGENCY_NORMAL: idle memory only
 * @AERO_URGENCY_MANUAL: down to the minimum, since the administrator says so
 * @AERO_URGENCY_EMERGENCY: down to the minimum, whatever it costs the VM
 */
enum aero_urgency {
	AERO_URGENCY_NORMAL,
	AERO_URGENCY_MANUAL,
	AERO_URGENCY_EMERGENCY,
};

u64 aero_apportion(struct aero_share *vms, unsigned int nr, u64 demand,
		   const struct aero_apportion_params *params);
u64 aero_apportion_limit(u64 size, u64 min_pages, u64 idle_pages, u64 balloon, u32 pressure,
			 u32 pressure_limit, enum aero_urgency urgency);

#endif /* AEROSTAT_APPORTION_H */
