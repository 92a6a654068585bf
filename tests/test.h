/*
 * In-kernel tests. A test is a function with a stable id, a sentence that says what holds, and the
 * condition under which it can be tried; the linker collects them:
 *
 *     TEST(STK0003, "a stack grows by three pages in one fault, interrupts off", STACKS_GROW)
 *     {
 *         test_equal(stack_pages_backed(...), 4);
 *     }
 *
 * Conditions are listed in tests/support/conditions.h. Where one does not hold, the runner reports
 * the test as skipped, with the condition's reason. ALWAYS holds everywhere; DEATH and SOAK are for
 * tests that run only when the command line asks for them.
 *
 * Each test runs in a thread of its own. Afterwards the runner compares frames, magazines, slots
 * and threads with the counts before. A failed check is noted and the test goes on, unless it
 * returns. Ids are three capitals and four digits, never reused.
 */
#pragma once

#include "kernel/test/selftest.h"
#include "tests/support/conditions.h"

/* The symbol tells tests/runner/elf.py the id and the condition. */
#define TEST(test_id, test_sentence, test_condition_name)                                          \
    static void test_run_##test_id(void);                                                          \
    static const struct test test_entry_##test_id##_##test_condition_name in_section(".tests")     \
        aligned_to(8) = {.id = #test_id,                                                           \
                         .sentence = (test_sentence),                                              \
                         .condition = &test_condition_##test_condition_name,                       \
                         .run = test_run_##test_id};                                               \
    static void test_run_##test_id(void)

/* Checks that a condition holds; notes a failure with its place and text if it does not. */
#define test_check(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_fail(__FILE__, __LINE__, "%s does not hold", #condition);                         \
        }                                                                                          \
    } while (0)

/* Checks that two integers are equal; notes a failure with both values if they are not. */
#define test_equal(actual, expected)                                                               \
    do {                                                                                           \
        long long test_actual = (long long)(actual), test_expected = (long long)(expected);        \
        if (test_actual != test_expected) {                                                        \
            test_fail(__FILE__, __LINE__, "%s is %lld (0x%llx), not %lld (0x%llx)", #actual,       \
                      test_actual, test_actual, test_expected, test_expected);                     \
        }                                                                                          \
    } while (0)
