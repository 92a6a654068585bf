/*
 * boot_info_read() chooses the parser by the loader's magic number and then marks the ranges of
 * memory that are in use. The parser writes to a scratch copy, so that malformed input changes only
 * the command line of the caller's copy.
 */
#include "boot/boot_info.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/log.h"
#include "lib/error.h"
#include "lib/string.h"

extern char __kernel_end[];

#define LEGACY_HOLE_BASE 0xa0000 /* VGA memory, option ROMs, BIOS */
#define LEGACY_HOLE_END  0x100000

enum memory_kind boot_memory_kind(uint32_t firmware_type)
{
    switch (firmware_type) {
    case 1:
        return MEMORY_USABLE;
    case 3:
        return MEMORY_ACPI_RECLAIMABLE;
    case 4:
        return MEMORY_ACPI_NVS;
    case 5:
        return MEMORY_BAD;
    default:
        return MEMORY_RESERVED;
    }
}

void boot_module_add(struct boot_info *out, physical_t base, uint64_t bytes, const char *name)
{
    if (out->module_count == BOOT_MODULE_MAX) {
        log_warn("boot: module '%s' left out: there are more than %d", name, BOOT_MODULE_MAX);
        return;
    }
    struct boot_module *module = &out->modules[out->module_count++];
    module->base = base;
    module->bytes = bytes;
    (void)string_copy(module->name, sizeof(module->name), name);
}

void boot_command_line_set(struct boot_info *out, const char *text)
{
    out->command_line_truncated =
        string_copy(out->command_line, sizeof(out->command_line), text) != OK;
    if (out->command_line_truncated) {
        log_warn("boot: the command line is longer than %d characters and was cut",
                 BOOT_COMMAND_LINE_MAX - 1);
    }
}

/*
 * Marks the ranges that the frame allocator must not hand out. Page 0 is one of them, so that
 * physical address 0 is never memory of the kernel.
 */
static must_check int mark_in_use(struct boot_info *info)
{
    physical_t kernel_end = virtual_to_physical(__kernel_end);
    int error = memory_map_reserve(&info->map, 0, PAGE_BYTES, MEMORY_RESERVED);
    if (error == OK) {
        error = memory_map_reserve(&info->map, LEGACY_HOLE_BASE, LEGACY_HOLE_END - LEGACY_HOLE_BASE,
                                   MEMORY_RESERVED);
    }
    if (error == OK) {
        error = memory_map_reserve(&info->map, KERNEL_PHYSICAL, kernel_end - KERNEL_PHYSICAL,
                                   MEMORY_KERNEL);
    }
    for (unsigned i = 0; error == OK && i < info->module_count; i++) {
        error = memory_map_reserve(&info->map, info->modules[i].base, info->modules[i].bytes,
                                   MEMORY_KERNEL);
    }
    if (error != OK) {
        log_error("boot: the memory map has too many pieces");
    }
    return error;
}

int boot_info_read(uint32_t magic, physical_t info, struct boot_info *out)
{
    static struct boot_info scratch; /* too large for the boot stack */
    int error;

    memset(&scratch, 0, sizeof(scratch));
    memory_map_init(&scratch.map);
    switch (magic) {
    case BOOT_MAGIC_MULTIBOOT2:
        error = multiboot2_parse(&physical_reader_boot, info, &scratch);
        break;
    case BOOT_MAGIC_PVH:
        error = pvh_parse(&physical_reader_boot, info, &scratch);
        break;
    default:
        log_error("boot: the loader's magic number is 0x%08x, neither Multiboot2 (0x%08x) nor PVH",
                  magic, BOOT_MAGIC_MULTIBOOT2);
        return ERROR_UNSUPPORTED;
    }
    if (error == OK && memory_map_bytes(&scratch.map, MEMORY_USABLE) == 0) {
        log_error("boot: the loader's memory map has no usable memory");
        error = ERROR_CORRUPT;
    }
    if (error == OK) {
        error = mark_in_use(&scratch);
    }
    if (error == OK) {
        *out = scratch;
    } else {
        memcpy(out->command_line, scratch.command_line, sizeof(out->command_line));
    }
    return error;
}
