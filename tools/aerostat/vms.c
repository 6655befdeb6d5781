// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat vms
 */
#include <string.h>

#include "aerostat.h"
#include "tables.h"

static void print_cell(const char *text, int width, bool left)
{
	int pad = width - width_of(text);

	printf("%s%*s%s ", left ? text : "", pad > 0 ? pad : 0, "", left ? "" : text);
}

/**
 * print_vms() - a table of VMs
 * @vms: them, in order
 *
 * Below a VM whose state has a reason stands the reason.
 */
void print_vms(const struct objects *vms)
{
	static const char * const sizes[] = { "size_bytes", "balloon_bytes", "target_bytes",
					      "min_bytes", "working_set_bytes" };
	size_t i, j;

	if (!vms->nr)
		return;
	printf("%s%-7s %-20s %-11s %8s %8s %8s %8s %8s %7s %5s %5s%s\n", paint(BOLD), "VM",
	       "NAME", "STATE", "SIZE", "BALLOON", "TARGET", "MIN", "WORKING", "SHARES", "PRESS",
	       "IDLE", paint(PLAIN));
	for (i = 0; i < vms->nr; i++) {
		const struct object *vm = &vms->list[i];
		char word[64], text[FORMAT_SIZE];
		const char *reason;

		object_state(vm, word, sizeof(word), &reason);
		print_cell(vm->id, 7, true);
		print_cell(*vm->name ? vm->name : "-", 20, true);
		printf("%s", paint(state_colour(word)));
		print_cell(word, 11, true);
		printf("%s", paint(PLAIN));
		for (j = 0; j < sizeof(sizes) / sizeof(*sizes); j++)
			print_cell(format_attr_bytes(text, vm, sizes[j]), 8, false);
		print_cell(object_text(vm, "shares", "-"), 7, false);
		print_cell(format_permille(text, vm, "pressure"), 5, false);
		printf("%5s\n", format_permille(text, vm, "idle"));
		if (*reason)
			printf("        %s%s%s\n", paint(DIM), reason, paint(PLAIN));
	}
}

/**
 * cmd_vms() - aerostat vms
 * @argc: none
 * @argv: none
 *
 * Return: an exit status.
 */
int cmd_vms(int argc, char **argv)
{
	struct model model;
	int status = model_load_host(&model);

	(void)argc;
	(void)argv;
	if (status)
		return status;
	objects_sort(&model.vms, options.sort, false);
	if (options.json) {
		status = json_print(json_list(&model.vms));
	} else {
		if (!model.vms.nr)
			printf("no VM maps " DEVICE "; see \"Use it\" in the README, or aerostat doctor\n");
		print_vms(&model.vms);
		status = finish_stdout();
	}
	model_free(&model);
	return status;
}
