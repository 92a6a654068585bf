/* The handles that calls get, and those that the fuzzer keeps from them. */
#include "lib/abi.h"
#include "user/fuzz/fuzz.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define DIAGNOSTIC_PORT 0x80 /* writing there does nothing */

/* Handles that no call gets, besides the program's own. */
static uint64_t kept[2 + 3 * FUZZ_THREADS];
static unsigned kept_count;

/* Where all threads meet: each calls there, and receives. 0: there is none. */
static uint64_t common_endpoint;

void fuzz_pools_begin(void)
{
    int64_t made = sys_endpoint_create();

    common_endpoint = made > 0 ? (uint64_t)made : 0;
}

void fuzz_keep(uint64_t handle)
{
    if (kept_count < array_length(kept)) {
        kept[kept_count++] = handle;
    }
}

/* Returns a handle that can only read, or 0. */
static uint64_t reader_of(uint64_t handle)
{
    int64_t reader = sys_handle_duplicate(handle, RIGHT_READ);

    return reader > 0 ? (uint64_t)reader : 0;
}

void fuzz_pool_init(struct fuzz_pool *pool, uint64_t seed, unsigned number)
{
    random_begin(&pool->random, seed, number);
    pool->number = number;
    pool->handles[FUZZ_OWN_TASK] = program_start.handles[PROGRAM_HANDLE_TASK];
    pool->handles[FUZZ_OWN_THREAD] = program_start.handles[PROGRAM_HANDLE_THREAD];
    pool->handles[FUZZ_OWN_INFORMATION] =
        reader_of(program_start.handles[PROGRAM_HANDLE_INFORMATION]);
    pool->handles[FUZZ_OWN_LOG] = reader_of(program_start.handles[PROGRAM_HANDLE_LOG]);
    int64_t port = sys_ports_create(program_start.handles[PROGRAM_HANDLE_PORTS], DIAGNOSTIC_PORT, 1,
                                    RIGHTS_ALL);
    pool->handles[FUZZ_OWN_PORT] = port > 0 ? (uint64_t)port : 0;
    pool->handles[FUZZ_OWN_ENDPOINT] = common_endpoint;
    pool->count = FUZZ_OWN_COUNT;
}

/*
 * By the log the fuzzer tells what it found, and by the right to devices it could stop the machine:
 * of what it was given, calls get its task and its thread alone.
 */
bool fuzz_handle_is_kept(uint64_t handle)
{
    for (unsigned kind = 0; kind < PROGRAM_HANDLE_COUNT; kind++) {
        if (handle == program_start.handles[kind] && kind != PROGRAM_HANDLE_TASK &&
            kind != PROGRAM_HANDLE_THREAD) {
            return true;
        }
    }
    for (unsigned i = 0; i < kept_count; i++) {
        if (handle == kept[i]) {
            return true;
        }
    }
    return false;
}

/* Calls of memory, and the last sequences, need the program's own handles to the end. */
bool fuzz_pool_has_own(const struct fuzz_pool *pool, uint64_t handle)
{
    for (unsigned own = 0; own < FUZZ_OWN_COUNT; own++) {
        if (handle == pool->handles[own]) {
            return true;
        }
    }
    return false;
}

void fuzz_pool_add(struct fuzz_pool *pool, uint64_t handle)
{
    unsigned at = pool->count;

    if (fuzz_handle_is_kept(handle) ||
        fuzz_pool_has_own(pool,
                          handle)) { /* handle_grant() gives numbers of another task's table */
        return;
    }
    if (pool->count < array_length(pool->handles)) {
        pool->count++;
    } else {
        at = FUZZ_OWN_COUNT + random_below(&pool->random, pool->count - FUZZ_OWN_COUNT);
        /* It may be closed already: then this is one more error that is right. */
        ignore_result(sys_handle_close(pool->handles[at]));
    }
    pool->handles[at] = handle;
}

void fuzz_pool_close(struct fuzz_pool *pool)
{
    for (unsigned i = FUZZ_OWN_COUNT; i < pool->count; i++) {
        ignore_result(sys_handle_close(pool->handles[i])); /* it may be closed already */
    }
}

void fuzz_pool_end(struct fuzz_pool *pool)
{
    struct sys_message nothing = {.tag = 0};

    ignore_result(sys_ipc_reply(&nothing)); /* mostly no call is left to be answered */
    fuzz_pool_close(pool);
}
