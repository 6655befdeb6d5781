// SPDX-License-Identifier: GPL-2.0
/*
 * kexec -l KERNEL INITRD COMMAND-LINE		load a kernel
 * kexec -e					go over to it, devices shut down first
 * kexec -p KERNEL INITRD COMMAND-LINE		load one for a crash (needs crashkernel= on the command line)
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

static int go_over(void)
{
	sync();
	reboot(LINUX_REBOOT_CMD_KEXEC);
	perror("kexec: reboot");
	return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int kernel, initrd;

	if (argc == 2 && !strcmp(what, "-e"))
		return go_over();
	if (argc != 5 || (strcmp(what, "-l") && strcmp(what, "-p"))) {
		fputs("usage: kexec -l|-p KERNEL INITRD COMMAND-LINE\n       kexec -e\n", stderr);
		return 2;
	}
	kernel = open(argv[2], O_RDONLY | O_CLOEXEC);
	initrd = open(argv[3], O_RDONLY | O_CLOEXEC);
	if (kernel < 0 || initrd < 0) {
		perror("kexec: open");
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[4]) + 1, argv[4],
		    strcmp(what, "-p") ? 0 : KEXEC_FILE_ON_CRASH) < 0) {
		perror("kexec: kexec_file_load");
		return 1;
	}
	return 0;
}
