/*
 * Overflow of stacks with ensured depth, and how threads with such stacks end: by an overflow, a
 * kill, or a release from far down, while other CPUs do the same.
 */
#include "arch/x86_64/cpu/preempt.h"
#include "kernel/console/log_ring.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_large.h"
#include "sched/stack/overflow.h"
#include "sched/stack/stack_reservation.h"
#include "sched/sync/semaphore.h"
#include "tests/support/large_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define SIZE_BYTES (256 * 1024)

void soak_plunge(size_t bytes, void (*work)(void *context, uint64_t *words, size_t bytes),
                 void *context); /* soak_dive.asm */

struct lines {
    const char *wanted;
    unsigned count;
};

static void line_look(void *context, enum log_level level maybe_unused, const char *line)
{
    struct lines *lines = context;
    lines->count += strstr(line, "stack overflow: ") != NULL && strstr(line, lines->wanted) != NULL;
}

static unsigned overflow_lines(const char *wanted)
{
    struct lines lines = {.wanted = wanted};
    log_each(LOG_ERROR, line_look, &lines);
    return lines.count;
}

static volatile uint32_t survivors;

/* Checks that the thread ends by an overflow, and that the log says which. */
static void overflow_check(size_t bytes, void (*entry)(void *), const char *wanted)
{
    unsigned lines = overflow_lines(wanted);
    uint32_t overflows = overflow_count();
    survivors = 0;
    test_equal(test_thread_join(start_on_stack("too far", bytes, entry, NULL)), ERROR_RANGE);
    test_equal(overflow_count(), overflows + 1);
    test_equal(overflow_lines(wanted), lines + 1);
    test_equal(survivors, 0);
}

static void touch_below_floor(void *argument maybe_unused)
{
    *(volatile char *)(stack_floor(thread_current()->slot) - 100) = 1;
    survivors = survivors + 1;
}

TEST(LRG0120, "a thread that goes below its fault floor without asking ends, and the log says why",
     STACKS_GROW)
{
    overflow_check(SIZE_BYTES, touch_below_floor, " 100 bytes below the fault floor (");
}

static void touch_below_ensured(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    test_equal(stack_ensure(100 * 1024), OK);
    volatile char *last = (volatile char *)stack_limit(slot);
    *last = 1;
    test_check(stack_pages_backed(slot) > 100 / 4);
    last[-72] = 1;
    survivors = survivors + 1;
}

TEST(LRG0121, "a thread that goes deeper than it asked for ends, and the log says by how much",
     STACKS_GROW)
{
    overflow_check(SIZE_BYTES, touch_below_ensured,
                   " 72 bytes below what stack_ensure() asked for (");
}

static void touch_after_release(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    test_equal(stack_ensure(100 * 1024), OK);
    volatile char *below = (volatile char *)(stack_floor(slot) - 8);
    *below = 1; /* so that this CPU caches the translation */
    stack_release();
    *below = 1;
    survivors = survivors + 1;
}

TEST(LRG0122, "depth that was given back is an overflow again", STACKS_GROW)
{
    overflow_check(SIZE_BYTES, touch_after_release, " 8 bytes below the fault floor (");
}

static void touch_guard(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    size_t room = (uintptr_t)__builtin_frame_address(0) - stack_bottom(slot);
    test_equal(stack_ensure(room - STACK_ENSURE_ROOM - 512), OK);
    *(volatile char *)stack_bottom(slot) = 1;
    *(volatile char *)(stack_bottom(slot) - 24) = 1;
    survivors = survivors + 1;
}

TEST(LRG0123,
     "a thread that runs into the guard of a large stack ends, and the log names the stack's size",
     ALWAYS)
{
    overflow_check(SIZE_BYTES, touch_guard, " 24 bytes below its 256 KiB stack");
    overflow_check(STACK_BYTES_MAX, touch_guard, " 24 bytes below its 1024 KiB stack");
}

static never_inline unsigned descend(unsigned depth)
{
    volatile uint8_t local[200];
    local[0] = (uint8_t)depth;
    return depth == 1000000 ? 0 : descend(depth + 1) + local[0];
}

static void recurse_for_ever(void *argument maybe_unused)
{
    test_equal(stack_ensure(60 * 1024), OK);
    descend(0);
    survivors = survivors + 1;
}

TEST(LRG0124, "endless recursion stops at the depth that stack_ensure() was asked for", STACKS_GROW)
{
    overflow_check(SIZE_BYTES, recurse_for_ever, " below what stack_ensure() asked for (");
}

static struct semaphore never;

static void wait_ensured(void *argument)
{
    test_equal(stack_ensure(900 * 1024), OK);
    *(volatile char *)stack_limit(thread_current()->slot) = 1;
    test_count(argument);
    test_equal(semaphore_down_timed(&never, WAIT_FOREVER), ERROR_KILLED);
    thread_exit_if_killed();
}

TEST(LRG0125, "threads killed while they hold a megabyte each leave nothing behind", ALWAYS)
{
    struct thread *threads[6];
    static uint32_t waiting;
    semaphore_init(&never, 0);
    for (unsigned round = 0; round < 3; round++) {
        waiting = 0;
        for (unsigned i = 0; i < array_length(threads); i++) {
            threads[i] = start_on_stack("doomed", STACK_BYTES_MAX, wait_ensured, &waiting);
        }
        ignore_result(test_wait_until(&waiting, array_length(threads), "threads that ensured"));
        for (unsigned i = 0; i < array_length(threads); i++) {
            if (threads[i] != NULL) {
                test_check(stack_held(threads[i]));
                thread_kill(threads[i]);
                test_equal(test_thread_join(threads[i]), ERROR_KILLED);
            }
        }
    }
}

/* Called with the stack pointer far below the floor. */
static void release_down_here(void *context, uint64_t *words, size_t bytes)
{
    uint32_t slot = thread_current()->slot;
    uint32_t *backed = context;
    for (size_t i = 0; i < bytes / sizeof(*words); i++) {
        words[i] = i;
    }
    stack_release();
    *backed = stack_pages_backed(slot);
    for (size_t i = 0; i < bytes / sizeof(*words); i++) {
        if (words[i] != i) {
            test_fail(__FILE__, __LINE__, "word %lu of a live frame was lost", i);
            break;
        }
    }
}

static void release_from_below(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot, backed = 0;
    test_equal(stack_ensure(200 * 1024), OK);
    uint32_t most = stack_pages_backed(slot);
    soak_plunge(80 * 1024, release_down_here, &backed);
    test_check(backed >= 80 / 4 && backed < 80 / 4 + 8 && backed < most);
    test_check(stack_holes_are_one(slot));
    test_equal(stack_pages_backed(slot), backed);
    test_equal(stack_ensure(0), OK);
    stack_release(); /* no byte below the floor is in use any more */
    test_equal(stack_pages_backed(slot), STACK_PAGES);
}

TEST(LRG0126, "a release from below the floor leaves what is in use, and the next one takes it",
     STACKS_GROW)
{
    run_on_stack("sunken", SIZE_BYTES, release_from_below, NULL);
}

#define STORM_THREADS 6

static void storm(void *argument)
{
    uintptr_t seed = (uintptr_t)argument;
    uint64_t end = test_hammer_end();
    for (unsigned round = 0; round < 200 && test_hammer_goes_on(end); round++) {
        size_t bytes = (8 + (seed * 37 + round * 53) % 230) * 1024;
        uint32_t slot = thread_current()->slot;
        if (stack_ensure(bytes) != OK) {
            continue; /* threads that wait for memory come first */
        }
        uintptr_t low = align_down((uintptr_t)__builtin_frame_address(0) - bytes, 8) + 16;
        uintptr_t high = stack_floor(slot) < low + 4096 ? low : stack_floor(slot);
        preempt_disable(); /* no other frame is pushed over the words */
        for (uintptr_t at = low; at < high; at += 512) {
            *(volatile uint64_t *)at = at ^ seed;
        }
        for (uintptr_t at = low; at < high; at += 512) {
            if (*(volatile uint64_t *)at != (at ^ seed)) {
                test_fail(__FILE__, __LINE__, "the word at %p was changed by another", (void *)at);
                break;
            }
        }
        preempt_enable();
        stack_release();
    }
}

TEST(LRG0127, "threads on all CPUs ensure and release at once, and none sees another's page",
     ALWAYS)
{
    struct thread *threads[STORM_THREADS];
    for (uintptr_t i = 0; i < STORM_THREADS; i++) {
        threads[i] = start_on_stack("storm", SIZE_BYTES, storm, (void *)(i + 1));
    }
    for (unsigned i = 0; i < STORM_THREADS; i++) {
        test_equal(test_thread_join(threads[i]), 0);
    }
}
