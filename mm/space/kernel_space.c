/*
 * Builds the kernel's own page tables. The rights of each page are decided here and nowhere else:
 *
 *   kernel text        read, execute           its direct-map alias: read
 *   read-only data     read                    its direct-map alias: read
 *   data, bss          read, write             except the boot stack's guard, which is not mapped
 *   RAM (direct map)   read, write             mapped by the largest pages that fit
 *   entry stacks       read, write             with unmapped guards between them
 *
 * No page is both writable and executable. Nothing in the lower half is mapped, page 0 included.
 */
#include "mm/space/kernel_space.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/watermark.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"
#include "mm/frame/frame.h"

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[];
extern char __boot_stack_guard[], __boot_stack_bottom[], __kernel_end[];

#define RIGHTS_DATA      PAGE_KERNEL_DATA
#define RIGHTS_READ_ONLY (PAGE_KERNEL_DATA & ~(PAGE_WRITABLE | PAGE_DIRTY))
#define RIGHTS_TEXT      (RIGHTS_READ_ONLY & ~PAGE_NO_EXECUTE)

/* The boot page tables map 4 GiB, so frames used before the switch of tables must lie below. */
#define BOOT_TABLES_REACH (4UL << 30)

static struct memory_map *boot_map; /* only while kernel_space_build() runs */

static must_check int boot_frame_source(physical_t *frame)
{
    return boot_frame_allocate(boot_map, PAGE_BYTES, PAGE_BYTES, BOOT_TABLES_REACH, frame);
}

int kernel_space_table_frame(physical_t *frame)
{
    return boot_map != NULL ? boot_frame_source(frame) : frame_allocate_page_table(frame);
}

static must_check int image_part_map(const char *start, const char *end, uint64_t rights)
{
    return paging_map((uintptr_t)start, virtual_to_physical(start), (size_t)(end - start), rights);
}

static must_check int image_map(void)
{
    int error = image_part_map(__text_start, __text_end, RIGHTS_TEXT);
    if (error == OK) {
        error = image_part_map(__rodata_start, __rodata_end, RIGHTS_READ_ONLY);
    }
    if (error == OK) {
        error = image_part_map(__data_start, __boot_stack_guard, RIGHTS_DATA);
    }
    if (error == OK) {
        error = image_part_map(__boot_stack_bottom, __kernel_end, RIGHTS_DATA);
    }
    return error;
}

static bool kind_is_ram(enum memory_kind kind)
{
    return kind == MEMORY_USABLE || kind == MEMORY_KERNEL || kind == MEMORY_ACPI_RECLAIMABLE ||
           kind == MEMORY_ACPI_NVS;
}

/* Maps all RAM. Adjacent ranges are mapped together, so that large pages can cross borders. */
static must_check int direct_map_create(const struct memory_map *map)
{
    int error = OK;
    for (unsigned i = 0; i < map->count && error == OK;) {
        physical_t base = map->ranges[i].base, end = base;
        while (i < map->count && kind_is_ram(map->ranges[i].kind) && map->ranges[i].base == end) {
            end += map->ranges[i++].bytes;
        }
        if (end == base) {
            i++;
            continue;
        }
        if (end > DIRECT_MAP_BYTES) {
            log_warn("RAM from 0x%llx on is left alone: it lies beyond the direct map",
                     (unsigned long long)DIRECT_MAP_BYTES);
            end = DIRECT_MAP_BYTES;
        }
        if (base < end) {
            error = paging_map(DIRECT_MAP_BASE + base, base, end - base, RIGHTS_DATA | PAGE_LARGE);
        }
    }
    if (error == OK) {
        error = paging_protect(DIRECT_MAP_BASE + virtual_to_physical(__text_start),
                               (size_t)(__rodata_end - __text_start), RIGHTS_READ_ONLY);
    }
    return error;
}

int entry_stacks_create(unsigned cpu, int (*source)(physical_t *frame))
{
    for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
        uintptr_t bottom = entry_stack_bottom(cpu, kind);
        for (size_t at = 0; at < ENTRY_STACK_BYTES; at += PAGE_BYTES) {
            physical_t frame;
            int error = source(&frame);
            if (error == OK) {
                watermark_fill(physical_to_virtual(frame));
                error = paging_map(bottom + at, frame, PAGE_BYTES, RIGHTS_DATA);
            }
            if (error != OK) {
                return error;
            }
        }
    }
    return OK;
}

void kernel_space_protect_cpu(void)
{
    struct cpuid_result features = {0};
    if (cpuid(0, 0).eax >= 7) {
        features = cpuid(7, 0);
    }
    uint64_t cr4 = cr4_read() | CR4_MCE | CR4_PAGE_GLOBAL;
    if (features.ebx & (1U << 7)) {
        cr4 |= CR4_SMEP;
    }
    if (cpu_has_smap()) {
        cr4 |= CR4_SMAP;
    }
    if (features.ecx & (1U << 2)) {
        cr4 |= CR4_UMIP;
    }
    cr4_write(cr4);
    cr0_write(cr0_read() | CR0_WRITE_PROTECT);
}

int kernel_space_build(struct memory_map *map)
{
    boot_map = map;
    int error = paging_root_create();
    if (error == OK) {
        error = paging_top_level_create();
    }
    if (error == OK) {
        error = image_map();
    }
    if (error == OK) {
        error = direct_map_create(map);
    }
    if (error == OK) {
        error = entry_stacks_create(0, boot_frame_source);
    }
    if (error == OK) {
        paging_activate();
        kernel_space_protect_cpu();
    }
    boot_map = NULL;
    return error;
}
