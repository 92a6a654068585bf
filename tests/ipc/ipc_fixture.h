/* Threads that call and receive, for tests of IPC. */
#pragma once

#include "kernel/ipc/ipc.h"
#include "sched/core/thread.h"
#include "tests/support/threads.h"

#define IPC_TEST_LONG_NS 60000000000UL /* from now; a wait that lasts as long has failed */

struct ipc_thread {
    struct thread *thread;
    struct ipc_state state;
    struct endpoint *endpoint;
    uint64_t deadline_ns;
    uint64_t value;   /* what it sends: ipc_test_fill() */
    int result;       /* of its call or receive */
    uint64_t badge;   /* that the caller sends by */
    uint32_t done;    /* 1: it has ended; atomic */
    uint32_t running; /* atomic */
};

/* Fills all six words, the tag and the badge with values made from one. Context: ANY. */
void ipc_test_fill(struct message *message, uint64_t value);

/* Checks that a message is what ipc_test_fill() makes of this value. Context: THREAD. */
void ipc_test_expect(const struct message *message, uint64_t value);

/*
 * Starts a thread that makes one call with `value` and then ends. Its result is in `result`; if
 * that is OK, the answer is checked to be that of value + 1, with badge 0. Context: THREAD.
 */
void ipc_test_call(struct ipc_thread *caller, struct endpoint *endpoint, uint64_t value,
                   uint64_t deadline_ns);

/*
 * Starts a thread that receives one message, and answers it with value + 1 of what it got.
 * Context: THREAD.
 */
void ipc_test_serve(struct ipc_thread *server, struct endpoint *endpoint, uint64_t deadline_ns);

/* Joins the thread and returns the result of its call or receive. Context: THREAD. */
int ipc_test_join(struct ipc_thread *thread);

/* Returns the clock time so many milliseconds from now. Context: ANY. */
uint64_t ipc_test_after_ms(unsigned ms);
