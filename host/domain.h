/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Power domains: ranges of memory that hardware powers down as a whole.
 */
#ifndef AEROSTAT_DOMAIN_H
#define AEROSTAT_DOMAIN_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/types.h>

#include "effect.h"
#include "power_model.h"

struct aero_blocks;

/* Longest name of a domain, with its terminating zero. */
#define AERO_DOMAIN_NAME_MAX	32
#define AERO_DOMAINS_MAX	256

/**
 * struct aero_domain_totals - a domain at one moment
 * @pages: memory that there is in it
 * @offline_pages: of that, offline, whoever did it
 */
struct aero_domain_totals {
	u64 pages;
	u64 offline_pages;
};

/**
 * struct aero_domain - memory that is one domain by the user's word
 * @dev: /sys/class/aerostat/domain-<id>; its release frees the domain
 * @id: number in its name
 * @blocks: what it is a part of
 * @start: physical address of its first byte; constant
 * @size: bytes; constant
 * @name: constant
 * @node: in aero_blocks.domains
 * @index: its place in a plan
 * @has_power: @power is the user's word; else the host's is valid
 * @power: of its memory
 * @effect: what it was seen to save
 * @others: pages offline that are not its own, at the last reading for @effect
 * @sensor: that this was of
 * @sums: room for aero_domains_mw() and aero_domains_learn()
 *
 * @node and what follows is protected by aero_blocks.lock.
 */
struct aero_domain {
	struct device dev;
	int id;
	struct aero_blocks *blocks;
	u64 start;
	u64 size;
	char name[AERO_DOMAIN_NAME_MAX];

	struct list_head node;
	unsigned int index;
	bool has_power;
	struct aero_power_params power;
	struct aero_effect effect;
	u64 others;
	int sensor;
	struct aero_domain_totals sums;
};

#define to_aero_domain(d)	container_of(d, struct aero_domain, dev)

int aero_domains_add(struct aero_blocks *blocks, const char *spec);
int aero_domains_remove(struct aero_blocks *blocks, const char *name);
void aero_domains_set_default(struct aero_blocks *blocks, const struct aero_power_params *power);
u64 aero_domains_mw(struct aero_blocks *blocks, const struct aero_power_params *power);
void aero_domain_totals(struct aero_domain *domain, struct aero_domain_totals *totals);
void aero_domain_power(struct aero_domain *domain, struct aero_power_params *power);
int aero_domain_set_power(struct aero_domain *domain, const struct aero_power_params *power);

/* domain_effect.c */
u32 __aero_domain_model(const struct aero_domain *domain);
u32 __aero_domain_saves(const struct aero_domain *domain);
u32 aero_domain_saves(struct aero_domain *domain);
void aero_domains_learn(struct aero_blocks *blocks, int sensor,
			const struct aero_effect_sample *reading);

#endif /* AEROSTAT_DOMAIN_H */
