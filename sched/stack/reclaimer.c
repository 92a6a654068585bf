/*
 * The reclaimer unmaps the stacks of dead threads, waits for the shootdown, and frees their frames.
 * It also has other jobs that must go on while all other threads wait for memory. It is a thread
 * because a shootdown is awaited with interrupts on and no lock held, and it is fully backed.
 *
 * Its jobs take turns. A turn does a bounded piece of work, and a job with more to do goes on in
 * its next turn, after all others had theirs. Between turns the reclaimer rests as service_share.h
 * says.
 */
#include "sched/stack/reclaimer.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack_modes/stack_prefault.h"
#include "sched/stack/gate.h"
#include "sched/stack/lend_batch.h"
#include "sched/stack/memory_wait_report.h"
#include "sched/stack/oom.h"
#include "sched/stack/reclaimer_test_hooks.h"
#include "sched/stack/service_share.h"

#define RECLAIM_PERIOD_NS 100000000UL /* looks by itself at least so often */
#define PERIOD_ROUNDS     8           /* a period is at least so many times its round */
#define HELD_STEPS        20000

static struct spinlock reclaimer_lock = SPINLOCK("reclaimer");
static struct wait_queue reclaimer_queue = {LIST_INITIALIZER(reclaimer_queue.waiters)};

static struct reclaimer_counts counts;

/* True if the reclaimer sleeps or is about to sleep, and no CPU is waking it. */
static bool alert;

void reclaimer_wake(void)
{
    /*
     * One CPU is enough. Otherwise, while threads wait for memory, all CPUs would take the lock at
     * each tick. Where many virtual CPUs share a processor that takes longer than a tick.
     */
    if (!__atomic_load_n(&alert, __ATOMIC_RELAXED) ||
        !__atomic_exchange_n(&alert, false, __ATOMIC_SEQ_CST)) {
        return;
    }
    uint64_t flags = spin_lock_irq_save(&reclaimer_lock);
    __atomic_add_fetch(&counts.wakes, 1, __ATOMIC_RELAXED);
    wait_queue_wake_one(&reclaimer_queue);
    spin_unlock_irq_restore(&reclaimer_lock, flags);
}

void reclaimer_counts_read(struct reclaimer_counts *out)
{
    *out = counts;
}

/* Frames were freed since the out-of-memory job looked, and since the last grants. */
static bool reclaimed, grants_are_due;

static void frames_note(uint32_t freed)
{
    reclaimed |= freed != 0;
    grants_are_due |= freed != 0;
}

/* The turns of the jobs. Each returns true if the job has more to do at once. */
static bool reap_turn(void)
{
    frames_note(stack_reclaim_batch());
    return stack_reclaim_wanted();
}

static bool lend_turn(void)
{
    frames_note(lend_batch_run());
    return lend_batch_is_under_way();
}

static bool report_turn(void)
{
    memory_wait_watch();
    return false;
}

static bool missing_turn(void)
{
    stack_prefault_missing_log();
    return false;
}

static bool oom_turn(void)
{
    bool frames_came = reclaimed;
    reclaimed = false;
    return oom_look(frames_came);
}

static bool grant_turn(void)
{
    if (grants_are_due) {
        grants_are_due = false;
        uint64_t flags = interrupts_save_by(KERNEL_THREAD);
        gate_grant();
        preempt_interrupts_restore(flags);
    }
    return false;
}

/* Periodic jobs may walk over all threads, so they have one turn in each period. */
static struct job {
    bool (*turn)(void);
    bool periodic;
    uint64_t turns;
} jobs[RECLAIMER_JOBS] = {
    [RECLAIMER_REAP] = {reap_turn, false, 0},    [RECLAIMER_LEND] = {lend_turn, false, 0},
    [RECLAIMER_REPORT] = {report_turn, true, 0}, [RECLAIMER_MISSING] = {missing_turn, true, 0},
    [RECLAIMER_OOM] = {oom_turn, true, 0},       [RECLAIMER_GRANT] = {grant_turn, false, 0},
};

static uint32_t held = RECLAIMER_JOBS;

void reclaimer_job_hold(enum reclaimer_job job)
{
    __atomic_store_n(&held, job, __ATOMIC_RELAXED);
}

uint64_t reclaimer_job_turns(enum reclaimer_job job)
{
    return __atomic_load_n(&jobs[job].turns, __ATOMIC_RELAXED);
}

/* The turn of a job that a test holds: spins, and says that there is more to do. */
static never_inline bool held_turn(void)
{
    for (unsigned i = 0; i < HELD_STEPS; i++) {
        compiler_barrier();
    }
    return true;
}

/* Gives each job a turn. Returns true if some job has more to do. */
static bool round_run(bool period_is_over)
{
    bool more = false;
    service_slice_begin(SERVICE_RECLAIMER);
    for (unsigned i = 0; i < RECLAIMER_JOBS; i++) {
        if (jobs[i].periodic && !period_is_over) {
            continue;
        }
        more |= __atomic_load_n(&held, __ATOMIC_RELAXED) == i ? held_turn() : jobs[i].turn();
        __atomic_store_n(&jobs[i].turns, jobs[i].turns + 1, __ATOMIC_RELAXED);
        service_slice_next(SERVICE_RECLAIMER);
    }
    service_slice_end(SERVICE_RECLAIMER);
    return more;
}

/*
 * The walks over all threads take longer the more threads there are. With a million threads a round
 * with walks takes 60 ms. If such a round could take a whole period, every round would have walks
 * in it, and only one batch of stacks would be freed between them. So a long round makes its period
 * longer.
 */
uint64_t reclaimer_period_ns(uint64_t round_ns)
{
    return round_ns > RECLAIM_PERIOD_NS / PERIOD_ROUNDS ? round_ns * PERIOD_ROUNDS
                                                        : RECLAIM_PERIOD_NS;
}

/*
 * Makes a round; periodic jobs have a turn in it if the period is over. Returns true if some job
 * has more to do.
 */
static bool round_begin(void)
{
    static uint64_t next_ns;
    uint64_t start_ns = clock_now_ns();
    if (start_ns < next_ns) {
        return round_run(false);
    }
    grants_are_due = true; /* frames may have come from elsewhere */
    bool more = round_run(true);
    next_ns = start_ns + reclaimer_period_ns(clock_now_ns() - start_ns);
    return more;
}

static void reclaimer_run(void *argument maybe_unused)
{
    for (;;) {
        if (round_begin()) {
            thread_yield(); /* other services have the same priority */
            continue;
        }
        uint64_t flags = spin_lock_irq_save_by(KERNEL_THREAD, &reclaimer_lock);
        __atomic_add_fetch(&counts.looks, 1, __ATOMIC_RELAXED);
        /*
         * Set before stack_reclaim_wanted() is asked. Work that comes later than that is announced
         * by a CPU that finds `alert` true, and so wakes this thread.
         */
        __atomic_store_n(&alert, true, __ATOMIC_SEQ_CST);
        if (!stack_reclaim_wanted()) {
            /* However the wait ended, the next round looks for work. */
            ignore_result(wait_queue_sleep(&reclaimer_queue, &reclaimer_lock, RECLAIM_PERIOD_NS));
        }
        spin_unlock_irq_restore(&reclaimer_lock, flags);
    }
}

int reclaimer_start(void)
{
    const struct thread_options options = {
        .name = "reclaimer",
        .priority = THREAD_PRIORITY_SYSTEM,
        .backed = true,
        .may_not_die = true,
    };
    return thread_create(&options, reclaimer_run, NULL, NULL);
}
