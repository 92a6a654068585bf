/*
 * The one place where tests wait for something that must happen. A wait ends as soon as its
 * condition holds. If that takes more than a minute by the guest's clock, the test fails with its
 * own words: no machine is so busy, and the runner takes a row that is silent for three minutes for
 * hung (tests/runner/row.py). No test judges how fast something happens.
 *
 * A sleep that only gives time for what must NOT happen is test_settle().
 */
#pragma once

#include "tests/test.h"

#define TEST_EVENTUALLY_NS SELFTEST_EVENTUALLY_NS

/*
 * Waits until the condition holds, and returns whether it does. If it does not, the test has failed
 * at this place; the format and its arguments say what was awaited and how far it came. The
 * condition is evaluated again and again, a tick or two apart. Context: THREAD, sleeps.
 */
#define test_eventually(condition, ...)                                                            \
    TEST_EVENTUALLY_BY(test_eventually_sleep, condition, __VA_ARGS__)

/*
 * Waits like test_eventually(), but spins, for where interrupts or preemption are off.
 * Context: ANY.
 */
#define test_eventually_spinning(condition, ...)                                                   \
    TEST_EVENTUALLY_BY(test_eventually_spin, condition, __VA_ARGS__)

#define TEST_EVENTUALLY_BY(pass_time, condition, ...)                                              \
    ({                                                                                             \
        uint64_t test_end_ns = test_eventually_end();                                              \
        bool test_holds;                                                                           \
        while (!(test_holds = (condition)) && pass_time(test_end_ns)) {                            \
        }                                                                                          \
        if (!test_holds) {                                                                         \
            test_fail(__FILE__, __LINE__, "a minute in vain: " __VA_ARGS__);                       \
        }                                                                                          \
        test_holds;                                                                                \
    })

/* The end of a wait that begins now, in nanoseconds of the clock; in TSC ticks, for assembly. */
uint64_t test_eventually_end(void);
uint64_t test_eventually_end_tsc(void);

/* Let some time pass, by sleeping or by spinning. Return false at once after `end_ns`. */
bool test_eventually_sleep(uint64_t end_ns);
bool test_eventually_spin(uint64_t end_ns);

/* Sleeps for that long, to give time for something that must not happen, or need not. */
void test_settle(uint64_t duration_ns);
