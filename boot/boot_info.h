/*
 * The boot loader's information, in one form for all loaders. It is copied, so the loader's own
 * structures may be overwritten; modules stay in place and are marked as in use.
 *
 * All functions here run on the boot processor, on the boot page tables.
 */
#pragma once

#include "arch/x86_64/acpi/physical_reader.h"
#include "arch/x86_64/cpu/types.h"
#include "boot/framebuffer_info.h"
#include "boot/memory_map.h"

#define BOOT_MAGIC_MULTIBOOT2 0x36d76289 /* in eax, by GRUB */
#define BOOT_MAGIC_PVH        0x336ec578 /* first word of start_info, by qemu -kernel */

#define BOOT_MODULE_MAX       16
#define BOOT_COMMAND_LINE_MAX 1024
#define BOOT_MODULE_NAME_MAX  64
#define BOOT_LOADER_NAME_MAX  64
#define BOOT_RSDP_BYTES       36 /* of ACPI 2.0 and later; ACPI 1.0 fills 20 */

struct boot_module {
    physical_t base;
    uint64_t bytes;
    char name[BOOT_MODULE_NAME_MAX]; /* its command line, cut to fit; may be empty */
};

struct boot_info {
    char command_line[BOOT_COMMAND_LINE_MAX];
    bool command_line_truncated;
    char loader_name[BOOT_LOADER_NAME_MAX];
    struct memory_map map;
    struct boot_module modules[BOOT_MODULE_MAX];
    unsigned module_count;
    struct framebuffer_info framebuffer;
    uint8_t rsdp[BOOT_RSDP_BYTES]; /* a copy; acpi_init() checks it */
    unsigned rsdp_bytes;           /* 0 if the loader gave none */
};

/*
 * Reads the information at `info` in the format that `magic` names, and marks the ranges in use in
 * the memory map: page 0, the legacy hole below 1 MiB, the kernel's image, the modules. Optional
 * information that is malformed is left out with a warning. After an error only out->command_line
 * is changed: it is the loader's if that could be read, so that its options hold for the panic that
 * follows. Context: boot, once. Errors: ERROR_UNSUPPORTED (unknown magic), ERROR_CORRUPT (no memory
 * map that can be used); each is logged.
 */
must_check int boot_info_read(uint32_t magic, physical_t info, struct boot_info *out);

/*
 * Parses Multiboot2 information into a zeroed *out. After an error only out->command_line is valid.
 * For boot_info_read() and tests. Context: that of the reader. Errors: ERROR_CORRUPT, logged.
 * Source: Multiboot2 specification 2.0, section 3.6.
 */
must_check int multiboot2_parse(const struct physical_reader *reader, physical_t info,
                                struct boot_info *out);

/*
 * Parses PVH start information into a zeroed *out. After an error only out->command_line is valid.
 * For boot_info_read() and tests. Context: that of the reader. Errors: ERROR_CORRUPT, logged.
 * Source: Xen's public header hvm/start_info.h.
 */
must_check int pvh_parse(const struct physical_reader *reader, physical_t info,
                         struct boot_info *out);

/*
 * Returns the memory_kind of firmware's number for a kind of memory (ACPI 6.4, 15.1). Context: ANY.
 */
enum memory_kind boot_memory_kind(uint32_t firmware_type);

/*
 * Adds a module. Warns and leaves it out if there are BOOT_MODULE_MAX already. For the parsers.
 * Context: boot.
 */
void boot_module_add(struct boot_info *out, physical_t base, uint64_t bytes, const char *name);

/*
 * Copies the command line. If it is too long, cuts it, warns, and sets out->command_line_truncated.
 * For the parsers. Context: boot.
 */
void boot_command_line_set(struct boot_info *out, const char *text);
