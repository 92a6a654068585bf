/* See clients.h. */
#include "user/stress/clients.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/bytes_protocol.h"
#include "user/files_protocol.h"
#include "user/lib/message_buffer.h"
#include "user/lib/pages.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/service.h"
#include "user/lib/sleep.h"
#include "user/lib/thread.h"
#include "user/names_protocol.h"
#include "user/pager_protocol.h"
#include "user/syscalls.h"

#define STATUS_WRONG  1
#define NS_PER_SECOND 1000000000UL
#define PATH          "/boot/init.conf"
#define NO_NAME       "nobody has this name"

#define WAITS 1 /* the client that waits for a name */

/* Threads that do the same. Counters are atomic. */
struct client {
    const char *name;   /* of the service */
    const char *action; /* in words */
    int64_t (*call)(uint32_t service);
    bool waits; /* a call returns only when the server ends */
    uint64_t calls, died, missing, wrong;
    struct message_place place;
};

static void handle_drop(uint32_t handle)
{
    ignore_result(sys_handle_close(handle)); /* the call before opened it */
}

static int64_t find(uint32_t names)
{
    uint32_t service;
    int64_t error = names_find(names, 0, "files", strlen("files"), &service);

    if (error == OK) {
        handle_drop(service);
    }
    return error;
}

static int64_t find_nobody(uint32_t names)
{
    uint32_t service;

    return names_find(names, 1, NO_NAME, strlen(NO_NAME), &service);
}

static int64_t read_file(uint32_t files)
{
    char bytes[64];
    uint32_t file;
    uint64_t size;
    size_t read;
    int64_t error = files_open(files, 0, PATH, strlen(PATH), &file, &size);

    if (error >= 0) {
        error = bytes_read(file, 0, sizeof(bytes), bytes, sizeof(bytes), &read);
        handle_drop(file);
    }
    return error;
}

static int64_t page(uint32_t pager)
{
    uint32_t region, memory;
    uint64_t bytes;
    int64_t error = pager_anonymous(pager, PAGE_BYTES, &region);

    if (error >= 0) {
        error = pager_memory(region, &memory, &bytes);
        if (error >= 0) {
            handle_drop(memory);
        }
        handle_drop(region);
    }
    return error;
}

static int64_t show(uint32_t console)
{
    uint64_t written;

    return bytes_write(console, 0, "", 0, &written);
}

static struct client clients[] = {
    {.name = "names", .action = "finds of a name", .call = find},
    {.name = "names", .action = "waits for a name", .call = find_nobody, .waits = true},
    {.name = "files", .action = "reads of a file", .call = read_file},
    {.name = "pager", .action = "regions", .call = page},
    {.name = "console", .action = "writes", .call = show},
};

static void count(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static void result_count(struct client *client, int64_t error)
{
    count(&client->calls);
    if (error == ERROR_PEER_DIED) {
        count(&client->died);
    } else if (error == ERROR_NOT_FOUND) {
        count(&client->missing);
    } else if (error < 0 && error != ERROR_QUOTA) { /* the pager has no region free */
        count(&client->wrong);
        complain("%s: %s: %s", client->name, client->action, error_name((int)error));
    }
}

/* The thread of a client. It ends with the program. */
static int run(void *argument)
{
    struct client *client = argument;
    uint32_t service;

    message_place_set(&client->place);
    if (string_equal(client->name, "names")) {
        service = program_start.handles[PROGRAM_HANDLE_NAMES];
    } else if (service_find(client->name, &service) != OK) {
        return ERROR_NOT_FOUND;
    }
    for (;;) {
        result_count(client, client->call(service));
        ignore_result(sys_thread_yield()); /* the shell is to be heard, too */
    }
}

/* Returns whether each client's calls went on during a second. */
static bool all_go_on(void)
{
    uint64_t before[array_length(clients)];
    bool all = true;

    for (unsigned i = 0; i < array_length(clients); i++) {
        before[i] = __atomic_load_n(&clients[i].calls, __ATOMIC_RELAXED);
    }
    ignore_result(sleep_ns(NS_PER_SECOND)); /* without memory: no pause */
    for (unsigned i = 0; i < array_length(clients); i++) {
        if (!clients[i].waits &&
            __atomic_load_n(&clients[i].calls, __ATOMIC_RELAXED) == before[i]) {
            complain("%s: %s: they do not go on", clients[i].name, clients[i].action);
            all = false;
        }
    }
    return all;
}

/* Waits until the client that waits for a name has been let down so often. */
static int ends_wait(uint64_t ends)
{
    int error = OK;

    while (error == OK && __atomic_load_n(&clients[WAITS].died, __ATOMIC_RELAXED) < ends) {
        error = sleep_ns(NS_PER_SECOND / 100);
    }
    return error;
}

int clients_run(uint64_t ends)
{
    struct thread thread;
    uint64_t wrong = 0;
    int error = OK;

    for (unsigned i = 0; i < array_length(clients) && error == OK; i++) {
        error = thread_create(&thread, run, &clients[i], NULL);
    }
    if (error == OK) {
        error = ends_wait(ends);
    }
    if (error != OK) {
        complain("%s", error_name(error));
        return STATUS_WRONG;
    }
    bool go_on = all_go_on();
    for (unsigned i = 0; i < array_length(clients); i++) {
        printf("%s: %lu %s, %lu ended with the server, %lu found nothing, %lu failed otherwise",
               clients[i].name, clients[i].calls, clients[i].action, clients[i].died,
               clients[i].missing, clients[i].wrong);
        wrong += clients[i].wrong;
    }
    return wrong == 0 && go_on ? OK : STATUS_WRONG;
}
