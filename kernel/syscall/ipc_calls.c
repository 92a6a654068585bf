/*
 * System calls that create endpoints, prepare messages and pass the right to answer on:
 * syscall_list.h describes them.
 */
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/ipc.h"
#include "kernel/ipc/reply.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"

int64_t call_endpoint_create(void)
{
    struct endpoint *endpoint;
    int error = endpoint_create(&endpoint);
    return error == OK ? caller_open(&endpoint->object, RIGHTS_ALL, 0) : error;
}

/*
 * If another thread closes the caller's handle meanwhile, and it was the last one with a right,
 * that right is over for the endpoint, and the new handle does not bring it back.
 */
int64_t call_endpoint_badge(uint64_t handle, uint64_t badge, uint64_t rights)
{
    struct object *object;
    if ((rights & ~(uint64_t)(RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER)) != 0) {
        return ERROR_INVALID;
    }
    int error = handle_find(caller_handles(), handle, OBJECT_ENDPOINT,
                            RIGHT_RECEIVE | (unsigned)rights, &object, NULL);
    return error == OK ? caller_open(object, (unsigned)rights, badge) : error;
}

int64_t call_message_buffer_set(uint64_t address)
{
    if (address != 0 && !user_range_is_valid(address, sizeof(struct message_buffer))) {
        return ERROR_FAULT;
    }
    thread_user()->ipc.buffer = address;
    return 0;
}

int64_t call_reply_take(void)
{
    struct ipc_state *self = &thread_user()->ipc;
    struct reply *reply;
    int error = reply_create(self, &reply);
    if (error != OK) {
        return error;
    }
    object_acquire(&reply->object);
    int64_t result = caller_open(&reply->object, RIGHT_SEND | RIGHT_TRANSFER, 0);
    if (result >= 0) { /* otherwise the thread can still answer */
        reply_fill(reply, self);
    }
    object_release(&reply->object);
    return result;
}

int64_t call_reply_fault(uint64_t status)
{
    return ipc_reply_fault(&thread_user()->ipc, (int)status);
}
