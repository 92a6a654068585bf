/*
 * The reader of physical memory that works on the boot page tables. start.asm maps the first 4 GiB
 * in the direct map. Firmware of large machines may keep tables above that, so this file adds a
 * page directory for each further GiB that is read.
 */
#include "arch/x86_64/acpi/physical_reader.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/paging/paging.h"

#define BOOT_MAPPED_END (1ULL << 32)
#define GIB_SHIFT       30
#define LARGE_SHIFT     21
#define ENTRIES         512
#define GIBS_ADDED_MAX  4

static uint64_t directories[GIBS_ADDED_MAX][ENTRIES] aligned_to(PAGE_BYTES);
static unsigned directories_used;

/*
 * Returns the level 3 table of the direct map in the page tables in use. Each of its entries maps
 * one GiB.
 */
static uint64_t *direct_map_gibs(void)
{
    const uint64_t *top = physical_to_virtual(cr3_read() & PAGE_ADDRESS_MASK);
    return physical_to_virtual(top[DIRECT_MAP_BASE >> 39 & (ENTRIES - 1)] & PAGE_ADDRESS_MASK);
}

/*
 * Maps GiB number `gib` of physical memory in the direct map of the boot page tables, for reading.
 * Returns false if all page directories are in use.
 */
static bool gib_add(uint64_t gib)
{
    if (directories_used == GIBS_ADDED_MAX) {
        log_warn("boot: firmware's tables above 4 GiB lie too far apart to be read");
        return false;
    }
    uint64_t *directory = directories[directories_used++];
    for (uint64_t i = 0; i < ENTRIES; i++) {
        directory[i] = gib << GIB_SHIFT | i << LARGE_SHIFT | PAGE_PRESENT | PAGE_LARGE;
    }
    direct_map_gibs()[gib] = virtual_to_physical(directory) | PAGE_PRESENT;
    return true;
}

static const void *boot_map(void *context maybe_unused, physical_t address, uint64_t bytes)
{
    physical_t cpu_end = 1UL << cpu_physical_bits();
    physical_t end = cpu_end < DIRECT_MAP_BYTES ? cpu_end : DIRECT_MAP_BYTES;

    if (address >= end || bytes > end - address) {
        return NULL;
    }
    if (address + bytes > BOOT_MAPPED_END) {
        for (uint64_t gib = address >> GIB_SHIFT; gib << GIB_SHIFT < address + bytes; gib++) {
            bool mapped = (direct_map_gibs()[gib] & PAGE_PRESENT) != 0;
            if (!mapped && !gib_add(gib)) {
                return NULL;
            }
        }
    }
    return physical_to_virtual(address);
}

const struct physical_reader physical_reader_boot = {.map = boot_map, .context = NULL};
