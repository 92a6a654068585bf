/*
 * Runs the tests that are linked into every kernel. Tests include tests/test.h, which describes
 * them, and not this file.
 */
#pragma once

#include "lib/compiler.h"

/*
 * How long tests wait for something that must happen, in nanoseconds of the clock: longer than any
 * machine needs.
 */
#define SELFTEST_EVENTUALLY_NS 60000000000UL

/* Which command runs a test. */
enum test_kind {
    TEST_KIND_SUITE, /* selftest_run(), by a pattern */
    TEST_KIND_DEATH, /* selftest_run(), by the whole id: the test ends the machine */
    TEST_KIND_SOAK,  /* selftest_soak() */
};

/*
 * Which command runs a test, and on which machines it can run. tests/support/conditions.h has all
 * conditions.
 */
struct test_condition {
    enum test_kind kind;
    bool (*holds)(void); /* NULL: always */
    const char *reason;  /* of the skip where it does not hold */
};

struct test {
    const char *id;
    const char *sentence;
    const struct test_condition *condition;
    void (*run)(void);
};

/*
 * Runs the tests of TEST_KIND_SUITE whose ids match one of the comma-separated patterns, each in a
 * thread of its own, and prints KTAP. A test whose condition does not hold is reported as skipped.
 * If `patterns` is the id of a TEST_KIND_DEATH test, runs that test alone. Returns false if a test
 * failed or none matches. Context: THREAD.
 */
bool selftest_run(const char *patterns);

/*
 * Runs the tests of TEST_KIND_SOAK (tests/soak/soak.c) for as long as the command line says, with
 * the leak check before and after, and prints KTAP. Returns false if one failed. Context: THREAD.
 */
bool selftest_soak(void);

/*
 * Does nothing. It is called once for each test that has ended, with the number of its failed checks and
 * the reason of a skip or NULL, before the result is printed. A debugger that stops here reads the
 * verdict from outside of the machine (tools/lab/watch.py). Context: THREAD.
 */
void selftest_verdict(const struct test *test, uint32_t failed_checks, const char *skipped);

/*
 * Notes a failure of the running test and prints it with its place. test_check() and test_equal()
 * of tests/test.h call this. Context: ANY that may print to the console.
 */
void test_fail(const char *file, int line, const char *format, ...) printf_like(3, 4);

/*
 * Makes the running test end as skipped instead of passed, for a reason that only the test can find
 * out. (Reasons that are known before are conditions.) The test must return after it. Context:
 * THREAD.
 */
void test_skip(const char *reason);

/*
 * Says that the running test takes stack faults with interrupts or preemption off. They are served
 * in each stack mode, but stack=prefault reports every one as a missing site. In that mode the test
 * fails if none was reported, and does not fail because of them. Context: THREAD.
 */
void test_missing_sites_expect(void);

/* Prints a diagnostic line of the running test. Context: ANY that may print to the console. */
void test_note(const char *format, ...) printf_like(1, 2);
