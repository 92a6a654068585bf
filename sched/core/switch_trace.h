/* The switch in a trace (arch/x86_64/cpu/trace.h). */
#pragma once

#include "sched/core/switch.h"

/*
 * Records a switch from the thread whose saved stack pointer is to be stored at *save_rsp, and does
 * what thread_switch() does in other modes with stack=lend. Called by switch.asm on the stack of
 * that thread. Context: ATOMIC, interrupts off, run-queue lock held.
 */
void trace_switch(const uintptr_t *save_rsp, uintptr_t load_rsp, uint64_t hole,
                  const struct run_queue *queue);
