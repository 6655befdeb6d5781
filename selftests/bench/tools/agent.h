/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_AGENT_H
#define BENCH_AGENT_H

/* Serve the virtio port @port (open, non-blocking) for ever; reaps every child of the process. */
void agent_serve(int port) __attribute__((noreturn));

#endif
