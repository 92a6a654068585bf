/*
 * stack=lend: a stack is whole while its thread runs, and pages that the thread did not touch are
 * taken back after it left the CPU: at once on CPUs that cache no translation of a page that was
 * not accessed, in batches on others (mm/stack_modes/stack_lend.h).
 */
#include "mm/stack_modes/stack_lend.h"

#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "sched/core/wait_queue.h"
#include "sched/stack/lend_batch.h"
#include "sched/stack/reclaimer_test_hooks.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/support/cache_settings.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static uint64_t faults_all(void)
{
    uint64_t faults = 0;
    for (unsigned pages = 1; pages < STACK_PAGES; pages++) {
        faults += this_cpu_pointer(magazine)->faults[pages];
    }
    return faults;
}

TEST(LND0001, "a running thread finds its stack whole, and reaches its lowest byte without a fault",
     STACKS_LENT)
{
    uint32_t slot = thread_current()->slot;
    uint64_t flags = interrupts_save();
    uint64_t faults = faults_all();
    uint32_t missing = stack_missing(slot);
    for (unsigned page = STACK_PAGES; page-- > 0;) {
        *(volatile char *)(stack_floor(slot) + page * PAGE_BYTES) = 1;
    }
    faults = faults_all() - faults;
    interrupts_restore(flags);
    test_equal(missing, 0);
    test_equal(faults, 0);
}

static struct {
    struct spinlock lock;
    struct wait_queue queue;
    unsigned deep; /* pages to touch */
    bool waits, surface;
} fixture;

/* Touches `deep` pages below the top one, and sleeps there. */
static void toucher(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    for (unsigned page = 1; page <= fixture.deep; page++) {
        *(volatile uint64_t *)(stack_top(slot) - (page + 1) * PAGE_BYTES) = slot + page;
    }
    uint64_t flags = spin_lock_irq_save(&fixture.lock);
    fixture.waits = true;
    while (!fixture.surface) {
        ignore_result(wait_queue_sleep(&fixture.queue, &fixture.lock, WAIT_FOREVER));
    }
    spin_unlock_irq_restore(&fixture.lock, flags);
    for (unsigned page = 1; page <= fixture.deep; page++) {
        test_equal(*(volatile uint64_t *)(stack_top(slot) - (page + 1) * PAGE_BYTES), slot + page);
    }
}

/* Runs the thread on a new stack, on the CPU to which the caller is bound. */
static void toucher_watch(unsigned deep)
{
    spinlock_init(&fixture.lock, "fixture");
    wait_queue_init(&fixture.queue);
    fixture.deep = deep;
    fixture.waits = fixture.surface = false;
    cache_empty();
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT - 1, test_cpu_bit(0), toucher, NULL);
    if (thread == NULL) {
        return;
    }
    (void)test_wait_blocked(thread);
    test_eventually(fixture.waits && stack_pages_backed(thread->slot) == deep + 1,
                    "a thread that touched %u pages, and sleeps, has %u", deep + 1,
                    stack_pages_backed(thread->slot));
    test_check(stack_holes_are_one(thread->slot));
    uint64_t flags = spin_lock_irq_save(&fixture.lock);
    fixture.surface = true;
    wait_queue_wake_all(&fixture.queue);
    spin_unlock_irq_restore(&fixture.lock, flags);
    thread_join(thread);
}

TEST(LND0002, "a sleeping thread keeps the pages that it touched, with every byte, and no others",
     STACKS_LENT)
{
    struct stack_lend_counts before, after;
    stack_lend_counts_read(&before);
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    for (unsigned deep = 0; deep < STACK_PAGES; deep++) {
        toucher_watch(deep);
    }
    test_thread_unbind();
    stack_lend_counts_read(&after);
    test_note("%lu pages lent, %lu of them taken back", after.lent - before.lent,
              after.taken_back - before.taken_back);
    test_check(after.taken_back > before.taken_back);
}

static struct {
    bool sleep;
    struct semaphore wake;
    struct thread *thread;
    struct thread *reclaimer;
} late;

static void reclaimer_note(struct thread *thread, void *context maybe_unused)
{
    if (strcmp(thread->name, "reclaimer") == 0) {
        late.reclaimer = thread;
    }
}

static void run_then_sleep(void *argument maybe_unused)
{
    while (!__atomic_load_n(&late.sleep, __ATOMIC_ACQUIRE)) {
        compiler_barrier();
    }
    semaphore_down(&late.wake);
}

static bool is_left_out(void)
{
    return !stack_lend_wanted() && stack_missing(late.thread->slot) == 0;
}

/* Fully backed: it is lent nothing where it runs, and so asks for no batch. */
static void left_out_watch(void *argument maybe_unused)
{
    test_eventually(is_left_out(), "no batch skips a running thread");
    __atomic_store_n(&late.sleep, true, __ATOMIC_RELEASE);
    test_eventually(stack_missing(late.thread->slot) == STACK_PAGES - 1,
                    "a sleeping thread has %u pages, most of which it did not touch",
                    stack_pages_backed(late.thread->slot));
    semaphore_up(&late.wake);
}

TEST(LND0006, "a thread that runs while a batch takes pages back loses its own once it sleeps",
     LEND_BATCHES)
{
    const struct thread_options watching = {
        .name = "watcher", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    cache_empty();
    swapper_quiet_set(true);
    late.sleep = false;
    semaphore_init(&late.wake, 0);
    late.thread = test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(1), run_then_sleep, NULL);
    /*
     * The reclaimer preempts whatever thread runs on its CPU; it must not be the thread under test.
     */
    thread_for_each(reclaimer_note, NULL);
    test_equal(thread_affinity_set(late.reclaimer, test_cpu_bit(0)), OK);
    if (late.thread != NULL) {
        test_thread_join(test_thread_create(&watching, left_out_watch, NULL));
        test_thread_join(late.thread);
    }
    test_equal(thread_affinity_set(late.reclaimer, test_cpus_all()), OK);
    swapper_quiet_set(false);
    test_thread_unbind();
}

static void run_on_touched_pages(void *argument maybe_unused)
{
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        (void)*(volatile char *)(stack_floor(thread_current()->slot) + page * PAGE_BYTES);
    }
    while (!__atomic_load_n(&late.sleep, __ATOMIC_ACQUIRE)) {
        compiler_barrier();
    }
}

#define TURNS_ENOUGH 30 /* of the reclaimer's job that runs the batches */

static void settled_watch(void *argument maybe_unused)
{
    uint64_t end = reclaimer_job_turns(RECLAIMER_LEND) + TURNS_ENOUGH;
    bool settled = false;
    test_eventually((settled = !lend_batches_wanted()) ||
                        reclaimer_job_turns(RECLAIMER_LEND) >= end,
                    "the reclaimer runs no batches");
    test_check(settled);
    __atomic_store_n(&late.sleep, true, __ATOMIC_RELEASE);
}

TEST(LND0007, "a running thread that touched all its pages is no reason for another batch",
     LEND_BATCHES)
{
    const struct thread_options watching = {
        .name = "watcher", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    swapper_quiet_set(true);
    late.sleep = false;
    late.thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(1), run_on_touched_pages, NULL);
    if (late.thread != NULL) {
        test_thread_join(test_thread_create(&watching, settled_watch, NULL));
        test_thread_join(late.thread);
    }
    swapper_quiet_set(false);
    test_thread_unbind();
}

#define TURNS 12

/* Goes a page deeper every fourth turn, and yields after each page that it has touched. */
static void deeper(void *argument)
{
    uint64_t seed = (uintptr_t)argument << 16;
    uintptr_t top = stack_top(thread_current()->slot);
    unsigned wrong = 0;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        unsigned deep = turn * STACK_PAGES / TURNS;
        for (unsigned page = 1; page <= deep; page++) {
            *(volatile uint64_t *)(top - (page + 1) * PAGE_BYTES) =
                seed + turn * STACK_PAGES + page;
        }
        thread_yield();
        for (unsigned page = 1; page <= deep; page++) {
            wrong += *(volatile uint64_t *)(top - (page + 1) * PAGE_BYTES) !=
                     seed + turn * STACK_PAGES + page;
        }
    }
    test_equal(wrong, 0);
}

TEST(LND0005, "two threads that take turns hand on the pages that are not touched, and no others",
     STACKS_LENT)
{
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    cache_empty();
    struct thread *one =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(0), deeper, (void *)1);
    struct thread *other =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(0), deeper, (void *)2);
    test_equal(test_thread_join(one), 0);
    test_equal(test_thread_join(other), 0);
    test_thread_unbind();
}
