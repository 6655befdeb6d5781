// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../common/abi.h"
#include "aerostatd.h"

#define MAX_CLIENTS	4096
/* More would not fit into fs.nr_open's default. */
#define MAX_CLIENTS_EVER	250000

#define EXIT_USAGE	2

struct options {
	const char *device;
	struct listener_options socket;
	bool socket_chosen;
	const char *group;
	const char *user;
	unsigned int max;
};

static void usage(void)
{
	printf("Usage: aerostatd [OPTION]...\n"
	       "Hand each QEMU that connects a channel of Aerostat with a doorbell.\n"
	       "\n"
	       "  -d, --device PATH  the module's device (default " AEROSTATD_DEVICE ")\n"
	       "  -s, --socket PATH  listen there (default " AEROSTATD_SOCKET ")\n"
	       "  -m, --mode OCTAL   the socket's permissions (default 0660)\n"
	       "  -g, --group NAME   the socket's group\n"
	       "  -u, --user NAME    become this user once the socket is there\n"
	       "  -M, --max N        serve at most N VMs at a time (default %d)\n"
	       "  -h, --help         print this\n"
	       "  -V, --version      print the versions of the interfaces\n"
	       "\n"
	       "Started by systemd's socket activation it takes the socket from there, and\n"
	       "--socket, --mode and --group belong into the socket unit. See aerostatd(8).\n",
	       MAX_CLIENTS);
}

static void version(void)
{
	printf("aerostatd, Aerostat ABI %d.%d, ivshmem protocol 0\n", AERO_ABI_MAJOR,
	       AERO_ABI_MINOR);
}

static bool parse_number(const char *text, int base, unsigned long min, unsigned long max,
			 unsigned long *number)
{
	char *end;

	/* What is too large for it is ULONG_MAX, and so more than max. */
	*number = strtoul(text, &end, base);
	return *text >= '0' && *text <= '9' && !*end && *number >= min && *number <= max;
}

/* Return: 0, 1 if there is nothing left to be done, or a negative errno. */
static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "socket", required_argument, NULL, 's' },
		{ "mode", required_argument, NULL, 'm' },
		{ "group", required_argument, NULL, 'g' },
		{ "user", required_argument, NULL, 'u' },
		{ "max", required_argument, NULL, 'M' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	unsigned long number;
	int option;

	while ((option = getopt_long(argc, argv, "d:s:m:g:u:M:hV", known, NULL)) >= 0) {
		switch (option) {
		case 'd':
			options->device = optarg;
			break;
		case 's':
			options->socket.path = optarg;
			options->socket_chosen = true;
			break;
		case 'm':
			if (!parse_number(optarg, 8, 0, 0777, &number)) {
				log_error("--mode %s: permissions are octal, as 0660", optarg);
				return -EINVAL;
			}
			options->socket.mode = number;
			options->socket_chosen = true;
			break;
		case 'g':
			options->group = optarg;
			options->socket_chosen = true;
			break;
		case 'u':
			options->user = optarg;
			break;
		case 'M':
			if (!parse_number(optarg, 10, 1, MAX_CLIENTS_EVER, &number)) {
				log_error("--max %s: a number from 1 to %d", optarg,
					  MAX_CLIENTS_EVER);
				return -EINVAL;
			}
			options->max = number;
			break;
		case 'h':
			usage();
			return 1;
		case 'V':
			version();
			return 1;
		default:
			log_error("see aerostatd --help");
			return -EINVAL;
		}
	}
	if (optind < argc) {
		log_error("%s: what is that? see aerostatd --help", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static int find_group(const char *name, gid_t *gid)
{
	const struct group *group = getgrnam(name);

	if (!group) {
		log_error("--group %s: no such group", name);
		return -ENOENT;
	}
	*gid = group->gr_gid;
	return 0;
}

/* Return: 1 if the socket is systemd's, 0 if it was made here, or a negative errno. */
static int get_socket(struct listener *listener, struct options *options,
		      const struct privileges *privileges)
{
	int err = listener_activated(listener);

	if (err > 0 && options->socket_chosen) {
		log_error("--socket, --mode and --group: say that in the socket unit instead");
		return -EINVAL;
	}
	if (err)
		return err;
	if (options->group && find_group(options->group, &options->socket.gid))
		return -ENOENT;
	if (options->user)
		options->socket.uid = privileges->uid;
	return listener_bind(listener, &options->socket);
}

/* Does it work, as the user who will open it for the VMs? */
static int try_device(const char *device)
{
	struct channel channel;
	int err = channel_open(&channel, device);

	if (!err)
		channel_close(&channel);
	return err;
}

/* Before any client: they might come faster than they are served. */
static int end_with(sd_event *event, int signal)
{
	sd_event_source *source;
	int err;

	/* Without a handler of ours: the loop ends, with status 0. */
	err = sd_event_add_signal(event, &source, signal, NULL, NULL);
	if (err < 0)
		return err;
	err = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
	if (err >= 0)
		err = sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return err;
}

static int serve(struct listener *listener, const struct options *options)
{
	struct server server = {
		.device = options->device,
		.max = options->max,
		.passed = !listener->path,
	};
	int err;

	err = sd_event_new(&server.event);
	if (err >= 0)
		err = end_with(server.event, SIGTERM);
	if (err >= 0)
		err = end_with(server.event, SIGINT);
	if (err < 0) {
		log_error("event loop: %s", strerror(-err));
		goto unref;
	}
	err = server_start(&server, listener->fd);
	listener->fd = -1;
	if (err)
		goto unref;
	if (listener->path)
		log_info("listening on %s", listener->path);
	else
		log_info("listening on the socket that was passed");
	sd_notify(0, "READY=1");
	err = sd_event_loop(server.event);
	sd_notify(0, "STOPPING=1");
	if (err < 0)
		log_error("event loop: %s", strerror(-err));
	else
		log_info("ending; the %u VMs that are connected keep their channels",
			 server.nr_clients);
	server_stop(&server);
unref:
	sd_event_unref(server.event);
	return err;
}

static int block_signals(void)
{
	sigset_t set;

	/* What comes before the loop runs is not lost, and nothing is left behind. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
		log_error("signals: %s", strerror(errno));
		return -errno;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = {
		.device = AEROSTATD_DEVICE,
		.socket = {
			.path = AEROSTATD_SOCKET,
			.mode = 0660,
			.uid = -1,
			.gid = -1,
		},
		.max = MAX_CLIENTS,
	};
	struct privileges privileges = { };
	struct listener listener = { .fd = -1 };
	int activated, err;

	log_init();
	err = parse_options(&options, argc, argv);
	if (err)
		return err < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	if (block_signals())
		return EXIT_FAILURE;
	if (options.user && privileges_find(&privileges, options.user))
		return EXIT_FAILURE;
	if (server_reserve(options.max))
		return EXIT_FAILURE;
	activated = get_socket(&listener, &options, &privileges);
	if (activated < 0)
		return EXIT_FAILURE;

	if (options.user) {
		err = privileges_drop(&privileges);
		if (err)
			goto close;
	} else if (!geteuid()) {
		log_warning("running as root, which nothing here needs; --user NAME is somebody else");
	}
	err = try_device(options.device);
	if (err && !activated)
		goto close;
	/* Its socket is there whether or not the module is: that may come yet. */
	if (err)
		log_warning("VMs are refused until that is mended");
	err = serve(&listener, &options);

close:
	listener_close(&listener);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
