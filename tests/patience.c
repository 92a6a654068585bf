/* See patience.h. */
#include "tests/patience.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "sched/thread.h"

#define STEP_NS 2000000

uint64_t test_patience_end(void)
{
    return clock_now_ns() + TEST_PATIENCE_NS;
}

uint64_t test_patience_end_tsc(void)
{
    return tsc_read() + clock_ns_to_tsc(TEST_PATIENCE_NS);
}

/* The clock is read before the time passes: the condition is looked at once more after it. */
bool test_patience_sleep(uint64_t end_ns)
{
    if (clock_now_ns() >= end_ns) {
        return false;
    }
    test_linger(STEP_NS);
    return true;
}

bool test_patience_spin(uint64_t end_ns)
{
    cpu_pause();
    return clock_now_ns() < end_ns;
}

void test_linger(uint64_t duration_ns)
{
    (void)!thread_sleep_ns(duration_ns);
}
