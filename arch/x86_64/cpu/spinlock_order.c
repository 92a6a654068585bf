/*
 * The check of the lock order, in the invariant build. Each pair "B was taken while A was held" is
 * noted by the names of the locks, for all CPUs together (lib/lock_graph.h). A pair that closes a
 * circle of pairs could lead to a deadlock, so it is a panic even if no CPU is waiting.
 */
#include "arch/x86_64/cpu/spinlock.h"

#ifdef INVARIANT

#include "arch/x86_64/cpu/panic.h"
#include "lib/lock_graph.h"

#define HELD_MAX 8

struct held {
    uint32_t count;
    const struct spinlock *locks[HELD_MAX];
};

static PER_CPU(struct held, held_locks);
static struct lock_graph graph;
static char circle[160]; /* for the panic */

/* A function of its own, so that the common path of each lock needs no stack for it. */
static never_inline noreturn_function void spinlock_circle_panic(const char *held,
                                                                 const char *taken)
{
    lock_graph_circle(&graph, held, taken, circle, sizeof(circle));
    panic(
        "lock order: '%s' is taken while '%s' is held, and elsewhere it is the other way round: %s",
        taken, held, circle);
}

void spinlock_order_acquire(struct spinlock *lock)
{
    struct held *held = this_cpu_pointer(held_locks);

    for (uint32_t i = 0; i < held->count; i++) {
        const struct spinlock *other = held->locks[i];
        if (other == lock) {
            panic("spinlock '%s' is taken twice by the same CPU", lock->name);
        }
        switch (lock_graph_note(&graph, other->name, lock->name)) {
        case LOCK_ORDER_RIGHT:
            break; /* also two of one name, such as two run queues: the second is only tried */
        case LOCK_ORDER_CIRCLE:
            spinlock_circle_panic(other->name, lock->name);
        case LOCK_ORDER_TOO_MANY_NAMES:
            panic("more than %u names of spinlocks; raise LOCK_GRAPH_NAMES_MAX",
                  LOCK_GRAPH_NAMES_MAX);
        case LOCK_ORDER_NAMELESS:
            panic("the spinlock at 0x%lx was never initialised: it has no name",
                  (uintptr_t)(lock->name == NULL ? lock : other));
        }
    }
    if (held->count == HELD_MAX) {
        panic("more than %u spinlocks held at once", HELD_MAX);
    }
    held->locks[held->count++] = lock;
}

void spinlock_order_release(struct spinlock *lock)
{
    struct held *held = this_cpu_pointer(held_locks);
    for (uint32_t i = held->count; i-- > 0;) {
        if (held->locks[i] == lock) {
            held->locks[i] = held->locks[--held->count];
            return;
        }
    }
    panic("spinlock '%s' is released by a CPU that does not hold it", lock->name);
}

#endif
