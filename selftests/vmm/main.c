// SPDX-License-Identifier: GPL-2.0
/*
 * vmm CASE [ARGUMENT...]: run a case; says what is wrong and exits with 1 then. See
 * channel.sh and fault.sh for what the cases need around them.
 */
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "check.h"

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "serve", case_serve },
	{ "follow", case_follow },
	{ "handed", case_handed },
	{ "abi-minor", case_abi_minor },
	{ "abi-major", case_abi_major },
	{ "sizes", case_sizes },
	{ "protections", case_protections },
	{ "pieces", case_pieces },
	{ "busy", case_busy },
	{ "passed-on", case_passed_on },
	{ "forked", case_forked },
	{ "exec", case_exec },
	{ "exec-again", case_exec_again },
	{ "killed", case_killed },
	{ "opens", case_opens },
	{ "hold", case_hold },
	{ "no-kvm", case_no_kvm },
	{ "not-plugged", case_not_plugged },
	{ "second-vm", case_second_vm },
	{ "foreign-vm", case_foreign_vm },
	{ "fakes", case_fakes },
	{ "leader-exits", case_leader_exits },
	{ "closed", case_closed },
	{ "closed-in-quarantine", case_closed_in_quarantine },
	{ "unplugged", case_unplugged },
	{ "private", case_private },
	{ "read-only", case_read_only },
	{ "logged", case_logged },
	{ "huge-part", case_huge_part },
	{ "hostile", case_hostile },
	{ "pinned", case_pinned },
	{ "pinned-later", case_pinned_later },
	{ "pinned-elsewhere", case_pinned_elsewhere },
	{ "doorbell-ioctl", case_doorbell_ioctl },
	{ "doorbell", case_doorbell },
	{ "doorbell-silent", case_doorbell_silent },
	{ "doorbell-slots", case_doorbell_slots },
	{ "doorbell-unheard", case_doorbell_unheard },
	{ "doorbell-pretended", case_doorbell_pretended },
	{ "doorbell-told", case_doorbell_told },
	{ "doorbell-flood", case_doorbell_flood },
	{ "many", case_many },
	{ "fault-open", case_fault_open },
	{ "fault-appear", case_fault_appear },
	{ "fault-hello", case_fault_hello },
	{ "fault-inflate", case_fault_inflate },
	{ "fault-deflate", case_fault_deflate },
	{ "fault-close", case_fault_close },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc >= 2 && i < ARRAY_SIZE(cases); i++) {
		if (strcmp(argv[1], cases[i].name))
			continue;
		check_set_arguments(argv + 2);
		cases[i].run();
		return check_failed();
	}
	fprintf(stderr, "usage: vmm CASE [ARGUMENT...]\n");
	return 2;
}
