/* Checks of mutexes in the invariant build; empty functions in the other builds. */
#pragma once

#include "lib/compiler.h"

struct mutex;

#ifdef INVARIANT

/*
 * Notes that the calling thread has taken this mutex. Panics if the thread holds a mutex that was
 * once taken while a mutex with this one's name was held. Context: ATOMIC.
 */
void mutex_order_acquire(const struct mutex *mutex);

/* Notes that the calling thread is about to release this mutex. Context: ATOMIC. */
void mutex_order_release(const struct mutex *mutex);

/*
 * Panics if the calling thread holds a spinlock or has interrupts off, so that it may not sleep.
 * The functions of mutexes, semaphores and conditions that may sleep call this first, whether they
 * will have to sleep or not. `kind` and `name` say what they would wait for. Context: ANY.
 */
void wait_check(const char *kind, const char *name);

#else

static always_inline void mutex_order_acquire(const struct mutex *mutex maybe_unused)
{
}

static always_inline void mutex_order_release(const struct mutex *mutex maybe_unused)
{
}

static always_inline void wait_check(const char *kind maybe_unused, const char *name maybe_unused)
{
}

#endif
