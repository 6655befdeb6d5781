// SPDX-License-Identifier: GPL-2.0
/*
 * A channel: a file of /dev/aerostat and an eventfd each way. No two VMs are
 * ever given the same file or the same eventfd.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../common/aerostat.h"
#include "aerostatd.h"

static void channel_explain_open(const char *device, int error)
{
	const struct group *group = NULL;
	struct stat node;

	switch (error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		log_error("%s: %s; load the module aerostat_host", device, strerror(error));
		return;
	case EACCES:
		if (!stat(device, &node))
			group = getgrgid(node.st_gid);
		log_error("%s: %s; uid %u must read and write it: as a member of the group %s",
			  device, strerror(error), geteuid(), group ? group->gr_name : "aerostat");
		return;
	case EPERM:
		log_error("%s: %s; a unit's DeviceAllow= is as old as the unit's start, restart it",
			  device, strerror(error));
		return;
	default:
		log_error("%s: %s", device, strerror(error));
	}
}

static void channel_explain_doorbell(const char *device, int error)
{
	if (error == ENOTTY)
		log_error("%s: no doorbells; aerostat_host is too old, or this is another device",
			  device);
	else
		log_error("%s: setting the doorbell: %s", device, strerror(error));
}

/**
 * channel_open() - make a channel
 * @channel: result; undone by channel_close()
 * @device: path
 *
 * Return: 0 or a negative errno.
 */
int channel_open(struct channel *channel, const char *device)
{
	struct aerostat_doorbell doorbell = { .value = AEROSTATD_DOORBELL };
	int err;

	*channel = (struct channel){ .memory = -1, .to_host = -1, .to_guest = -1 };

	channel->memory = open(device, O_RDWR | O_CLOEXEC);
	if (channel->memory < 0) {
		err = -errno;
		channel_explain_open(device, -err);
		return err;
	}
	channel->to_host = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (channel->to_host >= 0)
		channel->to_guest = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (channel->to_guest < 0) {
		err = -errno;
		log_error("eventfd: %s", strerror(-err));
		goto close;
	}
	doorbell.to_host = channel->to_host;
	doorbell.to_guest = channel->to_guest;
	if (ioctl(channel->memory, AEROSTAT_SET_DOORBELL, &doorbell)) {
		err = -errno;
		channel_explain_doorbell(device, -err);
		goto close;
	}
	return 0;

close:
	channel_close(channel);
	return err;
}

/**
 * channel_close() - let go of a channel, which lives on where it was passed to
 * @channel: from channel_open()
 */
void channel_close(struct channel *channel)
{
	if (channel->to_guest >= 0)
		close(channel->to_guest);
	if (channel->to_host >= 0)
		close(channel->to_host);
	close(channel->memory);
}
