/*
 * Exactness of swapping: the live bytes of a stack come back to the last one, however many there
 * are, and the swapper leaves a thread alone that woke and ended while its pages were being taken.
 */
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/support/run_down.h"
#include "tests/support/scratch_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static uint8_t pattern(size_t bytes, size_t i)
{
    return (uint8_t)(1 + (bytes + 7 * i) % 255); /* never 0, which a fresh page holds */
}

/* Swaps the used part of the slot's top page out and in. Returns the number of wrong bytes. */
static size_t swap_there_and_back(uint32_t slot, size_t bytes)
{
    uintptr_t from = stack_top(slot) - bytes;
    volatile uint8_t *live = (volatile uint8_t *)from;
    void *saved;
    for (size_t i = 0; i < bytes; i++) {
        live[i] = pattern(bytes, i);
    }
    if (stack_save(slot, from, &saved) != OK) {
        test_fail(__FILE__, __LINE__, "%lu bytes could not be saved", bytes);
        return 0;
    }
    uint32_t left = stack_pages_unmap_begin(slot, STACK_PAGES);
    stack_shootdown(stack_bottom(slot), STACK_BYTES);
    uint64_t flags = interrupts_save();
    uint32_t released = stack_pages_release(slot);
    interrupts_restore(flags);
    (void)stack_standby_free(UINT32_MAX); /* otherwise the same page would come back */
    uint32_t missing = stack_missing(slot);
    scratch_stack_use(slot);
    stack_swap_in(slot, from, saved);
    scratch_stack_unuse();
    test_equal(left, 1);
    test_equal(released, 1);
    test_equal(missing, STACK_PAGES);
    test_equal(stack_pages_backed(slot), 1);
    size_t wrong = 0;
    for (size_t i = 0; i < bytes; i++) {
        wrong += live[i] != pattern(bytes, i);
    }
    return wrong;
}

TEST(SWP0017, "live bytes come back to the last one, however many there are", ALWAYS)
{
    uint32_t slot;
    if (!scratch_stack_create(&slot)) {
        return;
    }
    swapper_quiet_set(true);
    for (size_t bytes = 8; bytes <= STACK_SAVED_BYTES_MAX; bytes += 8) {
        test_equal(swap_there_and_back(slot, bytes), 0);
    }
    void *saved;
    test_equal(stack_save(slot, stack_top(slot) - STACK_SAVED_BYTES_MAX - 8, &saved), ERROR_RANGE);
    swapper_quiet_set(false);
    scratch_stack_destroy(slot);
}

#define TAKEN_STACKS 12 /* two of them fit into one of four spare frames */

static struct taken_stack {
    uint32_t slot;
    void *saved;
    struct run_down elsewhere; /* what other CPUs took once the stack was swapped out */
} taken_stacks[TAKEN_STACKS];

/* Nothing is free. Returns whether the stack could be swapped out. */
static bool swap_out_and_lose(struct taken_stack *stack)
{
    bool saved = stack_save(stack->slot, stack_top(stack->slot) - STACK_SAVED_BYTES_MAX,
                            &stack->saved) == OK;
    if (saved) {
        (void)stack_pages_unmap_begin(stack->slot, STACK_PAGES);
        preempt_enable();
        stack_shootdown(stack_bottom(stack->slot), STACK_BYTES);
        preempt_disable();
        uint64_t flags = interrupts_save();
        (void)stack_pages_release(stack->slot);
        interrupts_restore(flags);
    }
    run_down_take(&stack->elsewhere);
    return saved;
}

static void swap_in_and_free(struct taken_stack *stack, bool saved)
{
    if (saved) {
        scratch_stack_use(stack->slot);
        stack_swap_in(stack->slot, stack_top(stack->slot) - STACK_SAVED_BYTES_MAX, stack->saved);
        scratch_stack_unuse();
    }
    uint64_t flags = interrupts_save();
    stack_destroy(stack->slot);
    interrupts_restore(flags);
}

/* Fully backed: it never waits for the memory that it holds. */
static void take_and_lose(void *argument maybe_unused)
{
    struct run_down all;
    unsigned created = 0, saved = 0;
    while (created < TAKEN_STACKS && stack_create_backed(&taken_stacks[created].slot) == OK) {
        created++;
    }
    test_equal(created, TAKEN_STACKS);
    run_down_begin();
    run_down_take(&all);
    while (saved < created && swap_out_and_lose(&taken_stacks[saved])) {
        saved++;
    }
    for (unsigned i = 0; i < created && i <= saved; i++) {
        run_down_give_back(&taken_stacks[i].elsewhere);
    }
    run_down_give_back(&all);
    for (unsigned i = 0; i < created; i++) {
        swap_in_and_free(&taken_stacks[i], i < saved);
    }
    run_down_end();
    test_equal(saved, created);
}

TEST(SWP0032, "other CPUs that take each frame of swapped-out stacks leave the spare ones", ALWAYS)
{
    const struct thread_options taking = {.name = "taker",
                                          .priority = THREAD_PRIORITY_SYSTEM,
                                          .affinity = test_cpu_bit(0),
                                          .backed = true};
    test_thread_join(test_thread_create(&taking, take_and_lose, NULL));
}

static struct semaphore wake;
static struct stack_swap_counts before;

static void ender_run(void *argument maybe_unused)
{
    *(volatile char *)stack_floor(thread_current()->slot) = 1;
    semaphore_down(&wake);
}

/* Between the shootdown and the next step the thread wakes and ends. */
static void end_after_shootdown(enum swapper_step step, struct thread *thread)
{
    if (step == SWAPPER_BEFORE) {
        stack_swap_counts_read(&before); /* the swapper's own work is over */
    } else if (step == SWAPPER_SHOT) {
        semaphore_up(&wake);
        test_thread_join(thread);
    }
}

TEST(SWP0018,
     "the swapper leaves alone a thread that wakes and ends while its pages are being taken",
     ALWAYS)
{
    struct stack_swap_counts after;
    before = (struct stack_swap_counts){0};
    swapper_quiet_set(true);
    semaphore_init(&wake, 0);
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, ender_run, NULL);
    if (thread != NULL && test_wait_blocked(thread)) {
        swapper_step_hook = end_after_shootdown;
        test_equal(swapper_pass(thread, SWAPPER_SWAP), 1);
        swapper_step_hook = NULL;
    }
    stack_swap_counts_read(&after);
    test_check(after.saved_now <= before.saved_now); /* others may wake up meanwhile */
    test_check(after.returned >= before.returned + STACK_PAGES);
    /* In the invariant build the next object shows whether something wrote to freed memory. */
    semaphore_up(&wake);
    test_thread_join(test_thread_start(THREAD_PRIORITY_DEFAULT, 0, ender_run, NULL));
    swapper_quiet_set(false);
}
