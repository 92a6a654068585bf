/* The cost of system calls, from the instruction before SYSCALL to the one behind it. */
#include "kernel/object/handle_table.h"
#include "kernel/syscall/kernel_objects.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "tests/support/user_world.h"

#define SAMPLES 500 /* a page of words has room for them */

extern const char user_code_time_calls[], user_code_time_nothing[], user_code_time_clock_call[],
    user_code_time_clock_page[], user_code_time_port_read[];

static uint64_t samples[SAMPLES];

#define PORT_HANDLE_AT 511 /* a word of the page of data, as user_code.asm has it */

/* A piece of user_code.asm that leaves SAMPLES differences of the counter in the page of data. */
struct piece {
    const char *code;
    struct handle_table *handles; /* of its thread; may be NULL */
    uint64_t word;                /* at PORT_HANDLE_AT, before it runs and behind */
};

static bool piece_measure(struct piece *piece, uint64_t *results)
{
    static struct user_world world;
    static struct user_world_thread thread;
    bool measured = false;

    user_world_begin();
    if (user_world_create(&world)) {
        world.handles = piece->handles;
        user_world_data(&world)[PORT_HANDLE_AT] = piece->word;
        measured = user_world_run(&thread, &world, piece->code, SAMPLES);
        piece->word = user_world_data(&world)[PORT_HANDLE_AT];
        for (unsigned i = 0; i < SAMPLES; i++) {
            results[i] = user_world_data(&world)[i];
        }
        user_world_destroy(&world);
    }
    user_world_end();
    return measured;
}

/* Takes the samples of a piece, less the reading of the counter. */
static bool samples_take(struct piece *piece)
{
    static uint64_t nothing[SAMPLES];
    struct piece nothing_piece = {.code = user_code_time_nothing};
    if (!piece_measure(&nothing_piece, nothing) || !piece_measure(piece, samples)) {
        return false;
    }
    for (unsigned i = 0; i < SAMPLES; i++) {
        samples[i] -= nothing[SAMPLES / 2];
    }
    return true;
}

static void piece_report(const char *name, const char *code)
{
    struct piece piece = {.code = code};
    if (samples_take(&piece)) {
        benchmark_samples_report(name, samples, SAMPLES);
    }
}

BENCHMARK(syscall_null)
{
    piece_report("syscall_null", user_code_time_calls);
}

/* The two ways to tell a program the time: docs/decisions/0027-time-by-a-call.md. */
BENCHMARK(clock_read)
{
    piece_report("clock_read_call", user_code_time_clock_call);
    piece_report("clock_read_page", user_code_time_clock_page);
}

/* A byte of an I/O port: docs/decisions/0028-ports-by-calls.md. */
BENCHMARK(port_read_call)
{
    static struct handle_table handles;
    struct piece piece = {.code = user_code_time_port_read, .handles = &handles};
    uint32_t handle;

    handle_table_init(&handles, 1);
    if (handle_open(&handles, kernel_object_ports(), RIGHT_READ, 0, &handle) != OK) {
        benchmark_fail("port_read_call", "no memory for a handle");
        return;
    }
    piece.word = handle;
    bool taken = samples_take(&piece);
    handle_table_destroy(&handles);
    if (!taken || piece.word > UINT8_MAX) { /* no byte but an error */
        benchmark_fail("port_read_call", "the port was not read");
        return;
    }
    benchmark_samples_report("port_read_call", samples, SAMPLES);
}
