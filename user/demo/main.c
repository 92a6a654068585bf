/*
 * demo: the demonstration of stack faults, from user mode. Threads make a system call that goes
 * down its kernel stack, which grows by page faults. Meanwhile a crowd of threads waits in calls,
 * and the memory of all kernel stacks is counted. `demo THREADS` has a crowd of at most so many.
 */
#include "lib/error.h"
#include "lib/information.h"
#include "lib/number.h"
#include "user/demo/diver.h"
#include "user/demo/show.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

/* The crowd takes a small part of the free frames: a thread needs fewer than ten. */
#define CROWD_SHARE 40

/* Ends the program with all its threads. */
int main(unsigned count, char **words)
{
    struct information information;
    uint64_t most = UINT64_MAX;
    unsigned crowd = 0;
    int64_t got = sys_information_read(program_start.handles[PROGRAM_HANDLE_INFORMATION],
                                       (uintptr_t)&information, sizeof(information));
    int error = got < 0 ? (int)got : OK;

    if (count > 2 || (count == 2 && number_parse_u64(words[1], &most) != OK)) {
        complain("usage: demo [THREADS]");
        return 2;
    }
    if (error == OK) {
        uint64_t share = information.frames_free / CROWD_SHARE;

        crowd = crowd_begin((unsigned)(share < most ? share : most));
        error = divers_run(information.cpus);
    }
    if (error == OK) {
        error = show(crowd);
    } else {
        complain("%s", error_name(error));
    }
    return error;
}
