/*
 * Notifications: 64 bits that others set and a waiting thread takes. Signals that come before the
 * bits are taken merge; none is lost. One notification with a bit for each source serves a thread
 * that waits for any of several.
 *
 * The kernel counts what may signal: handles with RIGHT_SEND, and kernel objects that are bound to
 * the notification, such as timers. When nothing may signal any more, waits end with
 * ERROR_PEER_DIED once the bits are taken.
 */
#pragma once

#include "kernel/object/object.h"
#include "sched/core/wait_queue.h"

struct notification {
    struct object object;
    uint32_t may_signal; /* atomic: handles with RIGHT_SEND, and bound objects */
    uint32_t may_wait;   /* atomic: handles with RIGHT_RECEIVE */

    struct spinlock lock; /* guards the rest */
    uint64_t bits;
    bool over; /* nothing may signal any more, or no handle may wait */
    struct wait_queue queue;
};

/*
 * Creates a notification with no bit set, one reference, which is the caller's, and no handle.
 * Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int notification_create(struct notification **notification);

/* Sets bits, and wakes the thread that has waited longest. Context: IRQ. */
void notification_signal(struct notification *notification, uint64_t bits);

/*
 * Waits until a bit is set, takes all bits and clears them. The deadline is a clock time in
 * nanoseconds, WAIT_FOREVER, or 0: do not wait. Context: THREAD.
 * Errors: ERROR_AGAIN (0, and no bit is set), ERROR_TIMEOUT, ERROR_KILLED, ERROR_PEER_DIED.
 */
must_check int notification_wait(struct notification *notification, uint64_t deadline_ns,
                                 uint64_t *bits);

/*
 * notification_bind() counts a kernel object among those that may signal, and takes a reference for
 * it; notification_unbind() undoes that, and may end waits. Context: ATOMIC; unbind: THREAD.
 */
void notification_bind(struct notification *notification);
void notification_unbind(struct notification *notification);

/* Returns the notification that an object of type OBJECT_NOTIFICATION is. Context: ANY. */
static always_inline struct notification *notification_of(struct object *object)
{
    return container_of(object, struct notification, object);
}
