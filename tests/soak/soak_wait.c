/*
 * The reasons for which threads wait for memory, sampled twenty times a second, so that the longest
 * wait of a soak can be explained. A thread first waits in the queue while there are no frames for
 * it. When it has been granted memory, it waits for its turn on a CPU, behind all more urgent
 * threads, and may then find the frames gone again.
 */
#include "arch/x86_64/time/clock.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/run_queue.h"
#include "sched/stack/gate.h"
#include "sched/stack/gate_test_hooks.h"
#include "tests/soak/soak.h"
#include "tests/test.h"

#define LOOK_PERIOD_NS 50000000
#define WAITS          512 /* watched at once; if two share a place, the older one stays */

enum waiting_for {
    FOR_MEMORY_EATEN, /* no frames, while the eater holds all */
    FOR_MEMORY,       /* no frames: other threads have them */
    /* there are frames, but others come first, or it has not been granted them yet */
    FOR_ITS_PLACE,
    FOR_ITS_TURN, /* granted; its CPU runs a thread as urgent, or more */
    FOR_DISPATCH, /* granted; its CPU runs a less urgent thread */
    WAITING_KINDS,
};

struct wait {
    uint64_t since_ns, seen_ns, sum_ns;
    uint64_t spent_ns[WAITING_KINDS];
    uint32_t thread, priority;
};

/* One sample. */
struct look {
    uint64_t now_ns, past_ns;
    enum waiting_for in_queue; /* the reason of the threads in the memory queue */
};

static struct wait waits[WAITS], longest;
static uint64_t looked_ns, fed_before;
static uint64_t stalled_ns, stalled_ns_most; /* frames for the first in line, but no grant */

/* The list of threads is locked, but no run queue is, so the values may be a moment old. */
static enum waiting_for kind_of(const struct look *look, const struct thread *thread)
{
    if (thread->state == THREAD_WAITS_MEMORY) {
        return look->in_queue;
    }
    const struct run_queue *queue = &cpu_variable(run_queue, thread->cpu);
    return queue->current->priority >= thread->priority ? FOR_ITS_TURN : FOR_DISPATCH;
}

static void look_at(struct thread *thread, void *context)
{
    const struct look *look = context;
    struct wait *wait = &waits[thread->id % WAITS];
    uint64_t since_ns = thread->memory_wait_since_ns;
    if (since_ns == 0) {
        return;
    }
    if (wait->thread != thread->id || wait->since_ns != since_ns) {
        bool gone = wait->seen_ns + look->past_ns < look->now_ns;
        if (!gone && wait->since_ns < since_ns) {
            return;
        }
        *wait =
            (struct wait){.since_ns = since_ns, .thread = thread->id, .priority = thread->priority};
    }
    wait->seen_ns = look->now_ns;
    wait->spent_ns[kind_of(look, thread)] += look->past_ns;
    wait->sum_ns += look->past_ns;
    if (wait->sum_ns > longest.sum_ns) {
        longest = *wait;
    }
}

static void look(void)
{
    struct look look = {.now_ns = clock_now_ns()};
    look.past_ns = look.now_ns - looked_ns;
    looked_ns = look.now_ns;
    size_t frames = frame_shared_free_count() + stack_reserve_count();
    bool enough = frames >= gate_promised() + STACK_PAGES;
    look.in_queue = enough ? FOR_ITS_PLACE : soak_eater_holds_all() ? FOR_MEMORY_EATEN : FOR_MEMORY;
    thread_for_each(look_at, &look);
    bool stalled = enough && memory_queued() != 0 && gate_counts.grants == fed_before;
    stalled_ns = stalled ? stalled_ns + look.past_ns : 0;
    stalled_ns_most = stalled_ns > stalled_ns_most ? stalled_ns : stalled_ns_most;
    fed_before = gate_counts.grants;
}

void soak_wait_begin(void)
{
    for (unsigned i = 0; i < WAITS; i++) {
        waits[i] = (struct wait){0};
    }
    longest = (struct wait){0};
    stalled_ns = stalled_ns_most = 0;
    fed_before = gate_counts.grants;
    looked_ns = clock_now_ns();
}

void soak_wait_watch(void *argument maybe_unused)
{
    while (!soak_is_over() || soak_alive() != 0) {
        look();
        ignore_result(thread_sleep_ns(LOOK_PERIOD_NS));
    }
}

static unsigned long long spent_ms(enum waiting_for kind)
{
    return longest.spent_ns[kind] / 1000000;
}

void soak_wait_tell(void)
{
    test_note(
        "soak: the thread that waited longest (priority %u) had no frames for %llu ms while the "
        "eater held them and %llu ms otherwise, and was behind others for %llu ms",
        longest.priority, spent_ms(FOR_MEMORY_EATEN), spent_ms(FOR_MEMORY),
        spent_ms(FOR_ITS_PLACE));
    test_note("soak: it was granted memory, but not on its CPU, for %llu ms while that ran one as "
              "urgent, and %llu ms otherwise; sampled every %u ms",
              spent_ms(FOR_ITS_TURN), spent_ms(FOR_DISPATCH), LOOK_PERIOD_NS / 1000000);
    test_note("soak: the eater held memory for %llu ms at most; frames for the first in line, and "
              "no grant: %llu ms at most",
              (unsigned long long)(soak_counts.longest_hold_ns / 1000000),
              (unsigned long long)(stalled_ns_most / 1000000));
}
