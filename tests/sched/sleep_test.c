/* Sleeping, waiting with a timeout, and kills meanwhile. */
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "sched/sync/semaphore.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define AN_HOUR_NS 3600000000000
#define WAITERS    24
#define WAITS      12
#define VICTIMS    60

static void sleep_check(uint64_t asked_ns)
{
    uint64_t before = clock_now_ns();
    test_equal(thread_sleep_ns(asked_ns), OK);
    uint64_t slept_ns = clock_now_ns() - before;
    if (slept_ns < asked_ns) {
        test_fail(__FILE__, __LINE__, "asked for %lu ns, slept %lu ns", asked_ns, slept_ns);
    }
}

static void sleeps(unsigned cpu)
{
    static const uint64_t asked_ns[] = {0, 1, 1000, 999999, 4000000, 4000001, 21000000};
    for (unsigned i = 0; i < array_length(asked_ns); i++) {
        sleep_check(asked_ns[(i + cpu) % array_length(asked_ns)]);
    }
}

TEST(SLP0001, "a sleep lasts at least as long as asked, on every CPU", ALWAYS)
{
    test_on_each_cpu(sleeps);
}

static void sleep_by_number(void *argument)
{
    sleep_check((uintptr_t)argument % 7 * 3000000 + (uintptr_t)argument);
}

TEST(SLP0002, "many threads sleep at once, each as long as asked", ALWAYS)
{
    static struct thread *threads[100];
    for (uintptr_t i = 0; i < array_length(threads); i++) {
        threads[i] = test_thread_start(10 + i % 10, 0, sleep_by_number, (void *)i);
    }
    for (unsigned i = 0; i < array_length(threads); i++) {
        test_equal(test_thread_join(threads[i]), 0);
    }
}

/* A queue on which threads wait with and without a timeout. */
static struct {
    struct spinlock lock;
    struct wait_queue queue;
    uint32_t woken, timed_out, killed, done;
} wait;

static void wait_reset(void)
{
    spinlock_init(&wait.lock, "test wait");
    wait_queue_init(&wait.queue);
    wait.woken = wait.timed_out = wait.killed = wait.done = 0;
}

static int wait_for(uint64_t timeout_ns)
{
    uint64_t flags = spin_lock_irq_save(&wait.lock);
    int error = wait_queue_sleep(&wait.queue, &wait.lock, timeout_ns);
    spin_unlock_irq_restore(&wait.lock, flags);
    return error;
}

static bool wait_wake(void)
{
    uint64_t flags = spin_lock_irq_save(&wait.lock);
    bool woken = wait_queue_wake_one(&wait.queue);
    spin_unlock_irq_restore(&wait.lock, flags);
    return woken;
}

TEST(SLP0003, "a wait with a timeout ends no earlier than that, and leaves the queue", ALWAYS)
{
    wait_reset();
    uint64_t before = clock_now_ns();
    test_equal(wait_for(5000000), ERROR_TIMEOUT);
    test_check(clock_now_ns() - before >= 5000000);
    test_check(wait_queue_empty(&wait.queue));
    test_check(!wait_wake());
    test_equal(wait_for(0), ERROR_TIMEOUT);
}

static void wait_almost_for_ever(void *argument maybe_unused)
{
    /* The end lies beyond the range of the clock. */
    thread_exit(wait_for(WAIT_FOREVER - 1));
}

TEST(SLP0004, "a wait of 584 years does not end at once, and a wake-up ends it", ALWAYS)
{
    wait_reset();
    struct thread *thread = test_thread_start(16, 0, wait_almost_for_ever, NULL);
    test_wait_blocked(thread);
    ignore_result(thread_sleep_ns(10000000));
    test_check(thread == NULL || wait_wake());
    test_equal(test_thread_join(thread), OK);
}

static void wait_often(void *argument)
{
    uint64_t timeout_ns = 1000000 * (1 + (uintptr_t)argument % 5);
    for (unsigned i = 0; i < WAITS; i++) {
        switch (wait_for(timeout_ns + i * 100000)) {
        case OK:
            test_count(&wait.woken);
            break;
        case ERROR_TIMEOUT:
            test_count(&wait.timed_out);
            break;
        default:
            test_fail(__FILE__, __LINE__, "neither woken nor timed out");
        }
    }
    test_count(&wait.done);
}

TEST(SLP0005, "wake-ups that race with timeouts are neither lost nor counted twice", ALWAYS)
{
    static struct thread *threads[WAITERS];
    uint32_t wakes = 0;
    wait_reset();
    for (uintptr_t i = 0; i < WAITERS; i++) {
        threads[i] = test_thread_start(16, 0, wait_often, (void *)i);
        wait.done += threads[i] == NULL;
    }
    while (test_counted(&wait.done) < WAITERS) {
        for (unsigned i = 0; i < 5; i++) {
            wakes += wait_wake();
        }
        ignore_result(thread_sleep_ns(1000000));
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        test_thread_join(threads[i]);
    }
    test_equal(wait.woken, wakes);
    test_equal(wait.woken + wait.timed_out, WAITERS * WAITS);
    test_check(wait_queue_empty(&wait.queue));
}

static void sleep_till_killed(void *argument maybe_unused)
{
    test_equal(thread_sleep_ns(AN_HOUR_NS), ERROR_KILLED);
    thread_exit_if_killed();
    test_fail(__FILE__, __LINE__, "a killed thread went on after its safe point");
}

TEST(KIL0001, "a thread that sleeps is killed", ALWAYS)
{
    struct thread *thread = test_thread_start(16, 0, sleep_till_killed, NULL);
    test_wait_blocked(thread);
    if (thread != NULL) {
        thread_kill(thread);
    }
    test_equal(test_thread_join(thread), thread != NULL ? ERROR_KILLED : 0);
}

static void wait_till_killed(void *argument maybe_unused)
{
    test_equal(wait_for(WAIT_FOREVER), ERROR_KILLED);
    test_equal(wait_for(AN_HOUR_NS), ERROR_KILLED); /* every later wait, too */
    thread_exit_if_killed();
}

TEST(KIL0002, "a thread that waits is killed, and leaves the queue", ALWAYS)
{
    wait_reset();
    struct thread *thread = test_thread_start(16, 0, wait_till_killed, NULL);
    test_wait_blocked(thread);
    if (thread != NULL) {
        thread_kill(thread);
    }
    test_equal(test_thread_join(thread), thread != NULL ? ERROR_KILLED : 0);
    test_check(wait_queue_empty(&wait.queue));
}

static void run_till_killed(void *argument maybe_unused)
{
    for (;;) {
        test_count(&wait.done);
        thread_exit_if_killed();
    }
}

TEST(KIL0003, "a thread that runs is killed at its next safe point, on every CPU", ALWAYS)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        wait_reset();
        struct thread *thread = test_thread_start(10, test_cpu_bit(cpu), run_till_killed, NULL);
        if (thread != NULL) {
            test_wait_until(&wait.done, 2, "the victim's loops");
            thread_kill(thread);
        }
        test_equal(test_thread_join(thread), thread != NULL ? ERROR_KILLED : 0);
    }
}

TEST(KIL0004, "a thread killed before its first instruction ends at its first safe point", ALWAYS)
{
    test_thread_bind(0, THREAD_PRIORITIES - 1);
    struct thread *thread = test_thread_start(1, test_cpu_bit(0), sleep_till_killed, NULL);
    if (thread != NULL) {
        thread_kill(thread);
    }
    test_equal(test_thread_join(thread), thread != NULL ? ERROR_KILLED : 0);
    test_thread_unbind();
}

static struct semaphore gate;

static void pass_gate(void *argument maybe_unused)
{
    semaphore_down(&gate); /* killed or not */
    thread_exit(7);
}

static void join_and_tell(void *argument)
{
    int code = thread_join(argument);
    thread_exit(thread_current()->kill_wanted ? code : -1);
}

TEST(KIL0005, "a killed joiner goes on waiting, and the thread it joins goes on running", ALWAYS)
{
    semaphore_init(&gate, 0);
    test_thread_bind(0, THREAD_PRIORITIES - 1);
    struct thread *joined = test_thread_start(5, test_cpu_bit(0), pass_gate, NULL);
    struct thread *joiner =
        joined != NULL ? test_thread_start(20, test_cpu_bit(0), join_and_tell, joined) : NULL;
    if (joiner != NULL) {
        test_wait_blocked(joined);
        test_wait_blocked(joiner);
        thread_kill(joiner);
        ignore_result(thread_sleep_ns(10000000));
        test_wait_blocked(joiner);
        semaphore_up(&gate);
        test_equal(thread_join(joiner), 7);
    } else {
        semaphore_up(&gate);
        test_thread_join(joined);
    }
    test_thread_unbind();
}

static void sleep_in_steps_till_killed(void *argument)
{
    for (;;) {
        ignore_result(thread_sleep_ns((uintptr_t)argument % 3 * 900000));
        thread_exit_if_killed();
    }
}

TEST(KIL0006, "kills that race with wake-ups all arrive", ALWAYS)
{
    static struct thread *victims[VICTIMS];
    for (uintptr_t i = 0; i < VICTIMS; i++) {
        victims[i] = test_thread_start(16, 0, sleep_in_steps_till_killed, (void *)i);
    }
    for (unsigned i = 0; i < VICTIMS; i++) {
        if (victims[i] != NULL) {
            thread_kill(victims[i]);
            ignore_result(thread_sleep_ns(i % 4 * 300000));
        }
    }
    for (unsigned i = 0; i < VICTIMS; i++) {
        test_equal(test_thread_join(victims[i]), victims[i] != NULL ? ERROR_KILLED : 0);
    }
}
