/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory blocks of the host: vacated and taken offline, and brought back.
 */
#ifndef AEROSTAT_BLOCK_H
#define AEROSTAT_BLOCK_H

#include <linux/types.h>

struct aero_blocks;
struct aero_host;

/**
 * struct aero_block_totals - the host's memory blocks at one moment
 * @block_pages: size of one block
 * @nr: blocks that there are
 * @nr_offline: those that are offline, whoever did it
 * @nr_taken: those that this module took offline
 */
struct aero_block_totals {
	u64 block_pages;
	unsigned int nr;
	unsigned int nr_offline;
	unsigned int nr_taken;
};

struct aero_blocks *aero_blocks_create(struct aero_host *host);
void aero_blocks_destroy(struct aero_blocks *blocks);
void aero_blocks_set_reclaimed(struct aero_blocks *blocks, u64 demand, u64 held);
u64 aero_blocks_block_pages(const struct aero_blocks *blocks);
u64 aero_blocks_taken_pages(struct aero_blocks *blocks);
u64 aero_blocks_movable_pages(struct aero_blocks *blocks);
bool aero_blocks_returning(struct aero_blocks *blocks);
void aero_blocks_totals(struct aero_blocks *blocks, struct aero_block_totals *totals);
u64 aero_blocks_reserve(struct aero_blocks *blocks);
int aero_blocks_set_reserve(struct aero_blocks *blocks, u64 pages);
void aero_blocks_recall(struct aero_blocks *blocks, u64 pages);

#endif /* AEROSTAT_BLOCK_H */
