/*
 * Threads of the program. Each has a stack of 1 MiB of addresses, which gets memory as it is
 * touched, with a guard below. A thread that runs into the guard ends the program, and the report
 * says that the stack overflowed. Stacks of threads that have ended are used again by later
 * threads, with the memory that the stacks have.
 */
#pragma once

#include "user/lib/thread_stack.h"

/* How a thread is created; NULL stands for all defaults. */
struct thread_options {
    unsigned priority; /* 0: that of the first thread at its start; not above the caller's */
    uint64_t affinity; /* CPUs, by bit; 0: all */
    bool fpu;          /* it may use x87, SSE and AVX */
};

/* A thread, as its creator knows it: for thread_join() or thread_detach(). */
struct thread {
    uint32_t handle; /* to the kernel's thread, with all rights */
    uint64_t use;    /* record->use when the thread was created */
    struct thread_record *record;
};

/*
 * Creates a thread that calls function(argument) and ends with the status that it returns. The last
 * thread that ends, ends the program. The caller passes *thread to thread_join() or
 * thread_detach(). Errors: those of memory_create(), memory_map(), memory_commit(), thread_create()
 * and thread_start(): ERROR_QUOTA, ERROR_NO_MEMORY, ERROR_RANGE (priority), ERROR_INVALID (no such
 * CPU).
 */
must_check int thread_create(struct thread *thread, int (*function)(void *argument), void *argument,
                             const struct thread_options *options);

/* Waits until a thread has ended, by itself or because it was killed, and returns its status. */
int thread_join(struct thread *thread);

/*
 * Gives up the right to join a thread. The thread goes on, and gives its stack back when it ends.
 */
void thread_detach(const struct thread *thread);
