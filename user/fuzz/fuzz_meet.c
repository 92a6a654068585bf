/* The fuzzer's server, and calls to it: fuzz.h. */
#include "user/fuzz/fuzz.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define LABEL_END  0xe4d
#define ANSWER_ADD 0x1000000001UL

static uint64_t endpoint;
static struct thread server;
static unsigned failed; /* calls of the server; its own while it runs */

static void answer_make(struct sys_message *message)
{
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        message->words[i] += ANSWER_ADD;
    }
    message->tag = 0;
}

/* Answers by a handle, if there is one to be had; else at once. Returns whether it answered. */
static bool answer_by_handle(struct sys_message *message)
{
    int64_t reply = sys_reply_take();

    if (reply < 0) {
        return false; /* no handle is free, or no memory */
    }
    /* Another thread may close the handle before: then its caller is told that nobody answers. */
    ignore_result(sys_reply_answer((uint64_t)reply, message));
    ignore_result(sys_handle_close((uint64_t)reply));
    return true;
}

static int serve(void *argument maybe_unused)
{
    struct sys_message message = {.tag = 0};
    struct random random;
    int64_t error;

    random_begin(&random, 0, 0);
    error = sys_ipc_receive(endpoint, &message);
    while (error == OK && message.tag != message_tag(LABEL_END, 0, 0)) {
        bool drops = random_once_in(&random, 16);

        answer_make(&message);
        if (drops || (random_once_in(&random, 16) && answer_by_handle(&message))) {
            message.tag = 0;
            error = sys_ipc_receive(endpoint, &message);
        } else {
            error = sys_ipc_reply_receive(endpoint, &message);
        }
    }
    failed += error != OK;
    return 0;
}

int fuzz_meet_begin(void)
{
    int64_t made = sys_endpoint_create();
    int error;

    if (made < 0) {
        return (int)made;
    }
    endpoint = (uint64_t)made;
    fuzz_keep(endpoint);
    error = thread_create(&server, serve, NULL, NULL);
    if (error == OK) {
        fuzz_keep(server.handle);
    }
    return error;
}

unsigned fuzz_meet_end(void)
{
    struct sys_message message = {.tag = message_tag(LABEL_END, 0, 0)};

    failed += sys_ipc_call(endpoint, &message) != ERROR_PEER_DIED; /* it ends without an answer */
    thread_join(&server);
    return failed;
}

bool fuzz_meet(struct random *random)
{
    struct sys_message message = {.tag = 0};
    uint64_t first = random_next(random);

    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        message.words[i] = first * (i + 1);
    }
    int64_t error = sys_ipc_call(endpoint, &message);
    if (error != OK) {
        return error == ERROR_PEER_DIED; /* it was not answered */
    }
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        if (message.words[i] != first * (i + 1) + ANSWER_ADD) {
            return false;
        }
    }
    return message.tag == 0 && message.badge == 0;
}
