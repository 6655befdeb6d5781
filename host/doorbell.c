// SPDX-License-Identifier: GPL-2.0
/*
 * A channel's doorbell: two eventfds, one for each direction.
 *
 * aerostatd gives them to QEMU and to this module; KVM signals one when the
 * guest writes to its doorbell register, and interrupts the guest when the
 * other is signalled. No process takes part.
 */

#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "doorbell.h"
#include "vm.h"

/**
 * struct aero_doorbell - both directions
 * @to_guest: what interrupts the guest
 * @to_host: what the guest signals; the file rather than its context, so that
 *	@queue lives as long
 * @queue: of @to_host
 * @wait: in @queue
 * @table: finds @queue
 * @lock: protects @vm; taken in @queue's lock, with interrupts off
 * @vm: whose work is to run, or NULL
 */
struct aero_doorbell {
	struct eventfd_ctx *to_guest;
	struct file *to_host;
	wait_queue_head_t *queue;
	wait_queue_entry_t wait;
	poll_table table;
	spinlock_t lock;
	struct aero_vm *vm;
};

/*
 * The count of the eventfd is left alone: it says nothing that the channel does
 * not, and every signal comes here.
 */
static int aero_doorbell_rung(wait_queue_entry_t *wait, unsigned int mode, int flags, void *key)
{
	struct aero_doorbell *bell = container_of(wait, struct aero_doorbell, wait);
	unsigned long irq;

	if (!(key_to_poll(key) & EPOLLIN))
		return 0;
	spin_lock_irqsave(&bell->lock, irq);
	if (bell->vm)
		aero_vm_rung(bell->vm);
	spin_unlock_irqrestore(&bell->lock, irq);
	return 0;
}

static void aero_doorbell_queue(struct file *file, wait_queue_head_t *queue, poll_table *table)
{
	struct aero_doorbell *bell = container_of(table, struct aero_doorbell, table);

	bell->queue = queue;
	add_wait_queue(queue, &bell->wait);
}

/**
 * aero_doorbell_create() - take the two eventfds of a channel
 * @to_host: descriptor of the caller's; what the guest signals
 * @to_guest: descriptor of the caller's; what interrupts the guest
 *
 * Context: Process context, may sleep.
 * Return: the doorbell, which keeps them, or an ERR_PTR(): -EBADF, -ENOMEM, or
 * -EINVAL for what is no eventfd.
 */
struct aero_doorbell *aero_doorbell_create(int to_host, int to_guest)
{
	struct aero_doorbell *bell = kzalloc(sizeof(*bell), GFP_KERNEL_ACCOUNT);
	int err;

	if (!bell)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&bell->lock);
	bell->to_guest = eventfd_ctx_fdget(to_guest);
	if (IS_ERR(bell->to_guest)) {
		err = PTR_ERR(bell->to_guest);
		goto err_free;
	}
	bell->to_host = eventfd_fget(to_host);
	if (IS_ERR(bell->to_host)) {
		err = PTR_ERR(bell->to_host);
		goto err_put;
	}
	init_waitqueue_func_entry(&bell->wait, aero_doorbell_rung);
	init_poll_funcptr(&bell->table, aero_doorbell_queue);
	vfs_poll(bell->to_host, &bell->table);
	return bell;

err_put:
	eventfd_ctx_put(bell->to_guest);
err_free:
	kfree(bell);
	return ERR_PTR(err);
}

/**
 * aero_doorbell_destroy() - let go of the eventfds
 * @bell: doorbell, or NULL; no VM is attached
 *
 * Context: Process context.
 */
void aero_doorbell_destroy(struct aero_doorbell *bell)
{
	if (!bell)
		return;
	remove_wait_queue(bell->queue, &bell->wait);
	fput(bell->to_host);
	eventfd_ctx_put(bell->to_guest);
	kfree(bell);
}

/**
 * aero_doorbell_attach() - say whose work the guest's ring starts
 * @bell: doorbell
 * @vm: VM, or NULL: nobody's; after that no ring is under way any more
 *
 * Context: Process context, interrupts on.
 */
void aero_doorbell_attach(struct aero_doorbell *bell, struct aero_vm *vm)
{
	spin_lock_irq(&bell->lock);
	bell->vm = vm;
	spin_unlock_irq(&bell->lock);
}

/**
 * aero_doorbell_ring() - interrupt the guest
 * @bell: doorbell
 *
 * Context: Any.
 */
void aero_doorbell_ring(struct aero_doorbell *bell)
{
	eventfd_signal(bell->to_guest);
}
