/* The program `test` as a child of its tests: `test child ROLE ...`. */
#include "user/test/child.h"

#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/pages.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define WRONG_ARGUMENTS 3
#define TOUCHED_PAGES   64

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

/* Goes down the stack, further than any stack goes. */
static never_inline unsigned dive(unsigned depth)
{
    volatile unsigned here[64] = {depth};

    return depth > 0 ? dive(depth - 1) + here[0] : 0;
}

static int dive_thread(void *argument)
{
    return (int)dive(*(unsigned *)argument);
}

/* overflow: a thread that is not the first runs into the guard of its stack. */
static int role_overflow(void)
{
    unsigned depth = 1U << 20;
    struct thread thread;

    return thread_create(&thread, dive_thread, &depth, NULL) == OK ? thread_join(&thread)
                                                                   : WRONG_ARGUMENTS;
}

static uint32_t crowd_go;  /* the endpoint that all threads of a crowd call */
static uint32_t crowd_sum; /* threads that have a right answer; atomic */

static int crowd_thread(void *argument)
{
    volatile uint64_t pattern = (uintptr_t)argument * 0x9e3779b97f4a7c15;
    struct sys_message message = {.words = {(uintptr_t)argument}};

    if (sys_ipc_call(crowd_go, &message) != OK || message.words[0] != (uintptr_t)argument + 1 ||
        pattern != (uintptr_t)argument * 0x9e3779b97f4a7c15) {
        return 1;
    }
    __atomic_add_fetch(&crowd_sum, 1, __ATOMIC_RELAXED);
    return 0;
}

/* Answers the calls of the threads once all of them have been created. */
static int crowd_answer(uint32_t threads)
{
    for (uint32_t i = 0; i < threads; i++) {
        struct sys_message message = {0};

        if (sys_ipc_receive(crowd_go, &message) != OK) {
            return WRONG_ARGUMENTS;
        }
        message.words[0]++;
        if (sys_ipc_reply(&message) != OK) {
            return WRONG_ARGUMENTS;
        }
    }
    while (__atomic_load_n(&crowd_sum, __ATOMIC_RELAXED) != threads) {
        ignore_result(sys_thread_yield());
    }
    return 0;
}

/* crowd THREADS: so many threads sleep at once, and all get their answer. */
static int role_crowd(const char *word)
{
    uint64_t threads;
    int64_t endpoint = sys_endpoint_create();

    if (number_parse_u64(word, &threads) != OK || endpoint < 0) {
        return WRONG_ARGUMENTS;
    }
    crowd_go = (uint32_t)endpoint;
    for (uint64_t i = 1; i <= threads; i++) {
        struct thread thread;
        int error = thread_create(&thread, crowd_thread, (void *)i, NULL);

        if (error != OK) {
            printf("thread %lu is not created: %s", i, error_name(error));
            return WRONG_ARGUMENTS;
        }
        thread_detach(&thread);
    }
    return crowd_answer((uint32_t)threads);
}

/* touch: asks its creator to go on, and then touches pages that it never touched before. */
static int role_touch(void)
{
    static uint8_t pages[TOUCHED_PAGES * PAGE_BYTES];
    struct sys_message message = {0};
    unsigned wrong = 0;

    if (sys_ipc_call(program_start.handles[PROGRAM_HANDLE_PARENT], &message) != OK) {
        return WRONG_ARGUMENTS;
    }
    for (unsigned i = 0; i < sizeof(pages); i += PAGE_BYTES) {
        wrong += pages[i] != 0;
        pages[i] = 1;
    }
    return (int)wrong;
}

int child_main(unsigned count, char **words)
{
    if (count == 2 && string_equal(words[0], "exit")) {
        return role_exit(words[1]);
    }
    if (count == 1 && string_equal(words[0], "handles")) {
        return role_handles();
    }
    if (count == 2 && string_equal(words[0], "crowd")) {
        return role_crowd(words[1]);
    }
    if (count == 1 && string_equal(words[0], "touch")) {
        return role_touch();
    }
    if (count == 1 && string_equal(words[0], "overflow")) {
        return role_overflow();
    }
    return WRONG_ARGUMENTS;
}
