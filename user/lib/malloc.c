/*
 * See malloc.h: heaps of heap.h with one lock. The first heap is part of the program, so small
 * programs need no system call. When no heap has room, another one is mapped, and it is unmapped
 * when nothing in it is in use any more.
 */
#include "user/lib/malloc.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/lib/fatal.h"
#include "user/lib/heap.h"
#include "user/lib/mutex.h"
#include "user/lib/pages.h"

/* A further heap, at the start of its own memory. */
struct area {
    struct heap heap; /* first */
    struct area *next;
    size_t bytes; /* whole pages, this structure included */
};

#define AREA_HEADER_BYTES align_up(sizeof(struct area), HEAP_ALIGNMENT)
#define OVERHEAD_BYTES    256 /* more than the header of an area and those of a block */

static_assert(sizeof(struct area) + 64 <= OVERHEAD_BYTES, "an area has room for its one block");

static struct mutex lock;
static struct heap heap;
static uint8_t first[MALLOC_BYTES] aligned_to(HEAP_ALIGNMENT); /* filled as it is touched */
static struct area *areas;

/* Maps a heap that has room for a block of `bytes` bytes. NULL: there is no memory for it. */
static struct area *area_add(size_t bytes)
{
    size_t all;
    void *memory;

    if (__builtin_add_overflow(bytes, OVERHEAD_BYTES + PAGE_BYTES, &all)) {
        return NULL;
    }
    all = align_up(all < MALLOC_BYTES ? MALLOC_BYTES : all - PAGE_BYTES, PAGE_BYTES);
    if (pages_allocate(all, &memory) != OK) {
        return NULL;
    }
    struct area *area = memory;
    heap_init(&area->heap, (uint8_t *)memory + AREA_HEADER_BYTES, all - AREA_HEADER_BYTES);
    area->bytes = all;
    area->next = areas;
    areas = area;
    return area;
}

/* Unmaps a heap in which nothing is in use. */
static void area_remove(struct area *area)
{
    struct area **link = &areas;

    while (*link != area) {
        link = &(*link)->next;
    }
    *link = area->next;
    pages_free(area, area->bytes);
}

static void *allocate_locked(size_t bytes)
{
    void *data = heap_allocate(&heap, bytes);

    for (struct area *area = areas; area != NULL && data == NULL; area = area->next) {
        data = heap_allocate(&area->heap, bytes);
    }
    if (data == NULL) {
        struct area *area = area_add(bytes);

        data = area != NULL ? heap_allocate(&area->heap, bytes) : NULL;
    }
    return data;
}

void *malloc(size_t bytes)
{
    void *data;

    mutex_lock(&lock);
    if (heap.first == NULL) {
        heap_init(&heap, first, MALLOC_BYTES);
    }
    data = allocate_locked(bytes);
    mutex_unlock(&lock);
    return data;
}

void *calloc(size_t count, size_t bytes)
{
    size_t all;
    void *data;

    if (__builtin_mul_overflow(count, bytes, &all)) {
        return NULL;
    }
    data = malloc(all);
    return data != NULL ? memset(data, 0, all) : NULL;
}

void *realloc(void *data, size_t bytes)
{
    void *fresh = malloc(bytes);

    if (fresh != NULL && data != NULL) {
        size_t kept = heap_usable(data) < bytes ? heap_usable(data) : bytes;

        memcpy(fresh, data, kept);
        free(data);
    }
    return fresh;
}

static enum heap_verdict free_locked(void *data)
{
    enum heap_verdict verdict = heap_check_block(&heap, data);
    struct area *area = areas;

    if (verdict == HEAP_BLOCK_SOUND) {
        heap_free(&heap, data);
    }
    for (; area != NULL && verdict == HEAP_BLOCK_FOREIGN; area = area->next) {
        verdict = heap_check_block(&area->heap, data);
        if (verdict == HEAP_BLOCK_SOUND) {
            heap_free(&area->heap, data);
            if (area->heap.used_bytes == 0) {
                area_remove(area);
            }
            break;
        }
    }
    return verdict;
}

void free(void *data)
{
    enum heap_verdict verdict;

    if (data == NULL) {
        return;
    }
    mutex_lock(&lock);
    verdict = free_locked(data);
    mutex_unlock(&lock);
    if (verdict != HEAP_BLOCK_SOUND) {
        fatal("free(%p): %s", data,
              verdict == HEAP_BLOCK_FREE ? "the block is free already" : "there is no such block");
    }
}

size_t malloc_used(void)
{
    size_t bytes;

    mutex_lock(&lock);
    bytes = heap.used_bytes;
    for (const struct area *area = areas; area != NULL; area = area->next) {
        bytes += area->heap.used_bytes;
    }
    mutex_unlock(&lock);
    return bytes;
}
