/* Clients of servers that break their protocol. */
#include "user/lib/protocol.h"

#include "user/lib/message_buffer.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"
#include "user/test/test.h"

#define ANSWER_BYTES 16
#define HANDLES_MOST 20000 /* more than a task may have */

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

static int64_t count_dispatch(struct protocol_request *request maybe_unused)
{
    return OK;
}

static int count_serve(void *argument)
{
    struct server *server = argument;

    message_place_set(&server->place);
    return protocol_serve(server->endpoint, count_dispatch);
}

/* Fills the program's table with duplicates of a handle, and returns how many it made. */
static unsigned handles_fill(uint32_t handle, uint32_t *made, unsigned most)
{
    unsigned count = 0;
    int64_t next;

    while (count < most && (next = sys_handle_duplicate(handle, RIGHT_SEND)) > 0) {
        made[count++] = (uint32_t)next;
    }
    return count;
}

USER_TEST(ULB0006, "a server goes on after a message whose handle found no room in its table")
{
    static struct server server;
    static uint32_t made[HANDLES_MOST];
    struct thread thread;
    int64_t endpoint = sys_endpoint_create(), given = sys_notification_create();
    int64_t receives = sys_handle_duplicate((uint64_t)endpoint, RIGHT_RECEIVE);
    struct protocol_call call = {.server = (uint32_t)endpoint, .give = (uint32_t)given};

    test_check(endpoint > 0 && given > 0 && receives > 0);
    server.endpoint = (uint32_t)receives;
    test_equal(thread_create(&thread, count_serve, &server, NULL), OK);
    unsigned count = handles_fill((uint32_t)given, made, HANDLES_MOST);
    test_check(count > 0 && count < HANDLES_MOST);
    test_equal(protocol_call(&call), ERROR_QUOTA);
    while (count > 0) {
        test_equal(sys_handle_close(made[--count]), OK);
    }
    test_equal(protocol_call(&call), OK);
    test_equal(sys_handle_close((uint64_t)endpoint), OK); /* nobody can call any more */
    test_equal(thread_join(&thread), ERROR_PEER_DIED);
    test_equal(sys_handle_close((uint64_t)receives), OK);
    test_equal(sys_handle_close((uint64_t)given), OK);
}
