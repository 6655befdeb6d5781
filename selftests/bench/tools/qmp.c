// SPDX-License-Identifier: GPL-2.0
/*
 * qmp [-t SECONDS] SOCKET JSON: give QEMU's monitor one command, print its reply; status 1 when that is an error.
 *
 * The monitor greets only once QEMU has set up the whole machine, so an answer also says that the guest runs.
 * Own statuses: 124 no answer in time, 125 QEMU is gone, 2 wrong usage.
 */
#include <signal.h>
#include <string.h>

#include "client.h"

/* The next reply; greetings and events are not. */
static char *reply(void)
{
	for (;;) {
		char *line = client_line();

		if (!strncmp(line, "{\"return\"", 9) || !strncmp(line, "{\"error\"", 8))
			return line;
	}
}

int main(int argc, char **argv)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
	int first = client_options(argc, argv, 2, "usage: qmp [-t SECONDS] SOCKET JSON");
	char *line;

	signal(SIGPIPE, SIG_IGN);
	client_connect(argv[first]);
	client_send(hello, strlen(hello));
	reply();
	client_send(argv[first + 1], strlen(argv[first + 1]));
	client_send("\n", 1);
	line = reply();
	client_print(line, strlen(line));
	client_print("\n", 1);
	return line[2] == 'e';
}
