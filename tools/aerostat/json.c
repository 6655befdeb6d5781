// SPDX-License-Identifier: GPL-2.0
/*
 * Objects as JSON: each attribute under its name in sysfs, in its unit there. By
 * json-c, which knows how to quote.
 */
#include <json-c/json.h>
#include <string.h>

#include "aerostat.h"

static struct json_object *json_value(const struct attr *attr)
{
	long long number;

	if (!attr->text)
		return NULL;
	if (parse_integer(attr->text, &number))
		return json_object_new_int64(number);
	return json_object_new_string(attr->text);
}

/**
 * json_of() - an object with all of its attributes
 * @object: it
 *
 * A state is taken apart: "state" is the word, "reason" the sentence. What cannot be
 * read is null, "unset" is null, too.
 *
 * Return: JSON, for json_print() or to become a part of more.
 */
struct json_object *json_of(const struct object *object)
{
	struct json_object *json = json_object_new_object();
	size_t i;

	json_object_object_add(json, "id", json_object_new_string(object->id));
	if (!strncmp(object->id, "vm-", 3)) {
		json_object_object_add(json, "name", *object->name ?
				       json_object_new_string(object->name) : NULL);
		json_object_object_add(json, "uuid", *object->uuid ?
				       json_object_new_string(object->uuid) : NULL);
	}
	for (i = 0; i < object->nr_attrs; i++) {
		const struct attr *attr = &object->attrs[i];

		if (!strcmp(attr->name, "state") && attr->text) {
			const char *reason;
			char word[64];

			object_state(object, word, sizeof(word), &reason);
			json_object_object_add(json, "state", json_object_new_string(word));
			json_object_object_add(json, "reason", *reason ?
					       json_object_new_string(reason) : NULL);
		} else if (attr->text && !strcmp(attr->text, "unset")) {
			json_object_object_add(json, attr->name, NULL);
		} else {
			json_object_object_add(json, attr->name, json_value(attr));
		}
	}
	return json;
}

/**
 * json_list() - objects as an array
 * @objects: them
 *
 * Return: JSON, for json_print() or to become a part of more.
 */
struct json_object *json_list(const struct objects *objects)
{
	struct json_object *json = json_object_new_array();
	size_t i;

	for (i = 0; i < objects->nr; i++)
		json_object_array_add(json, json_of(&objects->list[i]));
	return json;
}

/**
 * json_print() - print it, and let it go
 * @json: what the functions above return
 *
 * Return: an exit status.
 */
int json_print(struct json_object *json)
{
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
	return finish_stdout();
}
