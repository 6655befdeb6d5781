// SPDX-License-Identifier: GPL-2.0
/*
 * A guest driver that says hello as it should, and then breaks one rule.
 *
 * insmod aero_hostile.ko attack=NAME does all its work while it loads; it fails
 * to load if the host did not serve it. Load it instead of aerostat_guest.
 *
 * attack=stale fills the ring with descriptors for all of the guest's memory and
 * resets the machine in the same moment.
 *
 * attack=fuzz seed=S count=N writes N descriptors, most of them good ones for pages
 * of its own, the others and the indices, the status block and the moment chosen by
 * a generator that S alone seeds; each time that the host has enough of it, it says
 * hello again. What it did is in the parameters descs, epochs and quarantines.
 *
 * attack=bell count=N rings the host's doorbell N times, for nothing; attack=hello says
 * hello N times and rings for each.
 */

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "hostile.h"
#include "ring.h"

static char *attack = "zero";
module_param(attack, charp, 0);
MODULE_PARM_DESC(attack, "rule to break, see aero_attacks");

static bool remap = true;
module_param(remap, bool, 0);
MODULE_PARM_DESC(remap, "take the BAR away and put it back first, which changes the VM's memslots as a reset does");

static uint seed = 1;
module_param(seed, uint, 0);
MODULE_PARM_DESC(seed, "of attack=fuzz");

static ulong count = 100000;
module_param(count, ulong, 0);
MODULE_PARM_DESC(count, "descriptors that attack=fuzz writes, rings of attack=bell");

/**
 * struct aero_attack - one way to break the rules
 * @name: for the parameter
 * @desc: descriptors to publish
 * @nr: of them
 * @jump: and so much more is claimed to be in the ring
 */
struct aero_attack {
	const char *name;
	struct aero_desc desc[2];
	u32 nr;
	u32 jump;
};

#define AERO_DESC(_gfn, _nr, _op, _reserved) {		\
	.gfn = cpu_to_le64(_gfn),			\
	.nr_pages = cpu_to_le32(_nr),			\
	.op = cpu_to_le16(_op),				\
	.reserved = cpu_to_le16(_reserved),		\
}

/* Page 0x8000 is RAM of any guest with 256 MiB, page 0xfee00 the local APIC. */
static const struct aero_attack aero_attacks[] = {
	{ "zero", { AERO_DESC(0x8000, 0, AERO_OP_INFLATE, 0) }, 1 },
	{ "huge", { AERO_DESC(0x8000, U32_MAX, AERO_OP_INFLATE, 0) }, 1 },
	{ "overflow", { AERO_DESC(U64_MAX - 1, 16, AERO_OP_INFLATE, 0) }, 1 },
	{ "wrap", { AERO_DESC((1ULL << 52) - 4, 16, AERO_OP_INFLATE, 0) }, 1 },
	{ "mmio", { AERO_DESC(0xfee00, 1, AERO_OP_INFLATE, 0) }, 1 },
	{ "rom", { AERO_DESC(0xfffff, 1, AERO_OP_INFLATE, 0) }, 1 },
	{ "opcode", { AERO_DESC(0x8000, 1, 77, 0) }, 1 },
	{ "reserved", { AERO_DESC(0x8000, 1, AERO_OP_INFLATE, 1) }, 1 },
	{ "twice", { AERO_DESC(0x8000, 2, AERO_OP_INFLATE, 0),
		     AERO_DESC(0x8001, 2, AERO_OP_INFLATE, 0) }, 2 },
	{ "never-given", { AERO_DESC(0x8000, 1, AERO_OP_DEFLATE, 0) }, 1 },
	{ "index", { }, 0, AERO_RING_ENTRIES + 1 },
	{ "index-back", { }, 0, U32_MAX },
};

static const struct aero_attack *aero_attack_find(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aero_attacks); i++)
		if (!strcmp(aero_attacks[i].name, attack))
			return &aero_attacks[i];
	return NULL;
}

/**
 * aero_hostile_remap() - change the VM's memslots, as a reset does
 * @hostile: the channel
 *
 * The BAR goes away for longer than the host lets pass between two looks.
 */
void aero_hostile_remap(struct aero_hostile *hostile)
{
	u16 command;

	pci_read_config_word(hostile->pdev, PCI_COMMAND, &command);
	pci_write_config_word(hostile->pdev, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	msleep(1200);
	pci_write_config_word(hostile->pdev, PCI_COMMAND, command);
}

/**
 * aero_hostile_ring() - have the host look, if it does not by itself
 * @hostile: the channel
 */
void aero_hostile_ring(struct aero_hostile *hostile)
{
	if (hostile->registers)
		writel(le32_to_cpu(hostile->header->doorbell),
		       hostile->registers + AERO_PCI_DOORBELL);
}

/**
 * aero_hostile_hello() - be a good driver until the host serves it
 * @hostile: the channel
 *
 * Return: false if the host does not, for ten seconds; four where that is expected.
 */
bool aero_hostile_hello(struct aero_hostile *hostile)
{
	const struct aero_control *control = hostile->control;
	struct aero_status *status = hostile->status;
	__le64 epoch = cpu_to_le64(get_random_u64() | 1);
	unsigned int tries;

	WRITE_ONCE(status->state, cpu_to_le32(AERO_GUEST_ABSENT));
	WRITE_ONCE(status->head, 0);
	WRITE_ONCE(status->revoke, 0);
	WRITE_ONCE(status->features, READ_ONCE(hostile->header->features));
	WRITE_ONCE(status->abi_major, cpu_to_le16(AERO_ABI_MAJOR));
	WRITE_ONCE(status->epoch, epoch);
	/* The epoch is visible before the state that announces it. */
	virt_store_release(&status->state, cpu_to_le32(AERO_GUEST_RUNNING));
	for (tries = 0; tries < (remap ? 500 : 200); tries++) {
		/* So is the hello before the echo that vouches for it. */
		virt_store_release(&status->echo, READ_ONCE(control->challenge));
		aero_hostile_ring(hostile);
		/* The ring is empty once the host has answered. */
		if (virt_load_acquire(&control->epoch) == epoch)
			return true;
		msleep(20);
	}
	return false;
}

static int aero_hostile_strike(struct aero_hostile *hostile, const struct aero_attack *how)
{
	u32 i;

	for (i = 0; i < how->nr; i++)
		hostile->ring[i] = how->desc[i];
	aero_ring_publish(&hostile->status->head, how->nr + how->jump);
	aero_hostile_ring(hostile);
	/* The host looks often while it owes something, and it owes us nothing. */
	msleep(300);
	return 0;
}

static int aero_hostile_flood(struct aero_hostile *hostile, bool hello)
{
	unsigned long i;

	if (!hostile->registers)
		return -ENXIO;
	for (i = 0; i < count && !fatal_signal_pending(current); i++) {
		/* The echo stays good, so that the host adopts it at once. */
		if (hello)
			WRITE_ONCE(hostile->status->epoch, cpu_to_le64(get_random_u64() | 1));
		aero_hostile_ring(hostile);
		cond_resched();
	}
	return 0;
}

static int aero_hostile_attack(struct aero_hostile *hostile)
{
	const struct aero_attack *how = aero_attack_find();

	bool hello = !strcmp(attack, "hello"), flood = hello || !strcmp(attack, "bell");

	if (!how && !flood && strcmp(attack, "stale") && strcmp(attack, "fuzz"))
		return -EINVAL;
	if (remap)
		aero_hostile_remap(hostile);
	if (!aero_hostile_hello(hostile))
		return -ETIMEDOUT;
	if (how)
		return aero_hostile_strike(hostile, how);
	if (flood)
		return aero_hostile_flood(hostile, hello);
	if (!strcmp(attack, "stale"))
		aero_hostile_stale(hostile);
	return aero_hostile_fuzz(hostile, seed, count);
}

static int __init aero_hostile_init(void)
{
	struct aero_hostile hostile = { };
	void *base;
	int err;

	hostile.pdev = pci_get_device(AERO_PCI_VENDOR_ID, AERO_PCI_DEVICE_ID, NULL);
	if (!hostile.pdev)
		return -ENODEV;
	err = pci_enable_device(hostile.pdev);
	if (err)
		goto put;
	base = memremap(pci_resource_start(hostile.pdev, AERO_PCI_BAR), AERO_CHANNEL_SIZE,
			MEMREMAP_WB);
	if (!base) {
		err = -ENOMEM;
		goto disable;
	}
	hostile.header = base + AERO_HEADER_OFFSET;
	hostile.control = base + AERO_CONTROL_OFFSET;
	hostile.status = base + AERO_STATUS_OFFSET;
	hostile.ring = base + AERO_DESC_OFFSET;
	if (hostile.header->features & cpu_to_le64(AERO_F_DOORBELL))
		hostile.registers = pci_iomap(hostile.pdev, AERO_PCI_BAR_REGISTERS, 0);
	err = aero_hostile_attack(&hostile);
	if (hostile.registers)
		pci_iounmap(hostile.pdev, hostile.registers);
	memunmap(base);
disable:
	pci_disable_device(hostile.pdev);
put:
	pci_dev_put(hostile.pdev);
	return err;
}
module_init(aero_hostile_init);

static void __exit aero_hostile_exit(void)
{
}
module_exit(aero_hostile_exit);

MODULE_DESCRIPTION("Aerostat selftest: a guest that breaks the rules");
MODULE_LICENSE("GPL");
