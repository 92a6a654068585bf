/* See cut.h. */
#include "user/service/cut.h"

#include "lib/error.h"
#include "lib/information.h"
#include "lib/string.h"
#include "user/bytes_protocol.h"
#include "user/files_protocol.h"
#include "user/lib/message_buffer.h"
#include "user/lib/pages.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/records.h"
#include "user/lib/service.h"
#include "user/lib/sleep.h"
#include "user/lib/stream.h"
#include "user/lib/thread.h"
#include "user/names_protocol.h"
#include "user/pager_protocol.h"
#include "user/services_protocol.h"
#include "user/syscalls.h"

#define STATUS_FAILED 1
#define PAUSE_NS      1000000UL
#define PAUSES_MOST   10000
#define PROGRAM       "service"

static int64_t names_call(uint32_t names)
{
    uint32_t found;
    int64_t error = names_find(names, 0, "files", strlen("files"), &found);

    if (error >= 0) {
        ignore_result(sys_handle_close(found)); /* it is this program's own */
    }
    return error == ERROR_NOT_FOUND ? OK : error; /* a new name service is told the names later */
}

static int64_t files_call(uint32_t files)
{
    uint64_t used, quota;

    return files_space(files, &used, &quota);
}

static int64_t pager_call(uint32_t pager)
{
    uint32_t region;
    int64_t error = pager_anonymous(pager, PAGE_BYTES, &region);

    if (error >= 0) {
        ignore_result(sys_handle_close(region)); /* it is this program's own */
    }
    return error;
}

static int64_t console_call(uint32_t console)
{
    uint64_t written;

    return bytes_write(console, 0, "", 0, &written);
}

static const struct victim {
    const char *name;
    int64_t (*call)(uint32_t service);
} victims[] = {
    {"names", names_call},
    {"files", files_call},
    {"pager", pager_call},
    {"console", console_call},
};

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

/* Returns the id of this program's task, which is the one of its name with two threads; 0: none. */
static uint32_t own_task(void)
{
    static struct records records;
    const struct information_task *task = NULL;

    records = (struct records){.kind = INFORMATION_TASKS, .size = sizeof(*task)};
    while ((task = records_next(&records)) != NULL) {
        if (task->threads == 2 && string_equal(task->name, PROGRAM)) {
            return task->id;
        }
    }
    return 0;
}

/* Whether the client is inside its call: it sleeps, and nothing else that it does can. */
static bool client_waits(void)
{
    static struct records records;
    const struct information_thread *thread = NULL;
    uint32_t own = own_task();
    bool waits = false;

    records = (struct records){.kind = INFORMATION_THREADS, .size = sizeof(*thread)};
    while ((thread = records_next(&records)) != NULL) {
        waits |= thread->task == own &&
                 (thread->state == INFORMATION_BLOCKED || thread->state == INFORMATION_SWAPPED);
    }
    return waits && own != 0;
}

/* Waits until the client is in its call, and the server has stopped with a call in its hands. */
static int64_t call_wait(uint32_t init)
{
    for (unsigned i = 0; i < PAUSES_MOST; i++) {
        if (__atomic_load_n(&cut.begins, __ATOMIC_ACQUIRE) && client_waits()) {
            int64_t error = services_stop(init, cut.victim->name, strlen(cut.victim->name));

            if (error != ERROR_TIMEOUT) {
                return error;
            }
        }
        ignore_result(sleep_ns(PAUSE_NS)); /* without memory: no pause */
    }
    return ERROR_TIMEOUT;
}

static int64_t victim_find(const char *name)
{
    for (unsigned i = 0; i < array_length(victims); i++) {
        if (string_equal(victims[i].name, name)) {
            cut.victim = &victims[i];
            cut.service = program_start.handles[PROGRAM_HANDLE_NAMES];
            return i == 0 ? OK : service_find(name, &cut.service);
        }
    }
    return ERROR_NOT_FOUND;
}

/* Ends the server in the midst of the call. Returns an error if that cannot be done. */
static int64_t server_cut(uint32_t init)
{
    const char *name = cut.victim->name;
    struct thread thread;
    int64_t error = services_stop(init, name, strlen(name)), waited;

    if (error < 0 && error != ERROR_TIMEOUT) {
        return error;
    }
    error = thread_create(&thread, client, NULL, NULL);
    waited = error == OK ? call_wait(init) : error;
    error = services_end(init, name, strlen(name)); /* also after an error: it must not stay so */
    if (waited >= 0 && error >= 0) {
        ignore_result(thread_join(&thread)); /* OK */
    }
    return waited < 0 ? waited : error;
}

int cut_run(const char *name)
{
    int64_t error = victim_find(name), next;

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
