/*
 * Each block begins with a header of 16 bytes: its own size and that of the block before it, so
 * that both neighbours are found when the block is freed. The lowest bit of the size says that the
 * block is in use. A free block has the links of the list of free blocks in its data.
 */
#include "user/lib/heap.h"

#define IN_USE 1UL

struct heap_block {
    size_t size;   /* with the header; IN_USE */
    size_t before; /* size of the block before, without IN_USE; 0 for the first */
    struct heap_block *next, *previous; /* of the list of free blocks */
};

#define HEADER_BYTES offsetof(struct heap_block, next)
#define BLOCK_BYTES  sizeof(struct heap_block) /* the smallest block */

static_assert(HEADER_BYTES == HEAP_ALIGNMENT, "data is aligned as blocks are");

static size_t size_of(const struct heap_block *block)
{
    return block->size & ~IN_USE;
}

static bool is_free(const struct heap_block *block)
{
    return (block->size & IN_USE) == 0;
}

static struct heap_block *after(const struct heap_block *block)
{
    return (struct heap_block *)((uintptr_t)block + size_of(block));
}

static void list_add(struct heap *heap, struct heap_block *block)
{
    block->previous = NULL;
    block->next = heap->free;
    if (heap->free != NULL) {
        heap->free->previous = block;
    }
    heap->free = block;
}

static void list_remove(struct heap *heap, struct heap_block *block)
{
    if (block->previous != NULL) {
        block->previous->next = block->next;
    } else {
        heap->free = block->next;
    }
    if (block->next != NULL) {
        block->next->previous = block->previous;
    }
}

/* Sets the size of a free block, and notes it in the header of the block after it. */
static void resize(struct heap_block *block, size_t size)
{
    block->size = size;
    after(block)->before = size;
}

void heap_init(struct heap *heap, void *area, size_t bytes)
{
    heap->first = area;
    heap->end = (struct heap_block *)((uintptr_t)area + bytes - HEADER_BYTES);
    heap->free = NULL;
    heap->used_bytes = 0;
    heap->end->size = IN_USE;
    heap->first->before = 0;
    resize(heap->first, bytes - HEADER_BYTES);
    list_add(heap, heap->first);
}

void *heap_allocate(struct heap *heap, size_t bytes)
{
    struct heap_block *block = heap->free;
    size_t need;

    if (bytes > SIZE_MAX - HEADER_BYTES - HEAP_ALIGNMENT) {
        return NULL;
    }
    need = align_up(bytes, HEAP_ALIGNMENT) + HEADER_BYTES;
    need = need < BLOCK_BYTES ? BLOCK_BYTES : need;
    while (block != NULL && block->size < need) {
        block = block->next;
    }
    if (block == NULL) {
        return NULL;
    }
    list_remove(heap, block);
    if (block->size - need >= BLOCK_BYTES) {
        size_t rest = block->size - need;

        resize(block, need);
        resize(after(block), rest);
        list_add(heap, after(block));
    }
    heap->used_bytes += block->size;
    block->size |= IN_USE;
    return (char *)block + HEADER_BYTES;
}

void heap_free(struct heap *heap, void *data)
{
    struct heap_block *block = (struct heap_block *)((char *)data - HEADER_BYTES);
    struct heap_block *next = after(block);
    size_t size = size_of(block);

    heap->used_bytes -= size;
    if (is_free(next)) {
        list_remove(heap, next);
        size += size_of(next);
    }
    if (block->before != 0) {
        struct heap_block *before = (struct heap_block *)((uintptr_t)block - block->before);

        if (is_free(before)) {
            list_remove(heap, before);
            size += size_of(before);
            block = before;
        }
    }
    resize(block, size);
    list_add(heap, block);
}

enum heap_verdict heap_check_block(const struct heap *heap, const void *data)
{
    const struct heap_block *block = (const struct heap_block *)((uintptr_t)data - HEADER_BYTES);
    size_t size;

    if (block < heap->first || block >= heap->end || (uintptr_t)data % HEAP_ALIGNMENT != 0) {
        return HEAP_BLOCK_FOREIGN;
    }
    size = size_of(block);
    if (size < BLOCK_BYTES || size > (uintptr_t)heap->end - (uintptr_t)block ||
        after(block)->before != size) {
        return HEAP_BLOCK_FOREIGN;
    }
    return is_free(block) ? HEAP_BLOCK_FREE : HEAP_BLOCK_SOUND;
}

size_t heap_usable(const void *data)
{
    return size_of((const struct heap_block *)((uintptr_t)data - HEADER_BYTES)) - HEADER_BYTES;
}
