/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables that more than one subcommand prints.
 */
#ifndef AEROSTAT_TABLES_H
#define AEROSTAT_TABLES_H

struct objects;

void print_vms(const struct objects *vms);
void print_sensors(const struct objects *sensors);

#endif /* AEROSTAT_TABLES_H */
