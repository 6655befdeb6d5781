// SPDX-License-Identifier: GPL-2.0
/*
 * A running aerostatd in a directory of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define MAX_ARGUMENTS	32

static char programs[] = "/tmp/aerostatd-test.XXXXXX";
static char program[64], library[64];

static bool daemon_copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	ssize_t copied = -1;

	if (in >= 0 && out >= 0)
		while ((copied = sendfile(out, in, NULL, 1 << 20)) > 0)
			;
	close(in);
	/* Whatever the umask. */
	return expect(!copied && !fchmod(out, 0755) && !close(out), "copying %s", from);
}

/**
 * daemon_install() - put what is tested where other users can run it
 * @self: path of the test; the rest is beside it
 *
 * Return: true if it is there; undone by daemon_uninstall().
 */
bool daemon_install(const char *self)
{
	char path[PATH_MAX], from[PATH_MAX + 32];

	if (!expect(realpath(self, path), "%s", self) ||
	    !expect(mkdtemp(programs) && !chmod(programs, 0755), "a directory in /tmp"))
		return false;
	*strrchr(path, '/') = 0;
	snprintf(program, sizeof(program), "%s/aerostatd", programs);
	snprintf(library, sizeof(library), "%s/device.so", programs);
	snprintf(from, sizeof(from), "%s/server/aerostatd", path);
	if (!daemon_copy(from, program))
		return false;
	snprintf(from, sizeof(from), "%s/device.so", path);
	return daemon_copy(from, library);
}

static int daemon_remove_one(const char *path, const struct stat *node, int kind, struct FTW *at)
{
	(void)node;
	(void)kind;
	(void)at;
	return remove(path);
}

/**
 * daemon_uninstall() - remove it, and what servers have left
 */
void daemon_uninstall(void)
{
	nftw(programs, daemon_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int daemon_datagrams(const char *dir, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name);
	expect(fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	       !chmod(address.sun_path, 0777), "%s", name);
	return fd;
}

/**
 * daemon_init() - make its surroundings
 * @daemon: undone by daemon_end()
 *
 * Return: true if all is well.
 */
bool daemon_init(struct daemon *daemon)
{
	*daemon = (struct daemon){ .listen = -1, .log = -1, .complaints = -1 };
	snprintf(daemon->dir, sizeof(daemon->dir), "%s/XXXXXX", programs);
	if (!expect(mkdtemp(daemon->dir) && !chmod(daemon->dir, 0755), "%s", daemon->dir))
		return false;
	snprintf(daemon->device, sizeof(daemon->device), "%s/device", daemon->dir);
	snprintf(daemon->path, sizeof(daemon->path), "%s/run/socket", daemon->dir);
	check_write_file(daemon->device, "");
	daemon->module = daemon_datagrams(daemon->dir, "module");
	daemon->notify = daemon_datagrams(daemon->dir, "notify");
	return !check_failed();
}

static void daemon_environment(const struct daemon *daemon)
{
	char text[128];
	struct stat node;

	clearenv();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LD_PRELOAD", library, 1);
	setenv("AEROSTATD_TEST_DEVICE", daemon->device, 1);
	snprintf(text, sizeof(text), "%s/module", daemon->dir);
	setenv("AEROSTATD_TEST_MODULE", text, 1);
	snprintf(text, sizeof(text), "%s/notify", daemon->dir);
	setenv("NOTIFY_SOCKET", text, 1);
	fstat(STDERR_FILENO, &node);
	/* Inherited, but stderr was redirected: that is not the journal. */
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)node.st_dev,
		 (uintmax_t)node.st_ino + !daemon->journal);
	setenv("JOURNAL_STREAM", text, 1);
	if (daemon->listen >= 0) {
		snprintf(text, sizeof(text), "%d", getpid());
		setenv("LISTEN_PID", text, 1);
		setenv("LISTEN_FDS", "1", 1);
	}
}

/**
 * daemon_spawn() - start a server
 * @daemon: has none
 * @options: besides --device and, unless a socket is passed, --socket; NULL-terminated
 */
void daemon_spawn(struct daemon *daemon, const char *const *options)
{
	const char *arguments[MAX_ARGUMENTS] = { };
	const char *const *wrapper = daemon->wrapper;
	unsigned int n = 0;
	char path[128];

	for (; wrapper && *wrapper; wrapper++)
		arguments[n++] = *wrapper;
	arguments[n++] = program;
	arguments[n++] = "--device";
	arguments[n++] = daemon->device;
	if (daemon->listen < 0) {
		arguments[n++] = "--socket";
		arguments[n++] = daemon->path;
	}
	while (*options && n < MAX_ARGUMENTS - 1)
		arguments[n++] = *options++;

	if (daemon->log >= 0)
		close(daemon->log);
	snprintf(path, sizeof(path), "%s/log", daemon->dir);
	daemon->log = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	fchmod(daemon->log, 0666);
	daemon->pid = fork();
	if (daemon->pid)
		return;

	if (daemon->nofile[1]) {
		struct rlimit limit = { daemon->nofile[0], daemon->nofile[1] };

		setrlimit(RLIMIT_NOFILE, &limit);
	}
	dup2(daemon->log, STDOUT_FILENO);
	dup2(daemon->complaints >= 0 ? daemon->complaints : daemon->log, STDERR_FILENO);
	/* A process of the test's may have more files open. */
	if (daemon->listen == 3)
		fcntl(3, F_SETFD, 0);
	else if (daemon->listen >= 0)
		dup2(daemon->listen, 3);
	daemon_environment(daemon);
	/* The test's own is ignored, and that is inherited. */
	signal(SIGPIPE, SIG_DFL);
	execvp(arguments[0], (char **)arguments);
	_exit(127);
}

/**
 * daemon_forget() - forget what module and systemd were told: a try of the device, a start
 * @daemon: has not served anybody since
 */
void daemon_forget(struct daemon *daemon)
{
	struct vm tried;
	char byte;

	while (check_readable(daemon->module, 0)) {
		vm_init(&tried);
		vm_told(&tried, daemon);
		vm_end(&tried);
	}
	while (recv(daemon->notify, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		;
}

/**
 * daemon_ready() - wait until the server says that it is, and forget its try of the device
 * @daemon: from daemon_spawn()
 *
 * Return: true if it is.
 */
bool daemon_ready(struct daemon *daemon)
{
	if (!expect(daemon_notified(daemon, "READY=1"), "the server is not ready")) {
		daemon_log_show(daemon);
		return false;
	}
	daemon_forget(daemon);
	return true;
}

/**
 * daemon_start() - start a server, and wait until it is ready
 * @daemon: has none
 * @options: as of daemon_spawn()
 *
 * Return: true if it is.
 */
bool daemon_start(struct daemon *daemon, const char *const *options)
{
	daemon_spawn(daemon, options);
	return daemon_ready(daemon);
}

/**
 * daemon_notified() - wait for what systemd is told
 * @daemon: running
 * @what: a line
 *
 * Return: false if the server ends, or does nothing for long, without saying so.
 */
bool daemon_notified(struct daemon *daemon, const char *what)
{
	char text[256];
	ssize_t length;
	int waited;

	for (waited = 0; waited < SOON_MS; waited += 20) {
		while (check_readable(daemon->notify, 20)) {
			length = recv(daemon->notify, text, sizeof(text) - 1, MSG_DONTWAIT);
			if (length < 0)
				break;
			text[length] = 0;
			if (!strncmp(text, what, strlen(what)))
				return true;
		}
		if (daemon->pid && waitpid(daemon->pid, NULL, WNOHANG) == daemon->pid) {
			daemon->pid = 0;
			return false;
		}
	}
	return false;
}

/**
 * daemon_wait() - wait until the server ends
 * @daemon: running
 *
 * Return: exit status, 128 and the signal that killed it, or -1 if it stays.
 */
int daemon_wait(struct daemon *daemon)
{
	int waited, status;

	for (waited = 0; waited < SOON_MS; waited += 5) {
		if (waitpid(daemon->pid, &status, WNOHANG) == daemon->pid) {
			daemon->pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
		usleep(5000);
	}
	return -1;
}

/**
 * daemon_stop() - send it a signal, and wait until it ends
 * @daemon: running
 * @signal: which
 *
 * Return: as daemon_wait().
 */
int daemon_stop(struct daemon *daemon, int signal)
{
	kill(daemon->pid, signal);
	return daemon_wait(daemon);
}

/**
 * daemon_freeze() - stop it until SIGCONT
 * @daemon: running
 *
 * kill() returns before that, and it could still be told of a client.
 */
void daemon_freeze(struct daemon *daemon)
{
	siginfo_t info;

	kill(daemon->pid, SIGSTOP);
	expect(!waitid(P_PID, daemon->pid, &info, WSTOPPED), "it does not stop");
}

static bool daemon_log_has_now(struct daemon *daemon, const char *text)
{
	static char log[1 << 20];
	ssize_t length = pread(daemon->log, log, sizeof(log) - 1, 0);

	log[length > 0 ? length : 0] = 0;
	return strstr(log, text);
}

/**
 * daemon_log_has() - wait until the server has said something
 * @daemon: running, or ended
 * @text: part of what it says
 *
 * Return: true if it has.
 */
bool daemon_log_has(struct daemon *daemon, const char *text)
{
	int waited;

	for (waited = 0; waited < SOON_MS; waited += 5) {
		if (daemon_log_has_now(daemon, text))
			return true;
		if (!daemon->pid)
			break;
		usleep(5000);
	}
	daemon_log_show(daemon);
	return false;
}

/**
 * daemon_log_forget() - only what comes now counts
 * @daemon: running
 */
void daemon_log_forget(struct daemon *daemon)
{
	expect(!ftruncate(daemon->log, 0), "log");
}

/**
 * daemon_log_show() - for who wants to know why
 * @daemon: running, or ended
 */
void daemon_log_show(struct daemon *daemon)
{
	char log[2048], *line, *next = log;
	ssize_t length = pread(daemon->log, log, sizeof(log) - 1, 0);

	log[length > 0 ? length : 0] = 0;
	while ((line = strsep(&next, "\n")) && *line)
		printf("#   %s\n", line);
}

static int daemon_files_now(struct daemon *daemon)
{
	char path[32];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", daemon->pid);
	dir = opendir(path);
	if (!expect(dir, "%s", path))
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

/**
 * daemon_files() - its open files, when it has come to rest
 * @daemon: running
 *
 * Return: how many.
 */
int daemon_files(struct daemon *daemon)
{
	int same = 0, waited, now, files = -1;

	for (waited = 0; same < 5 && waited < SOON_MS; waited += 10) {
		now = daemon_files_now(daemon);
		same = now == files ? same + 1 : 0;
		files = now;
		usleep(10000);
	}
	return files;
}

/**
 * daemon_files_are() - wait until it has as many open files
 * @daemon: running
 * @files: as daemon_files() says
 *
 * Return: true if so.
 */
bool daemon_files_are(struct daemon *daemon, int files)
{
	int waited, now = -1;

	for (waited = 0; waited < SOON_MS; waited += 5) {
		now = daemon_files_now(daemon);
		if (now == files)
			return true;
		usleep(5000);
	}
	return expect(false, "%d open files instead of %d", now, files);
}

/**
 * daemon_end() - be done with it; files stay until daemon_uninstall()
 * @daemon: from daemon_init()
 */
void daemon_end(struct daemon *daemon)
{
	if (daemon->pid > 0)
		daemon_stop(daemon, SIGKILL);
	if (daemon->listen >= 0)
		close(daemon->listen);
	if (daemon->log >= 0)
		close(daemon->log);
	close(daemon->module);
	close(daemon->notify);
}
