/*
 * The out-of-memory policy. A machine without memory has threads that wait for memory though each
 * needs only three pages, and one more thread that is expendable. Without the policy all of them
 * wait. With it the expendable thread ends, and with its pages the others finish one by one.
 *
 * The driver is fully backed and gives no memory back until the end, so only the policy can help.
 */
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"
#include "sched/stack/oom.h"
#include "sched/stack/oom_test_hooks.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/memory_exhaust.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define DIVERS        60
#define KILL_AFTER_NS 300000000
#define QUIET_NS      (4 * KILL_AFTER_NS) /* nothing may happen for so long */

static struct {
    struct spinlock lock;
    struct wait_queue queue;
    unsigned waiting; /* divers that wait for go */
    unsigned through; /* divers that reached the bottom of their stacks */
    bool go, victim_go, surface;
    uint32_t kills; /* before the policy began */
    bool victim_waits;
    bool victim_needs_memory; /* the victim is to need one page more when it may go */
    bool asked;               /* the victim's wait was ended by a kill */
    struct thread *divers[DIVERS];
    struct thread *victim;
} pool;

static void pool_wait(const bool *condition)
{
    uint64_t flags = spin_lock_irq_save(&pool.lock);
    while (!*condition && wait_queue_sleep(&pool.queue, &pool.lock, WAIT_FOREVER) == OK) {
    }
    spin_unlock_irq_restore(&pool.lock, flags);
}

static void pool_signal(bool *condition)
{
    uint64_t flags = spin_lock_irq_save(&pool.lock);
    *condition = true;
    wait_queue_wake_all(&pool.queue);
    spin_unlock_irq_restore(&pool.lock, flags);
}

static unsigned pool_read(const unsigned *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static void pages_have(unsigned pages)
{
    uint32_t slot = thread_current()->slot;
    stack_trim(slot, stack_top(slot) - PAGE_BYTES);
    for (unsigned page = 2; page <= pages; page++) {
        *(volatile char *)(stack_top(slot) - page * PAGE_BYTES) = 1;
    }
}

/* Says whether the victim ends; called before its first frame is free. */
static bool victim_goes(void)
{
    return __atomic_load_n(&pool.asked, __ATOMIC_ACQUIRE) || oom_kills() != pool.kills;
}

/*
 * A diver that comes through before the victim ends stays there and so keeps its pages. If memory
 * comes back late from elsewhere, a few more divers come through, but none uses another's pages.
 */
static void diver(void *argument maybe_unused)
{
    pages_have(1);
    __atomic_add_fetch(&pool.waiting, 1, __ATOMIC_ACQ_REL);
    pool_wait(&pool.go);
    pages_have(STACK_PAGES);
    bool stays = !victim_goes();
    __atomic_add_fetch(&pool.through, 1, __ATOMIC_ACQ_REL);
    if (stays) {
        pool_wait(&pool.surface);
    }
}

/* Has three pages and waits for memory for the fourth, or has all four and sleeps. */
static void victim(void *argument maybe_unused)
{
    pages_have(pool.victim_needs_memory ? STACK_PAGES - 1 : STACK_PAGES);
    thread_expendable_set(true);
    __atomic_store_n(&pool.victim_waits, true, __ATOMIC_RELEASE);
    pool_wait(pool.victim_needs_memory ? &pool.victim_go : &pool.surface);
    __atomic_store_n(&pool.asked, thread_current()->kill_wanted, __ATOMIC_RELEASE);
    thread_exit_if_killed();
    pages_have(STACK_PAGES);
}

static bool all_wait(void)
{
    return pool_read(&pool.waiting) == DIVERS && pool.victim_waits;
}

static bool victim_needs_memory(void)
{
    return pool.victim->state == THREAD_WAITS_MEMORY;
}

static void all_through_wait(void)
{
    test_eventually(pool_read(&pool.through) == DIVERS,
                    "only %u of %u divers are through, %u wait for memory",
                    pool_read(&pool.through), DIVERS, memory_queued());
}

/* Memory is exhausted; some divers are through and stay there, the others wait for memory. */
static void fixture_begin(struct memory_exhausted *taken)
{
    test_eventually(all_wait(), "only %u of %u divers wait", pool_read(&pool.waiting), DIVERS);
    memory_exhaust(taken);
    pool_signal(&pool.go);
    test_eventually(memory_is_short(&pool.through, DIVERS),
                    "%u are through, %u wait for memory, and there are still %lu frames",
                    pool_read(&pool.through), memory_queued(), memory_left());
    if (pool.victim_needs_memory) {
        pool_signal(&pool.victim_go);
        test_eventually(victim_needs_memory(), "the victim does not wait for memory");
    }
    test_note("%u of %u are through, %u wait for memory, reserve %u", pool_read(&pool.through),
              DIVERS, memory_queued(), stack_reserve_count());
    test_check(memory_queued() > 1);
}

/*
 * No thread ends, and those that wait go on waiting, for longer than the policy would have waited.
 * (With stack=lend, pages that others had and did not touch may still come back to a few of them.)
 */
static void driver_off(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    uint32_t kills = oom_kills();
    fixture_begin(&taken);
    test_settle(QUIET_NS);
    test_check(pool_read(&pool.through) < DIVERS);
    test_check(memory_waiters() > 0);
    test_check(victim_needs_memory());
    test_equal(oom_kills(), kills);
    memory_give(&taken, SIZE_MAX);
    all_through_wait();
    pool_signal(&pool.surface);
}

static void driver_on(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    uint32_t kills = oom_kills();
    fixture_begin(&taken);
    oom_kill_after(KILL_AFTER_NS);
    all_through_wait();
    oom_kill_after(0);
    test_equal(oom_kills(), kills + 1);
    memory_give(&taken, SIZE_MAX);
    all_through_wait();
    pool_signal(&pool.surface);
}

static uint32_t spared; /* times that the victim was chosen and then was not expendable */

static void victim_spare(uint32_t id)
{
    if (id == pool.victim->id) {
        pool.victim->expendable = false;
        __atomic_add_fetch(&spared, 1, __ATOMIC_ACQ_REL);
    }
}

static void driver_spare(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    uint32_t kills = oom_kills();
    fixture_begin(&taken);
    spared = 0;
    oom_choice_watch(victim_spare);
    oom_kill_after(KILL_AFTER_NS);
    test_eventually(pool_read(&spared) != 0, "the victim is not chosen");
    test_settle(QUIET_NS);
    oom_kill_after(0);
    oom_choice_watch(NULL);
    test_equal(oom_kills(), kills);
    memory_give(&taken, SIZE_MAX);
    all_through_wait();
    pool_signal(&pool.surface);
}

static void fixture_run(void (*driver)(void *), bool victim_waits, int victims_code)
{
    const struct thread_options directing = {
        .name = "driver", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    const struct thread_options diving = {.name = "diver", .priority = THREAD_PRIORITY_DEFAULT};
    const struct thread_options vanishing = {.name = "expendable",
                                             .priority = THREAD_PRIORITY_DEFAULT - 1};
    swapper_quiet_set(true); /* it would take pages from sleeping threads for waiting ones */
    spinlock_init(&pool.lock, "pool");
    wait_queue_init(&pool.queue);
    pool.waiting = pool.through = 0;
    pool.go = pool.victim_go = pool.surface = pool.victim_waits = pool.asked = false;
    pool.kills = oom_kills();
    pool.victim_needs_memory = victim_waits;
    for (unsigned i = 0; i < DIVERS; i++) {
        pool.divers[i] = test_thread_create(&diving, diver, NULL);
    }
    pool.victim = test_thread_create(&vanishing, victim, NULL);
    struct thread *directing_thread = test_thread_create(&directing, driver, NULL);
    if (directing_thread != NULL && pool.victim != NULL) {
        thread_join(directing_thread);
        test_equal(thread_join(pool.victim), victims_code);
    }
    for (unsigned i = 0; i < DIVERS; i++) {
        test_equal(test_thread_join(pool.divers[i]), OK);
    }
    swapper_quiet_set(false);
    test_equal(memory_queued(), 0);
    test_equal(memory_waiters(), 0);
}

TEST(GAT0007,
     "without the out-of-memory policy threads wait for memory, and an expendable one lives",
     MEMORY_WAITS)
{
    fixture_run(driver_off, true, OK);
    test_check(!pool.asked);
}

TEST(GAT0008,
     "the out-of-memory policy ends an expendable thread that waits for memory; the others finish",
     MEMORY_WAITS)
{
    fixture_run(driver_on, true, ERROR_KILLED);
    test_check(!pool.asked);
}

TEST(GAT0009,
     "the out-of-memory policy asks a sleeping expendable thread to end; all others finish",
     MEMORY_WAITS)
{
    fixture_run(driver_on, false, ERROR_KILLED);
    test_check(pool.asked);
}

TEST(GAT0023, "a thread that is not expendable any more when it is to be killed lives, uncounted",
     MEMORY_WAITS)
{
    fixture_run(driver_spare, false, OK);
    test_check(!pool.asked);
}
