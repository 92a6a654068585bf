/*
 * Circles: tasks that have no thread, and to which only such tasks have handles. Nobody can start
 * them, because a handle in a table can be used by a thread of that table's task alone.
 *
 * A handle to a task that is found in no table of a task without threads counts as one from
 * outside: one in the table of a task that runs, in a message under way, or in the kernel's hands.
 * A task that the kernel is making, or starts itself, is kept as well (is_for_programs).
 * Each task that has one is kept, and so are the tasks to which it has handles, and so on. The rest
 * is ended.
 *
 * The search holds no lock that stops the machine, so tasks may change meanwhile. Every change that
 * may matter is counted when it begins and when it ends: a handle that is opened in another task's
 * table, the start of a task's first thread, and the end of a task. If one was under way at any
 * time during the search, its result is dropped. If there was none, a task that was found without a
 * handle from outside can never get one again: to give a handle away, somebody must have one.
 */
#pragma once

#include "kernel/task/task.h"

/* Counts a change as above. Begin and end come in pairs. Context: ANY. */
void task_circle_change_begin(void);
void task_circle_change_end(void);

/*
 * Finds the tasks of circles: puts them in `found`, by circle_node, with a reference to each. If
 * tasks changed meanwhile, returns false, with `found` empty. One thread calls this. Context:
 * THREAD.
 */
must_check bool task_circles_find(struct list *found);
