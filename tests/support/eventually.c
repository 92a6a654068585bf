/* See eventually.h. */
#include "tests/support/eventually.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/time/clock.h"
#include "sched/core/thread.h"

#define STEP_NS 2000000

uint64_t test_eventually_end(void)
{
    return clock_now_ns() + TEST_EVENTUALLY_NS;
}

uint64_t test_eventually_end_tsc(void)
{
    return tsc_read() + clock_ns_to_tsc(TEST_EVENTUALLY_NS);
}

/* The clock is read before the time passes, so the condition is evaluated once more after it. */
bool test_eventually_sleep(uint64_t end_ns)
{
    if (clock_now_ns() >= end_ns) {
        return false;
    }
    test_settle(STEP_NS);
    return true;
}

bool test_eventually_spin(uint64_t end_ns)
{
    cpu_pause();
    return clock_now_ns() < end_ns;
}

void test_settle(uint64_t duration_ns)
{
    ignore_result(thread_sleep_ns(duration_ns));
}
