# SPDX-License-Identifier: GPL-2.0
#
# Verbs for people; what is built stands in the Kbuild files.

KDIR ?= /lib/modules/$(shell uname -r)/build
# TESTS may hold regular expressions.
tests = $(foreach test,$(TESTS),'$(test)')

all: modules tools

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# The user's own programs, and those that tests need.
tools:
	$(MAKE) -C tools
	$(MAKE) -C selftests

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

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	$(MAKE) -C tools clean
	$(MAKE) -C selftests clean
	$(MAKE) -C selftests/aerostatd clean
	$(MAKE) -C selftests/aerostat clean
	$(MAKE) -C selftests/kunit clean
	$(MAKE) -C selftests/sim clean
	$(MAKE) -C selftests/fuzz clean

help:
	@echo 'make              modules and tools for the running kernel (KDIR=... for another)'
	@echo 'make demo         the whole cycle in an emulated host, with a chart; 4 minutes'
	@echo 'make check        unit tests, then selftests in an emulated host; 15 minutes'
	@echo 'make check-more   selftests that are longer or of interest to fewer changes (TESTS="fault.sh hotplug.sh")'
	@echo 'make check-debug  all selftests under KASAN, lockdep, kmemleak; hours (TESTS="kunit.sh guest.sh:oom")'
	@echo 'make bench        Aerostat beside virtio-balloon and virtio-mem, with a chart; an hour'
	@echo 'make soak         kills, resets, reloads, hostile guests, repeated; two hours'
	@echo 'make fuzz         10^8 descriptors of a lying guest (DESCS=...); some minutes'
	@echo 'make check-build  kernels 6.1, 6.12 and the newest; sparse; checkpatch'
	@echo 'make clean        remove what was built'

.PHONY: all modules tools demo check check-more check-debug bench soak fuzz check-build clean help
