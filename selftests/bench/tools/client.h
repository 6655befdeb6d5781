/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vmsh and qmp share: a connection to one of QEMU's sockets, read by lines until a deadline.
 *
 * All functions end the program when something goes wrong: status 124 out of time, 125 QEMU is gone, 2 wrong usage.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>

#define CLIENT_LINE_MAX 65536

/* The words after the options: argv + its result.  The only option is -t SECONDS, until all must be done. */
int client_options(int argc, char **argv, int words, const char *usage);
void client_connect(const char *path);
/* Write all of it; to the connection, or to standard output. */
void client_send(const void *data, size_t len);
void client_print(const void *data, size_t len);
/* The next line without its newline, valid until the next call. */
char *client_line(void);
void client_fail(int status, const char *what) __attribute__((noreturn));

/* Milliseconds: of a clock that never goes back; until the deadline. */
long long client_now(void);
long long client_left(void);

#endif
