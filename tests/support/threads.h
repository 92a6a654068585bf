/* Threads for tests: started with one line, and waited for with an end. */
#pragma once

#include "sched/core/thread.h"
#include "tests/support/eventually.h"

/* All CPUs that run, by bit, and the bit of one of them: CPU numbers beyond the last begin anew. */
uint64_t test_cpus_all(void);
uint64_t test_cpu_bit(unsigned cpu);

/*
 * A thread with these options, by order. While somebody starves for frames nobody is born: so it
 * waits for the creation with patience. NULL, and a failed test, if it cannot be had.
 */
struct thread *test_thread_create(const struct thread_options *options, void (*entry)(void *),
                                  void *argument);
struct thread *test_thread_start(unsigned priority, uint64_t affinity, void (*entry)(void *),
                                 void *argument);

/* Joins a thread that was started; the result is 0 for NULL, which has failed the test already. */
int test_thread_join(struct thread *thread);

/* Waits with patience (eventually.h) until the counter is at least `least`: false, if in vain. */
bool test_wait_until(const uint32_t *counter, uint32_t least, const char *what);

/* The same until the thread waits for something and no CPU is on its stack. */
bool test_wait_blocked(const struct thread *thread);

static always_inline void test_count(uint32_t *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static always_inline uint32_t test_counted(const uint32_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

/*
 * For loops that hammer: rounds are limited by number and by time, for where several CPUs of the
 * guest share one of the host a fair lock may cost a turn of the host's scheduler each time.
 */
#define TEST_HAMMER_NS 400000000UL

uint64_t test_hammer_end(void);
bool test_hammer_goes_on(uint64_t end_ns);

/* The test's own thread stays on CPU `cpu` with this priority; and is as it was before. */
void test_thread_bind(unsigned cpu, unsigned priority);
void test_thread_unbind(void);
