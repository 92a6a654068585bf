/*
 * System calls of notifications: syscall_list.h describes them. notification_fast.c has what a wait
 * tries first.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall/notification_lock.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"
#include "sched/core/direct_sleep.h"

int64_t call_notification_create(void)
{
    struct notification *notification;
    int error = notification_create(&notification);
    return error == OK ? caller_open(&notification->object, RIGHTS_ALL, 0) : error;
}

/* Wakes the thread that has waited longest. The notification's lock is held. */
static always_inline void waiter_wake(struct wait_queue *queue)
{
    if (!list_empty(&queue->waiters)) {
        struct list_node *node = queue->waiters.head.next;
        struct thread *thread = container_of(node, struct thread, wait.node);
        list_remove(node);
        if (unlikely(!direct_wake(thread))) {
            schedule_ready(thread, THREAD_BLOCKED);
        }
    }
}

/* Signals a notification whose lock is held. Releases the lock and turns interrupts on. */
static always_inline void signal_and_unlock(struct notification *notification, uint64_t bits)
{
    notification->bits |= bits;
    if (likely(bits != 0)) {
        waiter_wake(&notification->queue);
    }
    spinlock_pass(&notification->lock);
    interrupts_enable();
    if (unlikely(this_cpu(reschedule_wanted))) {
        schedule_late();
    }
}

/* The rest of call_notification_signal() for a handle that names no notification: says why. */
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

/* The rest of call_notification_signal() for a handle that is not noted. Interrupts are off. */
static never_inline int64_t signal_by_handle(struct user_thread *user, uint64_t handle,
                                             uint64_t bits)
{
    struct object *before;
    struct notification *notification =
        notification_lock_by_handle(&user->signals, user->ipc.handles, handle, RIGHT_SEND, &before);
    if (unlikely(notification == NULL)) {
        interrupts_enable();
        return signal_slowly(handle, bits);
    }
    signal_and_unlock(notification, bits);
    if (unlikely(before != NULL)) {
        object_release(before);
    }
    return OK;
}

int64_t call_notification_signal(uint64_t handle, uint64_t bits)
{
    struct user_thread *user = thread_user();
    interrupts_disable_by(BOTH_ON);
    struct notification *notification =
        notification_lock_noted(&user->signals, user->ipc.handles, handle);
    if (unlikely(notification == NULL)) {
        return signal_by_handle(user, handle, bits);
    }
    signal_and_unlock(notification, bits);
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
