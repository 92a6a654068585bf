/*
 * bare THREADS: starts so many threads, or as many as there is memory for, which call the endpoint
 * of the program's creator and wait there. They have no stack in user mode, so that what they cost
 * is the kernel's part. The program ends with its last thread: status 0 if each was answered.
 */
#include "lib/abi.h"
#include "lib/error.h"
#include "lib/number.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define STATUS_ARGUMENTS 2
#define RETRY_NS         1000000 /* memory comes when stacks are swapped out */
#define RETRIES          1000

void bare_member(void);

extern uint32_t bare_endpoint;
extern const uint32_t bare_calls[];

uint32_t bare_endpoint;
const uint32_t bare_calls[] = {SYS_IPC_CALL, SYS_THREAD_EXIT, SYS_TASK_EXIT};

static int64_t member_start(uint64_t number)
{
    int64_t thread = sys_thread_create(program_start.handles[PROGRAM_HANDLE_TASK],
                                       (uint64_t)program_start.priority, 0, 0);

    if (thread < 0) {
        return thread;
    }
    int64_t error = sys_thread_start((uint64_t)thread, (uintptr_t)bare_member, 0, number);
    ignore_result(sys_handle_close((uint64_t)thread)); /* opened above */
    return error;
}

int main(unsigned count, char **words)
{
    int64_t notification = sys_notification_create(), error = OK;
    uint64_t threads, bits, made = 0;
    unsigned tries = 0;

    if (count != 2 || number_parse_u64(words[1], &threads) != OK || notification < 0) {
        complain("usage: bare THREADS");
        return STATUS_ARGUMENTS;
    }
    bare_endpoint = program_start.handles[PROGRAM_HANDLE_PARENT];
    while (made < threads && tries < RETRIES) {
        error = member_start(made);
        if (error == OK) {
            made++;
            tries = 0;
        } else if (error == ERROR_NO_MEMORY) {
            ignore_result(sys_notification_wait((uint64_t)notification,
                                                (uint64_t)sys_clock_read() + RETRY_NS,
                                                &bits)); /* it times out */
            tries++;
        } else {
            break;
        }
    }
    if (made < threads) {
        printf("thread %lu is not created: %s", made, error_name((int)error));
    }
    for (;;) { /* the last thread ends the program; it does not return */
        ignore_result(sys_thread_exit(0));
    }
}
