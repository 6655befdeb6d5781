// SPDX-License-Identifier: GPL-2.0
/*
 * Guest drivers of other versions of the ABI, by what they write; abi.sh has real
 * ones.
 */
#include <asm/byteorder.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"
#include "ring.h"

/* A hello like vmm_hello()'s, by a driver of another version that knows more features. */
static void abi_hello(struct vmm *vmm, u16 major, u16 minor)
{
	struct aero_status *status = vmm->status;

	vmm_hello(vmm);
	WRITE_ONCE(status->state, cpu_to_le32(AERO_GUEST_ABSENT));
	virt_mb();	/* gone, before it is another one */
	WRITE_ONCE(status->epoch, cpu_to_le64(++vmm->epoch));
	status->features = cpu_to_le64(~0ULL);
	status->abi_major = cpu_to_le16(major);
	status->abi_minor = cpu_to_le16(minor);
	memset(status->reserved0, 0xff, sizeof(status->reserved0));
	memset(status->reserved1, 0xff, sizeof(status->reserved1));
	memset(status->reserved2, 0xff, sizeof(status->reserved2));
	memset(status->reserved3, 0xff, sizeof(status->reserved3));
	/* Last of all, as in vmm_hello(). */
	virt_store_release(&status->state, cpu_to_le32(AERO_GUEST_RUNNING));
}

/* What a driver writes that finds a host of another major version. */
static void abi_part(struct vmm *vmm, u16 major)
{
	WRITE_ONCE(vmm->status->abi_major, cpu_to_le16(major));
	/* The version is there when it is looked for. */
	virt_store_release(&vmm->status->state, cpu_to_le32(AERO_GUEST_FOREIGN));
}

static bool abi_answered(struct vmm *vmm, unsigned int ms)
{
	unsigned int waited;

	for (waited = 0; waited <= ms && !vmm_answered(vmm); waited += 100)
		vmm_sleep(vmm, 100);
	return vmm_answered(vmm);
}

static long long abi_balloon(void)
{
	return check_number(getpid(), "balloon_bytes") / (long long)AERO_PAGE_SIZE;
}

/**
 * case_abi_minor() - a later minor version, with features and fields that nobody knows yet
 */
void case_abi_minor(void)
{
	struct vmm vmm;

	if (!expect(!vmm_start(&vmm, 16 * MiB), "no VM"))
		return;
	vmm_touch(&vmm, 0, vmm.ram_size / AERO_PAGE_SIZE);
	abi_hello(&vmm, AERO_ABI_MAJOR, AERO_ABI_MINOR + 1);
	expect(abi_answered(&vmm, SOON), "the host does not answer");
	check_state(&vmm, "active", SOON);
	expect(check_stat(getpid(), "abi_minor") == AERO_ABI_MINOR, "not the older minor number");
	expect(!vmm.control->features, "features that this channel does not have");
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, 64, 128, SOON), "not inflated");
	expect(abi_balloon() == 128, "wrong account after inflating");
	expect(!vmm_send(&vmm, AERO_OP_DEFLATE, 64, 128, SOON), "not deflated");
	expect(!abi_balloon(), "the balloon is not empty");
	check_state(&vmm, "active", 0);
	vmm_stop(&vmm);
}

/**
 * case_abi_major() - a later major version: what it writes is not looked at, until a
 * driver comes that can be understood
 */
void case_abi_major(void)
{
	static const char refused[] = "refused: the guest driver speaks another Aerostat ABI";
	struct vmm vmm;
	__le32 tail;

	if (!expect(!vmm_start(&vmm, 16 * MiB), "no VM"))
		return;

	/* The first one that comes, when the host does not know the KVM VM yet. */
	abi_part(&vmm, AERO_ABI_MAJOR + 1);
	check_state(&vmm, refused, SOON);
	check_serves(&vmm);

	/* One that follows a driver with a balloon, and does not see itself that it should go. */
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, 0, 64, SOON), "not inflated");
	abi_hello(&vmm, AERO_ABI_MAJOR + 1, 0);
	check_state(&vmm, refused, SOON);
	expect(!abi_answered(&vmm, 3000), "the host answers");
	expect(!vmm.control->epoch, "a driver is served");
	expect(!abi_balloon(), "the balloon of the one before is not forgotten");
	tail = READ_ONCE(vmm.control->tail);
	vmm_post(&vmm, AERO_OP_INFLATE, 128, 64);
	vmm_publish(&vmm);
	vmm_sleep(&vmm, 3000);
	expect(READ_ONCE(vmm.control->tail) == tail && !abi_balloon(), "its ring is read");
	check_state(&vmm, refused, 0);

	/* Whoever says that it is foreign, and is not, is only not there. */
	abi_part(&vmm, AERO_ABI_MAJOR);
	check_state(&vmm, "waiting", SOON);
	check_serves(&vmm);
	vmm_stop(&vmm);
}
