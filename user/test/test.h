/*
 * Tests that run in user mode. They stand in the C files of this folder, which are one program,
 * `test`:
 *
 *     USER_TEST(USR0001, "a block of malloc() keeps its bytes")
 *     {
 *         test_equal(value, 7);
 *     }
 *
 * The kernel has a test of the same id and sentence for each (tools/build/user_tests.py). It starts
 * the program anew with the id as its argument, and waits for its exit status: TEST_PASSED, or what
 * else is listed below. So each test has a task of its own, and whatever it does to that task is
 * its own affair. Failed checks are written to the kernel's log.
 */
#pragma once

#include "lib/compiler.h"

/* Exit statuses of the program. */
#define TEST_PASSED  0
#define TEST_FAILED  1
#define TEST_UNKNOWN 2 /* there is no such test */

struct user_test {
    const char *id;
    void (*run)(void);
};

#define USER_TEST(test_id, test_sentence)                                                          \
    static void test_run_##test_id(void);                                                          \
    static const struct user_test test_entry_##test_id in_section(".user_tests")                   \
        aligned_to(8) = {.id = #test_id, .run = test_run_##test_id};                               \
    static void test_run_##test_id(void)

/* Notes a failure of the running test and logs it with its place. Any thread may call it. */
void test_fail(const char *file, int line, const char *format, ...) printf_like(3, 4);

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
