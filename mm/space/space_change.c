/*
 * Unmapping, and change of rights. Both first cut the regions at the edges of the range, so that
 * after that they change whole regions only. Then they visit these regions one by one, and the leaf
 * entries of each in slices. No lock is held between two slices. The regions do not change in
 * between, because the callers serialise all changes.
 */
#include "mm/space/space_change.h"

#include "arch/x86_64/apic/user_shootdown.h"
#include "lib/error.h"
#include "mm/space/refuse_chain.h"
#include "mm/space/region.h"

/* A range whose leaf entries are being reduced. */
struct reduction {
    struct address_space *space;
    size_t changed;
    struct refuse_chain refuse;
};

static void region_reduce(struct reduction *reduction, const struct region *region, uint64_t clear,
                          uint64_t set)
{
    uintptr_t address = region->node.key, end = region_end(region);
    bool more = true;
    while (more) {
        struct user_table_refuse refuse;
        more = user_tables_reduce(&reduction->space->tables, &address, end, clear, set, &refuse,
                                  &reduction->changed);
        refuse_chain_add(&reduction->refuse, &refuse);
    }
}

/* Ends a reduction: the shootdown, and then the frames of tables that became empty. */
static void reduction_end(struct reduction *reduction, uintptr_t address, uintptr_t end)
{
    if (reduction->changed != 0) {
        user_shootdown(&reduction->space->tables, address,
                       reduction->refuse.count != 0 ? SIZE_MAX : end - address);
    }
    refuse_chain_free(reduction->space->quota, &reduction->refuse);
}

/* Returns the first region that begins in [address, end), or NULL. */
static struct region *region_next(struct address_space *space, uintptr_t address, uintptr_t end)
{
    spin_lock(&space->lock);
    struct tree_node *node = tree_find_at_least(&space->regions, address);
    spin_unlock(&space->lock);
    return node != NULL && node->key < end ? tree_entry(node, struct region, node) : NULL;
}

static void region_remove(struct region *region)
{
    struct address_space *space = region->space;
    struct memory_object *object = region->object;
    struct space_pager *pager = region->pager;

    spin_lock(&space->lock);
    tree_remove(&space->regions, &region->node);
    space->touched = NULL; /* it may be this region */
    space->region_count--;
    if (object != NULL) {
        spin_lock(&object->lock);
        list_remove(&region->mapping);
        spin_unlock(&object->lock);
    }
    spin_unlock(&space->lock);
    region_dispose(space, region);
    if (object != NULL) {
        memory_object_release(object);
    }
    space_pager_release(pager);
}

/*
 * A region that is being unmapped stays in the tree until the shootdown is done. So nothing else is
 * mapped at its addresses before (I6). `leaving` makes faults there be refused.
 */
void space_clear(struct address_space *space, uintptr_t address, uintptr_t end)
{
    struct reduction reduction = {.space = space};
    struct region *region;

    for (uintptr_t at = address; (region = region_next(space, at, end)) != NULL;
         at = region_end(region)) {
        spin_lock(&space->lock);
        region->leaving = true;
        spin_unlock(&space->lock);
        region_reduce(&reduction, region, PAGE_PRESENT, 0);
    }
    reduction_end(&reduction, address, end);
    while ((region = region_next(space, address, end)) != NULL) {
        region_remove(region);
    }
}

/* Cuts a region in two at an address inside it; `right` becomes the upper part. */
static void region_cut(struct region *region, uintptr_t at, struct region *right)
{
    struct address_space *space = region->space;
    struct memory_object *object = region->object;
    size_t left_bytes = at - region->node.key;

    spin_lock(&space->lock);
    if (object != NULL) {
        spin_lock(&object->lock);
    }
    *right = *region;
    tree_node_init(&right->node);
    list_node_init(&right->mapping);
    right->bytes -= left_bytes;
    right->first_page += left_bytes / PAGE_BYTES;
    region->bytes = left_bytes;
    if (region->pager != NULL) {
        space_pager_acquire(region->pager);
    }
    if (object != NULL) {
        memory_object_acquire(object);
        list_add_last(&object->mappings, &right->mapping);
        spin_unlock(&object->lock);
    }
    tree_insert(&space->regions, &right->node, at);
    space->region_count++;
    spin_unlock(&space->lock);
}

/* Cuts the region around `at`, if there is one that does not begin or end there. */
static must_check int edge_cut(struct address_space *space, uintptr_t at)
{
    struct region *right;
    spin_lock(&space->lock);
    struct region *region = region_find(space, at);
    bool is_full = space->region_count >= SPACE_REGIONS_MAX;
    spin_unlock(&space->lock);
    if (region == NULL || region->node.key == at) {
        return OK;
    }
    if (is_full) {
        return ERROR_QUOTA;
    }
    int error = region_allocate(space, &right);
    if (error == OK) {
        region_cut(region, at, right);
    }
    return error;
}

static must_check int range_check(uintptr_t address, size_t bytes)
{
    if (((address | bytes) & (PAGE_BYTES - 1)) != 0 || bytes == 0) {
        return ERROR_INVALID;
    }
    return space_range_is_valid(address, bytes) ? OK : ERROR_RANGE;
}

static must_check int edges_cut(struct address_space *space, uintptr_t address, uintptr_t end)
{
    int error = edge_cut(space, address);
    return error == OK ? edge_cut(space, end) : error;
}

int address_space_unmap(struct address_space *space, uintptr_t address, size_t bytes)
{
    uintptr_t end = address + bytes;
    int error = range_check(address, bytes);
    if (error == OK) {
        error = edges_cut(space, address, end);
    }
    if (error == OK && region_next(space, address, end) == NULL) {
        error = ERROR_NOT_FOUND;
    }
    if (error == OK) {
        space_clear(space, address, end);
    }
    return error;
}

/* Checks that regions of objects fill the range without a gap, and may have these rights. */
static must_check int rights_check(struct address_space *space, uintptr_t address, uintptr_t end,
                                   unsigned rights)
{
    unsigned most = SPACE_RIGHTS_ALL;
    while (address < end) {
        spin_lock(&space->lock);
        const struct region *region = region_find(space, address);
        spin_unlock(&space->lock);
        if (region == NULL || region->object == NULL) {
            return ERROR_NOT_FOUND;
        }
        most &= region->rights_most;
        address = region_end(region);
    }
    return (rights & ~most) == 0 ? OK : ERROR_NO_RIGHT;
}

/* Sets the rights of a region, which hold for all later faults. */
static void rights_set(struct region *region, unsigned rights)
{
    spin_lock(&region->space->lock);
    region->rights = (uint8_t)rights;
    spin_unlock(&region->space->lock);
}

/* Takes from a region the rights that are not in `rights`. */
static void rights_take(struct reduction *reduction, struct region *region, unsigned rights)
{
    unsigned lost = region->rights & ~rights;
    uint64_t clear = 0, set = 0;

    rights_set(region, region->rights & rights);
    if (lost & SPACE_READ) {
        clear |= PAGE_PRESENT;
    }
    if (lost & SPACE_WRITE) {
        clear |= PAGE_WRITABLE | PAGE_DIRTY;
    }
    if (lost & SPACE_EXECUTE) {
        set |= PAGE_NO_EXECUTE;
    }
    if (lost != 0) {
        region_reduce(reduction, region, clear, set);
    }
}

/*
 * First takes away the rights that are not among the new ones, and waits for the shootdown. Only
 * then it gives the new rights. Otherwise a CPU that still has an old translation could write a
 * page that is executable already.
 */
int address_space_protect(struct address_space *space, uintptr_t address, size_t bytes,
                          unsigned rights)
{
    uintptr_t end = address + bytes;
    struct reduction reduction = {.space = space};
    struct region *region;
    int error = space_rights_are_valid(rights) ? range_check(address, bytes) : ERROR_INVALID;
    if (error == OK) {
        error = rights_check(space, address, end, rights);
    }
    if (error == OK) {
        error = edges_cut(space, address, end);
    }
    if (error != OK) {
        return error;
    }
    for (uintptr_t at = address; (region = region_next(space, at, end)) != NULL;
         at = region_end(region)) {
        rights_take(&reduction, region, rights);
    }
    reduction_end(&reduction, address, end);
    for (uintptr_t at = address; (region = region_next(space, at, end)) != NULL;
         at = region_end(region)) {
        rights_set(region, rights);
    }
    return OK;
}
