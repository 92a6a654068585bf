/* Messages between threads in user mode: tags, buffers and handles, and each error. */
#include "lib/error.h"
#include "lib/string.h"
#include "tests/syscall/message_fixture.h"
#include "tests/test.h"

TEST(SYS0010, "tags with unknown bits, too many bytes or handles, or no buffer are refused", ALWAYS)
{
    if (!messages_begin(10)) {
        return;
    }
    static const struct {
        uint64_t tag;
        int without, with; /* a message buffer */
    } tags[] = {
        {1UL << 34, ERROR_INVALID, ERROR_INVALID},
        {1UL << 63, ERROR_INVALID, ERROR_INVALID},
        {MESSAGE_TAG_POLL | MESSAGE_TAG_DEADLINE, ERROR_INVALID, ERROR_INVALID},
        {1, ERROR_INVALID, ERROR_AGAIN},
        {MESSAGE_BYTES_MAX, ERROR_INVALID, ERROR_AGAIN},
        {MESSAGE_BYTES_MAX + 1, ERROR_INVALID, ERROR_TOO_LONG},
        {MESSAGE_TAG_BYTES_MASK, ERROR_INVALID, ERROR_TOO_LONG},
        {5UL << MESSAGE_TAG_HANDLES_SHIFT, ERROR_INVALID, ERROR_TOO_LONG},
        {7UL << MESSAGE_TAG_HANDLES_SHIFT, ERROR_INVALID, ERROR_TOO_LONG},
        {1UL << MESSAGE_TAG_HANDLES_SHIFT, ERROR_INVALID, ERROR_BAD_HANDLE},
    };
    for (unsigned with = 0; with < 2; with++) {
        script_clear(&client, 0);
        script_add(&client, SYSCALL_message_buffer_set, with != 0 ? SCRIPT_BUFFER : 0, 0, 0, 0, 0,
                   0);
        for (unsigned i = 0; i < array_length(tags); i++) {
            uint64_t poll = (tags[i].tag & MESSAGE_TAG_DEADLINE) != 0 ? 0 : MESSAGE_TAG_POLL;
            script_add_message(&client, SYSCALL_ipc_call, sender, tags[i].tag | poll, 0);
        }
        script_start(&client);
        script_join(&client);
        for (unsigned i = 0; i < array_length(tags); i++) {
            test_equal(message_result(&client, i + 1), with != 0 ? tags[i].with : tags[i].without);
        }
    }
    script_clear(&client, 0); /* what cannot wait has no flags, and a receive announces nothing */
    script_add_message(&client, SYSCALL_ipc_reply, 0, MESSAGE_TAG_POLL, 0);
    script_add_message(&client, SYSCALL_ipc_receive, receiver, 1, 0);
    script_add_message(&client, SYSCALL_ipc_receive, receiver, MESSAGE_TAG_DEADLINE, 0);
    script_start(&client);
    script_join(&client);
    for (unsigned i = 0; i < 3; i++) {
        test_equal(message_result(&client, i), ERROR_INVALID);
    }
    messages_end();
}

TEST(SYS0011, "message buffers that lie in the kernel, wrap or are not mapped are refused", ALWAYS)
{
    if (!messages_begin(10)) {
        return;
    }
    static const uint64_t never[] = {0xffff800000000000, UINT64_MAX - 100,   USER_END - 100,
                                     USER_END,           0x8000000000000000, 8};
    for (unsigned i = 0; i < array_length(never); i++) {
        test_equal(script_call(SYSCALL_message_buffer_set, never[i], 0, 0), ERROR_FAULT);
    }
    script_add(&client, SYSCALL_message_buffer_set, 0x10000, 0, 0, 0, 0, 0); /* not mapped */
    script_add_message(&client, SYSCALL_ipc_call, sender, MESSAGE_TAG_POLL | 1, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, MESSAGE_TAG_DEADLINE, 0);
    script_add_message(&client, SYSCALL_ipc_receive, receiver, MESSAGE_TAG_DEADLINE, 0);
    /* The last byte of the message lies behind the world's last page. */
    script_add(&client, SYSCALL_message_buffer_set, USER_WORLD_TOP - 100, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, MESSAGE_TAG_POLL | 100, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, MESSAGE_TAG_POLL | 101, 0);
    script_start(&client);
    script_join(&client);
    for (unsigned i = 1; i < 4; i++) {
        test_equal(message_result(&client, i), ERROR_FAULT);
    }
    test_equal(message_result(&client, 5), ERROR_AGAIN);
    test_equal(message_result(&client, 6), ERROR_FAULT);

    script_clear(&client, 0); /* a receiver's fault is the end of the call, too */
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 8, 0);
    script_add(&server, SYSCALL_message_buffer_set, 0x10000, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    messages_run_both();
    test_equal(message_result(&client, 1), ERROR_FAULT);
    test_equal(message_result(&server, 1), ERROR_FAULT);

    script_clear(&client, 0); /* a server without a buffer does not even notice */
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 8, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 600);
    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 0);
    messages_run_both();
    test_equal(message_result(&client, 1), ERROR_TOO_LONG);
    test_equal(message_result(&client, 2), OK);
    test_equal(message_result(&server, 0), OK);
    script_expect_words(&server.calls[0], 600);
    messages_end();
}

TEST(SYS0012, "handles that a full table has no room for fail the message for both sides", ALWAYS)
{
    if (!messages_begin(4)) {
        return;
    }
    uint32_t handles[MESSAGE_HANDLES_MAX];
    test_equal(handle_open(&script_handles, &endpoint->object, RIGHT_SEND | RIGHT_TRANSFER, 1,
                           &handles[0]),
               OK);
    handles[1] = handles[0];
    message_buffer_write(offsetof(struct message_buffer, handles), handles, sizeof(handles));
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(0, 2, 0), 0);
    script_add(&server, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    messages_run_both();
    test_equal(message_result(&client, 1), ERROR_QUOTA);
    test_equal(message_result(&server, 1), ERROR_QUOTA);
    test_equal(script_handles.open, 3);
    test_equal(object_handle_count(&endpoint->object), 3);

    script_clear(&client, 0); /* the same in a receive behind an answer */
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(0, 2, 0), 0);
    script_clear(&server, 1);
    script_add(&server, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 0);
    messages_run_both();
    test_equal(message_result(&client, 1), OK);
    test_equal(message_result(&client, 2), ERROR_QUOTA);
    test_equal(message_result(&server, 2), ERROR_QUOTA);
    test_equal(script_handles.open, 3);
    messages_end();
}

TEST(SYS0021, "bytes and handles of a message reach the other side's buffer, both ways", ALWAYS)
{
    if (!messages_begin(20)) {
        return;
    }
    uint8_t bytes[64], got[64];
    uint32_t handles[MESSAGE_HANDLES_MAX], moved[MESSAGE_HANDLES_MAX];
    for (unsigned i = 0; i < MESSAGE_HANDLES_MAX; i++) {
        test_equal(handle_open(&script_handles, &endpoint->object, RIGHT_SEND | RIGHT_TRANSFER,
                               0x1000 + i, &handles[i]),
                   OK);
    }
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 5 + 1);
    }
    /* Both threads use one buffer: what the server gets is what it sends back. */
    message_buffer_write(offsetof(struct message_buffer, bytes), bytes, sizeof(bytes));
    message_buffer_write(offsetof(struct message_buffer, bytes) + 4095, &bytes[9], 1);
    message_buffer_write(offsetof(struct message_buffer, handles), handles, sizeof(handles));
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(1, 4, 4096), 700);
    script_add(&server, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply, 0, message_tag(2, 4, 4096), 800);
    messages_run_both();
    test_equal(message_result(&client, 1), OK);
    test_equal(message_result(&server, 1), OK);
    test_equal(message_result(&server, 2), OK);
    test_equal(server.calls[1].rsi, message_tag(1, 4, 4096));
    test_equal(client.calls[1].rsi, message_tag(2, 4, 4096));
    script_expect_words(&client.calls[1], 800);
    message_buffer_read(offsetof(struct message_buffer, bytes), got, sizeof(got));
    test_check(memcmp(got, bytes, sizeof(bytes)) == 0);
    message_buffer_read(offsetof(struct message_buffer, handles), moved, sizeof(moved));
    for (unsigned i = 0; i < MESSAGE_HANDLES_MAX; i++) {
        struct object *object;
        uint64_t badge = 0;
        test_check(moved[i] != handles[i]);
        test_equal(
            handle_find(&script_handles, moved[i], OBJECT_ENDPOINT, RIGHT_SEND, &object, &badge),
            OK);
        test_check(object == &endpoint->object);
        test_equal(badge, 0x1000 + i);
        object_release(object);
    }
    test_equal(script_handles.open, 2 + 3 * MESSAGE_HANDLES_MAX); /* sent, received, sent back */
    /* A handle without the right to be passed on is refused, and none of the others is lost. */
    uint32_t fixed[2] = {moved[0], sender};
    message_buffer_write(offsetof(struct message_buffer, handles), fixed, sizeof(fixed));
    script_clear(&client, 0);
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(1, 2, 0) | MESSAGE_TAG_POLL,
                       0);
    script_start(&client);
    script_join(&client);
    test_equal(message_result(&client, 1), ERROR_NO_RIGHT);
    test_equal(object_handle_count(&endpoint->object), script_handles.open);
    messages_end();
}

TEST(SYS0081, "a message writes its bytes and handles into the receiver's buffer, and nothing else",
     ALWAYS)
{
    static struct message_buffer sent, got;
    if (!messages_begin(10)) {
        return;
    }
    uint32_t handle;
    test_equal(
        handle_open(&script_handles, &endpoint->object, RIGHT_SEND | RIGHT_TRANSFER, 1, &handle),
        OK);
    memset(&sent, 0x5a, sizeof(sent));
    sent.handles[0] = handle;
    message_buffer_write(0, &sent, sizeof(sent));
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(0, 1, 5), 0);
    script_add(&server, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 0);
    messages_run_both();
    test_equal(message_result(&server, 1), OK);
    test_equal(message_result(&client, 1), OK);
    message_buffer_read(0, &got, sizeof(got));
    test_check(got.handles[0] != handle);
    got.handles[0] = handle; /* the server's number for it */
    test_check(memcmp(&got, &sent, sizeof(sent)) == 0);
    messages_end();
}

TEST(SYS0084, "a reply that a full table has no room for leaves the right to answer to the thread",
     ALWAYS)
{
    if (!messages_begin(2)) { /* room for the endpoint's two handles */
        return;
    }
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 10);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_reply_take, 0, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 70);
    messages_run_both();
    test_equal(message_result(&server, 1), ERROR_QUOTA);
    test_equal(message_result(&server, 2), OK);
    test_equal(message_result(&client, 0), OK);
    script_expect_words(&client.calls[0], 70);
    messages_end();
}
