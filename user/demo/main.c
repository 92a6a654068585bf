/*
 * demo: the demonstration of stack faults, from user mode. Threads make a system call that goes
 * down its kernel stack, which grows by page faults. Then a crowd of threads waits in calls, and
 * the memory of their kernel stacks is counted.
 */
#include "lib/error.h"
#include "lib/information.h"
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/records.h"
#include "user/lib/stream.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define STACK_PAGES 4
#define PAGE_KIB    4UL
#define DEEP        13000
#define CROWD       100

struct diver {
    const char *name, *function;
    enum stack_descent_way way;
    uint64_t bytes;
    int error;
    struct stack_descent descent;
    struct thread thread;
};

static struct diver divers[] = {
    {.name = "shallow", .function = "tree_walk", .way = STACK_DESCENT_WALK, .bytes = 2000},
    {.name = "walker", .function = "tree_walk", .way = STACK_DESCENT_WALK, .bytes = 6000},
    {.name = "parser", .function = "expression_parse", .way = STACK_DESCENT_PARSE, .bytes = 10000},
    {.name = "sorter", .function = "quick_sort", .way = STACK_DESCENT_SORT, .bytes = DEEP},
    {.name = "leap-2", .function = "buffer_fill", .way = STACK_DESCENT_LEAP, .bytes = 9000},
    {.name = "leap-3", .function = "buffer_fill", .way = STACK_DESCENT_LEAP, .bytes = DEEP},
};

static struct thread crowd[CROWD];
static uint32_t never;  /* a notification that nobody signals */
static uint32_t landed; /* a diver signals it when its system call has returned */

static int wait(void *argument maybe_unused)
{
    uint64_t bits;

    return (int)sys_notification_wait(never, UINT64_MAX, &bits);
}

/* Keeps its kernel stack until it is killed, else the next diver would get it, pages included. */
static int dive(void *argument)
{
    struct diver *diver = argument;

    diver->error = (int)sys_stack_descend(program_start.handles[PROGRAM_HANDLE_INFORMATION],
                                          diver->way, diver->bytes, (uintptr_t)&diver->descent);
    int error = (int)sys_notification_signal(landed, 1);
    return error != OK ? error : wait(NULL);
}

/* Starts threads that wait. Returns how many. */
static unsigned crowd_begin(void)
{
    unsigned count = 0;

    while (count < CROWD && thread_create(&crowd[count], wait, NULL, NULL) == OK) {
        count++;
    }
    return count;
}

static void thread_end(struct thread *thread)
{
    ignore_result(sys_thread_kill(thread->handle)); /* it waits, or begins to */
    ignore_result(thread_join(thread));             /* it was killed */
}

static void crowd_end(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        thread_end(&crowd[i]);
    }
}

static int diver_print(const struct diver *diver)
{
    const struct stack_descent *descent = &diver->descent;
    char pages[STACK_PAGES + 1] = "....";
    int error;

    for (unsigned i = 0; i < STACK_PAGES && i < descent->pages_after; i++) {
        pages[i] = '#';
    }
    error = stream_print(stream_output(), "%-8s %-17s %6lu   [%s]  %u -> %u ", diver->name,
                         diver->function, descent->deepest, pages, descent->pages_before,
                         descent->pages_after);
    for (unsigned i = 0; i < descent->touches && error == OK; i++) {
        error = stream_print(stream_output(), "  %lu at %lu", descent->touch[i].ticks,
                             descent->touch[i].depth);
    }
    return error == OK ? stream_print(stream_output(), "\n") : error;
}

/* Waits for the diver that was started last, and prints what it found. */
static int diver_await(const struct diver *diver)
{
    uint64_t bits;
    int error = (int)sys_notification_wait(landed, UINT64_MAX, &bits);

    error = error == OK ? diver->error : error;
    return error == OK ? diver_print(diver) : error;
}

static int divers_run(void)
{
    int error = OK;
    unsigned started = 0;

    while (started < array_length(divers) && error == OK) {
        struct diver *diver = &divers[started];
        error = thread_create(&diver->thread, dive, diver, NULL);
        if (error == OK) {
            started++;
            error = diver_await(diver);
        }
    }
    for (unsigned i = 0; i < started; i++) {
        thread_end(&divers[i].thread);
    }
    return error;
}

/* Counts the pages of the kernel stacks of this program's threads. */
static int savings_print(void)
{
    static struct records records = {.kind = INFORMATION_THREADS,
                                     .size = sizeof(struct information_thread)};
    const struct information_thread *thread;
    uint64_t threads = 0, whole = 0, resident = 0;

    while ((thread = records_next(&records)) != NULL) {
        if (string_equal(thread->name, "demo")) {
            threads++;
            whole += thread->stack_pages;
            resident += thread->stack_pages_resident;
        }
    }
    return stream_print(
        stream_output(),
        "\n%lu threads that wait in a call have %lu KiB of kernel stacks; whole ones "
        "would have %lu KiB.\nSaved: %lu %%\n",
        threads, resident * PAGE_KIB, whole * PAGE_KIB,
        whole == 0 ? 0 : 100 - resident * 100 / whole);
}

/* Makes a notification. Returns its handle in *handle. */
static int notification_make(uint32_t *handle)
{
    int64_t made = sys_notification_create();

    *handle = (uint32_t)made;
    return made < 0 ? (int)made : OK;
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    int error = notification_make(&never);
    unsigned waiting;

    error = error == OK ? notification_make(&landed) : error;
    if (error != OK) {
        complain("%s", error_name(error));
        return 1;
    }
    waiting = crowd_begin(); /* first: it takes the stacks that earlier threads have filled */
    error = stream_print(
        stream_output(),
        "A system call goes down its kernel stack: 16 KiB of addresses, of which only "
        "as much\nhas memory as was needed. What is not there comes by page faults.\n\n"
        "thread   in the kernel       deep   stack   pages     ticks of each fault, "
        "and where\n");
    if (error == OK) {
        error = divers_run();
    }
    if (error == OK) {
        error = savings_print();
    }
    crowd_end(waiting);
    return error;
}
