/* Exceptions of user mode, and page faults of system calls that copy from or to user memory. */
#pragma once

#include "arch/x86_64/entry/user_context.h"

/*
 * Tells the task's handler of an exception of user mode, and returns if the handler lets the thread
 * go on. Otherwise logs the exception, with the registers; then the thread ends if the handler says
 * so, or the whole task if there is no handler. For kernel/hooks.c: the hook user_exception.
 * Context: THREAD.
 */
void user_exception_deliver(struct trap_frame *frame);

/*
 * Handles a page fault of thread code that is no stack fault. Returns false if it is a bug of the
 * kernel. For kernel/hooks.c: the hook page_fault_thread_case. Context: ATOMIC, interrupts off, on
 * the thread's stack.
 */
bool user_page_fault(struct trap_frame *frame);
