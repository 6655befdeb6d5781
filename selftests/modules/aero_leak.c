// SPDX-License-Identifier: GPL-2.0
/*
 * Forgets memory when it is loaded: who looks for leaks must find this one.
 */

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define AERO_LEAK_BYTES	128

static int __init aero_leak_init(void)
{
	void *lost = kmalloc(AERO_LEAK_BYTES, GFP_KERNEL);

	if (!lost)
		return -ENOMEM;
	memset(lost, 0x5a, AERO_LEAK_BYTES);
	barrier_data(lost);
	return 0;
}
module_init(aero_leak_init);

static void __exit aero_leak_exit(void)
{
}
module_exit(aero_leak_exit);

MODULE_DESCRIPTION("Aerostat selftest: memory that is forgotten");
MODULE_LICENSE("GPL");
