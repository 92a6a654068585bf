/* See output_ring.h. A mark is a NUL byte and the number of the style. */
#include "kernel/console/output_ring.h"

#include "lib/format.h"

#define MARK        '\0'
#define MARK_LENGTH 2

static void byte_add(struct output_ring *ring, char byte)
{
    if (ring->next - output_ring_taken(ring) >= ring->room) {
        ring->full = true;
    } else {
        ring->bytes[ring->next++ % OUTPUT_RING_BYTES] = byte;
    }
}

void output_ring_add(void *context, const char *text, size_t bytes)
{
    struct output_ring *ring = context;
    for (size_t i = 0; i < bytes && !ring->full; i++) {
        if (text[i] != MARK) {
            byte_add(ring, text[i]);
        }
    }
}

void output_ring_style(struct output_ring *ring, uint8_t style)
{
    byte_add(ring, MARK);
    byte_add(ring, (char)style);
}

bool output_ring_end(struct output_ring *ring)
{
    bool fits = !ring->full;
    if (fits) {
        __atomic_store_n(&ring->written, ring->next, __ATOMIC_RELEASE);
    } else {
        ring->next = ring->written;
        ring->full = false;
        __atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
    }
    return fits;
}

void output_ring_tell_lost(struct output_ring *ring)
{
    uint32_t lost = ring->lost;
    if (lost == 0) {
        return;
    }
    static char notice[96]; /* guarded by the writers' lock; static, to save stack */
    size_t bytes = format_string(
        notice, sizeof(notice),
        "# console: %u texts lost here: they came faster than they could be shown\n", lost);
    output_ring_add(ring, notice, bytes);
    if (output_ring_end(ring)) {
        lost = 0;
    }
    __atomic_store_n(&ring->lost, lost, __ATOMIC_RELAXED); /* a lost notice is not counted */
}

struct output_item output_ring_next(const struct output_ring *ring)
{
    uint64_t taken = ring->taken;
    if (taken == output_ring_written(ring)) {
        return (struct output_item){OUTPUT_NOTHING, 0, 0};
    }
    char byte = ring->bytes[taken % OUTPUT_RING_BYTES];
    if (byte != MARK) {
        return (struct output_item){OUTPUT_BYTE, (uint8_t)byte, 1};
    }
    char style = ring->bytes[(taken + 1) % OUTPUT_RING_BYTES];
    return (struct output_item){OUTPUT_STYLE, (uint8_t)style, MARK_LENGTH};
}

void output_ring_take(struct output_ring *ring, struct output_item item)
{
    __atomic_store_n(&ring->taken, ring->taken + item.length, __ATOMIC_RELEASE);
}
