/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the cases have in common: saying what is wrong, and looking at sysfs.
 */
#ifndef SELFTESTS_VMM_CHECK_H
#define SELFTESTS_VMM_CHECK_H

#include <linux/compiler.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "vmm.h"

#define MiB		0x100000UL
#define MiB_PAGES	(MiB / AERO_PAGE_SIZE)

#define ARRAY_SIZE(x)	(sizeof(x) / sizeof(*(x)))

/* The host looks once a second when nothing happens, and emulated hosts are slow. */
#define SOON		5000U

/* Say what is wrong unless @ok; the case goes on but has failed. Value: @ok. */
#define expect(ok, ...)	check_that(ok, __FILE__, __LINE__, __VA_ARGS__)

bool __printf(4, 5) check_that(bool ok, const char *file, int line, const char *what, ...);
bool check_failed(void);
void check_set_arguments(char **arguments);
u64 check_argument(unsigned int n, u64 otherwise);

int check_count(pid_t pid);
bool check_attr(pid_t pid, const char *name, char *value, size_t size);
void check_set(pid_t pid, const char *name, const char *value);
long long check_number(pid_t pid, const char *name);
long long check_stat(pid_t pid, const char *name);
bool check_state(struct vmm *vmm, const char *begin, unsigned int ms);
bool check_gone(pid_t pid, unsigned int ms);
void check_serves(struct vmm *vmm);

void check_send_fd(int socket, int fd);
int check_receive_fd(int socket);
int check_map_patiently(struct vmm *vmm);
int check_child(pid_t pid);

#endif /* SELFTESTS_VMM_CHECK_H */
