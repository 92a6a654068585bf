/*
 * In-kernel tests. A test is a function with a stable id and a sentence; the linker collects them:
 *
 *     TEST(STK0003, "grow by three pages in one fault, interrupts off")
 *     {
 *         test_equal(stack_pages_backed(...), 4);
 *     }
 *
 * Each runs in a thread of its own; afterwards the runner compares frames, magazines, slots and
 * threads with what they were before. A failed check is noted and the test goes on, unless it
 * returns. Ids are three capitals and four digits, never reused.
 */
#pragma once

#include "kernel/test/selftest.h"

#define TEST(test_id, test_sentence)                                                               \
    static void test_run_##test_id(void);                                                          \
    static const struct test test_entry_##test_id in_section(".tests")                             \
        aligned_to(8) = {.id = #test_id, .sentence = (test_sentence), .run = test_run_##test_id};  \
    static void test_run_##test_id(void)

/*
 * A test after which there is no machine any more: it panics, or hangs, and whoever booted it
 * judges by what was printed (rows of tests/matrix.py). No pattern selects it, only its whole id:
 * test=PAN0001.
 */
#define DEATH_TEST(test_id, test_sentence)                                                         \
    static void test_run_##test_id(void);                                                          \
    static const struct test death_test_entry_##test_id in_section(".death_tests")                 \
        aligned_to(8) = {.id = #test_id, .sentence = (test_sentence), .run = test_run_##test_id};  \
    static void test_run_##test_id(void)

/* A test that takes as long as it is told to: it runs with soak=SECONDS, and by nothing else. */
#define SOAK_TEST(test_id, test_sentence)                                                          \
    static void test_run_##test_id(void);                                                          \
    static const struct test soak_test_entry_##test_id in_section(".soak_tests")                   \
        aligned_to(8) = {.id = #test_id, .sentence = (test_sentence), .run = test_run_##test_id};  \
    static void test_run_##test_id(void)

/*
 * test_fail(file, line, format, ...) notes a failure; test_note(format, ...) prints a diagnostic
 * line; test_skip(reason) ends as skipped instead of passed: the test must return after it.
 */
#define test_check(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_fail(__FILE__, __LINE__, "%s does not hold", #condition);                         \
        }                                                                                          \
    } while (0)

#define test_equal(actual, expected)                                                               \
    do {                                                                                           \
        long long test_actual = (long long)(actual), test_expected = (long long)(expected);        \
        if (test_actual != test_expected) {                                                        \
            test_fail(__FILE__, __LINE__, "%s is %lld (0x%llx), not %lld (0x%llx)", #actual,       \
                      test_actual, test_actual, test_expected, test_expected);                     \
        }                                                                                          \
    } while (0)
