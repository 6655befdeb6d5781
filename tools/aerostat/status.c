// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat status: one screen.
 */
#include <json-c/json.h>
#include <string.h>

#include "aerostat.h"
#include "tables.h"

#define BAR_WIDTH 30

/* What the words of host/state mean; of the sysfs-class-aerostat document. */
static const char *state_meaning(const char *state)
{
	static const char * const meanings[][2] = {
		{ "idle", "nothing is held and nothing asked for" },
		{ "holding", "what is held is kept" },
		{ "taking", "more is asked for" },
		{ "emergency", "all there is is asked for, at full rate" },
		{ "giving", "memory goes back" },
		{ "blind", "no sensor can be believed; what is held is kept" },
		{ "futile", "VMs suffer, and it did not help: nothing is taken for a while" },
		{ "pressed", "more would be taken, but the VMs suffer too much" },
	};
	size_t i;

	for (i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (!strcmp(state, meanings[i][0]))
			return meanings[i][1];
	return "a state that this command does not know";
}

/* The sensor that asks for most, as the level is the worst one's. */
static const struct object *worst_sensor(const struct model *model, const char *level)
{
	size_t i;

	for (i = 0; i < model->sensors.nr; i++)
		if (!strcmp(object_text(&model->sensors.list[i], "state", ""), level))
			return &model->sensors.list[i];
	return NULL;
}

static void print_why(const struct model *model)
{
	const char *level = object_text(&model->host, "level", "none");
	const struct object *sensor = worst_sensor(model, level);
	const char *mode = object_text(&model->host, "mode", "");
	char value[FORMAT_SIZE];

	if (!strcmp(mode, "off"))
		printf("because   the mode is off: aerostat set host mode=auto (or manual)\n");
	else if (!strcmp(mode, "manual"))
		printf("because   the mode is manual, and the target %s\n",
		       format_attr_bytes(value, &model->host, "reclaim_target_bytes"));
	else if (sensor)
		printf("because   %s (%s) reads %s: %s\n", sensor->id, sensor->name,
		       format_reading(value, sensor, "value"), level);
	else if (!strcmp(level, "none") && !strcmp(mode, "balance"))
		printf("because   the mode is balance: VMs give for each other; no sensor takes part\n");
	else if (!strcmp(level, "none"))
		printf("because   no sensor takes part: none is watched, has thresholds and is believed\n");
}

static void print_amount(const char *label, long long bytes, long long most, const char *more)
{
	char text[FORMAT_SIZE], whole[FORMAT_SIZE], bar[BAR_WIDTH + 1];

	format_bar(bar, BAR_WIDTH, bytes, most);
	printf("%-9s %s %s of %s%s\n", label, bar, format_bytes(text, bytes),
	       format_bytes(whole, most), more);
}

static void print_domain(const struct object *domain)
{
	const char *state = object_text(domain, "state", "?");
	char off[FORMAT_SIZE], all[FORMAT_SIZE];

	printf("%-9s %s%s%s: %s of %s offline (%s)\n", domain->id, paint(state_colour(state)), state,
	       paint(PLAIN), format_attr_bytes(off, domain, "offline_bytes"),
	       format_attr_bytes(all, domain, "bytes"), domain->name);
}

static void print_host(const struct model *model)
{
	const struct object *host = &model->host;
	const char *state = object_text(host, "state", "?");
	long long size = 0, number;
	char text[FORMAT_SIZE], more[80] = "";
	size_t i;

	for (i = 0; i < model->vms.nr; i++)
		size += object_value(&model->vms.list[i], "size_bytes");
	printf("%sstate     %s%s%s: %s\n", paint(BOLD), paint(state_colour(state)), state,
	       paint(PLAIN), state_meaning(state));
	print_why(model);
	snprintf(more, sizeof(more), " of VMs' memory; target %s",
		 format_attr_bytes(text, host, "reclaim_target_bytes"));
	print_amount("reclaimed", object_value(host, "reclaimed_bytes"), size, more);
	*more = '\0';
	if (object_number(host, "offline_blocks", &number))
		snprintf(more, sizeof(more), " reclaimed; %lld memory blocks", number);
	print_amount("offline", object_value(host, "offline_bytes"),
		     object_value(host, "reclaimed_bytes"), more);
	if (object_number(host, "power_mw", &number))
		printf("power     %.1f W by the model\n", number / 1000.0);
	if (model->cooling.nr)
		printf("cooling   the thermal framework asks for state %s of %s\n",
		       object_text(&model->cooling.list[0], "cur_state", "?"),
		       object_text(&model->cooling.list[0], "max_state", "?"));
	for (i = 0; i < model->domains.nr; i++)
		print_domain(&model->domains.list[i]);
}

static void print_guest(const struct object *guest)
{
	const char *limits = object_text(guest, "limits", "none");
	char word[64], text[FORMAT_SIZE], floor[FORMAT_SIZE];
	const char *reason;

	object_state(guest, word, sizeof(word), &reason);
	printf("%sguest     %s%s%s driver at %s\n", paint(BOLD), paint(state_colour(word)), word,
	       paint(PLAIN), guest->id);
	print_amount("balloon", object_value(guest, "balloon_bytes"),
		     object_value(guest, "target_bytes"), " that the host asks for");
	printf("rate      %s a second\n", format_attr_bytes(text, guest, "rate_bytes"));
	printf("floor     %s stays available%s%s\n", format_attr_bytes(floor, guest, "floor_bytes"),
	       strcmp(limits, "none") ? "; limited by: " : "",
	       strcmp(limits, "none") ? limits : "");
}

static int print_json(const struct model *model)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "host", model->has_host ? json_of(&model->host) : NULL);
	json_object_object_add(json, "sensors", json_list(&model->sensors));
	json_object_object_add(json, "vms", json_list(&model->vms));
	json_object_object_add(json, "domains", json_list(&model->domains));
	json_object_object_add(json, "cooling",
			       model->cooling.nr ? json_of(&model->cooling.list[0]) : NULL);
	json_object_object_add(json, "guests", json_list(&model->guests));
	return json_print(json);
}

/**
 * cmd_status() - aerostat status
 * @argc: none
 * @argv: none
 *
 * Return: an exit status.
 */
int cmd_status(int argc, char **argv)
{
	struct model model;
	int status = model_load(&model);
	size_t i;

	(void)argc;
	(void)argv;
	if (status)
		return status;
	if (options.json) {
		status = print_json(&model);
		model_free(&model);
		return status;
	}
	if (model.has_host)
		print_host(&model);
	for (i = 0; i < model.guests.nr; i++)
		print_guest(&model.guests.list[i]);
	if (model.sensors.nr) {
		printf("\n");
		print_sensors(&model.sensors);
	}
	if (model.vms.nr) {
		printf("\n");
		print_vms(&model.vms);
	}
	model_free(&model);
	return finish_stdout();
}
