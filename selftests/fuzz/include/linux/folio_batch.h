/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_FOLIO_BATCH_H
#define SHIM_LINUX_FOLIO_BATCH_H

#include <linux/fs.h>

#define SHIM_BATCH	2	/* small, that two are needed often */

struct folio {
	bool pinned;
};

struct folio_batch {
	unsigned int nr;
	struct folio *folios[SHIM_BATCH];
};

static inline void folio_batch_init(struct folio_batch *batch)
{
	batch->nr = 0;
}

static inline unsigned int folio_batch_count(const struct folio_batch *batch)
{
	return batch->nr;
}

static inline void folio_batch_release(struct folio_batch *batch)
{
	batch->nr = 0;
}

static inline long folio_nr_pages(const struct folio *folio)
{
	return 1;
}

unsigned int filemap_get_folios(struct address_space *mapping, pgoff_t *start, pgoff_t end,
				struct folio_batch *batch);
bool folio_maybe_dma_pinned(struct folio *folio);

#endif
