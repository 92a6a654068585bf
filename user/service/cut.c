/* See cut.h. */
#include "user/service/cut.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/lib/message_buffer.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/stream.h"
#include "user/lib/thread.h"
#include "user/service/held.h"
#include "user/service/victim.h"
#include "user/services_protocol.h"

#define STATUS_FAILED 1

/* The call that is not answered. */
static struct {
    const struct victim *victim;
    uint32_t service;
    bool begins; /* atomic: what follows in its thread is the call alone */
    int64_t result;
} cut;

static int client(void *argument maybe_unused)
{
    static struct message_place place;

    message_place_set(&place);
    __atomic_store_n(&cut.begins, true, __ATOMIC_RELEASE);
    cut.result = cut.victim->call(cut.service);
    return OK;
}

/* Ends the server in the midst of the call. Returns an error if that cannot be done. */
static int64_t server_cut(uint32_t init)
{
    const char *name = cut.victim->name;
    struct thread thread;
    int64_t error = held_begin(init, name), waited;

    if (error < 0) {
        return error;
    }
    error = thread_create(&thread, client, NULL, NULL);
    waited = error == OK ? held_wait(init, name, &cut.begins) : error;
    error = services_end(init, name, strlen(name)); /* also after an error: it must not stay so */
    if (waited >= 0 && error >= 0) {
        ignore_result(thread_join(&thread)); /* OK */
    }
    return waited < 0 ? waited : error;
}

int cut_run(const char *name)
{
    int64_t error = victim_find(name, &cut.victim, &cut.service), next;

    if (error == OK) {
        error = server_cut(program_start.handles[PROGRAM_HANDLE_PARENT]);
    }
    if (error < 0) {
        complain("%s: %s", name, error_name((int)error));
        return STATUS_FAILED;
    }
    next = cut.victim->call(cut.service); /* waits until the next instance takes it */
    error = stream_print(stream_output(), "%s: the call under way: %s; the next one: %s\n", name,
                         error_name((int)cut.result), error_name((int)(next < 0 ? next : OK)));
    return error == OK && cut.result == ERROR_PEER_DIED && next >= 0 ? OK : STATUS_FAILED;
}
