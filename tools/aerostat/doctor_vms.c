// SPDX-License-Identifier: GPL-2.0
/*
 * aerostat doctor: the VMs that Aerostat knows, and the QEMUs that it does not.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "aerostat.h"

static const char ram_remedy[] =
	"start it with -object memory-backend-memfd,id=ram,size=...,share=on -machine memory-backend=ram (libvirt: <memoryBacking><source type='memfd'/><access mode='shared'/>)";

/**
 * doctor_vms() - what the module says of its VMs, and this machine's guest driver
 * @report: where to
 * @model: what could be read
 */
void doctor_vms(struct report *report, const struct model *model)
{
	const char *reason;
	char word[64];
	size_t i;

	for (i = 0; i < model->vms.nr; i++) {
		const struct object *vm = &model->vms.list[i];

		object_state(vm, word, sizeof(word), &reason);
		if (!strcmp(word, "active"))
			continue;
		report_add(report, !strcmp(word, "challenged") ? NOTE : WEAKENS, "VMs",
			   strstr(reason, "private memory") ? ram_remedy :
			   strstr(reason, "pinned") ?
			   "unplug the device that was passed through, or leave this VM alone" :
			   "do what the sentence says; aerostat watch shows when it is mended",
			   "%s (%s) is %s: %s", vm->id, object_label(vm), word, reason);
	}
	for (i = 0; i < model->guests.nr; i++) {
		const struct object *guest = &model->guests.list[i];

		object_state(guest, word, sizeof(word), &reason);
		if (!strcmp(word, "host-broken"))
			report_add(report, STOPS, "guest driver",
				   "see the kernel log, and install modules of one release on host and guest",
				   "%s: the host wrote something that makes no sense", guest->id);
		else if (!strcmp(word, "waiting"))
			report_add(report, WEAKENS, "guest driver",
				   "load aerostat_host on the host; its aerostat doctor says more",
				   "%s: the host has not answered", guest->id);
	}
}

/* What the arguments of a QEMU say. */
struct qemu {
	bool channel;
	bool shared;
	bool private;
	bool vfio;
	bool locked;
};

/* JSON, as libvirt writes it, and options, as people do. */
static bool says(const char *text, const char *option, const char *json)
{
	return strstr(text, option) || strstr(text, json);
}

static void see_argument(struct qemu *qemu, const char *text)
{
	if (strstr(text, "ivshmem"))
		qemu->channel = true;
	if (strstr(text, "vfio-pci") || strstr(text, "vhost-vdpa"))
		qemu->vfio = true;
	if (strstr(text, "mem-lock=on"))
		qemu->locked = true;
	/* The channel itself is such an object, too. */
	if (!strstr(text, "memory-backend-") || strstr(text, DEVICE))
		return;
	if (says(text, "share=off", "\"share\":false"))
		qemu->private = true;
	/* QEMU shares a memfd unless told otherwise, and nothing else. */
	else if (strstr(text, "memory-backend-memfd") || says(text, "share=on", "\"share\":true"))
		qemu->shared = true;
	else
		qemu->private = true;
}

static long long status_kib(pid_t pid, const char *field)
{
	char path[PATH_MAX], *status, *at;
	long long kib = 0;

	if (fs_path(path, "/proc/%d/status", pid))
		return 0;
	status = fs_read(path, NULL);
	at = status ? strstr(status, field) : NULL;
	if (at)
		kib = strtoll(at + strlen(field), NULL, 10);
	free(status);
	return kib;
}

static bool has_vfio(pid_t pid)
{
	char path[PATH_MAX], **names, to[64];
	bool found = false;
	int i, nr;

	if (fs_path(path, "/proc/%d/fd", pid))
		return false;
	nr = fs_list(path, "", &names);
	for (i = 0; i < nr && !found; i++) {
		char link[PATH_MAX];

		if (snprintf(link, sizeof(link), "%s/%s", path, names[i]) < PATH_MAX &&
		    fs_last_part(to, sizeof(to), link))
			found = !strncmp(to, "vfio", 4) || strstr(to, "vhost-vdpa");
	}
	fs_list_free(names, nr);
	return found;
}

static bool known_vm(const struct model *model, pid_t pid)
{
	size_t i;

	for (i = 0; i < model->vms.nr; i++)
		if (object_value(&model->vms.list[i], "pid") == pid)
			return true;
	return false;
}

static void check_qemu(struct report *report, const struct model *model, pid_t pid,
		       const struct qemu *qemu, const char *name)
{
	bool known = known_vm(model, pid);

	/* Of those that it knows the module itself says so. */
	if (!known && !qemu->channel)
		report_add(report, WEAKENS, "VMs",
			   "add a channel: -object memory-backend-file,id=aero,mem-path=/dev/aerostat,size=1M,share=on -device ivshmem-plain,memdev=aero, or aerostatd's",
			   "QEMU %d (%s) has no channel, and nothing can be taken from it", pid,
			   name);
	if (!known && !qemu->shared)
		report_add(report, WEAKENS, "RAM backends", ram_remedy,
			   "QEMU %d (%s) has private RAM, which no module can give back", pid, name);
	else if (qemu->shared && qemu->private)
		report_add(report, WEAKENS, "RAM backends", ram_remedy,
			   "part of the RAM of QEMU %d (%s) is private", pid, name);
	if (qemu->vfio || has_vfio(pid) || status_kib(pid, "VmPin:") > 0)
		report_add(report, WEAKENS, "pinned VMs",
			   "unplug the device that was passed through (VFIO, vDPA), or leave this VM alone",
			   "the RAM of QEMU %d (%s) is pinned by a device, and none of it can be taken",
			   pid, name);
	if (qemu->locked)
		report_add(report, WEAKENS, "pinned VMs",
			   "start it without -overcommit mem-lock=on (libvirt: <locked/>)",
			   "QEMU %d (%s) locks its RAM, and what it touches comes back at once", pid,
			   name);
}

static void check_process(struct report *report, const struct model *model, pid_t pid)
{
	char *arguments, program[64], name[160], uuid[40];
	struct qemu qemu = { };
	const char *slash;
	size_t length, at;

	arguments = process_arguments(pid, &length);
	if (!arguments)
		return;
	slash = strrchr(arguments, '/');
	snprintf(program, sizeof(program), "%s", slash ? slash + 1 : arguments);
	if (length && (!strncmp(program, "qemu-system-", 12) || !strcmp(program, "qemu-kvm") ||
		       !strcmp(program, "kvm"))) {
		for (at = 0; at < length; at += strlen(arguments + at) + 1)
			see_argument(&qemu, arguments + at);
		vmname_find(pid, name, sizeof(name), uuid, sizeof(uuid));
		check_qemu(report, model, pid, &qemu, *name ? name : "without a name");
	}
	free(arguments);
}

/**
 * doctor_processes() - RAM backends and pinned memory of the QEMUs that run here
 * @report: where to
 * @model: what could be read
 */
void doctor_processes(struct report *report, const struct model *model)
{
	char dir[PATH_MAX], **names;
	int i, nr;

	if (fs_path(dir, "/proc"))
		return;
	nr = fs_list(dir, "", &names);
	for (i = 0; i < nr; i++)
		if (*names[i] >= '1' && *names[i] <= '9')
			check_process(report, model, atoi(names[i]));
	fs_list_free(names, nr);
}
