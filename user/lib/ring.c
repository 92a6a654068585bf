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

/* How many bytes are in the ring: as the writer sees it, and as the reader does. Errors: see ring.h. */
static int64_t writer_used(const struct ring_side *side)
{
    uint64_t read = __atomic_load_n(&side->shared->read, __ATOMIC_ACQUIRE);
    uint64_t used = side->position - read;

    return used > side->capacity ? ERROR_CORRUPT : (int64_t)used;
}

static int64_t reader_used(const struct ring_side *side)
{
    uint64_t written = __atomic_load_n(&side->shared->written, __ATOMIC_ACQUIRE);
    uint64_t used = written - side->position;

    return used > side->capacity ? ERROR_CORRUPT : (int64_t)used;
}

void ring_written(struct ring_side *side, size_t bytes)
{
    side->position += bytes;
    __atomic_store_n(&side->shared->written, side->position, __ATOMIC_RELEASE);
}

void ring_taken(struct ring_side *side, size_t bytes)
{
    side->position += bytes;
    __atomic_store_n(&side->shared->read, side->position, __ATOMIC_RELEASE);
}

int64_t ring_write(struct ring_side *side, const void *from, size_t bytes)
{
    int64_t used = writer_used(side);

    if (used < 0) {
        return used;
    }
    bytes = bytes < side->capacity - (uint64_t)used ? bytes : side->capacity - (uint64_t)used;
    copy_in(side, from, bytes);
    ring_written(side, bytes);
    return (int64_t)bytes;
}

int64_t ring_read(struct ring_side *side, void *to, size_t bytes)
{
    int64_t used = reader_used(side);

    if (used < 0) {
        return used;
    }
    bytes = bytes < (uint64_t)used ? bytes : (uint64_t)used;
    copy_out(side, to, bytes);
    ring_taken(side, bytes);
    return (int64_t)bytes;
}

/* Stores where the side's position is, and returns how many of `bytes` bytes lie before the end. */
static int64_t straight(const struct ring_side *side, uint64_t bytes, uint8_t **place)
{
    size_t at = side->position & (side->capacity - 1);

    *place = side->shared->bytes + at;
    return (int64_t)(bytes < side->capacity - at ? bytes : side->capacity - at);
}

int64_t ring_room(const struct ring_side *side, uint8_t **room)
{
    int64_t used = writer_used(side);

    return used < 0 ? used : straight(side, side->capacity - (uint64_t)used, room);
}

int64_t ring_content(const struct ring_side *side, uint8_t **content)
{
    int64_t used = reader_used(side);

    return used < 0 ? used : straight(side, (uint64_t)used, content);
}
