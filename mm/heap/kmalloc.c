/* Finds the cache for a size, and the cache or block of an address: see kmalloc.h. */
#include "mm/heap/kmalloc.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/depth_section.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/heap/slab.h"

#define CLASS_BYTES_MAX 2048
#define STEP_BYTES      16 /* the size of each class is a multiple of this */

/* The tag of a block's first frame: this value and the order. */
#define TAG_BLOCK     0xb10c0000u
#define TAG_KIND_MASK 0xffff0000u

/*
 * From 32 bytes on, each class is at most 1.5 times the one before. So at most a third of an object
 * of more than 32 bytes is unused.
 */
static const struct {
    const char *name;
    size_t bytes;
} classes[] = {
    {"memory 16", 16},     {"memory 32", 32},     {"memory 48", 48},   {"memory 64", 64},
    {"memory 96", 96},     {"memory 128", 128},   {"memory 192", 192}, {"memory 256", 256},
    {"memory 384", 384},   {"memory 512", 512},   {"memory 768", 768}, {"memory 1024", 1024},
    {"memory 1536", 1536}, {"memory 2048", 2048},
};

static struct slab_cache caches[array_length(classes)];
static uint8_t class_of_step[CLASS_BYTES_MAX / STEP_BYTES + 1]; /* by size in steps */

void kmalloc_init(void)
{
    size_t step = 0;

    for (size_t i = 0; i < array_length(classes); i++) {
        slab_cache_init(&caches[i], classes[i].name, classes[i].bytes, STEP_BYTES);
        for (; step <= classes[i].bytes / STEP_BYTES; step++) {
            class_of_step[step] = (uint8_t)i;
        }
    }
}

static never_inline must_check int block_allocate(size_t bytes, void **out)
{
    depth_section_if_preemptible(1800);
    unsigned order = 0;
    physical_t first;
    int error;

    while (order <= BUDDY_ORDER_MAX && PAGE_BYTES << order < bytes) {
        order++;
    }
    if (order > BUDDY_ORDER_MAX) {
        return ERROR_NO_MEMORY;
    }
    error = frame_allocate_order(order, FRAME_OWNER_KMALLOC, &first);
    if (error == OK) {
        frame_tag_set(first, TAG_BLOCK | order);
        *out = physical_to_virtual(first);
    }
    return error;
}

int kmalloc(size_t bytes, void **out)
{
    if (bytes == 0) {
        return ERROR_INVALID;
    }
    if (bytes > CLASS_BYTES_MAX) {
        return block_allocate(bytes, out);
    }
    return slab_allocate(&caches[class_of_step[(bytes + STEP_BYTES - 1) / STEP_BYTES]], out);
}

int kzalloc(size_t bytes, void **out)
{
    int error = kmalloc(bytes, out);

    if (error == OK) {
        memset(*out, 0, bytes);
    }
    return error;
}

static bool is_class(const struct slab_cache *cache)
{
    return cache >= caches && cache < caches + array_length(caches);
}

static never_inline void block_free(void *memory)
{
    depth_section_if_preemptible(1700);
    physical_t address = virtual_to_physical(memory);
    uint32_t tag = frame_tag(address);

    if ((tag & TAG_KIND_MASK) != TAG_BLOCK || address % PAGE_BYTES != 0) {
        panic("%p freed as memory, but kmalloc() never returned it, or it is free already", memory);
    }
    frame_tag_set(address, 0);
    frame_free_order(address, tag & ~TAG_KIND_MASK, FRAME_OWNER_KMALLOC);
}

void kfree(void *memory)
{
    struct slab_cache *cache;

    if (memory == NULL) {
        return;
    }
    cache = slab_cache_of(memory);
    if (cache != NULL) {
        if (!is_class(cache)) {
            panic("%p freed as memory, but it is an object of '%s'", memory, cache->name);
        }
        slab_free(cache, memory);
        return;
    }
    block_free(memory);
}
