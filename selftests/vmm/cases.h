/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cases, by file. Each expect()s, and returns early where nothing else
 * would make sense.
 */
#ifndef SELFTESTS_VMM_CASES_H
#define SELFTESTS_VMM_CASES_H

/* serve.c */
void case_serve(void);
void case_follow(void);
void case_handed(void);

/* abi.c */
void case_abi_minor(void);
void case_abi_major(void);

/* map.c */
void case_sizes(void);
void case_protections(void);
void case_pieces(void);

/* share.c */
void case_busy(void);
void case_passed_on(void);
void case_forked(void);
void case_exec(void);
void case_exec_again(void);
void case_killed(void);

/* opens.c */
void case_opens(void);
void case_hold(void);

/* search.c */
void case_no_kvm(void);
void case_not_plugged(void);
void case_second_vm(void);
void case_foreign_vm(void);
void case_fakes(void);
void case_leader_exits(void);

/* remade.c */
void case_closed(void);
void case_closed_in_quarantine(void);
void case_unplugged(void);

/* ram.c */
void case_private(void);
void case_read_only(void);
void case_logged(void);
void case_huge_part(void);

/* hostile.c */
void case_hostile(void);

/* pin.c */
void case_pinned(void);
void case_pinned_later(void);
void case_pinned_elsewhere(void);

/* doorbell.c */
void case_doorbell_ioctl(void);
void case_doorbell(void);
void case_doorbell_silent(void);
void case_doorbell_slots(void);
void case_doorbell_unheard(void);
void case_doorbell_pretended(void);
void case_doorbell_told(void);
void case_doorbell_flood(void);
void case_many(void);

/* fault.c */
void case_fault_open(void);
void case_fault_appear(void);
void case_fault_hello(void);
void case_fault_inflate(void);
void case_fault_deflate(void);
void case_fault_close(void);

#endif /* SELFTESTS_VMM_CASES_H */
