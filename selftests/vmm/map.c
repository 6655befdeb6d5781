// SPDX-License-Identifier: GPL-2.0
/*
 * How a channel may be mapped: whole, shared, once, and not by pieces. No KVM VM
 * is needed for that.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/compiler.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"

#define SIZE	AERO_CHANNEL_SIZE

/* errno of a mapping that must fail; 0 when it does not. */
static int map_error(int fd, size_t size, int prot, int flags, off_t offset)
{
	void *map = mmap(NULL, size, prot, flags, fd, offset);

	if (map == MAP_FAILED)
		return errno;
	munmap(map, size);
	return 0;
}

/* The VM of an earlier mapping goes in the background; until then the file is busy. */
static void *map_patiently(int fd, int prot)
{
	void *map;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		map = mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED || errno != EBUSY)
			break;
		usleep(20000);
	}
	return map;
}

static bool in_core(void *map, size_t size)
{
	unsigned char resident[SIZE / AERO_PAGE_SIZE];

	return !mincore(map, size, resident);
}

/**
 * case_sizes() - what is not the whole channel is refused, and makes no VM
 */
void case_sizes(void)
{
	const int prot = PROT_READ | PROT_WRITE;
	int fd = open("/dev/aerostat", O_RDWR), other = open("/dev/aerostat", O_RDWR);
	int readable = open("/dev/aerostat", O_RDONLY);
	struct aero_header *header;
	char *map, *second;
	struct stat st;

	if (!expect(fd >= 0 && other >= 0 && readable >= 0, "/dev/aerostat"))
		return;
	expect(lseek(fd, 0, SEEK_END) == (off_t)SIZE, "lseek does not tell the size");
	expect(lseek(fd, SIZE + 1, SEEK_SET) < 0, "there is something behind the end");
	expect(!fstat(fd, &st) && st.st_size == (off_t)SIZE, "fstat does not tell the size");
	expect(ftruncate(fd, SIZE / 2) < 0, "it shrinks");
	expect(map_error(fd, SIZE / 2, prot, MAP_SHARED, 0) == EINVAL, "half a channel");
	expect(map_error(fd, SIZE - 4096, prot, MAP_SHARED, 0) == EINVAL, "a page less");
	expect(map_error(fd, SIZE + 4096, prot, MAP_SHARED, 0) == EINVAL, "a page more");
	expect(map_error(fd, SIZE * 2, prot, MAP_SHARED, 0) == EINVAL, "two channels");
	expect(map_error(fd, SIZE, prot, MAP_SHARED, 4096) == EINVAL, "an offset");
	expect(map_error(fd, SIZE, prot, MAP_SHARED, SIZE) == EINVAL, "an offset behind it");
	expect(map_error(fd, SIZE, prot, MAP_SHARED, INT64_MAX & -4096) != 0, "a huge offset");
	expect(map_error(fd, SIZE, prot, MAP_PRIVATE, 0) == EINVAL, "a private mapping");
	expect(map_error(readable, SIZE, PROT_READ, MAP_SHARED, 0) == EINVAL,
	       "a file that was opened for reading only");
	expect(map_error(readable, SIZE, prot, MAP_SHARED, 0) == EACCES,
	       "writing through a file that was opened for reading only");
	expect(!check_count(getpid()), "a refused mapping left a VM");

	map = mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);
	if (!expect(map != MAP_FAILED, "the right mapping is refused"))
		return;
	header = (struct aero_header *)map;
	expect(header->magic == AERO_MAGIC, "no magic");
	expect(header->abi_major == AERO_ABI_MAJOR, "another version");
	expect(header->channel_size == SIZE, "another size");
	expect(map_error(fd, SIZE, prot, MAP_SHARED, 0) == EBUSY, "mapped twice");
	for (size_t i = 0; i < SIZE; i += 4096)
		WRITE_ONCE(map[i], map[i]);

	second = mmap(NULL, SIZE, prot, MAP_SHARED, other, 0);
	expect(second != MAP_FAILED && !second[AERO_STATUS_OFFSET], "no second channel");
	map[AERO_DESC_OFFSET] = 1;
	expect(second != MAP_FAILED && !second[AERO_DESC_OFFSET], "channels share memory");

	expect(!munmap(map, SIZE), "it is not unmapped");
	map = map_patiently(fd, prot);
	expect(map != MAP_FAILED, "not mapped anew");
	close(fd);
	expect(map != MAP_FAILED && map[AERO_DESC_OFFSET] == 1, "the mapping needs its descriptor");
}

/**
 * case_protections() - mprotect() and dup() as for any shared memory
 */
void case_protections(void)
{
	int fd = open("/dev/aerostat", O_RDWR), copy = dup(fd), zero = open("/dev/zero", O_RDONLY);
	char *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);

	if (!expect(map != MAP_FAILED, "not mapped for reading"))
		return;
	expect(((struct aero_header *)map)->magic == AERO_MAGIC, "no magic");
	/* A fault that kills when it comes from here is an errno in the kernel. */
	expect(read(zero, map + AERO_DESC_OFFSET, 1) < 0 && errno == EFAULT, "it can be written");
	expect(mprotect(map, SIZE / 2, PROT_READ | PROT_WRITE) && errno == EINVAL,
	       "half of it is unprotected");
	expect(!mprotect(map, SIZE, PROT_READ | PROT_WRITE), "not unprotected");
	map[AERO_DESC_OFFSET] = 1;
	expect(!mprotect(map, SIZE, PROT_NONE) && !mprotect(map, SIZE, PROT_READ | PROT_WRITE),
	       "not taken away and given again");
	expect(map[AERO_DESC_OFFSET] == 1, "mprotect lost a page");

	close(fd);
	expect(map_error(copy, SIZE, PROT_READ, MAP_SHARED, 0) == EBUSY, "a dup() is a channel");
	usleep(100000);
	expect(map[AERO_DESC_OFFSET] == 1 && check_count(getpid()) == 1,
	       "closing one of two descriptors ends the VM");
	close(copy);
	usleep(100000);
	expect(check_count(getpid()) == 1, "the mapping needs its descriptors");
	expect(!munmap(map, SIZE), "it is not unmapped");
	check_gone(getpid(), SOON);
}

/**
 * case_pieces() - a mapping neither splits nor moves nor grows, and no attempt ends the VM
 */
void case_pieces(void)
{
	int fd = open("/dev/aerostat", O_RDWR);
	char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *room = mmap(NULL, 4 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char before[16], after[16];
	size_t i;

	if (!expect(map != MAP_FAILED && room != MAP_FAILED, "not mapped"))
		return;
	for (i = 0; i < SIZE; i += 4096)
		map[i + 4095] = i / 4096;
	expect(munmap(map, 4096) && errno == EINVAL, "the first page goes");
	expect(munmap(map + 4096, 4096) && errno == EINVAL, "a hole is made");
	expect(munmap(map + SIZE / 2, SIZE / 2) && errno == EINVAL, "the second half goes");
	expect(mmap(map + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	       MAP_FAILED, "something else is mapped into it");
	expect(mremap(map, SIZE, SIZE * 2, MREMAP_MAYMOVE) == MAP_FAILED, "it grows");
	expect(mremap(map, SIZE, SIZE / 2, 0) == MAP_FAILED, "it shrinks");
	expect(mremap(map, 0, SIZE, MREMAP_MAYMOVE) == MAP_FAILED, "it is doubled");
	expect(mremap(map, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, room + SIZE) == MAP_FAILED,
	       "it moves");
	expect(mremap(map + 4096, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, room) == MAP_FAILED,
	       "a page moves");
#ifdef MREMAP_DONTUNMAP
	expect(mremap(map, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL) == MAP_FAILED,
	       "it moves and stays");
#endif
	expect(madvise(map, SIZE, MADV_REMOVE), "its pages are freed");
	expect(madvise(map, 4096, MADV_DONTFORK) == 0 || errno == EINVAL, "madvise");
	expect(!madvise(map, SIZE, MADV_DONTNEED), "MADV_DONTNEED");
	expect(in_core(map, SIZE), "it is gone");
	for (i = 0; i < SIZE; i += 4096)
		if (map[i + 4095] != (char)(i / 4096))
			break;
	expect(i == SIZE, "page %zu lost its contents", i / 4096);
	usleep(200000);
	expect(check_count(getpid()) == 1, "an attempt has ended the VM");
	expect(check_attr(getpid(), "pid", before, sizeof(before)), "no VM");

	/* What replaces all of it does end the VM. */
	expect(mmap(map, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == map,
	       "not replaced");
	check_gone(getpid(), SOON);
	expect(!check_attr(getpid(), "pid", after, sizeof(after)), "the VM stays");
	map = map_patiently(fd, PROT_READ | PROT_WRITE);
	expect(map != MAP_FAILED, "not mapped anew");
}
