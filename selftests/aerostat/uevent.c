// SPDX-License-Identifier: GPL-2.0
/*
 * Sends an event as udevd does, to whoever listens in this network namespace.
 *
 *	uevent [-n TIMES] DEVPATH PROPERTY=VALUE...	with ACTION, SEQNUM and SUBSYSTEM among them
 *
 * The header is that of libudev's monitor protocol: a magic number, where the
 * properties are, and a hash of the subsystem for the listener's filter in the kernel.
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define UDEV_GROUP	2
#define UDEV_MAGIC	0xfeedcafe

struct header {
	char prefix[8];
	uint32_t magic;
	uint32_t size;
	uint32_t properties_at;
	uint32_t properties_size;
	uint32_t subsystem;
	uint32_t devtype;
	uint32_t tags_high;
	uint32_t tags_low;
};

/* MurmurHash2 by Austin Appleby, as the protocol demands it. */
static uint32_t hash(const char *text)
{
	const uint32_t m = 0x5bd1e995;
	const unsigned char *at = (const unsigned char *)text;
	uint32_t length = strlen(text), h = length, k;

	for (; length >= 4; at += 4, length -= 4) {
		memcpy(&k, at, 4);
		k *= m;
		k ^= k >> 24;
		k *= m;
		h = h * m ^ k;
	}
	if (length) {
		k = 0;
		memcpy(&k, at, length);
		h = (h ^ k) * m;
	}
	h ^= h >> 13;
	h *= m;
	return h ^ h >> 15;
}

int main(int argc, char **argv)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = UDEV_GROUP };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
	struct {
		struct header header;
		char properties[4000];
	} message = {
		.header = { .prefix = "libudev", .magic = htonl(UDEV_MAGIC),
			    .size = sizeof(struct header),
			    .properties_at = sizeof(struct header) },
	};
	unsigned long times = 1;
	size_t used;
	int i;

	if (argc > 2 && !strcmp(argv[1], "-n")) {
		times = strtoul(argv[2], NULL, 10);
		argc -= 2;
		argv += 2;
	}
	if (argc < 3)
		return 2;
	used = sprintf(message.properties, "DEVPATH=%s", argv[1]) + 1;
	for (i = 2; i < argc; i++) {
		if (used + strlen(argv[i]) >= sizeof(message.properties))
			return 2;
		used += sprintf(message.properties + used, "%s", argv[i]) + 1;
		if (!strncmp(argv[i], "SUBSYSTEM=", 10))
			message.header.subsystem = htonl(hash(argv[i] + 10));
	}
	message.header.properties_size = used;
	while (times--) {
		if (sendto(fd, &message, sizeof(message.header) + used, 0, (struct sockaddr *)&to,
			   sizeof(to)) < 0) {
			perror("uevent");
			return 1;
		}
	}
	return 0;
}
