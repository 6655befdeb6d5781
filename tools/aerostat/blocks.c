// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat blocks: the host's memory blocks, a character each.
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "aerostat.h"

#define LINE_BLOCKS 64

static char block_state(const char *name)
{
	char state[32], zones[64];

	if (fs_line(state, sizeof(state), MEMORY "/%s/state", name))
		return '?';
	if (!strcmp(state, "offline"))
		return '.';
	if (!strcmp(state, "going-offline"))
		return '~';
	fs_line(zones, sizeof(zones), MEMORY "/%s/valid_zones", name);
	return !strncmp(zones, "Movable", 7) ? 'm' : 'o';
}

/* memory<n>/node<m> is a link. */
static int block_node(const char *name)
{
	char path[PATH_MAX], **names;
	int nr, node = -1;

	if (fs_path(path, MEMORY "/%s", name))
		return -1;
	nr = fs_list(path, "node", &names);
	if (nr > 0)
		node = atoi(names[0] + 4);
	fs_list_free(names, nr);
	return node;
}

/* A domain is a range of physical addresses; so is a block, whose number says which. */
static int block_domain(const struct model *model, unsigned long long address)
{
	size_t i;

	for (i = 0; i < model->domains.nr; i++) {
		const struct object *domain = &model->domains.list[i];
		const char *from = object_text(domain, "start", NULL);
		unsigned long long start = from ? strtoull(from, NULL, 0) : 0;

		if (from && address >= start &&
		    address - start < (unsigned long long)object_value(domain, "size"))
			return i;
	}
	return -1;
}

/**
 * blocks_load() - read the state of all memory blocks
 * @blocks: result, for blocks_free() if 0 is returned
 * @model: whose domains they may be in
 *
 * Return: 0 or a negative errno.
 */
int blocks_load(struct blocks *blocks, const struct model *model)
{
	char path[PATH_MAX], **names, size[32];
	int i, nr;

	memset(blocks, 0, sizeof(*blocks));
	if (fs_path(path, MEMORY))
		return -ENAMETOOLONG;
	nr = fs_list(path, "memory", &names);
	if (nr < 0)
		return nr;
	if (!fs_line(size, sizeof(size), MEMORY "/block_size_bytes"))
		blocks->size = strtoull(size, NULL, 16);
	blocks->list = calloc(nr + 1, sizeof(*blocks->list));
	for (i = 0; blocks->list && i < nr; i++) {
		unsigned int id = strtoul(names[i] + strlen("memory"), NULL, 10);

		blocks->list[blocks->nr++] = (struct block) {
			.id = id,
			.node = block_node(names[i]),
			.domain = block_domain(model, id * blocks->size),
			.state = block_state(names[i]),
		};
	}
	fs_list_free(names, nr);
	return blocks->list ? 0 : -ENOMEM;
}

/**
 * blocks_free() - free what blocks_load() has filled
 * @blocks: its result
 */
void blocks_free(struct blocks *blocks)
{
	free(blocks->list);
	memset(blocks, 0, sizeof(*blocks));
}

/**
 * blocks_count() - how many blocks are in one of some states
 * @blocks: them
 * @states: letters
 *
 * Return: number.
 */
size_t blocks_count(const struct blocks *blocks, const char *states)
{
	size_t i, nr = 0;

	for (i = 0; i < blocks->nr; i++)
		nr += !!strchr(states, blocks->list[i].state);
	return nr;
}

static enum colour block_colour(char state)
{
	return state == '.' ? GREEN : state == 'm' ? YELLOW : state == 'o' ? PLAIN : RED;
}

static bool same_group(const struct block *a, const struct block *b)
{
	return a->domain == b->domain && (a->domain >= 0 || a->node == b->node);
}

static void print_heading(const struct block *block, const struct model *model)
{
	if (block->domain >= 0) {
		const struct object *domain = &model->domains.list[block->domain];
		const char *state = object_text(domain, "state", "");

		printf("%s%s%s %s %s%s%s\n", paint(BOLD), domain->id, paint(PLAIN), domain->name,
		       paint(state_colour(state)), state, paint(PLAIN));
	} else if (block->node >= 0) {
		printf("%snode %d%s\n", paint(BOLD), block->node, paint(PLAIN));
	}
}

static void print_group(const struct blocks *blocks, const struct block *first,
			const struct model *model)
{
	const struct block *last = first;
	unsigned int column = 0;
	size_t i;

	print_heading(first, model);
	for (i = 0; i < blocks->nr; i++) {
		const struct block *block = &blocks->list[i];

		if (!same_group(block, first))
			continue;
		/* A hole between two blocks begins a new line, as its end does. */
		if (column && (column == LINE_BLOCKS || last->id + 1 != block->id)) {
			printf("\n");
			column = 0;
		}
		if (!column)
			printf("%7u  ", block->id);
		else if (!(column % 8))
			printf(" ");
		printf("%s%c%s", paint(block_colour(block->state)), block->state, paint(PLAIN));
		last = block;
		column++;
	}
	printf("\n");
}

static void print_map(const struct blocks *blocks, const struct model *model)
{
	long long taken;
	char size[FORMAT_SIZE], off[FORMAT_SIZE];
	size_t i, j;

	for (i = 0; i < blocks->nr; i++) {
		for (j = 0; j < i; j++)
			if (same_group(&blocks->list[j], &blocks->list[i]))
				break;
		/* The first of its group. */
		if (j == i)
			print_group(blocks, &blocks->list[i], model);
	}
	printf("\n%zu blocks of %s: o online %zu, m online and movable %zu, . offline %zu (%s)",
	       blocks->nr, format_bytes(size, blocks->size), blocks_count(blocks, "o"),
	       blocks_count(blocks, "m"), blocks_count(blocks, "."),
	       format_bytes(off, blocks_count(blocks, ".") * blocks->size));
	if (blocks_count(blocks, "~?"))
		printf(", ~ or ? changing %zu", blocks_count(blocks, "~?"));
	if (object_number(&model->host, "offline_blocks", &taken))
		printf("; %lld of them by Aerostat", taken);
	printf("\n");
}

static const char *state_word(char state)
{
	switch (state) {
	case '.':
		return "offline";
	case '~':
		return "going-offline";
	case '?':
		return "unknown";
	default:
		return "online";
	}
}

static int print_json(const struct blocks *blocks, const struct model *model)
{
	struct json_object *json = json_object_new_object(), *list = json_object_new_array();
	long long taken;
	size_t i;

	for (i = 0; i < blocks->nr; i++) {
		const struct block *block = &blocks->list[i];
		struct json_object *one = json_object_new_object();

		json_object_object_add(one, "id", json_object_new_int64(block->id));
		json_object_object_add(one, "state",
				       json_object_new_string(state_word(block->state)));
		json_object_object_add(one, "movable",
				       json_object_new_boolean(block->state == 'm'));
		json_object_object_add(one, "node", block->node < 0 ? NULL :
				       json_object_new_int(block->node));
		json_object_object_add(one, "domain", block->domain < 0 ? NULL :
			json_object_new_string(model->domains.list[block->domain].id));
		json_object_array_add(list, one);
	}
	json_object_object_add(json, "block_size_bytes", json_object_new_int64(blocks->size));
	json_object_object_add(json, "taken", object_number(&model->host, "offline_blocks",
							    &taken) ?
			       json_object_new_int64(taken) : NULL);
	json_object_object_add(json, "blocks", list);
	return json_print(json);
}

/**
 * cmd_blocks() - aerostat blocks
 * @argc: none
 * @argv: none
 *
 * Return: an exit status.
 */
int cmd_blocks(int argc, char **argv)
{
	struct blocks blocks;
	struct model model;
	int err, status;

	(void)argc;
	(void)argv;
	status = model_load_host(&model);
	if (status)
		return status;
	err = blocks_load(&blocks, &model);
	if (err || !blocks.nr) {
		complain("this kernel shows no memory blocks in %s (%s): it needs CONFIG_MEMORY_HOTPLUG and CONFIG_MEMORY_HOTREMOVE",
			 MEMORY, strerror(err ? -err : ENOENT));
		status = STATUS_FAILED;
	} else if (options.json) {
		status = print_json(&blocks, &model);
	} else {
		print_map(&blocks, &model);
		status = finish_stdout();
	}
	if (!err)
		blocks_free(&blocks);
	model_free(&model);
	return status;
}
