// SPDX-License-Identifier: GPL-2.0
/*
 * kvmhold: keep a KVM VM for as long as it lives.
 *
 * KVM switches virtualization off on all processors with its last VM, and on again with the next one. QEMU 7.2's emulated
 * SVM now and then loses a processor there: the one that asked waits for the other's answer for ever.
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
