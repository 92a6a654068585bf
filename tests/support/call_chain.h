/* A chain of calls: each thread has received a call, and calls the next thread to answer it. */
#pragma once

#include "kernel/ipc/ipc.h"
#include "sched/core/thread.h"

#define CALL_CHAIN_MOST 100

/*
 * Starts a chain of so many threads, the last of which waits. Returns the endpoint that the first
 * receives from, whose next caller has to wait, or NULL without memory. Context: THREAD.
 */
struct endpoint *call_chain_begin(unsigned threads, unsigned priority);

/* Returns the lowest priority of the chain's threads. Context: THREAD. */
unsigned call_chain_priority(void);

/* Lets the last thread answer, so all of them end, and one more call to the first one is answered. */
void call_chain_end(void);
