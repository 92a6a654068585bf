/*
 * Nodes of memory: which frames are near which processors, by ACPI's SRAT. Where there is one
 * node only, or nothing is known, everything is node 0 and nobody asks.
 *
 * A node's border is rounded to the allocator's largest block, so no block is ever of two.
 */
#pragma once

#include "arch/x86_64/acpi/acpi.h"
#include "boot/memory_map.h"

#define NUMA_NODE_MAX ACPI_DOMAIN_MAX

/* How many there are: 1 to NUMA_NODE_MAX. Does not change after numa_node_init(). */
extern uint32_t numa_node_count;

/*
 * Believes the table as far as it says something of this machine: if fewer than two nodes have
 * usable memory there is one. Once, at boot, before frame_init().
 */
void numa_node_init(const struct acpi_affinity *affinity, const struct memory_map *map);

/* Whose memory this is; memory that the table does not name is node 0's. Any context. */
unsigned numa_node_of(physical_t address);

/* The node of a processor; 0 if the table does not name it. Any context. */
unsigned numa_node_of_processor(uint32_t apic_id);

/* The table's own number for a node. Any context. */
uint32_t numa_node_name(unsigned node);

/* What frames are taken for, where it matters whose they are. */
enum numa_node_use {
    NUMA_USE_CREATE, /* the top page of a new stack */
    NUMA_USE_CACHED, /* the top page of a stack that comes from a CPU's cache */
    NUMA_USE_ROUND,  /* a magazine's round */
    NUMA_USES,
};

struct numa_node_counts {
    uint64_t local[NUMA_USES]; /* of the node of the CPU that took it */
    uint64_t remote[NUMA_USES];
};

/* Counts a frame that this CPU took. Interrupts off. Call it only if there are several nodes. */
void numa_node_count_frame(enum numa_node_use use, physical_t frame);

/* What a CPU took so far. Any context. */
const struct numa_node_counts *numa_node_counts_of(unsigned cpu);
