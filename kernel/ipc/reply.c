/* See reply.h. Lock order: nothing is taken under a reply's lock. */
#include "kernel/ipc/reply.h"

#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"

/* Takes the right out of the object, so that no other thread has it. */
static struct reply_right right_out(struct reply *reply)
{
    spin_lock(&reply->lock);
    struct reply_right right = reply->right;
    reply->right.caller = NULL;
    spin_unlock(&reply->lock);
    return right;
}

static void reply_closed(struct object *object, unsigned rights maybe_unused, bool last)
{
    if (last) {
        struct reply_right right = right_out(reply_of(object));
        ipc_right_drop(&right);
    }
}

static void reply_destroy(struct object *object)
{
    struct reply_right right = right_out(reply_of(object)); /* if no handle was opened */
    ipc_right_drop(&right);
    kfree(reply_of(object));
}

static const struct object_operations reply_operations = {.closed = reply_closed,
                                                          .destroy = reply_destroy};

int reply_create(const struct ipc_state *self, struct reply **reply)
{
    void *memory;
    if (self->right.caller == NULL) {
        return ERROR_NOT_FOUND;
    }
    int error = kmalloc(sizeof(struct reply), &memory);
    if (error != OK) {
        return error;
    }
    *reply = memory;
    object_init(&(*reply)->object, OBJECT_REPLY, &reply_operations);
    spinlock_init(&(*reply)->lock, "reply");
    (*reply)->right.caller = NULL;
    return OK;
}

void reply_fill(struct reply *reply, struct ipc_state *self)
{
    struct reply_right right = ipc_right_take(self);
    spin_lock(&reply->lock);
    reply->right = right;
    spin_unlock(&reply->lock);
}

int reply_take(struct ipc_state *self, struct reply **reply)
{
    int error = reply_create(self, reply);
    if (error == OK) {
        reply_fill(*reply, self);
    }
    return error;
}

int reply_answer(struct reply *reply, struct message *message)
{
    struct reply_right right = right_out(reply);
    return ipc_right_answer(&right, message);
}
