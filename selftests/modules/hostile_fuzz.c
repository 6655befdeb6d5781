// SPDX-License-Identifier: GPL-2.0
/*
 * Two attacks that go on for longer: a ring left behind by a reset, and a great many
 * descriptors, most of them good enough to be acted upon.
 */

#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "hostile.h"
#include "ring.h"

/**
 * aero_hostile_stale() - fill the ring with all of RAM, and reset
 * @hostile: served by the host
 *
 * The descriptors are good, and what they name belongs to the next kernel before the host
 * can have read them all.
 */
void __noreturn aero_hostile_stale(struct aero_hostile *hostile)
{
	unsigned long each = DIV_ROUND_UP(totalram_pages(), AERO_RING_ENTRIES);
	u32 i;

	for (i = 0; i < AERO_RING_ENTRIES; i++)
		hostile->ring[i] = (struct aero_desc){
			.gfn = cpu_to_le64((u64)i * each),
			.nr_pages = cpu_to_le32(each),
			.op = cpu_to_le16(AERO_OP_INFLATE),
		};
	local_irq_disable();
	aero_ring_publish(&hostile->status->head, AERO_RING_ENTRIES);
	/* The chipset's reset register. */
	outb(0x02, 0xcf9);
	outb(0x06, 0xcf9);
	for (;;)
		cpu_relax();
}

/* Memory of its own that the fuzzer gives and takes: chunks of 2 MiB, some pages of each. */
#define AERO_FUZZ_CHUNKS	16U
#define AERO_FUZZ_ORDER		9U
#define AERO_FUZZ_PAGES		512U
/* One publication is at most so many descriptors. */
#define AERO_FUZZ_BATCH		2048U
/* The host has had enough when it reads nothing for so long. */
#define AERO_FUZZ_PATIENCE	(3 * HZ)

/**
 * struct aero_fuzz - a run of the fuzzer
 * @hostile: the channel
 * @rnd: decides everything
 * @chunks: the memory
 * @given: which pages of each chunk the host has been told of
 * @head: descriptors written in this epoch
 * @toggler: changes what was published while the host reads it
 */
struct aero_fuzz {
	struct aero_hostile *hostile;
	struct rnd_state rnd;
	struct page *chunks[AERO_FUZZ_CHUNKS];
	DECLARE_BITMAP(given, AERO_FUZZ_CHUNKS * AERO_FUZZ_PAGES);
	u32 head;
	struct task_struct *toggler;
};

static ulong descs;
module_param(descs, ulong, 0444);
static uint epochs;
module_param(epochs, uint, 0444);
static uint quarantines;
module_param(quarantines, uint, 0444);

static u32 aero_fuzz_below(struct aero_fuzz *fuzz, u32 bound)
{
	return prandom_u32_state(&fuzz->rnd) % bound;
}

static bool aero_fuzz_once_in(struct aero_fuzz *fuzz, u32 n)
{
	return !aero_fuzz_below(fuzz, n);
}

/* A range of its own pages, all given or all not, in the direction that is possible. */
static struct aero_desc aero_fuzz_good(struct aero_fuzz *fuzz)
{
	u32 chunk = aero_fuzz_below(fuzz, AERO_FUZZ_CHUNKS);
	u32 first = aero_fuzz_below(fuzz, AERO_FUZZ_PAGES);
	u32 most = aero_fuzz_once_in(fuzz, 4) ? AERO_FUZZ_PAGES : 4;
	u32 start = chunk * AERO_FUZZ_PAGES + first;
	u32 end = min(start + 1 + aero_fuzz_below(fuzz, most), (chunk + 1) * AERO_FUZZ_PAGES);
	bool given = test_bit(start, fuzz->given);

	end = min_t(u32, end, given ? find_next_zero_bit(fuzz->given, end, start) :
				      find_next_bit(fuzz->given, end, start));
	if (given)
		bitmap_clear(fuzz->given, start, end - start);
	else
		bitmap_set(fuzz->given, start, end - start);
	return (struct aero_desc){
		.gfn = cpu_to_le64(page_to_pfn(fuzz->chunks[chunk]) + first),
		.nr_pages = cpu_to_le32(end - start),
		.op = cpu_to_le16(given ? AERO_OP_DEFLATE : AERO_OP_INFLATE),
	};
}

/* One that the host must not act upon. */
static struct aero_desc aero_fuzz_bad(struct aero_fuzz *fuzz)
{
	struct aero_desc desc = aero_fuzz_good(fuzz);
	u64 wild = (u64)prandom_u32_state(&fuzz->rnd) << 32 | prandom_u32_state(&fuzz->rnd);

	switch (aero_fuzz_below(fuzz, 8)) {
	case 0:
		prandom_bytes_state(&fuzz->rnd, &desc, sizeof(desc));
		break;
	case 1:
		desc.gfn = cpu_to_le64(wild);
		break;
	case 2:
		desc.gfn = cpu_to_le64(U64_MAX >> aero_fuzz_below(fuzz, 64));
		break;
	case 3:
		desc.nr_pages = cpu_to_le32(aero_fuzz_once_in(fuzz, 2) ? 0 : wild);
		break;
	case 4:
		desc.op = cpu_to_le16(wild);
		break;
	case 5:
		/* Video memory, firmware, the APIC, where many machines have ROMs. */
		desc.gfn = cpu_to_le64(0xa0 + aero_fuzz_below(fuzz, 0x60));
		break;
	case 6:
		/* The channel itself. */
		desc.gfn = cpu_to_le64(pci_resource_start(fuzz->hostile->pdev, AERO_PCI_BAR) >>
				       AERO_PAGE_SHIFT);
		break;
	default:
		/* What was given already, or never. */
		desc.op = cpu_to_le16(le16_to_cpu(desc.op) ^ AERO_OP_INFLATE ^ AERO_OP_DEFLATE);
		break;
	}
	return desc;
}

static void aero_fuzz_write(struct aero_fuzz *fuzz, u32 nr, u32 bad_once_in)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		struct aero_desc desc = { };

		if (aero_fuzz_once_in(fuzz, bad_once_in))
			desc = aero_fuzz_bad(fuzz);
		else if (!aero_fuzz_once_in(fuzz, 10))
			desc = aero_fuzz_good(fuzz);
		fuzz->hostile->ring[aero_ring_slot(fuzz->head + i)] = desc;
	}
	fuzz->head += nr;
	descs += nr;
}

/* Wrong in other ways than a descriptor can be. */
static void aero_fuzz_status(struct aero_fuzz *fuzz)
{
	struct aero_status *status = fuzz->hostile->status;

	switch (aero_fuzz_below(fuzz, 8)) {
	case 0:
		prandom_bytes_state(&fuzz->rnd, &status->stats, sizeof(status->stats));
		break;
	case 1:
		WRITE_ONCE(status->balloon_bytes, cpu_to_le64(U64_MAX));
		WRITE_ONCE(status->limits, cpu_to_le32(U32_MAX));
		break;
	case 2:
		/* An epoch of another time; the next hello mends it. */
		WRITE_ONCE(status->epoch, cpu_to_le64(aero_fuzz_below(fuzz, 4)));
		break;
	case 3:
		WRITE_ONCE(status->echo, cpu_to_le64(prandom_u32_state(&fuzz->rnd)));
		break;
	case 4:
		WRITE_ONCE(status->state, cpu_to_le32(aero_fuzz_below(fuzz, 4)));
		break;
	case 5:
		WRITE_ONCE(status->abi_major, cpu_to_le16(prandom_u32_state(&fuzz->rnd)));
		break;
	case 6:
		aero_ring_publish(&status->head, prandom_u32_state(&fuzz->rnd));
		break;
	default:
		prandom_bytes_state(&fuzz->rnd, status, sizeof(*status));
		break;
	}
}

/* Changes descriptors under the host's hands, and takes some back that it has not claimed. */
static int aero_fuzz_toggle(void *data)
{
	struct aero_fuzz *fuzz = data;
	struct aero_hostile *hostile = fuzz->hostile;
	u32 n = 0;

	while (!kthread_should_stop()) {
		u32 tail = aero_ring_observe(&hostile->control->tail);
		struct aero_desc *desc = &hostile->ring[aero_ring_slot(tail + n % 256)];

		__le32 nr_pages = READ_ONCE(desc->nr_pages);

		if (!(n % 4096)) {
			WRITE_ONCE(desc->nr_pages, cpu_to_le32(U32_MAX));
			ndelay(100);
			WRITE_ONCE(desc->nr_pages, nr_pages);
		}
		if (!(++n % 64)) {
			aero_ring_revoke(hostile->control, hostile->status);
			aero_ring_resume(hostile->status);
			usleep_range(500, 1000);
		}
	}
	return 0;
}

/* Wait until the ring has room for @nr. Return: false if the host has stopped to read. */
static bool aero_fuzz_drain(struct aero_fuzz *fuzz, u32 nr)
{
	struct aero_status *status = fuzz->hostile->status;
	unsigned long since = jiffies;
	u32 last = ~fuzz->head;

	while (!time_after(jiffies, since + AERO_FUZZ_PATIENCE)) {
		u32 tail = aero_ring_observe(&fuzz->hostile->control->tail);

		if (fuzz->head - tail <= AERO_RING_ENTRIES - nr)
			return true;
		if (tail != last)
			since = jiffies;
		last = tail;
		WRITE_ONCE(status->heartbeat, cpu_to_le64(jiffies));
		WRITE_ONCE(status->echo, READ_ONCE(fuzz->hostile->control->challenge));
		usleep_range(1000, 2000);
	}
	return false;
}

/* From hello to quarantine, or until the run is over. Return: false if the host does not answer. */
static bool aero_fuzz_epoch(struct aero_fuzz *fuzz, unsigned long count)
{
	/* Most lives are long, so that much is acted upon; some end at once. */
	u32 bad_once_in = aero_fuzz_once_in(fuzz, 4) ? 500 : 1000000;
	u32 nr;

	if (epochs++) {
		aero_hostile_remap(fuzz->hostile);
		if (!aero_hostile_hello(fuzz->hostile))
			return false;
	}
	bitmap_zero(fuzz->given, AERO_FUZZ_CHUNKS * AERO_FUZZ_PAGES);
	fuzz->head = 0;
	while (descs < count && !fatal_signal_pending(current)) {
		nr = 1 + aero_fuzz_below(fuzz, AERO_FUZZ_BATCH);
		if (!aero_fuzz_drain(fuzz, nr)) {
			quarantines++;
			return true;
		}
		aero_fuzz_write(fuzz, nr, bad_once_in);
		aero_ring_publish(&fuzz->hostile->status->head, fuzz->head);
		if (aero_fuzz_once_in(fuzz, 2000))
			aero_fuzz_status(fuzz);
		cond_resched();
	}
	return true;
}

/**
 * aero_hostile_fuzz() - a great many descriptors
 * @hostile: served by the host
 * @seed: of the generator
 * @count: descriptors to write
 *
 * Return: 0, -ETIMEDOUT if the host did not serve it any more, or -ENOMEM.
 */
int aero_hostile_fuzz(struct aero_hostile *hostile, u32 seed, unsigned long count)
{
	struct aero_fuzz *fuzz = kzalloc(sizeof(*fuzz), GFP_KERNEL);
	int err = -ENOMEM;
	u32 i;

	if (!fuzz)
		return -ENOMEM;
	fuzz->hostile = hostile;
	prandom_seed_state(&fuzz->rnd, seed);
	for (i = 0; i < AERO_FUZZ_CHUNKS; i++) {
		fuzz->chunks[i] = alloc_pages(GFP_KERNEL, AERO_FUZZ_ORDER);
		if (!fuzz->chunks[i])
			goto free;
	}
	fuzz->toggler = kthread_run(aero_fuzz_toggle, fuzz, "aero_toggle");
	if (IS_ERR(fuzz->toggler))
		goto free;
	err = 0;
	while (!err && descs < count && !fatal_signal_pending(current))
		err = aero_fuzz_epoch(fuzz, count) ? 0 : -ETIMEDOUT;
	kthread_stop(fuzz->toggler);
	/* The next driver finds the status block of one that has gone. */
	WRITE_ONCE(hostile->status->state, cpu_to_le32(AERO_GUEST_CLOSED));
	pr_info("aero_hostile: seed %u: %lu descriptors, %u epochs, %u ended by the host\n",
		seed, descs, epochs, quarantines);
free:
	while (i--)
		if (fuzz->chunks[i])
			__free_pages(fuzz->chunks[i], AERO_FUZZ_ORDER);
	kfree(fuzz);
	return err;
}
