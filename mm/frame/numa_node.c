/* See numa_node.h. */
#include "mm/frame/numa_node.h"

#include "arch/x86_64/cpu/log.h"
#include "mm/frame/buddy.h"

#define BLOCK_BYTES ((physical_t)PAGE_BYTES << BUDDY_ORDER_MAX)

uint32_t numa_node_count = 1;

static const struct acpi_affinity *known; /* the SRAT, while numa_node_count is above 1 */

/*
 * Returns the node of the block of the largest order that holds an address. It is the node of the
 * block's first byte for which the SRAT has a range; 0 if it has none for any byte.
 */
static unsigned node_find(const struct acpi_affinity *affinity, physical_t address)
{
    physical_t block = address & ~(BLOCK_BYTES - 1), lowest = UINT64_MAX;
    unsigned node = 0;
    for (unsigned i = 0; i < affinity->range_count; i++) {
        const struct acpi_domain_range *range = &affinity->ranges[i];
        if (range->base < lowest && range->base - block < BLOCK_BYTES) {
            lowest = range->base; /* the range begins in the block */
            node = range->domain;
        }
        if (range->base <= block && block - range->base < range->bytes) {
            return range->domain; /* the range holds the first byte of the block */
        }
    }
    return node;
}

/* Adds the bytes of a range of usable memory to the counts of their nodes. */
static void usable_add(const struct acpi_affinity *affinity, const struct memory_range *range,
                       uint64_t *usable)
{
    physical_t at = range->base, end = range->base + range->bytes;
    while (at < end) {
        physical_t next = (at & ~(BLOCK_BYTES - 1)) + BLOCK_BYTES;
        next = next < end ? next : end;
        usable[node_find(affinity, at)] += next - at;
        at = next;
    }
}

/* nearest[own][nth]: see numa_node_nearest(); nearest[own][0] is `own`. */
static uint8_t nearest[NUMA_NODE_MAX][NUMA_NODE_MAX];

/* Sorts the nodes by their distance from `own`; an insertion keeps the order of equal ones. */
static void nearest_sort(const struct acpi_affinity *affinity, unsigned own)
{
    uint8_t *order = nearest[own];
    for (unsigned i = 0; i < numa_node_count; i++) {
        unsigned node = (own + i) % numa_node_count, at = i;
        for (; at > 1 && affinity->distances[own][order[at - 1]] > affinity->distances[own][node];
             at--) {
            order[at] = order[at - 1];
        }
        order[at] = (uint8_t)node;
    }
}

void numa_node_init(const struct acpi_affinity *affinity, const struct memory_map *map)
{
    uint64_t usable[NUMA_NODE_MAX] = {0};
    unsigned with_memory = 0;

    numa_node_count = 1;
    known = NULL;
    if (affinity->domain_count < 2) {
        return;
    }
    for (unsigned i = 0; i < map->count; i++) {
        if (map->ranges[i].kind == MEMORY_USABLE) {
            usable_add(affinity, &map->ranges[i], usable);
        }
    }
    for (unsigned node = 0; node < affinity->domain_count; node++) {
        with_memory += usable[node] != 0;
    }
    if (with_memory < 2) {
        log_warn("memory: the SRAT names %u nodes, but all memory is in one; taken as one",
                 affinity->domain_count);
        return;
    }
    known = affinity;
    numa_node_count = affinity->domain_count;
    for (unsigned node = 0; node < numa_node_count; node++) {
        nearest_sort(affinity, node);
        log_info("memory: node %u (number %u in the SRAT) has %llu MiB", node,
                 affinity->names[node], (unsigned long long)(usable[node] >> 20));
    }
}

unsigned numa_node_nearest(unsigned own, unsigned nth)
{
    return nearest[own][nth];
}

unsigned numa_node_of(physical_t address)
{
    return numa_node_count == 1 ? 0 : node_find(known, address);
}

unsigned numa_node_of_processor(uint32_t apic_id)
{
    for (unsigned i = 0; numa_node_count > 1 && i < known->processor_count; i++) {
        if (known->processors[i].apic_id == apic_id) {
            return known->processors[i].domain;
        }
    }
    return 0;
}

uint32_t numa_node_name(unsigned node)
{
    return numa_node_count == 1 ? 0 : known->names[node];
}
