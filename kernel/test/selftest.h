/*
 * The in-kernel test suite's engine: every kernel carries its tests. What a test looks like is told
 * in tests/test.h, which is all that tests include.
 */
#pragma once

#include "lib/compiler.h"

/* How long anything that must happen is waited for, by the clock; longer than any machine needs. */
#define SELFTEST_EVENTUALLY_NS 60000000000UL

struct test {
    const char *id;
    const char *sentence;
    void (*run)(void);
};

/*
 * Runs the tests whose ids match one of the comma-separated patterns, each in a thread of its own,
 * and prints KTAP. False if one failed, or none matches. A test that ends the machine runs only if
 * the one pattern is its id. Thread context.
 */
bool selftest_run(const char *patterns);

/*
 * Runs the soak (tests/soak/soak.c) for as long as the command line says, as one test: with the
 * leak_check before and after, in KTAP. Thread context.
 */
bool selftest_soak(void);

/* What tests call; see tests/test.h. */
void test_fail(const char *file, int line, const char *format, ...) printf_like(3, 4);
void test_skip(const char *reason);

/*
 * For a test whose stack faults come with interrupts or preemption off. They are served in each way
 * to fill stacks, but stack=prefault tells every one as a missing site: there the test fails if
 * none was told, and does not fail because of them.
 */
void test_missing_sites_expect(void);
void test_note(const char *format, ...) printf_like(1, 2);
