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
 * Called when a message is delivered: the receiver inherits the caller's priority, and no longer
 * anything from earlier calls. The endpoint's lock and the caller's are held. Context: ATOMIC.
 */
void donation_of_call(struct ipc_state *caller, struct ipc_state *receiver);

/*
 * Called when the thread has no call to answer any more: it inherits from the callers in its
 * endpoint's queue, if there are any, and nothing else by calls. Context: THREAD.
 */
void donation_of_queue(struct ipc_state *server);

/*
 * Says whether a caller that was queued has a higher priority than the endpoint's server. The
 * endpoint's lock is held. Context: ATOMIC.
 */
must_check bool donation_is_due(const struct endpoint *endpoint, const struct ipc_state *caller);

/*
 * Passes the priority of a caller in a queue on to the server, and along the chain of calls that
 * the server waits in. Interrupts are off for one link of the chain at a time. The walk ends at a
 * thread that has as high a priority already, so it passes no link twice. Context: THREAD.
 */
void donation_give(struct ipc_state *caller);
