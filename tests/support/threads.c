/* See threads.h. */
#include "tests/support/threads.h"

#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "sched/core/run_queue.h"
#include "tests/test.h"

uint64_t test_cpus_all(void)
{
    unsigned count = cpu_online_count();
    return count >= 64 ? UINT64_MAX : (1UL << count) - 1;
}

uint64_t test_cpu_bit(unsigned cpu)
{
    return 1UL << cpu % cpu_online_count();
}

struct thread *test_thread_create(const struct thread_options *options, void (*entry)(void *),
                                  void *argument)
{
    struct thread *thread = NULL;
    int error;
    bool decided = test_eventually(
        (error = thread_create(options, entry, argument, &thread)) != ERROR_NO_MEMORY,
        "thread %s is not created: %s", options->name, error_name(error));
    if (decided && error != OK) {
        test_fail(__FILE__, __LINE__, "no thread %s: %s", options->name, error_name(error));
    }
    return error == OK ? thread : NULL;
}

struct thread *test_thread_start(unsigned priority, uint64_t affinity, void (*entry)(void *),
                                 void *argument)
{
    const struct thread_options options = {
        .name = "tested", .priority = (uint8_t)priority, .affinity = affinity};
    return test_thread_create(&options, entry, argument);
}

int test_thread_join(struct thread *thread)
{
    return thread != NULL ? thread_join(thread) : 0;
}

bool test_wait_until(const uint32_t *counter, uint32_t least, const char *what)
{
    return test_eventually(test_counted(counter) >= least, "%s: only %u of %u", what,
                           test_counted(counter), least);
}

/* Until a CPU has switched away from a thread, nothing is taken from its stack. */
static bool has_left_cpu(const struct thread *thread)
{
    return __atomic_load_n(&cpu_variable(run_queue, thread->cpu).current, __ATOMIC_ACQUIRE) !=
           thread;
}

bool test_wait_blocked(const struct thread *thread)
{
    return thread == NULL || test_eventually(thread_is_blocked(thread) && has_left_cpu(thread),
                                             "thread %u (%s) does not wait, but is %s", thread->id,
                                             thread->name, thread_state_name(thread->state));
}

uint64_t test_hammer_end(void)
{
    return clock_now_ns() + TEST_HAMMER_NS;
}

bool test_hammer_goes_on(uint64_t end_ns)
{
    return clock_now_ns() < end_ns;
}

void test_thread_bind(unsigned cpu, unsigned priority)
{
    test_equal(thread_priority_set(thread_current(), priority), OK);
    test_equal(thread_affinity_set(thread_current(), test_cpu_bit(cpu)), OK);
}

void test_thread_unbind(void)
{
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
    test_equal(thread_priority_set(thread_current(), THREAD_PRIORITY_DEFAULT), OK);
}
