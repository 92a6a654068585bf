/* Values for the arguments of system calls. */
#include "lib/abi.h"
#include "lib/string.h"
#include "user/fuzz/fuzz.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define PAGE_BYTES 4096UL
#define USER_END   0x00007ffffffff000UL

/*
 * For each thread: calls get addresses in `given`; the pages beside it must not change. `message` is
 * for calls with a limit of time, which the kernel reads from there.
 */
static struct area {
    uint8_t below[PAGE_BYTES];
    uint8_t given[4 * PAGE_BYTES];
    uint8_t above[PAGE_BYTES];
    struct message_buffer message;
} aligned_to(4096) areas[FUZZ_THREADS];

#define CANARY 0xa5

void fuzz_memory_init(void)
{
    for (unsigned i = 0; i < FUZZ_THREADS; i++) {
        __builtin_memset(areas[i].below, CANARY, sizeof(areas[i].below));
        __builtin_memset(areas[i].above, CANARY, sizeof(areas[i].above));
    }
}

static bool is_filled(const uint8_t *page)
{
    for (unsigned i = 0; i < PAGE_BYTES; i++) {
        if (page[i] != CANARY) {
            return false;
        }
    }
    return true;
}

bool fuzz_memory_is_sound(void)
{
    for (unsigned i = 0; i < FUZZ_THREADS; i++) {
        if (!is_filled(areas[i].below) || !is_filled(areas[i].above)) {
            return false;
        }
    }
    return true;
}

/* Mostly a handle that exists or did; else one that is nearly so, or any number. */
static uint64_t any_handle_at_all(struct fuzz_pool *pool)
{
    uint64_t known = pool->handles[random_below(&pool->random, pool->count)];

    switch (random_below(&pool->random, 16)) {
    case 0:
        return random_next(&pool->random);
    case 1:
        return (uint32_t)random_next(&pool->random);
    case 2: /* another generation, another index, bits beyond the handle's 32 */
        return known ^ (1UL << random_below(&pool->random, 64));
    case 3:
        return 0;
    default:
        return known;
    }
}

static uint64_t any_handle(struct fuzz_pool *pool)
{
    uint64_t handle = any_handle_at_all(pool);

    return fuzz_handle_is_kept(handle) ? 0 : handle;
}

static uint64_t any_number(struct fuzz_pool *pool)
{
    uint64_t number = random_next(&pool->random) >> random_below(&pool->random, 64);

    switch (random_below(&pool->random, 8)) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX - random_below(&pool->random, 3);
    case 2:
        return (1UL << random_below(&pool->random, 64)) - random_below(&pool->random, 2);
    default:
        return number;
    }
}

/*
 * Addresses where the fuzzer maps and unmaps: nothing of its own lies there. Memory with a pager is
 * mapped in a playground of its own, because the pager never answers a thread that touches it. It
 * lies so far from the other that nothing that begins in the other reaches it.
 */
#define PLAYGROUND       0x300000000000UL
#define PAGED_PLAYGROUND 0x308000000000UL
#define PLAYGROUND_PAGES 32
#define COMMIT_PAGES     16 /* or it would take all memory */

static uint64_t playground(struct fuzz_pool *pool, bool paged)
{
    return (paged ? PAGED_PLAYGROUND : PLAYGROUND) +
           random_below(&pool->random, PLAYGROUND_PAGES) * PAGE_BYTES;
}

static bool in_playground(uint64_t address)
{
    return address - PLAYGROUND < PLAYGROUND_PAGES * PAGE_BYTES ||
           address - PAGED_PLAYGROUND < PLAYGROUND_PAGES * PAGE_BYTES;
}

/* Addresses that may be read and written, that end within a mapping, and that no user may touch. */
static uint64_t any_address(struct fuzz_pool *pool)
{
    uint64_t near = random_below(&pool->random, 64);

    switch (random_below(&pool->random, 14)) {
    case 0:
        return 0;
    case 1:
        return USER_END - near;
    case 2:
        return 0xffff800000000000UL + random_below(&pool->random, 1U << 30);
    case 3:
        return 0xffffffff80100000UL + random_below(&pool->random, 1U << 20);
    case 4:
        return 0x0000800000000000UL - near;
    case 5:
        return UINT64_MAX - near;
    case 6: /* its own code, which cannot be written */
        return 0x400000 + near;
    case 7: /* nothing is mapped there */
        return 0x10000000000UL + random_next(&pool->random) % 0x10000000000UL;
    case 8: /* another thread may unmap it meanwhile */
    case 9:
        return playground(pool, false) + near;
    case 10: /* another thread's */
        return (uintptr_t)areas[random_below(&pool->random, FUZZ_THREADS)].given + near;
    default:
        return (uintptr_t)areas[pool->number].given + random_below(&pool->random, 2 * PAGE_BYTES);
    }
}

/* A wait is short, or none at all: often nothing comes. */
static uint64_t any_deadline(struct fuzz_pool *pool)
{
    switch (random_below(&pool->random, 4)) {
    case 0:
        return (uint64_t)sys_clock_read() + random_below(&pool->random, 20000);
    case 1:
        return random_below(&pool->random, 1000);
    default:
        return 0;
    }
}

static uint64_t any_tag(struct fuzz_pool *pool, bool waits)
{
    uint64_t tag = !waits                              ? 0
                   : random_once_in(&pool->random, 64) ? MESSAGE_TAG_DEADLINE
                                                       : MESSAGE_TAG_POLL;

    if (random_once_in(&pool->random, 4)) {
        tag |= random_below(&pool->random, 2 * MESSAGE_BYTES_MAX) & MESSAGE_TAG_BYTES_MASK;
    }
    if (random_once_in(&pool->random, 4)) {
        tag |= (uint64_t)random_below(&pool->random, 8) << MESSAGE_TAG_HANDLES_SHIFT;
    }
    if (random_once_in(&pool->random, 2)) {
        tag |= random_next(&pool->random) & MESSAGE_TAG_LABEL_MASK;
    }
    if (random_once_in(&pool->random, 16)) {
        tag |= random_next(&pool->random); /* reserved bits */
    }
    return tag;
}

uint64_t fuzz_value(struct fuzz_pool *pool, enum fuzz_kind kind)
{
    switch (kind) {
    case FUZZ_HANDLE:
        return any_handle(pool);
    case FUZZ_TAG:
    case FUZZ_TAG_WAITS:
        return any_tag(pool, kind == FUZZ_TAG_WAITS);
    case FUZZ_RIGHTS:
        return random_once_in(&pool->random, 8) ? any_number(pool)
                                                : random_below(&pool->random, RIGHTS_ALL + 1);
    case FUZZ_DEADLINE:
        return any_deadline(pool);
    case FUZZ_ADDRESS:
        return any_address(pool);
    default:
        return any_number(pool);
    }
}

static uint64_t some_pages(struct fuzz_pool *pool)
{
    return random_once_in(&pool->random, 8) ? any_number(pool)
                                            : random_below(&pool->random, 9) * PAGE_BYTES;
}

static uint64_t mapping_rights(struct fuzz_pool *pool)
{
    static const uint64_t likely[] = {RIGHT_READ, RIGHT_READ | RIGHT_WRITE,
                                      RIGHT_READ | RIGHT_EXECUTE,
                                      RIGHT_READ | RIGHT_WRITE | MEMORY_MAP_STACK};

    return random_once_in(&pool->random, 8)
               ? any_number(pool)
               : likely[random_below(&pool->random, array_length(likely))];
}

/* Writes what memory_map() reads to memory that calls are given. */
static void mapping_write(struct fuzz_pool *pool, bool paged, uint64_t *address)
{
    uint8_t *given = areas[pool->number].given;
    const struct memory_mapping mapping = {
        .address = !paged && random_once_in(&pool->random, 64) ? 0 : playground(pool, paged),
        .bytes = some_pages(pool),
        .offset = random_once_in(&pool->random, 2) ? 0 : some_pages(pool),
        .rights = mapping_rights(pool)};

    if (paged || !random_once_in(&pool->random, 8)) {
        __builtin_memcpy(given, &mapping, sizeof(mapping));
        *address = (uintptr_t)given;
    }
}

static bool is_own(uint64_t address, uint64_t bytes)
{
    bool foreign = in_playground(address) && bytes <= PLAYGROUND_PAGES * PAGE_BYTES * 32;

    return !foreign && (bytes == 0 || address < USER_END) && address + bytes > PAGE_BYTES &&
           (address | bytes) % PAGE_BYTES == 0;
}

/* Puts the own task, and memory, in the place of handles, which seldom are of the right type. */
static void handles_put(struct fuzz_pool *pool, const char *name, uint64_t *values)
{
    bool commits = string_equal(name, "memory_commit");
    bool two = string_starts_with(name, "memory_map") || string_equal(name, "memory_clone");

    if (random_once_in(&pool->random, 4) || string_equal(name, "memory_physical")) {
        return;
    }
    values[0] = commits ? pool->memory : pool->handles[FUZZ_OWN_TASK];
    if (two) {
        values[1] = pool->memory;
    }
}

static void commit_values(struct fuzz_pool *pool, uint64_t *values)
{
    values[1] = some_pages(pool);
    values[2] = random_once_in(&pool->random, 8)
                    ? values[2] | 1
                    : random_below(&pool->random, COMMIT_PAGES) * PAGE_BYTES;
}

/*
 * Other calls that would hardly ever succeed: the threads hardly ever meet but at the endpoint that all
 * of them have. Handles are granted to any task: circles of tasks
 * without threads are given up by the kernel.
 */
static void other_adjust(struct fuzz_pool *pool, const char *name, uint64_t *values)
{
    if (string_starts_with(name, "ipc_") && random_once_in(&pool->random, 4)) {
        values[0] = pool->handles[FUZZ_OWN_ENDPOINT];
    } else if (string_equal(name, "handle_grant") && random_once_in(&pool->random, 2)) {
        values[0] =
            pool->handles[random_once_in(&pool->random, 4) ? FUZZ_OWN_THREAD : FUZZ_OWN_TASK];
    } else if (random_once_in(&pool->random, 4)) {
        return;
    } else if (string_starts_with(name, "information_")) {
        values[0] = pool->handles[FUZZ_OWN_INFORMATION];
        values[1] =
            string_equal(name, "information_list") ? random_below(&pool->random, 6) : values[1];
    } else if (string_equal(name, "log_read")) {
        values[0] = pool->handles[FUZZ_OWN_LOG];
    } else if (string_equal(name, "stack_descend")) {
        values[0] = pool->handles[FUZZ_OWN_INFORMATION];
        values[1] = random_below(&pool->random, 3);
        values[2] = random_below(&pool->random, 4 * PAGE_BYTES);
    }
}

bool fuzz_adjust(struct fuzz_pool *pool, const char *name, uint64_t *values)
{
    if (string_equal(name, "handle_close")) {
        return !fuzz_pool_has_own(pool, values[0]);
    }
    if (string_equal(name, "thread_priority_set") && fuzz_pool_has_own(pool, values[0])) {
        values[1] = values[1] == 0 ? 1 : values[1]; /* or it could create no thread any more */
    }
    if (!string_starts_with(name, "memory_")) {
        other_adjust(pool, name, values);
        return true;
    }
    handles_put(pool, name, values);
    if (string_equal(name, "memory_create")) {
        values[1] = some_pages(pool);
    } else if (string_equal(name, "memory_commit")) {
        commit_values(pool, values);
    } else if (string_equal(name, "memory_map")) {
        mapping_write(pool, false, &values[2]);
    } else if (string_equal(name, "memory_map_paged")) {
        mapping_write(pool, true, &values[2]);
    } else if (string_equal(name, "memory_unmap") || string_equal(name, "memory_protect")) {
        if (!random_once_in(&pool->random, 4)) {
            values[1] = playground(pool, random_once_in(&pool->random, 2));
            values[2] = some_pages(pool);
        }
        return !is_own(values[1], values[2]);
    }
    return true;
}

void fuzz_deadline_set(struct fuzz_pool *pool, uint64_t tag)
{
    struct message_buffer *message = &areas[pool->number].message;

    if (tag & MESSAGE_TAG_DEADLINE) {
        message->deadline_ns = (uint64_t)sys_clock_read() + random_below(&pool->random, 50000);
        ignore_result(sys_message_buffer_set((uintptr_t)message)); /* it is its own memory */
    }
}
