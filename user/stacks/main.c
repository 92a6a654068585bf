/* stacks: draws the kernel stack of each thread: which pages have memory, and which have none. */
#include "lib/error.h"
#include "lib/information.h"
#include "user/lib/program.h"
#include "user/lib/records.h"
#include "user/lib/stream.h"

#define PAGES_DRAWN 32

/* Draws the pages of a stack, the top one first. */
static void draw(char *to, const struct information_thread *thread)
{
    unsigned pages = thread->stack_pages < PAGES_DRAWN ? thread->stack_pages : PAGES_DRAWN;

    for (unsigned i = 0; i < pages; i++) {
        *to++ = i < thread->stack_pages_resident ? '#' : '.';
    }
    *to = '\0';
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    static struct records records = {.kind = INFORMATION_THREADS,
                                     .size = sizeof(struct information_thread)};
    const struct information_thread *thread;
    uint64_t whole = 0, resident = 0, threads = 0;
    char pages[PAGES_DRAWN + 1];
    int error = stream_print(stream_output(), "thread  task  pages     most  name\n");

    while (error == OK && (thread = records_next(&records)) != NULL) {
        draw(pages, thread);
        whole += thread->stack_pages;
        resident += thread->stack_pages_resident;
        threads++;
        error = stream_print(stream_output(), "%6u %5u  [%-6s]  %4u  %s\n", thread->id,
                             thread->task, pages, thread->stack_pages_most, thread->name);
    }
    return error != OK
               ? error
               : stream_print(stream_output(),
                              "%lu threads: %lu of %lu pages have memory, %lu %% are saved\n",
                              threads, resident, whole,
                              whole == 0 ? 0 : 100 - resident * 100 / whole);
}
