/*
 * A server: it answers each call with the message that it got. It receives from the endpoint that
 * its creator gave it, and ends when no handle may call that endpoint any more.
 */
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

/* The bytes that a message brings are sent back with the answer. */
static struct message_buffer buffer;

/* Handles that came with a message belong to the server now. It has no use for them. */
static void handles_close(uint64_t tag)
{
    for (unsigned i = 0; i < message_tag_handles(tag); i++) {
        ignore_result(sys_handle_close(buffer.handles[i])); /* it is the server's own */
    }
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    uint32_t endpoint = program_start.handles[PROGRAM_HANDLE_PARENT];
    struct sys_message message = {0};
    uint64_t served = 0;
    int64_t error = sys_message_buffer_set((uintptr_t)&buffer);

    if (error == OK) {
        error = sys_ipc_receive(endpoint, &message);
    }
    while (error == OK) {
        handles_close(message.tag);
        message.tag &= ~MESSAGE_TAG_HANDLES_MASK;
        served++;
        error = sys_ipc_reply_receive(endpoint, &message); /* the answer, and the next call */
    }
    printf("answered %lu calls; it ends: %s", served, error_name((int)error));
    return error == ERROR_PEER_DIED ? 0 : 1;
}
