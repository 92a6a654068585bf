/* The program `test` as a child of its tests: `test child ROLE ...`. */
#include "user/test/child.h"

#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define WRONG_ARGUMENTS 3

/* exit STATUS: ends with that status. */
static int role_exit(const char *word)
{
    uint64_t status;

    return number_parse_u64(word, &status) == OK ? (int)status : WRONG_ARGUMENTS;
}

/* handles: calls its creator with what it was given, and ends with the status that is answered. */
static int role_handles(void)
{
    uint32_t parent = program_start.handles[PROGRAM_HANDLE_PARENT];
    struct sys_message message = {0};

    /* It may call the endpoint, but not receive from it or pass it on. */
    if (sys_ipc_receive(parent, &message) != ERROR_NO_RIGHT ||
        sys_handle_duplicate(parent, RIGHT_SEND) != ERROR_NO_RIGHT) {
        return WRONG_ARGUMENTS;
    }
    message.words[0] = program_start.handles[PROGRAM_HANDLE_PORTS];
    message.words[1] = program_start.handles[PROGRAM_HANDLE_SYSTEM];
    message.words[2] = program_start.handles[PROGRAM_HANDLE_ARCHIVE];
    message.words[3] = program_start.archive_bytes;
    message.words[4] = program_start.version;
    message.words[5] = program_start.stack_bytes;
    return sys_ipc_call(parent, &message) == OK ? (int)message.words[0] : WRONG_ARGUMENTS;
}

int child_main(unsigned count, char **words)
{
    if (count == 2 && string_equal(words[0], "exit")) {
        return role_exit(words[1]);
    }
    if (count == 1 && string_equal(words[0], "handles")) {
        return role_handles();
    }
    return WRONG_ARGUMENTS;
}
