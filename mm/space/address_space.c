/* Address spaces: their beginning and end, and the mapping of regions. */
#include "mm/space/address_space.h"

#include "arch/x86_64/apic/user_shootdown.h"
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/kmalloc.h"
#include "mm/space/region.h"
#include "mm/space/space_change.h"

int address_space_init(struct address_space *space, struct frame_quota *quota)
{
    physical_t root;
    int error = frame_quota_allocate(quota, FRAME_OWNER_USER_TABLE, &root);
    if (error != OK) {
        return error;
    }
    *space = (struct address_space){.quota = quota, .lock = SPINLOCK("address space")};
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

/* Says whether a region lies in [address, end). The lock is held. */
static bool range_is_taken(const struct address_space *space, uintptr_t address, uintptr_t end)
{
    struct tree_node *node = tree_find_at_least(&space->regions, address);
    return region_find(space, address) != NULL || (node != NULL && node->key < end);
}

static must_check int arguments_check(uintptr_t address, size_t bytes, unsigned rights,
                                      const struct memory_object *object, size_t offset)
{
    if (((address | bytes | offset) & (PAGE_BYTES - 1)) != 0 || bytes == 0 ||
        !space_rights_are_valid(rights) || (object == NULL && (rights != 0 || offset != 0))) {
        return ERROR_INVALID;
    }
    if (!space_range_is_valid(address, bytes) ||
        (object != NULL &&
         (offset > memory_object_bytes(object) || bytes > memory_object_bytes(object) - offset))) {
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
        spin_lock(&object->lock);
        region->clone_pass = object->clone_pass;
        list_add_last(&object->mappings, &region->mapping);
        spin_unlock(&object->lock);
    }
}

static must_check int region_add(struct address_space *space, uintptr_t address,
                                 const struct region *wanted)
{
    void *memory;
    int error = kmalloc(sizeof(struct region), &memory);
    if (error != OK) {
        return error;
    }
    struct region *region = memory;
    *region = *wanted;
    region->space = space;
    tree_node_init(&region->node);
    list_node_init(&region->mapping);
    spin_lock(&space->lock);
    if (space->region_count == SPACE_REGIONS_MAX) {
        error = ERROR_QUOTA;
    } else if (range_is_taken(space, address, address + region->bytes)) {
        error = ERROR_EXISTS;
    } else {
        region_insert(space, region, address);
    }
    spin_unlock(&space->lock);
    if (error != OK) {
        kfree(region);
    }
    return error;
}

int address_space_map(struct address_space *space, uintptr_t address, size_t bytes, unsigned rights,
                      struct memory_object *object, size_t offset)
{
    int error = arguments_check(address, bytes, rights, object, offset);
    if (error != OK) {
        return error;
    }
    struct region wanted = {.bytes = bytes,
                            .object = object,
                            .first_page = offset / PAGE_BYTES,
                            .rights = (uint8_t)rights};
    return region_add(space, address, &wanted);
}

int address_space_map_stack(struct address_space *space, uintptr_t address, size_t bytes,
                            struct memory_object *object, size_t offset)
{
    struct region guard = {.bytes = SPACE_STACK_GUARD_BYTES, .is_stack_guard = true};
    if (object == NULL) {
        return ERROR_INVALID;
    }
    if (address < USER_BASE + SPACE_STACK_GUARD_BYTES) {
        return ERROR_RANGE;
    }
    int error = arguments_check(address, bytes, SPACE_READ | SPACE_WRITE, object, offset);
    if (error == OK) {
        error = region_add(space, address - SPACE_STACK_GUARD_BYTES, &guard);
    }
    if (error != OK) {
        return error;
    }
    error = address_space_map(space, address, bytes, SPACE_READ | SPACE_WRITE, object, offset);
    if (error != OK) {
        space_clear(space, address - SPACE_STACK_GUARD_BYTES, address);
    }
    return error;
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
