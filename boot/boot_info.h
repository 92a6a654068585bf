/*
 * The boot loader's information, in one form for all loaders. The kernel keeps a copy, so the
 * loader's own structures may be overwritten. Modules are not copied: they stay in place and are
 * marked as in use.
 *
 * boot_info_read() runs on the boot processor, on the boot page tables. The two parsers only read
 * through the physical_reader that they get, so a test can call them at any time.
 */
#pragma once

#include "arch/x86_64/acpi/physical_reader.h"
#include "arch/x86_64/cpu/types.h"
#include "boot/memory_map.h"
#include "lib/framebuffer_info.h"

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
    char name[BOOT_MODULE_NAME_MAX]; /* the module's command line, cut to fit; may be empty */
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
    unsigned rsdp_bytes;           /* 20 or 36; 0 if the loader gave no RSDP */
};

/*
 * Reads the information at physical address `info` in the format that `magic` names, and stores it
 * in *out. In the memory map it marks the ranges in use: page 0, the legacy hole below 1 MiB, the
 * kernel's image, and the modules. Optional information that is malformed is left out with a
 * warning. After an error only out->command_line is changed. It then holds the loader's command
 * line if that could be read, so that the panic that follows obeys its options. Context: boot,
 * once, on the boot page tables. Errors: ERROR_UNSUPPORTED (unknown magic), ERROR_CORRUPT (no
 * usable memory map), ERROR_RANGE (too many ranges); each is logged.
 */
must_check int boot_info_read(uint32_t magic, physical_t info, struct boot_info *out);

/*
 * Parses the Multiboot2 information at physical address `info` into *out, which the caller has
 * zeroed. After an error only out->command_line is valid. For boot_info_read() and tests. Context:
 * boot; THREAD with a reader that tests supply. Errors: ERROR_CORRUPT (malformed header,
 * tag size or memory map), logged. Source: Multiboot2 specification 2.0, section 3.6.
 */
must_check int multiboot2_parse(const struct physical_reader *reader, physical_t info,
                                struct boot_info *out);

/*
 * Parses the PVH start information at physical address `info` into *out, which the caller has
 * zeroed. After an error only out->command_line is valid. For boot_info_read() and tests. Context:
 * boot; THREAD with a reader that tests supply. Errors: ERROR_CORRUPT (malformed header or memory
 * map), logged. Source: Xen's public header hvm/start_info.h.
 */
must_check int pvh_parse(const struct physical_reader *reader, physical_t info,
                         struct boot_info *out);

/*
 * Converts firmware's number for a type of memory to a memory_kind; an unknown number gives
 * MEMORY_RESERVED. Context: ANY. Source: ACPI 6.4, section 15.1.
 */
enum memory_kind boot_memory_kind(uint32_t firmware_type);

/*
 * Adds a module to *out: `bytes` bytes at physical address `base`. The name is cut to fit. If there
 * are BOOT_MODULE_MAX modules already, logs a warning and leaves the module out. For the parsers.
 * Context: boot; THREAD in tests.
 */
void boot_module_add(struct boot_info *out, physical_t base, uint64_t bytes, const char *name);

/*
 * Copies the command line into *out. If it is too long, cuts it, logs a warning, and sets
 * out->command_line_truncated. For the parsers. Context: boot; THREAD in tests.
 */
void boot_command_line_set(struct boot_info *out, const char *text);
