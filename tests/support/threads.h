/* Threads for tests: started with one line, and joined. */
#pragma once

#include "sched/core/thread.h"
#include "tests/support/eventually.h"

/* All online CPUs as a bit mask; the bit of CPU `cpu` modulo their number. */
uint64_t test_cpus_all(void);
uint64_t test_cpu_bit(unsigned cpu);

/*
 * Create a thread and make it ready. No thread is created while one waits for memory, so these wait
 * for it with test_eventually(). NULL if it cannot be had; the test has failed then.
 * Context: THREAD.
 */
struct thread *test_thread_create(const struct thread_options *options, void (*entry)(void *),
                                  void *argument);
struct thread *test_thread_start(unsigned priority, uint64_t affinity, void (*entry)(void *),
                                 void *argument);

/* Joins a thread and returns its code; 0 for NULL, which has failed the test already. */
int test_thread_join(struct thread *thread);

/*
 * Waits until the counter is at least `least`. Returns false, and fails the test, after a minute.
 */
bool test_wait_until(const uint32_t *counter, uint32_t least, const char *what);

/*
 * Waits until the thread is blocked and no CPU is on its stack. False, failing the test, if never.
 */
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
 * Bounds of loops that hammer a lock: by rounds and by time. Where several CPUs of the guest share
 * one of the host, each use of a fair lock may cost a time slice of the host.
 */
#define TEST_HAMMER_NS 400000000UL

uint64_t test_hammer_end(void);
bool test_hammer_goes_on(uint64_t end_ns);

/* Binds the test's own thread to CPU `cpu` with this priority; undoes that. Context: THREAD. */
void test_thread_bind(unsigned cpu, unsigned priority);
void test_thread_unbind(void);
