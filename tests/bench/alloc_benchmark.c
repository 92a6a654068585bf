/*
 * The cost of the check of the stack wherever preemption or interrupts go off, for work that does
 * that often: allocating and freeing. Compare `alloc_free` of stack=fault, of stack=prefault
 * prefault=check (a check at every site) and of stack=prefault (a check only where OSv's rules ask
 * for one). Also the cost of the two ways to find a page missing: a touch, or a read of its entry.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/kmalloc.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "sched/sync/mutex.h"
#include "tests/bench/benchmarks.h"

#define SAMPLES      1000
#define WARM_UP      50
#define OBJECTS      8
#define OBJECT_BYTES 64

static uint64_t samples[SAMPLES];

/* Allocates and frees eight small objects and a frame. */
static bool allocate_and_free(void)
{
    void *objects[OBJECTS];
    physical_t frame;
    for (unsigned i = 0; i < OBJECTS; i++) {
        if (kmalloc(OBJECT_BYTES, &objects[i]) != OK) {
            return false;
        }
    }
    if (frame_allocate(FRAME_OWNER_TEST, &frame) != OK) {
        return false;
    }
    frame_free(frame, FRAME_OWNER_TEST);
    for (unsigned i = 0; i < OBJECTS; i++) {
        kfree(objects[i]);
    }
    return true;
}

static void allocations_measure(void *argument maybe_unused)
{
    for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
        uint64_t start = tsc_read_ordered();
        if (!allocate_and_free()) {
            console_print("# no memory for the benchmark\n");
            return;
        }
        uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
        if (i >= WARM_UP) {
            samples[i - WARM_UP] = ticks;
        }
    }
}

BENCHMARK(alloc_free)
{
    benchmark_in_thread(allocations_measure, NULL);
    benchmark_samples_report("alloc_free", samples, SAMPLES);
}

static void spinlocks_measure(void *argument maybe_unused)
{
    static struct spinlock lock = SPINLOCK("benchmark");
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint64_t start = tsc_read_ordered();
        uint64_t flags = spin_lock_irq_save(&lock);
        spin_unlock_irq_restore(&lock, flags);
        samples[i] = tsc_read_ordered() - start - benchmark_overhead();
    }
}

static void mutexes_measure(void *argument maybe_unused)
{
    static struct mutex mutex = MUTEX(mutex, "benchmark");
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint64_t start = tsc_read_ordered();
        mutex_lock(&mutex);
        mutex_unlock(&mutex);
        samples[i] = tsc_read_ordered() - start - benchmark_overhead();
    }
}

/* A spinlock with interrupts off, and a mutex, taken and released while nobody else wants them. */
BENCHMARK(lock)
{
    benchmark_in_thread(spinlocks_measure, NULL);
    benchmark_samples_report("lock_spin", samples, SAMPLES);
    benchmark_in_thread(mutexes_measure, NULL);
    benchmark_samples_report("lock_mutex", samples, SAMPLES);
}

/* Ticks between two readings of the counter, around nothing, a touch, or a read of the entry. */
static uint64_t between[3];

#define MEASURE(which, code)                                                                       \
    do {                                                                                           \
        uint64_t least = UINT64_MAX;                                                               \
        for (unsigned i = 0; i < SAMPLES; i++) {                                                   \
            uint64_t start = tsc_read_ordered();                                                   \
            code;                                                                                  \
            uint64_t ticks = tsc_read_ordered() - start;                                           \
            least = ticks < least ? ticks : least;                                                 \
        }                                                                                          \
        between[which] = least;                                                                    \
    } while (0)

/* The touch of a site: one instruction. */
static always_inline void touch(void)
{
    __asm__ volatile("testb %%al, -4096(%%rsp)" ::: "memory", "cc");
}

/* The alternative: whether the page below is present, by its leaf entry. */
static always_inline void look(void)
{
    uintptr_t below;
    __asm__ volatile("leaq -4096(%%rsp), %0" : "=r"(below));
    if (unlikely(!(*paging_leaf(below) & PAGE_PRESENT))) {
        (void)*(volatile uint8_t *)below;
    }
}

static void sites_measure(void *argument maybe_unused)
{
    MEASURE(0, compiler_barrier());
    MEASURE(1, touch());
    MEASURE(2, look());
}

BENCHMARK(site)
{
    benchmark_in_thread(sites_measure, NULL);
    benchmark_report("site_touch", between[1] - between[0], "instructions");
    benchmark_report("site_look", between[2] - between[0], "instructions");
}
