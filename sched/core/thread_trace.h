/* Backtraces of threads that do not run, wherever the bytes of their stacks are. */
#pragma once

#include "arch/x86_64/entry/backtrace.h"
#include "sched/core/thread.h"

/*
 * Writes the backtrace of a thread that runs on no CPU. No page of its stack is brought in for it.
 * Returns false if the thread runs. The thread must not end meanwhile. Context: IRQ; takes the
 * thread's run-queue lock.
 */
must_check bool thread_trace(struct thread *thread, struct backtrace *trace);

/*
 * Registers the text that a panic prints about the owner of a stack that another thread touched.
 * Context: boot.
 */
void thread_trace_init(void);
