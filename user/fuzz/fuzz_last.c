/*
 * The sequences that are made once, when the threads that make calls at random have ended: messages
 * between this thread and partners, which meet errors that need two sides in known states; and
 * handles of a full table.
 */
#include "lib/abi.h"
#include "user/fuzz/sequence.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define UNMAPPED    0x10000000000UL
#define END         0x00007ffffffff000UL /* of the addresses of user mode */
#define BYTES       8                    /* of a message */
#define DEADLINE_NS 1000
#define LIMIT_NS    1000000000UL

/* A thread that makes one call: to an endpoint of its own, whose only caller it is. */
struct partner {
    struct thread thread;
    uint64_t endpoint; /* 0: the partner could not be made */
    uint64_t tag;
    struct message_buffer buffer;
};

static struct partner partners[3];
static struct message_buffer own_buffer;
static uint64_t table[FUZZ_HANDLES]; /* what fills the table of handles */
static unsigned table_count;

static int call(void *argument)
{
    struct partner *partner = argument;

    make(SYS_MESSAGE_BUFFER_SET, (uintptr_t)&partner->buffer, 0, 0, 0, 0);
    make(SYS_IPC_CALL, partner->endpoint, partner->tag, 0, 0, 0);
    return 0;
}

/* Starts a partner that calls with a message of so many bytes and with a handle, or with none. */
static bool partner_begin(struct partner *partner, unsigned bytes, int64_t handle)
{
    const struct thread_options options = {.priority = 1}; /* calls have lowered this thread's */
    int64_t endpoint = sys_endpoint_create();

    *partner = (struct partner){.tag = message_tag(0, handle > 0, bytes)};
    partner->buffer.handles[0] = (uint32_t)handle;
    if (endpoint < 0) {
        return false;
    }
    partner->endpoint = (uint64_t)endpoint;
    if (thread_create(&partner->thread, call, partner, &options) != OK) {
        ignore_result(sys_handle_close(partner->endpoint));
        partner->endpoint = 0;
    }
    return partner->endpoint != 0;
}

/* Answers a call that was received, and ends the endpoint, and with it a call that was not. */
static void partner_end(struct partner *partner)
{
    if (partner->endpoint != 0) {
        make(SYS_IPC_REPLY, 0, 0, 0, 0, 0);
        ignore_result(sys_handle_close(partner->endpoint));
        thread_join(&partner->thread);
    }
}

/* Receives a partner's call, for a while: a call for which there is no memory does not come. */
static int64_t receive(const struct partner *partner, unsigned number)
{
    own_buffer.deadline_ns = (uint64_t)sys_clock_read() + LIMIT_NS;
    return make(number, partner->endpoint, MESSAGE_TAG_DEADLINE, 0, 0, 0);
}

/* Receives the call of a new partner. Returns false if there is none. */
static bool meet(struct partner *partner)
{
    return partner_begin(partner, 0, 0) && receive(partner, SYS_IPC_RECEIVE) == OK;
}

/* Receives the call of a partner that then dies. */
static bool meet_dying(struct partner *partner)
{
    bool met = meet(partner);

    if (met) {
        ignore_result(sys_thread_kill(partner->thread.handle));
        ignore_result(sys_thread_wait(partner->thread.handle, UINT64_MAX, 0));
    }
    return met;
}

static void table_fill(uint64_t handle)
{
    int64_t one;

    table_count = 0;
    while (table_count < FUZZ_HANDLES && (one = sys_handle_duplicate(handle, RIGHT_READ)) > 0) {
        table[table_count++] = (uint64_t)one;
    }
}

static void table_empty(void)
{
    while (table_count > 0) {
        ignore_result(sys_handle_close(table[--table_count]));
    }
}

/* Ends callers instead of an answer: one that waits, one that is gone, and none. */
static void faults_act(struct partner *one)
{
    if (meet(one)) {
        make(SYS_REPLY_FAULT, 1, 0, 0, 0, 0);
    }
    partner_end(one);
    if (meet_dying(one)) {
        make(SYS_REPLY_FAULT, 1, 0, 0, 0, 0);
    }
    partner_end(one);
    make(SYS_REPLY_FAULT, 1, 0, 0, 0, 0);
}

/* Answers to callers that are gone, and answers with handles that may not be given away. */
static void answers_act(uint64_t weak, uint64_t notification)
{
    struct partner *one = &partners[0];

    if (meet_dying(one)) {
        make(SYS_IPC_REPLY, 0, 0, 0, 0, 0);
    }
    partner_end(one);
    faults_act(one);
    if (meet_dying(one)) {
        int64_t reply = make(SYS_REPLY_TAKE, 0, 0, 0, 0, 0);

        own_buffer.handles[0] = (uint32_t)weak;
        make(SYS_REPLY_ANSWER, (uint64_t)reply, message_tag(0, 1, 0), 0, 0, 0);
        make(SYS_IPC_REPLY, 0, message_tag(0, 1, 0), 0, 0, 0);
        make(SYS_REPLY_ANSWER, (uint64_t)reply, 0, 0, 0, 0); /* its caller is gone */
        make(SYS_REPLY_ANSWER, (uint64_t)reply, 0, 0, 0, 0); /* and it is used up */
        ignore_result(sys_handle_close((uint64_t)reply));
    }
    partner_end(one);
    ignore_result(sys_handle_close(weak));
    make(SYS_IPC_REPLY, 0, message_tag(0, 1, 0), 0, 0, 0);
    own_buffer.handles[0] = (uint32_t)(notification - GENERATION_ONE); /* of an earlier handle */
    make(SYS_IPC_REPLY, 0, message_tag(0, 1, 0), 0, 0, 0);
}

/* Receives after an answer, where no other call comes. */
static void receives_act(void)
{
    struct partner *one = &partners[0];

    if (meet(one)) {
        make(SYS_IPC_REPLY_RECEIVE, one->endpoint, MESSAGE_TAG_POLL, 0, 0, 0);
    }
    partner_end(one);
    if (meet(one)) {
        own_buffer.deadline_ns = (uint64_t)sys_clock_read() + DEADLINE_NS;
        make(SYS_IPC_REPLY_RECEIVE, one->endpoint, MESSAGE_TAG_DEADLINE, 0, 0, 0);
    }
    partner_end(one);
    if (meet(one)) { /* the last handle by which a call could come is closed */
        int64_t receiver = sys_handle_duplicate(one->endpoint, RIGHT_RECEIVE);

        ignore_result(sys_handle_close(one->endpoint));
        if (receiver > 0) {
            make(SYS_IPC_REPLY_RECEIVE, (uint64_t)receiver, 0, 0, 0, 0);
            make(SYS_IPC_RECEIVE, (uint64_t)receiver, 0, 0, 0, 0);
            ignore_result(sys_handle_close((uint64_t)receiver));
        }
    }
    partner_end(one);
    if (partner_begin(one, BYTES, 0)) {
        make(SYS_MESSAGE_BUFFER_SET, UNMAPPED, 0, 0, 0, 0);
        ignore_result(receive(one, SYS_IPC_RECEIVE));
        make(SYS_MESSAGE_BUFFER_SET, (uintptr_t)&own_buffer, 0, 0, 0, 0);
    }
    partner_end(one);
}

/* Messages with handles, for which the table has no room, on both sides. */
static void full_table_act(uint64_t notification)
{
    bool begun = partner_begin(&partners[0], 0, 0);

    for (unsigned i = 1; i < array_length(partners); i++) {
        begun = partner_begin(&partners[i], 0, (int64_t)notification) && begun;
    }
    if (begun) {
        table_fill(notification);
        ignore_result(receive(&partners[0], SYS_IPC_RECEIVE));
        make(SYS_REPLY_TAKE, 0, 0, 0, 0, 0);
        ignore_result(receive(&partners[1], SYS_IPC_REPLY_RECEIVE));
        ignore_result(receive(&partners[2], SYS_IPC_RECEIVE));
        table_empty();
    }
    for (unsigned i = 0; i < array_length(partners); i++) {
        partner_end(&partners[i]);
    }
}

/* Handles to devices without rights, and addresses where nothing may be written. */
static void devices_act(uint64_t notification, int64_t console)
{
    uint64_t system = program_start.handles[PROGRAM_HANDLE_SYSTEM];
    int64_t line = make(SYS_INTERRUPT_CREATE, system, FREE_LINE, notification, 1, 0);
    int64_t weak = sys_handle_duplicate((uint64_t)line, 0);

    make(SYS_INTERRUPT_ACKNOWLEDGE, (uint64_t)weak, 0, 0, 0, 0);
    ignore_result(sys_handle_close((uint64_t)weak));
    ignore_result(sys_handle_close((uint64_t)line));
    weak = sys_handle_duplicate((uint64_t)console, 0);
    make(SYS_CONSOLE_READ, (uint64_t)weak, (uintptr_t)table, 1, 0, 0);
    make(SYS_CONSOLE_DESCRIBE, (uint64_t)weak, (uintptr_t)table, 0, 0, 0);
    ignore_result(sys_handle_close((uint64_t)weak));
    make(SYS_CONSOLE_DESCRIBE, (uint64_t)console, BAD, 0, 0, 0);
    table_fill(notification);
    make(SYS_CONSOLE_DESCRIBE, (uint64_t)console, (uintptr_t)table, 0, 0, 0);
    table_empty();
    /* Nobody takes the console afterwards, which would take away what is typed at the monitor. */
    make(SYS_SYSTEM_CONTROL, system, SYSTEM_MONITOR, 0, 0, 0);
    make(SYS_CONSOLE_READ, (uint64_t)console, BAD, 1, 0, 0);
}

static void memory_act(void)
{
    uint64_t task = program_start.handles[PROGRAM_HANDLE_TASK];
    int64_t memory = sys_memory_create(task, PAGE_BYTES), endpoint = sys_endpoint_create();

    if (memory > 0 && endpoint > 0) {
        make(SYS_MEMORY_MAP_PAGED, task, (uint64_t)memory, BAD, (uint64_t)endpoint, 0);
        make(SYS_MEMORY_PROTECT, task, END, PAGE_BYTES, RIGHT_READ, 0);
    }
    ignore_result(sys_handle_close((uint64_t)memory));
    ignore_result(sys_handle_close((uint64_t)endpoint));
}

void fuzz_meetings_last(void)
{
    uint64_t system = program_start.handles[PROGRAM_HANDLE_SYSTEM];
    int64_t notification = sys_notification_create();

    make(SYS_MESSAGE_BUFFER_SET, (uintptr_t)&own_buffer, 0, 0, 0, 0);
    if (notification > 0) {
        answers_act((uint64_t)sys_handle_duplicate((uint64_t)notification, RIGHT_READ),
                    (uint64_t)notification);
        receives_act();
        full_table_act((uint64_t)notification);
        int64_t console = make(SYS_CONSOLE_TAKE, system, (uint64_t)notification, 1, 2, 4);

        devices_act((uint64_t)notification, console);
        ignore_result(sys_handle_close((uint64_t)console));
        ignore_result(sys_handle_close((uint64_t)notification));
    }
    memory_act();
    make(SYS_MESSAGE_BUFFER_SET, 0, 0, 0, 0, 0);
}
