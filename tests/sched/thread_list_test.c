/* The list of all threads: ids that wrap, and walks while threads come and go. */
#include "lib/error.h"
#include "sched/core/thread_test_hooks.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define THREADS 40

static uint32_t may_end;

static void wait_for_end(void *argument maybe_unused)
{
    while (!__atomic_load_n(&may_end, __ATOMIC_ACQUIRE)) {
        ignore_result(thread_sleep_ns(1000000));
        thread_exit_if_killed();
    }
}

static struct thread *threads[THREADS];

static void threads_start(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        threads[i] = test_thread_start(16, 0, wait_for_end, NULL);
    }
}

static void threads_join(void)
{
    __atomic_store_n(&may_end, 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < THREADS; i++) {
        test_thread_join(threads[i]);
    }
    may_end = 0;
}

static void ids_check(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        test_check(threads[i] == NULL || thread_find(threads[i]->id) == threads[i]);
    }
}

TEST(THR0020, "ids that wrap to ids in use pass over them", ALWAYS)
{
    threads_start(0, THREADS / 2);
    uint32_t before = threads[0] != NULL ? threads[0]->id : 1;
    thread_ids_set(before); /* as after a wrap: it and those that follow are in use */
    threads_start(THREADS / 2, THREADS / 2);
    ids_check();
    threads_join();
}

TEST(THR0021, "after the greatest id comes the least that is free", ALWAYS)
{
    threads_start(0, THREADS / 2);
    uint32_t next = threads[THREADS / 2 - 1] != NULL ? threads[THREADS / 2 - 1]->id + 1 : 1;
    thread_ids_set(UINT32_MAX - 3);
    threads_start(THREADS / 2, THREADS / 2);
    ids_check();
    test_check(threads[THREADS - 1] == NULL ||
               (threads[THREADS - 1]->id != 0 && threads[THREADS - 1]->id < UINT32_MAX - 3));
    threads_join();
    thread_ids_set(next);
}

struct tally {
    uint32_t seen[THREADS];
};

static void tally_visit(struct thread *thread, void *context)
{
    struct tally *tally = context;
    for (unsigned i = 0; i < THREADS; i++) {
        tally->seen[i] += thread == threads[i];
    }
}

static volatile bool churn_over;

static void churn(void *argument maybe_unused)
{
    while (!churn_over) {
        struct thread *thread;
        if (thread_start("churn", wait_for_end, NULL, &thread) == OK) {
            thread_kill(thread);
            thread_join(thread);
        }
    }
}

TEST(THR0022, "each walk meets every thread once, while others come, go and walk", ALWAYS)
{
    threads_start(0, THREADS);
    churn_over = false;
    struct thread *churner = test_thread_start(16, 0, churn, NULL);
    for (unsigned round = 0; round < 200; round++) {
        struct tally tally = {0};
        thread_for_each(tally_visit, &tally);
        for (unsigned i = 0; i < THREADS; i++) {
            test_check(threads[i] == NULL || tally.seen[i] == 1);
        }
        if (round % 8 == 0) {
            thread_yield();
        }
    }
    churn_over = true;
    __atomic_store_n(&may_end, 1, __ATOMIC_RELEASE);
    test_thread_join(churner);
    threads_join();
}
