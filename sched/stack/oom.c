/*
 * See oom.h. Two ways to die, because a thread that starves cannot be asked to end itself:
 *
 *  - A thread that starves is in nobody's hands but the gate's. It is taken out of the starved
 *    queue and buried where it lies, without running again. That is right only since it said that
 *    it may vanish, and if no list but that of all threads knows it.
 *  - Any other is asked, as thread_kill() asks, and gets the first place in the line, so that the
 *    few frames that its end may need go to it. (One that has begun to run since it was chosen
 *    is asked all the same.)
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

static uint64_t limit_ns; /* 0: off */
static uint64_t hopeless_since_ns;
static uint32_t kills;

struct choice {
    unsigned runnable; /* threads that run or could, and do not starve */
    uint32_t id;       /* of whom to kill; 0: nobody */
    uint32_t pages;
    uint8_t priority;
    struct thread *thread; /* taken out of the starved queue, to be buried; or NULL */
    const char *name;
};

void oom_kill_after(uint64_t patience)
{
    limit_ns = patience;
    hopeless_since_ns = 0;
}

uint32_t oom_kills(void)
{
    return kills;
}

/* The most pages; of equals the least urgent, then the youngest. */
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
    bool starves = thread->memory_wait_since_ns != 0; /* also while it is let go to try again */
    bool blocked = thread_is_blocked(thread);
    choice->runnable += !starves && !blocked && state != THREAD_DEAD && !thread->backed;
    if (!thread->expendable || thread->kill_wanted || state == THREAD_DEAD ||
        !(starves || blocked)) {
        return;
    }
    uint32_t pages = stack_pages_backed(thread->slot);
    if (is_better(thread, pages, choice)) {
        choice->id = thread->id;
        choice->pages = pages;
        choice->priority = thread->priority;
    }
}

/* Under the list's lock, so that the thread cannot go away meanwhile. */
static void kill_visit(struct thread *thread, void *context)
{
    struct choice *choice = context;
    if (thread->id != choice->id) {
        return;
    }
    choice->name = thread->name;
    if (gate_expendable_take_out(thread)) {
        choice->thread = thread;
        return;
    }
    thread_kill(thread);
    if (thread_priority_set(thread, THREAD_PRIORITIES - 1) != OK) {
        panic("the greatest priority is refused");
    }
}

/* Nobody else can find it any more, but by the list of all threads, where it is till its burial. */
static void reap(struct thread *thread)
{
    uint64_t flags = interrupts_save();
    timeout_remove(thread);
    thread->exit_code = ERROR_KILLED;
    thread->state = THREAD_DEAD;
    thread_reap(thread);
    stack_cache_drain(); /* into a cache is not where its frames are to go */
    interrupts_restore(flags);
}

static bool kill(struct choice *choice, uint64_t waited_ns)
{
    if (choice->id == 0) {
        log_warn("every thread that could run has starved for %lu ms, and none is expendable: "
                 "nobody is killed (starve-kill=)",
                 waited_ns / 1000000);
        return false;
    }
    thread_for_each(kill_visit, choice);
    kills++;
    log_warn("last resort: every thread that could run has starved for %lu ms, and nothing is left "
             "to reclaim: thread %u (%s) is killed, which is expendable and has %u stack pages, "
             "more than others of its kind (starve-kill=)",
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
        hopeless_since_ns = 0;
        return false;
    }
    uint64_t now_ns = clock_now_ns();
    if (hopeless_since_ns == 0) {
        hopeless_since_ns = now_ns;
    }
    uint64_t waited_ns = now_ns - hopeless_since_ns;
    if (waited_ns < limit_ns) {
        return false;
    }
    hopeless_since_ns = now_ns; /* what this one leaves gets as long to help */
    return kill(&choice, waited_ns);
}
