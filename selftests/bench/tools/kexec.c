// SPDX-License-Identifier: GPL-2.0
/*
 * kexec KERNEL INITRD COMMAND-LINE		load a kernel and go over to it, devices shut down first
 * kexec -p KERNEL INITRD COMMAND-LINE		load it for a crash (needs crashkernel= on the command line)
 *
 * KERNEL and INITRD may be block devices. Not kexec-tools: two system calls are all that a guest without a
 * distribution needs.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int crash = argc == 5 && !strcmp(argv[1], "-p");
	int kernel, initrd;

	if (argc != 4 + crash) {
		fputs("usage: kexec [-p] KERNEL INITRD COMMAND-LINE\n", stderr);
		return 2;
	}
	argv += crash;
	kernel = open(argv[1], O_RDONLY | O_CLOEXEC);
	initrd = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (kernel < 0 || initrd < 0) {
		perror("kexec: open");
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1, argv[3],
		    crash ? KEXEC_FILE_ON_CRASH : 0) < 0) {
		perror("kexec: kexec_file_load");
		return 1;
	}
	if (crash)
		return 0;
	sync();
	reboot(LINUX_REBOOT_CMD_KEXEC);
	perror("kexec: reboot");
	return 1;
}
