// SPDX-License-Identifier: GPL-2.0
/*
 * vmsh [-t SECONDS] SOCKET COMMAND: run a shell command in a guest, print its output, exit with its status.
 *
 * SOCKET is where the guest's QEMU offers the agent's port.  A guest that is still booting answers when it is up.
 * Own statuses: 124 no answer in time (the command is killed), 125 the guest is gone, 2 wrong usage.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "wire.h"

static void ask(const char *id, const char *command)
{
	static char text[WIRE_LINE_MAX];
	char *end;

	if (2 * strlen(command) + WIRE_ID_MAX + 8 > sizeof(text))
		client_fail(2, "command too long");
	end = text + sprintf(text, "\n%s r ", id);
	end = wire_hex(end, command, strlen(command));
	*end++ = '\n';
	client_send(text, end - text);
}

int main(int argc, char **argv)
{
	int first = client_options(argc, argv, 2, "usage: vmsh [-t SECONDS] SOCKET COMMAND");
	char id[WIRE_ID_MAX];
	size_t len;

	signal(SIGPIPE, SIG_IGN);
	client_connect(argv[first]);
	len = snprintf(id, sizeof(id), "%d-%llx", getpid(), client_now());
	ask(id, argv[first + 1]);
	for (;;) {
		char *line = client_line();
		long n;

		if (strncmp(line, id, len) || line[len] != ' ' || !line[len + 1] || line[len + 2] != ' ')
			continue;
		line += len + 1;
		n = wire_unhex(line + 2);
		if (*line == 'o' && n > 0)
			client_print(line + 2, n);
		else if (*line == 'e' && n == 1)
			return (unsigned char)line[2];
	}
}
