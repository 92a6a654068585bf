/*
 * The tests that run in user mode, as tests of the kernel: each starts the program `test` with its
 * id and waits for the exit status (user/test/test.h). The list is made from the program's sources.
 * And the fuzzer, for a short time: make fuzz runs it longer.
 */
#include "arch/x86_64/time/clock.h"
#include "kernel/console/log_ring.h"
#include "kernel/ipc/ipc.h"
#include "kernel/program/program.h"
#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "sched/core/thread.h"
#include "tests/support/memory_exhaust.h"
#include "tests/test.h"

#define STATUS_PASSED  0
#define STATUS_NO_MORE 64  /* of the program crash */
#define STATUS_NONE    999 /* the program was not started */
#define CRASHES_LEAST  30
#define WITHHELD_NS    20000000 /* how long there is no memory */

/* Starts a program. Returns NULL, and fails the test, if that does not succeed. */
static struct task *program_begin(const char *words, struct endpoint *parent, unsigned rights)
{
    struct program_options options = {.words = words};
    struct task *task;
    const char *reason;

    if (parent != NULL) {
        options.parent = (struct handle_value){.object = &parent->object, .rights = rights};
    }
    if (program_run(&options, &task, &reason) != OK) {
        test_fail(__FILE__, __LINE__, "the program '%s' is not started: %s", words, reason);
        return NULL;
    }
    return task;
}

/* Waits for the end of a program, and returns its status. */
static int program_end(struct task *task)
{
    int status, error;

    if (task == NULL) {
        return STATUS_NONE;
    }
    error = task_wait(task, SELFTEST_EVENTUALLY_NS, &status);
    if (error != OK) {
        test_fail(__FILE__, __LINE__, "the program does not end: %s", error_name(error));
        task_kill(task, ERROR_TIMEOUT);
        error = task_wait(task, SELFTEST_EVENTUALLY_NS, &status);
    }
    test_equal(error, OK);
    object_release(&task->object);
    return status;
}

/* Waits for the end of a program, which must be with success. */
static void program_succeeds(struct task *task)
{
    test_equal(program_end(task), STATUS_PASSED);
}

static void user_test_run(const char *id)
{
    char words[32];

    format_string(words, sizeof(words), "test %s", id);
    program_succeeds(program_begin(words, NULL, 0));
}

TEST(FUZ0001, "system calls at random give results that the list names, and leave nothing behind",
     BOOT_ARCHIVE)
{
    program_succeeds(program_begin("fuzz 1 20000", NULL, 0));
}

TEST(ECH0001, "a server answers a client in another address space: all words, labels and bytes",
     BOOT_ARCHIVE)
{
    struct endpoint *endpoint;

    if (endpoint_create(&endpoint) != OK) {
        test_fail(__FILE__, __LINE__, "there is no memory for an endpoint");
        return;
    }
    struct task *server = program_begin("echo-server", endpoint, RIGHT_RECEIVE);
    struct task *client = program_begin("echo-client 2000", endpoint, RIGHT_SEND);
    object_release(&endpoint->object);
    program_succeeds(client);
    program_succeeds(server); /* it ends because nobody can call it any more */
}

TEST(TOY0001, "a pager supplies a file page by page, also to a system call, and refuses a hole",
     BOOT_ARCHIVE)
{
    program_succeeds(program_begin("toy-pager", NULL, 0));
}

TEST(RTC0001, "a driver in user mode gets the periodic interrupts of the real-time clock",
     BOOT_ARCHIVE)
{
    program_succeeds(program_begin("rtc 16", NULL, 0));
}

TEST(CRS0001, "each thing that a program must not do ends its task, with the status of a fault",
     BOOT_ARCHIVE)
{
    unsigned number = 0;
    int status;

    do {
        char words[32];

        format_string(words, sizeof(words), "crash %u", number++);
        status = program_end(program_begin(words, NULL, 0));
        if (status != ERROR_FAULT && status != STATUS_NO_MORE) {
            test_fail(__FILE__, __LINE__, "'%s' ends with status %d", words, status);
        }
    } while (status != STATUS_NO_MORE && status != STATUS_NONE);
    test_check(number > CRASHES_LEAST);
}

static bool seen;

static void line_look(void *task, enum log_level level maybe_unused, const char *line)
{
    seen |= strstr(line, task) != NULL && strstr(line, "the stack overflowed") != NULL;
}

TEST(UTH0010, "a thread that runs into the guard of its stack is told to have overflowed it",
     BOOT_ARCHIVE)
{
    struct task *task = program_begin("test child overflow", NULL, 0);
    char name[32];

    if (task == NULL) {
        return;
    }
    format_string(name, sizeof(name), " task %u ", task->id);
    test_equal(program_end(task), ERROR_FAULT);
    seen = false;
    log_each(LOG_ERROR, line_look, name);
    test_check(seen);
}

/* Receives the call of a program, takes all memory, answers, and gives the memory back. */
static void memory_withhold(struct endpoint *endpoint)
{
    static struct ipc_state state;
    struct memory_exhausted taken;

    ipc_state_init(&state, NULL);
    int error = ipc_receive(&state, endpoint, clock_now_ns() + SELFTEST_EVENTUALLY_NS);
    test_equal(error, OK);
    if (error == OK) {
        memory_exhaust(&taken);
        test_equal(ipc_reply(&state), OK);
        ignore_result(thread_sleep_ns(WITHHELD_NS));
        memory_give(&taken, SIZE_MAX);
    }
    ipc_state_end(&state);
}

TEST(UTH0011, "a program that touches pages while there is no memory waits, and then goes on",
     BOOT_ARCHIVE)
{
    struct endpoint *endpoint;

    if (endpoint_create(&endpoint) != OK) {
        test_fail(__FILE__, __LINE__, "there is no memory for an endpoint");
        return;
    }
    object_handle_acquire(&endpoint->object, RIGHT_RECEIVE); /* somebody may receive */
    struct task *task = program_begin("test child touch", endpoint, RIGHT_SEND);
    if (task != NULL) {
        memory_withhold(endpoint);
    }
    test_equal(program_end(task), STATUS_PASSED);
    object_handle_release(&endpoint->object, RIGHT_RECEIVE);
    object_release(&endpoint->object);
}

TEST(SHL0001, "a shell on servers in user mode runs a script of programs, pipes, files and jobs",
     BOOT_ARCHIVE)
{
    test_equal(program_end(program_begin("init quiet /boot/test.sh", NULL, 0)), STATUS_PASSED);
}

TEST(SHL0002,
     "a server that ends is started again; one that fails is left, as a driver without its handles",
     BOOT_ARCHIVE)
{
    test_equal(program_end(program_begin("init quiet /boot/restart.sh restart.conf", NULL, 0)),
               STATUS_PASSED);
}

#define USER_TEST(test_id, test_sentence)                                                          \
    TEST(test_id, test_sentence, BOOT_ARCHIVE)                                                     \
    {                                                                                              \
        user_test_run(#test_id);                                                                   \
    }

#include "build/user/tests.inc"
