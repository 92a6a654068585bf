/*
 * NUMA nodes: which frames are near which processors, according to ACPI's SRAT, and how far they
 * are from others, according to its SLIT. On a machine with one node, or without an SRAT,
 * everything is node 0.
 *
 * Borders between nodes are rounded to the allocator's largest block, so each block lies in one
 * node.
 */
#pragma once

#include "arch/x86_64/acpi/acpi_info.h"
#include "boot/memory_map.h"

#define NUMA_NODE_MAX ACPI_DOMAIN_MAX

/* Number of nodes: 1 to NUMA_NODE_MAX. Constant after numa_node_init(). */
extern uint32_t numa_node_count;

/*
 * Takes the nodes from the SRAT. If fewer than two nodes have usable memory, there is one node.
 * `affinity` must stay valid.
 * Context: boot, before frame_init().
 */
void numa_node_init(const struct acpi_affinity *affinity, const struct memory_map *map);

/*
 * Returns the node of a physical address; 0 for an address that the SRAT does not name.
 * Context: ANY.
 */
unsigned numa_node_of(physical_t address);

/*
 * Returns the node of a processor; 0 if the SRAT does not name the processor.
 * Context: ANY.
 */
unsigned numa_node_of_processor(uint32_t apic_id);

/*
 * Returns the nth node in the order in which a CPU of node `own` takes frames from nodes. Number 0
 * is `own` itself; then come the other nodes, the nearest by the SLIT first. Nodes at the same
 * distance come in the order of their numbers, from `own` + 1 on and around. `nth` is less than
 * numa_node_count. Context: ANY.
 */
unsigned numa_node_nearest(unsigned own, unsigned nth);

/*
 * Returns the number that the SRAT has for a node (its proximity domain).
 * Context: ANY.
 */
uint32_t numa_node_name(unsigned node);
