/*
 * Spinlocks: a CPU that wants the lock draws a ticket, and tickets are served in order. Under a
 * hypervisor a CPU that has to wait gives its ticket back, if no later one has been drawn, and
 * tries until it gets the lock (spinlock.c). A holder has preemption off, does not sleep, and
 * releases soon. Whoever takes a lock that interrupt handlers take has interrupts off, as with the
 * _irq_save pair. The invariant build checks each acquisition against the lock order
 * (spinlock_order.c).
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"

struct spinlock {
    uint32_t next;    /* the ticket that is drawn next */
    uint32_t serving; /* the ticket that owns the lock */
    const char *name;
};

/* clang-format off */
#define SPINLOCK(lock_name) {.next = 0, .serving = 0, .name = (lock_name)}
/* clang-format on */

#ifdef INVARIANT
/* Notes that this CPU takes a lock; panics if that breaks the lock order. Context: ANY. */
void spinlock_order_acquire(struct spinlock *lock);

/* Notes that this CPU releases a lock; panics if it does not hold it. Context: ANY. */
void spinlock_order_release(struct spinlock *lock);
#else
static always_inline void spinlock_order_acquire(struct spinlock *lock maybe_unused)
{
}
static always_inline void spinlock_order_release(struct spinlock *lock maybe_unused)
{
}
#endif

/* Makes a lock free and names it; `name` must stay valid. Context: ANY. */
static always_inline void spinlock_init(struct spinlock *lock, const char *name)
{
    *lock = (struct spinlock)SPINLOCK(name);
}

/*
 * True if CPUs that wait give their tickets back and try until they get the lock (spinlock.c). It
 * may change at any time, because it decides only how a CPU waits.
 */
extern bool spinlock_unfair;

/* Sets spinlock_unfair if CPUID reports a hypervisor. Context: boot. */
void spinlock_mode_init(void);

/* Takes the lock if it is free, by one compare-and-exchange. Context: ANY, preemption off. */
static always_inline must_check bool spinlock_take_free(struct spinlock *lock)
{
    uint32_t ticket = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);
    return __atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* Returns true if some CPU holds the lock or waits for it; stale at once. Context: ANY. */
static always_inline bool spin_is_locked(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->next, __ATOMIC_RELAXED) !=
           __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);
}

/*
 * Waits until the caller has the lock, for which it has drawn `ticket`. In the kernel the wait is a
 * function of spinlock_wait.asm, which changes no register. Context: ANY, preemption or interrupts
 * off.
 */
static always_inline void spinlock_wait_for(struct spinlock *lock, uint32_t ticket)
{
#ifdef HOST_TEST_BUILD
    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket) {
        cpu_pause();
    }
#else
    uint64_t word = ticket;
    __asm__ volatile("pushq %0\n\tleaq %1, %0\n\tpushq %0\n\tcall spinlock_wait"
                     : "+r"(word)
                     : "m"(lock->serving)
                     : "memory", "cc");
#endif
}

/*
 * Takes the lock; spins until it is free. Does not turn preemption off. Context: ANY, preemption or
 * interrupts off until spinlock_pass().
 */
static always_inline void spinlock_take(struct spinlock *lock)
{
    spinlock_order_acquire(lock);
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    if (unlikely(__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)) {
#ifdef LATENCY
        uint64_t since = tsc_read();
        spinlock_wait_for(lock, ticket);
        off_time_waited(since);
#else
        spinlock_wait_for(lock, ticket);
#endif
    }
}

/*
 * Releases the lock: the next ticket is served. Only the holder writes `serving`, and x86 reorders
 * no store with an earlier load or store. So a plain ADD releases the lock, if the compiler moves
 * nothing across it. Context: ANY, by the holder.
 */
static always_inline void spinlock_pass(struct spinlock *lock)
{
    spinlock_order_release(lock);
    compiler_barrier();
    lock->serving++;
}

/*
 * Takes the lock. If interrupts are on, no interrupt handler may ever take it. `rule` is the name
 * of the patch-site rule that holds at this place (patch_site.h). Context: ANY.
 */
#define spin_lock_by(rule, lock)                                                                   \
    do {                                                                                           \
        preempt_disable_by(rule);                                                                  \
        spinlock_take(lock);                                                                       \
    } while (0)

/* Takes the lock. If interrupts are on, no interrupt handler may ever take it. Context: ANY. */
static always_inline void spin_lock(struct spinlock *lock)
{
    spin_lock_by(EITHER, lock);
}

/*
 * Takes the lock if it is free and returns true; else returns false and changes nothing. Never
 * waits. Context: ANY.
 */
static always_inline must_check bool spin_try_lock(struct spinlock *lock)
{
    preempt_disable();
    if (!spinlock_take_free(lock)) {
        preempt_enable();
        return false;
    }
    spinlock_order_acquire(lock);
    return true;
}

/* Releases the lock without a check for a due reschedule. Context: ANY, interrupts off. */
static always_inline void spin_unlock_quietly(struct spinlock *lock)
{
    spinlock_pass(lock);
    preempt_enable_quietly();
}

/* Releases the lock, and reschedules if that is due. Context: THREAD or ATOMIC. */
static always_inline void spin_unlock(struct spinlock *lock)
{
    spinlock_pass(lock);
    preempt_enable();
}

/*
 * Turns interrupts off, takes the lock, and returns the flags for spin_unlock_irq_restore(). `rule`
 * is the name of the patch-site rule that holds at this place (patch_site.h). Context: ANY.
 */
#define spin_lock_irq_save_by(rule, lock)                                                          \
    ({                                                                                             \
        uint64_t flags_of_lock_ = interrupts_save_by(rule);                                        \
        spin_lock_by(OFF_ALREADY, lock);                                                           \
        flags_of_lock_;                                                                            \
    })

/*
 * Turns interrupts off, takes the lock, and returns the flags for spin_unlock_irq_restore().
 * Context: ANY.
 */
static always_inline must_check uint64_t spin_lock_irq_save(struct spinlock *lock)
{
    return spin_lock_irq_save_by(EITHER, lock);
}

/*
 * Releases the lock, restores interrupts to `flags`, and reschedules if that is due and possible.
 * Context: ANY.
 */
static always_inline void spin_unlock_irq_restore(struct spinlock *lock, uint64_t flags)
{
    spin_unlock_quietly(lock);
    preempt_interrupts_restore(flags);
}
