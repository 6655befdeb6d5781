// SPDX-License-Identifier: GPL-2.0
/*
 * A VMM that ends its KVM VM and makes another, with the channel mapped all the
 * time: the host lets go of the old one and serves the new one.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"

/* The host looks once a second. */
#define LETS_GO		3000U
/* It keeps a VM that hides its channel for ten seconds: a reset does that, too. */
#define FORGETS		15000U

/* KVM's own directory of a VM goes with the VM. */
static void remade_directory(const struct vmm *vmm, char *path, size_t size)
{
	snprintf(path, size, "/sys/kernel/debug/kvm/%d-%d", getpid(), vmm->vm);
}

static bool remade_is_gone(struct vmm *vmm, const char *path, unsigned int ms)
{
	unsigned int waited;

	for (waited = 0; waited <= ms; waited += 100) {
		if (access(path, F_OK))
			return true;
		vmm_sleep(vmm, 100);
	}
	return expect(false, "%s: the host keeps the KVM VM alive", path);
}

static bool remade_start(struct vmm *vmm, char *path, size_t size)
{
	if (!expect(!vmm_start(vmm, 16 * MiB), "no VM"))
		return false;
	check_serves(vmm);
	expect(!vmm_send(vmm, AERO_OP_INFLATE, 0, 64, SOON), "not inflated");
	remade_directory(vmm, path, size);
	return expect(!access(path, F_OK), "no %s", path);
}

/* Another KVM VM with another size, and a driver that begins anew. */
static void remade_again(struct vmm *vmm)
{
	if (expect(!vmm_create_vm(vmm) && !vmm_add_ram(vmm, 24 * MiB, MAP_SHARED) &&
		   !vmm_plug_ram(vmm, 0) && !vmm_plug_channel(vmm), "no second KVM VM"))
		check_serves(vmm);
}

/**
 * case_closed() - the KVM VM is closed as it is
 */
void case_closed(void)
{
	struct vmm vmm;
	char path[64];

	if (!remade_start(&vmm, path, sizeof(path)))
		return;
	vmm_destroy_vm(&vmm);
	remade_is_gone(&vmm, path, LETS_GO);
	check_state(&vmm, "waiting", LETS_GO);
	expect(!check_number(getpid(), "balloon_bytes"), "the balloon is not forgotten");
	expect(!vmm_answered(&vmm), "the driver is not told");
	vmm_remove_ram(&vmm);
	remade_again(&vmm);

	/* At once, and at the addresses that the old memslots name. */
	vmm_remove_ram(&vmm);
	vmm_destroy_vm(&vmm);
	remade_again(&vmm);
}

/**
 * case_closed_in_quarantine() - the KVM VM of a liar is let go as well
 */
void case_closed_in_quarantine(void)
{
	struct vmm vmm;
	char path[64];

	if (!remade_start(&vmm, path, sizeof(path)))
		return;
	vmm_send(&vmm, AERO_OP_DEFLATE, 1000, 1, 1000);
	check_state(&vmm, "quarantined", SOON);
	vmm_destroy_vm(&vmm);
	remade_is_gone(&vmm, path, LETS_GO);
	check_state(&vmm, "quarantined", 0);
	vmm_remove_ram(&vmm);
	remade_again(&vmm);
}

/**
 * case_unplugged() - the old KVM VM stays open, without the channel
 */
void case_unplugged(void)
{
	struct vmm vmm, old;
	char path[64];

	if (!remade_start(&vmm, path, sizeof(path)))
		return;
	expect(!vmm_unplug_channel(&vmm), "not unplugged");
	old = vmm;
	vmm.vm = -1;
	vmm_destroy_vm(&vmm);
	vmm_hello(&vmm);
	check_state(&vmm, "refused: no KVM VM", FORGETS);
	expect(!check_number(getpid(), "balloon_bytes"), "the balloon is not forgotten");
	remade_again(&vmm);
	vmm_destroy_vm(&old);
	remade_is_gone(&vmm, path, LETS_GO);
	check_state(&vmm, "active", 0);
}
