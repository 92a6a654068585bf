/*
 * Calls of servers, and the loop of a server. The stubs and the dispatch function of each protocol
 * are generated from the protocol's list (user/protocol/protocol.h) and use these functions.
 */
#pragma once

#include "user/protocol/protocol.h"

struct sys_message;

/* A call, as a client's stub makes it. */
struct protocol_call {
    uint32_t server;
    unsigned label;
    uint64_t words[MESSAGE_WORDS]; /* sent, then received */
    const void *send;              /* NULL: no bytes */
    size_t send_bytes;
    uint32_t give; /* a handle to pass; 0: none */
    void *receive; /* NULL: the answer brings no bytes */
    size_t receive_room, received_bytes;
    bool takes_handle;
    uint32_t taken;
};

/*
 * Calls a server and waits for its answer. Returns the server's status. Errors: those of
 * ipc_call(), ERROR_TOO_LONG (more bytes than a message takes, or than there is room for),
 * ERROR_CORRUPT (the answer lacks the handle that the operation returns), and what the server
 * answers.
 */
must_check int64_t protocol_call(struct protocol_call *call);

/* A call, as a server sees it, and its answer. */
struct protocol_request {
    uint64_t badge;
    unsigned label;
    uint64_t words[MESSAGE_WORDS];
    const uint8_t *bytes; /* in the message buffer: valid until another call is made */
    size_t byte_count;
    bool has_handle;
    uint32_t handle; /* the loop closes it; a server that keeps it sets this to 0 */
    uint64_t answer[PROTOCOL_VALUES];
    uint8_t *answer_bytes; /* PROTOCOL_BYTES_MAX bytes */
    size_t answer_byte_count;
    uint32_t answer_handle;     /* a handle to pass to the caller */
    bool answer_handle_is_lent; /* the server keeps its own handle; else the loop closes it */
};

/* The status of an operation that is answered later, by protocol_reply_later(). */
#define PROTOCOL_LATER INT64_MAX

/* Serves one request: the dispatch of a protocol, or a function that chooses among several. */
typedef int64_t (*protocol_dispatch)(struct protocol_request *request);

/*
 * Serves calls of an endpoint. Returns ERROR_PEER_DIED when no handle may call it any more, or
 * another error of ipc_receive() or ipc_reply_receive().
 */
int protocol_serve(uint32_t endpoint, protocol_dispatch dispatch);

/* A loop that serves the kernel, too: a pager's. */
struct protocol_loop {
    protocol_dispatch dispatch;
    /* Makes the answer to a message of the kernel (lib/fault_message.h). NULL: the answer is empty. */
    void (*kernel)(void *context, struct sys_message *message);
    void *context;
    uint8_t *answer_bytes; /* PROTOCOL_BYTES_MAX bytes, for this loop alone */
};

/*
 * Serves calls of an endpoint, as protocol_serve() does. A program may have such loops in several
 * threads, each of which has called message_place_set().
 */
int protocol_loop_run(uint32_t endpoint, const struct protocol_loop *loop);

/*
 * Answers a call whose right to answer was taken with reply_take(), with a status and the values,
 * bytes and handle in *request. Closes `reply`. It is no error if the client is gone.
 */
void protocol_reply_later(uint32_t reply, int64_t status, const struct protocol_request *request);
