/* The buddy algorithm: see buddy.h. Each level of a split or merge touches one record. */
#include "mm/frame/buddy.h"

static void block_link(struct buddy *buddy, uint32_t first, unsigned order)
{
    /* LAB 2 BEGIN block-link: make a free block and put it first in its list */
    struct frame *frame = &buddy->frames[first];

    frame->state = FRAME_FREE;
    frame->order = (uint8_t)order;
    frame->previous = BUDDY_NONE;
    frame->next = buddy->head[order];
    if (frame->next != BUDDY_NONE) {
        buddy->frames[frame->next].previous = first;
    }
    buddy->head[order] = first;
    buddy->blocks[order]++;
    /* LAB 2 END block-link */
}

static void block_unlink(struct buddy *buddy, uint32_t first, unsigned order)
{
    /* LAB 2 BEGIN block-unlink: take a block out of its list */
    struct frame *frame = &buddy->frames[first];

    if (frame->previous == BUDDY_NONE) {
        buddy->head[order] = frame->next;
    } else {
        buddy->frames[frame->previous].next = frame->next;
    }
    if (frame->next != BUDDY_NONE) {
        buddy->frames[frame->next].previous = frame->previous;
    }
    buddy->blocks[order]--;
    /* LAB 2 END block-unlink */
}

static void lists_init(struct buddy *buddy, struct frame *frames, uint32_t count)
{
    *buddy = (struct buddy){.frames = frames, .count = count};
    for (unsigned order = 0; order < BUDDY_ORDER_COUNT; order++) {
        buddy->head[order] = BUDDY_NONE;
    }
}

void buddy_share(struct buddy *buddy, const struct buddy *records)
{
    lists_init(buddy, records->frames, records->count);
}

void buddy_init(struct buddy *buddy, struct frame *frames, uint32_t count)
{
    lists_init(buddy, frames, count);
    for (uint32_t i = 0; i < count; i++) {
        frames[i] = (struct frame){.state = FRAME_UNUSABLE};
    }
}

void buddy_add(struct buddy *buddy, uint32_t first, uint32_t count)
{
    /* LAB 2 BEGIN buddy-add: cut a range into the largest aligned blocks */
    uint32_t end = first + count;

    for (uint32_t i = first; i < end; i++) {
        buddy->frames[i].state = FRAME_INSIDE;
    }
    while (first < end) {
        unsigned order = BUDDY_ORDER_MAX;

        while ((first & ((1u << order) - 1)) != 0 || end - first < 1u << order) {
            order--;
        }
        buddy_put(buddy, first, order);
        first += 1u << order;
    }
    /* LAB 2 END buddy-add */
}

bool buddy_take(struct buddy *buddy, unsigned order, uint32_t *first)
{
    /* LAB 2 BEGIN buddy-take: find a block, and split it down to the order */
    unsigned found = order;

    while (found < BUDDY_ORDER_COUNT && buddy->head[found] == BUDDY_NONE) {
        found++;
    }
    if (found >= BUDDY_ORDER_COUNT) {
        return false;
    }
    *first = buddy->head[found];
    block_unlink(buddy, *first, found);
    while (found > order) { /* keep the lower half, give back the upper */
        found--;
        block_link(buddy, *first + (1u << found), found);
    }
    buddy->frames[*first].state = FRAME_ALLOCATED;
    buddy->frames[*first].order = (uint8_t)order;
    buddy->free_count -= 1u << order;
    return true;
    /* LAB 2 END buddy-take */
}

void buddy_put(struct buddy *buddy, uint32_t first, unsigned order)
{
    /* LAB 2 BEGIN buddy-put: put a block back, and merge it with its buddy while that is free */
    buddy->free_count += 1u << order;
    for (; order < BUDDY_ORDER_MAX; order++) {
        uint32_t other = first ^ (1u << order);

        if (other >= buddy->count || buddy->frames[other].state != FRAME_FREE ||
            buddy->frames[other].order != order) {
            break;
        }
        block_unlink(buddy, other, order);
        buddy->frames[first].state = FRAME_INSIDE;
        buddy->frames[other].state = FRAME_INSIDE;
        first &= other; /* the lower of the two */
    }
    block_link(buddy, first, order);
    /* LAB 2 END buddy-put */
}
