/* See ipc_state.h. */
#include "kernel/ipc/ipc_state.h"

#include "kernel/ipc/load_reserve.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/heap/kmalloc.h"
#include "sched/core/schedule.h"

void ipc_state_init(struct ipc_state *state, struct object *owner)
{
    memset(state, 0, sizeof(*state));
    ipc_state_init_zeroed(state, owner);
}

void ipc_state_init_zeroed(struct ipc_state *state, struct object *owner)
{
    spinlock_init(&state->lock, "ipc state");
    wait_queue_init(&state->queue);
    list_node_init(&state->node);
    state->owner = owner;
}

void ipc_state_wake(struct ipc_state *state)
{
    if (state->sleeper != NULL) {
        schedule_ready(state->sleeper, THREAD_BLOCKED);
    } else {
        wait_queue_wake_one(&state->queue);
    }
}

static_assert(sizeof(struct message_load) + MESSAGE_BYTES_MAX <= LOAD_RESERVED_BYTES,
              "each load fits into the reserve");

static struct message_load *load_begin(void *memory, unsigned bytes)
{
    struct message_load *load = memory;
    load->handle_count = 0;
    load->byte_count = bytes;
    return load;
}

int ipc_load_create(unsigned bytes, struct message_load **load)
{
    void *memory;
    if (bytes > MESSAGE_BYTES_MAX) {
        return ERROR_TOO_LONG;
    }
    int error = kmalloc(sizeof(struct message_load) + bytes, &memory);
    if (error == OK) {
        *load = load_begin(memory, bytes);
    }
    return error;
}

int ipc_load_take(unsigned bytes, bool may_take_all, struct message_load **load)
{
    void *memory = load_reserve_take(may_take_all);
    if (memory == NULL) {
        return ERROR_NO_MEMORY;
    }
    *load = load_begin(memory, bytes);
    return OK;
}

void ipc_load_free_present(struct message *message)
{
    struct message_load *load = message->load;
    message->load = NULL;
    for (unsigned i = 0; i < load->handle_count; i++) {
        handle_value_release(&load->handles[i]);
    }
    if (!load_reserve_give(load)) {
        kfree(load);
    }
}
