/*
 * The name service (user/protocol/names.h). It receives from the endpoint that its creator gave it.
 * A badge with NAMES_BADGE_PUBLISH may publish.
 */
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/touch.h"
#include "user/syscalls.h"

#define PROTOCOL_NAMES_SERVER
#include "user/names_protocol.h"

#define NAMES_MOST   32
#define WAITERS_MOST 64

struct name {
    char text[NAMES_NAME_BYTES + 1];
    uint64_t publisher; /* its badge */
    uint32_t service;
};

/* A client that waits until a name is published. */
struct waiter {
    char text[NAMES_NAME_BYTES + 1];
    uint32_t reply; /* 0: free */
};

static struct name names[NAMES_MOST];
static unsigned name_count;
static struct waiter waiters[WAITERS_MOST];

/* Copies a name, which must have 1 to NAMES_NAME_BYTES bytes, none of them 0. */
static bool name_copy(char *to, const char *name, size_t bytes)
{
    if (bytes == 0 || bytes > NAMES_NAME_BYTES || memchr(name, '\0', bytes) != NULL) {
        return false;
    }
    memcpy(to, name, bytes);
    to[bytes] = '\0';
    return true;
}

static struct name *name_find(const char *text)
{
    for (unsigned i = 0; i < name_count; i++) {
        if (string_equal(names[i].text, text)) {
            return &names[i];
        }
    }
    return NULL;
}

/* Answers the clients that wait for this name. */
static void waiters_answer(const struct name *name)
{
    struct protocol_request answer = {.answer_handle = name->service};

    for (unsigned i = 0; i < WAITERS_MOST; i++) {
        if (waiters[i].reply != 0 && string_equal(waiters[i].text, name->text)) {
            protocol_reply_later(waiters[i].reply, OK, &answer);
            waiters[i].reply = 0;
        }
    }
}

static int64_t names_serve_publish(struct protocol_request *request, const char *name,
                                   size_t name_bytes, uint32_t service)
{
    char text[NAMES_NAME_BYTES + 1];
    struct name *found;

    if ((request->badge & NAMES_BADGE_PUBLISH) == 0) {
        return ERROR_NO_RIGHT;
    }
    if (!name_copy(text, name, name_bytes)) {
        return ERROR_INVALID;
    }
    found = name_find(text);
    if (found == NULL && name_count == NAMES_MOST) {
        return ERROR_NO_MEMORY;
    }
    if (found != NULL && found->publisher != request->badge) {
        return ERROR_EXISTS;
    }
    if (found != NULL) {
        ignore_result(sys_handle_close(found->service)); /* of the instance before */
    } else {
        found = &names[name_count++];
        ignore_result(string_copy(found->text, sizeof(found->text), text)); /* it fits */
    }
    found->publisher = request->badge;
    found->service = service;
    request->handle = 0; /* it is kept */
    waiters_answer(found);
    return OK;
}

/* Keeps the right to answer the caller until the name is published. */
static int64_t waiter_add(const char *text)
{
    for (unsigned i = 0; i < WAITERS_MOST; i++) {
        if (waiters[i].reply == 0) {
            int64_t reply = sys_reply_take();

            if (reply < 0) {
                return reply;
            }
            waiters[i].reply = (uint32_t)reply;
            ignore_result(
                string_copy(waiters[i].text, sizeof(waiters[i].text), text)); /* it fits */
            return PROTOCOL_LATER;
        }
    }
    return ERROR_AGAIN;
}

static int64_t names_serve_find(struct protocol_request *request, uint64_t wait, const char *name,
                                size_t name_bytes, uint32_t *service)
{
    char text[NAMES_NAME_BYTES + 1];
    struct name *found = name_copy(text, name, name_bytes) ? name_find(text) : NULL;

    if (found == NULL) {
        return wait == 1 && name_copy(text, name, name_bytes) ? waiter_add(text) : ERROR_NOT_FOUND;
    }
    *service = found->service;
    request->answer_handle_is_lent = true;
    return OK;
}

static int64_t names_serve_list(struct protocol_request *request maybe_unused, uint64_t at,
                                char *name, size_t *name_bytes)
{
    if (at >= name_count) {
        return ERROR_NOT_FOUND;
    }
    *name_bytes = strlen(names[at].text);
    memcpy(name, names[at].text, *name_bytes);
    return OK;
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    program_touch();
    int error = protocol_serve(program_start.handles[PROGRAM_HANDLE_PARENT], names_dispatch);

    printf("it ends: %s", error_name(error));
    return error == ERROR_PEER_DIED ? 0 : 1;
}
