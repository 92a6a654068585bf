/* log: the kernel's log, from its oldest line on. */
#include "lib/error.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/stream.h"
#include "user/syscalls.h"

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    static struct {
        struct log_chunk head;
        char text[LOG_READ_BYTES_MAX - sizeof(struct log_chunk)];
    } chunk;
    int64_t read;
    int error = OK;

    do {
        read = sys_log_read(program_start.handles[PROGRAM_HANDLE_LOG], chunk.head.next,
                            (uintptr_t)&chunk, sizeof(chunk));
        if (read < 0) {
            complain("%s", error_name((int)read));
            return 1;
        }
        if (chunk.head.lost > 0) {
            error = stream_print(stream_output(), "(%lu lines are lost)\n", chunk.head.lost);
        }
        if (error == OK) {
            error = stream_write(stream_output(), chunk.text, (size_t)read - sizeof(chunk.head));
        }
    } while (error == OK && (size_t)read > sizeof(chunk.head));
    return error;
}
