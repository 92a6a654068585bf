/*
 * workers WORKERS CLIENTS CALLS SEED: a server with so many threads that wait for requests, and
 * clients that call it in turn, CALLS times in all. A worker's system call goes down its kernel stack: one request in
 * a hundred goes 10,000 bytes deep, the others 1,500. After half of the calls, the program calls its
 * creator once. It ends with the last client: status 0 if every call was answered. The benchmark
 * macro_service starts it.
 */
#include "lib/abi.h"
#include "lib/error.h"
#include "lib/number.h"
#include "lib/random.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define STATUS_WRONG     1
#define STATUS_ARGUMENTS 2

#define REQUEST_RARE  100
#define SHALLOW_BYTES 1500
#define DEEP_BYTES    10000

static uint64_t endpoint, workers, clients, calls, seed;
static uint64_t clients_gone; /* __atomic */

/* Serves a request: how deep it goes depends on its number alone, whoever serves it. */
static int64_t serve(uint64_t number)
{
    struct stack_descent descent;
    struct random random;

    random_begin(&random, seed, number);
    return sys_stack_descend(
        program_start.handles[PROGRAM_HANDLE_INFORMATION], STACK_DESCENT_RECURSE,
        random_once_in(&random, REQUEST_RARE) ? DEEP_BYTES : SHALLOW_BYTES, (uintptr_t)&descent);
}

/* The program ends while it waits for the next request. */
static int worker(void *argument maybe_unused)
{
    struct sys_message message = {0};
    int64_t error = sys_ipc_receive(endpoint, &message);

    while (error == OK) {
        message.words[1] = (uint64_t)serve(message.words[0]);
        message.words[0] = ~message.words[0];
        error = sys_ipc_reply_receive(endpoint, &message);
    }
    program_exit(STATUS_WRONG);
}

/* Makes each request whose number leaves the client's own number when divided by `clients`. */
static int client(void *argument)
{
    for (uint64_t number = (uintptr_t)argument; number < calls; number += clients) {
        struct sys_message message = {.words = {number, 1}};

        if (sys_ipc_call(endpoint, &message) != OK || message.words[0] != ~number ||
            message.words[1] != OK) {
            program_exit(STATUS_WRONG);
        }
        if (number == calls / 2 &&
            sys_ipc_call(program_start.handles[PROGRAM_HANDLE_PARENT], &message) != OK) {
            program_exit(STATUS_WRONG);
        }
        sys_thread_yield();
    }
    if (__atomic_add_fetch(&clients_gone, 1, __ATOMIC_RELAXED) == clients) {
        program_exit(0);
    }
    return 0;
}

static void start(int (*function)(void *argument), uint64_t number)
{
    struct thread thread;
    int error = thread_create(&thread, function, (void *)number, NULL);

    if (error != OK) {
        complain("thread %lu is not created: %s", number, error_name(error));
        program_exit(STATUS_WRONG);
    }
    thread_detach(&thread);
}

int main(unsigned count, char **words)
{
    int64_t made = sys_endpoint_create();

    if (count != 5 || number_parse_u64(words[1], &workers) != OK ||
        number_parse_u64(words[2], &clients) != OK || number_parse_u64(words[3], &calls) != OK ||
        number_parse_u64(words[4], &seed) != OK || clients == 0 || made < 0) {
        complain("usage: workers WORKERS CLIENTS CALLS SEED");
        return STATUS_ARGUMENTS;
    }
    endpoint = (uint64_t)made;
    for (uint64_t i = 0; i < workers; i++) {
        start(worker, i);
    }
    for (uint64_t i = 0; i < clients; i++) {
        start(client, i);
    }
    for (;;) { /* the last client ends the program; it does not return */
        ignore_result(sys_thread_exit(0));
    }
}
