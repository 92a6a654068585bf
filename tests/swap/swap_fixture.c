/* See swap_fixture.h. */
#include "tests/swap/swap_fixture.h"

#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define PATTERN_BYTES 200

struct swap_sleeper swap_sleeper;

static never_inline void sleep_with_pattern(uint32_t round)
{
    volatile uint8_t pattern[PATTERN_BYTES];
    for (unsigned i = 0; i < PATTERN_BYTES; i++) {
        pattern[i] = (uint8_t)(i * 7 + round);
    }
    swap_sleeper.error = OK;
    if (swap_sleeper.timed) {
        swap_sleeper.error = semaphore_down_timed(&swap_sleeper.wake, WAIT_FOREVER);
    } else {
        semaphore_down(&swap_sleeper.wake);
    }
    swap_sleeper.pages_awake = stack_pages_backed(thread_current()->slot);
    for (unsigned i = 0; i < PATTERN_BYTES; i++) {
        swap_sleeper.wrong += pattern[i] != (uint8_t)(i * 7 + round);
    }
}

static void sleeper_run(void *argument maybe_unused)
{
    while (!swap_sleeper.over) {
        *(volatile char *)stack_floor(thread_current()->slot) = 1; /* as deep calls would */
        sleep_with_pattern(swap_sleeper.rounds);
        swap_sleeper.rounds++;
        semaphore_up(&swap_sleeper.done);
        if (swap_sleeper.error == ERROR_KILLED) {
            return;
        }
    }
}

struct thread *swap_sleeper_start(bool timed)
{
    swap_sleeper = (struct swap_sleeper){.timed = timed};
    semaphore_init(&swap_sleeper.wake, 0);
    semaphore_init(&swap_sleeper.done, 0);
    swapper_quiet_set(true);
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, sleeper_run, NULL);
    (void)test_wait_blocked(thread);
    return thread;
}

void swap_sleeper_end(struct thread *thread)
{
    swap_sleeper.over = true;
    semaphore_up(&swap_sleeper.wake);
    test_thread_join(thread);
    swapper_quiet_set(false);
    test_equal(swap_sleeper.wrong, 0);
}

void swap_sleeper_wake(const struct thread *thread)
{
    semaphore_up(&swap_sleeper.wake);
    semaphore_down(&swap_sleeper.done);
    (void)test_wait_blocked(thread);
}

uint32_t swap_pages_on_waking(uint32_t left)
{
    if (stack_mode_get() == STACK_MODE_FAULT) {
        return left != 0 ? left : 1; /* the top page holds the bytes in use while it sleeps */
    }
    return STACK_PAGES; /* lent, or filled before it runs */
}
