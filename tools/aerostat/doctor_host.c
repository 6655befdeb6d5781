// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat doctor: the module, its device, and its sensors.
 */
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aerostat.h"

static void check_loadable(struct report *report)
{
	char lockdown[128];

	if (!fs_there("/dev/kvm"))
		report_add(report, STOPS, "kvm",
			   "switch virtualization on in the firmware's setup, and modprobe kvm_intel or kvm_amd",
			   "there is no /dev/kvm, and Aerostat finds VMs through KVM only");
	if (!fs_line(lockdown, sizeof(lockdown), "/sys/kernel/security/lockdown") &&
	    !strstr(lockdown, "[none]"))
		report_add(report, NOTE, "lockdown",
			   "sign the modules with a machine-owner key (mokutil --import), as DKMS does",
			   "the kernel is locked down (%s) and loads signed modules only", lockdown);
}

/* Group and others have no access: then only root's QEMU can open it. */
static void check_device(struct report *report)
{
	char path[PATH_MAX];
	const struct group *group;
	struct stat node;

	if (fs_path(path, DEVICE))
		return;
	if (stat(path, &node)) {
		report_add(report, STOPS, "device",
			   "see whether udevd or devtmpfs runs, and load aerostat_host again",
			   "the module is loaded, but there is no %s", DEVICE);
		return;
	}
	group = getgrgid(node.st_gid);
	if ((node.st_mode & 0006) == 0006)
		report_add(report, WEAKENS, "permissions",
			   "chmod 0660 /dev/aerostat, and let udev do so (tools/system/60-aerostat.rules)",
			   "anybody may read and write %s (mode %04o), and so be a VM", DEVICE,
			   node.st_mode & 07777);
	else if ((node.st_mode & 0060) != 0060 || !node.st_gid)
		report_add(report, WEAKENS, "permissions",
			   "install udev's rule tools/system/60-aerostat.rules, or chgrp kvm and chmod 0660 /dev/aerostat",
			   "only root can open %s (mode %04o, group %s), and QEMU seldom runs as root",
			   DEVICE, node.st_mode & 07777, group ? group->gr_name : "without a name");
}

static void check_reading(struct report *report, const struct model *model)
{
	const char *mode = object_text(&model->host, "mode", "");
	const char *state = object_text(&model->host, "state", "");

	if (!strcmp(mode, "off"))
		report_add(report, NOTE, "mode", "aerostat set host mode=auto (or manual)",
			   "the mode is off: nothing is taken from any VM");
	if (!strcmp(state, "blind"))
		report_add(report, STOPS, "sensors", "mend the sensors that are named below",
			   "no sensor can be believed, and what is held is kept");
	if (!strcmp(state, "futile"))
		report_add(report, WEAKENS, "state",
			   "look for another source of the heat, or lower pressure_limit",
			   "taking memory made VMs suffer and did not cool the sensors");
}

/**
 * doctor_module() - is it loaded, does this command know it, can VMs reach it?
 * @report: where to
 * @model: what could be read
 * @status: of reading it, see model_try()
 * @why: what it said
 */
void doctor_module(struct report *report, const struct model *model, int status, const char *why)
{
	if (status == STATUS_NO_MODULE && model->guests.nr)
		return;
	if (status == STATUS_NO_MODULE) {
		report_add(report, STOPS, "module",
			   "modprobe aerostat_host, or in a guest aerostat_guest; if there is none: make modules, insmod host/aerostat_host.ko",
			   "aerostat_host is not loaded");
	} else if (status == STATUS_VERSION) {
		report_add(report, STOPS, "module",
			   "install command and modules of one release, then load the modules again",
			   "%s", why);
	} else if (status) {
		report_add(report, STOPS, "permissions", "run aerostat doctor as root", "%s", why);
	}
	check_loadable(report);
	if (status == STATUS_OK) {
		check_device(report);
		check_reading(report, model);
	}
}

static void suggest(struct report *report)
{
	char dir[PATH_MAX], **names, found[256] = "";
	int i, nr;

	if (fs_path(dir, "/sys/class/hwmon"))
		return;
	nr = fs_list(dir, "hwmon", &names);
	for (i = 0; i < nr; i++) {
		char name[64];
		size_t used = strlen(found);

		if (!fs_there("/sys/class/hwmon/%s/temp1_input", names[i]) ||
		    fs_line(name, sizeof(name), "/sys/class/hwmon/%s/name", names[i]))
			continue;
		snprintf(found + used, sizeof(found) - used, "%s%s", used ? ", " : "", name);
	}
	fs_list_free(names, nr);
	report_add(report, WEAKENS, "sensors",
		   "aerostat set host sensor_add=\"hwmon CHIP temp1\" (or \"thermal ZONE\"), then aerostat set sensor-0 low=70C high=75C emergency=85C",
		   "no sensor is watched, so mode auto does nothing; chips with a temperature here: %s",
		   *found ? found : "none (modprobe jc42 or spd5118 for DIMMs, coretemp or k10temp for processors)");
}

/**
 * doctor_sensors() - are there sensors that can be believed and have thresholds?
 * @report: where to
 * @model: of a host
 */
void doctor_sensors(struct report *report, const struct model *model)
{
	size_t i;

	if (!model->sensors.nr)
		suggest(report);
	for (i = 0; i < model->sensors.nr; i++) {
		const struct object *sensor = &model->sensors.list[i];
		const char *reason;
		char word[64];

		object_state(sensor, word, sizeof(word), &reason);
		if (!strcmp(word, "faulty"))
			report_add(report, WEAKENS, "sensors",
				   "load the chip's driver, mend or replace it, or aerostat set host sensor_remove=sensor-<n>",
				   "%s (%s) is left out: %s", sensor->id, sensor->name,
				   *reason ? reason : "faulty");
		else if (!strcmp(word, "unset"))
			report_add(report, WEAKENS, "sensors",
				   "aerostat set sensor-<n> low=70C high=75C emergency=85C, with what its data sheet bears",
				   "%s (%s) has no thresholds and takes no part", sensor->id,
				   sensor->name);
	}
}
