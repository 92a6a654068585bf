/*
 * See donation.h. A walk along a chain of calls holds one lock for each link. While that lock is
 * held the next thread cannot end: a caller that awaits its answer leaves that phase only under its
 * own lock, and an endpoint's server is removed from endpoint->server, under the endpoint's lock,
 * before it ends. The walk takes a reference to the object that contains the next state, so the
 * state exists when the lock is released.
 */
#include "kernel/ipc/donation.h"

#include "sched/core/schedule.h"
#include "sched/sync/mutex_donation.h"

/*
 * Sets what the thread inherits by calls to this priority; to nothing if its base priority is as
 * high.
 */
static void inherited_set(struct thread *thread, unsigned priority)
{
    unsigned inherits = priority > thread->base_priority ? priority : 0;
    if (unlikely(inherits != thread->inherited[THREAD_INHERIT_CALL])) {
        schedule_change(thread, SCHEDULE_CHANGE_INHERITED + THREAD_INHERIT_CALL, inherits);
    }
}

void donation_of_call(struct ipc_state *caller, struct ipc_state *receiver)
{
    inherited_set(receiver->thread, caller->thread->priority);
}

void donation_of_queue(struct ipc_state *server)
{
    struct endpoint *endpoint = server->endpoint;
    if (likely(server->thread->inherited[THREAD_INHERIT_CALL] == 0)) {
        return;
    }
    if (endpoint == NULL) {
        inherited_set(server->thread, 0);
        return;
    }
    uint64_t flags = spin_lock_irq_save(&endpoint->lock); /* later callers raise it again */
    bool serves = endpoint->server == server && !priority_queue_empty(&endpoint->callers);
    inherited_set(server->thread, serves ? priority_queue_highest(&endpoint->callers) : 0);
    spin_unlock_irq_restore(&endpoint->lock, flags);
}

bool donation_is_due(const struct endpoint *endpoint, const struct ipc_state *caller)
{
    const struct ipc_state *server = endpoint->server;
    return server != NULL && server->thread->priority < caller->thread->priority;
}

static void reference_take(const struct ipc_state *state)
{
    if (state->owner != NULL) {
        object_acquire(state->owner);
    }
}

static void reference_release(const struct ipc_state *state)
{
    if (state->owner != NULL) {
        object_release(state->owner);
    }
}

/*
 * Lets a thread inherit the priority; the caller holds a lock that keeps the thread from ending.
 * Returns the thread's state, with a reference, if the walk goes on from there, or NULL.
 */
static struct ipc_state *raise(struct ipc_state *state, unsigned priority)
{
    struct thread *thread = state != NULL ? state->thread : NULL;
    if (thread == NULL || !schedule_inherit(thread, THREAD_INHERIT_CALL, priority)) {
        return NULL;
    }
    mutex_donation_pass(thread, priority);
    reference_take(state);
    return state;
}

/* Raises the server of an endpoint. */
static inline_if_optimized struct ipc_state *server_find_raise(struct endpoint *endpoint,
                                                               unsigned priority)
{
    uint64_t flags = spin_lock_irq_save(&endpoint->lock);
    struct ipc_state *next = raise(endpoint->server, priority);
    spin_unlock_irq_restore(&endpoint->lock, flags);
    return next;
}

/*
 * Follows the link from a caller in an endpoint's queue to the endpoint's server. Releases the
 * reference to the endpoint. A frame of its own, because the object may end there, which goes deep.
 */
static struct ipc_state *server_raise(struct endpoint *endpoint, unsigned priority)
{
    struct ipc_state *next = server_find_raise(endpoint, priority);
    object_release(&endpoint->object);
    return next;
}

/* Raises the thread that is to answer, or gets the endpoint at which none has received the call. */
static inline_if_optimized struct ipc_state *
answerer_raise(struct ipc_state *state, unsigned priority, struct endpoint **endpoint)
{
    struct ipc_state *next = NULL;
    uint64_t flags = spin_lock_irq_save(&state->lock);
    if (state->phase == IPC_AWAITS_REPLY) {
        next = raise(state->answerer, priority);
    } else if (state->phase == IPC_SENDING) {
        *endpoint = state->calling;
        object_acquire(&(*endpoint)->object);
    }
    spin_unlock_irq_restore(&state->lock, flags);
    return next;
}

/*
 * Follows one link: from a thread that calls to the thread that is to answer. Returns NULL at the
 * end of the chain.
 */
static struct ipc_state *link_pass(struct ipc_state *state, unsigned priority)
{
    struct endpoint *endpoint = NULL;
    struct ipc_state *next = answerer_raise(state, priority, &endpoint);
    return endpoint != NULL ? server_raise(endpoint, priority) : next;
}

void donation_give(struct ipc_state *caller)
{
    unsigned priority = caller->thread->priority;
    struct ipc_state *state = link_pass(caller, priority);
    while (state != NULL) {
        struct ipc_state *next = link_pass(state, priority);
        reference_release(state);
        state = next;
    }
}
