/* Filling, emptying and counting per-CPU free lists: see frame_free_list.h. */
#include "mm/frame/frame_free_list.h"

PER_CPU(struct frame_cpu, frame_cpu);

void frame_free_list_fill(void)
{
    struct frame_cpu *cpu = this_cpu_pointer(frame_cpu);

    cpu->count = frame_batch_take(frame_nodes[cpu->node], cpu->free_list);
    if (unlikely(cpu->count == 0) && numa_node_count > 1) {
        cpu->count = frame_batch_take_remote(cpu->node, cpu->free_list);
    }
}

void frame_free_list_drain(uint32_t count)
{
    /* LAB 2 BEGIN free-list-drain: give the frames that were freed longest ago to the buddy lists */
    struct frame_cpu *cpu = this_cpu_pointer(frame_cpu);

    bool one_node = numa_node_count == 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = cpu->free_list[i];
        buddy_put(likely(one_node) ? &frame_buddy : frame_node_of(number), number, 0);
    }
    cpu->count -= count;
    for (uint32_t i = 0; i < cpu->count; i++) {
        cpu->free_list[i] = cpu->free_list[i + count];
    }
    /* LAB 2 END free-list-drain */
}

void frame_cache_drain_this_cpu(void)
{
    uint64_t flags = interrupts_save();

    /* While threads wait for memory, each tick of each CPU calls this, mostly for an empty list. */
    if (this_cpu(frame_cpu).count != 0) {
        spin_lock_by(OFF_ALREADY, &frame_lock);
        frame_free_list_drain(this_cpu(frame_cpu).count);
        spin_unlock_quietly(&frame_lock);
    }
    interrupts_restore(flags);
}

void frame_node_set(unsigned cpu, unsigned node)
{
    if (cpu == cpu_number() && node != this_cpu(frame_cpu).node) {
        frame_cache_drain_this_cpu();
    }
    cpu_variable(frame_cpu, cpu).node = node;
}

unsigned frame_node_of_cpu(unsigned cpu)
{
    return cpu_variable(frame_cpu, cpu).node;
}

size_t frame_cached_count(void)
{
    size_t count = 0;

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        if (percpu_area_exists(cpu)) {
            count += __atomic_load_n(&cpu_variable(frame_cpu, cpu).count, __ATOMIC_RELAXED);
        }
    }
    return count;
}

long frame_owned_sum(enum frame_owner owner)
{
    long count = 0;

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        if (percpu_area_exists(cpu)) {
            count += __atomic_load_n(&cpu_variable(frame_cpu, cpu).owned[owner], __ATOMIC_RELAXED);
        }
    }
    return count;
}
