// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat sensors
 */
#include <string.h>

#include "aerostat.h"
#include "tables.h"

#define BAR_WIDTH 24

/**
 * print_sensors() - a table of sensors
 * @sensors: them
 */
void print_sensors(const struct objects *sensors)
{
	size_t i;

	if (!sensors->nr)
		return;
	printf("%s%-10s %-28s %9s %9s %9s %9s  %-*s %s%s\n", paint(BOLD), "SENSOR", "SOURCE",
	       "VALUE", "LOW", "HIGH", "EMERGENCY", BAR_WIDTH, "", "STATE", paint(PLAIN));
	for (i = 0; i < sensors->nr; i++) {
		const struct object *sensor = &sensors->list[i];
		char word[64], value[FORMAT_SIZE], low[FORMAT_SIZE], high[FORMAT_SIZE];
		char emergency[FORMAT_SIZE], bar[BAR_WIDTH + 1];
		const char *reason;

		object_state(sensor, word, sizeof(word), &reason);
		sensor_bar(sensor, bar, BAR_WIDTH);
		printf("%-10s %-28s %9s %9s %9s %9s  %s %s%s%s%s%s\n", sensor->id, sensor->name,
		       format_reading(value, sensor, "value"),
		       format_reading(low, sensor, "low"), format_reading(high, sensor, "high"),
		       format_reading(emergency, sensor, "emergency"), bar,
		       paint(state_colour(word)), word, paint(PLAIN), *reason ? ": " : "",
		       reason);
	}
}

/**
 * cmd_sensors() - aerostat sensors
 * @argc: none
 * @argv: none
 *
 * Return: an exit status.
 */
int cmd_sensors(int argc, char **argv)
{
	struct model model;
	int status = model_load_host(&model);

	(void)argc;
	(void)argv;
	if (status)
		return status;
	if (options.json) {
		status = json_print(json_list(&model.sensors));
	} else {
		if (!model.sensors.nr)
			printf("no sensor is watched; aerostat set host sensor_add=\"hwmon CHIP temp1\" adds one\n");
		print_sensors(&model.sensors);
		status = finish_stdout();
	}
	model_free(&model);
	return status;
}
