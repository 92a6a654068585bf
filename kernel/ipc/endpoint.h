/*
 * Endpoints: objects at which callers and receivers meet. An endpoint buffers no messages: callers
 * and receivers wait in its two queues, of which at least one is empty at any time.
 *
 * The kernel counts the handles with the right to call and those with the right to receive. When
 * the last handle that may receive is gone, every caller's wait ends with ERROR_PEER_DIED, and so
 * does each later call; likewise for receivers when the last handle that may call is gone.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "kernel/object/object.h"
#include "lib/priority_queue.h"

struct ipc_state;

struct endpoint {
    struct object object;
    uint32_t may_call; /* atomic: handles with RIGHT_SEND */

    struct spinlock lock; /* guards the rest, but for may_receive */
    uint32_t may_receive; /* atomic: handles with RIGHT_RECEIVE */
    /*
     * message_direct.asm compares the two flags, two bytes of padding, which are 0, and the bits of
     * `callers` with 0 at once.
     */
    bool callers_gone;             /* the last handle with RIGHT_SEND was closed */
    bool receivers_gone;           /* the last handle with RIGHT_RECEIVE was closed */
    struct priority_queue callers; /* struct ipc_state */
    struct priority_queue receivers;
    /*
     * The thread that received last, if it did so by a message call: it inherits the priority of
     * callers that wait. That thread has a reference to the endpoint as long as this field names
     * it.
     */
    struct ipc_state *server;
};

/*
 * Creates an endpoint with one reference, which is the caller's, and no handle. Context: THREAD.
 * Errors: ERROR_NO_MEMORY.
 */
must_check int endpoint_create(struct endpoint **endpoint);

/* endpoint_queue_add() and endpoint_queue_remove(), inlined for the fast path of messages. */
#define endpoint_queue_add_inline(queue, state, priority)                                          \
    priority_queue_add(queue, &(state)->node, (state)->queued_at = (priority))
#define endpoint_queue_remove_inline(queue, state)                                                 \
    priority_queue_remove(queue, &(state)->node, (state)->queued_at)

/*
 * Add a thread that waits to a queue, at the priority that it has now; take it out. A later change
 * of its priority does not move it. Context: ATOMIC, the endpoint's lock held.
 */
void endpoint_queue_add(struct priority_queue *queue, struct ipc_state *state);
void endpoint_queue_remove(struct priority_queue *queue, struct ipc_state *state);

/* Sets endpoint->server to NULL if it is this thread's state. Context: THREAD. */
void endpoint_server_end(struct endpoint *endpoint, const struct ipc_state *server);

/* Returns the endpoint that an object of type OBJECT_ENDPOINT is. Context: ANY. */
static always_inline struct endpoint *endpoint_of(struct object *object)
{
    return container_of(object, struct endpoint, object);
}
