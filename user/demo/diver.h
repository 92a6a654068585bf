/*
 * Divers: threads that make a system call which goes down its kernel stack. A diver waits in another
 * call afterwards, until the program ends, so its stack and the pages of it stay as they are.
 */
#pragma once

#include "lib/abi.h"
#include "user/lib/thread.h"

#define DIVERS 8

struct diver {
    const char *name, *function, *holds;
    uint64_t way; /* as for sys_stack_descend() */
    uint64_t bytes;
    unsigned cpu; /* on which it is to run */

    /* Results. The ticks of a touch are the least of all rounds. */
    int error;
    struct stack_descent descent;
};

extern struct diver divers[DIVERS];

/* How often each descent is repeated: the first one fills caches. */
#define DIVER_ROUNDS 5

/*
 * Runs all divers, one after the other, on the first so many CPUs in turn. Errors: those of
 * thread_create() and of the calls stack_descend() and notification_create().
 */
must_check int divers_run(unsigned cpus);

/*
 * Starts up to `most` threads that wait in a system call, and returns how many. The first ones take
 * the stacks, and the pages, that earlier threads have left. They wait until the program ends.
 */
unsigned crowd_begin(unsigned most);
