/* See pipe.h. */
#include "user/lib/pipe.h"

#include "lib/error.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

void pipe_close(struct pipe *pipe)
{
    const uint32_t handles[] = {pipe->memory, pipe->data, pipe->room};

    for (unsigned i = 0; i < array_length(handles); i++) {
        if (handles[i] != 0) {
            ignore_result(sys_handle_close(handles[i])); /* it was opened by pipe_create() */
        }
    }
    *pipe = (struct pipe){0};
}

int pipe_create(struct pipe *pipe)
{
    const int64_t made[] = {
        sys_memory_create(program_start.handles[PROGRAM_HANDLE_TASK], PIPE_BYTES),
        sys_notification_create(), sys_notification_create()};
    int error = OK;

    *pipe = (struct pipe){0};
    uint32_t *const handles[] = {&pipe->memory, &pipe->data, &pipe->room};
    for (unsigned i = 0; i < array_length(made); i++) {
        if (made[i] < 0) {
            error = (int)made[i];
        } else {
            *handles[i] = (uint32_t)made[i];
        }
    }
    if (error != OK) {
        pipe_close(pipe);
    }
    return error;
}

static void end_give(struct spawn_options *options, enum program_handle first,
                     const struct pipe *pipe, uint32_t data_right, uint32_t room_right)
{
    options->given[first].handle = pipe->memory;
    options->given[first].rights = RIGHT_READ | RIGHT_WRITE;
    options->given[first + 1].handle = pipe->data;
    options->given[first + 1].rights = data_right;
    options->given[first + 2].handle = pipe->room;
    options->given[first + 2].rights = room_right;
}

void pipe_give_input(struct spawn_options *options, const struct pipe *pipe)
{
    end_give(options, PROGRAM_HANDLE_INPUT, pipe, RIGHT_RECEIVE, RIGHT_SEND);
}

void pipe_give_output(struct spawn_options *options, const struct pipe *pipe)
{
    end_give(options, PROGRAM_HANDLE_OUTPUT, pipe, RIGHT_SEND, RIGHT_RECEIVE);
}
