/*
 * See ipc.h. Lock order: endpoint, ipc state of a caller, timeouts, run queue.
 *
 * A caller waits under the lock of its own state, because its wait goes on when it has left the
 * endpoint's list. A receiver waits under the endpoint's lock.
 */
#include "kernel/ipc/ipc.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/donation.h"
#include "lib/error.h"
#include "sched/core/schedule.h"
#include "sched/core/thread.h"

/* The time that is left until a deadline. */
static uint64_t time_left(uint64_t deadline_ns)
{
    if (deadline_ns == WAIT_FOREVER) {
        return WAIT_FOREVER;
    }
    uint64_t now_ns = clock_now_ns();
    return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

static struct ipc_state *first_of(const struct priority_queue *queue)
{
    struct list_node *node = priority_queue_first(queue);
    return node != NULL ? container_of(node, struct ipc_state, node) : NULL;
}

static void message_move(struct message *to, struct message *from)
{
    *to = *from;
    from->load = NULL;
}

/*
 * Gives the message of a caller, and the right to answer it, to a receiver. The endpoint's lock and
 * the caller's are held.
 */
static void deliver(struct endpoint *endpoint, struct ipc_state *caller, struct ipc_state *receiver)
{
    message_move(&receiver->message, &caller->message);
    receiver->right = (struct reply_right){.caller = caller, .call = caller->call};
    if (caller->owner != NULL) {
        object_acquire(caller->owner);
    }
    caller->answerer = receiver;
    caller->phase = IPC_AWAITS_REPLY;
    if (receiver->endpoint == endpoint) {
        endpoint->server = receiver;
    }
    donation_of_call(caller, receiver);
}

/*
 * Sleeps until the wait is over; the caller finds out why it is. `lock` guards the wait. A thread
 * that waits in a message call, without a deadline, is in no wait queue, so that a direct switch
 * can end the wait.
 */
static int wait(struct ipc_state *self, struct spinlock *lock, uint64_t deadline_ns)
{
    if (self->in_frame && deadline_ns == WAIT_FOREVER) {
        self->sleeper = thread_current();
        wait_in_no_queue(lock);
        return ERROR_KILLED; /* the result if nothing but a kill ended the wait */
    }
    self->sleeper = NULL;
    return wait_queue_sleep(&self->queue, lock, time_left(deadline_ns));
}

/*
 * Takes a caller whose wait ended without an answer out of the endpoint's list. Its own lock is
 * held, and released meanwhile.
 */
static void call_leave(struct ipc_state *self, struct endpoint *endpoint)
{
    spin_unlock_quietly(&self->lock);
    spin_lock_by(OFF_ALREADY, &endpoint->lock);
    spin_lock_by(OFF_ALREADY, &self->lock);
    if (self->phase == IPC_SENDING) { /* otherwise it was received in between */
        endpoint_queue_remove(&endpoint->callers, self);
    }
    spin_unlock_quietly(&endpoint->lock);
}

/* The caller's wait is over: returns its result, or `error` if no answer came. Its lock is held. */
static int call_result(struct ipc_state *self, int error)
{
    if (likely(self->phase == IPC_ANSWERED)) {
        error = self->result;
    } else if (self->phase == IPC_IDLE) {
        error = IPC_IN_FRAME;
    }
    self->phase = IPC_IDLE; /* a thread that has the right to answer sees that */
    return error;
}

/* Waits until the call is answered or given up. The caller's own lock is held. */
static int answer_await(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns)
{
    /* The answer may have come while the lock was released for donation_give(). */
    int error = self->phase == IPC_ANSWERED ? OK : wait(self, &self->lock, deadline_ns);
    if (unlikely(error != OK) && self->phase == IPC_SENDING) {
        call_leave(self, endpoint);
    }
    return call_result(self, error);
}

int ipc_call_end(struct ipc_state *self)
{
    uint64_t flags = spin_lock_irq_save(&self->lock);
    int error = call_result(self, ERROR_KILLED);
    spin_unlock_irq_restore(&self->lock, flags);
    return error;
}

int ipc_call(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns)
{
    self->thread = thread_current();
    uint64_t flags = spin_lock_irq_save(&endpoint->lock);
    struct ipc_state *receiver = first_of(&endpoint->receivers);
    if (unlikely(receiver == NULL && (endpoint->receivers_gone || deadline_ns == IPC_POLL))) {
        int error = endpoint->receivers_gone ? ERROR_PEER_DIED : ERROR_AGAIN;
        spin_unlock_irq_restore(&endpoint->lock, flags);
        return error;
    }
    /* This lock is held until the thread sleeps, so an answer that comes at once waits for that. */
    spin_lock_by(OFF_ALREADY, &self->lock);
    self->call++;
    self->faulted = false;
    bool donates = false;
    if (receiver != NULL) {
        endpoint_queue_remove(&endpoint->receivers, receiver);
        deliver(endpoint, self, receiver);
        receiver->result = OK;
        ipc_state_wake(receiver);
    } else {
        self->phase = IPC_SENDING;
        self->calling = endpoint;
        endpoint_queue_add(&endpoint->callers, self);
        donates = donation_is_due(endpoint, self);
    }
    spin_unlock_quietly(&endpoint->lock);
    if (unlikely(donates)) {
        spin_unlock_irq_restore(&self->lock, flags);
        donation_give(self);
        flags = spin_lock_irq_save(&self->lock);
    }
    int error = answer_await(self, endpoint, deadline_ns == IPC_POLL ? WAIT_FOREVER : deadline_ns);
    spin_unlock_irq_restore(&self->lock, flags);
    return error;
}

/*
 * Ends a receiver's wait: returns its result, or `error` if it is still in the endpoint's list. The
 * endpoint's lock is held.
 */
static int receive_result(struct ipc_state *self, struct endpoint *endpoint, int error)
{
    if (unlikely(list_node_linked(&self->node))) {
        endpoint_queue_remove(&endpoint->receivers, self);
    } else {
        error = self->phase == IPC_IDLE ? IPC_IN_FRAME : self->result;
    }
    self->phase = IPC_IDLE;
    return error;
}

/* Waits for a caller. The endpoint's lock is held. */
static int caller_await(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns)
{
    endpoint_queue_add(&endpoint->receivers, self);
    self->phase = IPC_RECEIVING;
    return receive_result(self, endpoint, wait(self, &endpoint->lock, deadline_ns));
}

int ipc_receive_end(struct ipc_state *self, struct endpoint *endpoint)
{
    uint64_t flags = spin_lock_irq_save(&endpoint->lock);
    int error = receive_result(self, endpoint, ERROR_KILLED);
    spin_unlock_irq_restore(&endpoint->lock, flags);
    return error;
}

/* Takes the message of the first caller. The endpoint's lock is held. */
static void caller_take(struct ipc_state *self, struct endpoint *endpoint, struct ipc_state *caller)
{
    endpoint_queue_remove(&endpoint->callers, caller);
    spin_lock_by(OFF_ALREADY, &caller->lock);
    deliver(endpoint, caller, self);
    spin_unlock_quietly(&caller->lock);
}

/*
 * Uses a right up: ends the call with a result and, unless they are NULL, with a message and the
 * status of a fault. A caller that gave its call up, and may have called again, does not wait for
 * this answer: then the error is ERROR_PEER_DIED.
 */
static int right_use(struct reply_right *right, int result, struct message *message,
                     const int *fault_status)
{
    struct ipc_state *caller = right->caller;
    if (unlikely(caller == NULL)) {
        return ERROR_NOT_FOUND;
    }
    right->caller = NULL;
    uint64_t flags = spin_lock_irq_save(&caller->lock);
    bool waits = caller->phase == IPC_AWAITS_REPLY && caller->call == right->call;
    if (likely(waits)) {
        if (message != NULL) {
            message_move(&caller->message, message);
        }
        if (fault_status != NULL) {
            caller->faulted = true;
            caller->fault_status = *fault_status;
        }
        caller->result = result;
        caller->phase = IPC_ANSWERED;
        ipc_state_wake(caller);
    }
    struct object *owner = caller->owner;
    spin_unlock_irq_restore(&caller->lock, flags);
    if (owner != NULL) {
        object_release(owner);
    }
    return waits ? OK : ERROR_PEER_DIED;
}

/* Uses the right that the thread has up, and ends what the thread inherited by that call. */
static int own_right_use(struct ipc_state *self, int result, struct message *message,
                         const int *fault_status)
{
    int error = right_use(&self->right, result, message, fault_status);
    if (self->thread != NULL) {
        donation_of_queue(self);
    }
    return error;
}

int ipc_receive(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns)
{
    int error = OK;
    self->thread = thread_current();
    ignore_result(own_right_use(self, ERROR_PEER_DIED, NULL, NULL)); /* the caller may be gone */
    ipc_load_free(&self->message);
    uint64_t flags = spin_lock_irq_save(&endpoint->lock);
    struct ipc_state *caller = first_of(&endpoint->callers);
    if (caller != NULL) {
        caller_take(self, endpoint, caller);
    } else if (unlikely(endpoint->callers_gone || endpoint->receivers_gone)) {
        error = ERROR_PEER_DIED;
    } else if (deadline_ns == IPC_POLL) {
        error = ERROR_AGAIN;
    } else {
        error = caller_await(self, endpoint, deadline_ns);
    }
    spin_unlock_irq_restore(&endpoint->lock, flags);
    return error;
}

int ipc_right_answer(struct reply_right *right, struct message *message)
{
    message->badge = 0;
    return right_use(right, OK, message, NULL);
}

struct reply_right ipc_right_take(struct ipc_state *self)
{
    struct reply_right right = self->right;
    self->right.caller = NULL;
    uint64_t flags = spin_lock_irq_save(&right.caller->lock);
    if (right.caller->answerer == self) {
        right.caller->answerer = NULL;
    }
    spin_unlock_irq_restore(&right.caller->lock, flags);
    donation_of_queue(self);
    return right;
}

void ipc_right_drop(struct reply_right *right)
{
    ignore_result(right_use(right, ERROR_PEER_DIED, NULL, NULL)); /* the caller may be gone */
}

int ipc_reply(struct ipc_state *self)
{
    self->message.badge = 0;
    return own_right_use(self, OK, &self->message, NULL);
}

int ipc_reply_error(struct ipc_state *self, int result)
{
    return own_right_use(self, result, NULL, NULL);
}

int ipc_reply_fault(struct ipc_state *self, int status)
{
    return own_right_use(self, ERROR_KILLED, NULL, &status);
}

int ipc_reply_receive(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns)
{
    int error = ipc_reply(self);
    if (error == ERROR_NOT_FOUND) {
        return error;
    }
    return ipc_receive(self, endpoint, deadline_ns);
}

void ipc_state_end(struct ipc_state *state)
{
    if (state->endpoint != NULL) {
        endpoint_server_end(state->endpoint, state);
        object_release(&state->endpoint->object);
        state->endpoint = NULL;
    }
    ipc_right_drop(&state->right);
    ipc_load_free(&state->message);
}
