/* Reply objects: the right to answer one call, as an object that a handle can name. */
#pragma once

#include "kernel/ipc/ipc_state.h"

struct reply {
    struct object object;
    struct spinlock lock; /* guards `right`: of several threads that answer, one does */
    struct reply_right right;
};

/*
 * Moves the right to answer the call that the thread received last into a new reply object, with
 * one reference, which is the caller's, and no handle. If all of its handles are closed without an
 * answer, the thread that called gets ERROR_PEER_DIED. Context: THREAD.
 * Errors: ERROR_NOT_FOUND (the thread has no right to answer), ERROR_NO_MEMORY (it keeps the
 * right).
 */
must_check int reply_take(struct ipc_state *self, struct reply **reply);

/*
 * reply_take() in two steps. The first makes the object and moves nothing; the second moves the
 * right. So a thread that cannot open a handle in between keeps its right. Context: THREAD.
 * Errors: ERROR_NOT_FOUND (the thread has no right to answer), ERROR_NO_MEMORY.
 */
must_check int reply_create(const struct ipc_state *self, struct reply **reply);
void reply_fill(struct reply *reply, struct ipc_state *self);

/*
 * Answers by a reply object, once. The load of the message goes to the thread that called.
 * Context: THREAD. Errors: ERROR_NOT_FOUND (it was used already); ERROR_PEER_DIED (the thread that
 * called does not wait any more).
 */
must_check int reply_answer(struct reply *reply, struct message *message);

/* Returns the reply object that an object of type OBJECT_REPLY is. Context: ANY. */
static always_inline struct reply *reply_of(struct object *object)
{
    return container_of(object, struct reply, object);
}
