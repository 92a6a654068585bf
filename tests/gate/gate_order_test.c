/*
 * The order in which threads get memory when it comes back: the most urgent first, among equals the
 * one that has waited longest; newcomers last; no thread is forgotten. Memory is exhausted
 * meanwhile, so the test's driver thread is fully backed.
 */
#include "arch/x86_64/cpu/percpu.h"
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

/*
 * Each CPU has frames in its magazine, and the reserve has as many for it. Together they are enough
 * for five divers; more than these must wait.
 */
#define DIVERS         60
#define DIVERS_A_CPU   8
#define DIVERS_MOST    (DIVERS + DIVERS_A_CPU * CPU_MAX)
#define GIVE_PERIOD_NS 12000000 /* some ticks; at each the first in line may be granted memory */

static struct {
    struct spinlock lock;
    struct wait_queue queue[2]; /* as go[]: waking one kind does not wake the other */
    unsigned waiting;
    bool go[2];   /* ordinary divers may go; urgent ones may go */
    bool surface; /* until then divers that are through keep their pages */
    unsigned finished;
    unsigned urgent; /* every fourth diver from this one on is urgent */
} pool;

static struct thread *divers[DIVERS_MOST];
static unsigned diver_count;

static bool is_urgent(uintptr_t number)
{
    return number % 4 == pool.urgent;
}

/* Goes three pages deep once it may go; counts itself when it is through. */
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

/* Waits until all divers that may go are through, or wait for memory while no frame is left. */
static void pool_settle(unsigned divers_free_to_go)
{
    test_eventually(memory_is_short(&pool.finished, divers_free_to_go),
                    "%u of %u are through, %u wait for memory, and there are still %lu frames",
                    pool_read(&pool.finished), divers_free_to_go, memory_queued(), memory_left());
}

static void pool_wait_ready(void)
{
    test_eventually(pool_read(&pool.waiting) >= diver_count, "only %u of %u divers are ready",
                    pool_read(&pool.waiting), diver_count);
}

static void pool_wait_finished(void)
{
    test_eventually(pool_read(&pool.finished) == diver_count, "only %u of %u divers are through",
                    pool_read(&pool.finished), diver_count);
}

/*
 * With stack=lend: does a diver still have pages that it was lent, did not touch, and will lose to
 * a batch? They would bring memory back. A diver that touched its whole stack keeps all pages.
 */
static bool batches_bring_memory(void)
{
    unsigned filled = 0;
    if (stack_mode_get() == STACK_MODE_LEND && stack_lend_mode() == STACK_LEND_BATCHED) {
        for (unsigned i = 0; i < diver_count; i++) {
            filled += divers[i] != NULL && stack_missing(divers[i]->slot) < 2;
        }
    }
    return filled != 0;
}

/*
 * The fixture: all divers wait with one page each. Then memory is exhausted and they may go, the
 * urgent ones last, so that these have waited for memory for the shortest time.
 */
static void fixture_begin(struct memory_exhausted *taken)
{
    pool_wait_ready();
    /*
     * With stack-free=batched, stacks that wait for a grace period would bring memory back later.
     */
    test_eventually(!stack_batch_waits() && !stack_reclaim_wanted(),
                    "stacks of ended threads are not freed yet");
    test_eventually(!batches_bring_memory(), "sleeping divers have pages that they did not touch");
    memory_exhaust(taken);
    pool_signal(&pool.go[0]);
    pool_settle(diver_count - diver_count / 4);
    pool_signal(&pool.go[1]);
    pool_settle(diver_count);
}

/* Gives all memory back: every diver must come through and end. */
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
    diver_count = DIVERS + DIVERS_A_CPU * cpu_online_count();
    swapper_quiet_set(true); /* it would take pages from sleeping threads for waiting ones */
    spinlock_init(&pool.lock, "pool");
    wait_queue_init(&pool.queue[0]);
    wait_queue_init(&pool.queue[1]);
    pool.waiting = pool.finished = pool.urgent = 0;
    pool.go[0] = pool.go[1] = pool.surface = false;
    for (unsigned i = 0; i < diver_count; i++) {
        const struct thread_options diving = {.name = "diver",
                                              .priority = is_urgent(i) ? THREAD_PRIORITY_DEFAULT + 4
                                                                       : THREAD_PRIORITY_DEFAULT};
        divers[i] = test_thread_create(&diving, diver, (void *)(uintptr_t)i);
    }
    test_thread_join(test_thread_create(&directing, driver, NULL));
    for (unsigned i = 0; i < diver_count; i++) {
        test_equal(test_thread_join(divers[i]), 0);
    }
    swapper_quiet_set(false);
    test_equal(pool.finished, diver_count);
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
 * Counts the gate's grants, under the lock of its queue. The order in which threads come through
 * says less: each runs when its CPU gets to it, which may take long on a busy host. A thread that
 * was granted memory waits again if the thread before it on its CPU has yet to grow, while threads
 * that were granted memory later come through on other CPUs.
 */
static struct {
    uint32_t grants, out_of_turn;
    uint32_t chosen; /* grants to urgent threads while others waited as well */
} turns;

static void let_go_note(const struct thread *thread)
{
    bool overtakes = false, others = false;
    for (unsigned i = 0; i < diver_count; i++) {
        const struct thread *other = divers[i];
        if (other == NULL || other == thread || other->state != THREAD_WAITS_MEMORY) {
            continue;
        }
        overtakes |= other->priority > thread->priority ||
                     (other->priority == thread->priority &&
                      other->memory_wait_since_ns < thread->memory_wait_since_ns);
        others |= other->priority < thread->priority;
    }
    turns.grants++;
    turns.out_of_turn += overtakes;
    turns.chosen += others;
}

/* Gives a few frames at a time. No less urgent or younger thread may get one while others wait. */
static void order_watch(struct memory_exhausted *taken)
{
    memset(&turns, 0, sizeof(turns));
    gate_watch(let_go_note);
    uint32_t waiting = memory_queued(), urgent = urgent_waiters();
    test_note("%u wait for memory, %u of them urgent", waiting, urgent);
    test_check(urgent >= 3);
    while (taken->count > 0 && pool_read(&pool.finished) < diver_count) {
        memory_give(taken, 3);
        test_settle(GIVE_PERIOD_NS);
        pool_settle(diver_count);
    }
    memory_give(taken, SIZE_MAX);
    pool_wait_finished();
    gate_watch(NULL);
    fixture_end(taken);
    uint32_t out_of_turn = turns.out_of_turn;
    test_note("%u grants, %u of them to an urgent thread before others, %u out of turn",
              turns.grants, turns.chosen, out_of_turn);
    test_equal(out_of_turn, 0);
    test_check(turns.grants >= waiting);
    test_check(turns.chosen >= 3);
}

static void driver_order(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    fixture_begin(&taken);
    test_check(urgent_waiters() >= 8);
    order_watch(&taken);
}

TEST(GAT0002, "memory that comes back goes to the most urgent thread that waits for it",
     MEMORY_WAITS)
{
    fixture_run(driver_order);
}

/* Urgent threads that wait for memory become ordinary, and ordinary ones become urgent. */
static void driver_change(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    fixture_begin(&taken);
    test_check(urgent_waiters() >= 8);
    for (unsigned i = 0; i < diver_count; i++) {
        if (i % 4 == 0) {
            test_equal(thread_priority_set(divers[i], THREAD_PRIORITY_DEFAULT), OK);
        } else if (i % 4 == 1) {
            test_equal(thread_priority_set(divers[i], THREAD_PRIORITY_DEFAULT + 4), OK);
        }
    }
    pool.urgent = 1;
    order_watch(&taken);
}

TEST(GAT0006,
     "a thread whose priority changes while it waits for memory gets its new place in the queue",
     MEMORY_WAITS)
{
    fixture_run(driver_change);
}

static void nothing(void *argument maybe_unused)
{
}

/* While a thread waits for memory no thread is created, however often that is tried. */
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
        thread_join(thread); /* not before: it may wait for memory, too */
    }
    test_thread_join(test_thread_start(THREAD_PRIORITY_DEFAULT, 0, nothing, NULL));
}

TEST(GAT0003, "while threads wait for memory no thread is created; afterwards creation works again",
     MEMORY_WAITS)
{
    fixture_run(driver_newcomers);
}

/* Where the wait is long there may be several reports. */
static void report_wait(uint32_t before)
{
    test_eventually(memory_wait_reports() > before,
                    "no report says that %u threads wait for memory", memory_queued());
}

/* The kernel reports by itself, and fully backed threads go on meanwhile. */
static void driver_report(void *argument maybe_unused)
{
    struct memory_exhausted taken;
    uint32_t reports = memory_wait_reports();
    fixture_begin(&taken);
    test_check(memory_queued() > 0);
    report_wait(reports);
    fixture_end(&taken);
}

TEST(GAT0004,
     "a machine whose threads wait for memory reports which threads wait and what each owner holds",
     MEMORY_WAITS)
{
    fixture_run(driver_report);
}

/* There are frames, but every refill fails: waiting threads are granted memory again and again. */
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

TEST(GAT0021, "a machine with memory that no refill can get reports that, too, and goes on ticking",
     MEMORY_WAITS)
{
    fixture_run(driver_no_refills);
}

TEST(GAT0005, "the gate counts its waits and records the longest", MEMORY_WAITS)
{
    uint64_t waits = gate_counts.waits;
    fixture_run(driver_newcomers);
    test_check(gate_counts.waits > waits);
    test_check(gate_counts.longest_wait_ns > 0);
}
