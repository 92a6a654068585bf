/* How much of its stack a thread uses, as records of information tell it. */
#include "kernel/information/information.h"
#include "lib/error.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/run_queue.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define FRAMES_MOST 1024 /* bytes that a sleep, or the walk over the threads, may use itself */

/* Returns the record of a thread as a program gets it. */
static struct information_thread record_of(const struct thread *thread)
{
    struct information_thread record = {.id = 0};
    test_equal(information_records(INFORMATION_THREADS, thread->id, &record, sizeof(record)),
               sizeof(record));
    test_equal(record.id, thread->id);
    return record;
}

static struct {
    struct semaphore over;
    uintptr_t deepest;
} sleeper;

static void sleeper_run(void *argument)
{
    volatile uint8_t room[900];
    room[0] = argument != NULL; /* no tail call, and the array is there */
    sleeper.deepest = (uintptr_t)room;
    semaphore_down(&sleeper.over);
    room[1] = 1;
}

static void check_used(const struct information_thread *record, size_t least)
{
    test_check(record->stack_used >= least);
    test_check(record->stack_used <= least + FRAMES_MOST);
}

TEST(INF0006,
     "records tell how much of its stack the caller uses, and a thread that sleeps or is swapped "
     "out",
     ALWAYS)
{
    volatile uint8_t here = 0;
    struct information_thread record = record_of(thread_current());
    check_used(&record, stack_top(thread_current()->slot) - (uintptr_t)&here);
    test_check(record.state == INFORMATION_RUNNING);

    swapper_quiet_set(true);
    semaphore_init(&sleeper.over, 0);
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, sleeper_run, NULL);
    if (thread != NULL && test_wait_blocked(thread)) {
        size_t least = stack_top(thread->slot) - sleeper.deepest;
        test_check(least >= 900);
        record = record_of(thread);
        check_used(&record, least);
        uint32_t awake = record.stack_used;
        if (swapper_pass(thread, SWAPPER_SWAP) != 0) {
            record = record_of(thread);
            test_equal(record.state, INFORMATION_SWAPPED);
            test_equal(record.stack_pages_resident, 0);
            test_equal(record.stack_used, awake);
        } else {
            test_fail(__FILE__, __LINE__, "the thread is not swapped out");
        }
    }
    semaphore_up(&sleeper.over);
    test_thread_join(thread);
    swapper_quiet_set(false);
}

static volatile bool spin_over;

static void spin_run(void *argument)
{
    test_count(argument);
    while (!spin_over) {
        cpu_pause();
    }
}

TEST(INF0007, "records do not guess how much of its stack a thread uses that runs on another CPU",
     TWO_CPUS)
{
    uint32_t spins = 0;
    spin_over = false;
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(1), spin_run, &spins);
    if (thread != NULL && test_wait_until(&spins, 1, "the thread does not run")) {
        /* Services may take the CPU for a moment. */
        test_eventually(record_of(thread).stack_used == INFORMATION_USED_UNKNOWN, "%u bytes",
                        record_of(thread).stack_used);
    }
    spin_over = true;
    test_thread_join(thread);
    test_thread_unbind();
}
