/*
 * The out-of-memory policy for programs. When a program touches a page and no frame becomes free for
 * as long as starve-kill= says, the task that owns the most frames ends, with the status
 * ERROR_NO_MEMORY. Off unless that option is given (sched/stack/oom.h): then no task ends but the
 * one whose page found no frame.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Applies the policy for a page that has found no frame for so long. Only tasks that programs have
 * created are chosen, so the first program lives, and one task in the time of the option. The caller
 * waits on: the frames of the task come back when its last thread has ended. Context: THREAD,
 * without a lock.
 */
void task_oom_look(uint64_t waited_ns);
