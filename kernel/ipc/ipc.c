/*
 * See ipc.h. Lock order: endpoint, ipc state of a caller, timeouts, run queue.
 *
 * A caller waits under the lock of its own state, because its wait goes on when it has left the
 * endpoint's list. A receiver waits under the endpoint's lock.
 */
#include "kernel/ipc/ipc.h"

#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/entry/user_context.h"
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
    /* LAB 9 BEGIN deliver: move the message, give the right to answer and a reference */
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
    /* LAB 9 END deliver */
}

/* Where a thread goes on that gives up what lies on its stack while it waits in a message call. */
static inline_if_optimized void (*continuation_of(const struct ipc_state *self))(void)
{
    return self->phase == IPC_RECEIVING ? message_given_receive_woken : message_given_call_woken;
}

/*
 * Waits in a message call without a deadline. Nothing that lies on the stack is needed after the
 * wait, so only the user's frame stays: these are the bytes that are saved when the stack is swapped
 * out. It returns only if the thread was woken before it slept. Not with a trace: the end of a call
 * is recorded on the way back.
 */
static inline_if_optimized void wait_in_frame(struct ipc_state *self, struct spinlock *lock)
{
    self->in_frame = false;
    self->holds = self->phase != IPC_RECEIVING;
    self->sleeper = thread_current();
    wait_dropping(lock, user_frame(), continuation_of(self));
    self->holds = false;
}

/*
 * Sleeps until the wait is over; the caller finds out why it is. `lock` guards the wait. A thread
 * that waits in a message call, or in a call that the kernel makes for it, without a deadline, is in
 * no wait queue, so that a direct switch can end the wait.
 */
static inline_if_optimized int wait_inline(struct ipc_state *self, struct spinlock *lock,
                                           uint64_t deadline_ns)
{
    if ((self->in_frame || self->in_kernel) && deadline_ns == WAIT_FOREVER) {
        if (self->in_frame && likely(!trace_wanted)) {
            wait_in_frame(self, lock);
        } else {
            self->sleeper = thread_current();
            wait_in_no_queue(lock);
        }
        return ERROR_KILLED; /* the result if nothing but a kill ended the wait */
    }
    struct thread *sleeper = self->sleeper;
    self->sleeper = NULL;
    int error = wait_queue_sleep(&self->queue, lock, time_left(deadline_ns));
    self->sleeper = sleeper;
    return error;
}

never_inline int ipc_wait(struct ipc_state *self, struct spinlock *lock, uint64_t deadline_ns)
{
    return wait_inline(self, lock, deadline_ns);
}

/*
 * The result of a wait of a thread that gave its stack away, or what lay on it. The lock of the wait
 * is held.
 */
static int wait_given_end(struct ipc_state *self)
{
    if (self->handoff == NULL || !self->handoff->timed) {
        return ERROR_KILLED; /* as in wait_inline() */
    }
    self->handoff->timed = false;
    self->sleeper = thread_current();
    return wait_queue_leave();
}

/*
 * ipc_wait() with ipc=handoff. In a message call nothing on the stack is needed after the wait: the
 * thread goes on as after a wait of the fast path. It returns only if the thread kept its stack, or
 * was woken before it slept.
 */
static SITE_JUMP_FORM int ipc_wait_giving(struct ipc_state *self, struct spinlock *lock,
                                          uint64_t deadline_ns)
{
    struct ipc_handoff *own = self->handoff;
    if (!self->in_frame || own == NULL || !handoff_prepare(&own->stack)) {
        return wait_inline(self, lock, deadline_ns);
    }
    own->stack.continuation = continuation_of(self);
    own->timed = deadline_ns != WAIT_FOREVER;
    own->deadline_ns = deadline_ns;
    self->in_frame = false;
    self->holds = self->phase != IPC_RECEIVING;
    self->sleeper = own->timed ? NULL : thread_current();
    if (own->timed) {
        wait_queue_enter(&self->queue, time_left(deadline_ns));
    }
    wait_giving(lock, &own->stack);
    handoff_cancel(&own->stack);
    self->holds = false;
    return wait_given_end(self);
}
SITE_JUMP_FROM(ipc_wait, SITE_KIND_HANDOFF, ipc_wait_giving);

/*
 * Takes a caller whose wait ended without an answer out of the endpoint's list. Its own lock is
 * held, and released meanwhile.
 */
static void call_leave(struct ipc_state *self, struct endpoint *endpoint)
{
    /* LAB 9 BEGIN call-leave: leave the queue, unless a receiver came in between */
    spin_unlock_quietly(&self->lock);
    spin_lock_by(OFF_ALREADY, &endpoint->lock);
    spin_lock_by(OFF_ALREADY, &self->lock);
    if (self->phase == IPC_SENDING) { /* otherwise it was received in between */
        endpoint_queue_remove(&endpoint->callers, self);
    }
    spin_unlock_quietly(&endpoint->lock);
    /* LAB 9 END call-leave */
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
    /* LAB 9 BEGIN answer-await: sleep, leave the queue if nobody came, and say how it ended */
    /* The answer may have come while the lock was released for donation_give(). */
    int error = self->phase == IPC_ANSWERED ? OK : ipc_wait(self, &self->lock, deadline_ns);
    if (unlikely(error != OK) && self->phase == IPC_SENDING) {
        call_leave(self, endpoint);
    }
    return call_result(self, error);
    /* LAB 9 END answer-await */
}

int ipc_call_end(struct ipc_state *self)
{
    uint64_t flags = spin_lock_irq_save(&self->lock);
    int error = call_result(self, ERROR_KILLED);
    spin_unlock_irq_restore(&self->lock, flags);
    return error;
}

int ipc_call_given_end(struct ipc_state *self, struct endpoint *endpoint)
{
    uint64_t flags = spin_lock_irq_save(&self->lock);
    int error = wait_given_end(self);
    bool queued = self->phase == IPC_SENDING;
    if (queued && error != OK) {
        call_leave(self, endpoint);
    }
    error = call_result(self, error);
    spin_unlock_irq_restore(&self->lock, flags);
    return error;
}

int ipc_call(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns)
{
    self->thread = thread_current();
    self->calling = endpoint;
    /* LAB 9 BEGIN ipc-call: meet a receiver or wait in the queue, then await the answer */
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
    /* LAB 9 END ipc-call */
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
    /* LAB 9 BEGIN caller-await: wait in the queue of receivers */
    endpoint_queue_add(&endpoint->receivers, self);
    self->phase = IPC_RECEIVING;
    return receive_result(self, endpoint, ipc_wait(self, &endpoint->lock, deadline_ns));
    /* LAB 9 END caller-await */
}

int ipc_receive_end(struct ipc_state *self, struct endpoint *endpoint)
{
    uint64_t flags = spin_lock_irq_save(&endpoint->lock);
    int error = receive_result(self, endpoint, ERROR_KILLED);
    spin_unlock_irq_restore(&endpoint->lock, flags);
    return error;
}

int ipc_receive_given_end(struct ipc_state *self, struct endpoint *endpoint)
{
    uint64_t flags = spin_lock_irq_save(&endpoint->lock);
    int error = receive_result(self, endpoint, wait_given_end(self));
    spin_unlock_irq_restore(&endpoint->lock, flags);
    return error;
}

/* Takes the message of the first caller. The endpoint's lock is held. */
static void caller_take(struct ipc_state *self, struct endpoint *endpoint, struct ipc_state *caller)
{
    /* LAB 9 BEGIN caller-take: take the message of a caller that waits */
    endpoint_queue_remove(&endpoint->callers, caller);
    spin_lock_by(OFF_ALREADY, &caller->lock);
    deliver(endpoint, caller, self);
    spin_unlock_quietly(&caller->lock);
    /* LAB 9 END caller-take */
}

/*
 * Uses a right up: ends the call with a result and, unless they are NULL, with a message and the
 * status of a fault. A caller that gave its call up, and may have called again, does not wait for
 * this answer: then the error is ERROR_PEER_DIED.
 */
static int right_use(struct reply_right *right, int result, struct message *message,
                     const int *fault_status)
{
    /* LAB 9 BEGIN right-use: end the call if it is still the one that the right is for */
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
    /* LAB 9 END right-use */
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
    /* LAB 9 BEGIN ipc-receive: end an earlier call, then take a caller, or wait for one */
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
    /* LAB 9 END ipc-receive */
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
    /* LAB 9 BEGIN reply-receive: answer, then receive */
    int error = ipc_reply(self);
    if (error == ERROR_NOT_FOUND) {
        return error;
    }
    return ipc_receive(self, endpoint, deadline_ns);
    /* LAB 9 END reply-receive */
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
