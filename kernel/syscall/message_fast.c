/*
 * The fast path of message calls: a message of six words and no load goes to a thread that waits on
 * this CPU, with a direct switch. syscall_entry.asm calls these functions with interrupts off, and
 * they stay off until the other thread is back in user mode.
 *
 * The words go from the sender's trap frame to the receiver's. The receiver's frame lies on top of
 * its stack. It may be touched, because the run queue's lock is held and the thread is blocked
 * without pending work: so it is no swap candidate and its top page is in place.
 *
 * If a condition does not hold, nothing has changed: the reason is counted, and message_calls.c
 * makes the call. A thread that waits here may also be woken by other parts of IPC. Then it goes on
 * in call_woken() or receive_woken().
 */
#include "kernel/syscall/message_fast.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/entry/user_context.h"
#include "kernel/ipc/ipc.h"
#include "kernel/ipc/message_frame.h"
#include "kernel/syscall/message_direct.h"
#include "kernel/syscall/message_end.h"
#include "kernel/syscall/message_handoff.h"
#include "kernel/task/user_thread.h"
#include "lib/error.h"
#include "sched/core/direct_switch.h"
#include "sched/core/schedule.h"
#include "sched/stack/handoff.h"

PER_CPU(struct message_fast_counts, message_fast_counts);

/* Counts a reason. Returns MESSAGE_FAST_LEFT. */
static never_inline int64_t leave(enum message_fast_reason reason)
{
    this_cpu_pointer(message_fast_counts)->left[reason]++;
    return MESSAGE_FAST_LEFT;
}

/* Counts the reason for which the direct switch was refused. Returns MESSAGE_FAST_LEFT. */
static never_inline int64_t leave_refused(enum direct_refusal refusal)
{
    static const uint8_t reasons[] = {
        [DIRECT_KILLED] = MESSAGE_LEFT_KILLED,   [DIRECT_ELSEWHERE] = MESSAGE_LEFT_ELSEWHERE,
        [DIRECT_PENDING] = MESSAGE_LEFT_PENDING, [DIRECT_PRIORITY] = MESSAGE_LEFT_PRIORITY,
        [DIRECT_GATE] = MESSAGE_LEFT_GATE,
    };
    return leave(reasons[refusal]);
}

/* The thread was not woken by a direct switch: completes its call as message_calls.c does. */
static never_inline int64_t call_woken(struct ipc_state *self)
{
    interrupts_enable();
    int64_t result = message_call_end(self, ipc_call_end(self));
    interrupts_disable();
    return result;
}

/* The thread was not woken by a direct switch: completes its receive as message_calls.c does. */
static never_inline int64_t receive_woken(struct ipc_state *self)
{
    interrupts_enable();
    int64_t result = message_receive_end(self, ipc_receive_end(self, self->endpoint));
    interrupts_disable();
    return result;
}

/* Completes a call, or a receive. After a direct switch the message is in the thread's frame. */
static always_inline int64_t call_end(struct ipc_state *self)
{
    return likely(self->phase == IPC_IDLE) ? OK : call_woken(self);
}
static always_inline int64_t receive_end(struct ipc_state *self)
{
    return likely(self->phase == IPC_IDLE) ? OK : receive_woken(self);
}

int64_t message_call_woken(struct switch_handover handover)
{
    finish_switch(handover);
    return call_end(&thread_user()->ipc);
}

int64_t message_receive_woken(struct switch_handover handover)
{
    finish_switch(handover);
    return receive_end(&thread_user()->ipc);
}

/* Writes a message into the frame of a thread that waits on this CPU. The run queue is locked. */
static inline_if_optimized void words_move(const struct user_thread *to_user,
                                           const struct user_thread *from_user, uint64_t badge,
                                           uint64_t tag)
{
    struct trap_frame *frame = user_frame_at(to_user->context.stack_top);
    const struct trap_frame *from = user_frame_at(from_user->context.stack_top);
    frame->rdi = badge;
    frame->rsi = tag;
    frame->rdx = from->rdx;
    frame->r8 = from->r8;
    frame->r9 = from->r9;
    frame->r10 = from->r10;
    frame->r12 = from->r12;
    frame->r13 = from->r13;
}

/* Answers a call that the kernel makes for a thread: kernel_call.c. The run queue is locked. */
static never_inline void answer_kernel(struct ipc_state *to, const struct user_thread *from_user,
                                       uint64_t tag)
{
    message_words_from_frame(&to->message, user_frame_at(from_user->context.stack_top));
    to->message.tag = tag;
    to->message.badge = 0;
    to->message.load = NULL;
    to->result = OK;
}

/*
 * Finds the endpoint that a handle with this right names, and the handle's badge, and locks the
 * endpoint. Returns false, with nothing locked, if there is no such endpoint or right.
 *
 * While the endpoint's lock is held the endpoint is not freed, although the table's lock has been
 * released: the handle was open under the table's lock, and the code that closes the last handle
 * with this right takes the endpoint's lock before it releases its reference (endpoint.c).
 */
static inline_if_optimized bool endpoint_lock(struct handle_table *table, uint64_t handle,
                                              unsigned right, struct endpoint **endpoint,
                                              uint64_t *badge)
{
    struct handle_entry *entry;
    spinlock_take(&table->lock);
    if (unlikely(!handle_match(table, handle, OBJECT_ENDPOINT, right, &entry))) {
        spinlock_pass(&table->lock);
        return false;
    }
    *badge = entry->badge;
    *endpoint = endpoint_of(entry->object);
    spinlock_take(&(*endpoint)->lock);
    spinlock_pass(&table->lock);
    return true;
}

/*
 * The slow part of receive_lock(), for a handle that is not the noted one, or when a handle of the
 * table has been closed since: looks the handle up. Notes it if it names the endpoint that the
 * thread received from last, to which the thread has a reference. Returns NULL, with nothing
 * locked, if there is no such endpoint or right.
 */
static never_inline struct endpoint *receive_lock_slowly(struct ipc_state *self, uint64_t handle)
{
    struct endpoint *endpoint;
    uint64_t own_badge; /* the badge of the receiver's own handle is not used */
    uint64_t closes = __atomic_load_n(&self->handles->closes, __ATOMIC_SEQ_CST);
    if (!endpoint_lock(self->handles, handle, RIGHT_RECEIVE, &endpoint, &own_badge)) {
        return NULL;
    }
    if (endpoint == self->endpoint) {
        self->receive_handle = (uint32_t)handle;
        self->receive_closes = closes;
    }
    return endpoint;
}

/*
 * Finds the endpoint that a thread receives from, and locks it. Returns NULL if the handle names no
 * endpoint or lacks the right.
 */
static always_inline struct endpoint *receive_lock(struct ipc_state *self, uint64_t handle)
{
    if (unlikely(handle != self->receive_handle) ||
        unlikely(self->receive_closes !=
                 __atomic_load_n(&self->handles->closes, __ATOMIC_SEQ_CST))) {
        return receive_lock_slowly(self, handle);
    }
    spinlock_take(&self->endpoint->lock);
    return self->endpoint;
}

/*
 * Returns the struct user_thread that contains the state of a thread which sleeps in a message
 * call. (Other states need not lie in one, but only threads of user mode have a sleeper there.)
 */
static always_inline struct user_thread *user_of(struct ipc_state *state)
{
    return container_of(state, struct user_thread, ipc);
}

/*
 * Ends what the calling thread inherited by the call that it has answered. The run queue is locked.
 */
static never_inline void inherited_end(struct thread *thread)
{
    thread->inherited[THREAD_INHERIT_CALL] = 0;
    thread->priority = thread->inherited[THREAD_INHERIT_MUTEX] > thread->base_priority
                           ? thread->inherited[THREAD_INHERIT_MUTEX]
                           : thread->base_priority;
}

/*
 * Switches to a thread whose frame has its message. The run queue's lock is the only one held. The
 * caller sleeps as by the direct path, and goes on at `continuation`. With FRED the way to user
 * mode is another one, and a trace records each switch: then the function returns when a CPU
 * switches back.
 */
static inline_if_optimized void go(struct run_queue *queue, struct thread *from, struct thread *to,
                                   struct user_thread *to_user,
                                   message_direct_continuation continuation)
{
    this_cpu_pointer(message_fast_counts)->by_frame++;
    user_context_load_inline(&to_user->context);
    if (unlikely(to_user->context.fpu != NULL)) {
        schedule_switch_fpu(to_user->context.fpu);
    }
    if (unlikely(fred_is_active() || trace_wanted)) {
        direct_switch_make(queue, from, to);
        return;
    }
    direct_switch_states(from, to);
    thread_switch_dropping(&from->saved_rsp, to->saved_rsp, switch_begin(queue, from, to),
                           user_frame_at(from->user->context.stack_top), continuation);
}

/* direct_switch_begin(), or with `handoff` what stands for it. */
static inline_if_optimized enum direct_refusal switch_begin_either(struct run_queue *queue,
                                                                   struct thread *from,
                                                                   struct thread *to,
                                                                   unsigned priority, bool handoff)
{
    return handoff ? message_handoff_begin(queue, from, to, priority)
                   : direct_switch_begin(queue, from, to, priority);
}

/* Ends the call of the thread that got the caller's stack. */
static inline_if_optimized int64_t given_return(int64_t result)
{
    this_cpu_pointer(message_fast_counts)->by_frame++;
    return message_handoff_return(result);
}

/* The body of message_fast_call(). With `handoff` threads may be handed. */
static always_inline int64_t fast_call(uint64_t handle, uint64_t tag, bool handoff)
{
    struct thread *thread = thread_current();
    struct user_thread *user = thread->user;
    struct ipc_state *self = &user->ipc;
    struct run_queue *queue = this_cpu_pointer(run_queue);
    struct endpoint *endpoint;
    uint64_t badge;

    if (unlikely((tag & ~MESSAGE_TAG_LABEL_MASK) != 0)) {
        return leave(MESSAGE_LEFT_TAG);
    }
    if (unlikely(!endpoint_lock(self->handles, handle, RIGHT_SEND, &endpoint, &badge))) {
        return leave(MESSAGE_LEFT_HANDLE);
    }
    enum message_fast_reason reason = MESSAGE_LEFT_NOBODY;
    if (unlikely(priority_queue_empty(&endpoint->receivers))) {
        goto left;
    }
    struct ipc_state *receiver =
        container_of(priority_queue_head(&endpoint->receivers), struct ipc_state, node);
    struct thread *to = receiver->sleeper;
    reason = MESSAGE_LEFT_SLOW_WAIT;
    if (unlikely(to == NULL)) {
        goto left;
    }
    unsigned priority = thread->priority > to->priority ? thread->priority : to->priority;
    enum direct_refusal refusal = switch_begin_either(queue, thread, to, priority, handoff);
    if (unlikely(refusal != DIRECT_POSSIBLE)) {
        spinlock_pass(&endpoint->lock);
        return leave_refused(refusal);
    }
    if (unlikely(priority != to->priority)) { /* `to` is in no run queue */
        to->inherited[THREAD_INHERIT_CALL] = to->priority = (uint8_t)priority;
    }
    endpoint_queue_remove_inline(&endpoint->receivers, receiver);
    endpoint->server = receiver;
    spinlock_pass(&endpoint->lock);

    /*
     * `call` changes first: a thread that answers an earlier call compares it, and must not answer
     * this call.
     */
    self->call++;
    self->answerer = receiver;
    __atomic_store_n(&self->phase, IPC_AWAITS_REPLY, __ATOMIC_RELEASE);
    self->faulted = false;
    self->sleeper = self->thread = thread;
    receiver->right = (struct reply_right){.caller = self, .call = self->call};
    object_acquire_inline(self->owner);
    receiver->phase = IPC_IDLE;
    if (handoff &&
        message_handoff_go(queue, thread, to, user_of(receiver), badge, message_given_call_woken)) {
        return given_return(message_given_receive_result(receiver));
    }
    words_move(user_of(receiver), user, badge, tag);
    go(queue, thread, to, user_of(receiver), message_direct_call_woken);
    return call_end(self);

left:
    spinlock_pass(&endpoint->lock);
    return leave(reason);
}

int64_t message_fast_call(uint64_t handle, uint64_t tag)
{
    return fast_call(handle, tag, false);
}

static SITE_JUMP_FORM int64_t call_handoff(uint64_t handle, uint64_t tag)
{
    return fast_call(handle, tag, true);
}
SITE_JUMP_FROM(message_fast_call, SITE_KIND_HANDOFF_UNTRACED, call_handoff);

/* The body of message_fast_reply_receive(). With `handoff` threads may be handed. */
static always_inline int64_t fast_reply_receive(uint64_t handle, uint64_t tag, bool handoff)
{
    struct thread *thread = thread_current();
    struct user_thread *user = thread->user;
    struct ipc_state *self = &user->ipc;
    struct run_queue *queue = this_cpu_pointer(run_queue);
    struct ipc_state *caller = self->right.caller;

    if (unlikely((tag & ~MESSAGE_TAG_LABEL_MASK) != 0)) {
        return leave(MESSAGE_LEFT_TAG);
    }
    if (unlikely(caller == NULL)) {
        return leave(MESSAGE_LEFT_NOBODY);
    }
    struct endpoint *endpoint = receive_lock(self, handle);
    if (unlikely(endpoint == NULL)) {
        return leave(MESSAGE_LEFT_HANDLE);
    }
    enum message_fast_reason reason = MESSAGE_LEFT_ENDPOINT;
    if (unlikely(self->endpoint != endpoint || endpoint->callers_gone ||
                 endpoint->receivers_gone)) {
        goto left;
    }
    reason = MESSAGE_LEFT_CALLERS;
    if (unlikely(!priority_queue_empty(&endpoint->callers))) {
        goto left;
    }
    /*
     * The caller leaves the phase IPC_AWAITS_REPLY only under its own lock. While that is held, it
     * stays in its call.
     */
    spinlock_take(&caller->lock);
    reason = MESSAGE_LEFT_CALLER_GONE;
    if (unlikely(caller->phase != IPC_AWAITS_REPLY || caller->call != self->right.call)) {
        goto left_caller;
    }
    struct thread *to = caller->sleeper;
    reason = MESSAGE_LEFT_SLOW_WAIT;
    if (unlikely(to == NULL)) {
        goto left_caller;
    }
    enum direct_refusal refusal = switch_begin_either(queue, thread, to, to->priority, handoff);
    if (unlikely(refusal != DIRECT_POSSIBLE)) {
        spinlock_pass(&caller->lock);
        spinlock_pass(&endpoint->lock);
        return leave_refused(refusal);
    }
    bool in_kernel = caller->in_kernel;
    caller->phase = in_kernel ? IPC_ANSWERED : IPC_IDLE;
    spinlock_pass(&caller->lock);
    self->right.caller = NULL;
    self->phase = IPC_RECEIVING;
    self->sleeper = thread;
    if (unlikely(thread->inherited[THREAD_INHERIT_CALL] != 0)) {
        inherited_end(thread);
    }
    endpoint_queue_add_inline(&endpoint->receivers, self, thread->priority);
    spinlock_pass(&endpoint->lock);

    object_release_inline(caller->owner); /* not the last: the thread itself has another one */
    if (in_kernel) {
        answer_kernel(caller, user, tag);
    } else if (handoff && message_handoff_go(queue, thread, to, user_of(caller), 0,
                                             message_given_receive_woken)) {
        return given_return(message_given_call_result(caller));
    } else {
        words_move(user_of(caller), user, 0, tag);
    }
    go(queue, thread, to, user_of(caller), message_direct_receive_woken);
    return receive_end(self);

left_caller:
    spinlock_pass(&caller->lock);
left:
    spinlock_pass(&endpoint->lock);
    return leave(reason);
}

int64_t message_fast_reply_receive(uint64_t handle, uint64_t tag)
{
    return fast_reply_receive(handle, tag, false);
}

static SITE_JUMP_FORM int64_t reply_receive_handoff(uint64_t handle, uint64_t tag)
{
    return fast_reply_receive(handle, tag, true);
}
SITE_JUMP_FROM(message_fast_reply_receive, SITE_KIND_HANDOFF_UNTRACED, reply_receive_handoff);

int64_t message_fast_none(uint64_t handle maybe_unused, uint64_t tag maybe_unused)
{
    return MESSAGE_FAST_LEFT;
}
