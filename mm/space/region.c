/*
 * Regions: their memory, and the way from a page of a memory object to the leaf entries that map it.
 */
#include "mm/space/region.h"

#include "arch/x86_64/apic/user_shootdown.h"
#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"
#include "mm/space/refuse_chain.h"

int region_allocate(struct address_space *space, struct region **out)
{
    void *memory;
    int error = frame_quota_charge_bytes(space->quota, sizeof(struct region));
    if (error != OK) {
        return error;
    }
    error = kmalloc(sizeof(struct region), &memory);
    if (error != OK) {
        frame_quota_give_back_bytes(space->quota, sizeof(struct region));
        return error;
    }
    *out = memory;
    return OK;
}

void region_dispose(struct address_space *space, struct region *region)
{
    kfree(region);
    frame_quota_give_back_bytes(space->quota, sizeof(struct region));
}

struct region *region_find(const struct address_space *space, uintptr_t address)
{
    struct tree_node *node = tree_find_at_most(&space->regions, address);
    struct region *region = node != NULL ? tree_entry(node, struct region, node) : NULL;
    return region != NULL && address < region_end(region) ? region : NULL;
}

/*
 * Releases the object's lock and waits for a shootdown in the address space of one of the object's
 * regions. Without the lock the region may be removed and the space destroyed, so the space is
 * pinned: address_space_destroy() spins until no pin is left. Preemption is off so that a pin is
 * short.
 */
static void shootdown_unlocked(struct memory_object *object, struct address_space *space,
                               uintptr_t address, size_t bytes,
                               const struct user_table_refuse *refuse)
{
    preempt_disable();
    __atomic_add_fetch(&space->pins, 1, __ATOMIC_ACQUIRE);
    spin_unlock(&object->lock);
    user_shootdown(&space->tables, address, refuse->count != 0 ? SIZE_MAX : bytes);
    refuse_free(space->quota, refuse);
    __atomic_sub_fetch(&space->pins, 1, __ATOMIC_RELEASE);
    preempt_enable();
}

bool region_page_reduce_one(struct memory_object *object, size_t index, uint64_t bits)
{
    list_for_each (node, &object->mappings) {
        struct region *region = list_entry(node, struct region, mapping);
        size_t page = index - region->first_page;
        if (index < region->first_page || page >= region->bytes / PAGE_BYTES) {
            continue;
        }
        struct address_space *space = region->space;
        uintptr_t address = region->node.key + page * PAGE_BYTES, next = address;
        struct user_table_refuse refuse;
        size_t changed = 0;
        /* One page is one slice: nothing is left of it. */
        ignore_result(user_tables_reduce(&space->tables, &next, address + PAGE_BYTES, bits, 0,
                                         &refuse, &changed));
        if (changed != 0) {
            shootdown_unlocked(object, space, address, PAGE_BYTES, &refuse);
            return true;
        }
    }
    return false;
}

bool region_write_protect_some(struct memory_object *object)
{
    list_for_each (node, &object->mappings) {
        struct region *region = list_entry(node, struct region, mapping);
        if (region->clone_pass == object->clone_pass) {
            continue;
        }
        struct address_space *space = region->space;
        uintptr_t from =
            region->clone_next > region->node.key ? region->clone_next : region->node.key;
        struct user_table_refuse refuse;
        uintptr_t next = from;
        size_t changed = 0;
        if (user_tables_reduce(&space->tables, &next, region_end(region),
                               PAGE_WRITABLE | PAGE_DIRTY, 0, &refuse, &changed)) {
            region->clone_next = next;
        } else {
            region->clone_pass = object->clone_pass;
            region->clone_next = 0;
        }
        if (changed != 0) {
            shootdown_unlocked(object, space, from, next - from, &refuse);
        } else {
            spin_unlock(&object->lock);
        }
        return true;
    }
    return false;
}
