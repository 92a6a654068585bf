/*
 * Fair spinlocks: whoever comes first is served first (a ticket each). A holder has preemption off,
 * never sleeps, and releases soon. A lock that interrupt handlers take is always taken with the
 * _irq_save pair. In the invariant build every acquisition is checked against the lock order
 * (spinlock_order.c).
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"

struct spinlock {
    uint32_t next;    /* the ticket the next comer draws */
    uint32_t serving; /* the ticket whose holder owns the lock */
    const char *name;
};

#define SPINLOCK(lock_name)                                                                        \
    {                                                                                              \
        .next = 0, .serving = 0, .name = (lock_name)                                               \
    }

#ifdef INVARIANT
void spinlock_order_acquire(struct spinlock *lock);
void spinlock_order_release(struct spinlock *lock);
#else
static always_inline void spinlock_order_acquire(struct spinlock *lock maybe_unused)
{
}
static always_inline void spinlock_order_release(struct spinlock *lock maybe_unused)
{
}
#endif

static always_inline void spinlock_init(struct spinlock *lock, const char *name)
{
    *lock = (struct spinlock)SPINLOCK(name);
}

/* What is left to do once preemption is off, or interrupts are off until the lock is passed on. */
static always_inline void spinlock_take(struct spinlock *lock)
{
    spinlock_order_acquire(lock);
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    if (unlikely(__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)) {
        do {
            cpu_pause();
        } while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket);
    }
}

/*
 * The next ticket's turn. Only the holder writes the word, and x86 lets no store pass an earlier
 * access: so a plain ADD releases, if the compiler moves nothing across it.
 */
static always_inline void spinlock_pass(struct spinlock *lock)
{
    spinlock_order_release(lock);
    compiler_barrier();
    lock->serving++;
}

/*
 * Takes the lock; interrupts must be off already or no interrupt handler may ever take it. The name
 * of a rule of patch_site.h stands for its number.
 */
#define spin_lock_by(rule, lock)                                                                   \
    do {                                                                                           \
        preempt_disable_by(rule);                                                                  \
        spinlock_take(lock);                                                                       \
    } while (0)

static always_inline void spin_lock(struct spinlock *lock)
{
    spin_lock_by(EITHER, lock);
}

/* Takes the lock if it is free; false, and nothing changed, if not. Never waits. */
static always_inline must_check bool spin_try_lock(struct spinlock *lock)
{
    preempt_disable();
    uint32_t ticket = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);
    if (!__atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        preempt_enable();
        return false;
    }
    spinlock_order_acquire(lock);
    return true;
}

/* Releases without giving way to a due reschedule: for callers with interrupts off. */
static always_inline void spin_unlock_quietly(struct spinlock *lock)
{
    spinlock_pass(lock);
    preempt_enable_quietly();
}

static always_inline void spin_unlock(struct spinlock *lock)
{
    spinlock_pass(lock);
    preempt_enable();
}

#define spin_lock_irq_save_by(rule, lock)                                                          \
    ({                                                                                             \
        uint64_t flags_of_lock_ = interrupts_save_by(rule);                                        \
        spin_lock_by(OFF_ALREADY, lock);                                                           \
        flags_of_lock_;                                                                            \
    })

static always_inline must_check uint64_t spin_lock_irq_save(struct spinlock *lock)
{
    return spin_lock_irq_save_by(EITHER, lock);
}

static always_inline void spin_unlock_irq_restore(struct spinlock *lock, uint64_t flags)
{
    spin_unlock_quietly(lock);
    preempt_interrupts_restore(flags);
}

static always_inline bool spin_is_locked(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->next, __ATOMIC_RELAXED) !=
           __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);
}
