/*
 * crowd FIRST THREADS [SEED]: so many threads, numbered from FIRST on, call the endpoint that the
 * program's creator gave it, once, and wait there. Each checks its answer, and what it had on its
 * stack. The program ends with status 0 when all have ended and nothing was wrong. With a SEED each
 * thread works first: a system call of it goes down its kernel stack, of one thread in fifty
 * further than a page.
 */
#include "lib/abi.h"
#include "lib/number.h"
#include "lib/random.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define STATUS_WRONG     1
#define STATUS_ARGUMENTS 2

#define PATTERN_WORDS 32
#define RETRY_NS      1000000 /* how long to wait for memory before the next try */

static bool works;
static uint64_t seed;

/* Goes down the kernel stack, if the program's threads are to work. */
static int work(uint64_t number)
{
    struct stack_descent descent;
    struct random random;

    if (!works) {
        return 0;
    }
    random_begin(&random, seed, number);
    return (int)sys_stack_descend(program_start.handles[PROGRAM_HANDLE_INFORMATION],
                                  STACK_DESCENT_RECURSE, random_once_in(&random, 50) ? 5000 : 1500,
                                  (uintptr_t)&descent);
}

static uint64_t word_of(uint64_t number, unsigned index)
{
    return (number * 64 + index) * 0x9e3779b97f4a7c15;
}

/* The answer to each word is the word with its bits inverted. */
static bool is_answered(const struct sys_message *message, uint64_t number)
{
    bool right = true;

    for (unsigned i = 1; i < MESSAGE_WORDS; i++) {
        right &= message->words[i] == ~word_of(number, i);
    }
    return right && message->words[0] == ~number;
}

static int member(void *argument)
{
    volatile uint64_t pattern[PATTERN_WORDS];
    uint64_t number = (uintptr_t)argument;
    struct sys_message message = {.words = {number}};
    int64_t error;

    for (unsigned i = 1; i < MESSAGE_WORDS; i++) {
        message.words[i] = word_of(number, i);
    }
    for (unsigned i = 0; i < PATTERN_WORDS; i++) {
        pattern[i] = word_of(~number, i);
    }
    error = work(number);
    error |= sys_ipc_call(program_start.handles[PROGRAM_HANDLE_PARENT], &message);
    for (unsigned i = 0; i < PATTERN_WORDS; i++) {
        error |= pattern[i] != word_of(~number, i);
    }
    if (error != OK || !is_answered(&message, number)) {
        program_exit(STATUS_WRONG);
    }
    return 0;
}

/* Creates one thread. Waits while there is no memory for it: it comes when stacks are swapped out. */
static void member_create(uint64_t number, uint64_t notification)
{
    struct thread thread;
    uint64_t bits;
    int error;

    while ((error = thread_create(&thread, member, (void *)number, NULL)) == ERROR_NO_MEMORY) {
        ignore_result(sys_notification_wait(notification, (uint64_t)sys_clock_read() + RETRY_NS,
                                            &bits)); /* it times out */
    }
    if (error != OK) {
        printf("thread %lu is not created: %s", number, error_name(error));
        program_exit(STATUS_WRONG);
    }
    thread_detach(&thread);
}

int main(unsigned count, char **words)
{
    uint64_t first, threads;
    int64_t notification = sys_notification_create();

    works = count == 4;
    if ((count != 3 && !works) || number_parse_u64(words[1], &first) != OK ||
        number_parse_u64(words[2], &threads) != OK ||
        (works && number_parse_u64(words[3], &seed) != OK) || notification < 0) {
        printf("usage: crowd FIRST THREADS [SEED]");
        return STATUS_ARGUMENTS;
    }
    for (uint64_t i = 0; i < threads; i++) {
        member_create(first + i, (uint64_t)notification);
    }
    for (;;) { /* the last thread ends the program; it does not return */
        ignore_result(sys_thread_exit(0));
    }
}
