/* Many CPUs: affinity, migration, balance, fairness of spinlocks, and shootdowns from everywhere.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "sched/core/run_queue.h"
#include "sched/sync/semaphore.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define MOVES           40
#define SHUFFLED        12
#define SHUFFLES        400
#define URGENT_PRIORITY 20

static bool stop;
static uint64_t cpus_seen;
static uint32_t counter;
static struct thread *threads[CPU_MAX];

static void stop_set(bool value)
{
    __atomic_store_n(&stop, value, __ATOMIC_SEQ_CST);
}

static bool stopped(void)
{
    return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Runs until it is stopped, and records the CPU. */
static void spin_and_note(void *argument maybe_unused)
{
    while (!stopped()) {
        __atomic_or_fetch(&cpus_seen, 1UL << cpu_number(), __ATOMIC_RELAXED);
    }
}

static void spin(void *argument maybe_unused)
{
    test_count(&counter);
    while (!stopped()) {
    }
}

static uint64_t seen_on(void)
{
    return __atomic_load_n(&cpus_seen, __ATOMIC_RELAXED);
}

/* Waits until the spinning threads were seen on all these CPUs. */
static void wait_seen(uint64_t cpus)
{
    test_eventually((seen_on() & cpus) == cpus, "threads ran on CPUs 0x%lx, not on all of 0x%lx",
                    seen_on(), cpus);
}

TEST(SMP0101, "as many endless threads as CPUs spread over all of them", ALWAYS)
{
    stop_set(false);
    cpus_seen = 0;
    for (unsigned i = 0; i < cpu_online_count(); i++) {
        threads[i] = test_thread_start(10, 0, spin_and_note, NULL);
    }
    wait_seen(test_cpus_all());
    stop_set(true);
    for (unsigned i = 0; i < cpu_online_count(); i++) {
        test_thread_join(threads[i]);
    }
}

static void move_around(unsigned cpu)
{
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 1; i <= MOVES && test_hammer_goes_on(end_ns); i++) {
        test_equal(thread_affinity_set(thread_current(), test_cpu_bit(cpu + i)), OK);
        test_equal(cpu_number(), (cpu + i) % cpu_online_count());
    }
}

TEST(SMP0102, "a thread that binds itself to a CPU runs there when the call returns", ALWAYS)
{
    test_on_each_cpu(move_around);
}

static void stay(void *argument maybe_unused)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < 20; i++) {
        seen |= 1UL << cpu_number();
        ignore_result(thread_sleep_ns(500000));
        seen |= 1UL << cpu_number();
        thread_yield();
    }
    test_equal(seen, thread_current()->affinity);
}

TEST(SMP0103, "a bound thread runs nowhere else, whatever it waits for and whichever CPU is idle",
     ALWAYS)
{
    unsigned count = 0;
    for (unsigned i = 0; i < 2 * cpu_online_count() && count < CPU_MAX; i++) {
        threads[count++] = test_thread_start(12, test_cpu_bit(i / 2), stay, NULL);
    }
    while (count > 0) {
        test_thread_join(threads[--count]);
    }
}

static struct semaphore moved_semaphore;

static void wait_then_note(void *argument maybe_unused)
{
    semaphore_down(&moved_semaphore);
    thread_exit((int)cpu_number());
}

TEST(SMP0104, "a running, a ready and a waiting thread move when their affinity is changed", ALWAYS)
{
    for (unsigned cpu = 1; cpu <= cpu_online_count(); cpu++) {
        uint64_t from = test_cpu_bit(cpu - 1), to = test_cpu_bit(cpu);
        stop_set(false);
        cpus_seen = 0;
        semaphore_init(&moved_semaphore, 0);
        /* The first waits. One of the two others on that CPU runs while the other is ready. */
        threads[0] = test_thread_start(10, from, wait_then_note, NULL);
        test_wait_blocked(threads[0]);
        threads[1] = test_thread_start(10, from, spin_and_note, NULL);
        threads[2] = test_thread_start(10, from, spin_and_note, NULL);
        wait_seen(from);
        for (unsigned i = 0; i < 3; i++) {
            if (threads[i] != NULL) {
                test_equal(thread_affinity_set(threads[i], to), OK);
            }
        }
        wait_seen(to);
        stop_set(true);
        semaphore_up(&moved_semaphore);
        if (threads[0] != NULL) {
            test_equal(thread_join(threads[0]), cpu % cpu_online_count());
        }
        test_thread_join(threads[1]);
        test_thread_join(threads[2]);
    }
}

static struct semaphore shuffle_semaphore;

static void wake_and_wait(void *argument maybe_unused)
{
    while (!stopped()) {
        ignore_result(semaphore_down_timed(&shuffle_semaphore, 1000000));
        semaphore_up(&shuffle_semaphore);
        test_count(&counter);
    }
}

static unsigned shuffle_next(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 16;
}

static void shuffle_affinities(void *argument)
{
    uint32_t random = (uint32_t)(uintptr_t)argument;
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 0; i < SHUFFLES && test_hammer_goes_on(end_ns); i++) {
        struct thread *thread = threads[shuffle_next(&random) % SHUFFLED];
        if (thread != NULL) {
            test_equal(thread_affinity_set(thread, test_cpu_bit(shuffle_next(&random))), OK);
        }
    }
}

static void shuffle_priorities(void *argument)
{
    uint32_t random = (uint32_t)(uintptr_t)argument;
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 0; i < SHUFFLES && test_hammer_goes_on(end_ns); i++) {
        struct thread *thread = threads[shuffle_next(&random) % SHUFFLED];
        if (thread != NULL) {
            test_equal(thread_priority_set(thread, 5 + shuffle_next(&random) % 10), OK);
        }
    }
}

/* Checks that each queue holds as many threads as it counts. */
static void queue_check(unsigned cpu)
{
    uint64_t flags = interrupts_save();
    struct run_queue *queue = &cpu_variable(run_queue, cpu);
    uint32_t found = 0, bits = 0, strangers = 0;

    spin_lock(&queue->lock);
    for (unsigned priority = 0; priority < THREAD_PRIORITIES; priority++) {
        list_for_each (node, &queue->lists[priority]) {
            const struct thread *thread = list_entry(node, struct thread, run_node);
            strangers +=
                thread->cpu != cpu || thread->state != THREAD_READY || thread->priority != priority;
            found++;
            bits |= 1U << priority;
        }
    }
    uint32_t runnable = queue->runnable, ready = queue->ready_bits;
    found += queue->current != queue->idle ? 1 : 0;
    spin_unlock_quietly(&queue->lock);
    interrupts_restore(flags);
    test_equal(found, runnable);
    test_equal(bits, ready);
    test_equal(strangers, 0);
}

TEST(SMP0105, "run queues stay consistent while priorities and affinities change", ALWAYS)
{
    struct thread *shufflers[4];
    stop_set(false);
    counter = 0;
    semaphore_init(&shuffle_semaphore, 2);
    for (unsigned i = 0; i < SHUFFLED; i++) {
        threads[i] = test_thread_start(10, 0, wake_and_wait, NULL);
    }
    for (uintptr_t i = 0; i < array_length(shufflers); i++) {
        shufflers[i] = test_thread_start(
            16, 0, i % 2 == 0 ? shuffle_affinities : shuffle_priorities, (void *)(i + 1));
    }
    for (unsigned i = 0; i < array_length(shufflers); i++) {
        test_thread_join(shufflers[i]);
        queue_check(i % cpu_online_count());
    }
    uint32_t before = test_counted(&counter);
    test_wait_until(&counter, before + SHUFFLED, "threads that go on after the shuffle");
    stop_set(true);
    for (unsigned i = 0; i < SHUFFLED; i++) {
        test_thread_join(threads[i]);
    }
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        queue_check(cpu);
    }
}

/*
 * The longest queue holds only threads that are bound to its CPU, so an idle CPU must look further.
 * With fewer than three CPUs this is trivial.
 */
TEST(SMP0106, "an idle CPU finds work though the longest queue has none for it", ALWAYS)
{
    struct thread *bound[4], *guard, *loose;
    stop_set(false);
    counter = 0;
    cpus_seen = 0;
    for (unsigned i = 0; i < array_length(bound); i++) {
        bound[i] = test_thread_start(10, test_cpu_bit(0), spin, NULL);
    }
    guard = test_thread_start(10, test_cpu_bit(1), spin, NULL);
    loose = test_thread_start(10, test_cpu_bit(1), spin_and_note, NULL);
    wait_seen(test_cpu_bit(1));
    if (loose != NULL) {
        test_equal(thread_affinity_set(loose, test_cpus_all()), OK);
    }
    if (cpu_online_count() > 2) {
        test_eventually((seen_on() & ~test_cpu_bit(1)) != 0, "no idle CPU takes the loose thread");
    }
    stop_set(true);
    for (unsigned i = 0; i < array_length(bound); i++) {
        test_thread_join(bound[i]);
    }
    test_thread_join(guard);
    test_thread_join(loose);
}

static void count_once(void *argument maybe_unused)
{
    test_count(&counter);
}

/* Each CPU runs an endless thread, CPU 0 the most urgent one, behind which another waits. */
TEST(SMP0107,
     "a thread behind an endless more urgent one moves to a CPU that runs a less urgent one",
     TWO_CPUS)
{
    unsigned count = cpu_online_count();
    stop_set(false);
    counter = 0;
    for (unsigned cpu = 0; cpu < count; cpu++) {
        threads[cpu] = test_thread_start(cpu == 0 ? URGENT_PRIORITY : URGENT_PRIORITY - 10,
                                         test_cpu_bit(cpu), spin, NULL);
    }
    test_wait_until(&counter, count, "endless threads");
    counter = 0;
    struct thread *waiting =
        test_thread_start(URGENT_PRIORITY - 5, test_cpu_bit(0), count_once, NULL);
    if (waiting != NULL) {
        test_equal(thread_affinity_set(waiting, THREAD_AFFINITY_ALL), OK);
        test_wait_until(&counter, 1, "the thread behind the most urgent one");
    }
    stop_set(true);
    for (unsigned cpu = 0; cpu < count; cpu++) {
        test_thread_join(threads[cpu]);
    }
    test_thread_join(waiting);
}
