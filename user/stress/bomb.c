/* See bomb.h. */
#include "user/stress/bomb.h"

#include "lib/error.h"
#include "lib/format.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/syscalls.h"

#define STATUS_WRONG 1

int bomb_run(uint64_t until_ns)
{
    uint64_t started = 0, by_quota = 0, by_memory = 0, wrong = 0;
    char copy[64];
    struct spawn_options options;
    const char *reason;
    bool has_output = program_start.handles[PROGRAM_HANDLE_OUTPUT] != 0;
    uint32_t task;

    format_string(copy, sizeof(copy), "stress copy %lu", until_ns);
    spawn_init(&options, copy);
    spawn_pass(&options, PROGRAM_HANDLE_ARCHIVE, RIGHT_READ | RIGHT_DUPLICATE | RIGHT_TRANSFER);
    while ((uint64_t)sys_clock_read() < until_ns) {
        int error = spawn(&options, &task, &reason);

        if (error != OK && has_output && by_quota + by_memory + wrong == 0) {
            printf("the first copy is refused: %s", reason);
        }
        started += error == OK;
        by_quota += error == ERROR_QUOTA;
        by_memory += error == ERROR_NO_MEMORY;
        wrong += error != OK && error != ERROR_QUOTA && error != ERROR_NO_MEMORY;
        if (error == OK) {
            ignore_result(sys_handle_close(task)); /* nobody waits for it */
        }
    }
    if (has_output) {
        printf("%lu copies started, %lu refused by quota, %lu for want of memory, %lu otherwise",
               started, by_quota, by_memory, wrong);
    }
    return wrong == 0 ? OK : STATUS_WRONG;
}
