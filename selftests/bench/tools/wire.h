/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The language of vmsh (on the bench host) and the agent (in a guest), over one virtio port.
 *
 * One message a line: "ID VERB HEX\n".  ID is the caller's, VERB one letter, HEX the payload.  Whoever connects
 * anew may find the torn end of an earlier talk in the pipe, so an answer begins with an empty line, and lines
 * with another ID are skipped.
 *
 *   r   run the payload with sh -c                        vmsh to agent
 *   o   a piece of the command's output                   agent to vmsh
 *   e   it has ended; payload is one byte, its status     agent to vmsh
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stddef.h>

#define WIRE_ID_MAX	32
#define WIRE_PIECE_MAX	2048
#define WIRE_LINE_MAX	65536

/* Write @len bytes as hex digits to @out, which holds 2 * @len; return its end. */
static inline char *wire_hex(char *out, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	return out;
}

static inline int wire_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Turn the hex digits at @text into bytes in place; return how many, or -1 when they are none. */
static inline long wire_unhex(char *text)
{
	long n = 0;

	for (; text[2 * n]; n++) {
		int high = wire_digit(text[2 * n]), low = wire_digit(text[2 * n + 1]);

		if (high < 0 || low < 0)
			return -1;
		text[n] = high << 4 | low;
	}
	return n;
}

#endif
