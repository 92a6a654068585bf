/*
 * Freeing in batches: which stacks wait for a grace period and which do not. The tests create and
 * destroy stacks without threads.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/schedule.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/cache_settings.h"
#include "tests/support/run_down.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define BATCH   5
#define TICK_NS (1000000000UL / SCHEDULE_TICK_HZ)
#define HELD_NS (5 * TICK_NS) /* long enough for what must not happen */

/* Turns on freeing in batches, with no stack in any batch yet. */
static void batches_begin(void)
{
    stack_free_set(STACK_FREE_IMMEDIATE);
    cache_empty();
    stack_free_set(STACK_FREE_BATCHED);
}

static uint32_t stacks_in_batches(void)
{
    uint32_t slots = 0;
    size_t pages = 0;
    stack_batch_count(&slots, &pages);
    return slots;
}

/* Creates stacks and destroys them on this CPU, within one tick. False if they cannot be had. */
static bool stacks_destroy(unsigned count)
{
    uint32_t slots[BATCH];
    for (unsigned i = 0; i < count; i++) {
        if (stack_create_backed(&slots[i]) != OK) {
            test_fail(__FILE__, __LINE__, "no stack");
            return false;
        }
    }
    uint64_t flags = interrupts_save();
    for (unsigned i = 0; i < count; i++) {
        stack_destroy(slots[i]);
    }
    interrupts_restore(flags);
    return true;
}

/* Stacks are released after a grace period, or at once if a thread waits for memory. */
static void batches_wait(void)
{
    test_eventually(stacks_in_batches() == 0, "%u stacks wait in batches", stacks_in_batches());
}

static void settle_without_sleep(uint64_t duration_ns)
{
    uint64_t end_ns = clock_now_ns() + duration_ns;
    while (clock_now_ns() < end_ns) {
        cpu_pause();
    }
}

TEST(CAC0003, "stacks in a batch wait while a CPU keeps preemption off, then all come at once",
     ALWAYS)
{
    struct stack_batch_counts first, held, last;
    cache_settings_keep();
    test_thread_bind(0, 20);
    stack_cache_size_set(2);
    preempt_disable();
    batches_begin();
    stack_batch_counts_read(&first);
    bool made = stacks_destroy(BATCH);
    settle_without_sleep(HELD_NS);
    uint32_t waiting = stacks_in_batches();
    uint32_t cached = this_cpu_pointer(stack_cache)->count;
    stack_batch_counts_read(&held);
    preempt_enable();
    if (made) {
        test_equal(waiting, BATCH);
        test_equal(cached, 0);
        test_equal(held.released, first.released);
    }

    batches_wait();
    stack_batch_counts_read(&last);
    test_check(last.released >= first.released + BATCH);
    test_check(last.grace_periods > first.grace_periods);
    test_equal(this_cpu_pointer(stack_cache)->count, 2); /* and the other three are freed */
    test_thread_unbind();
    cache_settings_put_back();
}

/* A section on another CPU that lasts until the test ends it. */
static struct {
    bool begun, over;
} section;

static void section_run(void *argument maybe_unused)
{
    preempt_disable();
    __atomic_store_n(&section.begun, true, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&section.over, __ATOMIC_SEQ_CST)) {
        compiler_barrier(); /* not PAUSE, which an emulator makes expensive */
    }
    preempt_enable();
}

/* Begins a section, so that no grace period ends. Returns NULL if the test has failed. */
static struct thread *section_begin(void)
{
    section.begun = section.over = false;
    struct thread *thread = test_thread_start(16, test_cpu_bit(1), section_run, NULL);
    if (thread != NULL) {
        test_eventually(__atomic_load_n(&section.begun, __ATOMIC_SEQ_CST),
                        "the section does not begin");
    }
    return thread;
}

static void section_end(struct thread *thread)
{
    __atomic_store_n(&section.over, true, __ATOMIC_SEQ_CST);
    test_thread_join(thread);
}

TEST(CAC0007, "stacks in a batch wait for a section on any CPU, and are released after it",
     TWO_CPUS)
{
    struct stack_batch_counts first, held;
    cache_settings_keep();
    test_thread_bind(0, 20);
    struct thread *thread = section_begin();
    batches_begin();
    stack_batch_counts_read(&first);
    (void)stacks_destroy(BATCH);
    test_settle(HELD_NS);
    stack_batch_counts_read(&held);
    section_end(thread);
    batches_wait();
    test_equal(held.released, first.released);
    test_thread_unbind();
    cache_settings_put_back();
}

/*
 * Waits until the reclaimer has taken `count` stacks apart. It may be at work on another CPU, and
 * counts a stack when it has finished.
 */
static void reclaimed_wait(uint64_t count)
{
    test_eventually(stack_reclaimed_count() >= count, "only %lu of %lu stacks are taken apart",
                    stack_reclaimed_count(), count);
}

/* Waits until the stacks that batches released are taken apart; restores the settings. */
static void batches_end(bool made, uint64_t reclaimed_before)
{
    preempt_enable();
    if (made) {
        reclaimed_wait(reclaimed_before + BATCH);
    }
    test_thread_unbind();
    cache_settings_put_back();
}

TEST(CAC0004, "a stack does not wait for a grace period while a thread waits for memory", ALWAYS)
{
    cache_settings_keep();
    test_thread_bind(0, 20);
    preempt_disable();
    batches_begin();
    uint64_t reclaimed = stack_reclaimed_count();
    bool made = stacks_destroy(BATCH);
    if (made) {
        test_equal(stacks_in_batches(), BATCH);
        cache_empty(); /* as the tick does on each CPU while threads wait for memory */
        test_equal(stacks_in_batches(), 0);
    }
    uint32_t slot;
    if (stack_create_backed(&slot) == OK) {
        uint64_t flags = interrupts_save();
        memory_queued_add(1);
        stack_destroy(slot);
        memory_queued_add(-1);
        interrupts_restore(flags);
        test_equal(stacks_in_batches(), 0);
    }
    batches_end(made, reclaimed);
}

TEST(CAC0012, "a tick does not wait for a CPU that works on its batch", ALWAYS)
{
    uint64_t flags = spin_lock_irq_save(&stack_batch_lock);
    stack_batch_tick(true); /* if it waited, it would never return */
    spin_unlock_irq_restore(&stack_batch_lock, flags);
}

TEST(CAC0005, "going back to immediate freeing leaves no stack in a batch", ALWAYS)
{
    cache_settings_keep();
    test_thread_bind(0, 20);
    preempt_disable();
    batches_begin();
    uint64_t reclaimed = stack_reclaimed_count();
    bool made = stacks_destroy(BATCH);
    if (made) {
        test_equal(stacks_in_batches(), BATCH);
        stack_free_set(STACK_FREE_IMMEDIATE);
        test_equal(stacks_in_batches(), 0);
    }
    batches_end(made, reclaimed);
}

TEST(CAC0008, "at most the bound's number of stacks waits in batches; others are freed at once",
     ALWAYS)
{
    struct stack_batch_counts first, last;
    cache_settings_keep();
    test_thread_bind(0, 20);
    preempt_disable();
    batches_begin();
    stack_batch_most_set(BATCH - 2);
    stack_batch_counts_read(&first);
    uint64_t reclaimed = stack_reclaimed_count();
    bool made = stacks_destroy(BATCH);
    uint32_t waiting = stacks_in_batches();
    stack_batch_counts_read(&last);
    preempt_enable();
    if (made) {
        test_equal(waiting, BATCH - 2);
        test_equal(last.refused - first.refused, 2);
        reclaimed_wait(reclaimed + 2);
    }
    stack_batch_most_set(0);
    test_thread_unbind();
    cache_settings_put_back();
}

static void nothing(void *argument maybe_unused)
{
}

static struct {
    bool created;
    uint32_t waiting, left;
    uint64_t flushed;
} create;

/* Fully backed, so that it goes on without memory. The swapper is quiet: it would help, too. */
static void create_run(void *argument maybe_unused)
{
    const struct thread_options child = {
        .name = "child", .priority = THREAD_PRIORITY_DEFAULT, .affinity = test_cpu_bit(0)};
    struct stack_batch_counts first, last;
    struct run_down all;
    struct thread *section_thread = section_begin();
    batches_begin();
    stack_batch_counts_read(&first);
    if (stacks_destroy(BATCH)) {
        create.waiting = stacks_in_batches();
        run_down_take(&all);
        struct thread *thread = NULL;
        int error = thread_create(&child, nothing, NULL, &thread);
        create.left = stacks_in_batches();
        run_down_give_back(&all);
        create.created = error == OK;
        section_end(section_thread);
        test_thread_join(error == OK ? thread : NULL);
    } else {
        section_end(section_thread);
    }
    stack_batch_counts_read(&last);
    create.flushed = last.flushed - first.flushed;
}

/* If the reclaimer is faster, another CPU has the frames, and the fixture begins anew. */
static bool is_created(void)
{
    const struct thread_options options = {.name = "parent",
                                           .priority = THREAD_PRIORITY_SYSTEM,
                                           .backed = true,
                                           .affinity = test_cpu_bit(0)};
    create.created = false;
    create.waiting = create.left = 0;
    create.flushed = 0;
    test_thread_join(test_thread_create(&options, create_run, NULL));
    return create.created;
}

TEST(CAC0009, "a creation that finds no memory gets stacks from batches, without a grace period",
     TWO_CPUS)
{
    cache_settings_keep();
    swapper_quiet_set(true);
    test_eventually(is_created(), "no creation gets a stack from the batches");
    swapper_quiet_set(false);
    cache_settings_put_back();
    test_equal(create.waiting, BATCH);
    test_equal(create.left, 0);
    test_check(create.flushed >= BATCH);
}
