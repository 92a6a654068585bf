/*
 * A pass of the swapper. This file decides from which threads a pass takes pages; swap_candidate.h
 * has the protocol.
 *
 * A pass walks the list of threads a few at a time, so that the list's lock is held for a short
 * time only. It first notes a blocked thread as a swap candidate. After the shrink age it takes the
 * candidate's unused pages, after the swap age all pages. While memory is low it takes all pages of
 * every thread that an earlier pass noted. While threads wait for memory it takes all pages of
 * every blocked thread. In both cases it also frees STANDBY frames at once.
 *
 * Hysteresis: a thread that used more pages again soon after it was shrunk must sleep twice as long
 * before the next shrink, and so on up to BACKOFF_MAX doublings.
 */
#include "sched/stack/swapper_pass.h"

#include "arch/x86_64/time/clock.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/schedule.h"
#include "sched/core/thread_list.h"
#include "sched/stack/service_share.h"
#include "sched/stack/swap_candidate.h"
#include "sched/stack/swapper_test_hooks.h"

#define WALK_THREADS  16 /* looked at under the list's lock at once */
#define BACKOFF_MAX   6
#define SOON_AGES     4 /* "soon" is within so many times the age at which it was shrunk */
#define SOON_LEAST_MS 100

/* A pass under way. */
struct pass {
    struct swap_request swap_request;
    enum pressure pressure;
    uint32_t now_ms;
    unsigned claims;  /* in the batch under way */
    unsigned walked;  /* claims when the list's lock was taken last */
    uint32_t taken;   /* threads from which pages were taken */
    bool frames_lack; /* no spare frame was left to save the last thread's live bytes */
};

struct swapper_ages swapper_ages = {SWAPPER_SHRINK_AGE_MS, SWAPPER_SWAP_AGE_MS};
void (*swapper_step_hook)(enum swapper_step step, struct thread *thread);

static bool hysteresis = true;
static struct swapper_counts counts;

void swapper_ages_set(uint32_t shrink_ms, uint32_t swap_ms)
{
    swapper_ages.shrink_ms = shrink_ms;
    swapper_ages.swap_ms = swap_ms;
}

void swapper_hysteresis_set(bool on)
{
    hysteresis = on;
}

void swapper_counts_read(struct swapper_counts *out)
{
    *out = counts;
}

/*
 * Says whether a thread has slept for age_ms, doubled `backoff` times. An age of 0 is never
 * reached.
 */
static bool age_reached(uint32_t slept_ms, uint32_t age_ms, unsigned backoff)
{
    return age_ms != 0 && slept_ms >= (uint64_t)age_ms << backoff;
}

/*
 * Adjusts the backoff of a thread that has run since it was shrunk. Its run queue's lock is held.
 */
static void shrinking_judge(struct thread *thread, uint32_t now_ms)
{
    uint64_t soon_ms =
        SOON_LEAST_MS + ((uint64_t)swapper_ages.shrink_ms << thread->shrink_backoff) * SOON_AGES;
    bool soon = now_ms - thread->shrunk_ms < soon_ms;
    bool deep = stack_pages_used(thread->slot) > thread->shrunk_to;
    if (deep && soon) {
        thread->shrink_backoff += thread->shrink_backoff < BACKOFF_MAX;
        thread->shrunk = false;
    } else if (!soon) {
        thread->shrink_backoff = 0;
        thread->shrunk = false;
    }
}

/*
 * Says whether to take pages from a swap candidate, and whether all of them. The lock of its run
 * queue is held.
 */
static bool take_wanted(const struct pass *pass, const struct thread *thread, bool *swap)
{
    uint32_t slept_ms = pass->now_ms - thread->swap_note.since_ms;
    unsigned backoff = hysteresis ? thread->shrink_backoff : 0;
    if (pass->swap_request.now) {
        *swap = pass->swap_request.take == SWAPPER_SWAP;
        return true;
    }
    *swap = pass->pressure != PRESSURE_NONE || age_reached(slept_ms, swapper_ages.swap_ms, backoff);
    if (*swap || age_reached(slept_ms, swapper_ages.shrink_ms, backoff)) {
        return true;
    }
    counts.spared += age_reached(slept_ms, swapper_ages.shrink_ms, 0);
    return false;
}

/* Notes a thread, takes pages from it, or leaves it alone. Its run queue's lock is held. */
static void thread_consider(struct pass *pass, struct thread *thread)
{
    bool swap;
    if (thread->state == THREAD_BLOCKED) {
        if (!swap_candidate_begin(thread, pass->now_ms)) {
            return;
        }
        if (thread->shrunk) {
            shrinking_judge(thread, pass->now_ms);
        }
        if (!pass->swap_request.now && pass->pressure != PRESSURE_WAITERS) {
            return; /* a later pass takes from it */
        }
    }
    if (thread->state != THREAD_SWAP_CANDIDATE || !take_wanted(pass, thread, &swap)) {
        return;
    }
    bool may_swap = swap && swap_candidate_may_swap(thread);
    if (swap_candidate_take(thread, swap, pass->claims) != 0) {
        pass->claims++;
        pass->taken++;
        thread->shrunk = true;
        thread->shrunk_to = (uint8_t)stack_pages_used(thread->slot);
        thread->shrunk_ms = pass->now_ms;
    }
    pass->frames_lack =
        may_swap && !(thread->pending & THREAD_PENDING_SWAPPED) && !stack_swap_has_spares();
}

/*
 * Says whether the batch must be completed before pages of more threads are taken: because it is
 * full, or because no spare frame is left for the live bytes of one more thread. Completing a batch
 * frees frames.
 */
static bool batch_is_over(const struct pass *pass)
{
    return pass->claims == SWAP_CANDIDATE_BATCH || (pass->frames_lack && pass->claims != 0);
}

/*
 * Returns whether this walk may take from more threads. The list's lock is held, interrupts are
 * off.
 */
static bool thread_visit(struct thread *thread, void *context)
{
    struct pass *pass = context;
    unsigned state = thread->state;
    if (thread->backed || (state != THREAD_BLOCKED && state != THREAD_SWAP_CANDIDATE) ||
        (thread->pending & THREAD_PENDING_SWAPPED)) {
        return true;
    }
    struct run_queue *queue = schedule_queue_lock(thread);
    thread_consider(pass, thread);
    spin_unlock_quietly(&queue->lock);
    return !batch_is_over(pass) && pass->claims - pass->walked < SWAPPER_TAKES_AT_ONCE;
}

static void batch_end(struct pass *pass)
{
    if (pass->claims != 0) {
        swap_candidate_batch_shoot(pass->claims);
        swap_candidate_batch_end(pass->claims);
        counts.batches++;
        pass->claims = 0;
    }
}

/* Returns false at the end of the list of threads. */
static bool pass_step(struct pass *pass)
{
    pass->walked = pass->claims;
    stack_swap_spares_fill();
    bool more = thread_walk(THREAD_WALKER_SWAPPER, WALK_THREADS, thread_visit, pass);
    unsigned taken = pass->claims - pass->walked;
    counts.at_once = taken > counts.at_once ? taken : counts.at_once;
    if (batch_is_over(pass) || !more) {
        batch_end(pass);
    }
    if (pass->pressure != PRESSURE_NONE) {
        (void)stack_standby_free(UINT32_MAX);
    }
    return more;
}

/*
 * A pass that nobody requested rests when its share of the CPU is used up. It completes its batch
 * before that, because threads of a batch may wait for the batch's end. A requested pass does not
 * rest, because its caller waits for it.
 */
static void pass_over_all(struct pass *pass)
{
    bool more = true;
    service_slice_begin(SERVICE_SWAPPER);
    while (more) {
        more = pass_step(pass);
        if (!pass->swap_request.now && service_rest_is_due(SERVICE_SWAPPER)) {
            batch_end(pass);
            service_slice_next(SERVICE_SWAPPER);
        }
    }
    service_slice_end(SERVICE_SWAPPER);
    counts.passes_ns = service_times_read(SERVICE_SWAPPER).worked_ns;
}

static void step_tell(enum swapper_step step, struct thread *thread)
{
    void (*hook)(enum swapper_step, struct thread *) = swapper_step_hook;
    if (hook != NULL) {
        hook(step, thread);
    }
}

/* A pass over one thread. The hook of swapper_test_hooks.h runs between the steps. */
static void pass_over_one(struct pass *pass)
{
    struct thread *thread = pass->swap_request.only;
    step_tell(SWAPPER_BEFORE, thread);
    for (unsigned step = SWAPPER_NOTED; step <= SWAPPER_UNMAPPING; step++) {
        uint64_t flags = interrupts_save();
        struct run_queue *queue = schedule_queue_lock(thread);
        if (step == SWAPPER_NOTED) {
            ignore_result(swap_candidate_begin(thread, pass->now_ms));
        } else if (thread->state == THREAD_SWAP_CANDIDATE) {
            thread_consider(pass, thread);
        }
        spin_unlock_quietly(&queue->lock);
        preempt_interrupts_restore(flags);
        step_tell((enum swapper_step)step, thread);
    }
    swap_candidate_batch_shoot(pass->claims);
    step_tell(SWAPPER_SHOT, thread);
    swap_candidate_batch_end(pass->claims);
    step_tell(SWAPPER_STANDBY, thread);
}

uint32_t swapper_pass_run(const struct swap_request *wanted, enum pressure pressure)
{
    struct pass pass = {.swap_request = *wanted,
                        .pressure = pressure,
                        .now_ms = (uint32_t)(clock_now_ns() / 1000000)};
    counts.passes++;
    if (pass.swap_request.only != NULL) {
        pass_over_one(&pass);
    } else {
        pass_over_all(&pass);
    }
    return pass.taken;
}
