/* See protocol.h. */
#include "user/lib/protocol.h"

#include "lib/string.h"
#include "user/lib/message_buffer.h"
#include "user/syscalls.h"

/* Fills the message buffer, and returns the tag. */
static uint64_t load_put(struct message_buffer *buffer, unsigned label, const void *bytes,
                         size_t byte_count, uint32_t handle)
{
    if (byte_count > 0 && bytes != buffer->bytes) {
        memcpy(buffer->bytes, bytes, byte_count);
    }
    buffer->handles[0] = handle;
    return message_tag(label, handle != 0, (unsigned)byte_count);
}

/* Closes the handles of a message from number `first` on. */
static void handles_close(const struct message_buffer *buffer, unsigned first, uint64_t tag)
{
    for (unsigned i = first; i < message_tag_handles(tag); i++) {
        ignore_result(sys_handle_close(buffer->handles[i])); /* it is the program's own */
    }
}

/* Takes the handle and the bytes of an answer. Returns the server's status, or an error. */
static int64_t answer_take(struct protocol_call *call, const struct message_buffer *buffer,
                           uint64_t tag)
{
    int64_t status = (int64_t)call->words[0];
    size_t bytes = message_tag_bytes(tag);
    bool is_good = status >= 0, has_room = call->receive == NULL || bytes <= call->receive_room;
    unsigned wanted = is_good && has_room && call->takes_handle;

    handles_close(buffer, wanted, tag);
    if (is_good && !has_room) {
        return ERROR_TOO_LONG;
    }
    if (message_tag_handles(tag) < wanted) {
        return ERROR_CORRUPT;
    }
    call->taken = wanted ? buffer->handles[0] : 0;
    if (is_good && call->receive != NULL) {
        memcpy(call->receive, buffer->bytes, bytes);
        call->received_bytes = bytes;
    }
    return status;
}

int64_t protocol_call(struct protocol_call *call)
{
    struct message_buffer *buffer = message_buffer();
    struct sys_message message;
    int64_t error;

    if (call->send_bytes > PROTOCOL_BYTES_MAX) {
        return ERROR_TOO_LONG;
    }
    message.tag = load_put(buffer, call->label, call->send, call->send_bytes, call->give);
    memcpy(message.words, call->words, sizeof(message.words));
    error = sys_ipc_call(call->server, &message);
    if (error != OK) {
        memset(call->words, 0, sizeof(call->words));
        return error;
    }
    memcpy(call->words, message.words, sizeof(call->words));
    return answer_take(call, buffer, message.tag);
}

/* Makes a message of the answer. */
static struct sys_message answer_make(int64_t status, const struct protocol_request *request)
{
    struct sys_message message = {.words = {(uint64_t)status}};

    if (status >= 0) {
        memcpy(message.words + 1, request->answer, sizeof(request->answer));
        message.tag = load_put(message_buffer(), 0, request->answer_bytes,
                               request->answer_byte_count, request->answer_handle);
    }
    return message;
}

/* Closes the handles that a request brought or answers with, unless the server keeps them. */
static void request_end(struct protocol_request *request)
{
    if (request->handle != 0) {
        ignore_result(sys_handle_close(request->handle)); /* it is the server's own */
    }
    if (request->answer_handle != 0 && !request->answer_handle_is_lent) {
        ignore_result(sys_handle_close(request->answer_handle)); /* the server's own, too */
    }
}

void protocol_reply_later(uint32_t reply, int64_t status, const struct protocol_request *request)
{
    struct sys_message message = answer_make(status, request);

    ignore_result(sys_reply_answer(reply, &message)); /* the client may have gone */
    ignore_result(sys_handle_close(reply));           /* `reply` was open until now */
}

/* Makes a request of a message. */
static void request_make(struct protocol_request *request, const struct sys_message *message,
                         const struct message_buffer *buffer, uint8_t *answer_bytes)
{
    *request = (struct protocol_request){
        .badge = message->badge,
        .label = message_tag_label(message->tag),
        .bytes = buffer->bytes,
        .byte_count = message_tag_bytes(message->tag),
        .has_handle = message_tag_handles(message->tag) > 0,
        .answer_bytes = answer_bytes,
    };
    memcpy(request->words, message->words, sizeof(request->words));
    if (request->has_handle) {
        request->handle = buffer->handles[0];
        handles_close(buffer, 1, message->tag);
    }
}

/*
 * Says whether a receive failed for one message only: there was no room for its handles. Its sender
 * was told the error, and the next message may be taken.
 */
static bool is_of_one_message(int64_t error)
{
    return error == ERROR_QUOTA || error == ERROR_NO_MEMORY;
}

/* Receives the next message. Returns the error that ends the server. */
static int64_t message_receive(uint32_t endpoint, struct sys_message *message)
{
    int64_t error;

    do {
        *message = (struct sys_message){0};
        error = sys_ipc_receive(endpoint, message);
    } while (is_of_one_message(error));
    return error;
}

/* Answers, and receives the next message. Returns the error that ends the server. */
static int64_t message_answer(uint32_t endpoint, struct sys_message *message)
{
    int64_t error = sys_ipc_reply_receive(endpoint, message);

    return is_of_one_message(error) ? message_receive(endpoint, message) : error;
}

/* Serves one message. Sends the answer and waits for the next message. */
static int64_t message_serve(uint32_t endpoint, const struct protocol_loop *loop,
                             struct sys_message *message)
{
    struct protocol_request request;
    int64_t status;

    request_make(&request, message, message_buffer(), loop->answer_bytes);
    status = loop->dispatch(&request);
    if (status == PROTOCOL_LATER) {
        request_end(&request);
    } else {
        *message = answer_make(status, &request);
        if (status < 0 || request.answer_handle == 0) {
            request_end(&request);
            return message_answer(endpoint, message);
        }
        /* The handle may be closed only after the answer was sent. */
        ignore_result(sys_ipc_reply(message)); /* the client may have gone */
        request_end(&request);
    }
    return message_receive(endpoint, message);
}

/* Has the loop answer a message of the kernel, and waits for the next message. */
static int64_t kernel_serve(uint32_t endpoint, const struct protocol_loop *loop,
                            struct sys_message *message)
{
    handles_close(message_buffer(), 0, message->tag);
    if (loop->kernel != NULL) {
        loop->kernel(loop->context, message);
    } else {
        *message = (struct sys_message){0};
    }
    return message_answer(endpoint, message);
}

int protocol_loop_run(uint32_t endpoint, const struct protocol_loop *loop)
{
    struct sys_message message;
    int64_t error;

    (void)message_buffer(); /* the kernel must know it before the first message */
    error = message_receive(endpoint, &message);
    while (error == OK) {
        error = (message.tag & MESSAGE_TAG_KERNEL) != 0 ? kernel_serve(endpoint, loop, &message)
                                                        : message_serve(endpoint, loop, &message);
    }
    return (int)error;
}

int protocol_serve(uint32_t endpoint, protocol_dispatch dispatch)
{
    static uint8_t answer_bytes[PROTOCOL_BYTES_MAX]; /* a program has one such loop */
    const struct protocol_loop loop = {.dispatch = dispatch, .answer_bytes = answer_bytes};

    return protocol_loop_run(endpoint, &loop);
}
