/* See drop.h. */
#include "user/service/drop.h"

#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "user/lib/message_buffer.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/sleep.h"
#include "user/lib/spawn.h"
#include "user/lib/stream.h"
#include "user/lib/thread.h"
#include "user/service/drop_call.h"
#include "user/service/held.h"
#include "user/services_protocol.h"
#include "user/syscalls.h"

#define STATUS_FAILED 1

static struct drop_call call;
static bool begins; /* atomic: what follows in the first thread is the call alone */

/* Ends the client, or the server for which its page fault waits; then that ends its first thread. */
static int client_end(void)
{
    int64_t error, status = STATUS_FAILED;

    if (call.ends == NULL) {
        ignore_result(
            sys_task_kill(program_start.handles[PROGRAM_HANDLE_TASK], (uint64_t)ERROR_KILLED));
    }
    error =
        services_end(program_start.handles[PROGRAM_HANDLE_PARENT], call.ends, strlen(call.ends));
    if (error >= 0) {
        error = sys_thread_wait(program_start.handles[PROGRAM_HANDLE_THREAD], UINT64_MAX,
                                (uintptr_t)&status);
    }
    return error < 0 ? STATUS_FAILED : (int)status;
}

/* The client's second thread. The program ends with what it returns, if that is the last thread. */
static int watch(void *argument maybe_unused)
{
    static struct message_place place;

    message_place_set(&place);
    if (held_wait(program_start.handles[PROGRAM_HANDLE_PARENT], call.holds, &begins) < 0) {
        program_exit(STATUS_FAILED);
    }
    return client_end();
}

int drop_client_run(const char *what)
{
    struct thread thread;
    int64_t error = drop_call_find(what, &call);

    if (error == OK) {
        error = call.prepare(&call);
    }
    if (error >= 0) {
        error = held_begin(program_start.handles[PROGRAM_HANDLE_PARENT], call.holds);
    }
    if (error >= 0) {
        error = thread_create(&thread, watch, NULL, NULL);
    }
    if (error >= 0) {
        __atomic_store_n(&begins, true, __ATOMIC_RELEASE);
        error = call.make(&call);
    }
    program_exit(error < 0 ? (int)error : STATUS_FAILED);
}

/* Starts the client, and returns its status. */
static int client_status(const char *what)
{
    char words[64];
    struct spawn_options options;
    const char *reason;
    uint32_t task;
    int error;

    format_string(words, sizeof(words), "service client %s", what);
    spawn_init(&options, words);
    spawn_pass(&options, PROGRAM_HANDLE_PARENT, RIGHT_SEND);
    spawn_pass(&options, PROGRAM_HANDLE_NAMES, RIGHT_SEND);
    spawn_pass(&options, PROGRAM_HANDLE_INFORMATION, RIGHTS_ALL);
    error = spawn(&options, &task, &reason);
    return error == OK ? spawn_wait(task) : error;
}

int drop_run(const char *what)
{
    int64_t error = drop_call_find(what, &call), resumed;

    if (error < 0) {
        complain("%s: %s", what, error_name((int)error));
        return STATUS_FAILED;
    }
    int status = client_status(what), expected = call.ends != NULL ? ERROR_PEER_DIED : ERROR_KILLED;
    resumed = services_resume(program_start.handles[PROGRAM_HANDLE_PARENT], call.holds,
                              strlen(call.holds));
    if (resumed < 0) { /* nobody can be told by a server that is stopped */
        return STATUS_FAILED;
    }
    error = call.check(&call);
    resumed = stream_print(stream_output(), "%s: the client: %s; afterwards: %s\n", what,
                           status < 0 ? error_name(status) : "its call did not end it",
                           error_name((int)(error < 0 ? error : OK)));
    return resumed == OK && status == expected && error >= 0 ? OK : STATUS_FAILED;
}
