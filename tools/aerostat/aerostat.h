/* SPDX-License-Identifier: GPL-2.0 */
/*
 * aerostat: watch and steer Aerostat through sysfs.
 *
 *	main.c        options, subcommands
 *	fs.c          files below --root
 *	model.c       the tree in sysfs, as objects with attributes
 *	vmname.c      which VM a process is
 *	blocks.c      memory blocks, and the map of them
 *	output.c      sizes, units, colour, bars
 *	json.c        objects as JSON
 *	set.c         settings; config.c and config_apply.c, from a file
 *	others        a subcommand each
 *
 * One thread. A function that returns an exit status has said why it is not 0.
 */
#ifndef AEROSTAT_CLI_H
#define AEROSTAT_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Exit statuses; aerostat.1 documents them. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_NO_MODULE = 3,
	STATUS_NO_RIGHTS = 4,
	STATUS_VERSION = 5,
	STATUS_REFUSED = 6,
};

#define CLASS		"/sys/class/aerostat"
#define GUEST_DRIVER	"/sys/bus/pci/drivers/aerostat_guest"
#define MEMORY		"/sys/devices/system/memory"
#define DEVICE		"/dev/aerostat"

/**
 * struct options - the command line
 * @root: before each path below /sys, /proc and /dev; "" is this machine
 * @json: print JSON
 * @sort: column, or NULL
 * @output: file, or NULL: stdout
 * @socket: path to listen on, or NULL
 * @file: settings to read, or NULL
 * @interval: seconds between two samples
 * @count: samples or events after which to end; 0: never
 */
struct options {
	const char *root;
	bool json;
	const char *sort;
	const char *output;
	const char *socket;
	const char *file;
	double interval;
	unsigned long count;
};

extern struct options options;

/* main.c */

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
int finish_stdout(void);

/* fs.c */

int fs_path(char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *fs_read(const char *path, size_t *length);
int fs_line(char *line, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool fs_there(const char *format, ...) __attribute__((format(printf, 1, 2)));
int fs_write(const char *path, const char *text);
int fs_list(const char *dir, const char *prefix, char ***names);
void fs_list_free(char **names, int nr);
bool fs_last_part(char *part, size_t size, const char *link);

/* model.c */

/**
 * struct attr - one file of an object
 * @name: of the file
 * @text: contents without the newline, or NULL: it could not be read
 * @error: why, as a negative errno
 */
struct attr {
	char *name;
	char *text;
	int error;
};

/**
 * struct object - one directory in sysfs, with all of its files
 * @id: name of the directory
 * @path: of the directory, with --root
 * @files: the only files there that are meant, NULL after the last one; NULL: all are
 * @attrs: files that may be read
 * @nr_attrs: of them
 * @name: a VM's domain, a sensor's source, a power domain's name; "" if there is none
 * @uuid: a VM's, or ""
 */
struct object {
	char id[64];
	char *path;
	const char * const *files;
	struct attr *attrs;
	size_t nr_attrs;
	char name[160];
	char uuid[40];
};

/**
 * struct objects - objects of a kind, in the order of their numbers
 * @list: them
 * @nr: how many
 */
struct objects {
	struct object *list;
	size_t nr;
};

/**
 * struct model - what sysfs shows at one moment
 * @has_host: aerostat_host is loaded
 * @host: its own attributes
 * @vms: that it knows
 * @sensors: that it watches
 * @domains: power domains, where the module has such
 * @cooling: cooling devices of the thermal framework that it is, at most one
 * @guests: devices of aerostat_guest on this machine
 */
struct model {
	bool has_host;
	struct object host;
	struct objects vms;
	struct objects sensors;
	struct objects domains;
	struct objects cooling;
	struct objects guests;
};

int model_load(struct model *model);
int model_load_host(struct model *model);
int model_try(struct model *model, char *why, size_t size);
void model_free(struct model *model);
struct object *model_find(struct model *model, const char *name);

bool object_has_file(const struct object *object, const char *name);
const struct attr *object_attr(const struct object *object, const char *name);
const char *object_text(const struct object *object, const char *name, const char *otherwise);
bool object_number(const struct object *object, const char *name, long long *number);
long long object_value(const struct object *object, const char *name);
const char *object_label(const struct object *object);
void object_state(const struct object *object, char *word, size_t size, const char **reason);
bool parse_integer(const char *text, long long *number);

/* vmname.c */

char *process_arguments(pid_t pid, size_t *length);
void vmname_find(pid_t pid, char *name, size_t name_size, char *uuid, size_t uuid_size);

/* blocks.c */

/**
 * struct block - one memory block of the kernel
 * @id: its number
 * @node: NUMA node, -1: unknown
 * @domain: index in model.domains, -1: none
 * @state: 'o' online, 'm' online and movable, '.' offline, '~' going offline
 */
struct block {
	unsigned int id;
	int node;
	int domain;
	char state;
};

/**
 * struct blocks - all of them
 * @list: in the order of their numbers
 * @nr: how many
 * @size: bytes of one, 0: unknown
 */
struct blocks {
	struct block *list;
	size_t nr;
	unsigned long long size;
};

int blocks_load(struct blocks *blocks, const struct model *model);
void blocks_free(struct blocks *blocks);
size_t blocks_count(const struct blocks *blocks, const char *states);

/* output.c */

enum colour { PLAIN, BOLD, DIM, GREEN, YELLOW, RED };

/* Long enough for what format_bytes() and format_reading() make. */
#define FORMAT_SIZE 32

void output_init(void);
const char *paint(enum colour colour);
enum colour state_colour(const char *state);
char *format_bytes(char *text, long long bytes);
char *format_attr_bytes(char *text, const struct object *object, const char *name);
char *format_permille(char *text, const struct object *object, const char *name);
char *format_reading(char *text, const struct object *sensor, const char *name);
void format_bar(char *bar, size_t width, long long value, long long most);
bool parse_size(const char *text, long long *bytes);
int width_of(const char *text);
void clean_text(char *text);
void copy_text(char *to, size_t size, const char *from);
bool object_compare_key(const char *key);
void objects_sort(struct objects *objects, const char *key, bool reverse);
int sensor_bar(const struct object *sensor, char *bar, size_t width);

/* json.c */

struct json_object;

struct json_object *json_of(const struct object *object);
struct json_object *json_list(const struct objects *objects);
int json_print(struct json_object *json);

/* doctor.c and its checks */

enum severity { NOTE, WEAKENS, STOPS };

struct report;

void report_add(struct report *report, enum severity severity, const char *topic,
		const char *remedy, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void doctor_module(struct report *report, const struct model *model, int status,
		   const char *why);
void doctor_memory(struct report *report, const struct model *model);
void doctor_interleaving(struct report *report);
void doctor_vms(struct report *report, const struct model *model);
void doctor_processes(struct report *report, const struct model *model);
void doctor_sensors(struct report *report, const struct model *model);

/* metrics.c */

int metrics_write(FILE *to, const struct model *model);
int metrics_serve(const char *path);

/* top_draw.c */

/**
 * struct top - what the screen shows
 * @model: last sample
 * @key: column that VMs are sorted by
 * @reverse: the other way round
 * @selected: id of the VM that the cursor is on
 * @first: row at the top of the list
 * @message: last line, or ""
 * @help: show the keys instead of VMs
 */
struct top {
	struct model model;
	const char *key;
	bool reverse;
	char selected[64];
	size_t first;
	char message[200];
	bool help;
};

void top_draw(struct top *top);
size_t top_selected(const struct top *top);
size_t top_page(const struct top *top);
const char *top_next_key(const char *key, int step);
const char *top_key_of(int letter);

/* Subcommands; each returns an exit status. */
int cmd_status(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_vms(int argc, char **argv);
int cmd_sensors(int argc, char **argv);
int cmd_blocks(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_plot(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* set.c */

/**
 * struct setting - a setting of some object
 * @name: of its file, or without "_bytes" or "_ms"
 * @value: with or without units
 * @line: where it stands in a file, 0: in none
 * @done: the kernel has it
 */
struct setting {
	const char *name;
	const char *value;
	unsigned int line;
	bool done;
};

bool parse_reading(const char *kind, const char *text, long long *value);
bool setting_file(char *file, size_t size, const struct object *object, const char *name);
bool setting_same(const char *a, const char *b);
bool setting_translate(char *text, size_t size, const char *kind, const char *file,
		       const char *value);
int set_attr(const struct object *object, const char *name, const char *value, char *why,
	     size_t size);
int set_settings(const struct object *object, struct setting *settings, size_t nr,
		 const struct setting **failed, char *why, size_t size);
void show_setting(const struct object *object, const char *name);

/* config_apply.c */

int config_set(const char *path);

#endif /* AEROSTAT_CLI_H */
