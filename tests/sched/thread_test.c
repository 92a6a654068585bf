/* Creation and end of threads, join, exit codes, priorities, turns, and creation without memory. */
#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack_cache.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/run_down.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define ALIVE_AT_ONCE     300
#define CREATIONS_A_CPU   400
#define CREATIONS_IN_VAIN (STACK_CACHE_MAX + 4)
#define PRIORITY_HIGHEST  (THREAD_PRIORITIES - 1)
#define ALTERNATIONS      20
#define PEERS             3
#define TURNS_TO_SEE      3
#define SPIN_PRIORITY     10

static uint32_t counter;

static void exit_with_argument(void *argument)
{
    test_count(&counter);
    thread_exit((int)(intptr_t)argument);
}

static void return_at_once(void *argument maybe_unused)
{
    test_count(&counter);
}

TEST(THR0001, "a thread runs with its argument, and join gives its exit code", ALWAYS)
{
    static const int codes[] = {0, 1, -1, 1234567, ERROR_KILLED};
    counter = 0;
    for (unsigned i = 0; i < array_length(codes); i++) {
        void *argument = (void *)(intptr_t)codes[i];
        struct thread *thread = test_thread_start(16, 0, exit_with_argument, argument);
        test_equal(test_thread_join(thread), codes[i]);
    }
    test_equal(test_thread_join(test_thread_start(16, 0, return_at_once, NULL)), 0);
    test_equal(counter, array_length(codes) + 1);
}

TEST(THR0002, "a thread is joined after its end as well as before it", ALWAYS)
{
    counter = 0;
    struct thread *thread = test_thread_start(16, 0, exit_with_argument, (void *)42);
    test_wait_until(&counter, 1, "the thread's end");
    test_settle(10000000); /* most of the time it has left its stack by then */
    test_equal(test_thread_join(thread), 42);
}

TEST(THR0003, "detached threads go away by themselves", ALWAYS)
{
    uint32_t before = thread_count();
    counter = 0;
    for (unsigned i = 0; i < 20; i++) {
        test_equal(thread_start("detached", return_at_once, NULL, NULL), OK);
    }
    test_wait_until(&counter, 20, "detached threads run");
    test_eventually(thread_count() == before, "%u threads, not %u as before", thread_count(),
                    before);
}

static uint32_t created_count;

static void creations(unsigned cpu maybe_unused)
{
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 0; i < CREATIONS_A_CPU && test_hammer_goes_on(end_ns); i++) {
        test_count(&created_count);
        struct thread *thread = test_thread_start(16, 0, exit_with_argument, (void *)(intptr_t)i);
        if (thread == NULL) {
            return;
        }
        test_equal(test_thread_join(thread), i);
    }
}

TEST(THR0004, "every CPU creates and joins threads, hundreds one after the other", ALWAYS)
{
    counter = created_count = 0;
    test_on_each_cpu(creations);
    test_equal(counter, created_count);
    test_note("%u threads on %u CPUs", created_count, cpu_online_count());
}

TEST(THR0005, "hundreds of threads live at once, in rounds to thousands", ALWAYS)
{
    static struct thread *threads[ALIVE_AT_ONCE];
    for (unsigned round = 0; round < 4; round++) {
        counter = 0;
        for (unsigned i = 0; i < ALIVE_AT_ONCE; i++) {
            threads[i] = test_thread_start(i % 24, 0, exit_with_argument, (void *)(intptr_t)i);
        }
        for (unsigned i = ALIVE_AT_ONCE; i-- > 0;) {
            test_equal(test_thread_join(threads[i]), threads[i] != NULL ? i : 0);
        }
        test_equal(counter, ALIVE_AT_ONCE);
    }
}

TEST(THR0006, "an invalid priority or affinity is an error, and changes nothing", ALWAYS)
{
    uint32_t before = thread_count();
    struct thread *thread = NULL;
    struct thread_options options = {.name = "never", .priority = THREAD_PRIORITIES};

    test_equal(thread_create(&options, return_at_once, NULL, &thread), ERROR_RANGE);
    options.priority = 16;
    if (cpu_online_count() < 64) {
        options.affinity = ~test_cpus_all();
        test_equal(thread_create(&options, return_at_once, NULL, &thread), ERROR_INVALID);
        test_equal(thread_affinity_set(thread_current(), ~test_cpus_all()), ERROR_INVALID);
    }
    test_check(thread == NULL);
    test_equal(thread_count(), before);
    test_equal(thread_affinity_set(thread_current(), 0), ERROR_INVALID);
    test_equal(thread_priority_set(thread_current(), THREAD_PRIORITIES), ERROR_RANGE);
    test_equal(thread_current()->priority, THREAD_PRIORITY_DEFAULT);
}

/*
 * Takes all memory, and tries to create threads. Fully backed threads never come from the cache of
 * whole stacks. Some of the others may; these are created, and run when memory is back. Returns how
 * many creations were refused.
 */
static unsigned creations_refused(void)
{
    static struct thread *created[CREATIONS_IN_VAIN];
    struct thread_options options = {
        .name = "refused", .priority = 16, .backed = true, .affinity = test_cpu_bit(0)};
    struct thread *thread = NULL;
    struct run_down all;
    unsigned errors = 0;

    counter = 0;
    (void)stack_depot_drain();
    (void)stack_reclaim();
    run_down_begin();
    run_down_take(&all);
    int error = thread_create(&options, return_at_once, NULL, &thread);
    options.backed = false;
    for (unsigned i = 0; i < CREATIONS_IN_VAIN; i++) {
        created[i] = NULL;
        errors += thread_create(&options, return_at_once, NULL, &created[i]) == ERROR_NO_MEMORY;
    }
    run_down_give_back(&all);
    run_down_end();

    test_equal(error, ERROR_NO_MEMORY);
    test_check(thread == NULL);
    for (unsigned i = 0; i < CREATIONS_IN_VAIN; i++) {
        test_equal(test_thread_join(created[i]), 0);
    }
    test_equal(counter, CREATIONS_IN_VAIN - errors);
    return errors;
}

/* Stacks of threads that ended earlier may come into the cache meanwhile: that round does not count. */
TEST(THR0007, "without memory the creation of a thread is an error, and nothing leaks", ALWAYS)
{
    unsigned least = CREATIONS_IN_VAIN - stack_cache_size(), errors = 0;

    test_thread_bind(0, 20); /* above the new threads, so none ends and leaves its stack */
    for (unsigned round = 0; round < 5 && errors < least; round++) {
        errors = creations_refused();
    }
    test_check(errors >= least);
    test_thread_unbind();
}

TEST(THR0008, "threads are found by number and by stack, and long names are cut", ALWAYS)
{
    const struct thread *self = thread_current();
    const struct thread_options options = {.name = "a name of more than sixteen bytes",
                                           .priority = 0};
    struct thread *thread = NULL;

    test_check(thread_find(self->id) == self);
    test_check(thread_of_slot(self->slot) == self);
    test_check(thread_find(UINT32_MAX) == NULL);
    test_equal(thread_create(&options, return_at_once, NULL, &thread), OK);
    if (thread != NULL) {
        char shown[THREAD_NAME_SHOWN_BYTES];
        test_check(thread->name == options.name);
        thread_name_copy(shown, thread);
        test_check(strcmp(shown, "a name of more than six") == 0);
        test_check(thread->id > self->id);
        thread_join(thread);
    }
}

static uint32_t order_count;
static uint8_t order[THREAD_PRIORITIES];

static void order_note(void *argument)
{
    order[__atomic_fetch_add(&order_count, 1, __ATOMIC_SEQ_CST)] = (uint8_t)(uintptr_t)argument;
}

TEST(THR0010, "of 32 threads with 32 priorities on one CPU the more urgent runs first", ALWAYS)
{
    static struct thread *threads[THREAD_PRIORITIES];
    order_count = 0;
    test_thread_bind(0, PRIORITY_HIGHEST);
    for (unsigned i = 0; i < THREAD_PRIORITIES; i++) {
        uintptr_t priority = i * 13 % THREAD_PRIORITIES;
        threads[i] =
            test_thread_start((unsigned)priority, test_cpu_bit(0), order_note, (void *)priority);
    }
    for (unsigned i = 0; i < THREAD_PRIORITIES; i++) {
        test_thread_join(threads[i]);
    }
    test_thread_unbind();
    test_equal(order_count, THREAD_PRIORITIES);
    for (unsigned i = 0; i < THREAD_PRIORITIES; i++) {
        test_equal(order[i], PRIORITY_HIGHEST - i);
    }
}

TEST(THR0011, "a thread more urgent than its creator runs before the creator goes on", ALWAYS)
{
    counter = 0;
    test_thread_bind(cpu_online_count() - 1, 16);
    uint64_t here = thread_current()->affinity;
    struct thread *urgent = test_thread_start(17, here, return_at_once, NULL);
    test_equal(test_counted(&counter), urgent != NULL);
    struct thread *patient = test_thread_start(15, here, return_at_once, NULL);
    test_equal(test_counted(&counter), 1);
    if (patient != NULL) {
        test_equal(thread_priority_set(patient, 18), OK); /* becomes urgent now */
    }
    test_equal(test_counted(&counter), 2);
    test_thread_join(urgent);
    test_thread_join(patient);
    test_thread_unbind();
}

static char alternation[2 * ALTERNATIONS + 1];

static void alternate(void *argument)
{
    for (unsigned i = 0; i < ALTERNATIONS; i++) {
        alternation[order_count++] = *(const char *)argument;
        thread_yield();
    }
}

TEST(THR0012, "two threads of one priority that yield take turns", ALWAYS)
{
    order_count = 0;
    test_thread_bind(0, PRIORITY_HIGHEST);
    struct thread *first = test_thread_start(16, test_cpu_bit(0), alternate, "a");
    struct thread *second = test_thread_start(16, test_cpu_bit(0), alternate, "b");
    test_thread_join(first);
    test_thread_join(second);
    test_thread_unbind();
    test_equal(order_count, 2 * ALTERNATIONS);
    unsigned repeated = 0;
    for (unsigned i = 1; i < order_count; i++) {
        repeated += alternation[i] == alternation[i - 1];
    }
    test_equal(repeated, 0);
}

/* Threads that never yield the CPU, and how far each came. */
static struct {
    bool stop;
    struct peer {
        uint64_t loops;
        uint64_t seen;
        uint32_t turns;
        struct thread *thread;
    } peers[CPU_MAX][PEERS];
} spin;

static void spin_for_ever(void *argument)
{
    struct peer *peer = argument;
    while (!__atomic_load_n(&spin.stop, __ATOMIC_RELAXED)) {
        __atomic_add_fetch(&peer->loops, 1, __ATOMIC_RELAXED);
    }
}

/* Looks which threads went on since the last look. Returns true once all had their turns. */
static bool all_had_turns(unsigned cpus)
{
    bool all = true;
    for (unsigned i = 0; i < PEERS * cpus; i++) {
        struct peer *peer = &spin.peers[i / PEERS][i % PEERS];
        uint64_t now = __atomic_load_n(&peer->loops, __ATOMIC_RELAXED);
        peer->turns += now != peer->seen;
        peer->seen = now;
        all = all && (peer->turns >= TURNS_TO_SEE || peer->thread == NULL);
    }
    return all;
}

TEST(THR0013, "an endless loop does not stop other threads of its priority: three on each CPU",
     ALWAYS)
{
    unsigned cpus = cpu_online_count();
    memset(&spin, 0, sizeof(spin));
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        for (unsigned i = 0; i < PEERS; i++) {
            struct peer *peer = &spin.peers[cpu][i];
            peer->thread = test_thread_start(SPIN_PRIORITY, test_cpu_bit(cpu), spin_for_ever, peer);
        }
    }
    test_eventually(all_had_turns(cpus), "not every endless thread had its turns");
    __atomic_store_n(&spin.stop, true, __ATOMIC_RELAXED);
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        for (unsigned i = 0; i < PEERS; i++) {
            test_thread_join(spin.peers[cpu][i].thread);
        }
    }
}

static struct {
    struct spinlock lock;
    struct wait_queue queue;
} pause;

/* Begins to wait after its last tick and before the switch that this tick requested. */
static void pause_at_turns_end_and_spin(void *argument)
{
    preempt_disable();
    while (__atomic_load_n(&thread_current()->slice_ticks, __ATOMIC_RELAXED) != 0) {
    }
    uint64_t flags = spin_lock_irq_save(&pause.lock);
    preempt_enable_quietly();
    test_equal(wait_queue_sleep(&pause.queue, &pause.lock, 1000000), ERROR_TIMEOUT);
    spin_unlock_irq_restore(&pause.lock, flags);
    spin_for_ever(argument);
}

TEST(THR0014,
     "a thread that begins to wait at the very end of its turn gets one turn later, no more",
     ALWAYS)
{
    memset(&spin, 0, sizeof(spin));
    counter = 0;
    spinlock_init(&pause.lock, "test pause");
    wait_queue_init(&pause.queue);
    uint64_t last = test_cpu_bit(cpu_online_count() - 1);
    test_thread_bind(0, 16); /* otherwise this thread's wake-up would end a turn there */
    struct peer *peer = &spin.peers[0][0];
    peer->thread = test_thread_start(SPIN_PRIORITY, last, pause_at_turns_end_and_spin, peer);
    test_eventually(__atomic_load_n(&peer->loops, __ATOMIC_RELAXED) != 0,
                    "the thread that waited does not run");
    struct thread *other = test_thread_start(SPIN_PRIORITY, last, return_at_once, NULL);
    test_wait_until(&counter, 1, "a peer of the thread that waited");
    __atomic_store_n(&spin.stop, true, __ATOMIC_RELAXED);
    test_thread_join(other);
    test_thread_join(peer->thread);
    test_thread_unbind();
}
