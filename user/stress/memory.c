/* See memory.h. */
#include "user/stress/memory.h"

#include "lib/error.h"
#include "user/lib/pages.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/sleep.h"
#include "user/syscalls.h"

#define STATUS_WRONG      1
#define NS_PER_SECOND     1000000000UL
#define MEMORY_BYTES      (1UL << 32) /* more than the machine has */
#define MEMORY_STEP_BYTES (1UL << 20)

/* Gives the memory its frames from `at` on, in steps, until there are none. Returns where it ended. */
static size_t memory_take(uint32_t memory, size_t at, size_t step)
{
    while (at < MEMORY_BYTES && sys_memory_commit(memory, at, step) == OK) {
        at += step;
    }
    return at;
}

int memory_hold(uint64_t seconds)
{
    int64_t memory = sys_memory_create(program_start.handles[PROGRAM_HANDLE_TASK], MEMORY_BYTES);
    uint64_t end = (uint64_t)sys_clock_read() + seconds * NS_PER_SECOND;
    size_t at;

    if (memory < 0) {
        complain("%s", error_name((int)memory));
        return STATUS_WRONG;
    }
    printf("it takes all memory"); /* and the stack gets the pages that this needs */
    at = memory_take((uint32_t)memory, 0, MEMORY_STEP_BYTES);
    at = memory_take((uint32_t)memory, at, PAGE_BYTES);
    printf("%lu MiB are taken, and each page that gets free", at >> 20);
    while ((uint64_t)sys_clock_read() < end) {
        at = memory_take((uint32_t)memory, at, PAGE_BYTES);
        ignore_result(sleep_ns(NS_PER_SECOND / 1000)); /* without memory: no pause */
    }
    ignore_result(sys_handle_close((uint64_t)memory)); /* it was opened here */
    return 0;
}

int memory_tide(uint64_t seconds, uint64_t pause)
{
    int status = 0;

    while (status == 0) {
        ignore_result(sleep_ns(pause * NS_PER_SECOND)); /* without memory: no pause */
        status = memory_hold(seconds);
        printf("the memory is given back");
    }
    return status;
}
