/* Programs that start programs. */
#include "lib/string.h"
#include "user/lib/archive.h"
#include "user/lib/malloc.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/syscalls.h"
#include "user/test/test.h"

/* Starts a program with default options. Returns its status, or the error of spawn(). */
static int run(const char *words)
{
    struct spawn_options options;
    const char *reason;
    uint32_t task;
    int error;

    spawn_init(&options, words);
    error = spawn(&options, &task, &reason);
    test_check((error == OK) == (reason == NULL));
    return error == OK ? spawn_wait(task) : error;
}

USER_TEST(SPN0001, "a program starts another one with arguments, and reads its exit status")
{
    static char words[PROGRAM_ARGUMENTS_BYTES + 10];

    test_equal(run("test child exit 37"), 37);
    test_equal(run("test child exit 4294967295"), -1);
    test_equal(run("test"), TEST_UNKNOWN);
    test_equal(run("hello a b"), 0);
    test_equal(run("crash 0"), ERROR_FAULT);
    test_equal(run("nobody"), ERROR_NOT_FOUND);
    test_equal(run(""), ERROR_NOT_FOUND);
    memset(words, 'a', sizeof(words) - 1);
    memcpy(words, "test ", 5);
    test_equal(run(words), ERROR_TOO_LONG);
}

USER_TEST(SPN0002, "a program has the handles that its creator gave it, with those rights alone")
{
    struct spawn_options options;
    struct sys_message message = {0};
    int64_t endpoint = sys_endpoint_create();
    const char *reason;
    uint32_t task;

    test_check(endpoint > 0);
    spawn_init(&options, "test child handles");
    spawn_pass(&options, PROGRAM_HANDLE_ARCHIVE, RIGHT_READ);
    options.given[PROGRAM_HANDLE_PARENT].handle = (uint32_t)endpoint;
    options.given[PROGRAM_HANDLE_PARENT].rights = RIGHT_SEND;
    test_equal(spawn(&options, &task, &reason), OK);
    test_equal(sys_ipc_receive((uint64_t)endpoint, &message), OK);
    test_equal(message.words[0], 0);
    test_equal(message.words[1], 0);
    test_check(message.words[2] != 0);
    test_equal(message.words[3], program_start.archive_bytes);
    test_equal(message.words[4], PROGRAM_START_VERSION);
    test_equal(message.words[5], PROGRAM_STACK_BYTES);
    message = (struct sys_message){.words = {55}};
    test_equal(sys_ipc_reply(&message), OK);
    test_equal(spawn_wait(task), 55);

    /* A handle that the caller may not give is not given, and then nothing is started. */
    options.given[PROGRAM_HANDLE_ARCHIVE].rights = RIGHT_WRITE;
    test_equal(spawn(&options, &task, &reason), ERROR_NO_RIGHT);
    options.given[PROGRAM_HANDLE_ARCHIVE].handle = 0xfff;
    test_equal(spawn(&options, &task, &reason), ERROR_BAD_HANDLE);
}

#define HEADERS_BYTES 0x150 /* the file's header and the table of segments */

USER_TEST(SPN0003,
          "a file that is cut, or whose headers are changed, is refused with a reason or runs")
{
    struct spawn_options options;
    struct tar_file file;
    const char *reason;
    uint32_t task;
    unsigned refused = 0, started = 0;

    spawn_init(&options, "crash 0");
    options.given[PROGRAM_HANDLE_LOG].handle = 0;
    test_equal(archive_find("hello", &file, &reason), OK);
    for (size_t bytes = 0; bytes < file.bytes; bytes++) {
        int error = spawn_file(&options, file.data, bytes, &task, &reason);

        refused += error == ERROR_CORRUPT && reason != NULL;
    }
    test_equal(refused, file.bytes);

    uint8_t *copy = malloc(file.bytes);
    test_check(copy != NULL);
    memcpy(copy, file.data, file.bytes);
    for (unsigned at = 0; at < HEADERS_BYTES; at++) {
        copy[at] ^= 0x81;
        int error = spawn_file(&options, copy, file.bytes, &task, &reason);
        if (error == OK) {
            started++;
            (void)spawn_wait(task); /* whatever it does, it ends, and this program goes on */
        } else {
            test_check(reason != NULL);
        }
        copy[at] = file.data[at];
    }
    test_check(started > 0 && started < HEADERS_BYTES / 2);
    free(copy);
}

USER_TEST(SPN0004, "without enough memory for it a program is not started, and its creator goes on")
{
    struct spawn_options options;
    const char *reason;
    uint32_t task;
    unsigned refused = 0;
    int error, status = -1;

    spawn_init(&options, "test child exit 9");
    options.given[PROGRAM_HANDLE_LOG].handle = 0;
    for (options.frames = 1; options.frames < 200 && status != 9; options.frames++) {
        error = spawn(&options, &task, &reason);
        test_check(error == OK || error == ERROR_QUOTA);
        refused += error != OK;
        status = error == OK ? spawn_wait(task) : -1;
        test_check(status == -1 || status == ERROR_FAULT || status == 9);
    }
    test_equal(status, 9);
    test_check(refused > 5);
}

USER_TEST(SPN0005, "many programs start and end, one after the other and side by side")
{
    enum { CROWD = 16 };
    uint32_t tasks[CROWD];
    struct spawn_options options;
    const char *reason;

    spawn_init(&options, "test child exit 7");
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < CROWD; i++) {
            test_equal(spawn(&options, &tasks[i], &reason), OK);
        }
        for (unsigned i = 0; i < CROWD; i++) {
            test_equal(spawn_wait(tasks[i]), 7);
        }
    }
}
