/*
 * Timer objects: each signals a notification at a time that is set, once. Times are looked at in
 * the tick, so a signal is late by up to a tick, never early.
 */
#pragma once

#include "kernel/ipc/notification.h"
#include "lib/tree.h"

struct timer_object {
    struct object object;
    struct notification *notification; /* bound */
    uint64_t bits;
    uint8_t cpu;           /* whose tree has it, if any has; under the lock of all trees */
    struct tree_node node; /* likewise */
};

/*
 * Creates a timer that will signal these bits, not set, with one reference, which is the caller's,
 * and no handle. When its last handle is closed it is cancelled. Context: THREAD.
 * Errors: ERROR_NO_MEMORY.
 */
must_check int timer_object_create(struct notification *notification, uint64_t bits,
                                   struct timer_object **timer);

/*
 * Sets the time, in nanoseconds of the clock, at which the timer signals, in place of one that was
 * set before and has not come. Context: THREAD.
 */
void timer_object_set(struct timer_object *timer, uint64_t at_ns);

/* Cancels the time that was set, if it has not come; returns whether that was so. Context: THREAD. */
bool timer_object_cancel(struct timer_object *timer);

/*
 * Signals for the timers of the calling CPU whose time has come, a bounded number, and then does
 * the scheduler's work of a tick. For kernel/hooks.c: the hook timer_tick. Context: IRQ.
 */
void timer_object_tick(void);

/* Returns the timer that an object of type OBJECT_TIMER is. Context: ANY. */
static always_inline struct timer_object *timer_object_of(struct object *object)
{
    return container_of(object, struct timer_object, object);
}
