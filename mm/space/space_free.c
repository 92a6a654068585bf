/*
 * The search for free addresses. It goes on where the last search ended; if it finds nothing up to
 * the end, it begins once more at the bottom. So it mostly finds a place at once, and addresses are
 * used again as late as possible. It holds no lock between two regions: they do not change, because
 * the callers serialise all changes.
 */
#include "lib/error.h"
#include "mm/space/region.h"
#include "mm/space/space_change.h"

/*
 * Returns the end of the free addresses that begin at `at`; `at` itself if it is taken. Stores in
 * *behind the end of the region that holds `at` or follows, where the search goes on.
 */
static uintptr_t free_end(struct address_space *space, uintptr_t at, uintptr_t *behind)
{
    spin_lock(&space->lock);
    const struct region *region = region_find(space, at);
    struct tree_node *node = region == NULL ? tree_find_at_least(&space->regions, at) : NULL;
    if (node != NULL) {
        region = tree_entry(node, struct region, node);
    }
    spin_unlock(&space->lock);
    *behind = region != NULL ? region_end(region) : USER_END;
    return node != NULL ? node->key : region != NULL ? at : USER_END;
}

/* Returns where the first free addresses in [from, end) begin; 0 if there are not enough. */
static uintptr_t free_search(struct address_space *space, uintptr_t from, uintptr_t end,
                             size_t bytes)
{
    uintptr_t behind;
    for (uintptr_t at = from; at < end && bytes <= end - at; at = behind) {
        if (free_end(space, at, &behind) - at >= bytes) {
            return at;
        }
    }
    return 0;
}

int space_free_find(struct address_space *space, size_t bytes, uintptr_t *address)
{
    uintptr_t at = free_search(space, space->place_next, SPACE_ANYWHERE_END, bytes);
    if (at == 0) {
        at = free_search(space, SPACE_ANYWHERE, SPACE_ANYWHERE_END, bytes);
    }
    if (at == 0) {
        return ERROR_RANGE;
    }
    space->place_next = at + bytes;
    *address = at;
    return OK;
}
