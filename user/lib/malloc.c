/* See malloc.h: a heap of heap.h with a lock. */
#include "user/lib/malloc.h"

#include "lib/string.h"
#include "user/lib/fatal.h"
#include "user/lib/heap.h"
#include "user/lib/mutex.h"

static struct mutex lock;
static struct heap heap;
static uint8_t area[MALLOC_BYTES] aligned_to(HEAP_ALIGNMENT); /* filled as it is touched */

void *malloc(size_t bytes)
{
    void *data;

    mutex_lock(&lock);
    if (heap.first == NULL) {
        heap_init(&heap, area, MALLOC_BYTES);
    }
    data = heap_allocate(&heap, bytes);
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

void free(void *data)
{
    enum heap_verdict verdict;

    if (data == NULL) {
        return;
    }
    mutex_lock(&lock);
    verdict = heap_check_block(&heap, data);
    if (verdict == HEAP_BLOCK_SOUND) {
        heap_free(&heap, data);
    }
    mutex_unlock(&lock);
    if (verdict != HEAP_BLOCK_SOUND) {
        fatal("free(%p): %s", data,
              verdict == HEAP_BLOCK_FREE ? "the block is free already" : "there is no such block");
    }
}

size_t malloc_used(void)
{
    return heap.used_bytes;
}
