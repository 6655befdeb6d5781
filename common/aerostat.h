/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/aerostat, as a program that hands it to VMs sees it.
 */
#ifndef AEROSTAT_H
#define AEROSTAT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct aerostat_doorbell - how the two ends of a channel wake each other
 * @to_host: eventfd that the guest's doorbell signals
 * @to_guest: eventfd that interrupts the guest
 * @value: what the guest writes to ivshmem's doorbell register to signal
 *	@to_host: the host's peer ID << 16 | vector
 * @reserved: zero
 */
struct aerostat_doorbell {
	__s32 to_host;
	__s32 to_guest;
	__u32 value;
	__u32 reserved;
};

/*
 * Give a channel its doorbell, once, before it is mapped. The module keeps the
 * eventfds, whatever becomes of the caller. Errors: EBUSY (mapped, or has one
 * already), EBADF, EINVAL (no eventfd, or @reserved is not zero), EFAULT, ENOMEM.
 */
#define AEROSTAT_SET_DOORBELL	_IOW(0xBE, 1, struct aerostat_doorbell)

#endif /* AEROSTAT_H */
