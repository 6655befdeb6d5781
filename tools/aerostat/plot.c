// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat plot: charts of what aerostat record wrote, by gnuplot.
 */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aerostat.h"

#define GIB (1024.0 * 1024 * 1024)
/* More names than that fit into no legend. */
#define LEGEND_VMS 9

/* One attribute of one object over time. */
struct series {
	char id[64];
	char name[160];
	char attr[64];
	char kind[32];
	double *times;
	double *values;
	size_t nr;
	size_t room;
};

/* @tree finds by id and attribute, @list has them in the order in which they came. */
struct record {
	struct series **list;
	size_t nr;
	void *tree;
	double begin;
	bool begun;
};

static int compare(const void *one, const void *other)
{
	const struct series *a = one, *b = other;

	return strcmp(a->id, b->id) ?: strcmp(a->attr, b->attr);
}

static void key_of(struct series *key, const char *id, const char *attr)
{
	snprintf(key->id, sizeof(key->id), "%s", id);
	snprintf(key->attr, sizeof(key->attr), "%s", attr);
}

static struct series *find_series(struct record *record, const char *id, const char *attr)
{
	struct series key, **found;

	key_of(&key, id, attr);
	found = tfind(&key, &record->tree, compare);
	return found ? *found : NULL;
}

static struct series *get_series(struct record *record, char **fields)
{
	struct series *series = find_series(record, fields[1], fields[3]), **list;

	if (series)
		return series;
	list = realloc(record->list, (record->nr + 1) * sizeof(*list));
	if (!list)
		return NULL;
	record->list = list;
	series = calloc(1, sizeof(*series));
	if (!series)
		return NULL;
	key_of(series, fields[1], fields[3]);
	copy_text(series->name, sizeof(series->name), fields[2]);
	if (!tsearch(series, &record->tree, compare)) {
		free(series);
		return NULL;
	}
	list[record->nr++] = series;
	return series;
}

static void free_record(struct record *record)
{
	while (record->nr) {
		struct series *series = record->list[--record->nr];

		tdelete(series, &record->tree, compare);
		free(series->times);
		free(series->values);
		free(series);
	}
	free(record->list);
}

static bool add_value(struct series *series, double when, double value)
{
	if (series->nr == series->room) {
		size_t room = series->room ? series->room * 2 : 64;
		double *times = realloc(series->times, room * sizeof(*times));
		double *values;

		if (!times)
			return false;
		series->times = times;
		values = realloc(series->values, room * sizeof(*values));
		if (!values)
			return false;
		series->values = values;
		series->room = room;
	}
	series->times[series->nr] = when;
	series->values[series->nr++] = value;
	return true;
}

/* Cuts a line of five fields, in place. */
static bool split(char *line, char **fields)
{
	int i;

	for (i = 0; i < 5; i++) {
		char *to = line;

		fields[i] = line;
		if (*line == '"') {
			for (line++; *line && (*line != '"' || line[1] == '"'); line++) {
				line += *line == '"';
				*to++ = *line;
			}
			if (*line++ != '"')
				return false;
		} else {
			line += strcspn(line, ",\n");
			to = line;
		}
		if (i < 4 ? *line != ',' : *line && *line != '\n')
			return false;
		line++;
		*to = '\0';
	}
	return true;
}

static bool add_line(struct record *record, char **fields)
{
	struct series *series = get_series(record, fields);
	char *end;
	double when = strtod(fields[0], &end), value;

	if (!series || end == fields[0] || *end)
		return false;
	if (!record->begun)
		record->begin = when;
	record->begun = true;
	value = strtod(fields[4], &end);
	if (*fields[4] && !*end)
		return add_value(series, when - record->begin, value);
	/* A word: of these only a sensor's kind is needed. */
	snprintf(series->kind, sizeof(series->kind), "%s", fields[4]);
	return true;
}

static int read_record(struct record *record, const char *path)
{
	FILE *from = fopen(path, "re");
	unsigned long number = 0;
	char *line = NULL, *fields[5];
	size_t size = 0;
	bool good = true;

	if (!from) {
		complain("%s: %s", path, strerror(errno));
		return STATUS_FAILED;
	}
	while (good && getline(&line, &size, from) >= 0) {
		if (!number++) {
			good = !strcmp(line, "time,id,name,attribute,value\n");
			continue;
		}
		good = split(line, fields) && add_line(record, fields);
	}
	free(line);
	fclose(from);
	if (good && record->begun)
		return STATUS_OK;
	complain(good ? "%s: there is nothing in it" :
		 "%s: line %lu is not what aerostat record writes", path, number);
	return STATUS_FAILED;
}

/* In single quotes gnuplot takes all as it is, but a single quote, which is doubled. */
static void quote(FILE *to, const char *text)
{
	fputc('\'', to);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', to);
		fputc((unsigned char)*text < ' ' ? '?' : *text, to);
	}
	fputc('\'', to);
}

static void data(FILE *to, const struct series *series, size_t number, double scale)
{
	size_t i;

	fprintf(to, "$s%zu << EOD\n", number);
	for (i = 0; i < series->nr; i++)
		fprintf(to, "%.3f %.9g\n", series->times[i], series->values[i] * scale);
	fprintf(to, "EOD\n");
}

/* A chart's line: which series, how, and what it is called (NULL: nothing). */
struct line {
	const struct series *series;
	double scale;
	const char *style;
	char title[256];
};

struct chart {
	const char *title;
	const char *unit;
	const char *from;
	struct line *lines;
	size_t nr;
};

static void add_line_to(struct chart *chart, const struct series *series, double scale,
			const char *style, const char *title)
{
	struct line *lines;

	if (!series || !series->nr)
		return;
	lines = realloc(chart->lines, (chart->nr + 1) * sizeof(*lines));
	if (!lines)
		return;
	chart->lines = lines;
	lines[chart->nr] = (struct line){ .series = series, .scale = scale, .style = style };
	snprintf(lines[chart->nr].title, sizeof(lines->title), "%s", title);
	chart->nr++;
}

static void sensor_chart(struct chart *chart, struct record *record, const char *kind,
			 double scale)
{
	static const struct {
		const char *attr;
		const char *style;
	} marks[] = {
		{ "low", "lw 2 dt 2 lc rgb '#2b83ba'" }, { "high", "lw 2 dt 2 lc rgb '#fdae61'" },
		{ "emergency", "lw 2 dt 2 lc rgb '#d7191c'" },
	};
	char title[256];
	size_t i, j;

	for (i = 0; i < record->nr; i++) {
		const struct series *series = record->list[i], *of;

		if (strncmp(series->id, "sensor-", 7) || strcmp(series->attr, "value"))
			continue;
		of = find_series(record, series->id, "kind");
		if (!of || strcmp(of->kind, kind))
			continue;
		add_line_to(chart, series, scale, "lw 2",
			    *series->name ? series->name : series->id);
		for (j = 0; j < sizeof(marks) / sizeof(*marks); j++) {
			snprintf(title, sizeof(title), "%s %s", series->id, marks[j].attr);
			add_line_to(chart, find_series(record, series->id, marks[j].attr), scale,
				    marks[j].style, title);
		}
	}
}

static double peak(const struct series *series)
{
	double most = 0;
	size_t i;

	for (i = 0; i < series->nr; i++)
		if (series->values[i] > most)
			most = series->values[i];
	return most;
}

static int by_peak(const void *one, const void *other)
{
	const struct line *a = one, *b = other;
	double x = peak(a->series), y = peak(b->series);

	return (x < y) - (x > y) ?: strverscmp(a->series->id, b->series->id);
}

static void vm_chart(struct chart *chart, struct record *record)
{
	size_t i;

	for (i = 0; i < record->nr; i++) {
		const struct series *series = record->list[i];

		if (!strncmp(series->id, "vm-", 3) && !strcmp(series->attr, "balloon_bytes"))
			add_line_to(chart, series, 1 / GIB, "lw 2",
				    *series->name ? series->name : series->id);
	}
	if (chart->nr)
		qsort(chart->lines, chart->nr, sizeof(*chart->lines), by_peak);
	for (i = LEGEND_VMS; i < chart->nr; i++) {
		chart->lines[i].style = "lw 1 lc rgb '#b0b0b0'";
		*chart->lines[i].title = '\0';
	}
}

static void draw_chart(FILE *to, const struct chart *chart, size_t *number)
{
	size_t i, first = *number;

	for (i = 0; i < chart->nr; i++)
		data(to, chart->lines[i].series, (*number)++, chart->lines[i].scale);
	fprintf(to, "set title ");
	quote(to, chart->title);
	fprintf(to, " noenhanced\nset ylabel '%s'\nset yrange [%s:*]\nplot ", chart->unit,
		chart->from);
	for (i = 0; i < chart->nr; i++) {
		fprintf(to, "%s$s%zu using 1:2 with lines %s ", i ? ", " : "", first + i,
			chart->lines[i].style);
		if (*chart->lines[i].title) {
			fprintf(to, "title ");
			quote(to, chart->lines[i].title);
			fprintf(to, " noenhanced");
		} else {
			fprintf(to, "notitle");
		}
	}
	fprintf(to, "\n");
}

static void draw(FILE *to, struct record *record, const char *output, bool png)
{
	struct chart charts[] = {
		{ .title = "Temperature", .unit = "degrees Celsius", .from = "*" },
		{ .title = "Measured power", .unit = "W", .from = "0" },
		{ .title = "Charge", .unit = "percent", .from = "0" },
		{ .title = "Memory", .unit = "GiB", .from = "0" },
		{ .title = "Balloons", .unit = "GiB", .from = "0" },
		{ .title = "Power of the memory, by the model", .unit = "W", .from = "0" },
	};
	const size_t nr = sizeof(charts) / sizeof(*charts);
	size_t i, used = 0, number = 0;

	sensor_chart(&charts[0], record, "temperature", 1e-3);
	sensor_chart(&charts[1], record, "power", 1e-6);
	sensor_chart(&charts[2], record, "charge", 0.1);
	add_line_to(&charts[3], find_series(record, "host", "reclaim_target_bytes"), 1 / GIB,
		    "lw 2 dt 2 lc rgb '#777777'", "asked for");
	add_line_to(&charts[3], find_series(record, "host", "reclaimed_bytes"), 1 / GIB,
		    "lw 2 lc rgb '#2b83ba'", "reclaimed");
	add_line_to(&charts[3], find_series(record, "host", "offline_bytes"), 1 / GIB,
		    "lw 2 lc rgb '#1a9641'", "offline");
	vm_chart(&charts[4], record);
	add_line_to(&charts[5], find_series(record, "host", "power_mw"), 1e-3,
		    "lw 2 lc rgb '#d7191c'", "model");
	for (i = 0; i < nr; i++)
		used += !!charts[i].nr;
	fprintf(to, "set terminal %s size 1000,%zu\nset output ", png ? "pngcairo" : "svg background 'white'",
		used * 260 + 20);
	quote(to, output);
	fprintf(to, "\nset multiplot layout %zu,1\nset key outside right top maxcols 1 samplen 2\n"
		"set lmargin 10\nset rmargin 34\nset grid\nset xlabel 'seconds'\n"
		"set offsets 0, 0, graph 0.05, 0\n",
		used);
	for (i = 0; i < nr; i++) {
		if (charts[i].nr)
			draw_chart(to, &charts[i], &number);
		free(charts[i].lines);
	}
	fprintf(to, "unset multiplot\nunset output\n");
}

/* Return: gnuplot's end of a pipe, or NULL. */
static FILE *start_gnuplot(pid_t *pid)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	*pid = fork();
	if (!*pid) {
		dup2(ends[0], STDIN_FILENO);
		signal(SIGPIPE, SIG_DFL);
		execlp("gnuplot", "gnuplot", NULL);
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(ends[0]);
	if (*pid > 0)
		return fdopen(ends[1], "w");
	close(ends[1]);
	return NULL;
}

static int plot(struct record *record, const char *output, bool png)
{
	int result = -1;
	pid_t pid;
	FILE *to = start_gnuplot(&pid);

	if (!to) {
		complain("gnuplot: %s", strerror(errno));
		return STATUS_FAILED;
	}
	draw(to, record, output, png);
	fclose(to);
	waitpid(pid, &result, 0);
	if (WIFEXITED(result) && !WEXITSTATUS(result))
		return STATUS_OK;
	if (WIFEXITED(result) && WEXITSTATUS(result) == 127)
		complain("plot needs gnuplot: install gnuplot-nox (Debian's name)");
	else
		complain("gnuplot could not draw %s", output);
	return STATUS_FAILED;
}

/**
 * cmd_plot() - aerostat plot FILE.csv
 * @argc: 1
 * @argv: the file
 *
 * Return: an exit status.
 */
int cmd_plot(int argc, char **argv)
{
	const char *output = options.output ?: "aerostat.svg", *dot = strrchr(output, '.');
	struct record record = { };
	bool png = dot && !strcasecmp(dot, ".png");
	int status;

	if (!argc) {
		complain("plot FILE.csv: which file? aerostat record writes one");
		return STATUS_USAGE;
	}
	if (!png && (!dot || strcasecmp(dot, ".svg"))) {
		complain("%s: charts are written as .svg or .png", output);
		return STATUS_USAGE;
	}
	status = read_record(&record, argv[0]);
	if (!status)
		status = plot(&record, output, png);
	free_record(&record);
	return status;
}
