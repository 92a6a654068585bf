/* See endpoint.h. Lock order: endpoint, ipc state, timeouts, run queue. */
#include "kernel/ipc/endpoint.h"

#include "kernel/ipc/ipc_state.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"
#include "sched/core/thread.h"

#define WAKES_AT_ONCE 16 /* about 400 instructions each, with interrupts off */

static_assert(PRIORITY_QUEUE_LEVELS == THREAD_PRIORITIES, "a list for each priority");

void endpoint_queue_add(struct priority_queue *queue, struct ipc_state *state)
{
    state->queued_at = state->thread->priority;
    priority_queue_add(queue, &state->node, state->queued_at);
}

void endpoint_queue_remove(struct priority_queue *queue, struct ipc_state *state)
{
    priority_queue_remove(queue, &state->node, state->queued_at);
}

void endpoint_server_end(struct endpoint *endpoint, const struct ipc_state *server)
{
    uint64_t flags = spin_lock_irq_save(&endpoint->lock);
    if (endpoint->server == server) {
        endpoint->server = NULL;
    }
    spin_unlock_irq_restore(&endpoint->lock, flags);
}

static void endpoint_opened(struct object *object, unsigned rights)
{
    struct endpoint *endpoint = endpoint_of(object);
    if ((rights & RIGHT_SEND) != 0) {
        __atomic_fetch_add(&endpoint->may_call, 1, __ATOMIC_RELAXED);
    }
    if ((rights & RIGHT_RECEIVE) != 0) {
        __atomic_fetch_add(&endpoint->may_receive, 1, __ATOMIC_RELAXED);
    }
}

/* Ends the wait of a caller that no receiver took. The endpoint's lock is held. */
static void caller_end(struct ipc_state *caller)
{
    spin_lock_by(OFF_ALREADY, &caller->lock);
    caller->result = ERROR_PEER_DIED;
    caller->phase = IPC_ANSWERED;
    ipc_state_wake(caller);
    spin_unlock_quietly(&caller->lock);
}

/* Ends the wait of a receiver. The endpoint's lock is held. */
static void receiver_end(struct ipc_state *receiver)
{
    receiver->result = ERROR_PEER_DIED;
    ipc_state_wake(receiver);
}

/*
 * Sets a flag and ends the waits of all threads in a queue, WAKES_AT_ONCE of them with each hold of
 * the lock. With the flag set no thread is added, so the queue becomes empty.
 */
static void list_end(struct endpoint *endpoint, bool *flag, struct priority_queue *queue,
                     void (*end)(struct ipc_state *state))
{
    struct list_node *node;
    uint64_t flags = spin_lock_irq_save(&endpoint->lock);
    *flag = true;
    for (unsigned woken = 1; (node = priority_queue_first(queue)) != NULL; woken++) {
        struct ipc_state *state = container_of(node, struct ipc_state, node);
        endpoint_queue_remove(queue, state);
        end(state);
        if (woken % WAKES_AT_ONCE == 0) {
            spin_unlock_irq_restore(&endpoint->lock, flags);
            flags = spin_lock_irq_save(&endpoint->lock);
        }
    }
    spin_unlock_irq_restore(&endpoint->lock, flags);
}

/*
 * When the last handle with a right is gone, the right is over, because handles are made only from
 * handles. Threads that wait by a handle that was closed meanwhile are woken, too.
 */
static void endpoint_closed(struct object *object, unsigned rights, bool last maybe_unused)
{
    struct endpoint *endpoint = endpoint_of(object);
    if ((rights & RIGHT_RECEIVE) != 0 &&
        __atomic_sub_fetch(&endpoint->may_receive, 1, __ATOMIC_ACQ_REL) == 0) {
        list_end(endpoint, &endpoint->receivers_gone, &endpoint->callers, caller_end);
        list_end(endpoint, &endpoint->receivers_gone, &endpoint->receivers, receiver_end);
    }
    if ((rights & RIGHT_SEND) != 0 &&
        __atomic_sub_fetch(&endpoint->may_call, 1, __ATOMIC_ACQ_REL) == 0) {
        list_end(endpoint, &endpoint->callers_gone, &endpoint->receivers, receiver_end);
    }
}

static void endpoint_destroy(struct object *object)
{
    kfree(endpoint_of(object));
}

static const struct object_operations endpoint_operations = {
    .opened = endpoint_opened, .closed = endpoint_closed, .destroy = endpoint_destroy};

int endpoint_create(struct endpoint **endpoint)
{
    void *memory;
    int error = kzalloc(sizeof(struct endpoint), &memory);
    if (error != OK) {
        return error;
    }
    *endpoint = memory;
    object_init(&(*endpoint)->object, OBJECT_ENDPOINT, &endpoint_operations);
    spinlock_init(&(*endpoint)->lock, "endpoint");
    priority_queue_init(&(*endpoint)->callers);
    priority_queue_init(&(*endpoint)->receivers);
    return OK;
}
