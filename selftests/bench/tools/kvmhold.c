// SPDX-License-Identifier: GPL-2.0
/*
 * kvmhold: keep a KVM VM for as long as it lives.
 *
 * With its last VM, and again with the next one, KVM patches the kernel. QEMU 7.2 can lose a processor then, see
 * Documentation/testing.rst.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0 || ioctl(kvm, KVM_CREATE_VM, 0) < 0) {
		perror("kvmhold: /dev/kvm");
		return 1;
	}
	for (;;)
		pause();
}
