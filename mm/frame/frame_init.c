/* Takes over memory at boot, and counts frames for listings. */
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "mm/frame/frame_internal.h"

static size_t total;    /* frames under management */
static size_t reserved; /* frames of RAM that are not under management */

/* Returns whether frames of the range are under management now or may be later. */
static bool is_memory(const struct memory_range *range)
{
    return range->kind == MEMORY_USABLE || range->kind == MEMORY_KERNEL ||
           range->kind == MEMORY_ACPI_RECLAIMABLE;
}

/* Returns the end of the topmost memory below `limit`, at most `limit`; 0 if there is none. */
static physical_t memory_end(const struct memory_map *map, physical_t limit)
{
    physical_t end = 0;

    for (unsigned i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];

        if (is_memory(range) && range->base < limit) {
            end = range->base + range->bytes;
        }
    }
    return end < limit ? end : limit;
}

/*
 * Returns the address up to which frames get records. Frames in the gaps between memory have
 * records, too. If memory is so scattered that the records would take more than a quarter of it,
 * the topmost ranges are not used.
 */
static physical_t records_end(const struct memory_map *map)
{
    uint64_t usable = memory_map_bytes(map, MEMORY_USABLE);
    physical_t end = memory_end(map, DIRECT_MAP_BYTES);

    while (end / PAGE_BYTES * sizeof(struct frame) > usable / 4) {
        end = memory_end(map, memory_map_find(map, end - 1)->base);
        log_warn("memory is scattered: what lies above 0x%lx is not used", end);
    }
    return end;
}

int frame_init(struct memory_map *map)
{
    physical_t end = records_end(map), records;
    uint32_t count = (uint32_t)(end >> PAGE_SHIFT);
    int error;

    if (count == 0) {
        return ERROR_NO_MEMORY;
    }
    error = boot_frame_allocate(map, count * sizeof(struct frame), PAGE_BYTES, DIRECT_MAP_BYTES,
                                &records);
    if (error != OK) {
        return error;
    }
    buddy_init(&frame_buddy, physical_to_virtual(records), count);
    frame_nodes_init();
    frame_free_offer(false);
    total = 0;
    reserved = 0;
    for (unsigned i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];

        if (range->kind == MEMORY_USABLE) {
            frame_release_reserved(range->base, range->bytes);
        } else if (range->kind < MEMORY_RESERVED) {
            reserved += range->bytes >> PAGE_SHIFT;
        }
    }
    return OK;
}

void frame_release_reserved(physical_t base, uint64_t bytes)
{
    uint64_t first = align_up(base, PAGE_BYTES) >> PAGE_SHIFT;
    uint64_t end = (base + bytes) >> PAGE_SHIFT;
    uint64_t flags;

    if (end > frame_buddy.count) {
        end = frame_buddy.count;
    }
    if (first >= end) {
        return;
    }
    flags = spin_lock_irq_save(&frame_lock);
    for (uint64_t i = first; i < end; i++) {
        if (frame_buddy.frames[i].state != FRAME_UNUSABLE) {
            panic("memory from 0x%lx released but the frame 0x%lx in it is in use already", base,
                  i << PAGE_SHIFT);
        }
    }
    frame_range_add((uint32_t)first, (uint32_t)end);
    total += end - first;
    reserved -= reserved < end - first ? reserved : end - first;
    spin_unlock_irq_restore(&frame_lock, flags);
}

size_t frame_total_count(void)
{
    return total;
}

size_t frame_shared_free_count(void)
{
    size_t count = __atomic_load_n(&frame_buddy.free_count, __ATOMIC_RELAXED);

    for (unsigned node = 1; node < numa_node_count; node++) {
        count += frame_node_free_count(node);
    }
    return count;
}

size_t frame_free_count(void)
{
    return frame_shared_free_count() + frame_cached_count();
}

size_t frame_owned_count(enum frame_owner owner)
{
    long count = frame_owned_sum(owner);

    if (owner == FRAME_OWNER_FREE) {
        return frame_free_count();
    }
    if (owner == FRAME_OWNER_RESERVED) {
        return reserved;
    }
    return count < 0 ? 0 : (size_t)count; /* below 0 only while owners change */
}

void frame_statistics_read(struct frame_statistics *statistics)
{
    uint64_t flags = spin_lock_irq_save(&frame_lock);

    statistics->total = total;
    statistics->cached = frame_cached_count();
    statistics->free = frame_shared_free_count() + statistics->cached;
    for (unsigned order = 0; order < BUDDY_ORDER_COUNT; order++) {
        statistics->blocks[order] = 0;
        for (unsigned node = 0; node < numa_node_count; node++) {
            statistics->blocks[order] += frame_nodes[node]->blocks[order];
        }
    }
    spin_unlock_irq_restore(&frame_lock, flags);
    for (unsigned owner = 0; owner < FRAME_OWNER_COUNT; owner++) {
        statistics->owned[owner] = frame_owned_count((enum frame_owner)owner);
    }
}
