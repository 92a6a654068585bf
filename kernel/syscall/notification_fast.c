/*
 * Waits for a notification without a deadline, which sleep by direct_sleep.h: the fast path, and the
 * direct path, in which a thread that sleeps keeps nothing on its stack but its frame. Both are
 * called with interrupts off (syscall_entry.asm), and change nothing if a condition does not hold.
 */
#include "kernel/syscall/notification_fast.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/user_context.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall/message_direct.h"
#include "kernel/syscall/notification_lock.h"
#include "lib/error.h"
#include "sched/core/direct_sleep.h"

/*
 * The rest of a wait that has ended without a bit: another thread took the bits, nothing can signal
 * any more, or this thread is to end. The lock is free.
 */
static never_inline struct syscall_pair wait_further(struct notification *notification)
{
    uint64_t bits = 0;
    interrupts_enable();
    int error = notification_wait(notification, WAIT_FOREVER, &bits);
    interrupts_disable();
    return (struct syscall_pair){error, bits};
}

/* Another reschedule is due, or an object's last reference, unless that is NULL, was released. */
static never_inline void wait_clean_up(struct object *object)
{
    interrupts_enable();
    if (object != NULL) {
        object_free(object);
    }
    schedule_late();
    interrupts_disable();
}

/* Takes the bits and releases the lock. */
static inline_if_optimized uint64_t bits_take(struct notification *notification)
{
    uint64_t bits = notification->bits;
    notification->bits = 0;
    spinlock_pass(&notification->lock);
    return bits;
}

/*
 * Takes the bits after a sleep. Returns 0 if there is none. A signal may come although the sleep
 * was ended by a kill: its bits are taken then.
 */
static inline_if_optimized uint64_t bits_take_woken(struct notification *notification)
{
    struct thread *thread = thread_current();
    spinlock_take(&notification->lock);
    if (unlikely(list_node_linked(&thread->wait.node))) {
        list_remove(&thread->wait.node);
    }
    return bits_take(notification);
}

/*
 * Begins to sleep, and returns the thread that runs next, as direct_sleep_begin() does. The lock is
 * held as before if that is NULL; otherwise it is free.
 */
static always_inline must_check struct thread *
sleep_begin(struct notification *notification, struct run_queue *queue, struct thread *thread)
{
    struct thread *to = direct_sleep_begin(queue, thread);
    if (likely(to != NULL)) {
        list_add_last(&notification->queue.waiters, &thread->wait.node);
        spinlock_pass(&notification->lock);
    }
    return to;
}

struct syscall_pair notification_direct_try(uint64_t handle, uint64_t deadline_ns)
{
    const struct syscall_pair left = {SYSCALL_FAST_LEFT, 0};
    struct thread *thread = thread_current();
    struct user_thread *user = thread->user;
    struct run_queue *queue = this_cpu_pointer(run_queue);
    if (unlikely(deadline_ns != WAIT_FOREVER)) {
        return left;
    }
    struct notification *notification =
        notification_lock_noted(&user->waits, user->ipc.handles, handle);
    if (unlikely(notification == NULL)) {
        return left;
    }
    if (notification->bits != 0) {
        return (struct syscall_pair){OK, bits_take(notification)};
    }
    struct thread *to = notification->over ? NULL : sleep_begin(notification, queue, thread);
    if (unlikely(to == NULL)) {
        spinlock_pass(&notification->lock);
        return left;
    }
    user_thread_load_from(to, user);
    thread_switch_dropping(&thread->saved_rsp, to->saved_rsp, switch_begin(queue, thread, to),
                           user_frame_at(user->context.stack_top), notification_direct_woken);
}

struct syscall_pair notification_direct_end(struct switch_handover handover)
{
    finish_switch(handover);
    /* The note has a reference, and only the thread itself changes it. */
    struct notification *notification = notification_of(thread_user()->waits.object);
    uint64_t bits = bits_take_woken(notification);
    if (unlikely(bits == 0)) {
        return wait_further(notification);
    }
    if (unlikely(this_cpu(reschedule_wanted))) {
        wait_clean_up(NULL);
    }
    return (struct syscall_pair){OK, bits};
}

/* Sleeps until a signal, or a kill, makes the thread ready. Returns false as sleep_begin() does. */
static inline_if_optimized must_check bool sleep_directly(struct notification *notification)
{
    struct run_queue *queue = this_cpu_pointer(run_queue);
    struct thread *thread = thread_current();
    struct thread *to = sleep_begin(notification, queue, thread);
    if (unlikely(to == NULL)) {
        return false;
    }
    if (likely(to->user != NULL)) {
        user_thread_load_inline(to);
    }
    switch_to(queue, thread, to);
    return true;
}

int64_t notification_fast_wait(uint64_t handle, uint64_t deadline_ns)
{
    struct user_thread *user = thread_user();
    struct object *before;
    struct notification *notification = notification_lock_by_handle(&user->waits, user->ipc.handles,
                                                                    handle, RIGHT_RECEIVE, &before);
    if (unlikely(before != NULL) && object_release_is_last(before)) {
        if (notification != NULL) {
            spinlock_pass(&notification->lock);
        }
        wait_clean_up(before);
        return SYSCALL_FAST_LEFT;
    }
    if (unlikely(notification == NULL)) {
        return SYSCALL_FAST_LEFT;
    }
    if (notification->bits != 0) {
        caller_second_result(bits_take(notification));
        return OK;
    }
    if (unlikely(deadline_ns != WAIT_FOREVER || notification->over)) {
        spinlock_pass(&notification->lock);
        return SYSCALL_FAST_LEFT;
    }
    object_acquire_inline(&notification->object);
    if (unlikely(!sleep_directly(notification))) {
        object_release_inline(&notification->object); /* not the last: the lock is held */
        spinlock_pass(&notification->lock);
        return SYSCALL_FAST_LEFT;
    }
    struct syscall_pair pair = {OK, bits_take_woken(notification)};
    if (unlikely(pair.second == 0)) {
        pair = wait_further(notification);
    }
    caller_second_result(pair.second);
    bool last = object_release_is_last(&notification->object);
    if (unlikely(last || this_cpu(reschedule_wanted))) {
        wait_clean_up(last ? &notification->object : NULL);
    }
    return pair.result;
}
