# SPDX-License-Identifier: GPL-2.0
#
# Verbs for people; what is built stands in the Kbuild files.

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr
DESTDIR ?=
INSTALL ?= install
# The version stands in debian/changelog and nowhere else.
version = $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
# TESTS may hold regular expressions.
tests = $(foreach test,$(TESTS),'$(test)')

all: modules tools

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# The user's own programs, and those that tests need.
tools:
	$(MAKE) -C tools
	$(MAKE) -C selftests

# The modules in versions of the ABI that there are not yet, for selftests/abi.sh.
abi-versions:
	$(MAKE) -C selftests/abi KDIR=$(KDIR)

# Policies for selftests/selinux.sh.
selinux-policy:
	$(MAKE) -C selftests/selinux

# For the kernel of KDIR, and what is needed besides. Only the host's and the guest's module: those of the tests stay here.
install: install-modules
	$(MAKE) -C tools install

install-modules:
	for module in host guest; do \
		$(MAKE) -C $(KDIR) M=$(CURDIR)/$$module modules && \
		$(MAKE) -C $(KDIR) M=$(CURDIR)/$$module INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=updates modules_install || exit; \
	done
	[ -n "$(DESTDIR)" ] || depmod $$(modinfo -F vermagic host/aerostat_host.ko | cut -d ' ' -f 1)

uninstall:
	$(MAKE) -C tools uninstall
	for dir in $(patsubst %/updates,%,$(wildcard $(DESTDIR)/lib/modules/*/updates)); do \
		$(RM) $$dir/updates/aerostat_host.ko* $$dir/updates/aerostat_guest.ko*; \
		[ -n "$(DESTDIR)" ] || depmod $${dir##*/}; \
	done

# One module's source, where DKMS looks for it: SOURCE=host or guest; then dkms install aerostat-host/VERSION.
source = $(DESTDIR)/usr/src/aerostat-$(SOURCE)-$(version)
install-source:
	$(if $(filter host guest,$(SOURCE)),,$(error SOURCE=host or SOURCE=guest))
	$(INSTALL) -d $(source)/$(SOURCE)
	$(INSTALL) -m 644 -t $(source)/$(SOURCE) $(SOURCE)/Kbuild $(SOURCE)/*.h \
		$(filter-out %.mod.c,$(wildcard $(SOURCE)/*.c))
	find common -name '*.h' -exec $(INSTALL) -D -m 644 {} $(source)/{} \;
	echo 'obj-y += $(SOURCE)/' >$(source)/Kbuild
	sed 's/#MODULE_VERSION#/$(version)/' $(SOURCE)/dkms.conf >$(source)/dkms.conf

# Packages, beside this directory. What it needs: apt build-dep ./
deb:
	@dpkg-checkbuilddeps || { echo 'first: apt build-dep ./' >&2; exit 1; }
	DEB_BUILD_OPTIONS="noautodbgsym $(DEB_BUILD_OPTIONS)" dpkg-buildpackage --build=binary --no-sign
	@echo; ls -1 ../aerostat-*_$(version)_*.deb

demo:
	selftests/demo/demo.sh

check:
	selftests/check.sh

# The host against a lying guest, in userspace.
fuzz:
	selftests/fuzz/run.sh $(DESCS)

check-more:
	selftests/check.sh $(or $(tests),$$(make -s -C selftests list-extended))

# Everything under KASAN, lockdep, kmemleak and KUnit, or some of it: TESTS="kunit.sh guest.sh:oom".
check-debug:
	selftests/check.sh --release debug $(or $(tests),$$(make -s -C selftests list-debug))

# Beside virtio-balloon and virtio-mem, and what it costs when nothing happens: RAM="huge/0 costs" picks.
bench:
	selftests/perf/bench.sh $(RAM)

# The same cases, repeated for as long as it takes to find what is rare.
soak:
	SOAK=1 selftests/check.sh $(or $(tests),hostile.sh endurance.sh)

# Every stock kernel that Debian ships today, each with its own compiler, and static analysis.
check-build:
	selftests/check-build.sh

# Packages are built and installed in Debian roots, used in an emulated host, and removed.
check-install:
	selftests/install.sh

# Each of these kernels as a host, with guests of each; PAIRS="testing/bookworm" picks.
check-matrix:
	selftests/matrix.sh $(if $(PAIRS),--pairs '$(PAIRS)') $(tests)

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	$(MAKE) -C tools clean
	$(MAKE) -C selftests clean
	$(MAKE) -C selftests/aerostatd clean
	$(MAKE) -C selftests/aerostat clean
	$(MAKE) -C selftests/abi clean
	$(MAKE) -C selftests/selinux clean
	$(MAKE) -C selftests/kunit clean
	$(MAKE) -C selftests/sim clean
	$(MAKE) -C selftests/fuzz clean

help:
	@echo 'make              modules and tools for the running kernel (KDIR=... for another)'
	@echo 'make install      install both (DESTDIR=, PREFIX=); make uninstall takes them away'
	@echo 'make deb          Debian packages: aerostat-host-dkms, aerostat-guest-dkms, aerostat-tools'
	@echo 'make demo         the whole cycle in an emulated host, with a chart; 4 minutes'
	@echo 'make check        unit tests, then selftests in an emulated host; 15 minutes'
	@echo 'make check-more   selftests that are longer or of interest to fewer changes (TESTS="fault.sh hotplug.sh")'
	@echo 'make check-debug  all selftests under KASAN, lockdep, kmemleak; hours (TESTS="kunit.sh guest.sh:oom")'
	@echo 'make bench        Aerostat beside virtio-balloon and virtio-mem, with a chart; an hour'
	@echo 'make soak         kills, resets, reloads, hostile guests, repeated; two hours'
	@echo 'make fuzz         10^8 descriptors of a lying guest (DESCS=...); some minutes'
	@echo 'make check-build  kernels 6.1, 6.12 and the newest; sparse; checkpatch'
	@echo 'make check-matrix every one of these kernels as host and as guest, 9 pairs; an hour (PAIRS="testing/bookworm")'
	@echo 'make check-install  packages in a fresh Debian 12: built, installed, used, removed; ten minutes'
	@echo 'make clean        remove what was built'

.PHONY: all modules tools abi-versions selinux-policy install install-modules install-source uninstall deb demo check check-more check-debug bench soak fuzz check-build check-matrix check-install clean help
