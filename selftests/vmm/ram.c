// SPDX-License-Identifier: GPL-2.0
/*
 * RAM that cannot be taken: the state says why, and nothing is freed.
 */
#include <asm/byteorder.h>
#include <linux/kvm.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"

static bool ram_start(struct vmm *vmm, int map_flags, u32 slot_flags)
{
	vmm_init(vmm);
	if (!expect(!vmm_create_vm(vmm) && !vmm_add_ram(vmm, 16 * MiB, map_flags) &&
		    !vmm_plug_ram(vmm, slot_flags) && !vmm_open_channel(vmm) &&
		    !vmm_map_channel(vmm) && !vmm_plug_channel(vmm), "no VM"))
		return false;
	vmm_touch(vmm, 0, 8 * MiB_PAGES);
	return expect(!vmm_greet(vmm, SOON), "the host does not answer");
}

/* Even a guest that gives unasked loses nothing. */
static void ram_is_refused(struct vmm *vmm, const char *state)
{
	const long long resident = vmm_resident(vmm);

	check_state(vmm, state, SOON);
	expect(vmm_send(vmm, AERO_OP_INFLATE, 0, 64, SOON) == 1, "not refused");
	check_state(vmm, state, 0);
	expect(vmm_resident(vmm) == resident && *(u64 *)vmm->ram == ~0ULL, "memory was freed");
	expect(!check_number(getpid(), "balloon_bytes"), "it is in the account");
}

/**
 * case_private() - a memfd, mapped privately
 */
void case_private(void)
{
	struct vmm vmm;

	if (ram_start(&vmm, MAP_PRIVATE, 0))
		ram_is_refused(&vmm, "refused: RAM is private memory");
}

/**
 * case_read_only() - nothing but memory that the guest cannot write
 */
void case_read_only(void)
{
	const char *state = "refused: the VM has no RAM";
	long long resident;
	struct vmm vmm;

	if (!ram_start(&vmm, MAP_SHARED, KVM_MEM_READONLY))
		return;
	resident = vmm_resident(&vmm);
	check_state(&vmm, state, SOON);
	expect(!check_number(getpid(), "size_bytes"), "it has a size");
	vmm_send(&vmm, AERO_OP_INFLATE, 0, 64, 2000);
	check_state(&vmm, "quarantined: descriptor outside of the VM's RAM", SOON);
	expect(vmm_resident(&vmm) == resident && *(u64 *)vmm.ram == ~0ULL, "memory was freed");
}

/**
 * case_logged() - KVM logs writes, as for a migration, and then no longer
 */
void case_logged(void)
{
	struct vmm vmm;

	if (!ram_start(&vmm, MAP_SHARED, KVM_MEM_LOG_DIRTY_PAGES))
		return;
	ram_is_refused(&vmm, "refused: KVM logs writes to RAM");
	expect(!vmm_plug_ram(&vmm, 0), "logging does not end");
	check_state(&vmm, "active", SOON);
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, 0, 64, SOON), "not inflated");
	expect(!vmm_plug_ram(&vmm, KVM_MEM_LOG_DIRTY_PAGES), "logging does not begin");
	check_state(&vmm, "refused: KVM logs writes to RAM", SOON);
	expect(check_number(getpid(), "balloon_bytes") == 64 * (long long)AERO_PAGE_SIZE,
	       "the balloon is not what it was");
}

/**
 * case_huge_part() - huge pages, of which a part cannot be freed
 *
 * Needs 8 reserved pages of 2 MiB.
 */
void case_huge_part(void)
{
	const long long huge = 2 * MiB_PAGES;
	/* Before it is told how large a page is, a guest may well give parts. */
	const struct { long long gfn, nr; } parts[] = {
		{ huge, 1 }, { huge, huge - 1 }, { huge + 1, huge }, { huge - 1, huge + 1 },
	};
	long long resident;
	struct vmm vmm;
	long long gfn;
	size_t i;

	if (!ram_start(&vmm, MAP_SHARED | MAP_HUGETLB, 0))
		return;
	check_state(&vmm, "active", SOON);
	expect(le64_to_cpu(READ_ONCE(vmm.control->granule_bytes)) == 2 * MiB,
	       "the guest is not told the granule");
	resident = vmm_resident(&vmm);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		expect(vmm_send(&vmm, AERO_OP_INFLATE, parts[i].gfn, parts[i].nr, SOON) == 1,
		       "part %zu is not refused", i);
		check_state(&vmm, "refused: part of a huge page", SOON);
		for (gfn = 0; gfn < 3 * huge; gfn++)
			if (!expect(*(long long *)(vmm.ram + gfn * AERO_PAGE_SIZE) == ~gfn,
				    "part %zu: page %#llx is lost", i, gfn))
				break;
	}
	expect(vmm_resident(&vmm) == resident, "something was freed");
	expect(!check_number(getpid(), "balloon_bytes"), "it is in the account");

	/* A driver that knows better gets another chance. */
	expect(!vmm_greet(&vmm, SOON), "the host does not answer again");
	check_state(&vmm, "active", SOON);
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, huge, 2 * huge, SOON), "whole ones are refused");
	expect(vmm_resident(&vmm) == resident - 2 * huge, "they are not freed");
	expect(check_number(getpid(), "balloon_bytes") == 4 * (long long)MiB,
	       "the balloon is not theirs");
	vmm_stop(&vmm);
}
