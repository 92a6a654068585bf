/* Address spaces: their beginning and end, and the mapping of regions. */
#include "mm/space/address_space.h"

#include "arch/x86_64/apic/user_shootdown.h"
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/space/region.h"
#include "mm/space/space_change.h"

int address_space_init(struct address_space *space, struct frame_quota *quota)
{
    physical_t root;
    int error = frame_quota_allocate(quota, FRAME_OWNER_USER_TABLE, &root);
    if (error != OK) {
        return error;
    }
    *space = (struct address_space){
        .quota = quota, .lock = SPINLOCK("address space"), .place_next = SPACE_ANYWHERE};
    frame_quota_acquire(quota);
    user_tables_init(&space->tables, root);
    return OK;
}

void address_space_destroy(struct address_space *space)
{
    user_tables_evict(&space->tables);
    space_clear(space, USER_BASE, USER_END);
    while (__atomic_load_n(&space->pins, __ATOMIC_ACQUIRE) != 0) {
        cpu_pause();
    }
    frame_quota_free(space->quota, FRAME_OWNER_USER_TABLE, space->tables.root);
    frame_quota_release(space->quota);
}

bool space_range_is_valid(uintptr_t address, size_t bytes)
{
    return address >= USER_BASE && address <= USER_END && bytes <= USER_END - address;
}

bool space_rights_are_valid(unsigned rights)
{
    return rights == 0 || rights == SPACE_READ || rights == (SPACE_READ | SPACE_WRITE) ||
           rights == (SPACE_READ | SPACE_EXECUTE);
}

/* Returns whether a region has an address in [address, end). The lock is held. */
static bool range_is_taken(const struct address_space *space, uintptr_t address, uintptr_t end)
{
    struct tree_node *node = tree_find_at_least(&space->regions, address);
    return region_find(space, address) != NULL || (node != NULL && node->key < end);
}

static must_check int mapping_check(const struct space_mapping *mapping)
{
    const struct memory_object *object = mapping->object;
    size_t bytes = mapping->bytes, offset = mapping->offset;

    if (((mapping->address | bytes | offset) & (PAGE_BYTES - 1)) != 0 || bytes == 0 ||
        !space_rights_are_valid(mapping->rights) ||
        (object == NULL && (mapping->rights != 0 || offset != 0))) {
        return ERROR_INVALID;
    }
    if (object != NULL &&
        (offset > memory_object_bytes(object) || bytes > memory_object_bytes(object) - offset)) {
        return ERROR_RANGE;
    }
    return OK;
}

/* Adds a region to the space's tree and to the object's list. The space's lock is held. */
static void region_insert(struct address_space *space, struct region *region, uintptr_t address)
{
    struct memory_object *object = region->object;
    tree_insert(&space->regions, &region->node, address);
    space->region_count++;
    if (object != NULL) {
        memory_object_acquire(object);
        if (region->pager != NULL) {
            space_pager_acquire(region->pager);
        }
        spin_lock(&object->lock);
        region->clone_pass = object->clone_pass;
        list_add_last(&object->mappings, &region->mapping);
        spin_unlock(&object->lock);
    }
}

static must_check int region_add(struct address_space *space, uintptr_t address,
                                 const struct region *wanted)
{
    struct region *region;
    int error = region_allocate(space, &region);
    if (error != OK) {
        return error;
    }
    *region = *wanted;
    region->space = space;
    tree_node_init(&region->node);
    list_node_init(&region->mapping);
    spin_lock(&space->lock);
    if (space->region_count >= SPACE_REGIONS_MAX) {
        error = ERROR_QUOTA;
    } else if (range_is_taken(space, address, address + region->bytes)) {
        error = ERROR_EXISTS;
    } else {
        region_insert(space, region, address);
    }
    spin_unlock(&space->lock);
    if (error != OK) {
        region_dispose(space, region);
    }
    return error;
}

/* Maps the guard of a stack, [address, address + SPACE_STACK_GUARD_BYTES). */
static must_check int guard_add(struct address_space *space, uintptr_t address)
{
    struct region guard = {.bytes = SPACE_STACK_GUARD_BYTES, .is_stack_guard = true};
    return region_add(space, address, &guard);
}

int address_space_place(struct address_space *space, const struct space_mapping *mapping,
                        uintptr_t *address)
{
    size_t guard = mapping->is_stack ? SPACE_STACK_GUARD_BYTES : 0;
    uintptr_t at = mapping->address;
    int error = mapping_check(mapping);
    if (error == OK && mapping->anywhere) {
        error = space_free_find(space, mapping->bytes + guard, &at);
        at += guard;
    }
    if (error == OK && (at < guard || !space_range_is_valid(at - guard, mapping->bytes + guard))) {
        error = ERROR_RANGE;
    }
    if (error == OK && guard != 0) {
        error = guard_add(space, at - guard);
    }
    if (error != OK) {
        return error;
    }
    struct region wanted = {.bytes = mapping->bytes,
                            .object = mapping->object,
                            .pager = mapping->pager,
                            .first_page = mapping->offset / PAGE_BYTES,
                            .rights = (uint8_t)mapping->rights,
                            .rights_most = (uint8_t)mapping->rights_most};
    error = region_add(space, at, &wanted);
    if (error != OK && guard != 0) {
        space_clear(space, at - guard, at);
    }
    *address = at;
    return error;
}

int address_space_map(struct address_space *space, uintptr_t address, size_t bytes, unsigned rights,
                      struct memory_object *object, size_t offset)
{
    const struct space_mapping mapping = {.address = address,
                                          .bytes = bytes,
                                          .rights = rights,
                                          .rights_most = SPACE_RIGHTS_ALL,
                                          .object = object,
                                          .offset = offset};
    return address_space_place(space, &mapping, &address);
}

int address_space_map_stack(struct address_space *space, uintptr_t address, size_t bytes,
                            struct memory_object *object, size_t offset)
{
    const struct space_mapping mapping = {.address = address,
                                          .bytes = bytes,
                                          .rights = SPACE_READ | SPACE_WRITE,
                                          .rights_most = SPACE_READ | SPACE_WRITE,
                                          .is_stack = true,
                                          .object = object,
                                          .offset = offset};
    return address_space_place(space, &mapping, &address);
}

bool address_space_find(struct address_space *space, uintptr_t address,
                        struct address_space_place *place)
{
    spin_lock(&space->lock);
    const struct region *region = region_find(space, address);
    if (region != NULL) {
        *place = (struct address_space_place){region->node.key, region->bytes, region->rights,
                                              region->is_stack_guard};
    }
    spin_unlock(&space->lock);
    return region != NULL;
}
