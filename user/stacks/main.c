/*
 * stacks: draws the kernel stack of each thread: which pages have memory, and which have none.
 *
 *   stacks                 a line for each thread
 *   stacks live [SECONDS]  two characters for each thread, by owner: its pages that have memory,
 *                          and the KiB of them in use; drawn anew twice a second for so long, else
 *                          until control-C
 */
#include "lib/error.h"
#include "lib/information.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/records.h"
#include "user/lib/sleep.h"
#include "user/lib/stream.h"

#define PAGES_DRAWN  32
#define OWNERS       18 /* lines of the live map; all others share the last one */
#define OWNER_CELLS  18 /* threads that are drawn of an owner */
#define CELL_CHARS   3
#define PERIOD_NS    500000000UL
#define PER_SECOND   2
#define HOME         "\x1b[H"
#define LINE_END     "\x1b[K\n" /* clears what an earlier map had there */
#define SCREEN_CLEAR "\x1b[2J"
#define BELOW_CLEAR  "\x1b[J"

/* The threads of the kernel, or of the programs of one name. */
struct owner {
    char name[INFORMATION_NAME_BYTES];
    unsigned threads;
    char cells[OWNER_CELLS * CELL_CHARS + 1];
};

static struct {
    uint64_t threads, resident, whole;
} sum;

static void sum_add(const struct information_thread *thread)
{
    sum.threads++;
    sum.whole += thread->stack_pages;
    sum.resident += thread->stack_pages_resident;
}

static int sum_print(const char *end)
{
    return stream_print(stream_output(),
                        "%lu threads: %lu of %lu pages have memory, %lu %% are saved%s",
                        sum.threads, sum.resident, sum.whole,
                        sum.whole == 0 ? 0 : 100 - sum.resident * 100 / sum.whole, end);
}

/* Draws the pages of a stack, the top one first. */
static void draw(char *to, const struct information_thread *thread)
{
    unsigned pages = thread->stack_pages < PAGES_DRAWN ? thread->stack_pages : PAGES_DRAWN;

    for (unsigned i = 0; i < pages; i++) {
        *to++ = i < thread->stack_pages_resident ? '#' : '.';
    }
    *to = '\0';
}

static int list(void)
{
    static struct records records = {.kind = INFORMATION_THREADS,
                                     .size = sizeof(struct information_thread)};
    const struct information_thread *thread;
    char pages[PAGES_DRAWN + 1];
    int error = stream_print(stream_output(), "thread  task  pages     most  name\n");

    while (error == OK && (thread = records_next(&records)) != NULL) {
        draw(pages, thread);
        sum_add(thread);
        error = stream_print(stream_output(), "%6u %5u  [%-6s]  %4u  %s\n", thread->id,
                             thread->task, pages, thread->stack_pages_most, thread->name);
    }
    return error != OK ? error : sum_print("\n");
}

/* Finds the line of a thread, or makes it. */
static struct owner *owner_find(struct owner *owners, unsigned *count,
                                const struct information_thread *thread)
{
    const char *name = thread->task == 0 ? "kernel" : thread->name;

    for (unsigned i = 0; i < *count; i++) {
        if (string_equal(owners[i].name, name)) {
            return &owners[i];
        }
    }
    if (*count == OWNERS) {
        return &owners[OWNERS - 1];
    }
    struct owner *owner = &owners[(*count)++];
    *owner = (struct owner){.threads = 0};
    ignore_result(string_copy(owner->name, sizeof(owner->name),
                              *count == OWNERS ? "others" : name)); /* it fits */
    return owner;
}

/* Draws a thread of the live map: its pages that have memory, and its KiB in use. */
static void cell_draw(char *to, const struct information_thread *thread)
{
    static const char kibs[] = "0123456789abcdef";
    unsigned pages = thread->stack_pages_resident, kib = thread->stack_used / 1024;

    *to++ = pages > 9 ? '+' : (char)('0' + pages);
    *to++ = thread->stack_used == INFORMATION_USED_UNKNOWN ? '-'
            : kib < sizeof(kibs) - 1                       ? kibs[kib]
                                                           : 'f';
    *to++ = ' ';
    *to = '\0';
}

static void owner_add(struct owner *owner, const struct information_thread *thread)
{
    if (owner->threads < OWNER_CELLS) {
        cell_draw(owner->cells + (size_t)owner->threads * CELL_CHARS, thread);
    }
    owner->threads++;
}

/* Draws the live map once. */
static int map(void)
{
    static struct owner owners[OWNERS];
    static struct records records;
    const struct information_thread *thread;
    unsigned count = 0;

    records =
        (struct records){.kind = INFORMATION_THREADS, .size = sizeof(struct information_thread)};
    sum.threads = sum.resident = sum.whole = 0;
    while ((thread = records_next(&records)) != NULL) {
        sum_add(thread);
        owner_add(owner_find(owners, &count, thread), thread);
    }
    int error = sum_print(LINE_END LINE_END);
    for (unsigned i = 0; i < count && error == OK; i++) {
        const struct owner *owner = &owners[i];

        error = owner->threads > OWNER_CELLS
                    ? stream_print(stream_output(), "%-10s %sand %u more" LINE_END, owner->name,
                                   owner->cells, owner->threads - OWNER_CELLS)
                    : stream_print(stream_output(), "%-10s %s" LINE_END, owner->name, owner->cells);
    }
    return error != OK ? error
                       : stream_print(stream_output(), LINE_END
                                      "Each pair is a thread: pages that have memory, 0: swapped "
                                      "out; then KiB in" LINE_END
                                      "use, -: it runs on another CPU." LINE_END BELOW_CLEAR);
}

/* Draws the map so many times; 0: for ever. */
static int live(uint64_t times)
{
    int error = stream_print(stream_output(), SCREEN_CLEAR);

    for (uint64_t i = 0; error == OK && (times == 0 || i < times); i++) {
        error = i > 0 ? sleep_ns(PERIOD_NS) : OK;
        if (error == OK) {
            error = stream_print(stream_output(), HOME);
        }
        if (error == OK) {
            error = map();
        }
    }
    return error;
}

int main(unsigned count, char **words)
{
    uint64_t seconds = 0;

    if (count == 1) {
        return list();
    }
    if (count > 3 || !string_equal(words[1], "live") ||
        (count == 3 &&
         (number_parse_u64(words[2], &seconds) != OK || seconds > UINT32_MAX || seconds == 0))) {
        complain("usage: stacks [live [SECONDS]]");
        return 2;
    }
    return live(seconds * PER_SECOND);
}
