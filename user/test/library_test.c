/* The user library in user mode; what needs no kernel is tested on the host as well. */
#include "lib/string.h"
#include "user/lib/malloc.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/test/test.h"

USER_TEST(ULB0001, "a program gets its arguments, its handles and zeroed data")
{
    static uint8_t zeroed[3 * 4096];
    unsigned wrong = 0;

    test_equal(program_start.version, PROGRAM_START_VERSION);
    test_equal(program_start.bytes, sizeof(program_start));
    test_check(program_start.handles[PROGRAM_HANDLE_TASK] != 0);
    test_check(program_start.handles[PROGRAM_HANDLE_THREAD] != 0);
    test_check(program_start.handles[PROGRAM_HANDLE_LOG] != 0);
    for (size_t i = 0; i < sizeof(zeroed); i++) {
        wrong += zeroed[i] != 0;
    }
    test_equal(wrong, 0);
}

/* Uses 300 bytes of the stack at each depth, and checks them on the way back. */
static unsigned dive(unsigned depth)
{
    volatile uint8_t bytes[256];
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(depth + i);
    }
    wrong += depth > 0 ? dive(depth - 1) : 0;
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        wrong += bytes[i] != (uint8_t)(depth + i);
    }
    return wrong;
}

USER_TEST(ULB0002, "the stack of a program is filled as it is touched, nearly down to its end")
{
    test_equal(dive((unsigned)(program_start.stack_bytes / 350)), 0);
}

#define BLOCKS 100

USER_TEST(ULB0003, "blocks of malloc() keep their bytes, and all of them are free at the end")
{
    uint8_t *blocks[BLOCKS];
    unsigned wrong = 0;

    test_equal(malloc_used(), 0);
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(i * 100);
        test_check(blocks[i] != NULL);
        memset(blocks[i], (int)i, i * 100);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = realloc(blocks[i], i * 150 + 1);
        test_check(blocks[i] != NULL);
        for (unsigned at = 0; at < i * 100; at++) {
            wrong += blocks[i][at] != (uint8_t)i;
        }
    }
    test_equal(wrong, 0);
    for (unsigned i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    test_equal(malloc_used(), 0);
    test_check(calloc(SIZE_MAX / 2, 3) == NULL);
    test_check(malloc(SIZE_MAX / 2) == NULL);
}

#define LARGE_BYTES (MALLOC_BYTES / 2)
#define LARGE_COUNT 4

static void large_block_check(const uint8_t *block, unsigned number, size_t bytes)
{
    test_equal(block[0], number);
    test_equal(block[bytes - 1], number + 1);
}

USER_TEST(ULB0007, "malloc() gives more memory than its first heap has, and gives it back")
{
    uint8_t *blocks[LARGE_COUNT], *whole = malloc(2 * MALLOC_BYTES);

    test_check(whole != NULL);
    for (unsigned i = 0; i < LARGE_COUNT; i++) {
        blocks[i] = malloc(LARGE_BYTES);
        test_check(blocks[i] != NULL);
        blocks[i][0] = (uint8_t)i;
        blocks[i][LARGE_BYTES - 1] = (uint8_t)(i + 1);
    }
    whole[0] = LARGE_COUNT;
    whole[2 * MALLOC_BYTES - 1] = LARGE_COUNT + 1;
    for (unsigned i = 0; i < LARGE_COUNT; i++) {
        large_block_check(blocks[i], i, LARGE_BYTES);
        free(blocks[i]);
    }
    large_block_check(whole, LARGE_COUNT, 2 * MALLOC_BYTES);
    test_check(malloc_used() >= 2 * MALLOC_BYTES);
    free(whole);
    test_equal(malloc_used(), 0);
}
