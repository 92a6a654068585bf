/*
 * The stacks of the program's threads. A stack is taken for a new thread and given back by the
 * thread itself, with its last instructions, because nobody else knows when it has left the stack.
 * For the files of user/lib alone.
 */
#pragma once

#include "lib/compiler.h"

#define THREAD_STACK_BYTES 0x100000UL

/* At the top of each stack, in its first page. */
struct thread_record {
    struct thread_record *next; /* in the list of free stacks; thread.asm */
    uint64_t left;              /* the thread has given the stack back; thread.asm */
    uint64_t use;               /* threads that had the stack; grows before `left` is cleared */
    int (*function)(void *argument);
    void *argument;
} aligned_to(64);

/* Takes a stack whose topmost page has memory. Errors: those of the system calls of memory. */
must_check int thread_stack_take(struct thread_record **record);

/* Gives back the stack of a thread that never ran, or that was killed. */
void thread_stack_give(struct thread_record *record);

/*
 * Gives back the stack of the calling thread, and ends the thread by the system call
 * SYS_THREAD_EXIT, whose number the caller passes. From the moment that the stack is in the list it
 * may be another thread's, so this touches it no more.
 */
noreturn_function void thread_stack_leave(struct thread_record *record, int64_t status,
                                          uint64_t number);
