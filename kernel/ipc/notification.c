/* See notification.h. Lock order: notification, timeouts, run queue. */
#include "kernel/ipc/notification.h"

#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"

static void notification_opened(struct object *object, unsigned rights)
{
    struct notification *notification = notification_of(object);
    if ((rights & RIGHT_SEND) != 0) {
        __atomic_fetch_add(&notification->may_signal, 1, __ATOMIC_RELAXED);
    }
    if ((rights & RIGHT_RECEIVE) != 0) {
        __atomic_fetch_add(&notification->may_wait, 1, __ATOMIC_RELAXED);
    }
}

/*
 * Ends all waits: nothing can signal, or no handle can wait, any more. That is final, because
 * handles are made only from handles.
 */
static void end(struct notification *notification)
{
    uint64_t flags = spin_lock_irq_save(&notification->lock);
    notification->over = true;
    wait_queue_wake_all_in_steps(&notification->queue, &notification->lock, flags);
    spin_unlock_irq_restore(&notification->lock, flags);
}

static void count_down(struct notification *notification, uint32_t *count)
{
    if (__atomic_sub_fetch(count, 1, __ATOMIC_ACQ_REL) == 0) {
        end(notification);
    }
}

static void notification_closed(struct object *object, unsigned rights, bool last maybe_unused)
{
    struct notification *notification = notification_of(object);
    if ((rights & RIGHT_SEND) != 0) {
        count_down(notification, &notification->may_signal);
    }
    if ((rights & RIGHT_RECEIVE) != 0) {
        count_down(notification, &notification->may_wait);
    }
}

static void notification_destroy(struct object *object)
{
    kfree(notification_of(object));
}

static const struct object_operations notification_operations = {
    .opened = notification_opened, .closed = notification_closed, .destroy = notification_destroy};

int notification_create(struct notification **notification)
{
    void *memory;
    int error = kzalloc(sizeof(struct notification), &memory);
    if (error != OK) {
        return error;
    }
    *notification = memory;
    object_init(&(*notification)->object, OBJECT_NOTIFICATION, &notification_operations);
    spinlock_init(&(*notification)->lock, "notification");
    wait_queue_init(&(*notification)->queue);
    return OK;
}

void notification_bind(struct notification *notification)
{
    object_acquire(&notification->object);
    __atomic_fetch_add(&notification->may_signal, 1, __ATOMIC_RELAXED);
}

void notification_unbind(struct notification *notification)
{
    count_down(notification, &notification->may_signal);
    object_release(&notification->object);
}

void notification_signal(struct notification *notification, uint64_t bits)
{
    uint64_t flags = spin_lock_irq_save(&notification->lock);
    notification->bits |= bits;
    if (bits != 0) {
        wait_queue_wake_one(&notification->queue);
    }
    spin_unlock_irq_restore(&notification->lock, flags);
}

/* Waits once for a signal. Errors: those of notification_wait(). The lock is held. */
static int wait_for_signal(struct notification *notification, uint64_t deadline_ns)
{
    uint64_t left_ns = WAIT_FOREVER;
    if (notification->over) {
        return ERROR_PEER_DIED;
    }
    if (deadline_ns == 0) {
        return ERROR_AGAIN;
    }
    if (deadline_ns != WAIT_FOREVER) {
        uint64_t now_ns = clock_now_ns();
        left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    }
    return wait_queue_sleep(&notification->queue, &notification->lock, left_ns);
}

int notification_wait(struct notification *notification, uint64_t deadline_ns, uint64_t *bits)
{
    int error = OK;
    uint64_t flags = spin_lock_irq_save(&notification->lock);
    while (notification->bits == 0 && error == OK) {
        error = wait_for_signal(notification, deadline_ns);
    }
    if (notification->bits != 0) { /* also if the wait ended by a timeout or a kill */
        *bits = notification->bits;
        notification->bits = 0;
        error = OK;
    }
    spin_unlock_irq_restore(&notification->lock, flags);
    return error;
}
