/*
 * Who gets memory first when it comes back: the most urgent, then the oldest; nobody who comes
 * later, and nobody is forgotten. Memory is at zero meanwhile; the test's own thread of control is
 * fully backed.
 */
#include "kernel/options.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/fault_inject.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_lend.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"
#include "sched/stack/gate_test_hooks.h"
#include "sched/stack/memory_wait_report.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/memory_exhaust.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define DIVERS         60
#define GIVE_PERIOD_NS 12000000 /* some ticks, each of which lets the first in line try */

static struct {
    struct spinlock lock;
    struct wait_queue queue[2]; /* by urgency, as go[]: a wake-up may take memory */
    unsigned waiting;
    bool go[2];   /* for the ordinary, and for the urgent */
    bool surface; /* until then those who came through keep their pages */
    unsigned finished;
    unsigned urgent; /* every fourth from here on is the more urgent sort */
} pool;

static struct thread *divers[DIVERS];

static bool is_urgent(uintptr_t number)
{
    return number % 4 == pool.urgent;
}

/* Three pages deep once it is let go; counts itself when it came through. */
static void diver(void *argument)
{
    uint32_t slot = thread_current()->slot;
    const bool *go = &pool.go[is_urgent((uintptr_t)argument)];
    struct wait_queue *queue = &pool.queue[is_urgent((uintptr_t)argument)];
    if (stack_mode_get() != STACK_MODE_EAGER) {
        stack_trim(slot, stack_top(slot) - PAGE_BYTES);
    }
    uint64_t flags = spin_lock_irq_save(&pool.lock);
    pool.waiting++;
    while (!*go) {
        ignore_result(wait_queue_sleep(queue, &pool.lock, WAIT_FOREVER));
    }
    spin_unlock_irq_restore(&pool.lock, flags);

    *(volatile char *)stack_bottom(slot) = 1;

    flags = spin_lock_irq_save(&pool.lock);
    pool.finished++;
    while (!pool.surface) {
        ignore_result(wait_queue_sleep(queue, &pool.lock, WAIT_FOREVER));
    }
    spin_unlock_irq_restore(&pool.lock, flags);
}

static void pool_signal(bool *condition)
{
    uint64_t flags = spin_lock_irq_save(&pool.lock);
    *condition = true;
    for (unsigned urgent = 0; urgent < 2; urgent++) {
        if (condition == &pool.surface || condition == &pool.go[urgent]) {
            wait_queue_wake_all(&pool.queue[urgent]);
        }
    }
    spin_unlock_irq_restore(&pool.lock, flags);
}

static unsigned pool_read(const unsigned *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

/* Waits until all who were let go have come through, or starve without hope. */
static void pool_settle(unsigned divers_let_go)
{
    test_eventually(memory_is_short(&pool.finished, divers_let_go),
                    "%u of %u came through, %u starve, and there are still %lu frames",
                    pool_read(&pool.finished), divers_let_go, memory_queued(), memory_left());
}

static void pool_wait_ready(void)
{
    test_eventually(pool_read(&pool.waiting) >= DIVERS, "only %u of %u divers wait to be let go",
                    pool_read(&pool.waiting), DIVERS);
}

static void pool_wait_finished(void)
{
    test_eventually(pool_read(&pool.finished) == DIVERS, "only %u of %u divers came through",
                    pool_read(&pool.finished), DIVERS);
}

/*
 * Memory that is gone must stay gone: with stack=lend, has a diver pages yet that it was lent, did
 * not touch, and will lose by a batch? Who has gone to its end keeps all.
 */
static bool batches_bring_memory(void)
{
    unsigned filled = 0;
    if (stack_mode_get() == STACK_MODE_LEND && stack_lend_mode() == STACK_LEND_BATCHED) {
        for (unsigned i = 0; i < DIVERS; i++) {
            filled += divers[i] != NULL && stack_missing(divers[i]->slot) < 2;
        }
    }
    return filled != 0;
}

/*
 * The fixture: all divers wait at one page, then memory is at zero and they are let go, the urgent
 * last, so that they are the youngest of those who starve.
 */
static void fixture_begin(struct memory_exhausted *taken)
{
    pool_wait_ready();
    /* Stacks that wait for a grace period would bring memory back later (stack-free=batched). */
    test_eventually(!stack_batch_waits() && !stack_reclaim_wanted(),
                    "stacks of the dead are still there");
    test_eventually(!batches_bring_memory(),
                    "divers that sleep have pages that they did not touch");
    memory_exhaust(taken);
    pool_signal(&pool.go[0]);
    pool_settle(DIVERS - DIVERS / 4);
    pool_signal(&pool.go[1]);
    pool_settle(DIVERS);
}

/* All memory is back: everybody must come through, and goes home. */
static void fixture_end(struct memory_exhausted *taken)
{
    memory_give(taken, SIZE_MAX);
    pool_wait_finished();
    pool_signal(&pool.surface);
}

static void fixture_run(void (*driver)(void *))
{
    const struct thread_options directing = {
        .name = "driver", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    swapper_quiet_set(true); /* it would feed the starved from those who sleep */
    spinlock_init(&pool.lock, "pool");
    wait_queue_init(&pool.queue[0]);
    wait_queue_init(&pool.queue[1]);
    pool.waiting = pool.finished = pool.urgent = 0;
    pool.go[0] = pool.go[1] = pool.surface = false;
    for (unsigned i = 0; i < DIVERS; i++) {
        const struct thread_options diving = {.name = "diver",
                                              .priority = is_urgent(i) ? THREAD_PRIORITY_DEFAULT + 4
                                                                       : THREAD_PRIORITY_DEFAULT};
        divers[i] = test_thread_create(&diving, diver, (void *)(uintptr_t)i);
    }
    test_thread_join(test_thread_create(&directing, driver, NULL));
    for (unsigned i = 0; i < DIVERS; i++) {
        test_equal(test_thread_join(divers[i]), 0);
    }
    swapper_quiet_set(false);
    test_equal(pool.finished, DIVERS);
    test_equal(memory_queued(), 0);
}

static void memory_waiters_urgent(struct thread *thread, void *context)
{
    unsigned *urgent = context;
    *urgent += thread->state == THREAD_WAITS_MEMORY && thread->priority > THREAD_PRIORITY_DEFAULT;
}

static unsigned urgent_waiters(void)
{
    unsigned urgent = 0;
    thread_for_each(memory_waiters_urgent, &urgent);
    return urgent;
}

/*
 * What the gate decides, told under the lock of its queue. Not the order in which threads come
 * through: each runs when its CPU gets to it, which on a busy host may take long; and one that was
 * let go starves once more if the thread that it would follow on its CPU has yet to grow, while
 * others, let go after it when nobody more urgent was left, come through elsewhere.
 */
static struct {
    uint32_t let_go, out_of_turn;
    uint32_t chosen; /* urgent ones, while others starved as well */
} turns;

static void let_go_note(const struct thread *thread)
{
    bool overtakes = false, others = false;
    for (unsigned i = 0; i < DIVERS; i++) {
        const struct thread *other = divers[i];
        if (other == NULL || other == thread || other->state != THREAD_WAITS_MEMORY) {
            continue;
        }
        overtakes |= other->priority > thread->priority ||
                     (other->priority == thread->priority &&
                      other->memory_wait_since_ns < thread->memory_wait_since_ns);
        others |= other->priority < thread->priority;
    }
    turns.let_go++;
    turns.out_of_turn += overtakes;
    turns.chosen += others;
}

/* Gives a few frames at a time: none for the less urgent, or the younger, while others starve. */
static void order_watch(struct memory_exhausted *taken)
{
    memset(&turns, 0, sizeof(turns));
    gate_watch(let_go_note);
    uint32_t starving = memory_queued(), urgent = urgent_waiters();
    test_note("%u starve, %u of them urgent", starving, urgent);
    test_check(urgent >= 3);
    while (taken->count > 0 && pool_read(&pool.finished) < DIVERS) {
        memory_give(taken, 3);
        test_settle(GIVE_PERIOD_NS);
        pool_settle(DIVERS);
    }
    memory_give(taken, SIZE_MAX);
    pool_wait_finished();
    gate_watch(NULL);
    fixture_end(taken);
    uint32_t out_of_turn = turns.out_of_turn;
    test_note("%u times one was let go, %u times an urgent one before others, %u out of turn",
              turns.let_go, turns.chosen, out_of_turn);
    test_equal(out_of_turn, 0);
    test_check(turns.let_go >= starving);
    test_check(turns.chosen >= 3);
}

static void driver_order(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    fixture_begin(&taken);
    test_check(urgent_waiters() >= 8);
    order_watch(&taken);
}

TEST(GAT0002, "memory that comes back goes to the most urgent of those who starve", MEMORY_WAITS)
{
    fixture_run(driver_order);
}

/* Those who starve as the most urgent become ordinary, and others the most urgent. */
static void driver_change(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    fixture_begin(&taken);
    test_check(urgent_waiters() >= 8);
    for (unsigned i = 0; i < DIVERS; i++) {
        if (i % 4 == 0) {
            test_equal(thread_priority_set(divers[i], THREAD_PRIORITY_DEFAULT), OK);
        } else if (i % 4 == 1) {
            test_equal(thread_priority_set(divers[i], THREAD_PRIORITY_DEFAULT + 4), OK);
        }
    }
    pool.urgent = 1;
    order_watch(&taken);
}

TEST(GAT0006, "a thread whose priority changes while it starves gets its new place in the line",
     MEMORY_WAITS)
{
    fixture_run(driver_change);
}

static void nothing(void *argument maybe_unused)
{
}

/* While somebody starves nobody is born, however much is asked. */
static void driver_newcomers(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    fixture_begin(&taken);
    test_check(memory_queued() > 0);
    struct thread *thread = NULL;
    for (unsigned i = 0; i < 50 && thread == NULL && memory_queued() > 0; i++) {
        if (thread_start("newcomer", nothing, NULL, &thread) != OK) {
            thread = NULL;
        }
        memory_give(&taken, 1);
    }
    test_check(thread == NULL);
    fixture_end(&taken);
    if (thread != NULL) {
        thread_join(thread); /* not before: it may starve, too */
    }
    test_thread_join(test_thread_start(THREAD_PRIORITY_DEFAULT, 0, nothing, NULL));
}

TEST(GAT0003, "while threads starve nobody is born; afterwards births go on", MEMORY_WAITS)
{
    fixture_run(driver_newcomers);
}

/* More than one report comes where it all takes long. */
static void report_wait(uint32_t before)
{
    test_eventually(memory_wait_reports() > before, "nobody says that %u threads starve",
                    memory_queued());
}

/* The kernel says so by itself, and fully backed threads go on meanwhile. */
static void driver_report(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    uint32_t reports = memory_wait_reports();
    fixture_begin(&taken);
    test_check(memory_queued() > 0);
    report_wait(reports);
    fixture_end(&taken);
}

TEST(GAT0004, "a machine whose threads starve says who waits and who holds what", MEMORY_WAITS)
{
    fixture_run(driver_report);
}

/* Frames there are, but no refill ever gets them: the starved are let go again and again. */
static void driver_no_refills(void *argument maybe_unused)
{
    uint32_t reports = memory_wait_reports();
    pool_wait_ready();
    fault_inject_arm(FAULT_INJECT_REFILL, 1, 0);
    pool_signal(&pool.go[0]);
    pool_signal(&pool.go[1]);
    report_wait(reports);
    fault_inject_arm(FAULT_INJECT_REFILL, options.inject_every[FAULT_INJECT_REFILL], options.seed);
    pool_wait_finished();
    pool_signal(&pool.surface);
}

TEST(GAT0021, "a machine with memory of which no refill gets any says so, too, and goes on ticking",
     MEMORY_WAITS)
{
    fixture_run(driver_no_refills);
}

TEST(GAT0005, "the gate counts its waits, and knows the longest", MEMORY_WAITS)
{
    uint64_t waits = gate_counts.waits;
    fixture_run(driver_newcomers);
    test_check(gate_counts.waits > waits);
    test_check(gate_counts.longest_wait_ns > 0);
}
