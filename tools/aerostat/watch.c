// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat watch: the uevents of the class, by libudev.
 */
#include <errno.h>
#include <json-c/json.h>
#include <libudev.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aerostat.h"

/* Thousands of events: a module that is loaded or unloaded speaks of each VM at once. */
#define BUFFER_SIZE (8 << 20)

static void timestamp(char *text, size_t size)
{
	struct timespec now;
	struct tm local;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	used = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &local);
	used += snprintf(text + used, size - used, ".%03ld", now.tv_nsec / 1000000);
	strftime(text + used, size - used, "%z", &local);
}

/* The sentence behind the state, if it has not changed again. */
static void find_reason(char *reason, size_t size, const char *id, const char *state)
{
	char line[512];
	size_t length = strlen(state);

	*reason = '\0';
	fs_line(line, sizeof(line), CLASS "/%s/state", id);
	clean_text(line);
	if (!strncmp(line, state, length) && !strncmp(line + length, ": ", 2))
		snprintf(reason, size, "%s", line + length + 2);
	/* A sensor's event says why it is not believed, its state what it asks for. */
	else if (!strncmp(id, "sensor-", 7))
		snprintf(reason, size, "%s", line);
}

static int show(const char *action, const char *id, const char *state)
{
	char when[64], reason[512];

	timestamp(when, sizeof(when));
	find_reason(reason, sizeof(reason), id, state ? state : "");
	if (options.json) {
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "time", json_object_new_string(when));
		json_object_object_add(json, "id", json_object_new_string(id));
		json_object_object_add(json, "action", json_object_new_string(action));
		json_object_object_add(json, "state", state ? json_object_new_string(state) : NULL);
		json_object_object_add(json, "reason",
				       *reason ? json_object_new_string(reason) : NULL);
		/* A line each, as they come. */
		puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(json);
	} else {
		printf("%s %-10s %s%s%s%s%s\n", when, id, paint(state_colour(state ? state : "")),
		       state ? state : action, paint(PLAIN), *reason ? ": " : "", reason);
	}
	return finish_stdout();
}

/* Return: an exit status; @shown says whether there was an event. */
static int receive(struct udev_monitor *monitor, bool *shown)
{
	struct udev_device *device;
	const char *action;
	int status;

	errno = 0;
	device = udev_monitor_receive_device(monitor);
	*shown = device;
	if (!device && errno == ENOBUFS)
		complain("events came faster than they were read, and some are lost; aerostat status shows what there is");
	if (!device)
		return STATUS_OK;
	action = udev_device_get_action(device);
	status = show(action ? action : "change", udev_device_get_sysname(device),
		      udev_device_get_property_value(device, "AEROSTAT_STATE"));
	udev_device_unref(device);
	return status;
}

/* Ends when enough was seen, or when nobody reads any more. */
static int watch(struct udev_monitor *monitor)
{
	struct pollfd files[2] = {
		{ .fd = udev_monitor_get_fd(monitor), .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = 0 },
	};
	unsigned long seen = 0;
	int status = STATUS_OK;

	while (!status && (!options.count || seen < options.count)) {
		bool shown;

		if (poll(files, 2, -1) < 0 && errno != EINTR) {
			complain("waiting for events: %s", strerror(errno));
			return STATUS_FAILED;
		}
		if (files[1].revents & (POLLERR | POLLHUP))
			return STATUS_OK;
		/* That events were lost is an error of the socket. */
		if (!(files[0].revents & (POLLIN | POLLERR)))
			continue;
		status = receive(monitor, &shown);
		seen += shown;
	}
	return status;
}

/**
 * cmd_watch() - aerostat watch
 * @argc: none
 * @argv: none
 *
 * It waits for a module that is not loaded yet. Events come from udevd where one runs,
 * so that its rules have been followed, otherwise from the kernel.
 *
 * Return: an exit status.
 */
int cmd_watch(int argc, char **argv)
{
	struct udev *udev = udev_new();
	struct udev_monitor *monitor = NULL;
	int status = STATUS_FAILED;

	(void)argc;
	(void)argv;
	if (udev)
		monitor = udev_monitor_new_from_netlink(udev, access("/run/udev/control", F_OK) ?
							"kernel" : "udev");
	/* Without the right to it, the buffer stays as small as the kernel's default. */
	if (monitor)
		udev_monitor_set_receive_buffer_size(monitor, BUFFER_SIZE);
	if (!monitor ||
	    udev_monitor_filter_add_match_subsystem_devtype(monitor, "aerostat", NULL) < 0 ||
	    udev_monitor_enable_receiving(monitor) < 0)
		complain("the kernel's events cannot be heard (%s): this needs netlink sockets",
			 strerror(errno));
	else
		status = watch(monitor);
	udev_monitor_unref(monitor);
	udev_unref(udev);
	return status;
}
