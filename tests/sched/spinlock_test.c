/* Spinlocks exclude, and are fair. */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "lib/error.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define ROUNDS_A_CPU 3000

static uint32_t counter;
static struct thread *threads[CPU_MAX];
static struct spinlock fair_lock = SPINLOCK("fairness");
static uint8_t fair_order[CPU_MAX];
static uint32_t fair_count;

static void lock_and_note(void *argument)
{
    spin_lock(&fair_lock);
    fair_order[fair_count++] = (uint8_t)(uintptr_t)argument;
    spin_unlock(&fair_lock);
}

TEST(SMP0110, "a spinlock serves the CPUs in the order of their requests", ALWAYS)
{
    unsigned count = cpu_online_count();
    bool unfair = spinlock_unfair;
    spinlock_unfair = false; /* also on this machine, if it is a virtual one */
    fair_count = 0;
    test_thread_bind(0, THREAD_PRIORITIES - 1);
    spin_lock(&fair_lock);
    for (uintptr_t i = 1; i < count; i++) {
        /* The last CPU comes first, so that the order is not that of the numbers. */
        uint32_t tickets = __atomic_load_n(&fair_lock.next, __ATOMIC_RELAXED);
        threads[i] = NULL;
        const struct thread_options options = {
            .name = "fair", .priority = 16, .affinity = test_cpu_bit(count - (unsigned)i)};
        if (thread_create(&options, lock_and_note, (void *)i, &threads[i]) != OK) {
            continue;
        }
        while (__atomic_load_n(&fair_lock.next, __ATOMIC_RELAXED) == tickets) {
            cpu_pause();
        }
    }
    test_check(spin_is_locked(&fair_lock));
    test_check(!spin_try_lock(&fair_lock));
    spin_unlock(&fair_lock);
    for (unsigned i = 1; i < count; i++) {
        test_check(threads[i] != NULL);
        test_thread_join(threads[i]);
    }
    test_thread_unbind();
    spinlock_unfair = unfair;
    test_equal(fair_count, count - 1);
    for (unsigned i = 0; i < fair_count; i++) {
        test_equal(fair_order[i], i + 1);
    }
}

static uint64_t unguarded;

static void count_with_lock(unsigned cpu maybe_unused)
{
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 0; i < ROUNDS_A_CPU && test_hammer_goes_on(end_ns); i++) {
        __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
        uint64_t flags = spin_lock_irq_save(&fair_lock);
        unguarded++;
        spin_unlock_irq_restore(&fair_lock, flags);
    }
}

TEST(SMP0111, "a spinlock excludes the other CPUs", ALWAYS)
{
    unguarded = counter = 0;
    test_on_each_cpu(count_with_lock);
    test_equal(unguarded, counter);
    test_check(!spin_is_locked(&fair_lock));
}
