/* See numa_counts.h. Each CPU counts for itself, with interrupts off. */
#include "mm/frame/numa_counts.h"

#include "arch/x86_64/cpu/percpu.h"
#include "mm/frame/numa_node.h"

static PER_CPU(struct numa_node_counts, numa_node_counts);

void numa_node_count_frame(enum numa_node_use use, unsigned node, physical_t frame)
{
    struct numa_node_counts *own = this_cpu_pointer(numa_node_counts);
    if (numa_node_of(frame) == node) {
        own->local[use]++;
    } else {
        own->remote[use]++;
    }
}

const struct numa_node_counts *numa_node_counts_of(unsigned cpu)
{
    return &cpu_variable(numa_node_counts, cpu);
}
