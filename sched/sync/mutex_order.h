/* What the invariant build checks about mutexes; nothing at all in the others. */
#pragma once

#include "lib/compiler.h"

struct mutex;

#ifdef INVARIANT

/* The calling thread got this mutex: panics if it is ever taken the other way round. */
void mutex_order_acquire(const struct mutex *mutex);

/* The calling thread is about to give it up. */
void mutex_order_release(const struct mutex *mutex);

/*
 * Panics if the calling thread could not sleep here: with a spinlock held or interrupts off. Called
 * by everything that may wait, before it knows whether it has to.
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
