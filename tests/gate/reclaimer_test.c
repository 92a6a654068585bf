/*
 * The reclaimer. Its wake-ups: while threads wait for memory, each tick of each CPU asks for one.
 * The turns of its jobs: none waits until another has nothing more to do.
 */
#include "sched/stack/reclaimer.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"
#include "lib/string.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_reap.h"
#include "sched/stack/reclaimer_test_hooks.h"
#include "sched/stack/service_share.h"
#include "sched/sync/semaphore.h"
#include "tests/support/cache_settings.h"
#include "tests/support/eventually.h"
#include "tests/support/threads.h"

#define CALLS 1000

static struct reclaimer_counts counts_now(void)
{
    struct reclaimer_counts counts;
    reclaimer_counts_read(&counts);
    return counts;
}

TEST(RCL0001, "CPUs take the reclaimer's lock to wake it no more often than it looks for work",
     ALWAYS)
{
    /* Read in this order: what is counted meanwhile can only add looks, not wake-ups. */
    uint32_t looks = counts_now().looks;
    uint32_t wakes = counts_now().wakes;
    for (unsigned call = 0; call < CALLS; call++) {
        uint64_t flags = interrupts_save();
        reclaimer_wake();
        interrupts_restore(flags);
    }
    wakes = counts_now().wakes - wakes;
    looks = counts_now().looks - looks;
    test_note("%u calls, %u took the lock, %u looks", CALLS, wakes, looks);
    /* The reclaimer slept when the test began, and each CPU may have a wake-up not counted yet. */
    test_check(wakes <= looks + 1 + cpu_online_count());
}

static const char *const job_names[RECLAIMER_JOBS] = {
    [RECLAIMER_REAP] = "reap",       [RECLAIMER_LEND] = "lend", [RECLAIMER_REPORT] = "report",
    [RECLAIMER_MISSING] = "missing", [RECLAIMER_OOM] = "oom",   [RECLAIMER_GRANT] = "grant",
};

static void turns_note(uint64_t turns[RECLAIMER_JOBS])
{
    for (unsigned job = 0; job < RECLAIMER_JOBS; job++) {
        turns[job] = reclaimer_job_turns((enum reclaimer_job)job);
    }
}

TEST(RCL0002, "while any one job of the reclaimer has no end of work, each other job has its turns",
     ALWAYS)
{
    enum { TURNS = 2 };
    for (unsigned held = 0; held < RECLAIMER_JOBS; held++) {
        uint64_t before[RECLAIMER_JOBS];
        reclaimer_job_hold((enum reclaimer_job)held);
        turns_note(before);
        for (unsigned job = 0; job < RECLAIMER_JOBS; job++) {
            test_eventually(reclaimer_job_turns((enum reclaimer_job)job) >= before[job] + TURNS,
                            "job %s has no turn while job %s has no end", job_names[job],
                            job_names[held]);
        }
    }
    reclaimer_job_hold(RECLAIMER_JOBS);
}

/*
 * The reclaimer's shootdowns show its batches: one is the end of a batch of the reap or the lend
 * job.
 */
static struct {
    void (*shootdown)(uintptr_t address, size_t bytes);
    uint64_t before[RECLAIMER_JOBS]; /* turns at its last shootdown */
    uint32_t batches;
    uint32_t in_one_turn; /* shootdowns since which no turn had ended */
} seen;

static void see_batch(uintptr_t address, size_t bytes)
{
    if (strcmp(thread_current()->name, "reclaimer") == 0) {
        uint64_t now[RECLAIMER_JOBS];
        bool turns = false;
        turns_note(now);
        for (unsigned job = 0; job < RECLAIMER_JOBS; job++) {
            turns |= now[job] != seen.before[job];
        }
        seen.in_one_turn += !turns && seen.batches != 0;
        seen.batches++;
        turns_note(seen.before);
    }
    seen.shootdown(address, bytes);
}

static void batches_see_begin(void)
{
    seen.batches = seen.in_one_turn = 0;
    seen.shootdown = stack_shootdown_hook;
    __atomic_store_n(&stack_shootdown_hook, see_batch, __ATOMIC_SEQ_CST);
}

static void batches_see_end(void)
{
    __atomic_store_n(&stack_shootdown_hook, seen.shootdown, __ATOMIC_SEQ_CST);
}

#define CROWD 200

static struct thread *crowd[CROWD];
static struct semaphore crowd_go;

static void crowd_run(void *argument maybe_unused)
{
    semaphore_down(&crowd_go);
}

static unsigned crowd_start(void)
{
    unsigned count = 0;
    semaphore_init(&crowd_go, 0);
    while (count < CROWD && thread_start("crowd", crowd_run, NULL, &crowd[count]) == OK) {
        count++;
    }
    test_equal(count, CROWD);
    return count;
}

static void crowd_end(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        semaphore_up(&crowd_go);
    }
    for (unsigned i = 0; i < count; i++) {
        thread_join(crowd[i]);
    }
}

TEST(RCL0003, "each turn of the reclaimer frees one batch of ended threads' stacks at most", ALWAYS)
{
    cache_settings_keep();
    stack_cache_size_set(0);
    unsigned count = crowd_start();
    reclaimer_job_hold(RECLAIMER_REAP); /* so that several batches wait for it */
    crowd_end(count);
    batches_see_begin();
    reclaimer_job_hold(RECLAIMER_JOBS);
    test_eventually(!stack_reclaim_wanted(), "stacks wait for the reclaimer");
    batches_see_end();
    cache_settings_put_back();
    test_note("%u batches", seen.batches);
    test_check(seen.batches >= 2);
    test_equal(seen.in_one_turn, 0);
}

TEST(RCL0004, "each turn of the reclaimer takes one batch of lent pages back at most", LEND_BATCHES)
{
    batches_see_begin();
    reclaimer_job_hold(RECLAIMER_LEND);
    unsigned count = crowd_start();
    reclaimer_job_hold(RECLAIMER_JOBS);
    /* There is always one more: this thread is lent pages, too, each time that it looks. */
    test_eventually(__atomic_load_n(&seen.batches, __ATOMIC_RELAXED) > CROWD / 64, "%u batches",
                    seen.batches);
    batches_see_end();
    crowd_end(count);
    test_equal(seen.in_one_turn, 0);
}

/* More than its rest a service may work SERVICE_RUN_NS and one slice. */
static void share_check(enum service service, struct service_times from)
{
    struct service_times to = service_times_read(service);
    uint64_t worked = to.worked_ns - from.worked_ns, rested = to.rested_ns - from.rested_ns;
    test_note("worked %lu us, rested %lu us, the longest slice %lu us", worked / 1000,
              rested / 1000, to.longest_ns / 1000);
    test_check(worked <= rested + SERVICE_RUN_NS + to.longest_ns);
}

TEST(RCL0005, "the reclaimer rests as long as it works, though its work has no end", ALWAYS)
{
    uint64_t turns = reclaimer_job_turns(RECLAIMER_LEND);
    reclaimer_job_hold(RECLAIMER_LEND);
    /* Its first slice counts its sleep before this test as rest. */
    test_eventually(reclaimer_job_turns(RECLAIMER_LEND) > turns + 1, "the reclaimer does not run");
    struct service_times from = service_times_read(SERVICE_RECLAIMER);
    /* So much that the bound would not hold without rests. */
    test_eventually(service_times_read(SERVICE_RECLAIMER).worked_ns - from.worked_ns >
                        5 * SERVICE_RUN_NS + 2 * service_times_read(SERVICE_RECLAIMER).longest_ns,
                    "the reclaimer has no work");
    reclaimer_job_hold(RECLAIMER_JOBS);
    share_check(SERVICE_RECLAIMER, from);
}

TEST(RCL0006,
     "walks over all threads take no more than an eighth of the reclaimer's time, however "
     "many threads there are",
     ALWAYS)
{
    static const uint64_t rounds_ns[] = {0, 1000000, 12500000, 60000000, 3000000000};
    for (unsigned i = 0; i < array_length(rounds_ns); i++) {
        test_check(reclaimer_period_ns(rounds_ns[i]) >= 8 * rounds_ns[i]);
        test_check(reclaimer_period_ns(rounds_ns[i]) <= 100000000 + 8 * rounds_ns[i]);
    }
}

static void end_at_once(void *argument maybe_unused)
{
}

TEST(RCL0007, "many stacks to be reaped are noted for the next tick, until they are freed", ALWAYS)
{
    unsigned ended = 0;
    cache_settings_keep();
    stack_cache_size_set(0);
    stack_free_set(STACK_FREE_IMMEDIATE);
    reclaimer_job_hold(RECLAIMER_REAP);
    for (; ended < 2 * STACK_REAP_MANY && !stack_reap_many; ended++) {
        test_thread_join(
            test_thread_start(THREAD_PRIORITY_DEFAULT, THREAD_AFFINITY_ALL, end_at_once, NULL));
    }
    test_note("%u threads ended", ended);
    test_check(stack_reap_many);
    reclaimer_job_hold(RECLAIMER_JOBS);
    test_eventually(!stack_reclaim_wanted(), "stacks wait for the reclaimer");
    test_check(!stack_reap_many);
    cache_settings_put_back();
}
