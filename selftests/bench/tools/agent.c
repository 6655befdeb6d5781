// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's end of the command channel: runs one shell command at a time and sends back what it prints.
 *
 * A command ends when its shell does, whatever it left in the background; its output is a pipe, so nothing
 * piles up in the guest's memory.  When the caller hangs up, or another calls, the command's process group is
 * killed.  Nothing wakes up while nothing is asked: a port without a caller signals "hung up" all the time,
 * hence edge-triggered epoll.  The kernel learns of a new caller on another queue than of what he says, often later, so
 * "hung up" counts only when it lasts for GRACE_MS.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "wire.h"

#define GRACE_MS 500

static struct {
	int port, signals, events;
	char line[WIRE_LINE_MAX];	/* the request that is coming in */
	size_t filled;			/* bytes of it */
	char id[WIRE_ID_MAX + 1];	/* of the request being served */
	pid_t child;			/* its shell and process group, 0: none */
	int output;			/* read end of its pipe */
	int doubtful;			/* the port said "hung up" while a child ran */
} agent;

static int hung_up(void)
{
	struct pollfd p = { .fd = agent.port, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
}

/* True: all of it is on its way.  False: nobody listens. */
static int say(const char *text, size_t len)
{
	int grace = GRACE_MS;

	while (len) {
		ssize_t n = write(agent.port, text, len);

		if (n > 0) {
			text += n;
			len -= n;
		} else if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = agent.port, .events = POLLOUT };

			if (!hung_up())
				poll(&p, 1, -1);
			else if (grace--)
				usleep(1000);
			else
				return 0;
		} else if (n < 0 && errno != EINTR) {
			return 0;
		}
	}
	return 1;
}

static int say_message(char verb, const void *data, size_t len)
{
	char text[WIRE_ID_MAX + 4 + 2 * WIRE_PIECE_MAX];
	char *end = text + sprintf(text, "%s %c ", agent.id, verb);

	end = wire_hex(end, data, len);
	*end++ = '\n';
	return say(text, end - text);
}

static void forget(void)
{
	close(agent.output);
	agent.child = 0;
}

static void abandon(void)
{
	if (!agent.child)
		return;
	kill(-agent.child, SIGKILL);
	forget();
}

static void drain(void)
{
	char piece[WIRE_PIECE_MAX];
	ssize_t n;

	while ((n = read(agent.output, piece, sizeof(piece))) > 0)
		if (!say_message('o', piece, n)) {
			abandon();
			return;
		}
}

static void run(const char *command)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	agent.child = fork();
	if (agent.child < 0) {
		agent.child = 0;
		close(fds[0]);
		close(fds[1]);
		return;
	}
	if (!agent.child) {
		int null = open("/dev/null", O_RDONLY);
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setpgid(0, 0);
		dup2(null, 0);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	setpgid(agent.child, agent.child);
	close(fds[1]);
	agent.output = fds[0];
	fcntl(agent.output, F_SETFL, O_NONBLOCK);
	event.data.fd = agent.output;
	epoll_ctl(agent.events, EPOLL_CTL_ADD, agent.output, &event);
}

/* A whole line is in agent.line. */
static void request(void)
{
	char *id = agent.line, *verb = strchr(id, ' ');

	if (!verb || verb == id || verb - id > WIRE_ID_MAX || verb[1] != 'r' || verb[2] != ' ')
		return;
	*verb = 0;
	long len = wire_unhex(verb + 3);

	if (len < 0)
		return;
	verb[3 + len] = 0;
	abandon();
	strcpy(agent.id, id);
	if (!say("\n", 1))
		return;
	run(verb + 3);
	if (!agent.child)
		say_message('e', "\176", 1);
}

static void hear(void)
{
	char bytes[1024];
	ssize_t n;

	while ((n = read(agent.port, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] != '\n') {
				if (agent.filled < sizeof(agent.line) - 1)
					agent.line[agent.filled++] = bytes[i];
				continue;
			}
			agent.line[agent.filled] = 0;
			agent.filled = 0;
			request();
		}
	if (n == 0)
		agent.doubtful = 1;
}

static void reap(void)
{
	struct signalfd_siginfo ignored;
	int status;
	pid_t pid;

	while (read(agent.signals, &ignored, sizeof(ignored)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		unsigned char code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

		if (pid != agent.child)
			continue;
		drain();
		if (agent.child) {
			say_message('e', &code, 1);
			forget();
		}
	}
}

static void watch(int fd, unsigned int events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	epoll_ctl(agent.events, EPOLL_CTL_ADD, fd, &event);
}

void agent_serve(int port)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signal(SIGPIPE, SIG_IGN);
	agent.port = port;
	agent.signals = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	agent.events = epoll_create1(EPOLL_CLOEXEC);
	watch(port, EPOLLIN | EPOLLET);
	watch(agent.signals, EPOLLIN);
	for (;;) {
		struct epoll_event event;

		if (epoll_wait(agent.events, &event, 1, agent.child && agent.doubtful ? GRACE_MS : -1) != 1) {
			if (agent.doubtful && hung_up())
				abandon();
			agent.doubtful = 0;
			continue;
		}
		if (event.data.fd == port) {
			hear();
		} else if (event.data.fd == agent.signals) {
			reap();
		} else if (agent.child && event.data.fd == agent.output) {
			drain();
			/* The other end is closed, yet the shell lives on: its exit is what counts. */
			if (agent.child && event.events & EPOLLHUP)
				epoll_ctl(agent.events, EPOLL_CTL_DEL, agent.output, NULL);
		}
	}
}
