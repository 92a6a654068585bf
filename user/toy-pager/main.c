/*
 * A pager: it supplies the pages of a file that does not exist. It makes a memory object for the
 * file, starts its client, and gives it a handle to that memory. The client maps the memory with
 * this program's endpoint as its pager. From then on each touch of a page that is not there becomes
 * a message: the pager writes the page's text, and answers that the page may be read. A write asks
 * again, so the pager knows which pages have changed.
 */
#include "lib/fault_message.h"
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/syscalls.h"
#include "user/toy-pager/toy_file.h"

#define STATUS_FAILED 1
#define BYTES         (TOY_PAGES * PAGE_BYTES)

static struct message_buffer buffer;

static struct {
    uint32_t endpoint;    /* a handle that may receive, and nothing else */
    uint32_t memory;      /* what clients get: to read, write and map */
    char *pages;          /* the file, mapped without a pager */
    bool made[TOY_PAGES]; /* the text was written */
    unsigned read, written;
} file;

/* Makes the file's memory and maps it. Returns a negative error if that fails. */
static int64_t file_make(void)
{
    void *pages;
    int64_t all = sys_memory_create(program_start.handles[PROGRAM_HANDLE_TASK], BYTES);
    int64_t shared = all;

    if (all >= 0) {
        shared = sys_handle_duplicate((uint64_t)all, RIGHT_READ | RIGHT_WRITE | RIGHT_TRANSFER);
    }
    if (shared < 0) {
        return shared;
    }
    int error = pages_map((uint32_t)all, 0, BYTES, RIGHT_READ | RIGHT_WRITE, &pages);
    file.memory = (uint32_t)shared;
    file.pages = pages;
    return error;
}

/* Starts the client with the right to call the endpoint, which this program gives up itself. */
static int64_t client_start(uint32_t *client)
{
    struct spawn_options options;
    const char *reason;
    int64_t endpoint = sys_endpoint_create();

    if (endpoint < 0) {
        return endpoint;
    }
    spawn_init(&options, "pager-client");
    options.given[PROGRAM_HANDLE_PARENT].handle = (uint32_t)endpoint;
    options.given[PROGRAM_HANDLE_PARENT].rights = RIGHT_SEND;
    int64_t receives = sys_handle_duplicate((uint64_t)endpoint, RIGHT_RECEIVE);
    if (receives < 0) {
        return receives;
    }
    int error = spawn(&options, client, &reason);
    if (error != OK) {
        printf("the client is not started: %s", reason);
        return error;
    }
    file.endpoint = (uint32_t)receives;
    return sys_handle_close((uint64_t)endpoint); /* so that its end is noticed */
}

/* Writes the text of a page, once. */
static void page_make(size_t page)
{
    if (!file.made[page]) {
        file.made[page] = true;
        for (size_t line = 0; line < TOY_LINES; line++) {
            toy_line(file.pages + page * PAGE_BYTES + line * TOY_LINE_BYTES, page, line);
        }
    }
}

/* Makes the answer to a touch of a page. */
static void page_give(struct sys_message *message)
{
    uint64_t offset = message->words[PAGER_OFFSET];
    bool writes = message->words[PAGER_ACCESS] == RIGHT_WRITE;
    size_t page = offset / PAGE_BYTES;

    *message = (struct sys_message){.tag = 0};
    if (page >= TOY_HOLE) {
        message->words[PAGER_ANSWER] = PAGER_REFUSE;
        message->words[PAGER_STATUS] = TOY_HOLE_STATUS;
        return;
    }
    page_make(page);
    file.read += !writes;
    file.written += writes;
    message->words[PAGER_ANSWER] = PAGER_SUPPLY;
    message->words[PAGER_GIVEN_OFFSET] = offset;
    message->words[PAGER_GIVEN_BYTES] = PAGE_BYTES;
    message->words[PAGER_GIVEN_RIGHTS] = writes ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
}

/* Makes the answer to a message, which is from the kernel or from a client. */
static void answer_make(struct sys_message *message)
{
    unsigned label = message_tag_label(message->tag);

    if ((message->tag & MESSAGE_TAG_KERNEL) != 0 && label == MESSAGE_LABEL_PAGER) {
        page_give(message);
    } else if ((message->tag & MESSAGE_TAG_KERNEL) == 0 && label == TOY_OPEN) {
        buffer.handles[0] = file.memory;
        *message = (struct sys_message){.tag = message_tag(TOY_OPEN, 1, 0)};
    } else {
        *message = (struct sys_message){.tag = 0};
    }
}

/* Serves until nobody can call any more. */
static int64_t serve(void)
{
    struct sys_message message = {.tag = 0};
    int64_t error = sys_message_buffer_set((uintptr_t)&buffer);

    if (error == OK) {
        error = sys_ipc_receive(file.endpoint, &message);
    }
    while (error == OK) {
        answer_make(&message);
        error = sys_ipc_reply_receive(file.endpoint, &message);
    }
    return error == ERROR_PEER_DIED ? OK : error;
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    uint32_t client;
    int64_t error = file_make();

    if (error == OK) {
        error = client_start(&client);
    }
    if (error == OK) {
        error = serve();
    }
    if (error != OK) {
        printf("it fails: %s", error_name((int)error));
        return STATUS_FAILED;
    }
    int status = spawn_wait(client);
    printf("gave %u pages to read and %u to write; the client ended with status %d", file.read,
           file.written, status);
    return status;
}
