/* Threads that sleep at a semaphore. They are detached: an array of a million would be memory, too. */
#include "tests/bench/sleepers.h"

#include "lib/error.h"
#include "sched/core/thread.h"
#include "sched/sync/semaphore.h"

#define STEP_NS 1000000

static struct semaphore sleepers_wake = SEMAPHORE(sleepers_wake, 0);
static void (*before_sleep)(unsigned number), (*after_sleep)(unsigned number);
static unsigned started, asleep, ended;

static void sleeper(void *argument)
{
    unsigned number = (unsigned)(uintptr_t)argument;
    if (before_sleep != NULL) {
        before_sleep(number);
    }
    __atomic_add_fetch(&asleep, 1, __ATOMIC_RELEASE);
    semaphore_down(&sleepers_wake);
    if (after_sleep != NULL) {
        after_sleep(number);
    }
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELEASE);
}

static void counter_wait(const unsigned *counter, unsigned wanted)
{
    while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < wanted) {
        ignore_result(thread_sleep_ns(STEP_NS));
    }
}

unsigned sleepers_start(unsigned count, void (*before)(unsigned number))
{
    before_sleep = before;
    asleep = 0;
    for (started = 0; started < count; started++) {
        if (thread_start("sleeper", sleeper, (void *)(uintptr_t)started, NULL) != OK) {
            break;
        }
    }
    counter_wait(&asleep, started);
    return started;
}

void sleepers_end(unsigned at_once, void (*after)(unsigned number))
{
    uint32_t others = thread_count() - started;
    after_sleep = after;
    ended = 0;
    for (unsigned woken = 0; woken < started;) {
        for (unsigned i = 0; i < at_once && woken < started; i++, woken++) {
            semaphore_up(&sleepers_wake);
        }
        counter_wait(&ended, woken);
    }
    while (thread_count() > others) {
        ignore_result(thread_sleep_ns(STEP_NS));
    }
}
