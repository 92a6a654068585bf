/*
 * System calls that pass messages: syscall_list.h describes them. A message's words travel in
 * registers, which the caller's trap frame holds. Its bytes and handles travel in the caller's
 * message buffer: they are copied in before the thread waits, and out after it was woken, each by
 * the thread whose memory it is. So a fault on either side concerns that side's thread alone.
 */
#include "arch/x86_64/entry/user_context.h"
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/ipc/ipc.h"
#include "kernel/ipc/message_frame.h"
#include "kernel/ipc/reply.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall/message_end.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"

#define BUFFER_FIELD(self, field) ((self)->buffer + offsetof(struct message_buffer, field))

/* Copies the numbers of a message's handles from the buffer, and takes a value of each handle. */
static int handles_in(struct ipc_state *self, struct message_load *load, unsigned count)
{
    uint32_t handles[MESSAGE_HANDLES_MAX];
    int error = user_copy_in(handles, BUFFER_FIELD(self, handles), count * sizeof(handles[0]));
    for (unsigned i = 0; i < count && error == OK; i++) {
        error = handle_value_take(caller_handles(), handles[i], RIGHT_TRANSFER, &load->handles[i]);
        load->handle_count += error == OK;
    }
    return error;
}

/* Makes the load of a message, as the tag says, from the thread's message buffer. */
static int load_in(struct ipc_state *self, uint64_t tag)
{
    if (self->buffer == 0) {
        return ERROR_INVALID;
    }
    if (message_tag_handles(tag) > MESSAGE_HANDLES_MAX) {
        return ERROR_TOO_LONG;
    }
    struct message *message = &self->message;
    int error = ipc_load_create(message_tag_bytes(tag), &message->load);
    if (unlikely(error == ERROR_NO_MEMORY)) {
        error = ipc_load_take(message_tag_bytes(tag), budget_is_outermost(task_current()->budget),
                              &message->load);
    }
    if (error != OK) {
        return error;
    }
    error = user_copy_in(message->load->bytes, BUFFER_FIELD(self, bytes), message_tag_bytes(tag));
    if (error == OK && message_tag_handles(tag) != 0) {
        error = handles_in(self, message->load, message_tag_handles(tag));
    }
    if (error != OK) {
        ipc_load_free(message);
    }
    return error;
}

/* Makes self->message from the caller's registers and buffer. */
static int message_in(struct ipc_state *self, const struct trap_frame *frame, uint64_t tag)
{
    if ((tag & ~MESSAGE_TAG_MASK) != 0) {
        return ERROR_INVALID;
    }
    message_words_from_frame(&self->message, frame);
    self->message.tag = tag & ~MESSAGE_TAG_FLAGS;
    return likely((tag & MESSAGE_TAG_LOAD_MASK) == 0) ? OK : load_in(self, tag);
}

/* Makes self->message for a call that sends and does not wait. */
static int answer_in(struct ipc_state *self, uint64_t tag)
{
    return (tag & MESSAGE_TAG_FLAGS) != 0 ? ERROR_INVALID : message_in(self, user_frame(), tag);
}

/* Reads how long the call may wait. */
static int deadline_in(const struct ipc_state *self, uint64_t tag, uint64_t *deadline_ns)
{
    *deadline_ns = (tag & MESSAGE_TAG_POLL) != 0 ? IPC_POLL : WAIT_FOREVER;
    if (likely((tag & MESSAGE_TAG_DEADLINE) == 0)) {
        return OK;
    }
    if (self->buffer == 0 || (tag & MESSAGE_TAG_POLL) != 0) {
        return ERROR_INVALID;
    }
    return user_copy_in(deadline_ns, BUFFER_FIELD(self, deadline_ns), sizeof(*deadline_ns));
}

/* Puts the handles of a load into the caller's table, and their numbers into the buffer. */
static int handles_out(const struct ipc_state *self, struct message_load *load)
{
    uint32_t handles[MESSAGE_HANDLES_MAX];
    unsigned count = 0;
    int error = OK;
    while (count < load->handle_count &&
           (error = handle_put(caller_handles(), &load->handles[count], &handles[count])) == OK) {
        count++;
    }
    if (error == OK) {
        error = user_copy_out(BUFFER_FIELD(self, handles), handles, count * sizeof(handles[0]));
    }
    if (error != OK) { /* all or none: with the message its handles are lost */
        for (unsigned i = 0; i < count; i++) {
            ignore_result(handle_close(caller_handles(), handles[i]));
        }
    }
    for (unsigned i = count; i < load->handle_count; i++) {
        handle_value_release(&load->handles[i]);
    }
    load->handle_count = 0; /* none is left in the load */
    return error;
}

/* Writes the load of a message that was received into the buffer, and frees it. */
static int load_out(struct ipc_state *self)
{
    struct message_load *load = self->message.load;
    int error = ERROR_TOO_LONG;
    if (self->buffer != 0) {
        error = user_copy_out(BUFFER_FIELD(self, bytes), load->bytes, load->byte_count);
    }
    if (error == OK && load->handle_count != 0) {
        error = handles_out(self, load);
    }
    ipc_load_free(&self->message);
    return error;
}

/* Writes the registers that the caller gets: the message, or zeroes. Returns the error. */
static int registers_out(const struct ipc_state *self, int error)
{
    static const struct message nothing;
    const struct message *message = error == OK ? &self->message : &nothing;
    message_to_frame(user_frame(), message);
    return error;
}

/* Finds the endpoint that the handle names, and makes the message to send, if `sends`. */
static int begin(struct ipc_state *self, uint64_t handle, uint64_t tag, unsigned right, bool sends,
                 struct object **object, uint64_t *deadline_ns)
{
    int error = sends                             ? message_in(self, user_frame(), tag)
                : (tag & ~MESSAGE_TAG_FLAGS) != 0 ? ERROR_INVALID
                                                  : OK;
    if (error == OK) {
        error = deadline_in(self, tag, deadline_ns);
    }
    if (error == OK) {
        error = handle_find(caller_handles(), handle, OBJECT_ENDPOINT, right, object,
                            &self->message.badge);
    }
    return error;
}

int64_t message_call_end(struct ipc_state *self, int error)
{
    if (likely(error == IPC_IN_FRAME)) {
        return OK;
    }
    if (unlikely(error == ERROR_KILLED && self->faulted)) {
        thread_exit(self->fault_status);
    }
    if (error == OK && self->message.load != NULL) {
        error = load_out(self);
    }
    ipc_load_free(&self->message);
    return registers_out(self, error);
}

/* Releases the endpoint of a call that has ended. */
static void call_release(struct object *object, int error maybe_unused)
{
#ifdef LESSON_PLANTED_BUG /* on purpose, for the fuzzer to find: tests/boot/fuzz_planted.py */
    if (error == ERROR_AGAIN) {
        return;
    }
#endif
    object_release(object);
}

/* If ipc_call() waits, the thread may give up this function's variables (ipc_wait()). */
int64_t call_ipc_call(uint64_t handle, uint64_t tag)
{
    struct ipc_state *self = &thread_user()->ipc;
    struct object *object;
    uint64_t deadline_ns;
    int error = begin(self, handle, tag, RIGHT_SEND, true, &object, &deadline_ns);
    if (error == OK) {
        self->in_frame = true;
        error = ipc_call(self, endpoint_of(object), deadline_ns);
        self->in_frame = false;
        call_release(object, error);
        return message_call_end(self, error);
    }
    ipc_load_free(&self->message);
    return registers_out(self, error);
}

/*
 * Makes the endpoint the one that the thread receives from, and keeps the reference of the caller.
 * The fast path receives only from this endpoint, and takes no reference.
 */
static struct endpoint *endpoint_keep(struct ipc_state *self, struct object *object)
{
    struct endpoint *before = self->endpoint;
    self->endpoint = endpoint_of(object);
    if (before != NULL) {
        if (before != self->endpoint) {
            endpoint_server_end(before, self);
        }
        object_release(&before->object);
    }
    self->receive_closes = 0; /* the next call of the fast path looks its handle up */
    return self->endpoint;
}

/* Receives once. With in_frame set, a direct switch may put the message into the trap frame. */
static int receive_once(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns)
{
    self->in_frame = true;
    int error = ipc_receive(self, endpoint, deadline_ns);
    self->in_frame = false;
    return error;
}

/*
 * Completes a receive that ended with `error`: writes the load of the message into the buffer. If
 * this thread has no buffer, the sender's call fails and the thread receives again. If the buffer
 * cannot be written, or the handles find no room, the sender's call and the receive both fail.
 */
static int receive_on(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns,
                      int error)
{
    while (error == OK && self->message.load != NULL) {
        error = load_out(self);
        if (error == OK) {
            break;
        }
        ignore_result(ipc_reply_error(self, error)); /* the caller may be gone */
        if (error == ERROR_TOO_LONG) {
            error = receive_once(self, endpoint, deadline_ns);
        }
    }
    return error;
}

/* Writes the caller's registers, unless a direct switch has written them (IPC_IN_FRAME). */
static int64_t receive_registers(const struct ipc_state *self, int error)
{
    return error == IPC_IN_FRAME ? OK : registers_out(self, error);
}

int64_t message_receive_end(struct ipc_state *self, int error)
{
    return receive_registers(self, receive_on(self, self->endpoint, WAIT_FOREVER, error));
}

int64_t message_receive_end_until(struct ipc_state *self, uint64_t deadline_ns, int error)
{
    return receive_registers(self, receive_on(self, self->endpoint, deadline_ns, error));
}

int64_t call_ipc_receive(uint64_t handle, uint64_t tag)
{
    struct ipc_state *self = &thread_user()->ipc;
    struct object *object;
    uint64_t deadline_ns;
    int error = begin(self, handle, tag, RIGHT_RECEIVE, false, &object, &deadline_ns);
    if (error == OK) {
        struct endpoint *endpoint = endpoint_keep(self, object);
        error = receive_on(self, endpoint, deadline_ns, receive_once(self, endpoint, deadline_ns));
    }
    return receive_registers(self, error);
}

int64_t call_ipc_reply(uint64_t unused maybe_unused, uint64_t tag)
{
    struct ipc_state *self = &thread_user()->ipc;
    int error = answer_in(self, tag);
    if (error == OK) {
        error = ipc_reply(self);
        ipc_load_free(&self->message);
    }
    self->message = (struct message){.tag = 0};
    return registers_out(self, error);
}

int64_t call_ipc_reply_receive(uint64_t handle, uint64_t tag)
{
    struct ipc_state *self = &thread_user()->ipc;
    struct object *object;
    uint64_t deadline_ns;
    int error = begin(self, handle, tag, RIGHT_RECEIVE, true, &object, &deadline_ns);
    if (error == OK) {
        struct endpoint *endpoint = endpoint_keep(self, object);
        error = ipc_reply(self);
        if (error != ERROR_NOT_FOUND) {
            error =
                receive_on(self, endpoint, deadline_ns, receive_once(self, endpoint, deadline_ns));
        }
    }
    ipc_load_free(&self->message);
    return receive_registers(self, error);
}

int64_t call_reply_answer(uint64_t handle, uint64_t tag)
{
    struct ipc_state *self = &thread_user()->ipc;
    struct object *object;
    int error = answer_in(self, tag);
    if (error == OK) {
        error = handle_find(caller_handles(), handle, OBJECT_REPLY, RIGHT_SEND, &object, NULL);
        if (error == OK) {
            error = reply_answer(reply_of(object), &self->message);
            object_release(object);
        }
        ipc_load_free(&self->message);
    }
    self->message = (struct message){.tag = 0};
    return registers_out(self, error);
}
