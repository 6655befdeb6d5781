// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat top: samples and keys; top_draw.c has the screen.
 */
#include <curses.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aerostat.h"

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The module may go and come back while it is watched: then the screen says so. */
static void sample(struct top *top)
{
	char why[PATH_MAX + 256];

	model_free(&top->model);
	if (model_try(&top->model, why, sizeof(why)))
		snprintf(top->message, sizeof(top->message), "%.190s", why);
	objects_sort(&top->model.vms, top->key, top->reverse);
}

static void sort_by(struct top *top, const char *key)
{
	if (!key)
		return;
	/* The same key again turns the order round. */
	top->reverse = !strcmp(top->key, key) && !top->reverse;
	top->key = key;
	objects_sort(&top->model.vms, top->key, top->reverse);
}

static void move_by(struct top *top, long step)
{
	struct objects *vms = &top->model.vms;
	long at = (long)top_selected(top) + step;

	if (!vms->nr)
		return;
	if (at < 0)
		at = 0;
	if (at >= (long)vms->nr)
		at = vms->nr - 1;
	memcpy(top->selected, vms->list[at].id, sizeof(top->selected));
}

/* A line of input at the bottom; Escape gives up. The screen stands still while it lasts. */
static bool ask(const char *question, char *answer, size_t size)
{
	size_t used = 0;
	int key;

	*answer = '\0';
	timeout(-1);
	curs_set(1);
	while (true) {
		mvprintw(LINES - 1, 0, "%s%s", question, answer);
		clrtoeol();
		refresh();
		key = getch();
		if (key == '\n' || key == '\r' || key == KEY_ENTER || key == 27 || key == ERR)
			break;
		if ((key == KEY_BACKSPACE || key == 127 || key == 8) && used) {
			answer[--used] = '\0';
		} else if (key > ' ' && key < 127 && used + 1 < size) {
			answer[used++] = key;
			answer[used] = '\0';
		}
	}
	curs_set(0);
	return key != 27 && key != ERR && used;
}

/* Numbers of VMs are used again, and people take their time to answer. */
static bool still_there(const struct object *vm)
{
	char path[PATH_MAX], *pid;
	bool same = false;

	if (snprintf(path, sizeof(path), "%s/pid", vm->path) >= PATH_MAX)
		return false;
	pid = fs_read(path, NULL);
	if (pid) {
		pid[strcspn(pid, "\n")] = '\0';
		same = !strcmp(pid, object_text(vm, "pid", ""));
	}
	free(pid);
	return same;
}

static void change(struct top *top, const char *file, const char *what)
{
	char id[64], name[61], question[192], answer[32];
	const struct object *vm;

	if (!top->model.vms.nr)
		return;
	vm = &top->model.vms.list[top_selected(top)];
	snprintf(id, sizeof(id), "%s", vm->id);
	/* From now on the cursor is its, wherever the order takes it. */
	memcpy(top->selected, id, sizeof(id));
	copy_text(name, sizeof(name), object_label(vm));
	snprintf(question, sizeof(question), "%s of %s (%s), now %.40s: ", what, id, name,
		 object_text(vm, file, "-"));
	if (!ask(question, answer, sizeof(answer)))
		return;
	if (!still_there(vm))
		snprintf(top->message, sizeof(top->message), "%s (%s) has gone", id, name);
	else if (!set_attr(vm, file, answer, top->message, sizeof(top->message)))
		snprintf(top->message, sizeof(top->message), "%s of %s is set", what, id);
	sample(top);
}

/* Return: whether to go on. */
static bool obey(struct top *top, int key)
{
	if (key == ERR || key == KEY_RESIZE)
		return true;
	*top->message = '\0';
	switch (key) {
	case 'q':
	case 'Q':
	case 3:
		return false;
	case 'h':
	case '?':
		top->help = !top->help;
		break;
	case KEY_UP:
	case 'k':
		move_by(top, -1);
		break;
	case KEY_DOWN:
	case 'j':
		move_by(top, 1);
		break;
	case KEY_PPAGE:
		move_by(top, -(long)top_page(top));
		break;
	case KEY_NPAGE:
		move_by(top, top_page(top));
		break;
	case KEY_HOME:
		move_by(top, -LONG_MAX / 2);
		break;
	case KEY_END:
		move_by(top, LONG_MAX / 2);
		break;
	case '<':
	case KEY_LEFT:
		top->reverse = false;
		top->key = top_next_key(top->key, -1);
		objects_sort(&top->model.vms, top->key, false);
		break;
	case '>':
	case KEY_RIGHT:
		top->reverse = false;
		top->key = top_next_key(top->key, 1);
		objects_sort(&top->model.vms, top->key, false);
		break;
	case 'r':
		top->reverse = !top->reverse;
		objects_sort(&top->model.vms, top->key, top->reverse);
		break;
	case 's':
		change(top, "shares", "shares");
		break;
	case 'm':
		change(top, "min_bytes", "minimum");
		break;
	default:
		sort_by(top, top_key_of(key));
	}
	return true;
}

/* There is nothing to read then, at once and for ever, if SIGHUP is ignored. */
static bool hung_up(void)
{
	struct pollfd terminal = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&terminal, 1, 0) > 0 && terminal.revents & (POLLHUP | POLLERR | POLLNVAL);
}

/* Return: whether it was asked to end. */
static bool run(struct top *top)
{
	long long next = 0;
	int key = ERR;

	do {
		long long now = now_ms();

		if (now >= next) {
			sample(top);
			next = now + options.interval * 1000;
		}
		top_draw(top);
		timeout(next > now_ms() ? next - now_ms() : 0);
		key = getch();
		if (key == ERR && hung_up())
			return false;
	} while (obey(top, key));
	return true;
}

/**
 * cmd_top() - aerostat top
 * @argc: none
 * @argv: none
 *
 * Return: an exit status.
 */
int cmd_top(int argc, char **argv)
{
	struct top top = { .key = options.sort ?: "balloon" };
	const char *no_colour = getenv("NO_COLOR");
	int status;
	bool asked;

	(void)argc;
	(void)argv;
	status = model_load_host(&top.model);
	if (status)
		return status;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		complain("top needs a terminal; aerostat status and record do without");
		model_free(&top.model);
		return STATUS_USAGE;
	}
	/* newterm(), for initscr() exits by itself. */
	if (!newterm(NULL, stdout, stdin)) {
		complain("top does not know this terminal: set TERM, to vt100 for example");
		model_free(&top.model);
		return STATUS_FAILED;
	}
	set_escdelay(25);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	if (has_colors() && (!no_colour || !*no_colour)) {
		start_color();
		use_default_colors();
		init_pair(GREEN, COLOR_GREEN, -1);
		init_pair(YELLOW, COLOR_YELLOW, -1);
		init_pair(RED, COLOR_RED, -1);
	}
	asked = run(&top);
	endwin();
	model_free(&top.model);
	if (asked)
		return STATUS_OK;
	complain("the terminal has gone");
	return STATUS_FAILED;
}
