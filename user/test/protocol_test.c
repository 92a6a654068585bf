/* Clients of servers that break their protocol. */
#include "user/lib/protocol.h"

#include "user/lib/message_buffer.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"
#include "user/test/test.h"

#define ANSWER_BYTES 16

struct server {
    uint32_t endpoint, notification;
    struct message_place place;
};

/* Answers one call with a handle to the notification and with bytes, and closes its own handle. */
static int serve(void *argument)
{
    struct server *server = argument;
    struct sys_message message = {0};

    message_place_set(&server->place);
    test_equal(sys_ipc_receive(server->endpoint, &message), OK);
    message = (struct sys_message){.tag = message_tag(0, 1, ANSWER_BYTES)};
    message_buffer()->handles[0] = server->notification;
    test_equal(sys_ipc_reply(&message), OK);
    test_equal(sys_handle_close(server->notification), OK);
    return 0;
}

USER_TEST(ULB0004, "a handle that comes with an answer of too many bytes is closed")
{
    static struct server server;
    char room[ANSWER_BYTES / 2];
    struct protocol_call call = {
        .receive = room, .receive_room = sizeof(room), .takes_handle = true};
    struct thread thread;
    uint64_t bits;
    int64_t endpoint = sys_endpoint_create(), notification = sys_notification_create();
    int64_t waits = sys_handle_duplicate((uint64_t)notification, RIGHT_RECEIVE);

    test_check(endpoint > 0 && notification > 0 && waits > 0);
    server.endpoint = call.server = (uint32_t)endpoint;
    server.notification = (uint32_t)notification;
    test_equal(thread_create(&thread, serve, &server, NULL), OK);
    test_equal(protocol_call(&call), ERROR_TOO_LONG);
    test_equal(call.taken, 0);
    test_equal(thread_join(&thread), 0);
    /* No handle is left that may signal. */
    test_equal(sys_notification_wait((uint64_t)waits, 0, &bits), ERROR_PEER_DIED);
}
