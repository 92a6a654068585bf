/* Checks of mutexes in the invariant build; empty functions in the other builds. */
#pragma once

#include "lib/compiler.h"

struct mutex;

#ifdef INVARIANT

/*
 * Notes that the calling thread took this mutex. Panics if a mutex that it holds is taken after
 * this one elsewhere. Context: THREAD.
 */
void mutex_order_acquire(const struct mutex *mutex);

/* Notes that the calling thread is about to release this mutex. Context: ATOMIC. */
void mutex_order_release(const struct mutex *mutex);

/*
 * Panics if the calling thread holds a spinlock or has interrupts off, so that it may not sleep.
 * Every function that may sleep calls this first, whether it will have to sleep or not. `kind` and
 * `name` say for what it waits. Context: ANY.
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
