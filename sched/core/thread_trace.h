/* Backtraces of threads that do not run, wherever the bytes of their stacks are. */
#pragma once

#include "arch/x86_64/entry/backtrace.h"
#include "sched/core/thread.h"

/*
 * Writes the backtrace of a thread that runs on no CPU. A stack that is swapped out stays so: its
 * saved bytes are read. Returns false if the thread runs. The thread must not end meanwhile.
 * Context: IRQ; takes the thread's run-queue lock.
 */
must_check bool thread_trace(struct thread *thread, struct backtrace *trace);

/*
 * Describes the thread that owns a stack and where it waits, for a panic; "" if that is unknown.
 * The text stays until the next call. Context: ENTRY; tries the lock of the list of threads once,
 * and does not wait for it.
 */
const char *thread_owner_describe(uint32_t slot);
