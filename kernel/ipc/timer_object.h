/*
 * Timer objects: each signals a notification once, at the time that was set. The tick checks the
 * times, so a signal is late by up to a tick (later if many are due), never early.
 */
#pragma once

#include "kernel/ipc/notification.h"
#include "lib/tree.h"

struct timer_object {
    struct object object;
    struct notification *notification; /* bound */
    uint64_t bits;
    uint8_t cpu;           /* CPU whose tree has it, if one has; under the lock of all trees */
    struct tree_node node; /* in that tree; under the lock of all trees */
};

/*
 * Creates a timer that will signal these bits. No time is set yet. It has one reference, which is
 * the caller's, and no handle. When its last handle is closed, its time is cancelled. Context:
 * THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int timer_object_create(struct notification *notification, uint64_t bits,
                                   struct timer_object **timer);

/*
 * Sets the clock time, in nanoseconds, at which the timer signals. An earlier setting that has not
 * come yet is dropped. Context: THREAD.
 */
void timer_object_set(struct timer_object *timer, uint64_t at_ns);

/*
 * Cancels the time that was set. Returns false if none was set, or if it has come. Context: THREAD.
 */
bool timer_object_cancel(struct timer_object *timer);

/*
 * Signals for timers of the calling CPU whose time has come, for a bounded number of them, and then
 * calls schedule_tick(). For kernel/hooks.c: the hook timer_tick. Context: IRQ.
 */
void timer_object_tick(void);

/* Returns the timer that an object of type OBJECT_TIMER is. Context: ANY. */
static always_inline struct timer_object *timer_object_of(struct object *object)
{
    return container_of(object, struct timer_object, object);
}
