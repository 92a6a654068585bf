/* See supervisor.h. */
#include "user/init/supervisor.h"

#include "lib/string.h"
#include "user/lib/fatal.h"
#include "user/lib/message_buffer.h"
#include "user/lib/mutex.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/sleep.h"
#include "user/lib/spawn.h"
#include "user/lib/thread.h"
#include "user/names_protocol.h"
#include "user/protocol/services.h"
#include "user/syscalls.h"

#define PAUSE_FIRST_NS 10000000UL    /* before a server is started again; doubled each time */
#define SOUND_NS       10000000000UL /* a server that lived so long begins anew */
#define FAILURES_MOST  6             /* in a row; then it is left */

struct service {
    const struct config_server *config;
    /* Guarded by the lock, once there are threads: */
    uint32_t endpoint; /* all rights; 0: the server was left */
    uint32_t task;     /* 0: it does not run */
    uint32_t first;    /* its first thread, which serves the endpoint; valid while it runs */
    uint64_t starts;
    struct thread thread;
    bool has_thread;
};

static struct service services[CONFIG_SERVERS];
static unsigned service_count;
static struct mutex lock;
static bool ending; /* guarded by the lock */
static uint32_t names_find_handle, names_publish_handle;
static uint32_t names_started; /* a notification: a new instance knows no names yet */

/* Names the handles that the server gets. */
static void options_make(struct spawn_options *options, const struct service *service)
{
    spawn_init(options, service->config->words);
    options->given[PROGRAM_HANDLE_PARENT].handle = service->endpoint;
    options->given[PROGRAM_HANDLE_PARENT].rights =
        RIGHT_RECEIVE | RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER; /* it makes badges */
    options->given[PROGRAM_HANDLE_NAMES].handle = names_find_handle;
    options->given[PROGRAM_HANDLE_NAMES].rights = RIGHT_SEND;
    for (unsigned kind = 0; kind < PROGRAM_HANDLE_COUNT; kind++) {
        if ((service->config->rights >> kind & 1) != 0) {
            spawn_pass(options, kind, kind == PROGRAM_HANDLE_ARCHIVE ? RIGHT_READ : RIGHTS_ALL);
        }
    }
}

/* Starts a server. Does nothing once all of them are to end. */
static int service_start(struct service *service)
{
    struct spawn_options options;
    const char *reason = NULL;
    uint32_t task;
    int error = ERROR_KILLED;
    bool again = false;

    options_make(&options, service);
    options.thread = &service->first;
    mutex_lock(&lock);
    if (!ending) {
        error = spawn(&options, &task, &reason);
        service->task = error == OK ? task : 0;
        again = error == OK && service->starts++ > 0;
    }
    mutex_unlock(&lock);
    if (reason != NULL) {
        printf("'%s' is not started: %s", service->config->words, reason);
    }
    if (again && service == services) {
        ignore_result(sys_notification_signal(names_started, 1)); /* it is this program's */
    }
    return error;
}

/* Waits for the end of a server, and returns its status. */
static int service_wait(struct service *service)
{
    int64_t status = 0;

    if (sys_task_wait(service->task, UINT64_MAX, (uintptr_t)&status) != OK) {
        fatal("waiting for '%s'", service->config->words);
    }
    mutex_lock(&lock);
    ignore_result(sys_handle_close(service->task));  /* it was open just now */
    ignore_result(sys_handle_close(service->first)); /* service_start() opened it */
    service->task = 0;
    mutex_unlock(&lock);
    return (int)status;
}

static bool is_ending(void)
{
    mutex_lock(&lock);
    bool is = ending;
    mutex_unlock(&lock);
    return is;
}

/* Nobody can be served any more: clients get ERROR_PEER_DIED. */
static void service_leave(struct service *service)
{
    printf("the server of '%s' keeps failing, and is left", service->config->name);
    mutex_lock(&lock);
    ignore_result(sys_handle_close(service->endpoint)); /* it is open since supervisor_begin() */
    service->endpoint = 0;
    mutex_unlock(&lock);
}

/* The thread of a service. */
static int supervise(void *argument)
{
    struct service *service = argument;
    unsigned failures = 0;

    while (!is_ending()) {
        uint64_t begin = (uint64_t)sys_clock_read();
        int status = service->task != 0 || service_start(service) == OK ? service_wait(service)
                                                                        : ERROR_NOT_FOUND;
        if (is_ending()) {
            return OK;
        }
        failures = (uint64_t)sys_clock_read() - begin > SOUND_NS ? 1 : failures + 1;
        printf("'%s' has ended with status %d%s%s", service->config->words, status,
               status < 0 ? ": " : "", status < 0 ? error_name(status) : "");
        if (failures == FAILURES_MOST) {
            service_leave(service);
            return OK;
        }
        ignore_result(sleep_ns(PAUSE_FIRST_NS << failures)); /* without memory: no pause */
    }
    return OK;
}

/* Makes a handle to call the name service. */
static int names_handle(uint64_t badge, uint32_t *handle)
{
    int64_t made = sys_endpoint_badge(services[0].endpoint, badge,
                                      RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER);

    *handle = made > 0 ? (uint32_t)made : 0;
    return made < 0 ? (int)made : OK;
}

/* Opens a handle to call a service. Errors: ERROR_PEER_DIED (its server was left). */
static int64_t service_open(const struct service *service)
{
    int64_t handle = ERROR_PEER_DIED;

    mutex_lock(&lock);
    if (service->endpoint != 0) {
        handle =
            sys_endpoint_badge(service->endpoint, 0, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER);
    }
    mutex_unlock(&lock);
    return handle;
}

/* Publishes a service. Waits until the name service runs. */
static int service_publish(const struct service *service)
{
    const char *name = service->config->name;
    int64_t handle = service_open(service), error;

    if (handle < 0) {
        return (int)handle;
    }
    error = names_publish(names_publish_handle, name, strlen(name), (uint32_t)handle);
    ignore_result(sys_handle_close((uint64_t)handle)); /* the name service has its own */
    return (int)error;
}

/*
 * The thread that tells a new instance of the name service all names. If that ends meanwhile, the
 * next instance's start is signalled, too.
 */
static int names_tell(void *argument maybe_unused)
{
    static struct message_place place;
    uint64_t bits;

    message_place_set(&place);
    while (sys_notification_wait(names_started, UINT64_MAX, &bits) == OK) {
        int error = OK;

        for (unsigned i = 0; i < service_count && error != ERROR_PEER_DIED; i++) {
            if (services[i].endpoint != 0) {
                error = service_publish(&services[i]);
            }
            if (error != OK) {
                printf("'%s' is not published: %s", services[i].config->name, error_name(error));
            }
        }
    }
    return OK;
}

static int names_tell_begin(void)
{
    struct thread thread;
    int error = thread_create(&thread, names_tell, NULL, NULL);

    if (error == OK) {
        thread_detach(&thread);
    }
    return error;
}

static int service_begin(struct service *service, const struct config_server *config)
{
    int64_t endpoint = sys_endpoint_create();
    int error = endpoint < 0 ? (int)endpoint : OK;

    service->config = config;
    service->endpoint = endpoint > 0 ? (uint32_t)endpoint : 0;
    if (error == OK && service == services) {
        error = names_handle(0, &names_find_handle);
        if (error == OK) {
            error =
                names_handle(NAMES_BADGE_PUBLISH | 1UL << NAMES_BADGE_SHIFT, &names_publish_handle);
        }
    }
    if (error == OK) {
        error = service_start(service);
    }
    if (error == OK) {
        error = thread_create(&service->thread, supervise, service, NULL);
        service->has_thread = error == OK;
    }
    return error == OK ? service_publish(service) : error;
}

int supervisor_begin(const struct config *config, uint32_t *names, const char **reason)
{
    int64_t made = sys_notification_create();
    int error = made < 0 ? (int)made : OK;

    names_started = made > 0 ? (uint32_t)made : 0;
    *reason = error_name(error);
    if (config->count == 0 || !string_equal(config->servers[0].name, "names")) {
        *reason = "the first server is not that of 'names'";
        return ERROR_INVALID;
    }
    for (unsigned i = 0; i < config->count && error == OK; i++) {
        service_count = i + 1;
        error = service_begin(&services[i], &config->servers[i]);
        *reason = error != OK ? error_name(error) : NULL;
    }
    if (error == OK) { /* all are published */
        error = names_tell_begin();
        *reason = error != OK ? error_name(error) : NULL;
    }
    *names = names_find_handle;
    return error;
}

const char *supervisor_service(uint64_t at, uint64_t *starts, uint64_t *state)
{
    if (at >= service_count) {
        return NULL;
    }
    mutex_lock(&lock);
    *starts = services[at].starts;
    *state = services[at].task != 0       ? SERVICES_RUNS
             : services[at].endpoint != 0 ? SERVICES_PAUSES
                                          : SERVICES_LEFT;
    mutex_unlock(&lock);
    return services[at].config->name;
}

/* Does something with the server of a service, which runs. */
static int server_do(const char *name, int64_t (*work)(const struct service *service))
{
    int error = ERROR_NOT_FOUND;

    mutex_lock(&lock);
    for (unsigned i = 0; i < service_count; i++) {
        if (string_equal(services[i].config->name, name)) {
            error = services[i].task == 0 ? ERROR_AGAIN : (int)work(&services[i]);
        }
    }
    mutex_unlock(&lock);
    return error;
}

static int64_t server_kill(const struct service *service)
{
    return sys_task_kill(service->task, (uint64_t)ERROR_KILLED);
}

static int64_t server_suspend(const struct service *service)
{
    return sys_thread_suspend(service->first, 0);
}

static int64_t server_resume(const struct service *service)
{
    return sys_thread_resume(service->first);
}

int supervisor_server_end(const char *name)
{
    return server_do(name, server_kill);
}

int supervisor_server_stop(const char *name)
{
    return server_do(name, server_suspend);
}

int supervisor_server_resume(const char *name)
{
    return server_do(name, server_resume);
}

void supervisor_end(void)
{
    mutex_lock(&lock);
    ending = true;
    for (unsigned i = 0; i < service_count; i++) {
        if (services[i].task != 0) {
            ignore_result(sys_task_kill(services[i].task, (uint64_t)ERROR_KILLED));
        }
    }
    mutex_unlock(&lock);
    for (unsigned i = 0; i < service_count; i++) {
        if (services[i].has_thread) {
            ignore_result(thread_join(&services[i].thread)); /* it ends with OK */
        }
    }
}
