/* See kernel_call.h. */
#include "kernel/ipc/kernel_call.h"

#include "arch/x86_64/entry/user_context.h"
#include "kernel/ipc/message_frame.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/core/direct_switch.h"
#include "sched/core/schedule.h"

/* The first thread that waits in a message call to receive from the endpoint, or NULL. */
static struct ipc_state *receiver_of(const struct endpoint *endpoint)
{
    struct list_node *node = priority_queue_first(&endpoint->receivers);
    struct ipc_state *receiver = node != NULL ? container_of(node, struct ipc_state, node) : NULL;
    return receiver != NULL && receiver->sleeper != NULL ? receiver : NULL;
}

/*
 * Gives the message to a receiver as message_fast.c does. Words alone go into the frame with the
 * registers of the receiver's user, which may be touched for the reasons that are told there. A
 * message with a load goes to the receiver's state, and the receiver takes it from there. The locks
 * of the endpoint and of the run queue are held.
 */
static void message_give(struct ipc_state *self, struct endpoint *endpoint,
                         struct ipc_state *receiver, const struct message *message)
{
    endpoint_queue_remove(&endpoint->receivers, receiver);
    endpoint->server = receiver;
    self->thread = thread_current();
    self->call++; /* first, as in message_fast_call() */
    self->answerer = receiver;
    __atomic_store_n(&self->phase, IPC_AWAITS_REPLY, __ATOMIC_RELEASE);
    self->faulted = false;
    receiver->right = (struct reply_right){.caller = self, .call = self->call};
    object_acquire_inline(self->owner);
    if (likely(message->load == NULL)) {
        message_to_frame(user_frame_at(stack_top(receiver->sleeper->slot)), message);
        receiver->phase = IPC_IDLE;
    } else {
        receiver->message = *message;
        receiver->result = OK;
    }
}

/*
 * Makes the call by a direct switch to a receiver that sleeps on this CPU, and waits for the
 * answer. Returns false if that is not possible; then nothing has changed.
 */
static must_check bool call_directly(struct ipc_state *self, struct endpoint *endpoint,
                                     const struct message *message)
{
    struct thread *thread = thread_current();
    uint64_t flags = spin_lock_irq_save_by(BOTH_ON, &endpoint->lock);
    struct run_queue *queue = this_cpu_pointer(run_queue);
    struct ipc_state *receiver = receiver_of(endpoint);
    struct thread *to = receiver != NULL ? receiver->sleeper : NULL;
    if (to == NULL || to->priority < thread->priority || /* it would inherit */
        direct_switch_begin(queue, thread, to, to->priority) != DIRECT_POSSIBLE) {
        spin_unlock_irq_restore(&endpoint->lock, flags);
        return false;
    }
    message_give(self, endpoint, receiver, message);
    spin_unlock_quietly(&endpoint->lock);
    thread_load(to);
    direct_switch_make(queue, thread, to);
    preempt_interrupts_restore(flags);
    return true;
}

int kernel_call(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns,
                struct message *message, int *fault_status)
{
    const struct message own = self->message;
    int error;
    /* Even if the receiver has to be woken, as one that gave its stack away, it answers directly. */
    self->in_kernel = deadline_ns == WAIT_FOREVER && self->owner != NULL && self->sleeper != NULL;
    if (self->in_kernel && call_directly(self, endpoint, message)) {
        error = ipc_call_end(self);
    } else {
        self->message = *message;
        error = ipc_call(self, endpoint, deadline_ns);
    }
    self->in_kernel = false;
    if (error == ERROR_KILLED && self->faulted) {
        *fault_status = self->fault_status;
        error = ERROR_FAULT;
    }
    *message = self->message;
    self->message = own;
    return error;
}
