// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat doctor: how much of the memory can go offline, and whether that helps.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "aerostat.h"

/* Less of all memory than that in movable blocks is worth a word. */
#define MOVABLE_PERCENT 25

/* Does the command line have this word, or one that begins so if it ends in '='? */
static bool boot_option(const char *cmdline, const char *option)
{
	size_t length = strlen(option);
	const char *at = cmdline;

	while ((at = strstr(at, option))) {
		bool begins = at == cmdline || at[-1] == ' ';

		if (begins && (option[length - 1] == '=' || strchr(" ", at[length])))
			return true;
		at += length;
	}
	return false;
}

/* The option, or what the kernel was built with, which Debian's package tells. */
static bool zeroes_pages(const char *cmdline)
{
	char release[128], path[PATH_MAX], *config;
	bool on;

	if (boot_option(cmdline, "init_on_alloc="))
		return boot_option(cmdline, "init_on_alloc=1");
	if (fs_line(release, sizeof(release), "/proc/sys/kernel/osrelease") ||
	    fs_path(path, "/boot/config-%s", release))
		return false;
	config = fs_read(path, NULL);
	on = config && strstr(config, "\nCONFIG_INIT_ON_ALLOC_DEFAULT_ON=y\n");
	free(config);
	return on;
}

static void check_options(struct report *report, const char *cmdline, bool host)
{
	/* It is the guest's kernel that makes the host fault pages in. */
	if (zeroes_pages(cmdline))
		report_add(report, host ? NOTE : WEAKENS, "boot options",
			   "boot guests with init_on_alloc=0 if that is acceptable there",
			   "init_on_alloc=1: a guest writes each page before its balloon gets it, and its host faults in what it then frees");
	if (host && boot_option(cmdline, "mem="))
		report_add(report, NOTE, "boot options", "boot without mem=, if that was not meant",
			   "mem= hides memory from the kernel; Aerostat counts only what it sees");
}

/* Pages that the zones of this name manage. */
static unsigned long long zone_pages(const char *zoneinfo, const char *zone, bool all)
{
	unsigned long long sum = 0;
	const char *at = zoneinfo;
	char name[32];

	while ((at = strstr(at, "Node "))) {
		const char *managed;

		if (sscanf(at, "Node %*d, zone %31s", name) == 1 &&
		    (all || !strcmp(name, zone))) {
			const char *next = strstr(at + 5, "Node ");

			managed = strstr(at, "managed ");
			if (managed && (!next || managed < next))
				sum += strtoull(managed + strlen("managed "), NULL, 10);
		}
		at += 5;
	}
	return sum;
}

static void check_zones(struct report *report, const char *cmdline)
{
	unsigned long long movable, all;
	char path[PATH_MAX], *zoneinfo;
	bool asked;

	if (fs_path(path, "/proc/zoneinfo"))
		return;
	zoneinfo = fs_read(path, NULL);
	if (!zoneinfo)
		return;
	movable = zone_pages(zoneinfo, "Movable", false);
	all = zone_pages(zoneinfo, NULL, true);
	free(zoneinfo);
	asked = boot_option(cmdline, "kernelcore=") || boot_option(cmdline, "movablecore=") ||
		boot_option(cmdline, "movable_node");
	if (!movable)
		report_add(report, STOPS, "zones",
			   "boot with kernelcore=4G (all beyond 4 GiB becomes movable) or movable_node",
			   "ZONE_MOVABLE is empty%s, so no memory block can be relied upon to go offline",
			   asked ? " although the kernel was asked for it" : "");
	else if (movable * 100 < all * MOVABLE_PERCENT)
		report_add(report, WEAKENS, "zones",
			   "boot with a smaller kernelcore= (4G is much for most hosts)",
			   "only %llu%% of the memory is in ZONE_MOVABLE; no more than that can go offline",
			   movable * 100 / all);
}

static void check_blocks(struct report *report, const struct model *model)
{
	struct blocks blocks;

	if (blocks_load(&blocks, model)) {
		report_add(report, STOPS, "memory blocks",
			   "use a kernel with CONFIG_MEMORY_HOTPLUG and CONFIG_MEMORY_HOTREMOVE, as distributions have",
			   "this kernel cannot take memory blocks offline");
		return;
	}
	if (blocks.nr && blocks.size > 1ULL << 30)
		report_add(report, NOTE, "memory blocks",
			   "nothing can be done: the kernel chooses it by the machine's memory",
			   "a memory block has %llu MiB, and only whole ones go offline",
			   blocks.size >> 20);
	if (blocks_count(&blocks, "?"))
		report_add(report, NOTE, "memory blocks", "run aerostat doctor as root",
			   "the state of %zu memory blocks cannot be read",
			   blocks_count(&blocks, "?"));
	blocks_free(&blocks);
}

/**
 * doctor_memory() - boot options, zones and memory blocks
 * @report: where to
 * @model: what could be read
 */
void doctor_memory(struct report *report, const struct model *model)
{
	bool guest_only = !model->has_host && model->guests.nr;
	char cmdline[4096];

	fs_line(cmdline, sizeof(cmdline), "/proc/cmdline");
	check_options(report, cmdline, !guest_only);
	/* In a guest memory goes to the host through the balloon, not offline. */
	if (guest_only)
		return;
	check_zones(report, cmdline);
	check_blocks(report, model);
}

/* SMBIOS: type 17 is a memory device, type 20 where it is mapped (DSP0134, 7.18 and 7.21). */
#define DMI_SIZE_AT		0x0c
#define DMI_POSITION_AT		0x11

static int dmi_devices(const char *dir, char **names, int nr)
{
	int i, populated = 0;

	for (i = 0; i < nr; i++) {
		char path[PATH_MAX];
		unsigned char *raw;
		size_t length;

		if (strncmp(names[i], "17-", 3) ||
		    snprintf(path, sizeof(path), "%s/%s/raw", dir, names[i]) >= PATH_MAX)
			continue;
		raw = (unsigned char *)fs_read(path, &length);
		if (raw && length > DMI_SIZE_AT + 1 && (raw[DMI_SIZE_AT] || raw[DMI_SIZE_AT + 1]))
			populated++;
		free(raw);
	}
	return populated;
}

/* Return: mapped devices that are interleaved; -1 if the firmware does not say. */
static int dmi_interleaved(const char *dir, char **names, int nr)
{
	int i, known = 0, interleaved = 0;

	for (i = 0; i < nr; i++) {
		char path[PATH_MAX];
		unsigned char *raw;
		size_t length;

		if (strncmp(names[i], "20-", 3) ||
		    snprintf(path, sizeof(path), "%s/%s/raw", dir, names[i]) >= PATH_MAX)
			continue;
		raw = (unsigned char *)fs_read(path, &length);
		/* 0: not interleaved, 0xff: unknown, else a position. */
		if (raw && length > DMI_POSITION_AT && raw[DMI_POSITION_AT] != 0xff) {
			known++;
			interleaved += !!raw[DMI_POSITION_AT];
		}
		free(raw);
	}
	return known ? interleaved : -1;
}

/**
 * doctor_interleaving() - does a memory block lie on one DIMM or on all?
 * @report: where to
 *
 * As the firmware says in its SMBIOS tables; only root may read them.
 */
void doctor_interleaving(struct report *report)
{
	static const char remedy[] =
		"switch channel and rank interleaving off in the firmware's setup (it costs bandwidth), or trust no watts but those of a power meter";
	char dir[PATH_MAX], **names;
	int nr, devices, interleaved;

	if (fs_path(dir, "/sys/firmware/dmi/entries"))
		return;
	nr = fs_list(dir, "", &names);
	if (nr < 0)
		nr = 0;
	devices = dmi_devices(dir, names, nr);
	interleaved = dmi_interleaved(dir, names, nr);
	fs_list_free(names, nr);
	if (interleaved > 0)
		report_add(report, WEAKENS, "interleaving", remedy,
			   "the firmware interleaves %d memory devices: an offline block is a slice of each, and none can power down",
			   interleaved);
	else if (interleaved < 0 && devices > 1)
		report_add(report, NOTE, "interleaving", remedy,
			   "the firmware does not say whether its %d memory devices are interleaved, and most machines' are",
			   devices);
	else if (interleaved < 0 && !devices)
		report_add(report, NOTE, "interleaving",
			   "run aerostat doctor as root; else see the firmware's setup",
			   "the firmware's tables of memory devices cannot be read here");
}
