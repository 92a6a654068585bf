/*
 * Patience: the one place where tests wait for what must happen. A wait ends as soon as its
 * condition holds, and fails the test with its own words where that does not come within a minute
 * by the clock: no machine is so busy, and a row that is silent for three is taken for hung
 * (tests/runner/row.py). How fast something comes is never judged.
 *
 * A sleep that only gives time for what must NOT happen is no matter of patience: test_settle().
 */
#pragma once

#include "tests/test.h"

#define TEST_EVENTUALLY_NS SELFTEST_EVENTUALLY_NS

/*
 * Waits until the condition holds, and says whether it does: if not, the test has failed, in this
 * place, and the format and its arguments tell what was awaited and how far it came. The condition
 * is evaluated again and again, a tick or two apart. Thread context; sleeps.
 */
#define test_eventually(condition, ...)                                                            \
    TEST_EVENTUALLY_BY(test_eventually_sleep, condition, __VA_ARGS__)

/* The same without sleeping, for where interrupts or preemption are off. Any context. */
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

/* When patience that begins now is over: by the clock, and in TSC ticks for assembly. */
uint64_t test_eventually_end(void);
uint64_t test_eventually_end_tsc(void);

/* Lets some time pass. False, at once, if patience is over. */
bool test_eventually_sleep(uint64_t end_ns);
bool test_eventually_spin(uint64_t end_ns);

/* Sleeps for so long, to give something time that must not happen, or need not. */
void test_settle(uint64_t duration_ns);
