/* Messages between threads in user mode: registers, buffers, handles, and each error. */
#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

static struct script client, server, again;
static struct endpoint *endpoint;
static uint32_t sender, receiver;

static bool begin(uint32_t limit)
{
    if (!script_begin(limit)) {
        return false;
    }
    test_equal(endpoint_create(&endpoint), OK);
    test_equal(handle_open(&script_handles, &endpoint->object, RIGHT_SEND, 0xbad9e, &sender), OK);
    test_equal(handle_open(&script_handles, &endpoint->object, RIGHT_RECEIVE, 0, &receiver), OK);
    script_clear(&client, 0);
    script_clear(&server, 1);
    return true;
}

static void finish(void)
{
    object_release(&endpoint->object);
    script_end();
}

static void run_both(void)
{
    script_start(&server);
    script_start(&client);
    script_join(&client);
    script_join(&server);
}

static int64_t result(const struct script *script, unsigned index)
{
    return (int64_t)script->calls[index].rax;
}

/* A byte of the message buffer at SCRIPT_BUFFER, which lies on two pages. */
static volatile uint8_t *buffer_byte(size_t offset)
{
    size_t at = SCRIPT_BUFFER - USER_WORLD_DATA + offset;
    volatile uint64_t *page =
        at < PAGE_BYTES ? user_world_data(&script_world) : user_world_stack(&script_world);
    return (volatile uint8_t *)page + at % PAGE_BYTES;
}

static void buffer_write(size_t offset, const void *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        *buffer_byte(offset + i) = ((const uint8_t *)from)[i];
    }
}

static void buffer_read(size_t offset, void *to, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        ((uint8_t *)to)[i] = *buffer_byte(offset + i);
    }
}

TEST(SYS0020, "six words, tag and badge reach a server in registers, and the answer comes back",
     ALWAYS)
{
    if (!begin(10)) {
        return;
    }
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(0xabcd, 0, 0), 100);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(1, 0, 0), 200);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, message_tag(0xffff, 0, 0),
                       300);
    script_add_message(&server, SYSCALL_ipc_reply, 0, message_tag(2, 0, 0), 400);
    run_both();
    for (unsigned i = 0; i < 2; i++) {
        test_equal(result(&client, i), OK);
        test_equal(result(&server, i), OK);
        script_expect_words(&server.calls[i], i == 0 ? 100 : 200);
        test_equal(server.calls[i].rsi, message_tag(i == 0 ? 0xabcd : 1, 0, 0));
        test_equal(server.calls[i].rdi, 0xbad9e);
        script_expect_words(&client.calls[i], i == 0 ? 300 : 400);
        test_equal(client.calls[i].rsi, message_tag(i == 0 ? 0xffff : 2, 0, 0));
        test_equal(client.calls[i].rdi, 0);
    }
    test_equal(result(&server, 2), OK);
    const struct script_call *reply = &server.calls[2];
    test_equal(reply->rdi | reply->rsi | reply->rdx | reply->r8 | reply->r9 | reply->r10 |
                   reply->r12 | reply->r13,
               0);
    finish();
}

TEST(SYS0005, "polls and deadlines end calls and receives, and all registers come back as 0",
     ALWAYS)
{
    if (!begin(10)) {
        return;
    }
    uint64_t deadline_ns = 1; /* long past */
    buffer_write(offsetof(struct message_buffer, deadline_ns), &deadline_ns, 8);
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t flag = i == 0 ? MESSAGE_TAG_POLL : MESSAGE_TAG_DEADLINE;
        script_add_message(&client, SYSCALL_ipc_call, sender, flag, 1);
        script_add_message(&client, SYSCALL_ipc_receive, receiver, flag, 2);
    }
    script_start(&client);
    script_join(&client);
    test_equal(result(&client, 0), OK);
    for (unsigned i = 1; i < 5; i++) {
        test_equal(result(&client, i), i < 3 ? ERROR_AGAIN : ERROR_TIMEOUT);
        const struct script_call *call = &client.calls[i];
        test_equal(call->rdi | call->rsi | call->rdx | call->r8 | call->r9 | call->r10 | call->r12 |
                       call->r13,
                   0);
    }
    script_clear(&client, 0); /* after an answer the receive has the same ends */
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, MESSAGE_TAG_POLL, 7);
    run_both();
    test_equal(result(&client, 0), OK);
    test_equal(result(&server, 1), ERROR_AGAIN);
    finish();
}

TEST(SYS0006, "a call and a receive whose other side has no handle any more end with an error",
     ALWAYS)
{
    if (!begin(10)) {
        return;
    }
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_start(&server);
    test_wait_blocked(server.running);
    test_equal(handle_close(&script_handles, sender), OK);
    script_join(&server);
    test_equal(result(&server, 0), ERROR_PEER_DIED);
    test_equal(handle_open(&script_handles, &endpoint->object, RIGHT_SEND, 0, &sender), OK);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 0);
    script_start(&client);
    test_wait_blocked(client.running);
    test_equal(handle_close(&script_handles, receiver), OK);
    script_join(&client);
    test_equal(result(&client, 0), ERROR_PEER_DIED);
    finish();
}

TEST(SYS0007, "a kill ends a call, and a fault of the receiver's ends the caller with its status",
     ALWAYS)
{
    if (!begin(10)) {
        return;
    }
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 0);
    script_start(&client);
    test_wait_blocked(client.running);
    if (client.running != NULL) {
        client.thread.user.thread = client.running;
        user_thread_kill(&client.thread.user);
        test_equal(thread_join(client.running), ERROR_KILLED);
    }
    ipc_state_end(&client.thread.user.ipc);
    test_check(list_empty(&endpoint->callers));

    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_reply_fault, 55, 0, 0, 0, 0, 0);
    script_start(&server);
    script_start(&client);
    test_equal(client.running != NULL ? thread_join(client.running) : 55, 55);
    ipc_state_end(&client.thread.user.ipc);
    script_join(&server);
    test_equal(result(&server, 1), OK);
    finish();
}

TEST(SYS0008, "answers need a caller: none, one that is gone, and one that was answered are errors",
     ALWAYS)
{
    if (!begin(10)) {
        return;
    }
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_reply_take, 0, 0, 0, 0, 0, 0);
    script_add(&server, SYSCALL_reply_fault, 0, 0, 0, 0, 0, 0);
    script_start(&server);
    script_join(&server);
    for (unsigned i = 0; i < 4; i++) {
        test_equal(result(&server, i), ERROR_NOT_FOUND);
    }
    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add(&server, SYSCALL_reply_take, 0, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 1);
    script_start(&server);
    script_start(&client);
    script_join(&server);
    int64_t reply = result(&server, 1);
    test_check(reply > 0);
    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_reply_answer, (uint64_t)reply, message_tag(3, 0, 0), 500);
    script_add_message(&server, SYSCALL_reply_answer, (uint64_t)reply, 0, 0);
    script_add(&server, SYSCALL_handle_close, (uint64_t)reply, 0, 0, 0, 0, 0);
    script_start(&server);
    script_join(&server);
    script_join(&client);
    test_equal(result(&server, 0), OK);
    test_equal(result(&server, 1), ERROR_NOT_FOUND);
    test_equal(result(&server, 2), OK);
    test_equal(result(&client, 0), OK);
    script_expect_words(&client.calls[0], 500);

    uint64_t deadline_ns = clock_now_ns() + 30000000; /* the caller gives up before the answers */
    buffer_write(offsetof(struct message_buffer, deadline_ns), &deadline_ns, 8);
    script_clear(&client, 0);
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, MESSAGE_TAG_DEADLINE, 1);
    for (unsigned way = 0; way < 3; way++) {
        deadline_ns = clock_now_ns() + 30000000;
        buffer_write(offsetof(struct message_buffer, deadline_ns), &deadline_ns, 8);
        again = client;
        script_clear(&server, 1);
        script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
        int64_t notification = script_call(SYSCALL_notification_create, 0, 0, 0);
        script_add(&server, SYSCALL_notification_wait, (uint64_t)notification, UINT64_MAX, 0, 0, 0,
                   0);
        if (way == 0) {
            script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 0);
        } else if (way == 1) {
            script_add(&server, SYSCALL_reply_fault, 0, 0, 0, 0, 0, 0);
        } else {
            script_add(&server, SYSCALL_null, 0, 0, 0, 0, 0, 0);
        }
        script_start(&server);
        test_wait_blocked(server.running);
        script_start(&again);
        script_join(&again);
        test_equal(result(&again, 1), ERROR_TIMEOUT);
        script_clear(&again, 0);
        script_add(&again, SYSCALL_notification_signal, (uint64_t)notification, 1, 0, 0, 0, 0);
        script_start(&again);
        script_join(&again);
        script_join(&server);
        test_equal(result(&server, 2), way < 2 ? ERROR_PEER_DIED : OK);
        test_equal(handle_close(&script_handles, (uint64_t)notification), OK);
    }
    finish();
}

TEST(SYS0010, "tags with unknown bits, too many bytes or handles, or no buffer are refused", ALWAYS)
{
    if (!begin(10)) {
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
            test_equal(result(&client, i + 1), with != 0 ? tags[i].with : tags[i].without);
        }
    }
    script_clear(&client, 0); /* what cannot wait has no flags, and a receive announces nothing */
    script_add_message(&client, SYSCALL_ipc_reply, 0, MESSAGE_TAG_POLL, 0);
    script_add_message(&client, SYSCALL_ipc_receive, receiver, 1, 0);
    script_add_message(&client, SYSCALL_ipc_receive, receiver, MESSAGE_TAG_DEADLINE, 0);
    script_start(&client);
    script_join(&client);
    for (unsigned i = 0; i < 3; i++) {
        test_equal(result(&client, i), ERROR_INVALID);
    }
    finish();
}

TEST(SYS0011, "message buffers that lie in the kernel, wrap or are not mapped are refused", ALWAYS)
{
    if (!begin(10)) {
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
        test_equal(result(&client, i), ERROR_FAULT);
    }
    test_equal(result(&client, 5), ERROR_AGAIN);
    test_equal(result(&client, 6), ERROR_FAULT);

    script_clear(&client, 0); /* a receiver's fault is the end of the call, too */
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 8, 0);
    script_add(&server, SYSCALL_message_buffer_set, 0x10000, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    run_both();
    test_equal(result(&client, 1), ERROR_FAULT);
    test_equal(result(&server, 1), ERROR_FAULT);

    script_clear(&client, 0); /* a server without a buffer does not even notice */
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 8, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, 0, 600);
    script_clear(&server, 1);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply, 0, 0, 0);
    run_both();
    test_equal(result(&client, 1), ERROR_TOO_LONG);
    test_equal(result(&client, 2), OK);
    test_equal(result(&server, 0), OK);
    script_expect_words(&server.calls[0], 600);
    finish();
}

TEST(SYS0012, "handles that a full table has no room for fail the message for both sides", ALWAYS)
{
    if (!begin(4)) {
        return;
    }
    uint32_t handles[MESSAGE_HANDLES_MAX];
    test_equal(handle_open(&script_handles, &endpoint->object, RIGHT_SEND | RIGHT_TRANSFER, 1,
                           &handles[0]),
               OK);
    handles[1] = handles[0];
    buffer_write(offsetof(struct message_buffer, handles), handles, sizeof(handles));
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(0, 2, 0), 0);
    script_add(&server, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    run_both();
    test_equal(result(&client, 1), ERROR_QUOTA);
    test_equal(result(&server, 1), ERROR_QUOTA);
    test_equal(script_handles.open, 3);
    test_equal(object_handle_count(&endpoint->object), 3);
    finish();
}

TEST(SYS0021, "bytes and handles of a message reach the other side's buffer, both ways", ALWAYS)
{
    if (!begin(20)) {
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
    buffer_write(offsetof(struct message_buffer, bytes), bytes, sizeof(bytes));
    buffer_write(offsetof(struct message_buffer, bytes) + 4095, &bytes[9], 1);
    buffer_write(offsetof(struct message_buffer, handles), handles, sizeof(handles));
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(1, 4, 4096), 700);
    script_add(&server, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&server, SYSCALL_ipc_receive, receiver, 0, 0);
    script_add_message(&server, SYSCALL_ipc_reply, 0, message_tag(2, 4, 4096), 800);
    run_both();
    test_equal(result(&client, 1), OK);
    test_equal(result(&server, 1), OK);
    test_equal(result(&server, 2), OK);
    test_equal(server.calls[1].rsi, message_tag(1, 4, 4096));
    test_equal(client.calls[1].rsi, message_tag(2, 4, 4096));
    script_expect_words(&client.calls[1], 800);
    buffer_read(offsetof(struct message_buffer, bytes), got, sizeof(got));
    test_check(memcmp(got, bytes, sizeof(bytes)) == 0);
    buffer_read(offsetof(struct message_buffer, handles), moved, sizeof(moved));
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
    buffer_write(offsetof(struct message_buffer, handles), fixed, sizeof(fixed));
    script_clear(&client, 0);
    script_add(&client, SYSCALL_message_buffer_set, SCRIPT_BUFFER, 0, 0, 0, 0, 0);
    script_add_message(&client, SYSCALL_ipc_call, sender, message_tag(1, 2, 0) | MESSAGE_TAG_POLL,
                       0);
    script_start(&client);
    script_join(&client);
    test_equal(result(&client, 1), ERROR_NO_RIGHT);
    test_equal(object_handle_count(&endpoint->object), script_handles.open);
    finish();
}
