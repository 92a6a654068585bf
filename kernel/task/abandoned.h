/*
 * Tasks that have no thread and that nobody can start any more: their end. A thread of the kernel,
 * "tasks", ends them. The code that closes a handle must not do it: the end of a task closes the
 * task's own handles, which may be the last ones of further tasks, and so on, and the stack could
 * overflow.
 *
 * A task that has no thread is given up when no handle to it is left, its own ones not counted, or
 * when all handles to it are in the tables of tasks that are given up as well (task_circle.h).
 */
#pragma once

#include "kernel/task/task.h"

/*
 * Notes that a handle to the task was closed. For the object operations of tasks. Context: THREAD.
 */
void task_handle_closed(struct task *task);
