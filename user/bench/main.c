/*
 * bench: measures what user programs do, in ticks of the TSC, and passes the medians to its
 * creator, which prints them: words[0] is the number of the figure, words[1] its value. The
 * kernel's tests/bench/user_program_benchmark.c has the names.
 */
#include "lib/string.h"
#include "user/lib/pages.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define SAMPLES 201
#define WARM_UP 8

static uint64_t samples[SAMPLES];

static uint64_t tsc_read(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Sorts the samples and returns the one in the middle. */
static uint64_t median(void)
{
    for (unsigned i = 1; i < SAMPLES; i++) {
        uint64_t sample = samples[i];
        unsigned at = i;

        for (; at > 0 && samples[at - 1] > sample; at--) {
            samples[at] = samples[at - 1];
        }
        samples[at] = sample;
    }
    return samples[SAMPLES / 2];
}

/* Measures a step many times; what two readings of the counter cost is taken off. */
static uint64_t measure(bool (*step)(unsigned number))
{
    uint64_t overhead = UINT64_MAX;

    for (unsigned i = 0; i < WARM_UP; i++) {
        uint64_t start = tsc_read(), ticks = tsc_read() - start;

        overhead = ticks < overhead ? ticks : overhead;
    }
    for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
        uint64_t start = tsc_read();
        bool done = step(i);
        uint64_t ticks = tsc_read() - start - overhead;

        if (!done) {
            return 0;
        }
        if (i >= WARM_UP) {
            samples[i - WARM_UP] = ticks;
        }
    }
    return median();
}

static volatile uint8_t *fresh; /* pages that were never touched, but for the last */

static bool page_touch(unsigned number)
{
    fresh[number * PAGE_BYTES] = 1;
    return true;
}

static int nothing(void *argument maybe_unused)
{
    return 0;
}

static bool thread_cycle(unsigned number maybe_unused)
{
    struct thread thread;

    return thread_create(&thread, nothing, NULL, NULL) == OK && thread_join(&thread) == 0;
}

static int64_t code; /* memory with a program that ends at once */

/* Writes: mov eax, SYS_TASK_EXIT; xor edi, edi; syscall. */
static bool code_make(void)
{
    const uint8_t bytes[] = {0xb8, SYS_TASK_EXIT, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05};
    void *pages;

    code = sys_memory_create(program_start.handles[PROGRAM_HANDLE_TASK], PAGE_BYTES);
    if (code < 0 ||
        pages_map((uint32_t)code, 0, PAGE_BYTES, RIGHT_READ | RIGHT_WRITE, &pages) != OK) {
        return false;
    }
    memcpy(pages, bytes, sizeof(bytes));
    pages_free(pages, PAGE_BYTES);
    return true;
}

static bool task_cycle(unsigned number maybe_unused)
{
    static const char name[] = "cycle";
    const struct memory_mapping mapping = {
        .address = PROGRAM_ADDRESS, .bytes = PAGE_BYTES, .rights = RIGHT_READ | RIGHT_EXECUTE};
    int64_t task = sys_task_create((uintptr_t)name, sizeof(name) - 1, 0);
    int64_t thread = sys_thread_create((uint64_t)task, PROGRAM_PRIORITY, 0, 0);
    bool done =
        sys_memory_map((uint64_t)task, (uint64_t)code, (uintptr_t)&mapping) == PROGRAM_ADDRESS &&
        sys_thread_start((uint64_t)thread, PROGRAM_ADDRESS, 0, 0) == OK &&
        sys_task_wait((uint64_t)task, UINT64_MAX, 0) == OK;

    return sys_handle_close((uint64_t)thread) == OK && sys_handle_close((uint64_t)task) == OK &&
           done;
}

static bool spawn_cycle(unsigned number maybe_unused)
{
    struct spawn_options options;
    const char *reason;
    uint32_t task;

    spawn_init(&options, "bench nothing");
    return spawn(&options, &task, &reason) == OK && spawn_wait(task) == 0;
}

static void report(uint64_t number, uint64_t value)
{
    struct sys_message message = {.words = {number, value}};

    ignore_result(sys_ipc_call(program_start.handles[PROGRAM_HANDLE_PARENT], &message));
}

int main(unsigned count, char **words maybe_unused)
{
    void *pages;

    if (count > 1) {
        return 0; /* `bench nothing`: this one is measured */
    }
    if (!code_make() || pages_allocate((SAMPLES + WARM_UP + 1) * PAGE_BYTES, &pages) != OK) {
        return 1;
    }
    fresh = pages;
    fresh[(SAMPLES + WARM_UP) * PAGE_BYTES] = 1; /* page tables and the object's list are there */
    report(0, measure(page_touch));
    report(1, measure(thread_cycle));
    report(2, measure(task_cycle));
    report(3, measure(spawn_cycle));
    return 0;
}
