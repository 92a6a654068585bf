/* Allocates and frees objects: see mm/heap/slab.h for the design. */
#include "mm/heap/slab.h"
#include "mm/frame/fault_inject.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/depth_section.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/bitmap.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/slab_check.h"

#define WORDS BITMAP_WORDS(SLAB_OBJECT_MAX)

/* The tag of each frame of a slab: this value and the order. */
#define TAG_SLAB      0x51ab0000u
#define TAG_KIND_MASK 0xffff0000u

/* At the start of each slab; guarded by the cache's lock. */
struct slab {
    struct list_node node; /* in the cache's `partial`, if the slab has a free object */
    struct slab_cache *cache;
    uint32_t free_count;
    uint32_t spare;
    uint64_t free[WORDS]; /* a set bit for each free object */
};

_Static_assert(sizeof(struct slab) == SLAB_HEADER_BYTES, "SLAB_HEADER_BYTES must match");

static struct spinlock caches_lock = SPINLOCK("object caches");
static struct list caches = LIST_INITIALIZER(caches);

static size_t slab_bytes(const struct slab_cache *cache)
{
    return PAGE_BYTES << cache->order;
}

/*
 * Sets the order of the cache's slabs, and how many objects fit one. Returns whether at most an
 * eighth of a slab stays unused.
 */
static bool order_fits(struct slab_cache *cache, unsigned order)
{
    size_t room = (PAGE_BYTES << order) - cache->first;

    cache->order = order;
    cache->capacity = (uint32_t)(room / cache->stride);
    if (cache->capacity > SLAB_OBJECT_MAX) {
        cache->capacity = SLAB_OBJECT_MAX;
    }
    return (size_t)cache->capacity * cache->stride >= (PAGE_BYTES << order) / 8 * 7;
}

void slab_cache_init(struct slab_cache *cache, const char *name, size_t object_bytes,
                     size_t alignment_bytes)
{
    unsigned order = 0;
    uint64_t flags;

    if (alignment_bytes < 8) {
        alignment_bytes = 8;
    }
    if (object_bytes == 0 || object_bytes > SLAB_OBJECT_BYTES || alignment_bytes > PAGE_BYTES ||
        (alignment_bytes & (alignment_bytes - 1)) != 0) {
        panic("object cache '%s': no objects of %zu bytes at multiples of %zu", name, object_bytes,
              alignment_bytes);
    }
    *cache = (struct slab_cache){.name = name, .object_bytes = (uint32_t)object_bytes};
    cache->stride = (uint32_t)align_up(object_bytes + SLAB_CHECK_BYTES, alignment_bytes);
    cache->first = (uint32_t)align_up(sizeof(struct slab), alignment_bytes);
    cache->reciprocal = (uint32_t)(((1ull << 32) + cache->stride - 1) / cache->stride);
    while (!order_fits(cache, order) && order < SLAB_ORDER_MAX) {
        order++;
    }
    spinlock_init(&cache->lock, name);
    list_init(&cache->partial);
    flags = spin_lock_irq_save(&caches_lock);
    list_add_last(&caches, &cache->node);
    spin_unlock_irq_restore(&caches_lock, flags);
}

static struct slab *slab_of(const struct slab_cache *cache, const void *object)
{
    return (struct slab *)align_down((uintptr_t)object, slab_bytes(cache));
}

static void *object_at(const struct slab_cache *cache, struct slab *slab, uint32_t index)
{
    return (char *)slab + cache->first + (size_t)index * cache->stride;
}

static void slab_tag(const struct slab *slab, unsigned order, uint32_t tag)
{
    for (uint32_t i = 0; i < 1u << order; i++) {
        frame_tag_set(virtual_to_physical(slab) + i * PAGE_BYTES, tag);
    }
}

/* Makes a block of frames a slab with all objects free. */
static struct slab *slab_make(struct slab_cache *cache, physical_t frames)
{
    struct slab *slab = physical_to_virtual(frames);

    *slab = (struct slab){.cache = cache, .free_count = cache->capacity};
    bitmap_fill(slab->free, cache->capacity, true);
    slab_tag(slab, cache->order, TAG_SLAB | cache->order);
    for (uint32_t i = 0; i < cache->capacity; i++) {
        slab_check_created(object_at(cache, slab, i), cache->object_bytes);
    }
    return slab;
}

/* Allocates a new slab. No lock is held. */
static must_check int slab_create(struct slab_cache *cache, struct slab **out)
{
    physical_t frames;
    int error = frame_allocate_order(cache->order, FRAME_OWNER_SLAB, &frames);

    if (error == OK) {
        *out = slab_make(cache, frames);
    }
    return error;
}

/* Frees a slab, which is in no list any more. The cache's lock is not held. */
static void slab_destroy(struct slab_cache *cache, struct slab *slab)
{
    slab_tag(slab, cache->order, 0);
    frame_free_order(virtual_to_physical(slab), cache->order, FRAME_OWNER_SLAB);
}

/* Takes an object from the first slab of `partial`, which is not empty. The lock is held. */
static always_inline void *object_take(struct slab_cache *cache)
{
    struct slab *slab = list_entry(cache->partial.head.next, struct slab, node);
    uint32_t word = 0, bit;

    while (slab->free[word] == 0) {
        word++;
    }
    bit = (uint32_t)__builtin_ctzll(slab->free[word]);
    slab->free[word] &= slab->free[word] - 1; /* clears the lowest bit that is set */
    if (unlikely(slab->free_count == cache->capacity)) {
        cache->empty--;
    }
    if (--slab->free_count == 0) {
        list_remove(&slab->node);
    }
    if (++cache->in_use > cache->in_use_most) {
        cache->in_use_most = cache->in_use;
    }
    return object_at(cache, slab, word * BITMAP_WORD_BITS + bit);
}

/* Adds a slab with all objects free. The lock is held. */
static void slab_add(struct slab_cache *cache, struct slab *slab)
{
    list_add_last(&cache->partial, &slab->node);
    cache->slabs++;
    cache->empty++;
}

bool slab_add_frame(struct slab_cache *cache, physical_t frame)
{
    if (cache->order != 0) {
        return false;
    }
    struct slab *slab = slab_make(cache, frame);
    uint64_t flags = spin_lock_irq_save(&cache->lock);
    slab_add(cache, slab);
    spin_unlock_irq_restore(&cache->lock, flags);
    return true;
}

/* Adds a new slab to the cache and takes an object, not necessarily from that slab. */
static never_inline must_check int allocate_slowly(struct slab_cache *cache, void **out)
{
    depth_section_if_preemptible(1800);
    struct slab *slab;
    uint64_t flags;
    int error = slab_create(cache, &slab);

    if (error != OK) {
        return error;
    }
    flags = spin_lock_irq_save(&cache->lock);
    slab_add(cache, slab);
    *out = object_take(cache);
    slab_check_taken(cache->name, *out, cache->object_bytes);
    spin_unlock_irq_restore(&cache->lock, flags);
    return OK;
}

int slab_allocate(struct slab_cache *cache, void **out)
{
    if (fault_inject(FAULT_INJECT_ALLOCATE)) {
        return ERROR_NO_MEMORY;
    }
    uint64_t flags = spin_lock_irq_save(&cache->lock);

    if (unlikely(list_empty(&cache->partial))) {
        spin_unlock_irq_restore(&cache->lock, flags);
        return allocate_slowly(cache, out);
    }
    *out = object_take(cache);
    slab_check_taken(cache->name, *out, cache->object_bytes);
    spin_unlock_irq_restore(&cache->lock, flags);
    return OK;
}

/* Returns the object's index in its slab. Panics unless it is one of the cache's objects in use. */
static always_inline uint32_t object_index(const struct slab_cache *cache, const struct slab *slab,
                                           const void *object)
{
    uint32_t offset = (uint32_t)((const char *)object - (const char *)slab) - cache->first;
    uint32_t index = (uint32_t)(((uint64_t)offset * cache->reciprocal) >> 32);

    if (unlikely(slab->cache != cache)) {
        panic("%p freed as an object of '%s', which it is not", object, cache->name);
    }
    if (unlikely(index >= cache->capacity || index * cache->stride != offset)) {
        panic("%p freed as an object of '%s', but none begins there", object, cache->name);
    }
    if (unlikely(bitmap_test(slab->free, index))) {
        panic("%p freed as an object of '%s', but it is free already", object, cache->name);
    }
    return index;
}

void slab_free(struct slab_cache *cache, void *object)
{
    struct slab *slab = slab_of(cache, object), *spare = NULL;
    uint64_t flags = spin_lock_irq_save(&cache->lock);
    uint32_t index = object_index(cache, slab, object);

    slab_check_freed(cache->name, object, cache->object_bytes);
    bitmap_set(slab->free, index);
    cache->in_use--;
    if (slab->free_count++ == 0) {
        list_add_first(&cache->partial, &slab->node);
    }
    if (unlikely(slab->free_count == cache->capacity)) {
        list_remove(&slab->node);
        if (cache->empty == 0) {
            cache->empty++;
            list_add_last(&cache->partial, &slab->node);
        } else {
            cache->slabs--;
            spare = slab;
        }
    }
    spin_unlock_quietly(&cache->lock);
    if (unlikely(spare != NULL)) {
        slab_destroy(cache, spare); /* interrupts are off: no overflow can end the thread here */
    }
    preempt_interrupts_restore(flags);
}

/* Moves the cache's empty slabs, which are last in `partial`, to `empty`. The lock is held. */
static void take_empty(struct slab_cache *cache, struct list *empty)
{
    while (cache->empty > 0) {
        list_add_first(empty, list_take_last(&cache->partial));
        cache->empty--;
        cache->slabs--;
    }
}

static void cache_reap(struct slab_cache *cache)
{
    struct list empty = LIST_INITIALIZER(empty);
    struct list_node *node;
    uint64_t flags = spin_lock_irq_save(&cache->lock);

    take_empty(cache, &empty);
    spin_unlock_irq_restore(&cache->lock, flags);
    while ((node = list_take_first(&empty)) != NULL) {
        slab_destroy(cache, list_entry(node, struct slab, node));
    }
}

void slab_reap(void)
{
    uint64_t flags = spin_lock_irq_save(&caches_lock);

    list_for_each (node, &caches) {
        cache_reap(list_entry(node, struct slab_cache, node));
    }
    spin_unlock_irq_restore(&caches_lock, flags);
}

void slab_cache_destroy(struct slab_cache *cache)
{
    uint64_t flags;

    if (cache->in_use != 0) {
        panic("object cache '%s' destroyed with %u objects in use", cache->name, cache->in_use);
    }
    flags = spin_lock_irq_save(&caches_lock);
    list_remove(&cache->node);
    spin_unlock_irq_restore(&caches_lock, flags);
    cache_reap(cache);
}

size_t slab_objects_in_use(void)
{
    uint64_t flags = spin_lock_irq_save(&caches_lock);
    size_t count = 0;

    list_for_each (node, &caches) {
        count += list_entry(node, struct slab_cache, node)->in_use;
    }
    spin_unlock_irq_restore(&caches_lock, flags);
    return count;
}

bool slab_statistics_read(unsigned index, struct slab_statistics *statistics)
{
    uint64_t flags = spin_lock_irq_save(&caches_lock);
    bool found = false;

    list_for_each (node, &caches) {
        const struct slab_cache *cache = list_entry(node, struct slab_cache, node);

        if (index-- == 0) {
            *statistics = (struct slab_statistics){
                .name = cache->name,
                .object_bytes = cache->object_bytes,
                .in_use = cache->in_use,
                .in_use_most = cache->in_use_most,
                .capacity = cache->slabs * cache->capacity,
                .frames = cache->slabs << cache->order,
            };
            found = true;
            break;
        }
    }
    spin_unlock_irq_restore(&caches_lock, flags);
    return found;
}

struct slab_cache *slab_cache_of(const void *object)
{
    uint32_t tag = frame_tag(virtual_to_physical(object));

    if ((tag & TAG_KIND_MASK) != TAG_SLAB) {
        return NULL;
    }
    return ((const struct slab *)align_down((uintptr_t)object,
                                            PAGE_BYTES << (tag & ~TAG_KIND_MASK)))
        ->cache;
}
