/*
 * Runs tests and prints KTAP: one line for each test, "# ..." for its diagnostics, totals, and a
 * terminator that tells the host that the output is complete. After each test the leak check must
 * find no frame, slot or thread lost.
 */
#include "kernel/test/selftest.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/test/leak_check.h"
#include "kernel/test/stack_watermarks.h"
#include "lib/error.h"
#include "lib/format.h"
#include "lib/glob.h"
#include "lib/string.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_mode.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack_modes/stack_prefault.h"
#include "sched/core/thread.h"
#include "sched/stack/swapper_test_hooks.h"

#define SETTLE_STEP_NS      5000000 /* the first step; the next ones double */
#define SETTLE_STEP_MOST_NS 160000000

extern const struct test __tests_start[], __tests_end[];

static volatile uint32_t failures; /* of the running test */
static const char *volatile skip_reason;
static volatile bool missing_expected; /* by the test that runs: test_missing_sites_expect() */

void test_fail(const char *file, int line, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    format_string_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
    console_print("# %s:%d: %s\n", file, line, text);
}

void test_skip(const char *reason)
{
    skip_reason = reason;
}

void test_missing_sites_expect(void)
{
    missing_expected = true;
}

void test_note(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    format_string_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    console_print("# %s\n", text);
}

/* Owners whose frames a test must free. Page tables and slab caches may keep some. */
static const enum frame_owner leak_check_owners[] = {FRAME_OWNER_KMALLOC, FRAME_OWNER_VMALLOC,
                                                     FRAME_OWNER_CPU, FRAME_OWNER_DEVICE,
                                                     FRAME_OWNER_TEST};

static bool leak_check_balance(const struct leak_check *before, const struct leak_check *now)
{
    for (size_t i = 0; i < array_length(leak_check_owners); i++) {
        if (before->owned[leak_check_owners[i]] != now->owned[leak_check_owners[i]]) {
            return false;
        }
    }
    return now->threads == before->threads && now->objects == before->objects &&
           now->slots_booked == now->slots_found &&
           now->stack_frames_booked == now->stack_frames_found;
}

static void imbalance_tell(const struct leak_check *before, const struct leak_check *now)
{
    for (size_t i = 0; i < array_length(leak_check_owners); i++) {
        enum frame_owner owner = leak_check_owners[i];
        if (before->owned[owner] != now->owned[owner]) {
            test_note("leak: frames of %s: %lu before, %lu now", frame_owner_name(owner),
                      before->owned[owner], now->owned[owner]);
        }
    }
    if (now->threads != before->threads) {
        test_note("leak: threads: %u before, %u now", before->threads, now->threads);
    }
    if (now->objects != before->objects) {
        test_note("leak: objects: %lu before, %lu now", before->objects, now->objects);
    }
    if (now->slots_booked != now->slots_found) {
        test_note("leak: %u stack slots are booked, %u found", now->slots_booked, now->slots_found);
    }
    if (now->stack_frames_booked != now->stack_frames_found) {
        test_note("leak: %lu stack frames are booked, %lu found", now->stack_frames_booked,
                  now->stack_frames_found);
    }
}

/*
 * Reads the counts before the test. While the swapper swaps a stack out or in, the count of objects
 * may be wrong by one for a moment; a count that is too low here would be taken for a leak after
 * the test. So this reads until two counts agree.
 */
static void leak_check_begin(struct leak_check *before)
{
    struct leak_check again;
    swapper_quiet_set(true);
    do {
        leak_check_read(&again);
        leak_check_read(before);
    } while (before->objects != again.objects);
    swapper_quiet_set(false);
}

/* Waits until threads have ended and their stacks are unmapped; what is left then is a leak. */
static bool nothing_leaked(const struct leak_check *before)
{
    struct leak_check now;
    uint64_t end_ns = clock_now_ns() + SELFTEST_EVENTUALLY_NS, step_ns = SETTLE_STEP_NS;
    do {
        bool all_dead = !stack_batch_waits();
        stack_reclaim();
        leak_check_read(&now);
        if (leak_check_balance(before, &now) && all_dead) {
            return true;
        }
        thread_sleep_ns(step_ns);
        step_ns = step_ns < SETTLE_STEP_MOST_NS ? 2 * step_ns : step_ns;
    } while (clock_now_ns() < end_ns);
    imbalance_tell(before, &now);
    return false;
}

static void test_thread(void *argument)
{
    const struct test *test = argument;
    thread_stack_pin(); /* tests pass pointers to their variables to other threads */
    test->run();
}

/*
 * Returns false if, with stack=prefault, a stack fault came while interrupts or preemption were off
 * and the test does not expect that; or if none came and the test expects one.
 */
static bool missing_sites_are_right(void)
{
    uint32_t missing = stack_prefault_missing_count();
    bool wanted = missing_expected && stack_mode_get() == STACK_MODE_PREFAULT;
    bool right = (missing != 0) == wanted || (wanted && skip_reason != NULL);
    if (missing != 0 || !right) {
        test_note("%u stack faults came with interrupts or preemption off, %s", missing,
                  wanted ? "and are reported as missing sites" : "at a site that is missing");
    }
    if (!right) {
        stack_prefault_missing_log();
    }
    stack_prefault_missing_forget();
    return right;
}

enum outcome { PASSED, FAILED, SKIPPED };

static enum outcome result_print(const struct test *test, unsigned number)
{
    bool failed = failures != 0;
    selftest_verdict(test, failures, skip_reason);
    console_print("%sok %u %s %s%s%s\n", failed ? "not " : "", number, test->id, test->sentence,
                  !failed && skip_reason != NULL ? " # SKIP " : "",
                  !failed && skip_reason != NULL ? skip_reason : "");
    return failed ? FAILED : skip_reason != NULL ? SKIPPED : PASSED;
}

static enum outcome test_run_one(const struct test *test, unsigned number)
{
    const struct test_condition *condition = test->condition;
    struct leak_check before;
    struct thread *thread;
    console_print("# %s starting\n", test->id);
    failures = 0;
    if (condition->holds != NULL && !condition->holds()) {
        skip_reason = condition->reason;
        return result_print(test, number);
    }
    leak_check_begin(&before);
    skip_reason = NULL;
    missing_expected = false;

    int error = thread_start(test->id, test_thread, (void *)test, &thread);
    if (error != OK) {
        test_fail(__FILE__, __LINE__, "no thread for the test: %s", error_name(error));
    } else {
        int code = thread_join(thread);
        if (code != 0) {
            test_fail(__FILE__, __LINE__, "the test's thread ended with %d", code);
        }
    }
    if (!nothing_leaked(&before)) {
        failures++;
    }
    failures += !missing_sites_are_right();
    return result_print(test, number);
}

static bool suite_has(const struct test *test, const char *patterns)
{
    return test->condition->kind == TEST_KIND_SUITE && glob_match_any(patterns, test->id);
}

/*
 * Returns the test with the least id above `id` that matches, or NULL: the linker keeps no order.
 */
static const struct test *test_after(const char *id, const char *patterns)
{
    const struct test *found = NULL;
    for (const struct test *test = __tests_start; test < __tests_end; test++) {
        if (suite_has(test, patterns) && strcmp(test->id, id) > 0 &&
            (found == NULL || strcmp(test->id, found->id) < 0)) {
            found = test;
        }
    }
    return found;
}

static void totals_tell(const unsigned *counts)
{
    stack_watermarks_print();
    console_print("# totals: passed %u failed %u skipped %u\n", counts[PASSED], counts[FAILED],
                  counts[SKIPPED]);
    console_print("# end of tests\n");
}

/* Returns the test that ends the machine and has this id, or NULL. */
static const struct test *death_test_find(const char *id)
{
    for (const struct test *test = __tests_start; test < __tests_end; test++) {
        if (test->condition->kind == TEST_KIND_DEATH && strcmp(id, test->id) == 0) {
            return test;
        }
    }
    return NULL;
}

static bool death_test_run(const struct test *test)
{
    console_print("KTAP version 1\n1..1\n# %s starting\n", test->id);
    struct thread *thread;
    int error = thread_start(test->id, test_thread, (void *)test, &thread);
    if (error == OK) {
        thread_join(thread);
    }
    console_print("# the machine should have ended\nnot ok 1 %s %s\n", test->id, test->sentence);
    console_print("# totals: passed 0 failed 1 skipped 0\n# end of tests\n");
    return false;
}

bool selftest_run(const char *patterns)
{
    const struct test *last = death_test_find(patterns);
    if (last != NULL) {
        return death_test_run(last);
    }

    unsigned counts[3] = {0}, number = 0, planned = 0;
    for (const struct test *test = __tests_start; test < __tests_end; test++) {
        planned += suite_has(test, patterns);
    }
    console_print("KTAP version 1\n1..%u\n", planned);
    const char *id = "";
    for (const struct test *test; (test = test_after(id, patterns)) != NULL; id = test->id) {
        counts[test_run_one(test, ++number)]++;
    }
    totals_tell(counts);
    return counts[FAILED] == 0 && planned > 0;
}

bool selftest_soak(void)
{
    unsigned counts[3] = {0}, number = 0, planned = 0;
    for (const struct test *test = __tests_start; test < __tests_end; test++) {
        planned += test->condition->kind == TEST_KIND_SOAK;
    }
    console_print("KTAP version 1\n1..%u\n", planned);
    for (const struct test *test = __tests_start; test < __tests_end; test++) {
        if (test->condition->kind == TEST_KIND_SOAK) {
            counts[test_run_one(test, ++number)]++;
        }
    }
    totals_tell(counts);
    return counts[FAILED] == 0 && planned > 0;
}
