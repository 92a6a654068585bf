/*
 * Endpoints: where a caller and a receiver meet. An endpoint buffers nothing: callers and receivers
 * wait in its two lists, of which one is empty at any time.
 *
 * The kernel counts the handles with the right to call and those with the right to receive. When
 * the last handle that may receive is gone, every caller's wait ends with ERROR_PEER_DIED, and so
 * does each later call; likewise for receivers when the last handle that may call is gone.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "kernel/object/object.h"
#include "lib/list.h"

struct endpoint {
    struct object object;
    uint32_t may_call;    /* atomic: handles with RIGHT_SEND */
    uint32_t may_receive; /* atomic: handles with RIGHT_RECEIVE */

    struct spinlock lock; /* guards the rest */
    struct list callers;  /* struct ipc_state, longest wait first */
    struct list receivers;
    bool callers_gone;   /* the last handle with RIGHT_SEND was closed */
    bool receivers_gone; /* the last handle with RIGHT_RECEIVE was closed */
};

/*
 * Creates an endpoint with one reference, which is the caller's, and no handle. Context: THREAD.
 * Errors: ERROR_NO_MEMORY.
 */
must_check int endpoint_create(struct endpoint **endpoint);

/* Returns the endpoint that an object of type OBJECT_ENDPOINT is. Context: ANY. */
static always_inline struct endpoint *endpoint_of(struct object *object)
{
    return container_of(object, struct endpoint, object);
}
