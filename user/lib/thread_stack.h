/*
 * The stacks of the program's threads. A stack is taken for a new thread and given back by the
 * thread itself, with its last instructions, because only these know that the stack is used no
 * more. For the files of user/lib only.
 */
#pragma once

#include "lib/compiler.h"

#define THREAD_STACK_BYTES 0x100000UL

/* At the top of each stack, in its first page. */
struct thread_record {
    struct thread_record *next; /* in the list of free stacks; thread.asm */
    uint64_t left;              /* the thread has given the stack back; thread.asm */
    uint64_t use;               /* counts its threads; grows before `left` is cleared */
    int (*function)(void *argument);
    void *argument;
} aligned_to(64);

/* Takes a stack whose topmost page has memory. Errors: those of the system calls of memory. */
must_check int thread_stack_take(struct thread_record **record);

/* Gives back the stack of a thread that never ran, or that was killed. */
void thread_stack_give(struct thread_record *record);

/*
 * Gives back the stack of the calling thread, and ends the thread by the system call with this
 * number, which is SYS_THREAD_EXIT. Once the stack is in the list of free stacks another thread may
 * use it, so this function does not touch it any more.
 */
noreturn_function void thread_stack_leave(struct thread_record *record, int64_t status,
                                          uint64_t number);
