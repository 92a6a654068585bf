/* See diver.h. */
#include "user/demo/diver.h"

#include "lib/error.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define DEEP       13312 /* into the lowest page */
#define CROWD_MOST 1000

/* clang-format off */
struct diver divers[DIVERS] = {
    {.name = "shallow", .function = "tree_walk", .way = STACK_DESCENT_WALK, .bytes = 2000},
    {.name = "walker", .function = "tree_walk", .way = STACK_DESCENT_WALK, .bytes = 6000},
    {.name = "parser", .function = "expression_parse", .way = STACK_DESCENT_PARSE, .bytes = 10000},
    {.name = "sorter", .function = "quick_sort", .way = STACK_DESCENT_SORT, .bytes = DEEP},
    {.name = "leap-2", .function = "buffer_fill", .way = STACK_DESCENT_LEAP, .bytes = 9000},
    {.name = "leap-3", .function = "buffer_fill", .way = STACK_DESCENT_LEAP, .bytes = DEEP},
    {.name = "irqs-off", .function = "expression_parse", .holds = "interrupts off",
     .way = STACK_DESCENT_PARSE | STACK_DESCENT_INTERRUPTS_OFF, .bytes = 11000},
    {.name = "lock-held", .function = "buffer_fill", .holds = "a spinlock",
     .way = STACK_DESCENT_LEAP | STACK_DESCENT_LOCK_HELD, .bytes = 7000},
};
/* clang-format on */

static uint32_t never;  /* a notification that nobody signals */
static uint32_t landed; /* a diver signals it when its system call has returned */

static int wait(void *argument maybe_unused)
{
    uint64_t bits;

    return (int)sys_notification_wait(never, UINT64_MAX, &bits);
}

/* Makes a notification, once. */
static int notification_need(uint32_t *handle)
{
    int64_t made = *handle == 0 ? sys_notification_create() : *handle;

    *handle = made < 0 ? 0 : (uint32_t)made;
    return made < 0 ? (int)made : OK;
}

/* Starts a thread that waits in the end, until the program ends. */
static int thread_add(int (*function)(void *), void *argument, const struct thread_options *options)
{
    struct thread thread;
    int error = thread_create(&thread, function, argument, options);

    if (error == OK) {
        thread_detach(&thread);
    }
    return error;
}

unsigned crowd_begin(unsigned most)
{
    unsigned count = 0;

    if (notification_need(&never) == OK) {
        while (count < most && count < CROWD_MOST && thread_add(wait, NULL, NULL) == OK) {
            count++;
        }
    }
    return count;
}

/* Keeps the lower ticks of each touch: each round touches the same pages in the same order. */
static void descent_keep(struct stack_descent *kept, const struct stack_descent *descent)
{
    struct stack_descent before = *kept;

    *kept = *descent;
    for (unsigned i = 0; i < before.touches && i < kept->touches; i++) {
        if (before.touch[i].ticks != 0 && before.touch[i].ticks < kept->touch[i].ticks) {
            kept->touch[i].ticks = before.touch[i].ticks;
        }
    }
}

/* The thread of a diver. */
static int dive(void *argument)
{
    struct diver *diver = argument;
    struct stack_descent descent;

    diver->error = (int)sys_stack_descend(program_start.handles[PROGRAM_HANDLE_INFORMATION],
                                          diver->way, diver->bytes, (uintptr_t)&descent);
    if (diver->error == OK) {
        descent_keep(&diver->descent, &descent);
    }
    int error = (int)sys_notification_signal(landed, 1);
    return error != OK ? error : wait(NULL);
}

/* Runs a diver once, and waits until its descent is over. */
static int diver_run(struct diver *diver)
{
    const struct thread_options options = {.affinity = 1UL << diver->cpu};
    uint64_t bits;
    int error = thread_add(dive, diver, &options);

    if (error == OK) {
        error = (int)sys_notification_wait(landed, UINT64_MAX, &bits);
    }
    return error == OK ? diver->error : error;
}

int divers_run(unsigned cpus)
{
    int error = notification_need(&never);

    error = error == OK ? notification_need(&landed) : error;
    for (unsigned round = 0; round < DIVER_ROUNDS; round++) {
        for (unsigned i = 0; i < DIVERS && error == OK; i++) {
            divers[i].cpu = i % cpus;
            error = diver_run(&divers[i]);
        }
    }
    return error;
}
