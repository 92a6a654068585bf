/*
 * Pages of a stack that are being unmapped: between the change of their entries and the end of the
 * shootdown their thread may touch them, migrate, or end (invariant I6; mm/stack/stack_pages.h).
 */
#include "mm/stack/stack_pages.h"

#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_large.h"
#include "sched/core/thread.h"
#include "sched/stack/stack_reservation.h"
#include "tests/support/cache_settings.h"
#include "tests/support/own_pages.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define PATTERN 0x5ca1ab1e0ddba11UL
#define MOVES   16

/* Set by the thread whose shootdown is to be preceded by `act`, in that thread's context. */
static struct {
    struct thread *thread;
    void (*act)(void);
    void (*shootdown)(uintptr_t address, size_t bytes);
} window;

static void window_shootdown(uintptr_t address, size_t bytes)
{
    void (*act)(void) = window.act;
    if (thread_current() == window.thread && act != NULL) {
        window.act = NULL;
        act();
    }
    window.shootdown(address, bytes);
}

static void window_begin(void)
{
    window.thread = NULL;
    window.shootdown = stack_shootdown_hook;
    __atomic_store_n(&stack_shootdown_hook, window_shootdown, __ATOMIC_SEQ_CST);
}

static void window_end(void)
{
    __atomic_store_n(&stack_shootdown_hook, window.shootdown, __ATOMIC_SEQ_CST);
}

/* Trims the calling thread's stack; `act` runs before the shootdown. */
static void trim_and(void (*act)(void))
{
    window.thread = thread_current();
    window.act = act;
    own_stack_trim();
}

static uint64_t word_read(unsigned page)
{
    return *(volatile uint64_t *)own_address(page, 64);
}

static void word_write(unsigned page, uint64_t value)
{
    *(volatile uint64_t *)own_address(page, 64) = value;
}

static physical_t frame_at(unsigned page)
{
    return stack_entry_frame(stack_entries(thread_current()->slot)[page]);
}

static physical_t frames[STACK_PAGES];

/* Writes to the pages from page 2 down to `lowest`, and notes the frames. */
static void pages_write(unsigned lowest)
{
    for (unsigned page = STACK_PAGES - 1; page-- > lowest;) {
        word_write(page, PATTERN + page);
        frames[page] = frame_at(page);
    }
}

static uint32_t seen_unmapping;

static void touch_middle(void)
{
    seen_unmapping = stack_pages_unmapping(thread_current()->slot);
    test_equal(word_read(1), PATTERN + 1);
    test_equal(frame_at(1), frames[1]);
    test_equal(frame_at(2), frames[2]);
    word_write(1, PATTERN - 1);
}

TEST(STK0113, "a page touched while it is being unmapped keeps its frame and its bytes",
     STACKS_GROW)
{
    window_begin();
    pages_write(0);
    seen_unmapping = 0;
    trim_and(touch_middle);
    window_end();
    test_check(seen_unmapping != 0);
    test_equal(frame_at(1), frames[1]);
    test_equal(word_read(1), PATTERN - 1);
    test_equal(stack_pages_unmapping(thread_current()->slot), 0);
}

static void touch_lowest(void)
{
    test_equal(word_read(0), 0);
    test_equal(frame_at(1), frames[1]);
    test_equal(frame_at(2), frames[2]);
    test_equal(word_read(1), PATTERN + 1);
}

TEST(STK0114, "a hole below pages that are being unmapped gets a new frame, and they their own",
     STACKS_GROW)
{
    window_begin();
    own_stack_trim();
    pages_write(1);
    trim_and(touch_lowest);
    window_end();
    test_equal(word_read(1), PATTERN + 1);
    test_check(stack_holes_are_one(thread_current()->slot));
}

static struct {
    uint64_t value;
    uint32_t wrong;
} moves;

static void write_and_move(void)
{
    word_write(1, ++moves.value);
    moves.wrong += thread_affinity_set(thread_current(), test_cpu_bit(0)) != OK;
    moves.wrong += word_read(1) != moves.value;
}

static void move_often(void *argument maybe_unused)
{
    for (unsigned i = 0; i < MOVES; i++) {
        moves.wrong += thread_affinity_set(thread_current(), test_cpu_bit(0)) != OK;
        pages_write(0);
        moves.value = word_read(1);
        moves.wrong += thread_affinity_set(thread_current(), test_cpu_bit(1)) != OK;
        trim_and(write_and_move);
        moves.wrong += word_read(1) != moves.value;
    }
}

/* CPU 0 knows the page from before. CPU 1 unmaps it, backs it again and writes to it. */
TEST(STK0115,
     "a thread that unmaps pages, uses them and moves finds on the other CPU what it wrote",
     TWO_CPUS)
{
    moves.wrong = 0;
    window_begin();
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(0), move_often, NULL);
    test_equal(test_thread_join(thread), OK);
    window_end();
    test_equal(moves.wrong, 0);
}

static void touch_guard(void)
{
    *(volatile char *)(stack_bottom(thread_current()->slot) - 1) = 1;
}

static void trim_and_overflow(void *argument maybe_unused)
{
    pages_write(0);
    trim_and(touch_guard);
}

TEST(STK0116, "a thread that ends by an overflow while it unmaps pages leaks none of their frames",
     STACKS_GROW)
{
    const struct thread_options options = {
        .name = "trimmer", .priority = THREAD_PRIORITY_DEFAULT, .affinity = 1};
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT); /* where the stacks of these threads end up */
    size_t before = frame_owned_count(FRAME_OWNER_STACK);
    window_begin();
    for (unsigned i = 0; i < 8; i++) {
        struct thread *thread = test_thread_create(&options, trim_and_overflow, NULL);
        test_equal(test_thread_join(thread), ERROR_RANGE);
    }
    window_end();
    /* Two stacks may be in a cache, whole; the runner compares frames booked with frames found. */
    cache_empty(); /* with stack-free=batched they wait there until there are more */
    test_eventually(frame_owned_count(FRAME_OWNER_STACK) <= before + 4 * STACK_PAGES,
                    "%lu pages of stacks, %lu before", frame_owned_count(FRAME_OWNER_STACK),
                    before);
    test_thread_unbind();
}
