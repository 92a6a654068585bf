/* Where a thread that does not run waits, wherever the bytes of its stack are just now. */
#pragma once

#include "arch/x86_64/entry/backtrace.h"
#include "sched/core/thread.h"

/*
 * The backtrace of a thread that runs on no CPU; nothing is brought in for it. False: it runs. The
 * thread must not end meanwhile. Any context but NMI, #MC, #DF; takes its run queue's lock.
 */
must_check bool thread_trace(struct thread *thread, struct backtrace *trace);

/* Registers what a panic says about the owner of a stack that somebody else touched. Once. */
void thread_trace_init(void);
