/* Host stand-in: a lock that also notices being taken twice or released by another. */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"

struct spinlock {
    uint32_t holder; /* CPU number + 1, or 0 */
    const char *name;
};

/* clang-format off */
#define SPINLOCK(lock_name) {.name = (lock_name)}
/* clang-format on */

static inline void spinlock_init(struct spinlock *lock, const char *name)
{
    *lock = (struct spinlock)SPINLOCK(name);
}

static inline bool spin_is_locked(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->holder, __ATOMIC_ACQUIRE) != 0;
}

static inline must_check bool spin_try_lock(struct spinlock *lock)
{
    uint32_t expected = 0;

    preempt_disable();
    if (__atomic_compare_exchange_n(&lock->holder, &expected, fake_cpu + 1, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
        return true;
    }
    preempt_enable();
    return false;
}

static inline void spin_lock(struct spinlock *lock)
{
    if (__atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == fake_cpu + 1) {
        panic("lock '%s' is taken twice", lock->name);
    }
    while (!spin_try_lock(lock)) {
        cpu_pause();
    }
}

static inline void spin_unlock(struct spinlock *lock)
{
    if (__atomic_load_n(&lock->holder, __ATOMIC_RELAXED) != fake_cpu + 1) {
        panic("lock '%s' is released by another CPU than its holder", lock->name);
    }
    __atomic_store_n(&lock->holder, 0, __ATOMIC_RELEASE);
    preempt_enable();
}

static inline void spin_unlock_quietly(struct spinlock *lock)
{
    spin_unlock(lock);
}

static inline must_check uint64_t spin_lock_irq_save(struct spinlock *lock)
{
    uint64_t flags = interrupts_save();

    spin_lock(lock);
    return flags;
}

static inline void spin_unlock_irq_restore(struct spinlock *lock, uint64_t flags)
{
    spin_unlock(lock);
    interrupts_restore(flags);
}

#define spin_lock_by(rule, lock)          spin_lock(lock)
#define spin_lock_irq_save_by(rule, lock) spin_lock_irq_save(lock)
