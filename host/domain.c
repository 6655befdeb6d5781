// SPDX-License-Identifier: GPL-2.0
/*
 * Power domains that a user names, as physical ranges.
 *
 * What hardware powers down as a whole is known to its maker only: a rank, a device, a
 * channel, often interleaved with others. Who knows it writes it to domain_add. The plan
 * then vacates the blocks of a domain together, and counts what that saves by the
 * domain's own figures where it has some.
 */

#include <linux/ctype.h>
#include <linux/idr.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "block_priv.h"
#include "host.h"
#include "sysfs.h"

static DEFINE_IDA(aero_domain_ids);

static void aero_domain_release(struct device *dev)
{
	struct aero_domain *domain = to_aero_domain(dev);

	ida_free(&aero_domain_ids, domain->id);
	kfree(domain);
}

static bool aero_domain_holds(const struct aero_domain *domain, u64 address)
{
	return address >= domain->start && address - domain->start < domain->size;
}

/**
 * __aero_domain_of() - what a block belongs to by the user's word
 * @blocks: blocks
 * @block: one of them, or about to be
 *
 * Context: aero_blocks.lock is held.
 * Return: the domain, or NULL.
 */
struct aero_domain *__aero_domain_of(struct aero_blocks *blocks, const struct aero_block *block)
{
	struct aero_domain *domain;

	lockdep_assert_held(&blocks->lock);
	list_for_each_entry(domain, &blocks->domains, node)
		if (aero_domain_holds(domain, PFN_PHYS(aero_block_pfn(block))))
			return domain;
	return NULL;
}

/* Which blocks belong to which domain, after domains have changed. */
static void __aero_domains_assign(struct aero_blocks *blocks)
{
	struct aero_block *block;

	lockdep_assert_held(&blocks->lock);
	list_for_each_entry(block, &blocks->list, node)
		block->domain = __aero_domain_of(blocks, block);
	blocks->kicked = true;
}

static bool aero_domain_name_ok(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (!isascii(*c) || (!isalnum(*c) && !strchr("_.-", *c)))
			return false;
	return *name && c - name < AERO_DOMAIN_NAME_MAX;
}

/* "START-END [NAME]"; @spec is written to. */
static int aero_domain_parse(struct aero_domain *domain, char *spec, u64 block_bytes)
{
	char *range = strsep(&spec, " \t"), *name = spec ? strim(spec) : "";
	char *start = strsep(&range, "-");
	u64 end;

	if (!range || kstrtou64(start, 16, &domain->start) || kstrtou64(range, 16, &end))
		return -EINVAL;
	domain->size = end - domain->start + 1;
	if (end < domain->start || !domain->size)
		return -EINVAL;
	if (!IS_ALIGNED(domain->start, block_bytes) || !IS_ALIGNED(domain->size, block_bytes))
		return -EINVAL;
	/* What those without a name are called is theirs. */
	if (*name && (!aero_domain_name_ok(name) || str_has_prefix(name, "domain-")))
		return -EINVAL;
	strscpy(domain->name, name, sizeof(domain->name));
	return 0;
}

/* Not yet in sysfs; put_device() frees it. */
static struct aero_domain *aero_domain_alloc(struct aero_blocks *blocks, const char *spec)
{
	struct aero_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	char *copy = kstrdup(spec, GFP_KERNEL);
	int err = -ENOMEM;

	if (!domain || !copy)
		goto free;
	domain->blocks = blocks;
	err = aero_domain_parse(domain, strim(copy), aero_pages_to_bytes(blocks->block_pages));
	if (err)
		goto free;
	domain->id = ida_alloc(&aero_domain_ids, GFP_KERNEL);
	if (domain->id < 0) {
		err = domain->id;
		goto free;
	}
	kfree(copy);
	if (!*domain->name)
		snprintf(domain->name, sizeof(domain->name), "domain-%d", domain->id);
	device_initialize(&domain->dev);
	domain->dev.class = &aero_class;
	domain->dev.groups = aero_domain_groups;
	domain->dev.release = aero_domain_release;
	err = dev_set_name(&domain->dev, "domain-%d", domain->id);
	if (err) {
		put_device(&domain->dev);
		return ERR_PTR(err);
	}
	return domain;
free:
	kfree(copy);
	kfree(domain);
	return ERR_PTR(err);
}

static void __aero_domain_totals(struct aero_domain *domain, struct aero_domain_totals *totals)
{
	struct aero_blocks *blocks = domain->blocks;
	struct aero_block *block;

	lockdep_assert_held(&blocks->lock);
	*totals = (struct aero_domain_totals){ };
	list_for_each_entry(block, &blocks->list, node) {
		if (!aero_domain_holds(domain, PFN_PHYS(aero_block_pfn(block))))
			continue;
		totals->pages += blocks->block_pages;
		if (aero_block_offline(block))
			totals->offline_pages += blocks->block_pages;
	}
}

/* May it be added? */
static int aero_domain_check(struct aero_blocks *blocks, struct aero_domain *domain)
{
	struct aero_domain_totals totals;
	struct aero_domain *other;
	unsigned int nr = 0;

	lockdep_assert_held(&blocks->domains_lock);
	mutex_lock(&blocks->lock);
	__aero_domain_totals(domain, &totals);
	mutex_unlock(&blocks->lock);
	if (aero_pages_to_bytes(totals.pages) != domain->size)
		return -ENXIO;
	list_for_each_entry(other, &blocks->domains, node) {
		if (aero_domain_holds(other, domain->start) ||
		    aero_domain_holds(domain, other->start) || !strcmp(other->name, domain->name))
			return -EEXIST;
		nr++;
	}
	return nr < AERO_DOMAINS_MAX ? 0 : -ENOSPC;
}

/**
 * aero_domains_add() - memory that is one power domain
 * @blocks: blocks
 * @spec: "START-END [NAME]": addresses of the first and the last byte, hexadecimal, as in
 *	/proc/iomem
 *
 * Context: Takes aero_blocks.domains_lock, aero_blocks.lock.
 * Return: 0, -EINVAL if it makes no sense or the range does not consist of whole memory
 * blocks, -ENXIO if there is not memory everywhere in it, -EEXIST if it overlaps another
 * domain or has its name, -ENOSPC if there are too many, or -ENOMEM.
 */
int aero_domains_add(struct aero_blocks *blocks, const char *spec)
{
	struct aero_domain *domain = aero_domain_alloc(blocks, spec);
	int err;

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	mutex_lock(&blocks->domains_lock);
	err = aero_domain_check(blocks, domain);
	/* Only now: what is refused never shows in sysfs, nor to udev. */
	if (!err)
		err = device_add(&domain->dev);
	if (!err) {
		mutex_lock(&blocks->lock);
		list_add_tail(&domain->node, &blocks->domains);
		__aero_domains_assign(blocks);
		mutex_unlock(&blocks->lock);
	}
	mutex_unlock(&blocks->domains_lock);
	if (err)
		put_device(&domain->dev);
	return err;
}

static void __aero_domain_del(struct aero_blocks *blocks, struct aero_domain *domain)
{
	lockdep_assert_held(&blocks->domains_lock);
	mutex_lock(&blocks->lock);
	list_del(&domain->node);
	__aero_domains_assign(blocks);
	mutex_unlock(&blocks->lock);
}

/**
 * aero_domains_remove() - memory that is no power domain any more
 * @blocks: blocks
 * @name: "domain-<id>"
 *
 * What is offline of it stays so for as long as it may.
 *
 * Context: Takes aero_blocks.domains_lock, aero_blocks.lock.
 * Return: 0, or -ENOENT.
 */
int aero_domains_remove(struct aero_blocks *blocks, const char *name)
{
	struct aero_domain *domain, *found = NULL;

	mutex_lock(&blocks->domains_lock);
	list_for_each_entry(domain, &blocks->domains, node)
		if (sysfs_streq(dev_name(&domain->dev), name))
			found = domain;
	if (found)
		__aero_domain_del(blocks, found);
	mutex_unlock(&blocks->domains_lock);
	if (!found)
		return -ENOENT;
	/* Its files may be waiting for the locks. */
	device_unregister(&found->dev);
	return 0;
}

/**
 * aero_domains_clear() - no domain is left
 * @blocks: blocks, of which nobody can add any
 */
void aero_domains_clear(struct aero_blocks *blocks)
{
	struct aero_domain *domain, *next;

	list_for_each_entry_safe(domain, next, &blocks->domains, node) {
		mutex_lock(&blocks->domains_lock);
		__aero_domain_del(blocks, domain);
		mutex_unlock(&blocks->domains_lock);
		device_unregister(&domain->dev);
	}
}

/**
 * aero_domains_set_default() - power of memory whose domain has no figures
 * @blocks: blocks
 * @power: figures, checked
 */
void aero_domains_set_default(struct aero_blocks *blocks, const struct aero_power_params *power)
{
	mutex_lock(&blocks->lock);
	blocks->power = *power;
	mutex_unlock(&blocks->lock);
}

static u64 aero_domain_mw(const struct aero_power_params *power,
			  const struct aero_domain_totals *totals)
{
	return aero_power_mw(power, aero_pages_to_bytes(totals->pages - totals->offline_pages),
			     aero_pages_to_bytes(totals->offline_pages));
}

/**
 * aero_domains_mw() - what all memory draws, by the model
 * @blocks: blocks
 * @power: figures for what has none of its own
 *
 * Context: Takes aero_blocks.lock.
 * Return: milliwatts.
 */
u64 aero_domains_mw(struct aero_blocks *blocks, const struct aero_power_params *power)
{
	struct aero_domain_totals others = { };
	struct aero_domain *domain;
	struct aero_block *block;
	u64 mw = 0;

	mutex_lock(&blocks->lock);
	list_for_each_entry(domain, &blocks->domains, node)
		domain->sums = others;
	list_for_each_entry(block, &blocks->list, node) {
		struct aero_domain_totals *sums = &others;

		if (block->domain && block->domain->has_power)
			sums = &block->domain->sums;
		sums->pages += blocks->block_pages;
		if (aero_block_offline(block))
			sums->offline_pages += blocks->block_pages;
	}
	list_for_each_entry(domain, &blocks->domains, node)
		mw += aero_domain_mw(&domain->power, &domain->sums);
	mutex_unlock(&blocks->lock);
	return mw + aero_domain_mw(power, &others);
}

/**
 * aero_domain_totals() - count a domain's memory
 * @domain: domain
 * @totals: result
 *
 * Context: Takes aero_blocks.lock.
 */
void aero_domain_totals(struct aero_domain *domain, struct aero_domain_totals *totals)
{
	mutex_lock(&domain->blocks->lock);
	__aero_domain_totals(domain, totals);
	mutex_unlock(&domain->blocks->lock);
}

/**
 * aero_domain_power() - figures of a domain's memory
 * @domain: domain
 * @power: result: its own, or the host's
 */
void aero_domain_power(struct aero_domain *domain, struct aero_power_params *power)
{
	mutex_lock(&domain->blocks->lock);
	*power = domain->has_power ? domain->power : domain->blocks->power;
	mutex_unlock(&domain->blocks->lock);
}

/**
 * aero_domain_set_power() - give a domain figures of its own
 * @domain: domain
 * @power: figures
 *
 * Return: 0, or what aero_power_check() says of them.
 */
int aero_domain_set_power(struct aero_domain *domain, const struct aero_power_params *power)
{
	int err = aero_power_check(power);

	if (err)
		return err;
	mutex_lock(&domain->blocks->lock);
	domain->has_power = true;
	domain->power = *power;
	mutex_unlock(&domain->blocks->lock);
	return 0;
}
