/* See message_fixture.h. */
#include "tests/syscall/message_fixture.h"

#include "lib/error.h"
#include "tests/test.h"

struct script client, server;
struct endpoint *endpoint;
uint32_t sender, receiver;

bool messages_begin(uint32_t limit)
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

void messages_end(void)
{
    object_release(&endpoint->object);
    script_end();
}

void messages_run_both(void)
{
    script_start(&server);
    script_start(&client);
    script_join(&client);
    script_join(&server);
}

int64_t message_result(const struct script *script, unsigned index)
{
    return (int64_t)script->calls[index].rax;
}

/* A byte of the message buffer at SCRIPT_BUFFER, which lies on two pages. */
static volatile uint8_t *message_buffer_byte(size_t offset)
{
    size_t at = SCRIPT_BUFFER - USER_WORLD_DATA + offset;
    volatile uint64_t *page =
        at < PAGE_BYTES ? user_world_data(&script_world) : user_world_stack(&script_world);
    return (volatile uint8_t *)page + at % PAGE_BYTES;
}

void message_buffer_write(size_t offset, const void *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        *message_buffer_byte(offset + i) = ((const uint8_t *)from)[i];
    }
}

void message_buffer_read(size_t offset, void *to, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        ((uint8_t *)to)[i] = *message_buffer_byte(offset + i);
    }
}
