// SPDX-License-Identifier: GPL-2.0
/*
 * A great many descriptors from a driver that breaks all rules, without a guest
 * between it and the host, and with what only a VMM can do to memslots and to the
 * channel.
 *
 * A seed decides all but the moment: what is written, and what the VMM does
 * meanwhile. A second thread changes descriptors under the host's hands. Whenever
 * the host has enough of it, the channel is taken away and shown again, as a reset
 * does, and a new epoch begins.
 *
 * What was never given is filled and looked at after each epoch: a part of RAM, a
 * ROM, and private memory.
 */
#include <asm/byteorder.h>
#include <linux/kvm.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cases.h"
#include "check.h"
#include "ring.h"

/* RAM: pages that are given and taken; some that nobody uses; some that are never given. */
#define RAM		(32 * MiB)
#define PLAY_PAGES	(20 * MiB_PAGES)
#define KEPT_GFN	(24 * MiB_PAGES)
#define KEPT_PAGES	(8 * MiB_PAGES)

/* Other slots. */
#define SLOT_ROM	2U
#define SLOT_PRIVATE	3U
#define ROM_GFN		(1024 * MiB_PAGES)
#define PRIVATE_GFN	(2048 * MiB_PAGES)
#define OTHER_PAGES	(1 * MiB_PAGES)

/* Most descriptors between two looks at what else could be done. */
#define BATCH		2048U
/* The ring's room in an epoch that will not last: what is left in it has not been read. */
#define SHORT_RING	1024U
/* The host has had enough when nothing moves for so long, ms. */
#define PATIENCE	1000U
#define LOOK		40U
#define OLD_EPOCHS	8U
/* At least so many drivers say hello. */
#define LIVES		16

/**
 * struct hostile - a run
 * @vmm: the VM
 * @rom: struct vmm that has nothing but memory, which the guest may not write
 * @private: the same, mapped privately
 * @rnd: decides
 * @given: which pages the host has been told of
 * @epochs: some that are over
 * @dead: the heart does not beat in this epoch
 * @ring: descriptors that may wait in this epoch
 * @bad_once_in: of so many descriptors of this epoch one is bad
 * @sweep: page from which the next ones are given or taken, one after the other
 * @written: descriptors in all
 * @read: descriptors that earlier mappings' VMs have read
 * @begun: epochs
 * @quarantines: ended so
 * @replugs: of a memslot
 * @remaps: of the channel
 * @lock: the channel is mapped while it is held
 * @stop: the other thread shall end
 */
struct hostile {
	struct vmm vmm;
	struct vmm rom;
	struct vmm private;
	u64 rnd;
	bool given[PLAY_PAGES];
	u64 epochs[OLD_EPOCHS];
	bool dead;
	u32 ring;
	u32 bad_once_in;
	u32 sweep;
	u64 written;
	u64 read;
	u32 begun;
	u32 quarantines;
	u32 replugs;
	u32 remaps;
	pthread_mutex_t lock;
	bool stop;
};

/* splitmix64 */
static u64 hostile_random(struct hostile *hostile)
{
	u64 n = hostile->rnd += 0x9e3779b97f4a7c15;

	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
	n = (n ^ n >> 27) * 0x94d049bb133111eb;
	return n ^ n >> 31;
}

static u32 hostile_below(struct hostile *hostile, u32 bound)
{
	return hostile_random(hostile) % bound;
}

static bool hostile_once_in(struct hostile *hostile, u32 n)
{
	return !hostile_below(hostile, n);
}

static void hostile_noise(struct hostile *hostile, void *to, size_t size)
{
	u64 noise;

	for (; size; size -= sizeof(noise), to += sizeof(noise)) {
		noise = hostile_random(hostile);
		memcpy(to, &noise, sizeof(noise));
	}
}

/* Pages from a first one on, all given or all not, in the direction that is possible. */
static struct aero_desc hostile_good(struct hostile *hostile, u32 start)
{
	u32 most = hostile_once_in(hostile, 16) ? 512 : 4;
	bool given = hostile->given[start];
	u32 nr = 0, want = 1 + hostile_below(hostile, most);

	while (nr < want && start + nr < PLAY_PAGES && hostile->given[start + nr] == given)
		hostile->given[start + nr++] = !given;
	/* So that there is something to free, now and then. */
	if (!given && hostile_once_in(hostile, 8))
		vmm_touch(&hostile->vmm, start, 1);
	return (struct aero_desc){
		.gfn = cpu_to_le64(start),
		.nr_pages = cpu_to_le32(nr),
		.op = cpu_to_le16(given ? AERO_OP_DEFLATE : AERO_OP_INFLATE),
	};
}

/* Would it be a gift of what is not to be given? */
static bool hostile_is_gift(const struct aero_desc *desc)
{
	u64 gfn = le64_to_cpu(desc->gfn), nr = le32_to_cpu(desc->nr_pages);

	return gfn < RAM / AERO_PAGE_SIZE && gfn + nr <= RAM / AERO_PAGE_SIZE &&
	       gfn + nr > KEPT_GFN;
}

/* One that the host must not act upon. */
static struct aero_desc hostile_bad(struct hostile *hostile)
{
	static const u64 others[] = {
		ROM_GFN, PRIVATE_GFN, VMM_CHANNEL_GPA / AERO_PAGE_SIZE, RAM / AERO_PAGE_SIZE,
	};
	struct aero_desc desc = hostile_good(hostile, hostile_below(hostile, PLAY_PAGES));
	u64 wild = hostile_random(hostile);

	switch (hostile_below(hostile, 9)) {
	case 0:
		hostile_noise(hostile, &desc, sizeof(desc));
		break;
	case 1:
		desc.gfn = cpu_to_le64(wild);
		break;
	case 2:
		desc.gfn = cpu_to_le64(U64_MAX >> hostile_below(hostile, 64));
		break;
	case 3:
		desc.nr_pages = cpu_to_le32(hostile_once_in(hostile, 2) ? 0 : wild);
		break;
	case 4:
		desc.op = cpu_to_le16(wild);
		break;
	case 5:
		desc.reserved = cpu_to_le16(1 + wild % U16_MAX);
		break;
	case 6:
		/* ROM, private memory, the channel itself, and where nothing is. */
		desc.gfn = cpu_to_le64(others[wild % ARRAY_SIZE(others)]);
		desc.op = cpu_to_le16(AERO_OP_INFLATE);
		break;
	case 7:
		/* Begins in RAM and ends behind it. */
		desc.gfn = cpu_to_le64(RAM / AERO_PAGE_SIZE - 1 - wild % KEPT_PAGES);
		desc.nr_pages = cpu_to_le32(KEPT_PAGES + 1 + wild % 1024);
		desc.op = cpu_to_le16(AERO_OP_INFLATE);
		break;
	default:
		/* What was given already, or never. */
		desc.op = cpu_to_le16(le16_to_cpu(desc.op) ^ AERO_OP_INFLATE ^ AERO_OP_DEFLATE);
		break;
	}
	if (hostile_is_gift(&desc))
		desc.op = cpu_to_le16(AERO_OP_NOP);
	return desc;
}

/*
 * Here and there, a hole each; one beside the other, where holes grow together; or
 * next to nothing: the host shall be kept busy in more than one way.
 */
static struct aero_desc hostile_next(struct hostile *hostile, u32 style)
{
	struct aero_desc desc = { };

	if (hostile_once_in(hostile, hostile->bad_once_in))
		return hostile_bad(hostile);
	if (hostile_once_in(hostile, style == 3 ? 2 : 10) || style == 2)
		return desc;
	if (!style)
		return hostile_good(hostile, hostile_below(hostile, PLAY_PAGES));
	desc = hostile_good(hostile, hostile->sweep);
	hostile->sweep = (hostile->sweep + le32_to_cpu(desc.nr_pages)) % PLAY_PAGES;
	return desc;
}

static void hostile_write(struct hostile *hostile, u32 nr)
{
	u32 style = hostile_below(hostile, 4);
	struct vmm *vmm = &hostile->vmm;

	hostile->written += nr;
	for (; nr; nr--, vmm->head++)
		vmm->descs[aero_ring_slot(vmm->head)] = hostile_next(hostile, style);
}

/* Wrong in other ways than a descriptor can be. */
static void hostile_lie(struct hostile *hostile)
{
	struct aero_status *status = hostile->vmm.status;
	u64 wild = hostile_random(hostile);

	switch (hostile_below(hostile, 9)) {
	case 0:
		hostile_noise(hostile, &status->stats, sizeof(status->stats));
		break;
	case 1:
		WRITE_ONCE(status->balloon_bytes, cpu_to_le64(U64_MAX));
		WRITE_ONCE(status->rate_bytes, cpu_to_le64(wild));
		WRITE_ONCE(status->limits, cpu_to_le32(U32_MAX));
		break;
	case 2:
		/* An epoch of another time, which must not be listened to again. */
		WRITE_ONCE(status->head, 0);
		WRITE_ONCE(status->epoch, cpu_to_le64(hostile->epochs[wild % OLD_EPOCHS]));
		break;
	case 3:
		WRITE_ONCE(status->echo, cpu_to_le64(wild));
		break;
	case 4:
		WRITE_ONCE(status->state, cpu_to_le32(wild % 4));
		break;
	case 5:
		WRITE_ONCE(status->abi_major, cpu_to_le16(wild));
		break;
	case 6:
		aero_ring_publish(&status->head, wild);
		break;
	case 7:
		/* Takes all back for ever. */
		aero_ring_revoke(hostile->vmm.control, status);
		break;
	default:
		hostile_noise(hostile, status, sizeof(*status));
		break;
	}
}

/* Changes what was published, and takes back some of it. No change makes a gift of what is kept. */
static void *hostile_meddle(void *data)
{
	struct hostile *hostile = data;
	struct vmm *vmm = &hostile->vmm;
	u32 n = 0;

	while (!READ_ONCE(hostile->stop)) {
		struct timespec pause = { .tv_nsec = 200000 };
		u32 spin;

		pthread_mutex_lock(&hostile->lock);
		if (vmm->channel && !(++n % 256)) {
			u32 tail = aero_ring_observe(&vmm->control->tail);
			struct aero_desc *desc = &vmm->descs[aero_ring_slot(tail + n % 200)];
			__le32 nr_pages = READ_ONCE(desc->nr_pages);
			__le16 op = READ_ONCE(desc->op);

			if (n & 256)
				WRITE_ONCE(desc->nr_pages, cpu_to_le32(U32_MAX));
			else
				WRITE_ONCE(desc->op, cpu_to_le16(U16_MAX));
			for (spin = 0; spin < 100; spin++)
				virt_mb();	/* there for long enough to be read */
			WRITE_ONCE(desc->op, op);
			WRITE_ONCE(desc->nr_pages, nr_pages);
		} else if (vmm->channel && !(n % 16)) {
			aero_ring_revoke(vmm->control, vmm->status);
			aero_ring_resume(vmm->status);
		}
		pthread_mutex_unlock(&hostile->lock);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static int hostile_plug(struct hostile *hostile, u32 slot, bool there)
{
	const bool rom = slot == SLOT_ROM;
	const struct vmm *memory = rom ? &hostile->rom : &hostile->private;

	return vmm_set_slot(&hostile->vmm, slot, rom ? KVM_MEM_READONLY : 0,
			    (rom ? ROM_GFN : PRIVATE_GFN) * AERO_PAGE_SIZE, memory->ram,
			    there ? memory->ram_size : 0);
}

/* A slot goes and comes, under the host's hands. */
static void hostile_replug(struct hostile *hostile)
{
	struct vmm *vmm = &hostile->vmm;
	u32 slot = hostile_below(hostile, 4);
	int err;

	if (slot == VMM_SLOT_CHANNEL) {
		err = vmm_unplug_channel(vmm) ?: vmm_plug_channel(vmm);
	} else if (slot == VMM_SLOT_RAM) {
		err = vmm_set_slot(vmm, slot, 0, 0, vmm->ram, 0);
		if (!err && hostile_once_in(hostile, 2))
			vmm_sleep(vmm, 5);
		err = err ?: vmm_plug_ram(vmm, 0);
	} else {
		err = hostile_plug(hostile, slot, false) ?: hostile_plug(hostile, slot, true);
	}
	expect(!err, "slot %u: error %d", slot, err);
	hostile->replugs++;
}

static void hostile_account(struct hostile *hostile)
{
	long long read = check_stat(getpid(), "descriptors");

	if (expect(read >= 0, "no statistics"))
		hostile->read += read;
}

/* The VM goes, and another one comes for the same open file. */
static void hostile_remap(struct hostile *hostile)
{
	struct vmm *vmm = &hostile->vmm;

	hostile_account(hostile);
	expect(!vmm_unplug_channel(vmm), "not unplugged");
	pthread_mutex_lock(&hostile->lock);
	expect(!vmm_unmap_channel(vmm), "not unmapped");
	expect(!check_map_patiently(vmm), "not mapped again");
	pthread_mutex_unlock(&hostile->lock);
	expect(!vmm_plug_channel(vmm), "not plugged again");
	hostile->remaps++;
}

static bool hostile_in_quarantine(void)
{
	char state[256];

	return check_attr(getpid(), "state", state, sizeof(state)) &&
	       !strncmp(state, "quarantined", strlen("quarantined"));
}

/* Wait until the ring has room for @nr. Return: false if the host has stopped to read. */
static bool hostile_drain(struct hostile *hostile, u32 nr)
{
	struct vmm *vmm = &hostile->vmm;
	u32 last = ~vmm->head, idle;

	for (idle = 0; idle < PATIENCE; idle++) {
		const struct timespec pause = { .tv_nsec = 1000000 };
		u32 tail = aero_ring_observe(&vmm->control->tail);

		if (vmm->head - tail <= hostile->ring - nr)
			return true;
		if (tail != last)
			idle = 0;
		last = tail;
		if (!hostile->dead)
			vmm_beat(vmm);
		else
			WRITE_ONCE(vmm->status->echo, READ_ONCE(vmm->control->challenge));
		if (idle % LOOK == LOOK - 1 && hostile_in_quarantine()) {
			hostile->quarantines++;
			return false;
		}
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool hostile_is_intact(struct hostile *hostile)
{
	return expect(vmm_intact(&hostile->vmm, KEPT_GFN, KEPT_PAGES), "RAM is lost") &&
	       expect(vmm_intact(&hostile->rom, 0, OTHER_PAGES), "ROM is lost") &&
	       expect(vmm_intact(&hostile->private, 0, OTHER_PAGES), "private memory is lost");
}

/* From hello until the host has had enough, or the run is over. Return: false if it went wrong. */
static bool hostile_epoch(struct hostile *hostile, u64 count)
{
	/* Every other life is long, so that much is acted upon; the others end soon. */
	const u64 until = min(count, hostile->written + count / LIVES);
	const bool ends = hostile->begun % 2;
	struct vmm *vmm = &hostile->vmm;

	if (hostile->begun == 1 || (hostile->begun && hostile_once_in(hostile, 8)))
		hostile_remap(hostile);
	else if (hostile->begun)
		expect(!vmm_unplug_channel(vmm) && !vmm_plug_channel(vmm), "not plugged again");
	if (!expect(!vmm_greet(vmm, 20000), "the host does not answer"))
		return check_state(vmm, "active", 0);
	hostile->epochs[hostile->begun++ % OLD_EPOCHS] = vmm->epoch;
	memset(hostile->given, 0, sizeof(hostile->given));
	hostile->dead = hostile_once_in(hostile, 16);
	hostile->bad_once_in = ends ? 500 : 100000;
	hostile->ring = ends ? SHORT_RING : AERO_RING_ENTRIES;
	while (hostile->written < until) {
		u32 nr = 1 + hostile_below(hostile, ends ? SHORT_RING / 2 : BATCH);

		if (!hostile_drain(hostile, nr))
			break;
		hostile_write(hostile, nr);
		vmm_publish(vmm);
		if (hostile_once_in(hostile, 32))
			hostile_replug(hostile);
		if (hostile_once_in(hostile, 64))
			hostile_lie(hostile);
	}
	/* Some rings are left behind as they are. */
	if (hostile->written >= until && !hostile_once_in(hostile, 4))
		hostile_drain(hostile, hostile->ring);
	return hostile_is_intact(hostile) && !check_failed();
}

static int hostile_start(struct hostile *hostile)
{
	struct vmm *vmm = &hostile->vmm;
	int err = vmm_start(vmm, RAM);

	vmm_init(&hostile->rom);
	vmm_init(&hostile->private);
	err = err ?: vmm_add_ram(&hostile->rom, OTHER_PAGES * AERO_PAGE_SIZE, MAP_SHARED);
	err = err ?: vmm_add_ram(&hostile->private, OTHER_PAGES * AERO_PAGE_SIZE, MAP_PRIVATE);
	err = err ?: hostile_plug(hostile, SLOT_ROM, true);
	return err ?: hostile_plug(hostile, SLOT_PRIVATE, true);
}

/**
 * case_hostile() - vmm hostile SEED COUNT: write so many descriptors
 *
 * Prints what became of them.
 */
void case_hostile(void)
{
	const u64 count = check_argument(1, 100000);
	static struct hostile hostile;
	time_t began = time(NULL);
	pthread_t meddler;

	hostile.rnd = check_argument(0, 1);
	if (!expect(!hostile_start(&hostile), "no VM"))
		return;
	vmm_fill(&hostile.vmm, KEPT_GFN, KEPT_PAGES);
	vmm_fill(&hostile.rom, 0, OTHER_PAGES);
	vmm_fill(&hostile.private, 0, OTHER_PAGES);
	pthread_mutex_init(&hostile.lock, NULL);
	if (!expect(!pthread_create(&meddler, NULL, hostile_meddle, &hostile), "no thread"))
		return;
	while (hostile.written < count && hostile_epoch(&hostile, count))
		;
	WRITE_ONCE(hostile.stop, true);
	pthread_join(meddler, NULL);
	hostile_account(&hostile);
	printf("written %llu\nread %llu\n", (unsigned long long)hostile.written,
	       (unsigned long long)hostile.read);
	printf("epochs %u\nquarantines %u\n", hostile.begun, hostile.quarantines);
	printf("replugs %u\nremaps %u\n", hostile.replugs, hostile.remaps);
	printf("seconds %lld\n", (long long)(time(NULL) - began));
	vmm_stop(&hostile.vmm);
	vmm_remove_ram(&hostile.rom);
	vmm_remove_ram(&hostile.private);
}
