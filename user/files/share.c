/* See share.h. */
#include "user/files/share.h"

#include "lib/error.h"
#include "user/lib/pages.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

static struct share shares[SHARES];
static uint64_t rings_made;

static void share_drop(struct share *share)
{
    if (share->pages != NULL) {
        pages_free(share->pages, SHARE_BYTES);
    }
    if (share->shared != 0) {
        ignore_result(sys_handle_close(share->shared)); /* share_make() opened it */
    }
    if (share->memory != 0) {
        ignore_result(sys_handle_close(share->memory)); /* this one, too */
    }
    share->memory = share->shared = 0;
    share->pages = NULL;
}

/* Makes the memory of a ring. Its pages get their frames: a touch that finds none ends the program. */
static int share_fill(struct share *share)
{
    int64_t made = sys_memory_create(program_start.handles[PROGRAM_HANDLE_TASK], SHARE_BYTES);
    int64_t error = made;

    if (made > 0) {
        share->memory = (uint32_t)made;
        error = sys_memory_commit(share->memory, 0, SHARE_BYTES);
    }
    if (error == OK) {
        error = sys_handle_duplicate(share->memory, RIGHT_READ | RIGHT_WRITE | RIGHT_TRANSFER);
        share->shared = error > 0 ? (uint32_t)error : 0;
    }
    if (error > 0) {
        error = pages_map(share->memory, 0, SHARE_BYTES, RIGHT_READ | RIGHT_WRITE, &share->pages);
    }
    return error == OK ? ring_open(&share->ring, share->pages, SHARE_BYTES) : (int)error;
}

int share_make(uint64_t stream, uint64_t *number)
{
    struct share *share = &shares[++rings_made % SHARES];
    int error;

    share_drop(share);
    share->number = *number = rings_made;
    share->stream = stream;
    error = share_fill(share);
    if (error != OK) {
        share_drop(share);
    }
    return error;
}

struct share *share_find(uint64_t number)
{
    struct share *share = &shares[number % SHARES];

    return share->pages != NULL && share->number == number ? share : NULL;
}
