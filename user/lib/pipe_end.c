/* See pipe_end.h. */
#include "user/lib/pipe_end.h"

#include "lib/error.h"
#include "user/lib/pages.h"
#include "user/syscalls.h"

#define PIPE_BIT 1

int pipe_end_open(struct pipe_end *end, uint32_t memory, uint32_t data, uint32_t room)
{
    void *pages;
    int error = pages_map(memory, 0, PIPE_BYTES, RIGHT_READ | RIGHT_WRITE, &pages);

    if (error != OK) {
        return error;
    }
    *end = (struct pipe_end){.data = data, .room = room};
    return ring_open(&end->ring, pages, PIPE_BYTES);
}

int64_t pipe_end_read(struct pipe_end *end, void *to, size_t bytes)
{
    int64_t read, wait = OK;
    uint64_t bits;

    for (;;) {
        read = ring_read(&end->ring, to, bytes);
        if (read != 0) {
            break;
        }
        if (wait != OK) { /* the writer is gone, and has left nothing in the ring */
            return wait == ERROR_PEER_DIED ? 0 : wait;
        }
        wait = sys_notification_wait(end->data, UINT64_MAX, &bits);
    }
    if (read > 0) {
        ignore_result(sys_notification_signal(end->room, PIPE_BIT)); /* the writer may be gone */
    }
    return read;
}

int pipe_end_write(struct pipe_end *end, const void *from, size_t bytes)
{
    const char *next = from;
    uint64_t bits;

    while (bytes > 0) {
        int64_t written = ring_write(&end->ring, next, bytes);

        if (written < 0) {
            return (int)written;
        }
        if (written == 0) {
            int64_t error = sys_notification_wait(end->room, UINT64_MAX, &bits);
            if (error != OK) {
                return (int)error;
            }
            continue;
        }
        ignore_result(sys_notification_signal(end->data, PIPE_BIT)); /* the reader may be gone */
        next += written;
        bytes -= (size_t)written;
    }
    return OK;
}
