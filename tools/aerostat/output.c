// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers as people read them, colour on terminals only, and the order of VMs.
 */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "aerostat.h"

static bool coloured;

/**
 * output_init() - see what stdout is
 *
 * NO_COLOR (no-color.org): set and not empty, it means what it says.
 */
void output_init(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	coloured = isatty(STDOUT_FILENO) && (!no || !*no) && term && strcmp(term, "dumb");
}

/**
 * paint() - what changes the colour of what is printed next
 * @colour: to what; PLAIN ends it
 *
 * Return: an escape sequence, or "".
 */
const char *paint(enum colour colour)
{
	static const char * const codes[] = {
		[PLAIN] = "\033[0m", [BOLD] = "\033[1m", [DIM] = "\033[2m",
		[GREEN] = "\033[32m", [YELLOW] = "\033[33m", [RED] = "\033[31m",
	};

	return coloured ? codes[colour] : "";
}

/**
 * state_colour() - how bad a state is
 * @state: first word of a state file, of the host, a VM, a sensor or a guest
 *
 * Return: PLAIN for a state that is not known.
 */
enum colour state_colour(const char *state)
{
	static const struct {
		const char *state;
		enum colour colour;
	} known[] = {
		{ "idle", GREEN }, { "active", GREEN }, { "low", GREEN }, { "running", GREEN },
		{ "online", GREEN }, { "partial", YELLOW },
		{ "holding", YELLOW }, { "taking", YELLOW }, { "giving", YELLOW },
		{ "hold", YELLOW }, { "waiting", YELLOW }, { "challenged", YELLOW },
		{ "gathering", YELLOW }, { "pressed", YELLOW }, { "futile", YELLOW },
		{ "high", YELLOW }, { "silent", YELLOW }, { "unset", DIM },
		{ "emergency", RED }, { "blind", RED }, { "refused", RED },
		{ "quarantined", RED }, { "faulty", RED }, { "host-broken", RED },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(state, known[i].state))
			return known[i].colour;
	return PLAIN;
}

/**
 * format_bytes() - bytes as people read them, in at most seven columns
 * @text: result, FORMAT_SIZE bytes
 * @bytes: number
 *
 * Return: @text.
 */
char *format_bytes(char *text, long long bytes)
{
	static const char units[] = "BKMGTPE";
	double value = bytes;
	int unit = 0;

	while (value >= 1023.5 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (!unit || value >= 99.95 || value == (long long)value)
		snprintf(text, FORMAT_SIZE, "%.0f%c", value, units[unit]);
	else
		snprintf(text, FORMAT_SIZE, "%.1f%c", value, units[unit]);
	return text;
}

/**
 * format_attr_bytes() - an attribute in bytes
 * @text: result, FORMAT_SIZE bytes
 * @object: whose
 * @name: of the file
 *
 * Return: @text; "-" if it is not there.
 */
char *format_attr_bytes(char *text, const struct object *object, const char *name)
{
	long long bytes;

	if (object_number(object, name, &bytes))
		return format_bytes(text, bytes);
	return strcpy(text, "-");
}

/**
 * format_permille() - an attribute in permille, as percent
 * @text: result, FORMAT_SIZE bytes
 * @object: whose
 * @name: of the file
 *
 * Return: @text; "-" if it is not there.
 */
char *format_permille(char *text, const struct object *object, const char *name)
{
	long long permille;

	if (object_number(object, name, &permille))
		snprintf(text, FORMAT_SIZE, "%.0f%%", permille / 10.0);
	else
		strcpy(text, "-");
	return text;
}

/**
 * format_reading() - a sensor's value or threshold, with its unit
 * @text: result, FORMAT_SIZE bytes
 * @sensor: whose
 * @name: of the file
 *
 * Return: @text; "-" if there is none.
 */
char *format_reading(char *text, const struct object *sensor, const char *name)
{
	const char *kind = object_text(sensor, "kind", "");
	long long value;

	if (!object_number(sensor, name, &value))
		return strcpy(text, "-");
	if (!strcmp(kind, "temperature"))
		snprintf(text, FORMAT_SIZE, "%.1fC", value / 1000.0);
	else if (!strcmp(kind, "power"))
		snprintf(text, FORMAT_SIZE, "%.1fW", value / 1000000.0);
	else if (!strcmp(kind, "charge"))
		snprintf(text, FORMAT_SIZE, "%.1f%%", value / 10.0);
	else
		snprintf(text, FORMAT_SIZE, "%lld", value);
	return text;
}

/**
 * format_bar() - a part of a whole, drawn
 * @bar: result, @width + 1 bytes
 * @width: columns
 * @value: part
 * @most: whole; 0 gives an empty bar
 */
void format_bar(char *bar, size_t width, long long value, long long most)
{
	size_t filled = 0;

	if (most > 0 && value > 0)
		filled = (double)value / most * width + 0.5;
	if (filled > width)
		filled = width;
	memset(bar, '#', filled);
	memset(bar + filled, '-', width - filled);
	bar[width] = '\0';
}

/**
 * sensor_bar() - a sensor against its thresholds: "####--l--h--e"
 * @sensor: it
 * @bar: result, @width + 1 bytes
 * @width: columns
 *
 * Return: 0, or -1 if there is nothing to draw; @bar is blank then.
 */
int sensor_bar(const struct object *sensor, char *bar, size_t width)
{
	static const struct {
		const char *name;
		char letter;
	} marks[] = { { "low", 'l' }, { "high", 'h' }, { "emergency", 'e' } };
	long long value, at, most = 0;
	size_t i;

	memset(bar, ' ', width);
	bar[width] = '\0';
	if (!object_number(sensor, "value", &value))
		return -1;
	for (i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (object_number(sensor, marks[i].name, &at) && at > most)
			most = at;
	if (!most)
		return -1;
	/* Room beyond the last threshold; a charge has an end of its own. */
	if (!strcmp(object_text(sensor, "kind", ""), "charge"))
		most = 1000;
	else
		most += most / 8 + 1;
	format_bar(bar, width, value, most);
	for (i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (object_number(sensor, marks[i].name, &at) && at >= 0 && at <= most)
			bar[(size_t)((double)at / most * (width - 1))] = marks[i].letter;
	return 0;
}

/**
 * parse_size() - bytes, as people write them
 * @text: "4096", "512M", "1.5GiB"; K, M, G and T are powers of 1024
 * @bytes: result
 *
 * Return: whether it is a size.
 */
bool parse_size(const char *text, long long *bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	double value;
	char *end;

	if (parse_integer(text, bytes))
		return *bytes >= 0;
	if (*text < '0' || *text > '9')
		return false;
	value = strtod(text, &end);
	/* A blank, without that bit, would be the zero byte that strchr() finds. */
	unit = isalpha((unsigned char)*end) ? strchr(units, *end & ~0x20) : NULL;
	if (!unit || (end[1] && strcasecmp(end + 1, "b") && strcasecmp(end + 1, "ib")))
		return false;
	value *= 1LL << (10 * (unit - units + 1));
	if (!(value < 9e18))
		return false;
	*bytes = value;
	return true;
}

/**
 * width_of() - columns of a text
 * @text: in the locale's encoding
 *
 * Return: columns; bytes, where it makes no sense in this locale.
 */
int width_of(const char *text)
{
	wchar_t wide[512];
	size_t length = mbstowcs(wide, text, 512);
	int width;

	if (length == (size_t)-1)
		return strlen(text);
	width = wcswidth(wide, length);
	return width < 0 ? (int)strlen(text) : width;
}

/* Bytes of the character at @text, or 0: it is none, or one that a terminal might obey. */
static size_t harmless(const char *text)
{
	mbstate_t state = { };
	wchar_t wide;
	size_t length;

	if ((unsigned char)*text < 0x80)
		return !iscntrl((unsigned char)*text);
	length = mbrtowc(&wide, text, strlen(text), &state);
	/* glibc decodes beyond what Unicode has. */
	if (length == (size_t)-1 || length == (size_t)-2 || wide > 0x10ffff || iswcntrl(wide))
		return 0;
	return length;
}

/**
 * clean_text() - take out what a terminal might obey, and what is not UTF-8
 * @text: from elsewhere; a guest's owner names it
 *
 * JSON and metrics are UTF-8 whatever the user's locale is, so that does not matter here.
 * Each byte of what is not wanted becomes a question mark.
 */
void clean_text(char *text)
{
	static locale_t utf8;
	locale_t before;

	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	/* Where there is no such locale, that of C leaves ASCII. */
	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
	before = uselocale(utf8);
	while (*text) {
		size_t length = harmless(text);

		if (!length)
			*text = '?';
		text += length ?: 1;
	}
	uselocale(before);
}

/**
 * copy_text() - copy as much as there is room for, in whole characters
 * @to: result
 * @size: of @to, in bytes
 * @from: UTF-8
 */
void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size);

	if (length == size)
		for (length = size - 1; length && (from[length] & 0xc0) == 0x80; length--)
			;
	memcpy(to, from, length);
	to[length] = '\0';
}

/* The columns that VMs can be sorted by. NULL: by label. */
static const struct column {
	const char *key;
	const char *attr;
	bool text;
} columns[] = {
	{ "name", NULL, true },
	{ "state", "state", true },
	{ "size", "size_bytes", false },
	{ "balloon", "balloon_bytes", false },
	{ "target", "target_bytes", false },
	{ "min", "min_bytes", false },
	{ "shares", "shares", false },
	{ "pressure", "pressure", false },
	{ "idle", "idle", false },
};

static const struct column *column_of(const char *key)
{
	size_t i;

	for (i = 0; key && i < sizeof(columns) / sizeof(*columns); i++)
		if (!strcmp(key, columns[i].key))
			return &columns[i];
	return NULL;
}

/**
 * object_compare_key() - can VMs be sorted by this?
 * @key: name of a column
 *
 * Return: whether they can.
 */
bool object_compare_key(const char *key)
{
	return column_of(key);
}

struct order {
	const struct column *column;
	bool reverse;
};

static int compare(const void *one, const void *other, void *data)
{
	const struct order *order = data;
	const struct object *a = one, *b = other;
	int less;

	if (!order->column->attr) {
		less = strverscmp(object_label(a), object_label(b));
	} else if (order->column->text) {
		less = strcmp(object_text(a, order->column->attr, ""),
			      object_text(b, order->column->attr, ""));
	} else {
		long long x = object_value(a, order->column->attr);
		long long y = object_value(b, order->column->attr);

		/* Numbers: the most first. */
		less = (x < y) - (x > y);
	}
	if (order->reverse)
		less = -less;
	return less ?: strverscmp(a->id, b->id);
}

/**
 * objects_sort() - bring VMs into an order
 * @objects: them
 * @key: column, see object_compare_key(); NULL leaves them in the order of their numbers
 * @reverse: the other way round
 */
void objects_sort(struct objects *objects, const char *key, bool reverse)
{
	struct order order = { .column = column_of(key), .reverse = reverse };

	if (order.column && objects->nr)
		qsort_r(objects->list, objects->nr, sizeof(*objects->list), compare, &order);
}
