// SPDX-License-Identifier: GPL-2.0
/*
 * The tree of Documentation/ABI/testing/sysfs-class-aerostat and -bus-pci-aerostat,
 * as it is at one moment.
 *
 * An object has whatever files its directory has: a module that knows more than
 * this command is shown as far as it is understood, and whole as JSON. A guest's
 * directory is its PCI device's and has files of the PCI core beside the driver's.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aerostat.h"

/* guest/sysfs.c */
static const char * const guest_files[] = {
	"balloon_bytes", "target_bytes", "rate_bytes", "floor_bytes", "state", "limits", NULL
};

static int object_add(struct object *object, const char *name)
{
	struct attr *attrs = realloc(object->attrs, (object->nr_attrs + 1) * sizeof(*attrs));
	char path[PATH_MAX];
	struct attr *attr;
	char *text;

	if (!attrs)
		return -ENOMEM;
	object->attrs = attrs;
	attr = &attrs[object->nr_attrs];
	*attr = (struct attr){ .name = strdup(name) };
	if (!attr->name)
		return -ENOMEM;
	object->nr_attrs++;
	snprintf(path, sizeof(path), "%s/%s", object->path, name);
	text = fs_read(path, NULL);
	if (!text) {
		attr->error = -errno;
		return 0;
	}
	text[strcspn(text, "\n")] = '\0';
	clean_text(text);
	attr->text = text;
	return 0;
}

/**
 * object_has_file() - is a file of its directory an attribute of it?
 * @object: of which object_load() has set path and files
 * @name: of the file
 *
 * What the driver core adds is none, nor are directories and links.
 *
 * Return: whether it is.
 */
bool object_has_file(const struct object *object, const char *name)
{
	const char * const *file = object->files;
	char path[PATH_MAX];
	struct stat node;

	while (file && *file && strcmp(*file, name))
		file++;
	if ((file && !*file) || !strcmp(name, "uevent") ||
	    snprintf(path, sizeof(path), "%s/%s", object->path, name) >= PATH_MAX)
		return false;
	return !lstat(path, &node) && S_ISREG(node.st_mode);
}

/* Write-only files are no attributes of what there is. */
static bool readable(const struct object *object, const char *name)
{
	char path[PATH_MAX];
	struct stat node;

	if (!object_has_file(object, name))
		return false;
	snprintf(path, sizeof(path), "%s/%s", object->path, name);
	return !lstat(path, &node) && node.st_mode & 0444;
}

static int object_load(struct object *object, const char *dir, const char *id,
		       const char * const *files)
{
	char path[PATH_MAX], **names;
	int i, nr, err = 0;

	memset(object, 0, sizeof(*object));
	if (snprintf(path, sizeof(path), "%s/%s", dir, id) >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(object->id, sizeof(object->id), "%s", id);
	object->files = files;
	object->path = strdup(path);
	if (!object->path)
		return -ENOMEM;
	nr = fs_list(path, "", &names);
	if (nr < 0)
		err = nr;
	for (i = 0; i < nr && !err; i++)
		if (readable(object, names[i]))
			err = object_add(object, names[i]);
	fs_list_free(names, nr);
	return err;
}

static void object_free(struct object *object)
{
	while (object->nr_attrs) {
		struct attr *attr = &object->attrs[--object->nr_attrs];

		free(attr->name);
		free(attr->text);
	}
	free(object->attrs);
	free(object->path);
	memset(object, 0, sizeof(*object));
}

static int objects_load(struct objects *objects, const char *dir, const char *prefix,
			const char * const *files)
{
	char **names;
	int i, nr = fs_list(dir, prefix, &names);

	memset(objects, 0, sizeof(*objects));
	if (nr <= 0) {
		fs_list_free(names, nr);
		return nr;
	}
	objects->list = calloc(nr, sizeof(*objects->list));
	for (i = 0; i < nr && objects->list; i++) {
		struct object *object = &objects->list[objects->nr];

		/* What has gone since the directory was read is not there. */
		if (object_load(object, dir, names[i], files) || !object->nr_attrs)
			object_free(object);
		else
			objects->nr++;
	}
	fs_list_free(names, nr);
	return objects->list ? 0 : -ENOMEM;
}

static void objects_free(struct objects *objects)
{
	while (objects->nr)
		object_free(&objects->list[--objects->nr]);
	free(objects->list);
	objects->list = NULL;
}

/* The least that has been there in every version. */
static int host_check(const struct object *host, char *why, size_t size)
{
	static const char * const needed[] = { "mode", "state", "reclaimed_bytes" };
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		const struct attr *attr = object_attr(host, needed[i]);

		if (attr && attr->text)
			continue;
		if (attr && (attr->error == -EACCES || attr->error == -EPERM)) {
			snprintf(why, size,
				 "%s/%s may not be read: run this as root, or where sysfs is not restricted",
				 host->path, needed[i]);
			return STATUS_NO_RIGHTS;
		}
		snprintf(why, size,
			 "aerostat_host is of another version than this command (no %s in %s/host): install both from the same release and load the module again",
			 needed[i], CLASS);
		return STATUS_VERSION;
	}
	return STATUS_OK;
}

static int host_try(struct model *model, char *why, size_t size)
{
	char dir[PATH_MAX];
	int err;

	if (fs_path(dir, CLASS)) {
		snprintf(why, size, "%s: the path is too long", options.root);
		return STATUS_FAILED;
	}
	err = object_load(&model->host, dir, "host", NULL);
	if (err == -EACCES || err == -EPERM) {
		snprintf(why, size, "%s/host may not be read: run this as root", dir);
		return STATUS_NO_RIGHTS;
	}
	if (err == -ENOENT && fs_there("/sys/module/aerostat_host")) {
		snprintf(why, size,
			 "aerostat_host is of another version than this command (no %s/host): install both from the same release and load the module again",
			 CLASS);
		return STATUS_VERSION;
	}
	if (err == -ENOENT) {
		snprintf(why, size,
			 "the module aerostat_host is not loaded: modprobe aerostat_host (aerostat doctor looks for more)");
		return STATUS_NO_MODULE;
	}
	if (err) {
		snprintf(why, size, "%s/host: %s", dir, strerror(-err));
		return STATUS_FAILED;
	}
	return host_check(&model->host, why, size);
}

static void guests_load(struct model *model)
{
	char dir[PATH_MAX];

	/* Bound devices, "0000:00:04.0", beside files that are no directories. */
	if (!fs_path(dir, GUEST_DRIVER))
		objects_load(&model->guests, dir, "0", guest_files);
}

/* What the thermal framework asks for; the other cooling devices are not looked into. */
static void cooling_load(struct model *model)
{
	char dir[PATH_MAX], type[32], **names;
	int i, nr;

	if (fs_path(dir, "/sys/class/thermal"))
		return;
	nr = fs_list(dir, "cooling_device", &names);
	for (i = 0; i < nr && !model->cooling.nr; i++) {
		fs_line(type, sizeof(type), "/sys/class/thermal/%s/type", names[i]);
		if (strcmp(type, "aerostat"))
			continue;
		model->cooling.list = calloc(1, sizeof(*model->cooling.list));
		if (!model->cooling.list)
			break;
		if (object_load(model->cooling.list, dir, names[i], NULL))
			object_free(model->cooling.list);
		else
			model->cooling.nr = 1;
	}
	fs_list_free(names, nr);
}

static void names_load(struct objects *objects)
{
	size_t i;

	for (i = 0; i < objects->nr; i++) {
		struct object *object = &objects->list[i];

		copy_text(object->name, sizeof(object->name), object_text(object, "name", ""));
	}
}

/**
 * model_try() - read the tree, quietly
 * @model: result, for model_free(); what could be read is there even on failure
 * @why: on failure, a sentence with the remedy
 * @size: of @why
 *
 * Return: an exit status; STATUS_OK if there is a host.
 */
int model_try(struct model *model, char *why, size_t size)
{
	char dir[PATH_MAX];
	int status;
	size_t i;

	memset(model, 0, sizeof(*model));
	*why = '\0';
	guests_load(model);
	status = host_try(model, why, size);
	if (status)
		return status;
	model->has_host = true;
	if (fs_path(dir, CLASS) || objects_load(&model->vms, dir, "vm-", NULL) < 0 ||
	    objects_load(&model->sensors, dir, "sensor-", NULL) < 0 ||
	    objects_load(&model->domains, dir, "domain-", NULL) < 0) {
		snprintf(why, size, "%s cannot be read", dir);
		return STATUS_FAILED;
	}
	names_load(&model->sensors);
	names_load(&model->domains);
	cooling_load(model);
	for (i = 0; i < model->vms.nr; i++) {
		struct object *vm = &model->vms.list[i];

		vmname_find(object_value(vm, "pid"), vm->name, sizeof(vm->name), vm->uuid,
			    sizeof(vm->uuid));
	}
	return STATUS_OK;
}

/**
 * model_load() - read the tree; a guest will do
 * @model: result, for model_free() if STATUS_OK is returned
 *
 * Return: an exit status.
 */
int model_load(struct model *model)
{
	char why[PATH_MAX + 256];
	int status = model_try(model, why, sizeof(why));

	if (!status || (status == STATUS_NO_MODULE && model->guests.nr))
		return STATUS_OK;
	complain("%s", why);
	model_free(model);
	return status;
}

/**
 * model_load_host() - read the tree of a host
 * @model: result, for model_free() if STATUS_OK is returned
 *
 * Return: an exit status.
 */
int model_load_host(struct model *model)
{
	char why[PATH_MAX + 256];
	int status = model_try(model, why, sizeof(why));

	if (status) {
		complain("%s", why);
		model_free(model);
	}
	return status;
}

/**
 * model_free() - free what the functions above have filled
 * @model: result of theirs
 */
void model_free(struct model *model)
{
	object_free(&model->host);
	objects_free(&model->vms);
	objects_free(&model->sensors);
	objects_free(&model->domains);
	objects_free(&model->cooling);
	objects_free(&model->guests);
	model->has_host = false;
}

/**
 * model_find() - an object by what people call it
 * @model: where
 * @name: "host", "guest", an id, or a VM's name
 *
 * Return: it, or NULL if there is none, or several VMs have that name (errno is ENOTUNIQ then).
 */
struct object *model_find(struct model *model, const char *name)
{
	struct objects *kinds[] = { &model->vms, &model->sensors, &model->domains,
				    &model->guests };
	struct object *found = NULL;
	size_t i, j;

	errno = ENOENT;
	if (model->has_host && !strcmp(name, "host"))
		return &model->host;
	if (model->guests.nr && !strcmp(name, "guest"))
		return &model->guests.list[0];
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (j = 0; j < kinds[i]->nr; j++)
			if (!strcmp(kinds[i]->list[j].id, name))
				return &kinds[i]->list[j];
	for (j = 0; j < model->vms.nr; j++) {
		if (strcmp(model->vms.list[j].name, name))
			continue;
		if (found) {
			errno = ENOTUNIQ;
			return NULL;
		}
		found = &model->vms.list[j];
	}
	return found;
}

/**
 * object_attr() - an attribute by its name
 * @object: whose
 * @name: of the file
 *
 * Return: it, or NULL.
 */
const struct attr *object_attr(const struct object *object, const char *name)
{
	size_t i;

	for (i = 0; i < object->nr_attrs; i++)
		if (!strcmp(object->attrs[i].name, name))
			return &object->attrs[i];
	return NULL;
}

/**
 * object_text() - an attribute's text
 * @object: whose
 * @name: of the file
 * @otherwise: if it is not there or cannot be read
 *
 * Return: one of them.
 */
const char *object_text(const struct object *object, const char *name, const char *otherwise)
{
	const struct attr *attr = object_attr(object, name);

	return attr && attr->text ? attr->text : otherwise;
}

/**
 * parse_integer() - a whole text as an integer
 * @text: decimal
 * @number: result
 *
 * Return: whether it is one.
 */
bool parse_integer(const char *text, long long *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	return *text && !*end && !errno && *text != ' ' && *text != '+';
}

/**
 * object_number() - an attribute that is a number
 * @object: whose
 * @name: of the file
 * @number: result, 0 if it is none
 *
 * Return: whether it is there and a number.
 */
bool object_number(const struct object *object, const char *name, long long *number)
{
	if (parse_integer(object_text(object, name, ""), number))
		return true;
	*number = 0;
	return false;
}

/**
 * object_value() - a number where nobody asks whether it is there
 * @object: whose
 * @name: of the file
 *
 * Return: it, or 0.
 */
long long object_value(const struct object *object, const char *name)
{
	long long number;

	object_number(object, name, &number);
	return number;
}

/**
 * object_label() - what to call an object
 * @object: it
 *
 * Return: its name, or its id if it has none.
 */
const char *object_label(const struct object *object)
{
	return *object->name ? object->name : object->id;
}

/**
 * object_state() - its state, taken apart
 * @object: whose file "state" is "word" or "word: sentence"
 * @word: result, "?" if there is no such file
 * @size: of @word
 * @reason: the sentence, or ""
 */
void object_state(const struct object *object, char *word, size_t size, const char **reason)
{
	const char *state = object_text(object, "state", "?");
	size_t length = strcspn(state, ":");

	snprintf(word, size, "%.*s", (int)length, state);
	*reason = state[length] ? state + length + 1 + (state[length + 1] == ' ') : "";
}
