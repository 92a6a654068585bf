/*
 * The swapper's thread: decides when to make a pass over the threads, and makes passes that others
 * request. swapper_pass.c decides from which threads a pass takes pages.
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
#include "sched/stack/service_share.h"
#include "sched/stack/swapper_pass.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/mutex.h"

#define PERIOD_MS_MAX  500
#define PAUSE_PASSES   7 /* pause after a pass while memory is not short: so many times the pass */
#define PAUSE_MS_MAX   2000
#define PRESSED_MS     10 /* pause after a pass that took pages; doubled after one that did not */
#define LOW_WATER_PART 32 /* of all frames */
#define QUIET_STEP_NS  1000000

size_t swapper_low_water;
bool swapper_alert;

static bool quiet, looking;

static struct spinlock swapper_lock = SPINLOCK("swapper");
static struct wait_queue swapper_queue = {LIST_INITIALIZER(swapper_queue.waiters)};
static struct wait_queue requester_queue = {LIST_INITIALIZER(requester_queue.waiters)};
static struct swap_request swap_request;
static bool request_open;
static uint32_t request_result;
/* Held by the thread whose request is under way: one request at a time. */
static struct mutex request_mutex = MUTEX(request_mutex, "swapper request");

void swapper_quiet_set(bool wanted)
{
    __atomic_store_n(&quiet, wanted, __ATOMIC_SEQ_CST);
    while (wanted && __atomic_load_n(&looking, __ATOMIC_SEQ_CST)) {
        ignore_result(thread_sleep_ns(QUIET_STEP_NS));
    }
}

static enum pressure pressure_now(void)
{
    if (memory_waiters() != 0) {
        return PRESSURE_WAITERS;
    }
    return frame_shared_free_count() < swapper_low_water ? PRESSURE_LOW : PRESSURE_NONE;
}

/* Returns the time between passes: a quarter of the shorter age, at most PERIOD_MS_MAX. */
static uint32_t period_ms(void)
{
    uint32_t age_ms = swapper_ages.shrink_ms;
    if (swapper_ages.swap_ms != 0 && (age_ms == 0 || swapper_ages.swap_ms < age_ms)) {
        age_ms = swapper_ages.swap_ms;
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

/* Makes one pass, by age or because memory is short. Returns how long to sleep, in milliseconds. */
static uint32_t look_around(uint32_t slept_ms)
{
    enum pressure pressure = pressure_now();
    static const struct swap_request by_age;
    if (pressure != PRESSURE_NONE && (stack_standby_free(UINT32_MAX) != 0 ||
                                      (stack_batch_flush() && stack_reclaim_batch() != 0))) {
        pressure = pressure_now(); /* this may have been enough */
    }
    uint64_t before_ns = service_times_read(SERVICE_SWAPPER).worked_ns;
    uint32_t taken = swapper_pass_run(&by_age, pressure);
    if (pressure == PRESSURE_NONE) {
        frame_low = false;
        swapper_alert = true;
        return pause_ms(service_times_read(SERVICE_SWAPPER).worked_ns - before_ns);
    }
    /* While passes find nothing to take, the pause doubles, and ticks do not wake the swapper. */
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
            uint32_t result = swapper_pass_run(&wanted, PRESSURE_NONE);
            flags = spin_lock_irq_save(&swapper_lock);
            request_result = result;
            request_open = false;
            wait_queue_wake_all(&requester_queue);
            spin_unlock_irq_restore(&swapper_lock, flags);
            swapper_alert = true; /* a tick clears it to wake this thread */
        } else {
            service_rest(SERVICE_SWAPPER); /* a tick may have ended the sleep at once */
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
        swapper_alert = true; /* the swapper may be about to sleep: the next tick tries again */
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
    log_info("swapper: takes stack pages after %u ms of sleep, all after %u",
             swapper_ages.shrink_ms, swapper_ages.swap_ms);
    log_info("swapper: %s", how[stack_mode_get()]);
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
