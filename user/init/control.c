/* See control.h. */
#include "user/init/control.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/init/supervisor.h"
#include "user/lib/message_buffer.h"
#include "user/lib/print.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define PROTOCOL_SERVICES_SERVER
#include "user/services_protocol.h"

#define NS_PER_US 1000UL

static uint32_t endpoint;

static int64_t services_serve_list(struct protocol_request *request maybe_unused, uint64_t at,
                                   uint64_t *starts, uint64_t *state, char *name,
                                   size_t *name_bytes)
{
    const char *text = supervisor_service(at, starts, state);

    if (text == NULL) {
        return ERROR_NOT_FOUND;
    }
    *name_bytes = strlen(text);
    memcpy(name, text, *name_bytes);
    return OK;
}

/* Does something with the service of a name that is not terminated. */
static int named_do(const char *name, size_t name_bytes, int (*work)(const char *name))
{
    char text[CONFIG_NAME_BYTES + 1];

    if (name_bytes > CONFIG_NAME_BYTES) {
        return ERROR_NOT_FOUND;
    }
    memcpy(text, name, name_bytes);
    text[name_bytes] = '\0';
    return work(text);
}

static int64_t services_serve_end(struct protocol_request *request maybe_unused, const char *name,
                                  size_t name_bytes)
{
    return named_do(name, name_bytes, supervisor_server_end);
}

static int64_t services_serve_stop(struct protocol_request *request maybe_unused, const char *name,
                                   size_t name_bytes)
{
    return named_do(name, name_bytes, supervisor_server_stop);
}

static int64_t services_serve_resume(struct protocol_request *request maybe_unused,
                                     const char *name, size_t name_bytes)
{
    return named_do(name, name_bytes, supervisor_server_resume);
}

static int64_t services_serve_ready(struct protocol_request *request maybe_unused)
{
    printf("shell ready after %lu us", (uint64_t)sys_clock_read() / NS_PER_US);
    return OK;
}

/* The thread of the calls. It ends with the program. */
static int serve(void *argument maybe_unused)
{
    static struct message_place place;
    static uint8_t answer_bytes[PROTOCOL_BYTES_MAX];
    const struct protocol_loop loop = {.dispatch = services_dispatch, .answer_bytes = answer_bytes};

    message_place_set(&place);
    return protocol_loop_run(endpoint, &loop);
}

int control_begin(uint32_t *handle)
{
    int64_t made = sys_endpoint_create();
    struct thread thread;
    int error;

    if (made < 0) {
        return (int)made;
    }
    endpoint = (uint32_t)made;
    made = sys_endpoint_badge(endpoint, 0, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER);
    if (made < 0) {
        return (int)made;
    }
    *handle = (uint32_t)made;
    error = thread_create(&thread, serve, NULL, NULL);
    if (error == OK) {
        thread_detach(&thread);
    }
    return error;
}
