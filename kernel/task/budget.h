/*
 * Budgets: what tasks may have together. A task is created in the budget of its creator, or begins
 * a budget of its own, which is a part of its creator's: what a task has is charged to its budget
 * and to all budgets around that. So a program that starts programs, which start programs, has no
 * more than its budget, however many they are.
 *
 * A budget limits frames (mm/space/frame_quota.h), tasks and threads. The tasks that the kernel
 * creates have none. Where a budget is NULL, nothing is limited.
 */
#pragma once

#include "mm/space/frame_quota.h"

#define BUDGET_DEPTH_MAX 16 /* budgets within each other */

/*
 * What a budget has, unless told otherwise, of what the one around it has: one of them that is used
 * up leaves room for another one beside it.
 */
#define BUDGET_INNER(limit) ((limit) - (limit) / 8)

struct budget {
    struct budget *parent;     /* a reference; NULL: none */
    struct frame_quota *quota; /* a reference; the quotas of its tasks are part of it */
    uint32_t references;       /* atomic */
    uint32_t depth;
    uint32_t tasks, task_limit; /* these four are atomic, and count what is in budgets within it */
    uint32_t threads, thread_limit;
    bool ended; /* atomic: no task may be created in it any more */
};

/*
 * Creates a budget of so many frames, with one reference; `parent` may be NULL. It may have
 * seven eighths of its parent's tasks and threads. Context: THREAD. Errors: ERROR_QUOTA (budgets within each
 * other), ERROR_NO_MEMORY.
 */
must_check int budget_create(struct budget *parent, size_t frames, struct budget **out);

/* Takes one more reference, gives one back. The last one frees the budget. Context: THREAD. */
void budget_acquire(struct budget *budget);
void budget_release(struct budget *budget);

/*
 * Charge a task, a thread. Context: ANY. Errors: ERROR_QUOTA; ERROR_PEER_DIED (the budget has
 * ended). Then nothing is charged.
 */
must_check int budget_task_add(struct budget *budget);
must_check int budget_thread_add(struct budget *budget);

/* Give the charge back. Context: ANY. */
void budget_task_remove(struct budget *budget);
void budget_thread_remove(struct budget *budget);

/*
 * Sets limits; 0 leaves one as it is. Budgets within it cannot have the last `reserve` frames.
 * Context: THREAD.
 */
void budget_limits_set(struct budget *budget, uint32_t tasks, uint32_t threads, size_t reserve);

/* Lets no task be created in the budget, or in one within it, any more. Context: ANY. */
void budget_end(struct budget *budget);

/* Says whether the budget, or one around it, has ended. Context: ANY. */
must_check bool budget_has_ended(const struct budget *budget);

/*
 * Says whether the budget is NULL or in no other one. Who is in such a one may use up reserves of
 * which others leave a part, such as loads of messages (kernel/ipc/load_reserve.h): the servers and
 * the shell, but not a program that the shell started. Context: ANY.
 */
must_check bool budget_is_outermost(const struct budget *budget);

/* Says whether `inner` is the budget, or within it. Context: ANY. */
must_check bool budget_contains(const struct budget *budget, const struct budget *inner);
