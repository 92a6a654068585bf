/*
 * See oom.h. A thread that waits for memory cannot end itself, since it cannot run. So there are
 * two ways to kill:
 *
 *  - A thread in the memory queue is taken out of it and reaped without running again. This is
 *    allowed because it is expendable, and only if it is in no other queue or list than the list of
 *    all threads and the tree of timeouts.
 *  - Any other thread is asked to end by thread_kill(). It gets the highest priority, so that the
 *    few frames that it may need to end go to it first. (A thread that has begun to run since it
 *    was chosen is asked, too.)
 */
#include "sched/stack/oom.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread_internal.h"
#include "sched/core/timeout.h"
#include "sched/stack/gate.h"
#include "sched/stack/oom_test_hooks.h"

static uint64_t limit_ns; /* 0: off; atomic */
static uint64_t stuck_since_ns;
static uint32_t kills;

static void (*choice_watcher)(uint32_t id);

void oom_choice_watch(void (*watcher)(uint32_t id))
{
    choice_watcher = watcher;
}

struct choice {
    unsigned runnable; /* threads that run or could run, and do not wait for memory */
    uint32_t id;       /* of the thread to kill; 0: none */
    uint32_t pages;
    uint8_t priority;
    struct thread *thread; /* taken out of the memory queue, to be reaped; or NULL */
    bool killed;
    char name[THREAD_NAME_SHOWN_BYTES]; /* of the thread that was killed */
};

void oom_kill_after(uint64_t wanted_ns)
{
    __atomic_store_n(&limit_ns, wanted_ns, __ATOMIC_RELAXED);
    stuck_since_ns = 0;
}

uint64_t oom_limit_ns(void)
{
    return __atomic_load_n(&limit_ns, __ATOMIC_RELAXED);
}

uint32_t oom_kills(void)
{
    return kills;
}

/*
 * Says whether the thread is a better choice: it has more stack pages; or as many and a lower
 * priority; or both are equal and its id is higher.
 */
static bool is_better(const struct thread *thread, uint32_t pages, const struct choice *choice)
{
    if (choice->id == 0 || pages != choice->pages) {
        return pages > choice->pages;
    }
    return thread->priority != choice->priority ? thread->priority < choice->priority
                                                : thread->id > choice->id;
}

static void choose_visit(struct thread *thread, void *context)
{
    struct choice *choice = context;
    unsigned state = thread->state;
    bool waits = thread->memory_wait_since_ns != 0; /* also after it was granted another try */
    bool blocked = thread_is_blocked(thread);
    choice->runnable += !waits && !blocked && state != THREAD_DEAD && !thread->backed;
    if (!thread->expendable || thread->kill_wanted || state == THREAD_DEAD || !(waits || blocked)) {
        return;
    }
    uint32_t pages = stack_pages_backed(thread->slot);
    if (is_better(thread, pages, choice)) {
        choice->id = thread->id;
        choice->pages = pages;
        choice->priority = thread->priority;
    }
}

/* The list's lock is held, so the thread cannot be freed meanwhile. */
static void kill_visit(struct thread *thread, void *context)
{
    struct choice *choice = context;
    /* The list was unlocked since the choice: the thread may not be expendable any more. */
    if (thread->id != choice->id || !thread->expendable || thread->kill_wanted) {
        return;
    }
    choice->killed = true;
    thread_name_copy(choice->name, thread);
    if (gate_expendable_take_out(thread)) {
        choice->thread = thread;
        return;
    }
    thread_kill(thread);
    if (thread_priority_set(thread, THREAD_PRIORITIES - 1) != OK) {
        panic("thread_priority_set() refuses %u, the greatest priority", THREAD_PRIORITIES - 1);
    }
}

/* No other code can find the thread any more, except through the list of all threads. */
static void reap(struct thread *thread)
{
    uint64_t flags = interrupts_save();
    timeout_remove(thread);
    thread->exit_code = ERROR_KILLED;
    thread->state = THREAD_DEAD;
    thread_reap(thread);
    stack_cache_drain(); /* its frames must become free, not cached */
    interrupts_restore(flags);
}

static bool kill(struct choice *choice, uint64_t waited_ns)
{
    if (choice->id == 0) {
        log_warn("out of memory: every thread that could run has waited for memory for %lu ms, and "
                 "none is expendable: no thread is killed (starve-kill=)",
                 waited_ns / 1000000);
        return false;
    }
    if (choice_watcher != NULL) {
        choice_watcher(choice->id);
    }
    thread_for_each(kill_visit, choice);
    if (!choice->killed) {
        log_info("out of memory: thread %u was to be killed, but has ended or is no longer "
                 "expendable; no thread is killed",
                 choice->id);
        return false;
    }
    kills++;
    log_warn("out of memory: every thread that could run has waited for memory for %lu ms, and "
             "nothing is left to reclaim: thread %u (%s) is killed, which is expendable and has %u "
             "stack pages, the most of those that are (starve-kill=)",
             waited_ns / 1000000, choice->id, choice->name, choice->pages);
    if (choice->thread != NULL) {
        reap(choice->thread);
        return true;
    }
    return false;
}

bool oom_look(bool reclaimed)
{
    if (limit_ns == 0) {
        return false;
    }
    struct choice choice = {0};
    if (!reclaimed && memory_waiters() != 0) {
        thread_for_each(choose_visit, &choice);
    }
    if (reclaimed || memory_waiters() == 0 || choice.runnable != 0) {
        stuck_since_ns = 0;
        return false;
    }
    uint64_t now_ns = clock_now_ns();
    if (stuck_since_ns == 0) {
        stuck_since_ns = now_ns;
    }
    uint64_t waited_ns = now_ns - stuck_since_ns;
    if (waited_ns < limit_ns) {
        return false;
    }
    stuck_since_ns = now_ns; /* the frames that this kill frees get as long to help */
    return kill(&choice, waited_ns);
}
