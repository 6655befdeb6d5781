/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shrinkers are allocated by the kernel, and have room for private data, since 6.7; before,
 * they are their owner's.
 */
#ifndef AEROSTAT_COMPAT_LINUX_SHRINKER_H
#define AEROSTAT_COMPAT_LINUX_SHRINKER_H

#include_next <linux/shrinker.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#include <linux/slab.h>

struct aero_compat_shrinker {
	struct shrinker shrinker;
	const char *name;
	void *private_data;
};

static inline struct shrinker *shrinker_alloc(unsigned int flags, const char *name)
{
	struct aero_compat_shrinker *compat = kzalloc(sizeof(*compat), GFP_KERNEL);

	if (!compat)
		return NULL;
	compat->shrinker.flags = flags;
	compat->shrinker.seeks = DEFAULT_SEEKS;
	compat->name = name;
	return &compat->shrinker;
}

static inline void **aero_shrinker_private(struct shrinker *shrinker)
{
	return &container_of(shrinker, struct aero_compat_shrinker, shrinker)->private_data;
}

static inline int aero_shrinker_register(struct shrinker *shrinker)
{
	return register_shrinker(shrinker, "%s",
				 container_of(shrinker, struct aero_compat_shrinker,
					      shrinker)->name);
}

static inline void aero_shrinker_abandon(struct shrinker *shrinker)
{
	kfree(container_of(shrinker, struct aero_compat_shrinker, shrinker));
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	aero_shrinker_abandon(shrinker);
}
#else
static inline void **aero_shrinker_private(struct shrinker *shrinker)
{
	return &shrinker->private_data;
}

static inline int aero_shrinker_register(struct shrinker *shrinker)
{
	shrinker_register(shrinker);
	return 0;
}

static inline void aero_shrinker_abandon(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#endif

#endif /* AEROSTAT_COMPAT_LINUX_SHRINKER_H */
