/*
 * Priority inheritance along calls: a thread that answers a call has at least the caller's
 * priority, and so has the thread that answers its own call, and so on. Callers that wait for a
 * busy server give theirs to the thread that received last. It lasts until that thread answers,
 * receives, or moves its right to answer into a reply object.
 *
 * A priority is passed on when a call begins. What changes later, by thread_priority_set() or
 * because the caller holds a mutex, counts from its next call on.
 */
#pragma once

#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/ipc_state.h"

/*
 * A message was delivered: the receiver inherits the caller's priority, and nothing from calls
 * before. The endpoint's lock and the caller's are held. Context: ATOMIC.
 */
void donation_of_call(struct ipc_state *caller, struct ipc_state *receiver);

/*
 * The thread answers no call any more: it inherits from callers that still wait for it, if there
 * are any. Context: THREAD.
 */
void donation_of_queue(struct ipc_state *server);

/*
 * Says whether a caller that was queued has a higher priority than the endpoint's server. The
 * endpoint's lock is held. Context: ATOMIC.
 */
must_check bool donation_is_due(const struct endpoint *endpoint, const struct ipc_state *caller);

/*
 * Gives the priority of a caller in a queue to the server, and further along the calls under way.
 * Interrupts are off for one link at a time, and each link is passed once, because the walk ends at
 * a thread that has the priority already. Context: THREAD.
 */
void donation_give(struct ipc_state *caller);
