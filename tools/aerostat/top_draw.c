// SPDX-License-Identifier: GPL-2.0
/*
 * The screen of aerostat top.
 *
 * All of it is drawn anew each time; ncurses sends what differs, so nothing flickers.
 */
#include <curses.h>
#include <string.h>

#include "aerostat.h"

/* Sensors have at most one line in so many. */
#define SENSOR_PART	4
/* A name has at least that, and more where the screen is wide. */
#define NAME_LEAST	10
#define NAME_MOST	40
#define BAR_LEAST	12
#define BAR_MOST	60

static const struct column {
	const char *key;
	int letter;
	const char *title;
	const char *attr;
	int width;
	char *(*format)(char *text, const struct object *object, const char *name);
} columns[] = {
	{ "name", 'n', "NAME", NULL, 0, NULL },
	{ "state", 't', "STATE", NULL, 11, NULL },
	{ "size", 'z', "SIZE", "size_bytes", 6, format_attr_bytes },
	{ "balloon", 'b', "BALLN", "balloon_bytes", 6, format_attr_bytes },
	{ "target", 'g', "TARGT", "target_bytes", 6, format_attr_bytes },
	{ "min", 'u', "MIN", "min_bytes", 6, format_attr_bytes },
	{ "shares", 'w', "SHARES", "shares", 7, NULL },
	{ "pressure", 'p', "PRES", "pressure", 5, format_permille },
	{ "idle", 'i', "IDLE", "idle", 5, format_permille },
};

#define NR_COLUMNS (sizeof(columns) / sizeof(*columns))

static attr_t attr_of(enum colour colour)
{
	switch (colour) {
	case BOLD:
		return A_BOLD;
	case DIM:
		return A_DIM;
	case GREEN:
	case YELLOW:
	case RED:
		return COLOR_PAIR(colour);
	default:
		return A_NORMAL;
	}
}

/* Never beyond the line: what is too long for the screen is cut. */
static void put(int y, int x, int width, const char *text)
{
	int columns_used;
	char cut[512];

	if (y < 0 || y >= LINES || x >= COLS)
		return;
	if (width > COLS - x)
		width = COLS - x;
	snprintf(cut, sizeof(cut), "%s", text);
	for (columns_used = width_of(cut); columns_used > width; columns_used = width_of(cut)) {
		size_t last = strlen(cut);

		/* A character goes as a whole. */
		do
			last--;
		while (last && (cut[last] & 0xc0) == 0x80);
		cut[last] = '\0';
	}
	mvaddstr(y, x, cut);
}

static void put_right(int y, int x, int width, const char *text)
{
	int used = width_of(text);

	put(y, used < width ? x + width - used : x, width, text);
}

static size_t sensor_lines(const struct top *top)
{
	size_t most = LINES / SENSOR_PART;

	return top->model.sensors.nr < most ? top->model.sensors.nr : most;
}

/**
 * top_page() - VMs that fit onto the screen
 * @top: what it shows
 *
 * Return: lines, at least 1.
 */
size_t top_page(const struct top *top)
{
	/* Two lines above, a heading, one below. */
	int page = LINES - 4 - (int)sensor_lines(top);

	return page > 0 ? page : 1;
}

/**
 * top_selected() - where the cursor is
 * @top: what the screen shows
 *
 * It stays with its VM while others come and go, and the order changes.
 *
 * Return: index of the VM, 0 if that has gone.
 */
size_t top_selected(const struct top *top)
{
	size_t i;

	for (i = 0; i < top->model.vms.nr; i++)
		if (!strcmp(top->model.vms.list[i].id, top->selected))
			return i;
	return 0;
}

/**
 * top_next_key() - the column beside
 * @key: name of a column
 * @step: -1 for the one to the left, 1 to the right
 *
 * Return: its name; at the ends @key.
 */
const char *top_next_key(const char *key, int step)
{
	int i;

	for (i = 0; i < (int)NR_COLUMNS; i++)
		if (!strcmp(columns[i].key, key) && i + step >= 0 && i + step < (int)NR_COLUMNS)
			return columns[i + step].key;
	return key;
}

/**
 * top_key_of() - the column that a letter sorts by
 * @letter: key pressed
 *
 * Return: its name, or NULL.
 */
const char *top_key_of(int letter)
{
	size_t i;

	for (i = 0; i < NR_COLUMNS; i++)
		if (columns[i].letter == letter)
			return columns[i].key;
	return NULL;
}

static void draw_host(const struct top *top)
{
	const struct object *host = &top->model.host;
	const char *state = object_text(host, "state", "?");
	char reclaimed[FORMAT_SIZE], target[FORMAT_SIZE], offline[FORMAT_SIZE], line[256];
	long long power;
	int used;

	used = snprintf(line, sizeof(line), "aerostat  mode %s  level %s  state ",
			object_text(host, "mode", "?"), object_text(host, "level", "?"));
	put(0, 0, COLS, line);
	attron(attr_of(state_colour(state)) | A_BOLD);
	put(0, used, COLS - used, state);
	attroff(attr_of(state_colour(state)) | A_BOLD);
	snprintf(line, sizeof(line), "%zu VMs", top->model.vms.nr);
	put_right(0, COLS - 10, 10, line);
	used = snprintf(line, sizeof(line), "reclaimed %s of %s   offline %s in %s blocks",
			format_attr_bytes(reclaimed, host, "reclaimed_bytes"),
			format_attr_bytes(target, host, "reclaim_target_bytes"),
			format_attr_bytes(offline, host, "offline_bytes"),
			object_text(host, "offline_blocks", "-"));
	/* What does not fit into the line fits onto no screen either. */
	if (used < (int)sizeof(line) && object_number(host, "power_mw", &power))
		snprintf(line + used, sizeof(line) - used, "   %.1f W (model)", power / 1000.0);
	put(1, 0, COLS, line);
}

static int draw_sensors(const struct top *top, int y)
{
	size_t i, nr = sensor_lines(top);
	int bar_width = COLS - 62;

	if (bar_width > BAR_MOST)
		bar_width = BAR_MOST;
	for (i = 0; i < nr; i++, y++) {
		const struct object *sensor = &top->model.sensors.list[i];
		char word[64], value[FORMAT_SIZE], bar[BAR_MOST + 1];
		const char *state = object_text(sensor, "state", "?"), *reason;

		object_state(sensor, word, sizeof(word), &reason);
		put(y, 0, 9, sensor->id);
		put(y, 10, 24, sensor->name);
		put_right(y, 35, 8, format_reading(value, sensor, "value"));
		attron(attr_of(state_colour(word)));
		if (bar_width >= BAR_LEAST) {
			sensor_bar(sensor, bar, bar_width);
			put(y, 45, bar_width, bar);
			put(y, 46 + bar_width, COLS, state);
		} else {
			put(y, 45, COLS, state);
		}
		attroff(attr_of(state_colour(word)));
	}
	return y;
}

/* What is left of a line once the other columns have theirs goes to the name, then to a bar. */
static int name_width(int *bar_width)
{
	int left = COLS - 6;
	size_t i;

	for (i = 0; i < NR_COLUMNS; i++)
		left -= columns[i].width + (columns[i].width > 0);
	*bar_width = 0;
	if (left < NAME_LEAST)
		return NAME_LEAST;
	if (left <= NAME_MOST)
		return left;
	*bar_width = left - NAME_MOST - 1;
	if (*bar_width > BAR_MOST)
		*bar_width = BAR_MOST;
	if (*bar_width < BAR_LEAST)
		*bar_width = 0;
	return NAME_MOST;
}

static void draw_heading(const struct top *top, int y)
{
	int bar_width, name = name_width(&bar_width), x = 6;
	char title[32];
	size_t i;

	attron(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
	put(y, 0, 5, "VM");
	for (i = 0; i < NR_COLUMNS; i++) {
		int width = columns[i].width ? columns[i].width : name;
		bool sorted = !strcmp(columns[i].key, top->key);

		snprintf(title, sizeof(title), "%s%s", sorted ? top->reverse ? "^" : "v" : "",
			 columns[i].title);
		if (sorted)
			attron(A_BOLD);
		/* Words begin at the left, numbers end at the right. */
		if (columns[i].attr)
			put_right(y, x, width, title);
		else
			put(y, x, width, title);
		attroff(A_BOLD);
		x += width + 1;
	}
	if (bar_width)
		put(y, x, bar_width, "BALLOON OF SIZE");
	attroff(A_REVERSE);
}

static void draw_vm(const struct object *vm, int y, bool selected)
{
	int bar_width, name = name_width(&bar_width), x = 6;
	char word[64], text[FORMAT_SIZE], bar[BAR_MOST + 1];
	const char *reason;
	size_t i;

	object_state(vm, word, sizeof(word), &reason);
	if (selected) {
		attron(A_REVERSE);
		mvhline(y, 0, ' ', COLS);
	}
	put(y, 0, 5, !strncmp(vm->id, "vm-", 3) ? vm->id + 3 : vm->id);
	for (i = 0; i < NR_COLUMNS; i++) {
		int width = columns[i].width ? columns[i].width : name;

		if (!strcmp(columns[i].key, "name")) {
			put(y, x, width, object_label(vm));
		} else if (!strcmp(columns[i].key, "state")) {
			attron(attr_of(state_colour(word)));
			put(y, x, width, word);
			attroff(attr_of(state_colour(word)));
			if (selected)
				attron(A_REVERSE);
		} else if (columns[i].format) {
			put_right(y, x, width, columns[i].format(text, vm, columns[i].attr));
		} else {
			put_right(y, x, width, object_text(vm, columns[i].attr, "-"));
		}
		x += width + 1;
	}
	if (bar_width) {
		format_bar(bar, bar_width, object_value(vm, "balloon_bytes"),
			   object_value(vm, "size_bytes"));
		put(y, x, bar_width, bar);
	}
	attroff(A_REVERSE);
}

static void draw_vms(struct top *top, int y)
{
	size_t page = top_page(top), selected = top_selected(top), i;
	const struct objects *vms = &top->model.vms;

	/* As little as shows the cursor. */
	if (selected < top->first)
		top->first = selected;
	if (selected >= top->first + page)
		top->first = selected - page + 1;
	if (top->first + page > vms->nr)
		top->first = vms->nr > page ? vms->nr - page : 0;
	if (!vms->nr)
		put(y, 0, COLS, "no VM maps " DEVICE);
	for (i = top->first; i < vms->nr && i < top->first + page; i++, y++)
		draw_vm(&vms->list[i], y, i == selected);
}

static void draw_help(int y)
{
	static const char * const lines[] = {
		"up, down, j, k, page up, page down, home, end   choose a VM",
		"s   change its shares",
		"m   change its minimum: 512M, 2G",
		"<, > or left, right   sort by the column beside",
		"n name  t state  z size  b balloon  g target  u minimum  w shares  p pressure  i idle",
		"    sort by that; the same again turns it round, as r does",
		"h, ?   this;  q   quit",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		put(y + i, 2, COLS, lines[i]);
}

static void draw_bottom(const struct top *top)
{
	const struct objects *vms = &top->model.vms;
	char word[64], line[512];
	const char *reason = "";

	if (*top->message) {
		put(LINES - 1, 0, COLS - 1, top->message);
		return;
	}
	if (vms->nr)
		object_state(&vms->list[top_selected(top)], word, sizeof(word), &reason);
	if (*reason)
		snprintf(line, sizeof(line), "%s: %s", word, reason);
	else
		snprintf(line, sizeof(line),
			 "s shares  m minimum  < > sort  r reverse  h help  q quit");
	attron(A_DIM);
	put(LINES - 1, 0, COLS - 1, line);
	attroff(A_DIM);
}

/**
 * top_draw() - show it
 * @top: what there is
 */
void top_draw(struct top *top)
{
	int y;

	erase();
	draw_host(top);
	y = draw_sensors(top, 2);
	draw_heading(top, y);
	if (top->help)
		draw_help(y + 1);
	else
		draw_vms(top, y + 1);
	draw_bottom(top);
	refresh();
}
