/*
 * System calls of notifications: syscall_list.h describes them. A signal, and a wait without a
 * deadline, look the handle up, and change the notification, in one section with interrupts off.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/user_context.h"
#include "kernel/ipc/notification.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall/notification_fast.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"
#include "sched/core/direct_sleep.h"

int64_t call_notification_create(void)
{
    struct notification *notification;
    int error = notification_create(&notification);
    return error == OK ? caller_open(&notification->object, RIGHTS_ALL, 0) : error;
}

/*
 * Finds the notification that a handle with this right names, and locks it. Returns NULL, with
 * nothing locked, if there is none. Interrupts are off.
 *
 * While the lock is held the notification is not freed, although the table's lock has been
 * released: the handle was open under the table's lock, and the code that closes the last handle
 * with this right takes the notification's lock before it releases its reference (notification.c).
 */
static always_inline struct notification *lock_by_handle(uint64_t handle, unsigned right)
{
    struct handle_table *table = caller_handles();
    struct notification *notification = NULL;
    struct handle_entry *entry;
    spinlock_take(&table->lock);
    if (likely(handle_match(table, handle, OBJECT_NOTIFICATION, right, &entry))) {
        notification = notification_of(entry->object);
        spinlock_take(&notification->lock); /* not counted: interrupts stay off */
    }
    spinlock_pass(&table->lock);
    return notification;
}

/* call_notification_signal() for a handle that lock_by_handle() has not found: says why. */
static never_inline int64_t signal_slowly(uint64_t handle, uint64_t bits)
{
    struct object *object;
    int error =
        handle_find(caller_handles(), handle, OBJECT_NOTIFICATION, RIGHT_SEND, &object, NULL);
    if (error == OK) { /* opened meanwhile */
        notification_signal(notification_of(object), bits);
        object_release(object);
    }
    return error;
}

/* Wakes the thread that has waited longest. The notification's lock is held. */
static always_inline void waiter_wake(struct wait_queue *queue)
{
    struct list_node *node = list_first(&queue->waiters);
    if (node != NULL) {
        struct thread *thread = container_of(node, struct thread, wait.node);
        list_remove(node);
        if (unlikely(!direct_wake(thread))) {
            schedule_ready(thread, THREAD_BLOCKED);
        }
    }
}

int64_t call_notification_signal(uint64_t handle, uint64_t bits)
{
    interrupts_disable_by(BOTH_ON);
    struct notification *notification = lock_by_handle(handle, RIGHT_SEND);
    if (unlikely(notification == NULL)) {
        interrupts_enable();
        return signal_slowly(handle, bits);
    }
    notification->bits |= bits;
    if (likely(bits != 0)) {
        waiter_wake(&notification->queue);
    }
    spinlock_pass(&notification->lock);
    interrupts_enable();
    if (unlikely(this_cpu(reschedule_wanted))) {
        schedule_late();
    }
    return OK;
}

int64_t call_notification_wait(uint64_t handle, uint64_t deadline_ns)
{
    struct object *object;
    uint64_t bits = 0;
    int error =
        handle_find(caller_handles(), handle, OBJECT_NOTIFICATION, RIGHT_RECEIVE, &object, NULL);
    if (error == OK) {
        error = notification_wait(notification_of(object), deadline_ns, &bits);
        object_release(object);
    }
    caller_second_result(bits);
    return error;
}

/*
 * The rest of notification_fast_wait() if the wait has ended without a bit: another thread took the
 * bits, nothing can signal any more, or this thread is to end. The lock is free.
 */
static never_inline int64_t wait_further(struct notification *notification)
{
    uint64_t bits = 0;
    interrupts_enable();
    int error = notification_wait(notification, WAIT_FOREVER, &bits);
    object_release(&notification->object);
    caller_second_result(bits);
    interrupts_disable();
    return error;
}

/* The thread's reference was the last one, or another reschedule is due. */
static never_inline void wait_clean_up(struct notification *notification, bool last)
{
    interrupts_enable();
    if (last) {
        object_free(&notification->object);
    }
    schedule_late();
    interrupts_disable();
}

/* Takes the bits and releases the lock. */
static always_inline void bits_take(struct notification *notification)
{
    uint64_t bits = notification->bits;
    notification->bits = 0;
    spinlock_pass(&notification->lock);
    caller_second_result(bits);
}

/*
 * Sleeps until a signal, or a kill, makes the thread ready. Returns false, with the lock held as
 * before, if direct_sleep_begin() refuses. Otherwise the lock is free.
 */
static always_inline must_check bool sleep_directly(struct notification *notification)
{
    struct run_queue *queue = this_cpu_pointer(run_queue);
    struct thread *thread = thread_current();
    struct thread *to = direct_sleep_begin(queue, thread);
    if (unlikely(to == NULL)) {
        return false;
    }
    list_add_last(&notification->queue.waiters, &thread->wait.node);
    object_acquire_inline(&notification->object);
    spinlock_pass(&notification->lock);
    if (likely(to->user != NULL)) {
        user_thread_load_inline(to);
    }
    switch_to(queue, thread, to);
    return true;
}

int64_t notification_fast_wait(uint64_t handle, uint64_t deadline_ns)
{
    struct notification *notification = lock_by_handle(handle, RIGHT_RECEIVE);
    if (unlikely(notification == NULL)) {
        return SYSCALL_FAST_LEFT;
    }
    if (notification->bits != 0) {
        bits_take(notification);
        return OK;
    }
    if (unlikely(deadline_ns != WAIT_FOREVER || notification->over) ||
        unlikely(!sleep_directly(notification))) {
        spinlock_pass(&notification->lock);
        return SYSCALL_FAST_LEFT;
    }
    spinlock_take(&notification->lock);
    /* A signal may come although the sleep was ended by a kill: its bits are taken then. */
    struct thread *thread = thread_current();
    if (unlikely(list_node_linked(&thread->wait.node))) {
        list_remove(&thread->wait.node);
    }
    if (unlikely(notification->bits == 0)) {
        spinlock_pass(&notification->lock);
        return wait_further(notification);
    }
    bits_take(notification);
    bool last = object_release_is_last(&notification->object);
    if (unlikely(last || this_cpu(reschedule_wanted))) {
        wait_clean_up(notification, last);
    }
    return OK;
}
