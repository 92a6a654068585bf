/*
 * The place where a debugger reads the verdict on a test. It is a file of its own, so that the compiler
 * neither inlines the function nor drops its arguments.
 */
#include "kernel/test/selftest.h"

void selftest_verdict(const struct test *test maybe_unused, uint32_t failed_checks maybe_unused,
                      const char *skipped maybe_unused)
{
    __asm__ volatile("" ::: "memory");
}
