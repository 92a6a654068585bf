/* See endpoint_callers.h. */
#include "tests/support/endpoint_callers.h"

uint32_t endpoint_callers_count(struct endpoint *endpoint)
{
    uint32_t count = 0;
    spin_lock(&endpoint->lock);
    for (unsigned priority = 0; priority < PRIORITY_QUEUE_LEVELS; priority++) {
        list_for_each (node, &endpoint->callers.lists[priority]) {
            count++;
        }
    }
    spin_unlock(&endpoint->lock);
    return count;
}
