/* The end of all tasks of a budget (budget.h). */
#pragma once

#include "kernel/task/task.h"

/*
 * Ends all tasks of the budget that this task began, and of budgets within it, and lets no task be
 * created there any more. Returns when each was asked to end; the caller may be a thread of one.
 * Context: THREAD. Errors: ERROR_INVALID (the task began no budget).
 */
must_check int task_family_kill(struct task *task, int status);
