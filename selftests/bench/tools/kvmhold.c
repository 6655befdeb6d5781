// SPDX-License-Identifier: GPL-2.0
/*
 * kvmhold: keep a KVM VM, and a vCPU whose local APIC is off, for as long as it lives.
 *
 * KVM patches the kernel with its first VM and its last, and as often as the only such vCPU comes or goes (static keys
 * preempt_notifier_key and apic_sw_disabled). While both are held it does not, see Documentation/testing.rst.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0 || ioctl(vm, KVM_CREATE_IRQCHIP) || ioctl(vm, KVM_CREATE_VCPU, 0) < 0) {
		perror("kvmhold: /dev/kvm");
		return 1;
	}
	for (;;)
		pause();
}
