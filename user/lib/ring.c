/*
 * See ring.h. The other side's position is read once, so that the value that was checked is the
 * value that is used.
 */
#include "user/lib/ring.h"

#include "lib/error.h"
#include "lib/string.h"

int ring_open(struct ring_side *side, void *shared, size_t bytes)
{
    size_t room = bytes > sizeof(struct ring_shared) ? bytes - sizeof(struct ring_shared) : 0;
    uint64_t capacity = 1;

    if (room == 0) {
        return ERROR_INVALID;
    }
    while (capacity * 2 <= room) {
        capacity *= 2;
    }
    *side = (struct ring_side){.shared = shared, .capacity = capacity};
    return OK;
}

/*
 * copy_in() copies to the ring, copy_out() from the ring, at the side's position. What does not fit
 * before the end of the ring goes on at its start.
 */
static void copy_in(struct ring_side *side, const uint8_t *from, size_t bytes)
{
    size_t at = side->position & (side->capacity - 1);
    size_t first = bytes < side->capacity - at ? bytes : side->capacity - at;

    memcpy(side->shared->bytes + at, from, first);
    memcpy(side->shared->bytes, from + first, bytes - first);
}

static void copy_out(struct ring_side *side, uint8_t *to, size_t bytes)
{
    size_t at = side->position & (side->capacity - 1);
    size_t first = bytes < side->capacity - at ? bytes : side->capacity - at;

    memcpy(to, side->shared->bytes + at, first);
    memcpy(to + first, side->shared->bytes, bytes - first);
}

int64_t ring_write(struct ring_side *side, const void *from, size_t bytes)
{
    uint64_t read = __atomic_load_n(&side->shared->read, __ATOMIC_ACQUIRE);
    uint64_t used = side->position - read;

    if (used > side->capacity) {
        return ERROR_CORRUPT;
    }
    bytes = bytes < side->capacity - used ? bytes : side->capacity - used;
    copy_in(side, from, bytes);
    side->position += bytes;
    __atomic_store_n(&side->shared->written, side->position, __ATOMIC_RELEASE);
    return (int64_t)bytes;
}

int64_t ring_read(struct ring_side *side, void *to, size_t bytes)
{
    uint64_t written = __atomic_load_n(&side->shared->written, __ATOMIC_ACQUIRE);
    uint64_t used = written - side->position;

    if (used > side->capacity) {
        return ERROR_CORRUPT;
    }
    bytes = bytes < used ? bytes : used;
    copy_out(side, to, bytes);
    side->position += bytes;
    __atomic_store_n(&side->shared->read, side->position, __ATOMIC_RELEASE);
    return (int64_t)bytes;
}
