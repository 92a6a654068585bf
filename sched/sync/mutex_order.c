/*
 * The order of mutexes, checked in the invariant build. It is kept for each thread, not for each
 * CPU as that of spinlocks (arch/x86_64/cpu/spinlock_order.c), because a thread that holds a mutex
 * may sleep and migrate.
 */
#include "sched/sync/mutex_order.h"

#ifdef INVARIANT

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/lock_graph.h"
#include "sched/core/thread.h"
#include "sched/sync/mutex.h"

static struct lock_graph graph;
static char circle[160]; /* for the panic */

/* Not inlined, so that its frame is not part of the frame of each function that takes a mutex. */
static never_inline noreturn_function void mutex_circle_panic(const char *held, const char *taken)
{
    lock_graph_circle(&graph, held, taken, circle, sizeof(circle));
    panic("lock order: mutex '%s' is taken while '%s' is held, and elsewhere it is the other way "
          "round: %s",
          taken, held, circle);
}

void mutex_order_acquire(const struct mutex *mutex)
{
    struct thread *self = thread_current();

    if (self->mutexes_held == THREAD_MUTEXES_MAX) {
        panic("thread %u (%s) holds more than %u mutexes; raise THREAD_MUTEXES_MAX", self->id,
              self->name, THREAD_MUTEXES_MAX);
    }
    for (uint32_t i = 0; i < self->mutexes_held; i++) {
        const struct mutex *held = self->mutexes[i];
        switch (lock_graph_note(&graph, held->name, mutex->name)) {
        case LOCK_ORDER_RIGHT:
            break;
        case LOCK_ORDER_CIRCLE:
            mutex_circle_panic(held->name, mutex->name);
        case LOCK_ORDER_TOO_MANY_NAMES:
            panic("more than %u names of mutexes; raise LOCK_GRAPH_NAMES_MAX",
                  LOCK_GRAPH_NAMES_MAX);
        case LOCK_ORDER_NAMELESS:
            panic("the mutex at %p was never initialised: it has no name",
                  (const void *)(mutex->name == NULL ? mutex : held));
        }
    }
    self->mutexes[self->mutexes_held] = mutex;
}

void mutex_order_release(const struct mutex *mutex)
{
    struct thread *self = thread_current();
    uint32_t i = 0;

    while (self->mutexes[i] != mutex) {
        i++;
    }
    self->mutexes[i] = self->mutexes[self->mutexes_held - 1];
}

void wait_check(const char *kind, const char *name)
{
    if (this_cpu(preempt_count) != 0 || !interrupts_enabled()) {
        panic("thread %u (%s) may have to wait for %s '%s' while it holds %u spinlocks, interrupts "
              "%s",
              thread_current()->id, thread_current()->name, kind, name, this_cpu(preempt_count),
              interrupts_enabled() ? "on" : "off");
    }
}

#endif
