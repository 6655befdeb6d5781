// SPDX-License-Identifier: GPL-2.0
/*
 * Which KVM VM a channel belongs to: one of the process that maps the channel,
 * with a memslot for it. Everything else that a process can hold is not it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"
#include "fuse.h"

#define NO_KVM	"refused: no KVM VM of this process maps the channel"

static bool search_channel(struct vmm *vmm)
{
	vmm_init(vmm);
	return expect(!vmm_open_channel(vmm) && !vmm_map_channel(vmm), "no channel");
}

static bool search_vm(struct vmm *vmm, size_t ram_size)
{
	return expect(!vmm_create_vm(vmm) && !vmm_add_ram(vmm, ram_size, MAP_SHARED) &&
		      !vmm_plug_ram(vmm, 0), "no KVM VM");
}

/* The host looks again and again; it must not find more the second time. */
static void search_is_vain(struct vmm *vmm)
{
	if (!vmm->epoch)
		vmm_hello(vmm);
	check_state(vmm, NO_KVM, SOON);
	vmm_sleep(vmm, 1500);
	check_state(vmm, NO_KVM, 0);
	expect(!vmm_answered(vmm), "it is served all the same");
}

/**
 * case_no_kvm() - a process without any KVM VM
 */
void case_no_kvm(void)
{
	struct vmm vmm;

	if (search_channel(&vmm))
		search_is_vain(&vmm);
}

/**
 * case_not_plugged() - a KVM VM that does not show the channel to its guest, and then does
 */
void case_not_plugged(void)
{
	struct vmm vmm;

	if (!search_channel(&vmm) || !search_vm(&vmm, 16 * MiB))
		return;
	search_is_vain(&vmm);
	expect(!vmm_plug_channel(&vmm), "no memslot");
	check_state(&vmm, "active", SOON);
	expect(vmm_answered(&vmm), "not answered");
	expect(!vmm_send(&vmm, AERO_OP_INFLATE, 0, 64, SOON), "not inflated");
}

/**
 * case_second_vm() - three KVM VMs, of which the second has the channel
 */
void case_second_vm(void)
{
	struct vmm first, second, third;
	long long resident;

	vmm_init(&first);
	vmm_init(&third);
	if (!search_vm(&first, 8 * MiB) || !search_channel(&second) ||
	    !search_vm(&second, 24 * MiB) || !search_vm(&third, 48 * MiB) ||
	    !expect(!vmm_plug_channel(&second), "no memslot"))
		return;
	vmm_touch(&first, 0, first.ram_size / AERO_PAGE_SIZE);
	vmm_touch(&third, 0, 16 * MiB_PAGES);
	resident = vmm_resident(&first) + vmm_resident(&third);
	check_serves(&second);
	expect(!vmm_send(&second, AERO_OP_INFLATE, 0, 64, SOON), "not inflated");
	expect(vmm_resident(&first) + vmm_resident(&third) == resident,
	       "the memory of another VM was freed");
}

/**
 * case_foreign_vm() - another process's KVM VM with the channel's very address in a memslot
 */
void case_foreign_vm(void)
{
	struct vmm vmm, foreign;
	int sockets[2];
	pid_t child;
	char byte;

	if (!expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "no sockets") ||
	    !search_channel(&vmm))
		return;
	child = fork();
	if (!child) {
		void *map = mmap(vmm.channel, AERO_CHANNEL_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		close(sockets[0]);
		vmm_init(&foreign);
		expect(map == vmm.channel, "the child has the channel");
		foreign.channel = map;
		if (search_vm(&foreign, 16 * MiB))
			expect(!vmm_plug_channel(&foreign), "no memslot");
		check_send_fd(sockets[1], foreign.vm);
		while (read(sockets[1], &byte, 1) > 0)
			;
		exit(check_failed());
	}
	close(sockets[1]);
	expect(check_receive_fd(sockets[0]) >= 0, "no VM");
	search_is_vain(&vmm);
	close(sockets[0]);
	expect(!check_child(child), "the other process");
	/* Its mm is gone, its VM lives on here. */
	search_is_vain(&vmm);
	/* And behind it in the table is the right one. */
	if (search_vm(&vmm, 16 * MiB) && expect(!vmm_plug_channel(&vmm), "no memslot"))
		check_serves(&vmm);
}

static void search_make_fake(const char *dir, const char *kind, mode_t mode, dev_t dev)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, kind);
	expect(!mkdir(path, 0755), "mkdir %s", path);
	snprintf(path, sizeof(path), "%s/%s/kvm-vm", dir, kind);
	expect(!mknod(path, mode | 0644, dev), "mknod %s", path);
	expect(open(path, O_RDWR) >= 0, "open %s", path);
}

/**
 * case_fakes() - files of all kinds that are called kvm-vm
 *
 * Their private_data is no struct kvm: NULL, a pipe, a channel, something of FUSE's.
 */
void case_fakes(void)
{
	char dir[] = "/run/kvm-vm-XXXXXX", path[64];
	struct vmm vmm;
	struct stat st;

	if (!expect(mkdtemp(dir), "mkdtemp") || !search_channel(&vmm) ||
	    !expect(!fstat(vmm.channel_fd, &st), "fstat"))
		return;
	search_make_fake(dir, "file", S_IFREG, 0);
	search_make_fake(dir, "pipe", S_IFIFO, 0);
	search_make_fake(dir, "channel", S_IFCHR, st.st_rdev);
	search_make_fake(dir, "null", S_IFCHR, makedev(1, 3));
	expect(memfd_create("kvm-vm", 0) >= 0, "memfd_create");
	snprintf(path, sizeof(path), "%s/fuse", dir);
	if (expect(!mkdir(path, 0755) && !fuse_mount(path), "no FUSE")) {
		snprintf(path, sizeof(path), "%s/fuse/kvm-vm", dir);
		expect(open(path, O_RDONLY) >= 0, "open %s", path);
	}
	search_is_vain(&vmm);
	/* The right one is behind all of them. */
	if (search_vm(&vmm, 16 * MiB) && expect(!vmm_plug_channel(&vmm), "no memslot"))
		check_serves(&vmm);
	snprintf(path, sizeof(path), "%s/fuse", dir);
	fuse_unmount(path);
}

static void *search_from_thread(void *leader)
{
	struct vmm vmm;

	pthread_join(*(pthread_t *)leader, NULL);
	/* The leader is joined before the kernel has taken all it had. */
	usleep(200000);
	if (expect(!vmm_start(&vmm, 16 * MiB), "no VM"))
		check_serves(&vmm);
	exit(check_failed());
}

/**
 * case_leader_exits() - the thread that the process is named after has ended
 */
void case_leader_exits(void)
{
	static pthread_t leader;
	pthread_t thread;

	leader = pthread_self();
	if (expect(!pthread_create(&thread, NULL, search_from_thread, &leader), "no thread"))
		pthread_exit(NULL);
}
