/*
 * The policy of the swapper: from which threads it takes pages, and when. The protocol is in
 * swap_candidate.h.
 *
 * The swapper walks the list of threads a few at a time, so that the list's lock is held for a
 * short time only. It first notes a blocked thread as a swap candidate. After the shrink age it
 * takes the candidate's unused pages, after the swap age all pages. While memory is low it takes
 * all pages of every thread that an earlier pass noted; while threads wait for memory, of every
 * blocked thread. Then it also frees STANDBY frames at once.
 *
 * Hysteresis: a thread that used more pages again soon after it was shrunk must sleep twice as long
 * before the next shrink, and so on up to BACKOFF_MAX doublings.
 *
 * The swapper is fully backed and takes no lock that a thread holds while it sleeps.
 */
#include "sched/stack/swapper.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/schedule.h"
#include "sched/core/thread_list.h"
#include "sched/stack/swap_candidate.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/mutex.h"

#define WALK_THREADS   16 /* looked at under the list's lock at once */
#define PERIOD_MS_MAX  500
#define PAUSE_PASSES   7 /* while memory is not short: its pause, as a multiple of its last pass */
#define PAUSE_MS_MAX   2000
#define PRESSED_MS     10 /* between passes that helped; doubled after each that did not */
#define BACKOFF_MAX    6
#define SOON_AGES      4 /* "soon": within so many times the sleep that it was shrunk after */
#define SOON_LEAST_MS  100
#define LOW_WATER_PART 32 /* of all frames */
#define QUIET_STEP_NS  1000000

enum pressure { PRESSURE_NONE, PRESSURE_LOW, PRESSURE_WAITERS };

struct swap_request {
    struct thread *only; /* NULL: all threads */
    bool now;            /* regardless of age */
    enum swapper_take take;
};

/* A pass under way. */
struct pass {
    struct swap_request swap_request;
    enum pressure pressure;
    uint32_t now_ms;
    unsigned claims;  /* in the batch under way */
    uint32_t taken;   /* threads from which pages were taken */
    bool frames_lack; /* no spare frame was left to save the last thread's live bytes */
};

size_t swapper_low_water;
bool swapper_alert;
void (*swapper_step_hook)(enum swapper_step step, struct thread *thread);

static uint32_t shrink_age_ms = SWAPPER_SHRINK_AGE_MS, swap_age_ms = SWAPPER_SWAP_AGE_MS;
static bool hysteresis = true, quiet, looking;
static struct swapper_counts counts;

static struct spinlock swapper_lock = SPINLOCK("swapper");
static struct wait_queue swapper_queue = {LIST_INITIALIZER(swapper_queue.waiters)};
static struct wait_queue requester_queue = {LIST_INITIALIZER(requester_queue.waiters)};
static struct swap_request swap_request;
static bool request_open;
static uint32_t request_result;
/* Held by the thread whose request is under way: one request at a time. */
static struct mutex request_mutex = MUTEX(request_mutex, "swapper request");

void swapper_ages_set(uint32_t shrink_ms, uint32_t swap_ms)
{
    shrink_age_ms = shrink_ms;
    swap_age_ms = swap_ms;
}

void swapper_quiet_set(bool wanted)
{
    __atomic_store_n(&quiet, wanted, __ATOMIC_SEQ_CST);
    while (wanted && __atomic_load_n(&looking, __ATOMIC_SEQ_CST)) {
        ignore_result(thread_sleep_ns(QUIET_STEP_NS));
    }
}

void swapper_hysteresis_set(bool on)
{
    hysteresis = on;
}

void swapper_counts_read(struct swapper_counts *out)
{
    *out = counts;
}

/* Has a thread slept for age_ms, doubled `backoff` times? An age of 0 is never reached. */
static bool age_reached(uint32_t slept_ms, uint32_t age_ms, unsigned backoff)
{
    return age_ms != 0 && slept_ms >= (uint64_t)age_ms << backoff;
}

/* A thread has run since it was shrunk: adjusts its backoff. Its run queue's lock is held. */
static void shrinking_judge(struct thread *thread, uint32_t now_ms)
{
    uint64_t soon_ms =
        SOON_LEAST_MS + ((uint64_t)shrink_age_ms << thread->shrink_backoff) * SOON_AGES;
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
    *swap = pass->pressure != PRESSURE_NONE || age_reached(slept_ms, swap_age_ms, backoff);
    if (*swap || age_reached(slept_ms, shrink_age_ms, backoff)) {
        return true;
    }
    counts.spared += age_reached(slept_ms, shrink_age_ms, 0);
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
 * Says that the batch must be completed before more threads are taken: it is full, or there is no
 * spare frame for the live bytes of one more thread. Completing it frees frames.
 */
static bool batch_is_over(const struct pass *pass)
{
    return pass->claims == SWAP_CANDIDATE_BATCH || (pass->frames_lack && pass->claims != 0);
}

/* Returns whether the batch has room for more. The list's lock is held, interrupts are off. */
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
    return !batch_is_over(pass);
}

static void batch_end(struct pass *pass)
{
    if (pass->claims != 0) {
        swap_candidate_batch_shoot(pass->claims);
        swap_candidate_batch_end(pass->claims);
        stack_swap_spares_fill();
        counts.batches++;
        pass->claims = 0;
    }
}

static void pass_over_all(struct pass *pass)
{
    bool more = true;
    while (more) {
        more = thread_walk(WALK_THREADS, thread_visit, pass);
        if (batch_is_over(pass) || !more) {
            batch_end(pass);
        }
        if (pass->pressure != PRESSURE_NONE) {
            (void)stack_standby_free(UINT32_MAX);
        }
    }
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

static enum pressure pressure_now(void)
{
    if (memory_waiters() != 0) {
        return PRESSURE_WAITERS;
    }
    return frame_shared_free_count() < swapper_low_water ? PRESSURE_LOW : PRESSURE_NONE;
}

/*
 * The swapper's share of a CPU: passes of its own begin no earlier than this. After each it leaves
 * the CPU for as long as the pass took, so it takes half of a CPU at most, under pressure too.
 * Passes that swapper_pass() requests are not counted: their callers wait for them.
 */
static uint64_t earliest_ns;

static uint32_t pass_run(const struct swap_request *wanted, enum pressure pressure)
{
    struct pass pass = {.swap_request = *wanted,
                        .pressure = pressure,
                        .now_ms = (uint32_t)(clock_now_ns() / 1000000)};
    uint64_t begin_ns = clock_now_ns();
    counts.passes++;
    if (pass.swap_request.only != NULL) {
        pass_over_one(&pass);
    } else {
        pass_over_all(&pass);
    }
    counts.passes_ns += clock_now_ns() - begin_ns;
    return pass.taken;
}

/* Returns the time between passes: a quarter of the shorter age, at most PERIOD_MS_MAX. */
static uint32_t period_ms(void)
{
    uint32_t age_ms = shrink_age_ms;
    if (swap_age_ms != 0 && (age_ms == 0 || swap_age_ms < age_ms)) {
        age_ms = swap_age_ms;
    }
    uint32_t period = age_ms / 4 + 1;
    return age_ms == 0 || period > PERIOD_MS_MAX ? PERIOD_MS_MAX : period;
}

/*
 * Returns the pause after a pass. It bounds the swapper's share of a CPU: a pass over many threads
 * may take longer than a short age, and few threads have a higher priority.
 */
static uint32_t pause_ms(uint64_t pass_ns)
{
    uint64_t pause = pass_ns * PAUSE_PASSES / 1000000;
    pause = pause < PAUSE_MS_MAX ? pause : PAUSE_MS_MAX;
    return pause > period_ms() ? (uint32_t)pause : period_ms();
}

/* One pass, by age or because memory is short. Returns how long to sleep, in milliseconds. */
static uint32_t look_around(uint32_t slept_ms)
{
    enum pressure pressure = pressure_now();
    static const struct swap_request by_age;
    if (pressure != PRESSURE_NONE &&
        (stack_standby_free(UINT32_MAX) != 0 || (stack_batch_flush() && stack_reclaim() != 0))) {
        pressure = pressure_now(); /* it may have been enough */
    }
    uint64_t begin_ns = clock_now_ns();
    uint32_t taken = pass_run(&by_age, pressure);
    earliest_ns = 2 * clock_now_ns() - begin_ns;
    if (pressure == PRESSURE_NONE) {
        frame_low = false;
        swapper_alert = true;
        return pause_ms(clock_now_ns() - begin_ns);
    }
    /* While there is nothing to take, the pause doubles, and ticks do not wake it. */
    swapper_alert = false;
    if (taken != 0 || slept_ms > PERIOD_MS_MAX / 2) {
        return PRESSED_MS;
    }
    return slept_ms < PRESSED_MS ? PRESSED_MS : slept_ms * 2;
}

static void swapper_run(void *argument maybe_unused)
{
    uint32_t sleep_ms = period_ms();
    for (;;) {
        uint64_t flags = spin_lock_irq_save(&swapper_lock);
        if (!request_open) {
            /* However the sleep ended, the loop checks the state again. */
            ignore_result(wait_queue_sleep(&swapper_queue, &swapper_lock, sleep_ms * 1000000UL));
        }
        bool requested = request_open;
        struct swap_request wanted = swap_request;
        spin_unlock_irq_restore(&swapper_lock, flags);
        if (requested) {
            uint32_t result = pass_run(&wanted, PRESSURE_NONE);
            flags = spin_lock_irq_save(&swapper_lock);
            request_result = result;
            request_open = false;
            wait_queue_wake_all(&requester_queue);
            spin_unlock_irq_restore(&swapper_lock, flags);
            swapper_alert = true; /* a tick may have cleared it to wake this thread */
        } else if (clock_now_ns() < earliest_ns) {
            sleep_ms = (uint32_t)((earliest_ns - clock_now_ns()) / 1000000) + 1;
        } else {
            __atomic_store_n(&looking, true, __ATOMIC_SEQ_CST);
            if (!__atomic_load_n(&quiet, __ATOMIC_SEQ_CST)) {
                sleep_ms = look_around(sleep_ms);
            } else {
                swapper_alert = true;
            }
            __atomic_store_n(&looking, false, __ATOMIC_RELEASE);
        }
    }
}

void swapper_wake(void)
{
    uint64_t flags = spin_lock_irq_save(&swapper_lock);
    if (!wait_queue_wake_one(&swapper_queue)) {
        swapper_alert = true; /* it may be about to sleep: the next tick tries again */
    }
    spin_unlock_irq_restore(&swapper_lock, flags);
}

uint32_t swapper_pass(struct thread *thread, enum swapper_take take)
{
    mutex_lock(&request_mutex);
    uint64_t flags = spin_lock_irq_save(&swapper_lock);
    swap_request = (struct swap_request){.only = thread, .now = true, .take = take};
    request_open = true;
    wait_queue_wake_one(&swapper_queue);
    while (request_open) {
        wait_queue_sleep_unkillable(&requester_queue, &swapper_lock);
    }
    uint32_t result = request_result;
    spin_unlock_irq_restore(&swapper_lock, flags);
    mutex_unlock(&request_mutex);
    return result;
}

static void settings_log(void)
{
    static const char *const how[] = {
        [STACK_MODE_EAGER] = "all of it is back before the thread runs",
        [STACK_MODE_FAULT] = "faults bring back what is touched",
        [STACK_MODE_LEND] = "switches lend what is missing",
        [STACK_MODE_PREFAULT] = "all of it is back before the thread runs",
    };
    log_info("swapper: takes stack pages after %u ms of sleep, all after %u", shrink_age_ms,
             swap_age_ms);
    log_info("swapper: %s; it takes half of a CPU at most", how[stack_mode_get()]);
}

int swapper_start(void)
{
    const struct thread_options options = {
        .name = "swapper",
        .priority = THREAD_PRIORITY_SYSTEM,
        .backed = true,
        .may_not_die = true,
    };
    stack_swap_init();
    swapper_low_water = frame_total_count() / LOW_WATER_PART;
    frame_low_mark_set(swapper_low_water);
    swapper_alert = true;
    settings_log();
    return thread_create(&options, swapper_run, NULL, NULL);
}
