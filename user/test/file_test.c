/* Files of programs, at a server that the test itself plays. */
#include "user/lib/file.h"

#include "lib/error.h"
#include "user/lib/message_buffer.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"
#include "user/test/test.h"

#define FILES 3
#define CALLS (1 + FILES) /* of names_find() and files_open() */

/* Answers each call with a handle to its endpoint: as the name service, and as the file server. */
static int serve(void *argument)
{
    static struct message_place place;
    uint32_t endpoint = *(uint32_t *)argument;
    struct sys_message message = {0};
    int64_t error;

    message_place_set(&place);
    error = sys_ipc_receive(endpoint, &message);
    for (unsigned i = 0; i < CALLS && error == OK; i++) {
        message = (struct sys_message){.tag = message_tag(0, 1, 0)};
        message_buffer()->handles[0] = endpoint;
        error = i + 1 < CALLS ? sys_ipc_reply_receive(endpoint, &message) : sys_ipc_reply(&message);
    }
    return (int)error;
}

static int works;

/* The first file fails with an error, the others do better. */
static int work(struct stream *stream maybe_unused, const char *name maybe_unused)
{
    static const int statuses[FILES] = {ERROR_CORRUPT, 0, 3};

    return statuses[works++];
}

USER_TEST(ULB0005, "an error with one file is not forgotten when the next files are good")
{
    static char *words[FILES] = {"a", "b", "c"};
    struct thread thread;
    int64_t made = sys_endpoint_create();
    uint32_t endpoint = (uint32_t)made;

    test_check(made > 0);
    program_start.handles[PROGRAM_HANDLE_NAMES] = endpoint;
    test_equal(thread_create(&thread, serve, &endpoint, NULL), OK);
    test_equal(files_each(0, FILES, words, work), ERROR_CORRUPT);
    test_equal(works, FILES);
    test_equal(thread_join(&thread), OK);
}
