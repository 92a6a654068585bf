/* See task_oom.h. */
#include "kernel/task/task_oom.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/task/task.h"
#include "lib/error.h"
#include "sched/stack/oom.h"

struct choice {
    uint32_t id; /* of the task with the most frames; 0: none */
    size_t frames;
    struct task *task; /* the same with a reference, if it still runs */
};

static uint64_t next_ns; /* no task is chosen before this time; atomic */

static bool may_end(const struct task *task)
{
    return __atomic_load_n(&task->is_for_programs, __ATOMIC_ACQUIRE) &&
           !__atomic_load_n(&task->dying, __ATOMIC_RELAXED) &&
           __atomic_load_n(&task->thread_count, __ATOMIC_RELAXED) != 0;
}

/* The visits of task_for_each(). No reference is released there, so the second one takes it. */
static void choose(struct task *task, void *context)
{
    struct choice *choice = context;
    size_t frames = __atomic_load_n(&task->quota->used, __ATOMIC_RELAXED);
    if (may_end(task) && frames > choice->frames) {
        choice->id = task->id;
        choice->frames = frames;
    }
}

static void take(struct task *task, void *context)
{
    struct choice *choice = context;
    if (task->id == choice->id && may_end(task) && object_try_acquire(&task->object)) {
        choice->task = task;
    }
}

/* Says whether the caller is the one to choose now: of several that wait one is, once in a while. */
static bool is_time(uint64_t limit_ns)
{
    uint64_t now_ns = clock_now_ns(), next = __atomic_load_n(&next_ns, __ATOMIC_RELAXED);
    return now_ns >= next && __atomic_compare_exchange_n(&next_ns, &next, now_ns + limit_ns, false,
                                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void task_oom_look(uint64_t waited_ns)
{
    struct choice choice = {.task = NULL};
    uint64_t limit_ns = oom_limit_ns();
    if (limit_ns == 0 || waited_ns < limit_ns || !is_time(limit_ns)) {
        return;
    }
    task_for_each(choose, &choice);
    task_for_each(take, &choice);
    if (choice.task == NULL) {
        log_warn("out of memory: a program's page has found no frame for %lu ms, and there is no "
                 "task to end (starve-kill=)",
                 waited_ns / 1000000);
        return;
    }
    log_warn("out of memory: a program's page has found no frame for %lu ms: task %u (%s) ends, "
             "which owns %lu frames, the most (starve-kill=)",
             waited_ns / 1000000, choice.task->id, choice.task->name, choice.frames);
    task_kill(choice.task, ERROR_NO_MEMORY);
    object_release(&choice.task->object);
}
