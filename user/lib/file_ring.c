/* See file_ring.h. */
#include "user/lib/file_ring.h"

#include "lib/error.h"
#include "user/lib/pages.h"
#include "user/rings_protocol.h"
#include "user/syscalls.h"

int file_ring_begin(struct file_ring *ring, uint32_t server)
{
    uint64_t bytes = 0;
    uint32_t memory;
    int64_t error;

    *ring = (struct file_ring){0};
    error = rings_begin(server, &ring->filler);
    if (error < 0) {
        ring->filler = 0;
        return (int)error;
    }
    error = rings_memory(ring->filler, &memory, &bytes);
    if (error >= 0) {
        error = pages_map(memory, 0, bytes, RIGHT_READ | RIGHT_WRITE, &ring->pages);
        ring->bytes = error == OK ? bytes : 0;
        ignore_result(sys_handle_close(memory)); /* the call opened it */
    }
    if (error == OK) {
        error = ring_open(&ring->side, ring->pages, bytes);
    }
    if (error < 0) {
        file_ring_end(ring);
    }
    return (int)error;
}

int64_t file_ring_read(struct file_ring *ring, uint64_t at, void *to, size_t bytes)
{
    uint64_t filled;
    int64_t read = ring_read(&ring->side, to, bytes), error;

    if (read != 0 || bytes == 0) {
        return read;
    }
    error = rings_fill(ring->filler, at, &filled); /* the ring is empty: the file goes on at `at` */
    return error < 0 ? error : ring_read(&ring->side, to, bytes);
}

int64_t file_ring_write(struct file_ring *ring, uint64_t at, const void *from, size_t bytes)
{
    uint64_t drained;
    int64_t error = ring_write(&ring->side, from, bytes);

    if (error >= 0) {
        error = rings_drain(ring->filler, at, &drained);
    }
    return error < 0 ? error : (int64_t)drained;
}

void file_ring_end(struct file_ring *ring)
{
    if (ring->bytes != 0) {
        pages_free(ring->pages, ring->bytes);
    }
    if (ring->filler != 0) {
        ignore_result(sys_handle_close(ring->filler)); /* file_ring_begin() opened it */
    }
    *ring = (struct file_ring){0};
}
