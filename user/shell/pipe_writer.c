/*
 * See pipe_writer.h. The handles have no more rights than the end that a program gets: one that
 * could signal `room` itself would keep a wait for that alive.
 */
#include "user/shell/pipe_writer.h"

#include "lib/error.h"
#include "user/lib/pages.h"
#include "user/syscalls.h"

int pipe_writer_open(struct pipe_writer *writer, const struct pipe *pipe)
{
    int64_t data = sys_handle_duplicate(pipe->data, RIGHT_SEND);
    int64_t room = sys_handle_duplicate(pipe->room, RIGHT_RECEIVE);
    int error = data < 0 ? (int)data : room < 0 ? (int)room : OK;

    *writer = (struct pipe_writer){0};
    writer->own.data = data > 0 ? (uint32_t)data : 0;
    writer->own.room = room > 0 ? (uint32_t)room : 0;
    if (error == OK) {
        error =
            pipe_end_open(&writer->stream.pipe, pipe->memory, writer->own.data, writer->own.room);
    }
    writer->is_open = error == OK;
    if (error != OK) {
        pipe_close(&writer->own);
    }
    return error;
}

void pipe_writer_close(struct pipe_writer *writer)
{
    pipe_close(&writer->own);
    pages_free(writer->stream.pipe.ring.shared, PIPE_BYTES);
    writer->is_open = false;
}
