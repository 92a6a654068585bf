/*
 * Reads and writes a file that a pager supplies; toy-pager starts it. Its creator's endpoint is
 * both the server that it asks for the file, and the pager of the region.
 */
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"
#include "user/toy-pager/toy_file.h"

#define STATUS_FAILED 1
#define LIMIT_NS      20000000000UL /* that the pager may take for one answer */
#define WRITE_EACH    4             /* each fourth page is written */

static struct message_buffer buffer;

/* Asks for the file's memory. Returns a handle, or a negative error. */
static int64_t file_open(uint32_t server)
{
    struct sys_message message = {.tag = message_tag(TOY_OPEN, 0, 0)};
    int64_t error = sys_message_buffer_set((uintptr_t)&buffer);

    if (error == OK) {
        error = sys_ipc_call(server, &message);
    }
    if (error == OK && message_tag_handles(message.tag) != 1) {
        error = ERROR_NOT_FOUND;
    }
    return error == OK ? buffer.handles[0] : error;
}

/* Maps the file. Returns its address, or a negative error. */
static int64_t file_map(uint32_t memory, uint32_t pager)
{
    const struct memory_mapping mapping = {.bytes = TOY_PAGES * PAGE_BYTES,
                                           .rights = RIGHT_READ | RIGHT_WRITE};
    return sys_memory_map_paged(program_start.handles[PROGRAM_HANDLE_TASK], memory,
                                (uintptr_t)&mapping, pager, LIMIT_NS);
}

/* Returns how many lines of a page are wrong. Line 0 may have been changed. */
static unsigned page_check(const char *pages, size_t page, bool changed)
{
    unsigned wrong = 0;

    for (size_t line = 0; line < TOY_LINES; line++) {
        char text[TOY_LINE_BYTES];

        toy_line(text, page, line);
        if (changed && line == 0) {
            text[0] = 'P';
        }
        wrong += memcmp(pages + page * PAGE_BYTES + line * TOY_LINE_BYTES, text, sizeof(text)) != 0;
    }
    return wrong;
}

/* Touches the page that the pager refuses. */
static int hole_touch(void *page)
{
    return *(volatile char *)page;
}

/* Returns the number of things that are not as they should be. */
static unsigned file_use(char *pages)
{
    struct thread thread;
    unsigned wrong = page_check(pages, 0, false);

    /* The kernel reads this page: the touch comes from the middle of a system call. */
    wrong += sys_log_write(program_start.handles[PROGRAM_HANDLE_LOG],
                           (uintptr_t)pages + 7 * PAGE_BYTES + 5 * TOY_LINE_BYTES, 45) != OK;
    for (size_t page = 0; page < TOY_HOLE; page++) {
        wrong += page_check(pages, page, false);
        if (page % WRITE_EACH == 0) {
            pages[page * PAGE_BYTES] = 'P';
        }
    }
    for (size_t page = 0; page < TOY_HOLE; page++) {
        wrong += page_check(pages, page, page % WRITE_EACH == 0);
    }
    if (thread_create(&thread, hole_touch, pages + TOY_HOLE * PAGE_BYTES, NULL) != OK) {
        return wrong + 1;
    }
    return wrong + (thread_join(&thread) != TOY_HOLE_STATUS);
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    uint32_t server = program_start.handles[PROGRAM_HANDLE_PARENT];
    int64_t result = file_open(server);

    if (result > 0) {
        result = file_map((uint32_t)result, server);
    }
    if (result < 0) {
        printf("there is no file: %s (toy-pager starts this program)", error_name((int)result));
        return STATUS_FAILED;
    }
    unsigned wrong = file_use((char *)(uintptr_t)result);
    printf("%u pages read, %u things wrong", TOY_PAGES - 1, wrong);
    return wrong == 0 ? 0 : STATUS_FAILED;
}
