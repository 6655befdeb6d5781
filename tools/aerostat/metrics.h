/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AEROSTAT_METRICS_H
#define AEROSTAT_METRICS_H

/**
 * struct sensor_labels - what node_exporter calls a sensor
 * @chip: its label "chip" of hwmon metrics
 * @sensor: its label "sensor": "temp1"
 * @zone: its label "zone" of thermal zones: "0"
 * @type: its label "type" of thermal zones
 *
 * Empty is as good as absent, in labels.
 */
struct sensor_labels {
	char chip[128];
	char sensor[32];
	char zone[32];
	char type[64];
};

void sensor_labels_find(struct sensor_labels *labels, const char *source);

#endif /* AEROSTAT_METRICS_H */
