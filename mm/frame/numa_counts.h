/*
 * Counts how many frames CPUs took from their own NUMA node and how many from others, by purpose.
 * Nothing is counted on a machine with one node.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Purposes of frames for which local and remote ones are counted. */
enum numa_node_use {
    NUMA_USE_CREATE, /* the top page of a new stack */
    NUMA_USE_CACHED, /* the top page of a stack that comes from a CPU's cache */
    NUMA_USE_ROUND,  /* a round of a magazine */
    NUMA_USES,
};

struct numa_node_counts {
    uint64_t local[NUMA_USES];  /* frames of the node of the CPU that they are for */
    uint64_t remote[NUMA_USES]; /* frames of other nodes */
};

/*
 * Counts, for this CPU, a frame that was taken for a CPU of `node`. Called only if there are
 * several nodes.
 * Context: IRQ, interrupts off.
 */
void numa_node_count_frame(enum numa_node_use use, unsigned node, physical_t frame);

/*
 * Returns the counts of a CPU since boot.
 * Context: ANY.
 */
const struct numa_node_counts *numa_node_counts_of(unsigned cpu);
