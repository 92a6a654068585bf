/*
 * Lock order, checked in the invariant build. Each pair "B was taken while A was held" is
 * remembered by the locks' names; the reverse pair, seen at any later time on any CPU, is a
 * deadlock waiting to happen and panics at once. Any context.
 */
#include "arch/x86_64/spinlock.h"

#ifdef INVARIANT

#include "arch/x86_64/report.h"

#define HELD_MAX  8
#define NAMES_MAX 64

struct held {
    uint32_t count;
    const struct spinlock *locks[HELD_MAX];
};

static PER_CPU(struct held, held_locks);

static const char *names[NAMES_MAX];
static uint64_t taken_under[NAMES_MAX]; /* bit a of [b]: b was taken while a was held */

/* The number of a name; names are compared by address, which the compiler makes unique enough. */
static unsigned name_number(const char *name)
{
    for (unsigned i = 0; i < NAMES_MAX; i++) {
        const char *known = __atomic_load_n(&names[i], __ATOMIC_ACQUIRE);
        if (known == name) {
            return i;
        }
        if (known == NULL && __atomic_compare_exchange_n(&names[i], &known, name, false,
                                                         __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            return i;
        }
        if (known == name) {
            return i;
        }
    }
    panic("more than %u names of spinlocks; raise NAMES_MAX", NAMES_MAX);
}

void spinlock_order_acquire(struct spinlock *lock)
{
    struct held *held = this_cpu_pointer(held_locks);
    unsigned self = name_number(lock->name);

    for (uint32_t i = 0; i < held->count; i++) {
        const struct spinlock *other = held->locks[i];
        if (other == lock) {
            panic("spinlock '%s' is taken twice by the same CPU", lock->name);
        }
        unsigned under = name_number(other->name);
        if (under == self) {
            continue; /* two of a kind, such as two run queues: tried, not waited for */
        }
        __atomic_or_fetch(&taken_under[self], 1UL << under, __ATOMIC_RELAXED);
        if (taken_under[under] >> self & 1) {
            panic("lock order: '%s' is taken while '%s' is held, and elsewhere it is the other way "
                  "round",
                  lock->name, other->name);
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
