/*
 * Kernel virtual regions: see mm/heap/vmalloc.h.
 *
 * A region is mapped only when no step can fail any more. So after a failure there is nothing to
 * unmap, and no shootdown is necessary. Before a region is mapped, and after it is unmapped, its
 * frames form a chain: the tag of each frame is the number of the next one.
 */
#include "mm/heap/vmalloc.h"

#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/depth_section.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"
#include "lib/tree.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_collect.h"
#include "mm/heap/slab.h"

#define AREA_END (VMALLOC_BASE + VMALLOC_BYTES / 2)

/* Ends a chain of frame numbers. (0 is the number of a frame.) */
#define CHAIN_END UINT32_MAX

struct region {
    struct tree_node node; /* key: the first mapped address */
    size_t bytes;
    const char *name;
    bool unmapping; /* being freed: its addresses may not be used again yet */
};

static struct spinlock vmalloc_lock = SPINLOCK("regions");
static struct tree regions;             /* guarded by vmalloc_lock */
static struct slab_cache vmalloc_cache; /* set up at the first use, under vmalloc_lock */

/* Puts a frame at the front of a chain. */
static void chain_push(uint32_t *chain, physical_t frame)
{
    frame_tag_set(frame, *chain);
    *chain = (uint32_t)(frame >> PAGE_SHIFT);
}

/* Removes and returns the first frame of a chain that is not empty. */
static physical_t chain_take(uint32_t *chain)
{
    physical_t frame = (physical_t)*chain << PAGE_SHIFT;

    *chain = frame_tag(frame);
    frame_tag_set(frame, 0);
    return frame;
}

static void chain_free(uint32_t chain)
{
    while (chain != CHAIN_END) {
        frame_free(chain_take(&chain), FRAME_OWNER_VMALLOC);
    }
}

static must_check int chain_allocate(size_t bytes, unsigned flags, uint32_t *chain)
{
    *chain = CHAIN_END;
    if (bytes / PAGE_BYTES > frame_free_count()) {
        return ERROR_NO_MEMORY; /* else it would take the last frames from others, and then fail */
    }
    for (size_t done = 0; done < bytes; done += PAGE_BYTES) {
        physical_t frame;
        int error = frame_allocate(FRAME_OWNER_VMALLOC, &frame);

        if (error != OK) {
            chain_free(*chain);
            return error;
        }
        if (flags & VMALLOC_ZEROED) {
            frame_zero(frame);
        }
        chain_push(chain, frame);
    }
    return OK;
}

/* Finds the lowest place for the region and both guards. The lock is held. */
static must_check int place_find(size_t bytes, uintptr_t *address)
{
    uintptr_t start = VMALLOC_BASE;

    for (const struct tree_node *node = tree_first(&regions); node != NULL;
         node = tree_next(node)) {
        if (node->key - PAGE_BYTES - start >= bytes + 2 * PAGE_BYTES) {
            break;
        }
        start = node->key + tree_entry(node, struct region, node)->bytes + PAGE_BYTES;
    }
    if (AREA_END - start < bytes + 2 * PAGE_BYTES) {
        return ERROR_NO_MEMORY;
    }
    *address = start + PAGE_BYTES;
    return OK;
}

/* Reserves addresses for a region and adds it to the list; nothing is mapped there yet. */
static must_check int vmalloc_create(size_t bytes, const char *name, struct region **out)
{
    struct region *region;
    void *object;
    uintptr_t address;
    uint64_t flags = spin_lock_irq_save(&vmalloc_lock);
    int error;

    if (vmalloc_cache.name == NULL) {
        slab_cache_init(&vmalloc_cache, "region", sizeof(struct region), 0);
    }
    spin_unlock_irq_restore(&vmalloc_lock, flags);
    error = slab_allocate(&vmalloc_cache, &object);
    if (error != OK) {
        return error;
    }
    region = object;
    *region = (struct region){.bytes = bytes, .name = name};
    flags = spin_lock_irq_save(&vmalloc_lock);
    error = place_find(bytes, &address);
    if (error == OK) {
        tree_insert(&regions, &region->node, address);
        *out = region;
    }
    spin_unlock_irq_restore(&vmalloc_lock, flags);
    if (error != OK) {
        slab_free(&vmalloc_cache, region);
    }
    return error;
}

/* Removes the region from the list; from here on its addresses may be used again. */
static void vmalloc_destroy(struct region *region)
{
    uint64_t flags = spin_lock_irq_save(&vmalloc_lock);

    tree_remove(&regions, &region->node);
    spin_unlock_irq_restore(&vmalloc_lock, flags);
    slab_free(&vmalloc_cache, region);
}

int vmalloc(size_t bytes, unsigned flags, const char *name, void **out)
{
    depth_section(2200);
    struct region *region = NULL;
    uint32_t chain;
    int error;

    invariant(interrupts_enabled());
    if (bytes == 0) {
        return ERROR_INVALID;
    }
    if (bytes > AREA_END - VMALLOC_BASE) {
        return ERROR_NO_MEMORY;
    }
    bytes = align_up(bytes, PAGE_BYTES);
    error = vmalloc_create(bytes, name, &region);
    if (error != OK) {
        return error;
    }
    error = paging_tables_create(region->node.key, bytes);
    if (unlikely(error == ERROR_NO_MEMORY) && frame_collect()) {
        /* The first try could not collect frames itself, because it held the paging lock. */
        error = paging_tables_create(region->node.key, bytes);
    }
    if (error == OK) {
        error = chain_allocate(bytes, flags, &chain);
    }
    if (error != OK) {
        vmalloc_destroy(region);
        return error;
    }
    for (size_t done = 0; done < bytes; done += PAGE_BYTES) {
        if (paging_map(region->node.key + done, chain_take(&chain), PAGE_BYTES, PAGE_KERNEL_DATA) !=
            OK) {
            panic("region '%s': something is mapped at 0x%lx already", name,
                  region->node.key + done);
        }
    }
    *out = (void *)region->node.key;
    return OK;
}

/* Marks the region that begins at the address as being unmapped. Panics if there is none. */
static struct region *vmalloc_claim(uintptr_t address)
{
    uint64_t flags = spin_lock_irq_save(&vmalloc_lock);
    struct tree_node *node = tree_find_at_most(&regions, address);
    struct region *region = node == NULL ? NULL : tree_entry(node, struct region, node);

    if (region == NULL || node->key != address || region->unmapping) {
        panic("0x%lx freed as a region, but %s", address,
              region != NULL && node->key == address ? "it is being freed already"
                                                     : "none begins there");
    }
    region->unmapping = true;
    spin_unlock_irq_restore(&vmalloc_lock, flags);
    return region;
}

void vfree(void *address)
{
    depth_section(2000);
    uintptr_t start = (uintptr_t)address;
    struct region *region;
    uint32_t chain = CHAIN_END;

    if (address == NULL) {
        return;
    }
    invariant(interrupts_enabled());
    region = vmalloc_claim(start);
    for (size_t done = 0; done < region->bytes; done += PAGE_BYTES) {
        struct paging_walk walk;

        paging_walk(start + done, &walk);
        if (!walk.present) {
            panic("region '%s': the page at 0x%lx is gone", region->name, start + done);
        }
        chain_push(&chain, walk.physical);
    }
    paging_unmap(start, region->bytes);
    shootdown(start, region->bytes);
    chain_free(chain);
    vmalloc_destroy(region);
}

static void information_fill(const struct tree_node *node, struct vmalloc_information *information)
{
    const struct region *region = tree_entry(node, struct region, node);

    *information = (struct vmalloc_information){
        .address = node->key, .bytes = region->bytes, .name = region->name};
}

bool vmalloc_read(unsigned index, struct vmalloc_information *information)
{
    uint64_t flags = spin_lock_irq_save(&vmalloc_lock);
    const struct tree_node *node = tree_first(&regions);

    for (; node != NULL && index > 0; index--) {
        node = tree_next(node);
    }
    if (node != NULL) {
        information_fill(node, information);
    }
    spin_unlock_irq_restore(&vmalloc_lock, flags);
    return node != NULL;
}

bool vmalloc_find(uintptr_t address, struct vmalloc_information *information)
{
    uint64_t flags = interrupts_save();
    const struct tree_node *node;
    bool found = false;

    if (spin_try_lock(&vmalloc_lock)) {
        /* One page higher, because the guard below a region belongs to the region. */
        node = tree_find_at_most(&regions, address + PAGE_BYTES);
        if (node != NULL) {
            information_fill(node, information);
            information->place = address < node->key                        ? VMALLOC_GUARD_BELOW
                                 : address - node->key < information->bytes ? VMALLOC_INSIDE
                                                                            : VMALLOC_GUARD_ABOVE;
            found = address < node->key || address - node->key < information->bytes + PAGE_BYTES;
        }
        spin_unlock_quietly(&vmalloc_lock);
    }
    interrupts_restore(flags);
    return found;
}
