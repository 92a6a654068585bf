/*
 * The harness of the host unit tests: the portable core of the kernel, compiled for the host with
 * ASan and UBSan. tests/host/fake stands in for the architecture.
 *
 *     HOST_TEST(HDS0001, "a ring gives back what was put in, in order")
 *     {
 *         host_equal(ring_count(&ring), 0);
 *     }
 *
 * Every test runs in a process of its own, so no test sees another's state, and a crash is one
 * failure. Ids are an H, two capitals for the file and four digits, never reused. The result lines
 * are "ok N - ID sentence" or "not ok N - ID sentence". HOST_SEED=number in the environment changes
 * the random numbers. An argument selects tests by a pattern for the id or the sentence.
 */
#pragma once

#include <setjmp.h>

#include "lib/compiler.h"

struct host_test {
    const char *id;
    const char *sentence;
    void (*run)(void);
    struct host_test *next;
};

void host_register(struct host_test *test);

#define HOST_TEST(test_id, test_sentence)                                                          \
    static void test_run_##test_id(void);                                                          \
    __attribute__((constructor)) static void test_register_##test_id(void)                         \
    {                                                                                              \
        static struct host_test test = {                                                           \
            .id = #test_id, .sentence = (test_sentence), .run = test_run_##test_id};               \
        host_register(&test);                                                                      \
    }                                                                                              \
    static void test_run_##test_id(void)

void host_fail(const char *file, int line, const char *format, ...) printf_like(3, 4);

#define host_check(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            host_fail(__FILE__, __LINE__, "%s does not hold", #condition);                         \
        }                                                                                          \
    } while (0)

#define host_equal(actual, expected)                                                               \
    do {                                                                                           \
        long long host_actual = (long long)(actual), host_expected = (long long)(expected);        \
        if (host_actual != host_expected) {                                                        \
            host_fail(__FILE__, __LINE__, "%s is %lld (0x%llx), not %lld (0x%llx)", #actual,       \
                      host_actual, host_actual, host_expected, host_expected);                     \
        }                                                                                          \
    } while (0)

#define host_equal_text(actual, expected)                                                          \
    do {                                                                                           \
        const char *host_actual = (actual), *host_expected = (expected);                           \
        if (__builtin_strcmp(host_actual, host_expected) != 0) {                                   \
            host_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #actual, host_actual,        \
                      host_expected);                                                              \
        }                                                                                          \
    } while (0)

/* Runs a statement that must panic with a message that contains `words`. */
#define host_panics(statement, words)                                                              \
    do {                                                                                           \
        host_panic_expected = true;                                                                \
        if (setjmp(host_panic_return) == 0) {                                                      \
            statement;                                                                             \
            host_panic_expected = false;                                                           \
            host_fail(__FILE__, __LINE__, "%s does not panic", #statement);                        \
        } else if (__builtin_strstr(host_panic_message, words) == NULL) {                          \
            host_fail(__FILE__, __LINE__, "%s panics with \"%s\", without \"%s\"", #statement,     \
                      host_panic_message, words);                                                  \
        }                                                                                          \
    } while (0)

extern bool host_panic_expected;
extern jmp_buf host_panic_return;
extern char host_panic_message[];

/* Random numbers, repeatable by the seed: 64 bits; 0 to limit - 1. */
uint64_t host_random(void);
uint64_t host_random_below(uint64_t limit);

/* Gives the test `bytes` of faked physical memory, zeroed, from address 0. */
void host_memory_create(size_t bytes);

/* Makes the faked machine have this many CPUs; the calling thread is CPU 0. */
void host_cpus_create(unsigned count);

/* Runs `work` on that many CPUs at once, each in a host thread, and waits for all. */
void host_cpus_run(unsigned count, void (*work)(unsigned cpu));
